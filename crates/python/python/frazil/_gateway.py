"""Dask clusters at a gateway: made, waited for, scaled and stopped by the native client; worked with by Dask's own."""

from __future__ import annotations

import getpass
import json
import os
import warnings
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from . import _versions
from ._native import GatewayClient
from ._refusing import invalid
from .errors import Error, NotFoundError

if TYPE_CHECKING:
    from distributed import Client

_LONG = 600.0
"""Seconds that are waited for a cluster unless said."""
_PORTS = {"http": 80, "https": 443}
LEAST, MOST = 1, 10
"""Between so many workers a cluster has that a gateway starts for one run, unless said."""


class GatewayWarning(UserWarning):
    """A gateway did less than it was asked for, or what was started at it for a run could not be stopped."""


class Gateway:
    """One user at one gateway of Dask.

    Without an address it is the one of the hub whose server this is (`DASK_GATEWAY__ADDRESS`), by the server's own token.
    A `user` logs in by password, nobody else does. Passwords and tokens are given by reference, as a file that only its
    owner may read or as a variable's name, and read for each request.

    >>> with frazil.Gateway().create(worker_cores=2) as cluster:
    ...     cluster.wait().adapt(1, 20)
    ...     client = cluster.client()

    Where work goes, a gateway stands for a cluster that it starts for that alone: `frazil.distribute(plan, gateway)`.

    proxy_address: where schedulers answer, if it is not the gateway's own host and port.
    public_address: where people's browsers reach the gateway, if it is elsewhere.
    region, buckets: where its workers are, such as `aws/us-west-2`, and which buckets are read best from there.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        user: str | None = None,
        secret_file: str | os.PathLike[str] | None = None,
        secret_env: str | None = None,
        proxy_address: str | None = None,
        public_address: str | None = None,
        region: str | None = None,
        buckets: Sequence[str] = (),
    ) -> None:
        told = os.environ.get("DASK_GATEWAY__ADDRESS")
        if address is None and not told:
            raise invalid(
                "no gateway is named, and there is none in the environment",
                "give its address, or call it on a hub with a gateway (DASK_GATEWAY__ADDRESS)",
            )
        if secret_file is not None and secret_env is not None:
            raise invalid("the secret is both in a file and in a variable", "give one of secret_file and secret_env")
        if address is None or address == told:
            # Of another gateway the environment tells nothing: its schedulers answer elsewhere.
            address = address or told
            proxy_address = proxy_address or os.environ.get("DASK_GATEWAY__PROXY_ADDRESS")
            public_address = public_address or os.environ.get("DASK_GATEWAY__PUBLIC_ADDRESS")
            if user is None and os.environ.get("DASK_GATEWAY__AUTH__TYPE") == "basic":
                # On a hub the system's user is the same for everybody.
                user = os.environ.get("JUPYTERHUB_USER") or getpass.getuser()
        assert address is not None
        if user is not None and secret_file is None and secret_env is None:
            raise invalid(f"there is no password for {user}", "name where it is: secret_file or secret_env")
        self._client = GatewayClient(address, user, secret_file, secret_env)
        self._schedulers = _schedulers(self.address, proxy_address)
        self._public = public_address
        self.region = region
        """Where its workers are."""
        self.buckets = tuple(buckets)
        """Those that are read best from there."""

    @property
    def address(self) -> str:
        """Where the gateway is."""
        return self._client.address

    def clusters(self, *statuses: str) -> list[Cluster]:
        """The user's clusters that are pending or run; or those of some statuses: `"failed"`, `"stopped"`."""
        return [Cluster(self, told["name"]) for told in self._client.clusters(list(statuses))]

    def cluster(self, name: str) -> Cluster:
        """A cluster by its name."""
        return Cluster(self, self._client.cluster(name)["name"])

    def options(self) -> list[dict[str, Any]]:
        """What may be chosen for a cluster: each with `field`, `label`, `default` and `spec`."""
        return self._client.options()

    def create(self, **options: Any) -> Cluster:
        """Asks for a cluster; `wait` of it waits until it runs, and `with` stops it whatever happens.

        All that is wrong with the options is told at once, and nothing is started then. Ctrl-C while it is asked for stops
        the cluster that is on its way.
        """
        return Cluster(self, self._client.create(json.dumps(options)))

    def on_demand(self, least: int = LEAST, most: int = MOST, **options: Any) -> OnDemand:
        """A cluster that is started when work wants it, has between so many workers by load, and is stopped behind it on every
        way out: `frazil.distribute(plan, gateway.on_demand(2, 40, worker_cores=2))`.
        """
        return OnDemand(self, least, most, options)

    def __repr__(self) -> str:
        return f"<frazil.Gateway at {self.address}>"

    def __reduce__(self) -> tuple[Any, ...]:
        raise _not_sent("a gateway with its login")


class Cluster:
    """A Dask cluster at a gateway. As a context it is stopped on every way out; else it runs until it is stopped, or idle
    for as long as the gateway allows."""

    def __init__(self, gateway: Gateway, name: str) -> None:
        self.gateway = gateway
        """The gateway that it is at."""
        self.name = name
        """Its name."""
        # Their methods have no types of their own.
        self._clients: weakref.WeakSet[Any] = weakref.WeakSet()

    @property
    def status(self) -> str:
        """Where it is in its life, as it is now: `PENDING`, `RUNNING`, `STOPPING`, `STOPPED` or `FAILED`."""
        return str(self._told()["status"])

    @property
    def options(self) -> dict[str, Any]:
        """The options that it was created with."""
        return dict(self._told()["options"])

    @property
    def started(self) -> datetime | None:
        """When it was asked for."""
        milliseconds = self._told()["start_time"]
        return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)

    @property
    def dashboard(self) -> str | None:
        """The page of its dashboard, once it runs. Whoever has it sees the dashboard."""
        route = self._told()["dashboard_route"]
        if route is None:
            return None
        public = self.gateway._public
        return self.gateway._client.dashboard(route) if public is None else f"{public.rstrip('/')}{route}"

    def wait(self, timeout: float = _LONG) -> Cluster:
        """Waits until it runs, so many seconds at most. A cluster that ends instead is a `ClusterError`."""
        self.gateway._client.wait(self.name, timeout)
        return self

    def scale(self, count: int) -> None:
        """Makes it so many workers, and ends adapting. A gateway that made it fewer is a `GatewayWarning`."""
        _warn(self.gateway._client.scale(self.name, count))

    def adapt(self, minimum: int | None, maximum: int | None = None) -> None:
        """Lets the number of workers follow the load between two bounds; `adapt(None)` ends that.

        There is always a greatest number: without it one idle cluster could fill a cloud.
        """
        if minimum is None:
            if maximum is not None:
                raise invalid("a greatest number without a least", "give both, or `adapt(None)` to end it")
            _warn(self.gateway._client.adapt(self.name, None))
        elif maximum is None:
            raise invalid("a least number without a greatest", "give both: `adapt(1, 20)`")
        else:
            _warn(self.gateway._client.adapt(self.name, (minimum, maximum)))

    def stop(self, *, wait: bool = False, timeout: float = _LONG) -> None:
        """Stops it, and closes its clients; one that has ended stays as it is. `wait` waits for the end."""
        try:
            for client in list(self._clients):
                client.close()
        finally:
            self.gateway._client.stop(self.name)
        if wait:
            # One that the gateway has forgotten has ended.
            with suppress(NotFoundError):
                self.gateway._client.wait_until_ended(self.name, timeout)

    def client(self, *, check_versions: bool = True, **keywords: Any) -> Client:
        """A `distributed.Client` of the running cluster; keywords are the client's own.

        Its certificate and key go from the gateway into Dask Gateway's own security and nowhere else. Versions are compared
        at once, of this process, the scheduler and the workers that are there; what differs is a `VersionError`.
        """
        if keywords.get("asynchronous"):
            raise invalid("versions are compared before the client is given", "take the client without asynchronous=True")
        distributed, security = _dask()
        certificate, key = self.gateway._client.credentials(self.name)
        address = f"{self.gateway._schedulers.rstrip('/')}/{self.name}"
        client: Any = distributed.Client(address, security=security(tls_key=key, tls_cert=certificate), **keywords)
        self._clients.add(client)
        try:
            if check_versions:
                _versions.must_agree(client)
        except BaseException:
            client.close()
            raise
        made: Client = client
        return made

    def _told(self) -> dict[str, Any]:
        return self.gateway._client.cluster(self.name)

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<frazil.Cluster {self.name} at {self.gateway.address}>"

    def __reduce__(self) -> tuple[Any, ...]:
        raise _not_sent("a Dask cluster with its login")


@dataclass(frozen=True)
class OnDemand:
    """A cluster that a gateway starts when it is called; as a context it is stopped on every way out."""

    gateway: Gateway
    """The gateway."""
    least: int
    """So many workers at least."""
    most: int
    """So many at most."""
    options: dict[str, Any]
    """What else is chosen for it: see `Gateway.options`."""

    @property
    def buckets(self) -> tuple[str, ...]:
        """Those that are read best from there."""
        return self.gateway.buckets

    @contextmanager
    def __call__(self) -> Iterator[Cluster]:
        """The cluster, once it runs."""
        with self.gateway.create(**self.options) as cluster:
            cluster.wait().adapt(self.least, self.most)
            yield cluster


def _not_sent(what: str) -> TypeError:
    error = TypeError(f"{what} cannot be pickled: other processes would get the way to a secret")
    error.add_note("make it anew there; tasks on workers reach their own cluster by `distributed.get_client()`")
    return error


def _schedulers(address: str, told: str | None) -> str:
    """Where schedulers answer: the gateway's proxy takes Dask's protocol at its own port, unless another address or port is
    told, as Dask Gateway's own client reads it.
    """
    if told and told.isdigit():
        return f"{_schedulers(address, None).rpartition(':')[0]}:{told}"
    if told:
        return f"gateway://{urlsplit(told).netloc or told}"
    parts = urlsplit(address)
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
    return f"gateway://{host}:{parts.port or _PORTS.get(parts.scheme, 443)}"


def _warn(limit: str | None) -> None:
    if limit is not None:
        warnings.warn(f"the gateway did less: {limit}", GatewayWarning, stacklevel=3)


def _dask() -> tuple[Any, Any]:
    """`distributed`, and Dask Gateway's security, which is not pickled here; its comm is registered by the import."""
    try:
        import distributed
        from dask_gateway.client import GatewaySecurity  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError as missing:
        error = Error(f"a client needs distributed and dask-gateway: {missing}")
        error.add_note("pip install 'frazil[gateway]'")
        raise error from missing

    class Security(GatewaySecurity):  # type: ignore[misc,unused-ignore]
        def __reduce__(self) -> tuple[Any, ...]:
            raise _not_sent("the key of a Dask cluster")

    return distributed, Security
