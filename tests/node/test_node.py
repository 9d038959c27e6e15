"""A whole hub on one real node with the upstream charts: what people do, step by step.

    tests/run --long, or: tests/node/run

The steps build on each other and run in their order; the times of all are printed at the end.
"""

import hashlib
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import cluster
import pytest
from clock import step
from person import Person, Refused

pytestmark = pytest.mark.skipif(
    "FRAZIL_NODE" not in os.environ, reason="needs namespaces of its own: tests/node/run"
)

FAR_PASSWORD = "far-and-long-enough"
LAB = """\
name: lab
provider: {{ kubernetes: {{ context: x }} }}
admins: [ada]
auth: native
groups: {{ instructors: [ada] }}
sizes:
  - {{ name: small, memory: 512 MiB, cpu: 1, default: true }}
  - {{ name: large, memory: 2 GiB, cpu: 2, groups: [instructors] }}
gateway:
  workers: {{ cores: 0.1, memory: 512 MiB, max: 4 }}
  per_user: {{ cores: 1.3, memory: 4 GiB }}
gateways:
  - name: far
    file: far.yaml
    auth: password
    password: {{ env: FAR_PASSWORD }}
image: {{ name: localhost/user, tag: "1" }}
support: {{ recorder: "localhost/ops:1" }}
charts: {{ from: "{charts}" }}
"""
FAR = """\
name: far
provider: {{ kubernetes: {{ context: x }} }}
hub: false
auth: {{ password: {{ user_password: {{ env: FAR_PASSWORD }} }} }}
gateway: {{ workers: {{ cores: 0.1, memory: 512 MiB, max: 4 }} }}
image: {{ name: localhost/user, tag: "1" }}
charts: {{ from: "{charts}" }}
"""


class Lab:
    """The node, two hub files beside each other, and the program."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.node = cluster.Node(self.folder / "node")
        program = Path(os.environ.get("FRAZIL", cluster.ROOT / "target/debug/frazil")).absolute()
        self.program = shutil.copy2(program, self.folder / "frazil")
        self.people = {}
        for name, text in (("lab", LAB), ("far", FAR)):
            (self.folder / f"{name}.yaml").write_text(text.format(charts=cluster.charts()))

    def frazil(self, *arguments, expect=0):
        env = dict(
            self.node.env, HOME=str(self.folder), XDG_STATE_HOME=str(self.folder / "states"),
            KUBECONFIG=str(self.node.kubeconfig), FRAZIL_HELM=str(cluster.CACHE / "bin/helm"),
            FAR_PASSWORD=FAR_PASSWORD, NO_COLOR="1",
        )
        done = subprocess.run(
            [self.program, *arguments], check=False, cwd=self.folder, env=env,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
        )
        assert done.returncode == expect, f"{arguments}: {done.stdout}{done.stderr}{self.pods()}"
        return done.stdout

    def pods(self):
        return self.node.kubectl("get", "pods,events", "--all-namespaces", "-o", "wide")

    def person(self, name):
        if name not in self.people:
            self.people[name] = Person(self.node.service("lab", "proxy-public"), name, f"{name}-has-a-long-one")
        return self.people[name]


@pytest.fixture(scope="module")
def lab():
    lab = Lab(os.environ["FRAZIL_NODE"])
    try:
        with step("node, from nothing to Ready"):
            lab.node.up()
        with step("images brought to the node"):
            lab.node.images()
        with step("DNS and disks"):
            lab.node.furnish()
        yield lab
    finally:
        lab.node.down()


def test_up(lab):
    with step("up, gateway alone"):
        lab.frazil("up", "--auto-approve", "far.yaml")
    with step("up, hub and gateway"):
        lab.frazil("up", "--auto-approve", "lab.yaml")
    with step("up again, nothing to do"):
        again = json.loads(lab.frazil("up", "--auto-approve", "-o", "json", "lab.yaml"))
    assert again["changed"] == [], again


def test_an_administrator_logs_in_and_lets_others_in(lab):
    ada, grace = lab.person("ada"), lab.person("grace")
    with step("sign up and log in"):
        ada.sign_up()
        ada.log_in()
    grace.sign_up()
    with pytest.raises(Refused, match="waits for an administrator"):
        grace.log_in()
    ada.page("/hub/authorize")
    ada.page("/hub/authorize/grace")
    grace.log_in()


def test_sizes_by_group(lab):
    ada, grace = lab.person("ada"), lab.person("grace")
    assert ada.offered() == ["small", "large"]
    # There is nothing to choose for her: the only size starts when she logs in.
    grace.until_ready()
    with step("server stopped"):
        grace.stop()
    with pytest.raises(Refused, match="403.*is for members of instructors"):
        grace.start("large")


def limits(notebook):
    """What the server's own memory limit is, and its size's name."""
    return notebook.run(
        "import os, pathlib\n"
        "v1 = pathlib.Path('/sys/fs/cgroup/memory/memory.limit_in_bytes')\n"
        "v2 = pathlib.Path('/sys/fs/cgroup/memory.max')\n"
        "print(os.environ['FRAZIL_SIZE'], (v1 if v1.exists() else v2).read_text().strip())\n"
    ).split()


@pytest.mark.parametrize(("size", "mebibytes"), [("small", 512), ("large", 2048)])
def test_a_server_of_each_size(lab, size, mebibytes):
    ada = lab.person("ada")
    with step(f"server of the size {size}, from form to ready"):
        ada.start(size)
    pod = lab.node.get("-n", "lab", "pod", "jupyter-ada")
    assert pod["spec"]["schedulerName"] == "lab-jupyterhub-user-scheduler"
    with step("JupyterLab's page, kernel, first cell"):
        notebook = ada.notebook()
        assert limits(notebook) == [size, str(mebibytes * 2**20)]
    if size == "small":
        notebook.run("open('kept.txt', 'w').write('mine')")
        notebook.close()
        ada.stop()
    else:
        assert notebook.run("print(open('kept.txt').read())") == "mine\n"
        ada.kernel = notebook


SUM = """
import dask.array as da
client.wait_for_workers(2, timeout=120)
print(int(da.ones((2000, 2000), chunks=(500, 500)).sum().compute()))
"""


def test_a_dask_cluster_computes(lab):
    notebook = lab.person("ada").kernel
    with step("Dask cluster"):
        notebook.run("from dask_gateway import Gateway\ngateway = Gateway()\ncluster = gateway.new_cluster()")
    with step("two workers and a sum"):
        notebook.run("cluster.scale(2)\nclient = cluster.get_client()")
        assert notebook.run(SUM) == "4000000\n"
    pods = lab.node.get("-n", "lab", "pods", "-l", "app.kubernetes.io/component=dask-worker")["items"]
    assert len(pods) == 2
    for pod in pods:
        assert pod["spec"]["serviceAccountName"] == "user"
        assert pod["metadata"]["annotations"]["hub.jupyter.org/username"] == "ada"
        assert pod["spec"]["containers"][0]["resources"]["limits"]["memory"] in ("512Mi", str(512 * 2**20))


VERSIONS = """
import frazil, xarray
from importlib.metadata import distributions
def versions():
    return sorted((each.name, each.version) for each in distributions())
[one, other] = client.run(versions).values()
print(versions() == client.run_on_scheduler(versions) == one == other, len(versions()) > 200)
"""


@pytest.mark.skipif(not cluster.HUB_IMAGE, reason="needs the hub image: tests/image/run, FRAZIL_HUB_IMAGE")
def test_notebook_scheduler_and_workers_have_the_hub_images_packages(lab):
    assert lab.person("ada").kernel.run(VERSIONS) == "True True\n"


@pytest.mark.skipif(not cluster.HUB_IMAGE, reason="needs the hub image: tests/image/run, FRAZIL_HUB_IMAGE")
def test_the_first_notebook_runs_in_the_hub_image(lab):
    book = json.loads((cluster.ROOT / "examples/notebooks/01-machine.ipynb").read_text())
    cells = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"]
    said = "".join(lab.person("ada").kernel.run(cell) for cell in cells)
    assert "your share:" in said, said


@pytest.mark.skipif(not cluster.HUB_IMAGE, reason="needs the hub image: tests/image/run, FRAZIL_HUB_IMAGE")
def test_all_checks_of_an_image_pass_in_a_persons_pod(lab):
    """What `frazil image check` asks where the image runs by buildah, asked where the hub runs it."""
    hub = cluster.ROOT / "images/hub"
    lock = hashlib.sha256((hub / "requirements.txt").read_bytes()).hexdigest()
    version = lab.frazil("--version").split()[-1]
    with step("all checks of the image in a person's pod"):
        said = lab.node.kubectl(
            "-n", "lab", "exec", "-i", "jupyter-ada", "--", "python", "-", lock, version,
            input=(hub / "check.py").read_text(),
        )
    checks = [json.loads(line) for line in said.splitlines()]
    assert len(checks) == 8 and all(check["ok"] for check in checks), said


def test_beyond_the_limit_of_a_person(lab):
    said = lab.person("ada").kernel.run(
        "try:\n    cluster.scale(4)\nexcept Exception as refusal:\n    print(refusal)\n"
    )
    assert "your Dask clusters may use 1.3 cores together" in said and "Ask for at most 3 workers" in said


def test_a_dask_cluster_is_closed(lab):
    with step("Dask cluster closed, its pods gone"):
        lab.person("ada").kernel.run("client.close()\ncluster.shutdown()")
        end = time.monotonic() + 120
        label = "gateway.dask.org/cluster"
        while lab.node.get("-n", "lab", "pods", "-l", label)["items"]:
            assert time.monotonic() < end, lab.pods()
            time.sleep(0.5)


FAR_CLUSTER = """
import json, os
from dask_gateway import BasicAuth, Gateway
[far] = [each for each in json.loads(os.environ["FRAZIL_GATEWAYS"]) if each["name"] == "far"]
auth = BasicAuth(os.environ["JUPYTERHUB_USER"], os.environ[far["password_variable"]])
gateway = Gateway(far["address"], far["proxy_address"], auth=auth)
cluster = gateway.new_cluster()
cluster.scale(2)
client = cluster.get_client()
"""


def test_a_second_cluster_from_the_same_notebook(lab):
    notebook = lab.person("ada").kernel
    with step("Dask cluster at the second gateway, two workers and a sum"):
        notebook.run(FAR_CLUSTER)
        assert notebook.run(SUM) == "4000000\n"
    pods = lab.node.get("-n", "far", "pods", "-l", "app.kubernetes.io/component=dask-worker")["items"]
    assert len(pods) == 2
    notebook.run("client.close()\ncluster.shutdown()")


def test_a_wrong_password_is_refused_there(lab):
    said = lab.person("ada").kernel.run(
        "from dask_gateway import BasicAuth, Gateway\n"
        "try:\n    Gateway(far['address'], auth=BasicAuth('ada', 'wrong')).list_clusters()\n"
        "except Exception as refusal:\n    print(type(refusal).__name__, refusal)\n"
    )
    assert "401" in said or "uthenti" in said, said


def test_the_hub_shows_the_gateway_to_nobody_without_a_login(lab):
    eve = Person(lab.node.service("lab", "proxy-public"), "eve", "")
    answer = eve.http.get(eve.at("/services/dask-gateway/api/v1/clusters/"), timeout=30)
    assert answer.status_code == 401


def test_dashboards_are_in_the_hub(lab):
    """And the hub goes down while a cluster runs."""
    ada = lab.person("ada")
    name = ada.kernel.run("cluster = Gateway().new_cluster()\nprint(cluster.name)").strip()
    assert ada.page(f"/services/dask-gateway/clusters/{name}/status").status_code == 200


def test_the_recorder_knows_who_had_what(lab):
    """From inside its image, with the rights that it is given, onto its volume."""
    pod = lab.node.get("-n", "lab", "pods", "-l", "app.kubernetes.io/component=recorder")["items"][0]
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 0, lab.pods()
    files = [path for disk in (lab.node.folder / "disks").iterdir() for path in disk.glob("*.jsonl")]
    lines = [json.loads(line) for path in files for line in path.read_text().splitlines()]
    lives = {(line["name"], line["labels"].get("hub.jupyter.org/username")) for line in lines if "labels" in line}
    assert ("jupyter-ada", "ada") in lives, lives
    grace = [line for line in lines if line["name"] == "jupyter-grace"]
    assert grace[-1]["ended"], "her server was stopped"


def test_the_page_of_costs_is_behind_the_hubs_login(lab):
    """Through proxy and network policies, with the token that the hub and the pod have."""
    for name in ("ada", "grace"):
        assert "There are no bills yet" in lab.person(name).page("/services/report/").text
    eve = Person(lab.node.service("lab", "proxy-public"), "eve", "")
    assert "/hub/login" in eve.http.get(eve.at("/services/report/"), timeout=30).url


def test_status_tells_of_people_and_their_clusters(lab):
    with step("status"):
        text = lab.frazil("status", "lab.yaml")
    assert "ada" in text, text
    with step("drift"):
        lab.frazil("drift", "lab.yaml")


@pytest.mark.parametrize("name", ["lab", "far"])
def test_down_leaves_nothing(lab, name):
    with step(f"down, {name}"):
        lab.frazil("down", f"{name}.yaml", "--confirm", name)
    with step(f"down --audit, {name}"):
        lab.frazil("down", "--audit", f"{name}.yaml")
    kinds = "namespace,crd,clusterrole,clusterrolebinding,priorityclass,pv"
    everywhere = lab.node.kubectl("get", kinds, "-o", "name")
    for mark in [f"namespace/{name}", f"{name}-dask-gateway", f"{name}-jupyterhub"]:
        assert mark not in everywhere, everywhere
    if name == "far":
        assert "dask.org" not in everywhere and "traefik.io" not in everywhere, everywhere
