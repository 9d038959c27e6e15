"""One node that runs real pods, from ../shared/tools/cluster, with the images of
a hub under the names that the upstream charts give them: there is no registry.

FRAZIL_CHARTS         the folder of the upstream charts (tests/charts.sh)
FRAZIL_CLUSTER_TOOLS  default: ../shared/tools/cluster beside the checkout
FRAZIL_CLUSTER_BIN    Kubernetes, CoreDNS and Traefik; what lacks is built, which takes 15 minutes
FRAZIL_HUB_IMAGE      the hub image as `tests/image/run ARCHIVE` leaves it; without, people have a plain one
"""

import hashlib
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "frazil-tests"
TOOLS = Path(os.environ.get("FRAZIL_CLUSTER_TOOLS", ROOT.parent / "shared/tools/cluster"))
BIN = Path(os.environ.get("FRAZIL_CLUSTER_BIN", CACHE / "cluster"))
HUB_IMAGE = os.environ.get("FRAZIL_HUB_IMAGE")
# The exit code of what can have no node here.
SKIPPED = 77
SOCKET = "/run/frazil-containerd/containerd.sock"
PACKAGES = {
    "containerd": "containerd", "runc": "runc", "nft": "nftables", "conntrack": "conntrack",
    "buildah": "buildah", "debootstrap": "debootstrap", "openssl": "openssl", "ip": "iproute2",
}
PROGRAMS = [
    "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy",
    "coredns", "traefik",
]
# The image that the tools build -> where the charts' values name it.
IN_CHARTS = {
    "hub": [("jupyterhub", "hub.image")],
    "proxy": [("jupyterhub", "proxy.chp.image")],
    "network-tools": [("jupyterhub", "singleuser.networkTools.image")],
    "kube-scheduler": [("jupyterhub", "scheduling.userScheduler.image")],
    "pause": [("jupyterhub", "prePuller.pause.image")],
    "gateway": [("dask-gateway", "gateway.image"), ("dask-gateway", "controller.image")],
    "traefik": [("dask-gateway", "traefik.image")],
}
BUILT = ["user", "coredns", *(name for name in IN_CHARTS if name != "pause")]
OWN = ["network-tools"]
# The image of what runs beside a hub, made anew for each run as docs/kubernetes.md says.
OPS = CACHE / "node-images/ops.tar"
STATIC = "x86_64-unknown-linux-gnu"
DISKS = 8
# No metrics-server: it wants a proxy's certificate that this API server does not have. With
# the API there already, frazil leaves it out.
METRICS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {
        "name": "nodes.metrics.k8s.io",
        "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
    },
    "spec": {
        "group": "metrics.k8s.io",
        "scope": "Cluster",
        "names": {"plural": "nodes", "singular": "node", "kind": "NodeMetrics"},
        "versions": [{
            "name": "v1beta1", "served": True, "storage": True,
            "schema": {"openAPIV3Schema": {"type": "object"}},
        }],
    },
}
# The user scheduler here is of the cluster's own version, and reads kinds that the chart's
# image, v1.30, did not know and has no rights for.
SCHEDULER_RIGHTS = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "newer-user-scheduler"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:kube-scheduler"},
    "subjects": [{
        "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:serviceaccounts:lab",
    }],
}


def charts():
    return Path(os.environ.get("FRAZIL_CHARTS", CACHE / "charts"))


def missing():
    """What keeps this machine from having a node, as one line; or None."""
    if os.geteuid() != 0:
        return "a node of one's own needs root"
    if Path("/run/frazil-containerd").exists() or list(Path("/sys/fs/cgroup").glob("*/kubepods")):
        return "another node runs here (/run/frazil-containerd, groups `kubepods`)"
    if not (TOOLS / "up.sh").exists():
        return f"no {TOOLS}: name it in FRAZIL_CLUSTER_TOOLS"
    absent = sorted({package for name, package in PACKAGES.items() if not shutil.which(name)})
    if absent:
        return f"install {' '.join(absent)}"
    if not Path("/usr/lib/cni/bridge").exists():
        return "install containernetworking-plugins"
    # The stand-ins of tests/support/charts run nothing.
    if not (charts() / "jupyterhub-4.4.0/files/hub/jupyterhub_config.py").exists():
        return f"no upstream charts in {charts()}: tests/charts.sh, FRAZIL_CHARTS"
    return None


def call(*arguments, **further):
    """Runs a program that has to succeed; what it wrote."""
    done = subprocess.run([str(a) for a in arguments], check=False, capture_output=True, text=True, **further)
    assert done.returncode == 0, f"{arguments}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done.stdout


def ctr(*arguments):
    return call("ctr", "-a", SOCKET, "-n", "k8s.io", *arguments)


class Node:
    """A Kubernetes of one node, in the namespaces that `run` makes."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.state = self.folder / "state"
        self.env = dict(
            os.environ, BIN=str(BIN), STATE=str(self.state),
            PATH=f"{BIN}:{CACHE / 'bin'}:{os.environ['PATH']}",
        )

    @property
    def kubeconfig(self):
        return self.state / "admin.kubeconfig"

    def kubectl(self, *arguments, **further):
        return call("kubectl", f"--kubeconfig={self.kubeconfig}", *arguments, env=self.env, **further)

    def get(self, *arguments):
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def apply(self, *objects):
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        self.kubectl("apply", "--server-side", "-f", "-", input=text)

    def up(self):
        call("bash", TOOLS / "up.sh", env=self.env)
        # Services are reached through the node, which has no other route here.
        call("ip", "route", "add", "10.96.0.0/16", "dev", "frazil0")

    def images(self):
        """Brings all images to the node, under the names that the charts have for them."""
        for kept in [*(archive(name) for name in BUILT), OPS]:
            ctr("images", "import", kept)
        for name, places in IN_CHARTS.items():
            for chart, path in places:
                ctr("images", "tag", "--force", f"localhost/{name}:1", _full(_in_values(chart, path)))

    def furnish(self):
        """DNS, disks, and the names of what a cluster has before a hub comes."""
        self.kubectl("apply", "-f", TOOLS / "dns.yaml")
        self.apply(METRICS, SCHEDULER_RIGHTS, {
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
            "metadata": {
                "name": "standard",
                "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
            },
            "provisioner": "kubernetes.io/no-provisioner",
        }, *(self._disk(index) for index in range(DISKS)))
        self.kubectl("-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=120s")

    def _disk(self, index):
        folder = self.folder / "disks" / str(index)
        folder.mkdir(parents=True, exist_ok=True)
        # The kubelet gives a folder of the node to nobody.
        folder.chmod(0o777)
        return {
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": f"disk-{index}"},
            "spec": {
                "capacity": {"storage": "10Gi"}, "accessModes": ["ReadWriteOnce"],
                "storageClassName": "standard", "hostPath": {"path": str(folder)},
                "persistentVolumeReclaimPolicy": "Retain",
            },
        }

    def service(self, namespace, name):
        """The address of a Service, which this machine reaches as a node does."""
        spec = self.get("-n", namespace, "service", name)["spec"]
        return f"http://{spec['clusterIP']}:{spec['ports'][0]['port']}"

    def down(self):
        call("bash", TOOLS / "down.sh", env=self.env)


def archive(name):
    """Where an image is kept, by what it is made from."""
    if name == "user" and HUB_IMAGE:
        return Path(HUB_IMAGE)
    places = (HERE / f"{name}.Dockerfile", TOOLS / f"images/{name}.Dockerfile", BIN / name)
    source = next(path for path in places if path.exists())
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:12]
    return CACHE / "node-images" / f"{name}-{digest}.tar"


def prepare():
    """Builds the programs and images that lack, which takes a quarter of an hour from nothing."""
    lacking = [name for name in PROGRAMS if not (BIN / name).exists()]
    if lacking:
        call("nice", "bash", TOOLS / "build.sh", BIN, *lacking)
    build_ops()
    with tempfile.TemporaryDirectory(prefix="frazil-images-") as folder:
        for name in BUILT:
            if not archive(name).exists():
                print(f"building the image {name}", flush=True)
                _build(name, Path(folder))


def build_ops():
    """The ops image of this checkout: a program that needs nothing of its image."""
    env = dict(os.environ, RUSTFLAGS="-C target-feature=+crt-static")
    call("nice", "cargo", "build", "--release", "--target", STATIC, cwd=ROOT, env=env)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    program = target / STATIC / "release/frazil"
    linked = subprocess.run(["ldd", program], check=False, capture_output=True, text=True)
    assert "statically linked" in linked.stdout + linked.stderr, linked
    context = target / "ops"
    context.mkdir(parents=True, exist_ok=True)
    shutil.copy2(program, context / "frazil")
    shutil.copy2(ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt",
                 context / "ca-certificates.crt")
    buildah = ["buildah", "--storage-driver", "vfs"]
    OPS.parent.mkdir(parents=True, exist_ok=True)
    OPS.unlink(missing_ok=True)
    call(*buildah, "bud", "--isolation", "chroot", "-q", "-f", ROOT / "images/ops/Containerfile",
         "-t", "localhost/ops:1", context)
    call(*buildah, "push", "-q", "localhost/ops:1", f"docker-archive:{OPS}:localhost/ops:1")


def _build(name, folder):
    """build.sh hands each archive to a `ctr`; this one keeps it, for there is no node yet."""
    keeper = folder / "bin/ctr"
    keeper.parent.mkdir(exist_ok=True)
    keeper.write_text('#!/bin/sh\nfor last; do :; done\ncp "$last" "$KEPT"\n')
    keeper.chmod(0o755)
    kept = archive(name)
    kept.parent.mkdir(parents=True, exist_ok=True)
    env = dict(os.environ, BIN=str(BIN), KEPT=f"{kept}.new", PATH=f"{keeper.parent}:{os.environ['PATH']}")
    script = TOOLS / "images/build.sh"
    if name in OWN:
        # The tools' own script with our recipe beside theirs.
        shutil.copytree(TOOLS, folder / "tools", dirs_exist_ok=True)
        shutil.copy(HERE / f"{name}.Dockerfile", folder / "tools/images")
        script = folder / "tools/images/build.sh"
    call("nice", "bash", script, folder, name, env=env)
    Path(f"{kept}.new").rename(kept)


def _in_values(chart, path):
    """NAME:TAG at a path of a chart's own values."""
    folder = next(charts().glob(f"{chart}-[0-9]*"))
    value = yaml.safe_load((folder / "values.yaml").read_text())
    for key in path.split("."):
        value = value[key]
    return f"{value['name']}:{value['tag']}"


def _full(image):
    """The name by which a node knows an image of Docker's own registry."""
    name = image.removeprefix("docker.io/")
    if "/" not in name:
        return f"docker.io/library/{name}"
    return name if "." in name.split("/")[0] or name.startswith("localhost/") else f"docker.io/{name}"


if __name__ == "__main__":
    if reason := missing():
        print(f"skipped: tests/node: {reason}", file=sys.stderr)
        sys.exit(SKIPPED)
    prepare()
