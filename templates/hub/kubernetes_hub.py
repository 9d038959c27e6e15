"""The hub on Kubernetes, from data: hub.json in the same folder.

z2jh's values say everything that z2jh has a value for. This adds the rest:
sizes by group, the file's groups, terms of use, the pages.

hub.json
  name, title     text: the hub's short name and the heading of its pages
  welcome, terms  text or null, shown on the login page; terms must be accepted
  auth            {"kind": "github", "orgs": [names]}: teams of these
                  organizations are groups by their bare name too
                  {"kind": "cilogon"}
                  {"kind": "oidc", "issuer": address}
                  {"kind": "native"}
  admins          [user names]
  groups          {group name: [user names]} or null
  sizes           [{name, memory_bytes (bytes), display_name?, description?,
                  cpu? (cores, the limit), cpu_guarantee? (cores), gpu?,
                  groups? [names], default? (bool), placement? {KubeSpawner
                  trait: value}}], one or more. A value replaces the hub's own,
                  a mapping is merged into it, tolerations are added to it.
  gateway         bool: whether people and servers may use the service dask-gateway
"""

import json
from pathlib import Path

import kube_server
import nativeauthenticator
import plain_text
import sizes
from discovery import DiscoveryFailed, endpoints
from login import CLASSES
from people import People, no_groups, teams_of

GATEWAY = "access:services!service=dask-gateway"
# What JupyterHub gives these roles by itself; a role in the configuration
# replaces its scopes.
ROLE_SCOPES = {
    "user": ["self"],
    "server": ["users:activity!user", "access:servers!server", "read:users:groups!user"],
}
# NativeAuthenticator's values hold nothing back: passwords of one letter,
# guessed as often as anyone likes.
NATIVE_DEFAULTS = {
    "minimum_password_length": 10,
    "check_common_password": True,
    "allowed_failed_logins": 5,
    "seconds_before_next_try": 300,
    # Whom an administrator has let in is in NativeAuthenticator's own table,
    # which it asks; JupyterHub's lists would refuse them again.
    "allow_all": True,
}


def configure(c, folder):
    """Sets everything on the configuration `c`; ends the hub if it cannot."""
    hub = json.loads(Path(folder, "hub.json").read_text(encoding="utf-8"))
    kind = hub["auth"]["kind"]
    people = People.load(hub.get("groups"), keeps_login_groups=kind != "native")
    set_login(c, hub, people)
    set_pages(c, hub, Path(folder, "pages"))
    set_servers(c, sizes.load(hub["sizes"]), people)
    set_roles(c, hub)


def set_login(c, hub, people):
    auth = hub["auth"]
    login = CLASSES[auth["kind"]]
    c.JupyterHub.authenticator_class = login
    mine = c[login.__name__]
    mine.people = people
    mine.terms = hub.get("terms") or ""
    mine.manage_groups = True
    mine.admin_users = set(hub["admins"])
    {"github": set_github, "cilogon": set_cilogon, "oidc": set_oidc, "native": set_native}[
        auth["kind"]
    ](c, auth)


def set_github(c, auth):
    mine = c.GitHubLogin
    # Without the scope each login would log an error and bring no teams.
    asks = "read:org" in c.GitHubOAuthenticator.get("scope", ())
    mine.populate_teams_in_auth_state = asks
    mine.auth_state_groups_key = teams_of(auth.get("orgs") or ())
    if asks:
        # Lets the hub ask for the teams again, at every start of a server for
        # one; z2jh makes the key that the kept tokens need. Other providers'
        # tokens end within the hour, and people would be thrown out with them:
        # there a person's groups are those of the last login.
        mine.enable_auth_state = True


def set_cilogon(c, auth):
    if not c.CILogonOAuthenticator.get("auth_state_groups_key"):
        c.CILogonLogin.auth_state_groups_key = no_groups


def set_oidc(c, auth):
    given = c.GenericOAuthenticator
    if not (given.get("auth_state_groups_key") or given.get("claim_groups_key")):
        c.OidcLogin.auth_state_groups_key = no_groups
    try:
        found = endpoints(auth["issuer"])
    except DiscoveryFailed as failure:
        raise SystemExit(f"FATAL: {failure}") from None
    c.GenericOAuthenticator.update(found)


def set_native(c, auth):
    for name, value in NATIVE_DEFAULTS.items():
        if name not in c.NativeAuthenticator:
            c.NativeAuthenticator[name] = value


def set_pages(c, hub, pages):
    mine = [str(pages)]
    if hub["auth"]["kind"] == "native":
        mine.append(str(Path(nativeauthenticator.__file__).parent / "templates"))
    given = list(c.JupyterHub.get("template_paths", ()))
    c.JupyterHub.template_paths = given + [path for path in mine if path not in given]
    c.JupyterHub.template_vars = {
        **c.JupyterHub.get("template_vars", {}),
        "hub_title": hub.get("title") or hub["name"],
        "hub_welcome": plain_text.linked(hub.get("welcome")),
        "hub_terms": plain_text.linked(hub.get("terms")),
        "hub_native": hub["auth"]["kind"] == "native",
    }


def set_servers(c, sizes_of_hub, people):
    c.JupyterHub.spawner_class = kube_server.SizedServer
    c.SizedServer.sizes = sizes_of_hub
    c.SizedServer.people = people
    c.KubeSpawner.profile_list = kube_server.profiles
    # The chart's 0 hides a refusal from whoever asked: the answer is "accepted"
    # before the size has been looked at.
    settings = dict(c.JupyterHub.get("tornado_settings", {}))
    if not settings.get("slow_spawn_timeout"):
        c.JupyterHub.tornado_settings = {**settings, "slow_spawn_timeout": 1}


def set_roles(c, hub):
    roles = list(c.JupyterHub.get("load_roles", ()))
    # Given here, the list is exact: a person no longer in `admins` loses the role.
    admins = role_named(roles, "admin", {})
    admins["users"] = sorted({*admins.get("users", ()), *hub["admins"]})
    if hub.get("gateway"):
        for name, scopes in ROLE_SCOPES.items():
            role = role_named(roles, name, {"scopes": scopes})
            own = role.get("scopes") or scopes
            role["scopes"] = own if GATEWAY in own else [*own, GATEWAY]
    c.JupyterHub.load_roles = roles


def role_named(roles, name, missing):
    """The role of that name; JupyterHub takes each name once only."""
    for role in roles:
        if role["name"] == name:
            return role
    roles.append({"name": name, **missing})
    return roles[-1]
