"""Sizes as KubeSpawner's profiles, groups of people, and how the configuration
of z2jh is added to."""

import asyncio
import json
import types

import kube_server
import kubernetes_hub
import people
import plain_text
import pytest
import sizes
from kubespawner import KubeSpawner
from tornado import web
from traitlets.config import Config

GIB = 2**30
GPU = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
USER = {"key": "hub.jupyter.org/dedicated", "value": "user", "effect": "NoSchedule"}
SIZES = sizes.load([
    {"name": "small", "memory_bytes": 2 * GIB, "cpu": 2, "cpu_guarantee": 0.25, "default": True,
     "description": None, "groups": None, "gpu": 0, "placement": None},
    {"name": "loose", "memory_bytes": GIB, "cpu": None, "cpu_guarantee": 0.5},
    {"name": "gpu", "memory_bytes": GIB, "gpu": 1, "groups": ["ml"],
     "placement": {"node_selector": {"pool": "gpu"}, "tolerations": [GPU], "cpu_guarantee": 3}},
])


class Server(kube_server.SizedServer):
    """The real spawner, of one person, without a cluster behind it."""

    def __init__(self, groups=(), options=None, sizes=SIZES, **more):
        orm_user = types.SimpleNamespace(groups=[types.SimpleNamespace(name=g) for g in groups])
        user = types.SimpleNamespace(name="ada", orm_user=orm_user, escaped_name="ada", url="/",
                                     id=1, server=None)
        super().__init__(_mock=True, user=user, sizes=sizes, user_options=options or {},
                         tolerations=[USER], node_selector={"zone": "a"}, namespace="hub", **more)
        self.profile_list = kube_server.profiles


@pytest.fixture(autouse=True)
def without_a_cluster(monkeypatch):
    monkeypatch.setattr("kubespawner.spawner.load_config", lambda **options: None)
    monkeypatch.setattr("kubespawner.spawner.shared_client", lambda kind: None)


def start(**given):
    """What a start sets on the spawner, up to where Kubernetes is asked."""
    async def main():
        server = Server(**given)
        await server.run_pre_spawn_hook()
        await server.load_user_options()
        return server

    return asyncio.run(main())


def refusal(**given):
    with pytest.raises(web.HTTPError) as error:
        start(**given)
    return error.value.status_code, error.value.jupyterhub_message


def test_a_size_sets_limits_and_place():
    server = start(options={"profile": "gpu"}, groups=["ml"])
    assert (server.mem_limit, server.mem_guarantee) == (GIB, GIB)
    assert server.extra_resource_limits == {"nvidia.com/gpu": "1"}
    assert server.node_selector == {"zone": "a", "pool": "gpu"}
    assert server.tolerations == [USER, GPU] and server.cpu_guarantee == 3


def test_cores_are_a_limit_and_a_guarantee():
    server = start()
    assert (server.cpu_limit, server.cpu_guarantee) == (2, 0.25)
    server = start(options={"profile": "loose"})
    assert (server.cpu_limit, server.cpu_guarantee) == (None, 0.5)
    assert server.environment["FRAZIL_SIZE"] == "loose"


@pytest.mark.parametrize(("options", "status"), [
    ({"profile": "gpu"}, 403), ({"profile": "nope"}, 400), ({"profile": ""}, 400),
    ({"profile": 0}, 400), ({"profile": {"slug": "gpu"}}, 400),
])
def test_what_may_not_be_started(options, status):
    found, text = refusal(options=options)
    assert found == status and text.endswith("You may start: small, loose.")


def test_no_open_size_is_refused_and_not_an_unlimited_server():
    closed = [s for s in SIZES if s.groups]
    assert refusal(sizes=closed)[0] == 403
    with pytest.raises(web.HTTPError):
        asyncio.run(load_without_check(closed))
    # What KubeSpawner would have done:
    assert asyncio.run(plain(closed)).mem_limit is None


async def load_without_check(closed):
    await Server(sizes=closed).load_user_options()


async def plain(closed):
    server = Server(sizes=closed)
    server.profile_list = sizes.profiles(closed, [])
    await KubeSpawner.load_user_options(server)
    return server


def test_options_beside_the_size_change_nothing():
    options = {"profile": "small", "image": "evil", "image--unlisted-choice": "evil",
               "kubespawner_override": {"mem_limit": 1}, "profile-option-small--image": "evil",
               "mem_limit": "64G", "groups": ["ml"]}
    server = start(options=options, image="hub:1")
    assert server.image == "hub:1" and server.mem_limit == 2 * GIB


def test_a_group_of_the_file_is_not_had_by_its_name():
    who = people.People.load({"ml": ["Bob"]}, keeps_login_groups=True)
    assert refusal(options={"profile": "gpu"}, groups=["ml"], people=who)[0] == 403
    who = people.People.load({"ml": ["Ada"]}, keeps_login_groups=True)
    assert start(options={"profile": "gpu"}, people=who).mem_limit == GIB


def test_groups_are_read_at_each_start():
    async def main():
        server = Server(groups=["ml"], options={"profile": "gpu"})
        await server.run_pre_spawn_hook()
        server.user.orm_user.groups.clear()
        with pytest.raises(web.HTTPError):
            await server.run_pre_spawn_hook()

    asyncio.run(main())


def test_a_refusal_is_not_counted_as_a_failed_start():
    async def main():
        settings = {"failure_count": 4}
        server = Server(options={"profile": "gpu"})
        server.handler = types.SimpleNamespace(settings=settings)
        with pytest.raises(web.HTTPError):
            await server.run_pre_spawn_hook()
        assert settings["failure_count"] == 3  # the hub adds one when this arrives

    asyncio.run(main())


def test_the_form_carries_the_size_to_kubespawner():
    async def main():
        server = Server(groups=["ml"])
        form = await server.get_options_form()
        assert form.count('name="profile"') == 3
        assert server.options_from_form({"profile": ["gpu"]}) == {"profile": "gpu"}
        return form

    assert 'value="gpu"' in asyncio.run(main())


def test_groups_of_the_file_and_of_the_login():
    who = people.People.load({"a": ["ADA"], "b": []}, keeps_login_groups=True)
    assert who.groups_of("ada", ["b", "c", "a", 7, "", None]) == {"a", "c"}
    assert who.groups_of("bob", ["a", "b", "c"]) == {"c"}
    assert people.People.load(None, keeps_login_groups=False).groups_of("ada", ["x"]) == set()


def test_teams_without_any():
    assert people.teams_of(["o"])({}) == people.teams_of([])({"teams": None}) == set()


@pytest.mark.parametrize(("text", "html"), [
    (None, ""), ("", ""), ("a & b <i>\n\"'", "a &amp; b &lt;i&gt;\n&#34;&#39;"),
    ("x\u2028🧊", "x\u2028🧊"),
    ("see https://a.org/?x=1&y=2).", 'see <a href="https://a.org/?x=1&amp;y=2" rel="noopener">'
     "https://a.org/?x=1&amp;y=2</a>)."),
    ('https://a.org/"onclick=x', '<a href="https://a.org/" rel="noopener">https://a.org/</a>'
     "&#34;onclick=x"),
    ("javascript:alert(1)", "javascript:alert(1)"),
])
def test_plain_text_is_html(text, html):
    assert str(plain_text.linked(text)) == html


def configured(tmp_path, kind="github", given=None, **more):
    hub = {"name": "lab", "title": None, "welcome": None, "terms": None, "auth": {"kind": kind},
           "admins": ["ada"], "groups": None, "gateway": False,
           "sizes": [{"name": "small", "memory_bytes": GIB}], **more}
    (tmp_path / "hub.json").write_text(json.dumps(hub))
    c = Config(given or {})
    kubernetes_hub.configure(c, str(tmp_path))
    return c


def roles(c):
    return {role["name"]: role for role in c.JupyterHub.load_roles}


def test_roles_are_merged_with_those_of_the_chart(tmp_path):
    given = {"JupyterHub": {"load_roles": [{"name": "user", "scopes": ["self", "x"]},
                                           {"name": "admin", "users": ["bob"]}]}}
    c = configured(tmp_path, given=given, gateway=True)
    assert len(roles(c)) == len(c.JupyterHub.load_roles) == 3
    assert roles(c)["user"]["scopes"] == ["self", "x", kubernetes_hub.GATEWAY]
    assert kubernetes_hub.GATEWAY in roles(c)["server"]["scopes"]
    assert roles(c)["admin"]["users"] == ["ada", "bob"]
    assert "user" not in roles(configured(tmp_path))


def test_what_the_values_say_is_kept(tmp_path):
    c = configured(tmp_path, "native", {
        "JupyterHub": {"template_vars": {"a": 1}, "template_paths": ["/x", str(tmp_path / "pages")],
                       "tornado_settings": {"slow_spawn_timeout": 7}},
        "NativeAuthenticator": {"minimum_password_length": 3},
    })
    assert c.JupyterHub.template_vars["a"] == 1 and c.JupyterHub.template_vars["hub_title"] == "lab"
    assert len(c.JupyterHub.template_paths) == 3
    assert c.JupyterHub.tornado_settings == {"slow_spawn_timeout": 7}
    assert c.NativeAuthenticator.minimum_password_length == 3
    assert c.NativeAuthenticator.allowed_failed_logins == 5


@pytest.mark.parametrize(("scope", "asks"), [(["read:org"], True), ([], False), (None, False)])
def test_teams_are_asked_for_with_the_scope_only(tmp_path, scope, asks):
    given = {"GitHubOAuthenticator": {} if scope is None else {"scope": scope}}
    assert configured(tmp_path, given=given).GitHubLogin.populate_teams_in_auth_state is asks
