"""frazil.Gateway against a real Dask Gateway: a cluster's life, its clients, and what is refused."""

import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import warnings

import pytest

pytest.importorskip("dask_gateway_server.backends.local", reason="needs dask-gateway-server[local]")

from clusters import told_as
from dask_gateway_here import Server, until

LONG = 240.0


@pytest.fixture(scope="module")
def server(package, tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("gateway"))
    yield server
    server.close()


@pytest.fixture
def gateway(server):
    import frazil

    gateway = frazil.Gateway(server.address, user="ada", secret_file=server.password)
    yield gateway
    for cluster in gateway.clusters():
        cluster.stop(wait=True, timeout=LONG)


def test_a_cluster_lives_works_and_ends_with_its_context(gateway, server):
    import frazil

    assert [option["field"] for option in gateway.options()] == ["worker_cores", "path", "mark"]
    assert gateway.clusters() == []
    with gateway.create(worker_cores=2) as cluster:
        assert cluster.wait(LONG) is cluster and cluster.status == "RUNNING", server.log()
        assert cluster.options["worker_cores"] == 2 and cluster.started is not None
        assert cluster.dashboard == f"{server.address}/clusters/{cluster.name}/status"
        cluster.scale(1)
        with cluster.client() as client:
            client.wait_for_workers(1, timeout=LONG)
            assert client.submit(sum, [1, 2, 3]).result(LONG) == 6
            assert client.run(lambda: __import__("frazil").__version__).popitem()[1] == frazil.__version__
            cluster.client(set_as_default=False).close()
        cluster.adapt(0, 2)
        with pytest.warns(frazil.GatewayWarning, match="limit of 2 workers"):
            cluster.adapt(1, 200)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            cluster.adapt(None)
        assert [each.name for each in gateway.clusters()] == [cluster.name]
        assert gateway.cluster(cluster.name).status == "RUNNING"
    cluster.stop(wait=True, timeout=LONG)
    assert cluster.status == "STOPPED" and gateway.clusters() == []
    assert cluster.name in [each.name for each in gateway.clusters("stopped")]
    with pytest.raises(frazil.errors.ClusterError, match="is STOPPED"):
        cluster.wait(LONG)
    with pytest.raises(frazil.errors.ClusterError, match="not running"):
        cluster.client()


@pytest.mark.parametrize("way_out", [ValueError, KeyboardInterrupt, SystemExit])
def test_every_way_out_stops_it(gateway, way_out):
    with pytest.raises(way_out), gateway.create() as cluster:
        raise way_out
    cluster.stop(wait=True, timeout=LONG)
    assert cluster.status == "STOPPED"


INTERRUPTED = """
import sys, frazil
address, password, mark = sys.argv[1:]
try:
    frazil.Gateway(address, user="bob", secret_file=password).create(mark=mark)
except KeyboardInterrupt:
    sys.exit(77)
"""


def test_a_cluster_that_was_on_its_way_at_ctrl_c_is_stopped(server, tmp_path):
    import frazil

    mark = tmp_path / "mark"
    arguments = [server.address, str(server.password), str(mark)]
    asking = subprocess.Popen([sys.executable, "-c", INTERRUPTED, *arguments])
    until(mark.exists, server.log)
    asking.send_signal(signal.SIGINT)
    assert asking.wait(LONG) == 77
    bob = frazil.Gateway(server.address, user="bob", secret_file=server.password)
    clusters = bob.clusters("pending", "running", "stopping", "stopped", "failed")
    assert len(clusters) == 1, server.log()
    until(lambda: clusters[0].status == "STOPPED", server.log)


def test_other_threads_go_on_while_one_waits(gateway):
    with gateway.create() as cluster:
        waiting = threading.Thread(target=cluster.wait, args=(LONG,))
        waiting.start()
        others = [each.name for each in gateway.clusters()]
        still = waiting.is_alive()
        waiting.join()
    assert others == [cluster.name] and still


def test_a_login_is_refused_without_telling_it(server, tmp_path, monkeypatch):
    import frazil

    wrong = tmp_path / "wrong"
    wrong.touch(mode=0o600)
    wrong.write_text("not-to-be-told")
    with pytest.raises(frazil.errors.LoginError) as told:
        frazil.Gateway(server.address, user="ada", secret_file=wrong).clusters()
    assert "not-to-be-told" not in f"{told.value} {told.value.__notes__}" and str(wrong) in str(told.value)
    wrong.chmod(0o644)
    with pytest.raises(frazil.errors.LoginError, match="0644"):
        frazil.Gateway(server.address, user="ada", secret_file=wrong).clusters()
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "0123abcd")
    with pytest.raises(frazil.errors.LoginError, match="wants Basic"):
        frazil.Gateway(server.address).clusters()
    monkeypatch.delenv("JUPYTERHUB_API_TOKEN")
    with pytest.raises(frazil.errors.LoginError, match="JUPYTERHUB_API_TOKEN"):
        frazil.Gateway(server.address).clusters()
    with pytest.raises(frazil.errors.InvalidError, match="no password"):
        frazil.Gateway(server.address, user="ada")


def test_what_a_hub_sets_is_enough_and_a_variable_is_read_when_it_is_needed(server, monkeypatch):
    import frazil

    with pytest.raises(frazil.errors.InvalidError, match="no gateway"):
        frazil.Gateway()
    monkeypatch.setenv("DASK_GATEWAY__ADDRESS", server.address + "/")
    monkeypatch.setenv("DASK_GATEWAY__AUTH__TYPE", "basic")
    gateway = frazil.Gateway(user="ada", secret_env="LATER")
    with pytest.raises(frazil.errors.LoginError, match="LATER"):
        gateway.clusters()
    monkeypatch.setenv("LATER", "tell-no-one")
    assert gateway.clusters() == [] and gateway.address == server.address


def test_what_is_wrong_is_told_before_anything_starts(gateway):
    import frazil

    with pytest.raises(frazil.errors.InvalidError, match="perhaps worker_cores") as told:
        gateway.create(worker_core=1, path=3)
    assert "path has to be text" in str(told.value) and gateway.clusters() == []
    with pytest.raises(frazil.errors.NotFoundError, match="deadbeef"):
        gateway.cluster("deadbeef")
    with pytest.raises(frazil.errors.InvalidError):
        gateway.cluster("no/name")
    with pytest.raises(frazil.errors.InvalidError, match="greatest"):
        frazil.Cluster(gateway, "deadbeef").adapt(1)


def test_nothing_with_a_login_or_a_key_is_pickled_shown_or_left_on_disk(gateway, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with gateway.create() as cluster:
        client = cluster.wait(LONG).client()
        security = client.security
        assert "PRIVATE KEY" in security.tls_key
        shown = f"{gateway!r} {cluster!r} {client!r} {security!r} {security}"
        assert "PRIVATE KEY" not in shown and "tell-no-one" not in shown
        for secret in (gateway, cluster, security):
            with pytest.raises(TypeError, match="cannot be pickled"):
                pickle.dumps(secret)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("other", "words"),
    [("frazil", r"frazil +0 +0\.0\.1 +scheduler"), ("dask", r"dask +\S+ +0\.0\.1 +scheduler"), (None, r"frazil +0 +none +scheduler")],
)
def test_other_versions_are_refused_at_connecting(gateway, tmp_path, other, words):
    import frazil

    if other is not None:
        told_as(tmp_path, "frazil", "0.0.1" if other == "frazil" else "0")
    if other == "dask":
        told_as(tmp_path, "dask", "0.0.1")
    with gateway.create(path=str(tmp_path)) as cluster:
        cluster.wait(LONG)
        with pytest.raises(frazil.errors.VersionError, match=words) as told:
            cluster.client()
        assert "option `image`" in told.value.__notes__[0]
        cluster.client(check_versions=False).close()
