"""Makes moto's EKS clusters and node groups behave as EKS's do: they take a while to come and to go, their
API server is a real one, and they bring a security group and Auto Scaling groups along."""

import base64
import functools
import secrets
import threading

from moto.autoscaling.models import autoscaling_backends
from moto.ec2.models import ec2_backends
from moto.eks import models

DEFAULT_VERSION = "1.35"
# What moto's EKS leaves out of a request: set on the object, moto's serializer finds it there.
CLUSTER_FIELDS = {
    "accessConfig": "access_config",
    "upgradePolicy": "upgrade_policy",
    "zonalShiftConfig": "zonal_shift_config",
    "storageConfig": "storage_config",
    "computeConfig": "compute_config",
    "deletionProtection": "deletion_protection",
    "controlPlaneScalingConfig": "control_plane_scaling_config",
}
NODEGROUP_FIELDS = {"updateConfig": "update_config", "nodeRepairConfig": "node_repair_config"}

# The body of the request that this thread answers.
received = threading.local()


class Pending:
    """Changes under way, each over after some reads of what it changes."""

    def __init__(self):
        self.polls = 0
        self.waiting = {}
        self.lock = threading.RLock()

    def begin(self, key, finish):
        if self.polls == 0:
            finish()
        else:
            self.waiting[key] = [self.polls, finish]

    def read(self, *key):
        """One read of a resource, or with `None` as its last part of a list of such."""
        with self.lock:
            fits = [one for one in self.waiting if one == key or key[-1] is None and one[:-1] == key[:-1]]
            for one in fits:
                self.waiting[one][0] -= 1
                if self.waiting[one][0] <= 0:
                    self.waiting.pop(one)[1]()


pending = Pending()


def install(endpoint, authority, polls):
    """Changes moto's classes; to be called before the first request."""
    pending.polls = polls
    certificate = b"" if authority is None else read_authority(authority)
    change_cluster(endpoint, base64.b64encode(certificate).decode())
    change_nodegroup()
    change_backend()


def read_authority(path):
    with open(path, "rb") as file:
        return file.read()


def after(original):
    """Runs a function with an object once its constructor is through."""

    def wrap(follow):
        @functools.wraps(original)
        def init(self, *args, **kwargs):
            original(self, *args, **kwargs)
            follow(self, kwargs)

        return init

    return wrap


def take(into, fields):
    for field, attribute in fields.items():
        if field in getattr(received, "body", {}):
            setattr(into, attribute, received.body[field])


def change_cluster(endpoint, authority):
    @after(models.Cluster.__init__)
    def init(cluster, arguments):
        if endpoint:
            cluster.endpoint = endpoint
        cluster.certificate_authority = {"data": authority}
        cluster.version = arguments.get("version") or DEFAULT_VERSION
        cluster.platform_version = "eks.1"
        issuer = f"https://oidc.eks.{arguments['region_name']}.amazonaws.com/id/{secrets.token_hex(16).upper()}"
        cluster.identity = {"oidc": {"issuer": issuer}}
        cluster.access_config = {"authenticationMode": "CONFIG_MAP"}
        cluster.upgrade_policy = {"supportType": "EXTENDED"}
        cluster.deletion_protection = False
        take(cluster, CLUSTER_FIELDS)
        cluster.access_config.pop("bootstrapClusterCreatorAdminPermissions", None)
        # Members of kinds that moto's EKS does not have: see eks.py.
        cluster.addons, cluster.access_entries, cluster.pod_identities, cluster.updates = {}, {}, {}, {}
        place(cluster, arguments)

    models.Cluster.__init__ = init


def place(cluster, arguments):
    """Tells the VPC of a cluster and makes the security group that EKS makes for it."""
    ec2 = ec2_backends[arguments["account_id"]][arguments["region_name"]]
    wanted = set(cluster.resources_vpc_config.get("subnetIds", []))
    subnets = [one for one in ec2.describe_subnets() if one.id in wanted]
    cluster.resources_vpc_config.setdefault("endpointPublicAccess", True)
    cluster.resources_vpc_config.setdefault("endpointPrivateAccess", False)
    cluster.security_group = None
    if not subnets:
        return
    name = f"eks-cluster-sg-{cluster.name}-{secrets.randbelow(10**9)}"
    tags = {"Name": name, "aws:eks:cluster-name": cluster.name, f"kubernetes.io/cluster/{cluster.name}": "owned"}
    about = "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes"
    group = ec2.create_security_group(name, about, subnets[0].vpc_id)
    group.add_tags(tags)
    cluster.security_group = group
    cluster.resources_vpc_config.update(vpcId=subnets[0].vpc_id, clusterSecurityGroupId=group.id)


def change_nodegroup():
    @after(models.Nodegroup.__init__)
    def init(nodegroup, arguments):
        version = arguments.get("version") or DEFAULT_VERSION
        nodegroup.version = version
        nodegroup.release_version = arguments.get("release_version") or f"{version}.3-20261101"
        nodegroup.ami_type = arguments.get("ami_type") or "AL2023_x86_64_STANDARD"
        take(nodegroup, NODEGROUP_FIELDS)
        name = f"eks-{nodegroup.nodegroup_name}-{nodegroup.uuid}"
        nodegroup.resources = {"autoScalingGroups": [{"name": name}]}
        if not arguments.get("remote_access"):
            nodegroup.remote_access = None
        if nodegroup.launch_template:
            nodegroup.disk_size = None
        group(name, nodegroup, arguments)

    models.Nodegroup.__init__ = init


def group(name, nodegroup, arguments):
    """The Auto Scaling group of a node group. It starts no instances: no test looks for them."""
    autoscaling = autoscaling_backends[arguments["account_id"]][arguments["region_name"]]
    tags = {
        "eks:cluster-name": nodegroup.cluster_name,
        "eks:nodegroup-name": nodegroup.nodegroup_name,
        f"kubernetes.io/cluster/{nodegroup.cluster_name}": "owned",
        "k8s.io/cluster-autoscaler/enabled": "true",
        f"k8s.io/cluster-autoscaler/{nodegroup.cluster_name}": "owned",
    }
    shape = {"ResourceType": "auto-scaling-group", "PropagateAtLaunch": True, "ResourceId": name}
    launch = nodegroup.launch_template or {}
    if "id" not in launch:
        return
    autoscaling.create_auto_scaling_group(
        name=name,
        availability_zones=[],
        desired_capacity=0,
        max_size=nodegroup.scaling_config["maxSize"],
        min_size=0,
        launch_config_name=None,
        launch_template={"LaunchTemplateId": launch["id"], "Version": str(launch.get("version", "$Default"))},
        vpc_zone_identifier=",".join(nodegroup.subnets),
        default_cooldown=None,
        health_check_period=None,
        health_check_type="EC2",
        load_balancers=[],
        target_group_arns=[],
        placement_group=None,
        termination_policies=[],
        tags=[{"Key": key, "Value": value, **shape} for key, value in tags.items()],
    )


def change_backend():
    """States while a cluster or node group comes and goes."""
    backend = models.EKSBackend
    create_cluster, delete_cluster = backend.create_cluster, backend.delete_cluster
    create_nodegroup, delete_nodegroup = backend.create_nodegroup, backend.delete_nodegroup
    update_nodegroup = backend.update_nodegroup_config

    def creating(self, key, made):
        made.status = "CREATING"
        pending.begin((self.account_id, self.region_name, *key), functools.partial(setattr, made, "status", "ACTIVE"))
        return made

    def new_cluster(self, *args, **kwargs):
        made = create_cluster(self, *args, **kwargs)
        return creating(self, ("", made.name), made)

    def new_nodegroup(self, *args, **kwargs):
        made = create_nodegroup(self, *args, **kwargs)
        return creating(self, (made.cluster_name, made.nodegroup_name), made)

    def other_nodegroup(self, cluster_name, nodegroup_name, *args, **kwargs):
        nodegroup = self.clusters[cluster_name].nodegroups[nodegroup_name]
        scaling = {**nodegroup.scaling_config, **(kwargs.get("scaling_config") or {})}
        least, wanted, most = (scaling[key] for key in ("minSize", "desiredSize", "maxSize"))
        if least > wanted:
            message = f"Minimum capacity {least} can't be greater than desired size {wanted}"
            raise models.InvalidParameterException(message=message)
        if wanted > most:
            message = f"Desired capacity {wanted} can't be greater than max size {most}"
            raise models.InvalidParameterException(message=message)
        return update_nodegroup(self, cluster_name, nodegroup_name, *args, **kwargs)

    def end_cluster(self, name):
        cluster = self.clusters.get(name)
        if cluster is None:
            return delete_cluster(self, name)
        if getattr(cluster, "deletion_protection", False):
            raise models.InvalidRequestException(message=f"Cluster {name} has deletion protection enabled")
        models.validate_safe_to_delete(cluster)
        cluster.status = "DELETING"

        def finish():
            delete_cluster(self, name)
            if cluster.security_group is not None:
                ec2_backends[self.account_id][self.region_name].delete_security_group(group_id=cluster.security_group.id)

        pending.begin((self.account_id, self.region_name, "", name), finish)
        return cluster

    def end_nodegroup(self, cluster_name, nodegroup_name):
        cluster = self.clusters.get(cluster_name)
        nodegroup = cluster.nodegroups.get(nodegroup_name) if cluster else None
        if nodegroup is None:
            return delete_nodegroup(self, cluster_name, nodegroup_name)
        nodegroup.status = "DELETING"

        def finish():
            delete_nodegroup(self, cluster_name, nodegroup_name)
            groups = autoscaling_backends[self.account_id][self.region_name].autoscaling_groups
            for one in nodegroup.resources["autoScalingGroups"]:
                groups.pop(one["name"], None)

        pending.begin((self.account_id, self.region_name, cluster_name, nodegroup_name), finish)
        return nodegroup

    backend.create_cluster, backend.delete_cluster = new_cluster, end_cluster
    backend.create_nodegroup, backend.delete_nodegroup = new_nodegroup, end_nodegroup
    backend.update_nodegroup_config = other_nodegroup
    count_reads(backend)


def count_reads(backend):
    """A describe or a list brings what is under way one step on, before it answers."""

    def counted(method, key):
        original = getattr(backend, method)

        @functools.wraps(original)
        def read(self, *args, **kwargs):
            pending.read(self.account_id, self.region_name, *key(*args, **kwargs))
            return original(self, *args, **kwargs)

        setattr(backend, method, read)

    counted("describe_cluster", lambda name: ("", name))
    counted("describe_nodegroup", lambda cluster_name, nodegroup_name: (cluster_name, nodegroup_name))
    counted("list_clusters", lambda **_: ("", None))
    counted("list_nodegroups", lambda cluster_name, **_: (cluster_name, None))
