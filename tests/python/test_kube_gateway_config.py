"""The gateway's blocks of configuration on Kubernetes, run as the chart runs
them: as text, one after the other, in the configuration file's namespace."""

import json
from pathlib import Path

import dask_gateway_server.options
import kubernetes as kube
import limits
import pytest
from dask_gateway_server.app import DaskGateway
from dask_gateway_server.backends.kubernetes.controller import KubeController
from dask_gateway_server.models import User
from dask_gateway_server.utils import FrozenAttrDict
from kubespawner.slugs import is_valid_label, safe_slug

GIB = 2**30
TEMPLATES = Path(limits.__file__).parents[1]
HOSTILE = "\"'''\n\\n{{x}} {% y %} ${z} 🧊\u2028\u0000é"
SETTINGS = {
    "workers": {"cores": 1.5, "memory_bytes": 2 * GIB, "max": 7, "max_cores": 4,
                "max_memory_bytes": 16 * GIB},
    "scheduler": {"cores": 0.5, "memory_bytes": GIB},
    "per_user": {"cores": 40, "memory_bytes": 320 * GIB},
    "idle_timeout_seconds": 1800, "image": "quay.io/lab/hub:2026.03",
    "region": "aws/us-west-2", "password_env": None,
}
# What the chart writes before the blocks.
CHART = """
c.DaskGateway.address = ":8000"
c.DaskGateway.backend_class = "dask_gateway_server.backends.kubernetes.KubeBackend"
c.KubeBackend.gateway_instance = "dask-gateway"
c.KubeBackend.api_url = "http://api.hub:8000/api"
c.KubeClusterConfig.image = "daskgateway/dask-gateway:2026.3.0"
c.KubeClusterConfig.worker_cores_limit = c.KubeClusterConfig.scheduler_cores_limit = 8
c.KubeClusterConfig.scheduler_memory_limit = "8 G"
c.KubeClusterConfig.worker_memory_limit = "64 G"
c.KubeClusterConfig.environment = {"FRAZIL_REGION": "?", "TZ": "UTC"}
c.KubeClusterConfig.worker_extra_pod_labels = {"team": "sea-ice"}
c.DaskGateway.authenticator_class = "dask_gateway_server.auth.SimpleAuthenticator"
value, field, auth_type = None, "namespace", "simple"
"""


def chart_file(folder, settings, after=""):
    blocks = {
        "10-limits": (TEMPLATES / "gateway/limits.py").read_text(),
        "20-kubernetes": (TEMPLATES / "gateway/kubernetes.py").read_text(),
        "30-frazil": f"settings = json.loads({json.dumps(json.dumps(settings))})\n"
                     "configure(c, settings)\n",
        "commands": 'c.KubeClusterConfig.worker_cmd = ["dask", "worker"]\n',
    }
    path = folder / "dask_gateway_config.py"
    path.write_text(CHART + "".join(blocks[key] for key in sorted(blocks)) + after)
    return path


@pytest.fixture
def start(tmp_path):
    """The real server's application with the chart's file, not yet listening."""
    def start(after="", **changed):
        DaskGateway.clear_instance()
        path = chart_file(tmp_path, {**SETTINGS, **changed}, after)
        app = DaskGateway.instance()
        app.initialize(["--config", str(path)])
        return app

    yield start
    DaskGateway.clear_instance()


def record(app, user="ada", **options):
    """The record of a new cluster, from the options as a client sends them."""
    form = app.backend.cluster_options
    asked = form.parse_options(options)
    overrides = form.get_configuration(asked, User(user))
    return app.backend.cluster_config_class(parent=app.backend, **overrides)


def pod_of(app, config, is_worker):
    controller = KubeController(gateway_instance="g", api_url="http://api")
    stored = FrozenAttrDict(json.loads(json.dumps(config.to_dict())))
    return controller.make_pod("hub", "c1", stored, is_worker=is_worker)


def test_the_blocks_run_in_one_namespace_under_the_real_server(start):
    app = start()
    backend = app.backend
    assert type(backend).__name__ == "KubeLimitedBackend"
    assert backend.gateway_instance == "dask-gateway"  # the chart's values still apply
    assert (backend.limit.cores, backend.limit.memory) == (40, 320 * GIB)
    config = record(app)
    assert config.promised_workers == 0 and config.worker_cmd == ["dask", "worker"]
    amount = type(backend).start_cluster.__globals__["total"](config.to_dict(), 1)
    assert (amount.cores, amount.memory) == (2.0, 3 * GIB)


def test_no_block_takes_a_name_of_another():
    def names(module):
        return {name: value for name, value in vars(module).items() if name[:2] != "__"}

    first, second = names(limits), names(kube)
    shared = first.keys() & second.keys()
    assert {"LimitedBackend", "cluster_options"} <= shared
    assert not [name for name in shared if first[name] is not second[name]]
    assert dask_gateway_server.options.Float is first["Float"]


def test_pods_have_exactly_what_is_counted(start):
    app = start()
    config = record(app, worker_cores=2.5, worker_memory=3)
    worker = pod_of(app, config, True)["spec"]["containers"][0]
    assert worker["resources"] == {
        "requests": {"cpu": "2.500", "memory": str(3 * GIB)},
        "limits": {"cpu": "2.500", "memory": str(3 * GIB)},
    }
    assert worker["args"][worker["args"].index("--nthreads") + 1] == "2"
    scheduler = pod_of(app, config, False)["spec"]["containers"][0]
    assert scheduler["resources"]["requests"] == scheduler["resources"]["limits"] == {
        "cpu": "0.500", "memory": str(GIB)}
    args = scheduler["args"]
    assert args[args.index("--dg-idle-timeout") + 1] == "1800.0"
    assert config.cluster_max_workers == 7


def test_pods_tell_whose_they_are(start):
    name = "Ada Lövelace@example.org"
    app = start()
    for is_worker in (True, False):
        meta = pod_of(app, record(app, name), is_worker)["metadata"]
        assert meta["annotations"] == {"hub.jupyter.org/username": name}
        assert is_valid_label(meta["labels"]["hub.jupyter.org/username"])
    assert pod_of(app, record(app), True)["metadata"]["labels"]["team"] == "sea-ice"


@pytest.mark.parametrize("name", [
    "ada", "Ada", "a.b_c-d", "ada@example.org", "--", "a--b", "-a", "9", "9@x", "x" * 63,
    "x" * 64, "é", "🧊", "a\nb", "ada\n", "12345678901234567890123@x", "----9@", "a" * 20 + "-@",
])
def test_labels_are_those_of_kubespawner(name):
    assert kube.label_for(name) == safe_slug(name, is_valid=is_valid_label)


def test_the_environment_has_the_region_and_what_was_asked(start):
    app = start()
    env = record(app, environment={"A": HOSTILE.replace("\0", "")}).environment
    assert env["FRAZIL_REGION"] == "aws/us-west-2" and env["FRAZIL_USER"] == "ada"
    assert env["TZ"] == "UTC" and env["A"].endswith("é")


def test_what_another_block_sets_later_is_kept(start):
    app = start(after='c.KubeClusterConfig.environment = {"LATER": "1"}\n')
    assert record(app).environment["LATER"] == "1"


@pytest.mark.parametrize(("environment", "reason"), [
    ({"FRAZIL_REGION": "x"}, "FRAZIL_REGION is set by the hub. Leave it out"),
    ({"DASK_GATEWAY__ADDRESS": "x"}, "is set by the hub"),
    ({"DASK_GATEWAY_API_URL": "x"}, "is set by the hub"),
    ({"DASK_DISTRIBUTED__COMM__TLS__CA_FILE": "x"}, "is set by the hub"),
    ({"A B": "x"}, "no name of a variable"),
    ({"A\n": "x"}, "no name of a variable"),
    ({"A": 1}, "must be text, not '1'. Put it in quotes"),
    ({"A": None}, "must be text"),
    ({"A": "\0"}, "must be text"),
    ({"A": "x" * 40000}, "at most 100 variables"),
    ({f"A{i}": "" for i in range(101)}, "at most 100 variables"),
])
def test_environments_that_are_refused(start, environment, reason):
    with pytest.raises(ValueError) as refusal:
        record(start(), environment=environment)
    assert reason in str(refusal.value)


@pytest.mark.parametrize("image", [
    "ubuntu", "quay.io/lab/hub:2026.03", "localhost:5000/a/b-c__d:x", "a.b/c@sha256:" + "0" * 64,
    "123456789012.dkr.ecr.us-west-2.amazonaws.com/hub:1",
])
def test_images_that_are_taken(start, image):
    assert record(start(), image=image).image == image


@pytest.mark.parametrize("image", [
    " ", "a b", "a:b:c", "a;b", "$(x)", "-a", "a\n", "A/../b", "https://a/b", "a@sha256:0",
    "x" * 600, HOSTILE,
])
def test_images_that_are_refused(start, image):
    with pytest.raises(ValueError, match="image must be a reference like 'quay.io") as refusal:
        record(start(), image=image)
    assert "\n" not in str(refusal.value)


def test_no_image_is_the_hubs(start):
    assert record(start()).image == record(start(), image="").image == SETTINGS["image"]


@pytest.mark.parametrize(("options", "reason"), [
    ({"worker_cores": 4.5}, "worker_cores must be <= 4"),
    ({"worker_cores": 0}, "worker_cores must be >= 0.1"),
    ({"worker_memory": 17}, "worker_memory must be <= 16"),
    ({"worker_memory": 0.1}, "worker_memory must be >= 0.25"),
    ({"worker_cores": float("nan")}, "NaN"),
    ({"worker_cores": "2"}, "must be a float"),
    ({"worker_memory_limit": 1}, "Unknown fields"),
])
def test_bounds_of_the_options(start, options, reason):
    with pytest.raises((ValueError, TypeError), match=reason):
        record(start(), **options)


def test_the_spec_of_the_options_is_json_for_clients(start):
    fields = {f["field"]: f for f in start().backend.cluster_options.get_specification()}
    assert list(fields) == ["worker_cores", "worker_memory", "image", "environment"]
    assert fields["worker_memory"]["spec"] == {"type": "float", "min": 0.25, "max": 16}
    json.dumps(fields)


def test_a_password_comes_from_the_pods_environment(start, monkeypatch):
    monkeypatch.setenv("FRAZIL_PASSWORD", HOSTILE.replace("\0", ""))
    app = start(password_env="FRAZIL_PASSWORD")
    assert app.authenticator.password == HOSTILE.replace("\0", "")


@pytest.mark.parametrize("value", [None, "", "  "])
def test_an_empty_password_ends_the_gateway(start, monkeypatch, value):
    if value is not None:
        monkeypatch.setenv("FRAZIL_PASSWORD", value)
    with pytest.raises(SystemExit, match="FATAL: the gateway's password is empty.*FRAZIL_PASSWORD"):
        start(password_env="FRAZIL_PASSWORD")


def test_no_limit_of_a_person_is_none(start):
    assert start(per_user=None).backend.limit is None


def test_on_one_machine_the_form_takes_an_image_and_leaves_it_alone():
    local = limits.options_form(SETTINGS["workers"])
    asked = local.parse_options({"image": "anything"})
    config = local.get_configuration(asked, User("ada"))
    assert config == {"worker_cores": 1.5, "worker_memory": 2 * GIB, "worker_threads": 1,
                      "cluster_max_workers": 7}
