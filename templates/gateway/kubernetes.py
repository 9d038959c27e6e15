"""Dask clusters on Kubernetes, with the limits of a person.

Read after limits.py, in the same namespace: the chart puts both, as text, into
its one configuration file, where modules of ours cannot be imported.

- A promise lives in the cluster's own object, as spec.config.promised_workers,
  so it outlives the gateway. What this process has written counts at once and
  until the object is gone: the watch tells of it later, and tells of other
  changes before it.
- What is counted comes from the watch's own objects, and from clusters just
  asked for that the watch has not shown: two requests in a row, or one right
  after the gateway's start, see each other.
- Workers that live are those that the cluster's object asks for (spec.replicas):
  the gateway may not look at pods. Those that are just closing are not counted,
  and a scheduler whose owner changed its program can keep pods that it gave up.

One pod of the gateway's server is assumed, as the chart has it by default:
with several, each would see the others' promises as late as the watch does.
"""

import asyncio
import hashlib
import os
import re
import time
from types import SimpleNamespace

import aiohttp
from dask_gateway_server.backends.base import PublicException
from dask_gateway_server.backends.kubernetes.backend import KubeBackend, KubeClusterConfig
from dask_gateway_server.models import Cluster, ClusterStatus
from dask_gateway_server.options import Mapping, Options, String
from kubernetes_asyncio.client.rest import ApiException

if "LimitedBackend" not in globals():
    from limits import (
        LimitedBackend,
        LimitedConfig,
        cluster_options,
        worker_fields,
    )

GROUP = "gateway.dask.org"
PLURAL = "daskclusters"
REQUEST_SECONDS = 10
UNSEEN_SECONDS = 2  # a cluster that the watch has not shown by then is asked for
API_FAULTS = (ApiException, aiohttp.ClientError, asyncio.TimeoutError, OSError)

# HOST[:PORT]/PATH[:TAG][@DIGEST]; only the path must be there.
IMAGE = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?/)?"
    r"[a-z0-9]+(?:(?:[._-]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._-]|__|-+)[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
    r"(?:@sha256:[0-9a-f]{64})?"
)
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What the hub and Dask Gateway set themselves, and the keys between the pods.
PROTECTED = ("FRAZIL_", "DASK_GATEWAY_", "DASK_GATEWAY__", "DASK_DISTRIBUTED__COMM__")
MOST_VARIABLES = 100
MOST_CHARACTERS = 32768  # of all variables; Kubernetes' objects have a greatest size
LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


class KubeLimitedConfig(LimitedConfig, KubeClusterConfig):
    """A cluster's record on Kubernetes, with what was promised to it."""


class KubeLimitedBackend(LimitedBackend, KubeBackend):
    """Clusters as objects of Kubernetes, held to their owner's limit."""

    async def setup(self, app):
        self.promises = {}  # cluster name -> (workers, settles), as written last
        self.stopping = set()  # names of clusters that were asked to stop
        self.unseen = {}  # cluster name -> Cluster and when it was asked for
        await super().setup(app)

    # Clusters that are asked for.

    async def start_cluster(self, user, cluster_options):
        try:
            return await super().start_cluster(user, cluster_options)
        except API_FAULTS as fault:
            self.log.warning("No cluster for %s: %s", user.name, fault)
            raise PublicException(
                f"Kubernetes did not take the new cluster ({_reason(fault)}). "
                "Try again in a moment."
            ) from fault

    def make_cluster_object(self, username, options, config):
        obj = super().make_cluster_object(username, options, config)
        name = f"{config.namespace}.{obj['metadata']['name']}"
        cluster = Cluster(name, username, "", options, obj["spec"]["config"],
                          ClusterStatus.PENDING, start_time=int(time.time() * 1000))
        # From here on it counts, whether or not Kubernetes' answer arrives.
        self.unseen[name] = cluster, time.monotonic()
        return obj

    def on_cluster_event(self, cluster, old=None):
        name = self.get_cluster_name(cluster)
        self.unseen.pop(name, None)
        if self.informer.get(name) is None:
            self._forget(name)
        super().on_cluster_event(cluster, old)

    def _forget(self, name):
        self.promises.pop(name, None)
        self.stopping.discard(name)

    async def _look_for_unseen(self, username):
        """Drops the clusters that Kubernetes does not have after all."""
        for name, (cluster, asked) in list(self.unseen.items()):
            old = time.monotonic() - asked > UNSEEN_SECONDS
            if cluster.username == username and old and await self._is_missing(name):
                self.unseen.pop(name, None)
                self._forget(name)

    async def _is_missing(self, name):
        namespace, short = name.split(".")
        try:
            await self.custom_client.get_namespaced_custom_object(
                GROUP, self.crd_version, namespace, PLURAL, short,
                _request_timeout=REQUEST_SECONDS,
            )
        except API_FAULTS as fault:
            return getattr(fault, "status", None) == 404
        return False

    async def get_cluster(self, cluster_name, wait=False):
        cluster = await super().get_cluster(cluster_name, wait)
        if cluster is None and cluster_name in self.unseen:
            cluster = self.unseen[cluster_name][0]
        if cluster is not None:
            cluster.config = self._with_promise(cluster_name, cluster.config)
        return cluster

    # What counts.

    async def counted_clusters(self, username):
        await self._look_for_unseen(username)
        found = {name: cluster for name, (cluster, _) in self.unseen.items()}
        for name, obj in self.informer.cache.items():
            found[name] = _record(name, obj)
        for name in self.stopping & found.keys():
            found[name].status = max(found[name].status, ClusterStatus.STOPPING)
        return [
            SimpleNamespace(name=name, status=cluster.status,
                            config=self._with_promise(name, cluster.config))
            for name, cluster in found.items()
            if cluster.username == username and cluster.status <= ClusterStatus.STOPPING
        ]

    def living_workers(self, cluster):
        obj = self.informer.get(cluster.name) or {}
        return obj.get("spec", {}).get("replicas") or 0

    def _with_promise(self, name, config):
        if name not in self.promises:
            return config
        workers, settles = self.promises[name]
        return dict(config, promised_workers=workers, promise_settles=settles)

    async def save_promise(self, cluster_name, workers, settles):
        namespace, name = cluster_name.split(".")
        values = {"promised_workers": workers, "promise_settles": settles}
        patch = [{"op": "add", "path": f"/spec/config/{key}", "value": value}
                 for key, value in values.items()]
        try:
            await self.custom_client.patch_namespaced_custom_object(
                GROUP, self.crd_version, namespace, PLURAL, name, patch,
                _request_timeout=REQUEST_SECONDS,
            )
        except API_FAULTS as fault:
            if getattr(fault, "status", None) == 404:
                return
            raise PublicException(
                "Kubernetes did not record how many workers this cluster may have "
                f"({_reason(fault)}). Nothing was changed; try again in a moment."
            ) from fault
        self.promises[cluster_name] = workers, settles

    async def stop_cluster(self, cluster_name, failed=False):
        await super().stop_cluster(cluster_name, failed)
        if self.informer.get(cluster_name) is not None or cluster_name in self.unseen:
            self.stopping.add(cluster_name)


def _record(name, obj):
    """What counts of a DaskCluster as Kubernetes has it."""
    spec = obj.get("spec", {})
    status = ClusterStatus.from_name(obj.get("status", {}).get("phase", "Pending"))
    if not spec.get("active", True):
        status = max(status, ClusterStatus.STOPPING)
    return SimpleNamespace(name=name, username=spec.get("username", ""), status=status,
                           config=spec.get("config") or {})


def _reason(fault):
    return getattr(fault, "reason", None) or type(fault).__name__


def image_for(text, default):
    """The image that was asked for; ValueError if that cannot be one."""
    if not text:
        return default
    if len(text) > 512 or not IMAGE.fullmatch(text):
        raise ValueError(
            f"image must be a reference like {default!r}, not {text[:100]!r}. "
            "Leave it empty for this hub's own."
        )
    return text


def variables_for(asked):
    """The environment that was asked for; ValueError with what is wrong in it."""
    for name, value in asked.items():
        if not VARIABLE.fullmatch(name):
            raise ValueError(f"environment: {name[:100]!r} is no name of a variable")
        if name.upper().startswith(PROTECTED):
            raise ValueError(
                f"environment: {name[:100]} is set by the hub. Leave it out; names that "
                f"begin with {', '.join(PROTECTED)} are kept for it."
            )
        if not isinstance(value, str) or "\0" in value:
            raise ValueError(
                f"environment: the value of {name} must be text, not {str(value)[:50]!r}. "
                "Put it in quotes."
            )
    size = sum(len(name) + len(value) for name, value in asked.items())
    if len(asked) > MOST_VARIABLES or size > MOST_CHARACTERS:
        raise ValueError(
            f"environment: at most {MOST_VARIABLES} variables with {MOST_CHARACTERS} "
            "characters in all. Put long texts into a file that the workers read."
        )
    return dict(asked)


def label_for(name):
    """A user name as the value of a label, the same that KubeSpawner makes of it."""
    if LABEL.fullmatch(name) and "--" not in name:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    short = re.sub(r"[^a-z0-9]+", "-", name.lower()).lstrip("-")[:21].rstrip("-")
    if short and not short[0].isalpha():
        short = "x-" + short[:19]
    return f"{short or 'x'}---{digest}"


def kube_cluster_options(options, user_name, groups, settings, given):
    """The configuration of one cluster on Kubernetes from what its user chose.

    settings: those of `configure`. given: c.KubeClusterConfig, whose mappings
    the ones from here are merged into. Raises ValueError with the reason.
    """
    overrides = cluster_options(options, user_name, groups, settings["workers"])
    # More than was asked for would not be counted.
    overrides["worker_cores_limit"] = overrides["worker_cores"]
    overrides["worker_memory_limit"] = overrides["worker_memory"]
    overrides["image"] = image_for(options["image"], settings["image"])
    overrides["environment"] = {
        **given.get("environment", {}),
        **variables_for(options["environment"]),
        "FRAZIL_REGION": settings["region"],
        "FRAZIL_USER": user_name,
    }
    for part in ("worker", "scheduler"):
        # As KubeSpawner marks the pods of servers, so that both are one person's.
        for kind, value in (("annotations", user_name), ("labels", label_for(user_name))):
            key = f"{part}_extra_pod_{kind}"
            overrides[key] = {**given.get(key, {}), "hub.jupyter.org/username": value}
    return overrides


def kube_options_form(settings, given):
    """What a user may choose for a cluster on Kubernetes."""
    return Options(
        *worker_fields(settings["workers"]),
        String("image", default=settings["image"], label="Image"),
        Mapping("environment", label="Environment variables"),
        handler=lambda options, user: kube_cluster_options(
            options, user.name, user.groups, settings, given
        ),
    )


def configure(c, settings):
    """Sets everything on the configuration `c`; ends the gateway if it cannot.

    settings
      workers               {"cores", "memory_bytes": of a worker unless chosen,
                            "max": workers of one cluster | null,
                            "max_cores", "max_memory_bytes": the biggest worker
                            that may be chosen}
      scheduler             {"cores", "memory_bytes"}
      per_user              {"cores": cores | null, "memory_bytes": bytes | null},
                            or null: what all clusters of a person may use
      idle_timeout_seconds  a cluster without work for so long stops; 0 is never
      image                 the image of a cluster unless chosen
      region                such as "aws/us-west-2": FRAZIL_REGION of every pod
      password_env          the variable with everyone's password, or null where
                            the hub says who people are. With a password people
                            give any user name they like, so limits of a person
                            hold between people who are honest about it only.
    """
    per_user = settings.get("per_user") or {}
    c.DaskGateway.backend_class = KubeLimitedBackend
    backend = c.KubeLimitedBackend
    backend.cluster_config_class = KubeLimitedConfig
    backend.cluster_options = kube_options_form(settings, c.KubeClusterConfig)
    backend.per_user_cores = per_user.get("cores")
    backend.per_user_memory = per_user.get("memory_bytes")
    config, scheduler = c.KubeClusterConfig, settings["scheduler"]
    config.image = settings["image"]
    config.scheduler_cores = config.scheduler_cores_limit = scheduler["cores"]
    config.scheduler_memory = config.scheduler_memory_limit = scheduler["memory_bytes"]
    config.idle_timeout = settings["idle_timeout_seconds"]
    if settings.get("password_env"):
        c.SimpleAuthenticator.password = password_from(settings["password_env"])


def password_from(name):
    password = os.environ.get(name, "")
    if not password.strip():
        raise SystemExit(
            f"FATAL: the gateway's password is empty: the variable {name} of its pod has "
            "none. Put one into the hub file's `auth.password` and run 'frazil up' again."
        )
    return password
