"""What `frazil image check` asks inside the image: a line of JSON for each check.

    python - LOCK VERSION

LOCK     the SHA-256 of the lock that the image should have, in hexadecimal
VERSION  of frazil
"""

import contextlib
import hashlib
import importlib
import importlib.metadata
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request
from pathlib import Path

SHARE = Path(sys.prefix) / "share/frazil"
WAITED = 120  # seconds for a gateway to answer
MODULES = [
    "dask", "dask_gateway", "dask_labextension", "distributed", "earthaccess", "frazil", "gcsfs", "h5netcdf",
    "h5py", "hvplot.xarray", "intake", "intake_esm", "intake_stac", "ipywidgets", "jupyterhub", "jupyterlab",
    "numpy", "pandas", "rioxarray", "s3fs", "xarray", "xhistogram.xarray", "zarr",
]
SETTINGS = """\
c.DaskGateway.address = "127.0.0.1:{api}"
c.DaskGateway.backend_class = "dask_gateway_server.backends.local.UnsafeLocalBackend"
c.Proxy.address = "127.0.0.1:{port}"
c.UnsafeLocalBackend.clusters_directory = "{folder}"
c.LocalClusterConfig.scheduler_cmd = ["dask", "scheduler"]
c.LocalClusterConfig.worker_cmd = ["dask", "worker"]
"""
NOTEBOOK = [
    """
import importlib.metadata, json, sys
import dask.array
from dask_gateway import Gateway

def versions():
    found = {each.name: each.version for each in importlib.metadata.distributions()}
    return found | {"Python": sys.version.split()[0]}

cluster = Gateway().new_cluster()
cluster.scale(1)
client = cluster.get_client()
client.wait_for_workers(1, timeout=120)
""",
    """
total = int(dask.array.ones((1000, 1000), chunks=250).sum().compute())
[worker] = client.run(versions).values()
print(json.dumps({
    "total": total, "notebook": versions(), "scheduler": client.run_on_scheduler(versions), "worker": worker,
}))
client.close()
cluster.shutdown()
""",
]


class Wrong(Exception):
    """What is not as it should be."""


def told(*command):
    """What a program says; Wrong with its last lines when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise Wrong(f"{command[0]} ended with {done.returncode}: {(done.stdout + done.stderr)[-500:].strip()}")
    return done.stdout.strip()


def person():
    if os.getuid() == 0:
        raise Wrong("it runs as root")
    with tempfile.TemporaryFile(dir=Path.home()):
        return f"user {os.getuid()}, home {Path.home()}"


def imports():
    failed = []
    for name in MODULES:
        try:
            importlib.import_module(name)
        except Exception as error:
            failed.append(f"{name}: {type(error).__name__}: {error}")
    if failed:
        raise Wrong("; ".join(failed))
    return f"{len(MODULES)} packages"


def installed():
    from packaging.utils import canonicalize_name

    found = importlib.metadata.distributions()
    return {canonicalize_name(each.name): each.version for each in found}


def lock(digest):
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    text = (SHARE / "requirements.txt").read_bytes()
    if hashlib.sha256(text).hexdigest() != digest:
        raise Wrong("it was built from another lock than this frazil has")
    lines = [line.rstrip(" \\") for line in text.decode().splitlines() if line[:1].isalnum()]
    wanted = [each for each in map(Requirement, lines) if not each.marker or each.marker.evaluate()]
    have = installed()
    differ = [f"{each} is {have.get(canonicalize_name(each.name), 'missing')}" for each in wanted
              if have.get(canonicalize_name(each.name)) not in each.specifier]
    if differ:
        raise Wrong("; ".join(differ[:5]))
    return f"{len(wanted)} packages as locked"


def wheel(version):
    program = told("frazil", "--version").split()[-1]
    package = importlib.metadata.version("frazil")
    if {program, package} != {version}:
        raise Wrong(f"the program is {program}, the Python package {package}, and this frazil {version}")
    return version


def materials():
    from packaging.utils import canonicalize_name

    bill = json.loads((SHARE / "sbom.cdx.json").read_text())
    kinds = [each.get("purl", "").split("/")[0] for each in bill["components"]]
    names = {canonicalize_name(each["name"]) for each in bill["components"]}
    if lacking := sorted(set(installed()) - names):
        raise Wrong(f"it does not tell of {', '.join(lacking[:5])}")
    count = {kind: kinds.count(f"pkg:{kind}") for kind in ("pypi", "deb", "cargo")}
    if not all(count.values()):
        raise Wrong(f"it tells of {count}")
    return f"{bill['bomFormat']} {bill['specVersion']}: " + ", ".join(f"{n} {kind}" for kind, n in count.items())


def server():
    version = told("jupyterhub-singleuser", "--version").splitlines()[-1]
    if not (Path(sys.prefix) / "share/jupyter/labextensions/dask-labextension/package.json").exists():
        raise Wrong("JupyterLab has no Dask panel")
    return f"jupyterhub-singleuser {version}, Dask panel"


def nodes():
    machine = json.loads(told("frazil", "nodes", "--local", "-o", "json"))
    return machine["schema"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def gateway(folder):
    """A gateway of this container; its address."""
    ports = {"api": free_port(), "port": free_port()}
    settings = Path(folder) / "settings.py"
    settings.write_text(SETTINGS.format(folder=folder, **ports))
    log = Path(folder) / "log"
    with log.open("wb") as writes:
        server = subprocess.Popen(["dask-gateway-server", "--config", settings], stdout=writes, stderr=writes)
    address = f"http://127.0.0.1:{ports['port']}"
    try:
        end = time.monotonic() + WAITED
        while not answers(f"{address}/api/health"):
            if server.poll() is not None or time.monotonic() > end:
                raise Wrong(f"the gateway does not start: {log.read_text()[-500:]}")
            time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=60)


def answers(address):
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except OSError:
        return False


def cluster():
    import nbformat
    from nbclient import NotebookClient

    with tempfile.TemporaryDirectory() as folder, gateway(folder) as address:
        os.environ["DASK_GATEWAY__ADDRESS"] = address
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in NOTEBOOK])
        NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    text = "".join(each.text for each in notebook.cells[-1].outputs if each.get("name") == "stdout")
    parts = json.loads(text.splitlines()[-1])
    if (total := parts.pop("total")) != 1_000_000:
        raise Wrong(f"a sum is {total}, and not 1000000")
    first = parts["notebook"]
    for part, have in parts.items():
        differ = sorted(name for name in first.keys() | have.keys() if first.get(name) != have.get(name))
        if differ:
            said = [f"{name} {have.get(name, 'missing')} and not {first.get(name, 'missing')}" for name in differ[:5]]
            raise Wrong(f"the {part} has {', '.join(said)}")
    return f"{len(first)} versions equal; dask {first['dask']}, Python {first['Python']}"


def main(digest, version):
    # All that is asked is in this container: no proxy reaches it, and a hub's settings are for the hub's gateway.
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("DASK_GATEWAY__"):
            del os.environ[name]
    checks = {
        "user": person,
        "lock": lambda: lock(digest),
        "imports": imports,
        "frazil": lambda: wheel(version),
        "bill of materials": materials,
        "server": server,
        "nodes --local": nodes,
        "notebook, scheduler, worker": cluster,
    }
    for what, check in checks.items():
        try:
            ok, found = True, check()
        except Wrong as wrong:
            ok, found = False, str(wrong)
        except Exception as error:
            ok, found = False, traceback.format_exception_only(error)[-1].strip()[-800:]
        print(json.dumps({"what": what, "ok": ok, "found": found}), flush=True)


main(*sys.argv[1:])
