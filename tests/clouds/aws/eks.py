"""EKS operations that moto lacks: addons, access entries, pod identities, updates, versions, and tags of all of these."""

import datetime
import secrets
import uuid

from moto.core import DEFAULT_ACCOUNT_ID
from moto.eks.models import eks_backends

from clusters import pending

# Versions that EKS offers, newest first, with the ends of standard and extended support.
VERSIONS = {
    "1.36": ("STANDARD_SUPPORT", "2027-11-23", "2028-11-23"),
    "1.35": ("STANDARD_SUPPORT", "2027-03-27", "2028-03-27"),
    "1.34": ("STANDARD_SUPPORT", "2026-12-02", "2027-12-02"),
    "1.33": ("EXTENDED_SUPPORT", "2026-07-29", "2027-07-29"),
    "1.32": ("EXTENDED_SUPPORT", "2026-03-23", "2027-03-23"),
}
ADDONS = {
    "vpc-cni": "v1.21.1-eksbuild.1",
    "kube-proxy": "v1.35.0-eksbuild.2",
    "coredns": "v1.13.1-eksbuild.1",
    "aws-ebs-csi-driver": "v1.55.0-eksbuild.1",
    "aws-efs-csi-driver": "v2.2.0-eksbuild.1",
    "eks-pod-identity-agent": "v1.3.10-eksbuild.1",
    "eks-node-monitoring-agent": "v1.4.2-eksbuild.1",
    "snapshot-controller": "v8.3.0-eksbuild.1",
    "metrics-server": "v0.8.0-eksbuild.5",
}
POLICIES = ["AmazonEKSClusterAdminPolicy", "AmazonEKSAdminPolicy", "AmazonEKSEditPolicy", "AmazonEKSViewPolicy"]


class Refused(Exception):
    """An error of EKS."""

    def __init__(self, code, message, status=400):
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def answers(request):
    return request.service == "eks" and request.action in OPERATIONS


def answer(request, max_page):
    call = Call(request, max_page)
    try:
        return 200, OPERATIONS[request.action](call), {}
    except Refused as refused:
        return refused.status, {"message": refused.message}, {"x-amzn-ErrorType": refused.code}


class Call:
    """One request to one cluster."""

    def __init__(self, request, max_page):
        self.labels, self.query, self.max_page = request.labels, request.query, max_page
        self.body = request.json()
        self.backend = eks_backends[DEFAULT_ACCOUNT_ID][request.region]
        self.region = request.region

    def cluster(self):
        found = self.backend.clusters.get(self.labels["name"])
        if found is None:
            raise Refused("ResourceNotFoundException", f"No cluster found for name: {self.labels['name']}.", 404)
        return found

    def active_cluster(self):
        found = self.cluster()
        if found.status != "ACTIVE":
            raise Refused("InvalidRequestException", f"Cluster '{found.name}' is not in ACTIVE status")
        return found

    def arn(self, kind, *parts):
        return f"arn:aws:eks:{self.region}:{DEFAULT_ACCOUNT_ID}:{kind}/" + "/".join([self.cluster().name, *parts])

    def page(self, key, members):
        asked = int(self.query.get("maxResults", [self.max_page])[0])
        size, start = min(asked, self.max_page), int(self.query.get("nextToken", ["0"])[0])
        told = {key: members[start : start + size]}
        if start + size < len(members):
            told["nextToken"] = str(start + size)
        return told

    def pending_key(self, name):
        return (DEFAULT_ACCOUNT_ID, self.region, self.cluster().name, name)


def now():
    return datetime.datetime.now(datetime.UTC).timestamp()


def member(members, key, what):
    if key not in members:
        raise Refused("ResourceNotFoundException", f"No {what} found: {key}", 404)
    return members[key]


def free(members, key, what):
    if key in members:
        raise Refused("ResourceInUseException", f"{what} already exists: {key}", 409)


# Addons


def create_addon(call):
    cluster, name = call.active_cluster(), call.body["addonName"]
    free(cluster.addons, name, "Addon")
    if name not in ADDONS:
        raise Refused("InvalidParameterException", f"Addon {name} specified is not supported")
    addon = {
        "addonName": name,
        "clusterName": cluster.name,
        "status": "CREATING",
        "addonVersion": call.body.get("addonVersion") or ADDONS[name],
        "health": {"issues": []},
        "addonArn": call.arn("addon", name, str(uuid.uuid4())),
        "createdAt": now(),
        "modifiedAt": now(),
        "tags": call.body.get("tags", {}),
    }
    addon |= {key: call.body[key] for key in ("serviceAccountRoleArn", "configurationValues") if key in call.body}
    addon["podIdentityAssociations"] = [
        associate(call, {**one, "namespace": "kube-system", "ownerArn": addon["addonArn"]})["associationArn"]
        for one in call.body.get("podIdentityAssociations", [])
    ]
    cluster.addons[name] = addon
    pending.begin(call.pending_key(f"addon/{name}"), lambda: addon.update(status="ACTIVE"))
    return {"addon": addon}


def describe_addon(call):
    name = call.labels["addonName"]
    pending.read(*call.pending_key(f"addon/{name}"))
    return {"addon": member(call.cluster().addons, name, "addon")}


def list_addons(call):
    return call.page("addons", sorted(call.cluster().addons))


def update_addon(call):
    cluster = call.active_cluster()
    addon = member(cluster.addons, call.labels["addonName"], "addon")
    for key in ("addonVersion", "serviceAccountRoleArn", "configurationValues"):
        if key in call.body:
            addon[key] = call.body[key]
    addon["modifiedAt"] = now()
    return {"update": update(cluster, "AddonUpdate", call.body)}


def delete_addon(call):
    cluster, name = call.cluster(), call.labels["addonName"]
    addon = member(cluster.addons, name, "addon")
    addon["status"] = "DELETING"

    def finish():
        cluster.addons.pop(name, None)
        for key, one in list(cluster.pod_identities.items()):
            if one.get("ownerArn") == addon["addonArn"]:
                del cluster.pod_identities[key]

    pending.begin(call.pending_key(f"addon/{name}"), finish)
    return {"addon": addon}


def describe_addon_versions(call):
    wanted = call.query.get("addonName")
    names = [name for name in ADDONS if not wanted or name in wanted]
    version = call.query.get("kubernetesVersion", ["1.35"])[0]
    addons = [
        {
            "addonName": name,
            "type": "networking",
            "owner": "aws",
            "publisher": "eks",
            "addonVersions": [
                {
                    "addonVersion": ADDONS[name],
                    "architecture": ["amd64", "arm64"],
                    "compatibilities": [{"clusterVersion": version, "platformVersions": ["*"], "defaultVersion": True}],
                }
            ],
        }
        for name in names
    ]
    return call.page("addons", addons)


# Access entries


def create_access_entry(call):
    cluster, principal = call.active_cluster(), call.body["principalArn"]
    if cluster.access_config.get("authenticationMode") == "CONFIG_MAP":
        message = "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation."
        raise Refused("InvalidRequestException", message)
    free(cluster.access_entries, principal, "The specified access entry resource")
    entry = {
        "clusterName": cluster.name,
        "principalArn": principal,
        "kubernetesGroups": call.body.get("kubernetesGroups", []),
        "accessEntryArn": call.arn("access-entry", "role", DEFAULT_ACCOUNT_ID, principal.split("/")[-1], str(uuid.uuid4())),
        "createdAt": now(),
        "modifiedAt": now(),
        "tags": call.body.get("tags", {}),
        "username": call.body.get("username", principal),
        "type": call.body.get("type", "STANDARD"),
    }
    cluster.access_entries[principal] = {"entry": entry, "policies": {}}
    return {"accessEntry": entry}


def entry_of(call):
    return member(call.cluster().access_entries, call.labels["principalArn"], "access entry")


def update_access_entry(call):
    entry = entry_of(call)["entry"]
    entry |= {key: call.body[key] for key in ("kubernetesGroups", "username") if key in call.body}
    return {"accessEntry": entry}


def delete_access_entry(call):
    entry_of(call)
    del call.cluster().access_entries[call.labels["principalArn"]]
    return {}


def associate_access_policy(call):
    policy, policies = call.body["policyArn"], entry_of(call)["policies"]
    if policy.split("/")[-1] not in POLICIES:
        raise Refused("InvalidParameterException", f"The policyArn parameter format is not valid: {policy}")
    policies[policy] = {
        "policyArn": policy,
        "accessScope": call.body["accessScope"],
        "associatedAt": now(),
        "modifiedAt": now(),
    }
    found = {"clusterName": call.cluster().name, "principalArn": call.labels["principalArn"]}
    return {**found, "associatedAccessPolicy": policies[policy]}


def list_associated_access_policies(call):
    policies = list(entry_of(call)["policies"].values())
    found = {"clusterName": call.cluster().name, "principalArn": call.labels["principalArn"]}
    return {**found, **call.page("associatedAccessPolicies", policies)}


def disassociate_access_policy(call):
    policies = entry_of(call)["policies"]
    member(policies, call.labels["policyArn"], "associated policy")
    del policies[call.labels["policyArn"]]
    return {}


def list_access_policies(call):
    policies = [{"name": one, "arn": f"arn:aws:eks::aws:cluster-access-policy/{one}"} for one in POLICIES]
    return call.page("accessPolicies", policies)


# Pod identities


def associate(call, body):
    cluster = call.cluster()
    key = (body["namespace"], body["serviceAccount"])
    if any((one["namespace"], one["serviceAccount"]) == key for one in cluster.pod_identities.values()):
        raise Refused("ResourceInUseException", f"Association already exists: {key[0]}/{key[1]}", 409)
    name = "a-" + secrets.token_hex(8) + "0"
    made = {
        "clusterName": cluster.name,
        "namespace": body["namespace"],
        "serviceAccount": body["serviceAccount"],
        "roleArn": body["roleArn"],
        "associationArn": call.arn("podidentityassociation", name),
        "associationId": name,
        "tags": body.get("tags", {}),
        "createdAt": now(),
        "modifiedAt": now(),
    }
    if "ownerArn" in body:
        made["ownerArn"] = body["ownerArn"]
    cluster.pod_identities[name] = made
    return made


def create_pod_identity(call):
    call.active_cluster()
    return {"association": associate(call, call.body)}


def pod_identity(call):
    return member(call.cluster().pod_identities, call.labels["associationId"], "association")


def list_pod_identities(call):
    asked = {key: call.query[key][0] for key in ("namespace", "serviceAccount") if key in call.query}
    keys = ("clusterName", "namespace", "serviceAccount", "associationArn", "associationId", "ownerArn")
    found = [
        {key: one[key] for key in keys if key in one}
        for one in call.cluster().pod_identities.values()
        if all(one[key] == value for key, value in asked.items())
    ]
    return call.page("associations", found)


def update_pod_identity(call):
    found = pod_identity(call)
    found |= {"roleArn": call.body.get("roleArn", found["roleArn"]), "modifiedAt": now()}
    return {"association": found}


def delete_pod_identity(call):
    found = pod_identity(call)
    del call.cluster().pod_identities[found["associationId"]]
    return {"association": found}


# Updates and versions


def update(cluster, kind, body):
    """An update that the first read finds done."""
    params = [{"type": key, "value": str(value)} for key, value in body.items() if key != "clientRequestToken"]
    made = {"id": str(uuid.uuid4()), "status": "InProgress", "type": kind, "params": params, "createdAt": now(), "errors": []}
    cluster.updates[made["id"]] = made
    return made


def describe_update(call):
    found = member(call.cluster().updates, call.labels["updateId"], "update")
    found["status"] = "Successful"
    return {"update": found}


def list_updates(call):
    return call.page("updateIds", list(call.cluster().updates))


def update_cluster_version(call):
    cluster, wanted = call.active_cluster(), call.body["version"]
    minor = int(cluster.version.split(".")[1])
    if wanted not in VERSIONS or int(wanted.split(".")[1]) not in (minor, minor + 1):
        raise Refused("InvalidParameterException", f"Unsupported Kubernetes minor version update from {cluster.version} to {wanted}")
    cluster.version = wanted
    return {"update": update(cluster, "VersionUpdate", call.body)}


def update_nodegroup_version(call):
    cluster = call.active_cluster()
    nodegroup = member(cluster.nodegroups, call.labels["nodegroupName"], "node group")
    nodegroup.version = call.body.get("version", cluster.version)
    if "launchTemplate" in call.body:
        nodegroup.launch_template.update(call.body["launchTemplate"])
    return {"update": update(cluster, "VersionUpdate", call.body)}


def update_cluster_config(call):
    cluster = call.active_cluster()
    kinds = {
        "accessConfig": "AccessConfigUpdate",
        "upgradePolicy": "UpgradePolicyUpdate",
        "logging": "LoggingUpdate",
        "resourcesVpcConfig": "EndpointAccessUpdate",
        "deletionProtection": "DeletionProtectionUpdate",
    }
    given = [key for key in kinds if key in call.body]
    if not given:
        raise Refused("InvalidParameterException", "No changes needed for the cluster")
    for attribute, key in (("access_config", "accessConfig"), ("upgrade_policy", "upgradePolicy"), ("resources_vpc_config", "resourcesVpcConfig")):
        if key in call.body:
            getattr(cluster, attribute).update(call.body[key])
    cluster.logging = call.body.get("logging", cluster.logging)
    cluster.deletion_protection = call.body.get("deletionProtection", cluster.deletion_protection)
    return {"update": update(cluster, kinds[given[0]], call.body)}


def associate_encryption(call):
    cluster = call.active_cluster()
    cluster.encryption_config = call.body["encryptionConfig"]
    return {"update": update(cluster, "AssociateEncryptionConfig", call.body)}


def describe_cluster_versions(call):
    wanted = call.query.get("clusterVersions")
    found = [
        {
            "clusterVersion": version,
            "clusterType": "eks",
            "defaultPlatformVersion": "eks.1",
            "defaultVersion": version == "1.35",
            "versionStatus": status,
            "status": status.lower().replace("_", "-"),
            "endOfStandardSupportDate": stamp(standard),
            "endOfExtendedSupportDate": stamp(extended),
            "kubernetesPatchVersion": version + ".3",
        }
        for version, (status, standard, extended) in VERSIONS.items()
        if not wanted or version in wanted
    ]
    return call.page("clusterVersions", found)


def stamp(day):
    return datetime.datetime.fromisoformat(day).replace(tzinfo=datetime.UTC).timestamp()


# Tags, of whatever has an ARN


def tags_of(call):
    wanted = call.labels["resourceArn"]
    for cluster in call.backend.clusters.values():
        entries = [one["entry"] for one in cluster.access_entries.values()]
        tagged = [*cluster.addons.values(), *entries, *cluster.pod_identities.values()]
        for one in tagged:
            if wanted in (one.get("addonArn"), one.get("accessEntryArn"), one.get("associationArn")):
                return one["tags"]
        for one in [cluster, *cluster.nodegroups.values()]:
            if one.arn == wanted:
                return one.tags
    raise Refused("NotFoundException", f"Resource was not found: {wanted}", 404)


def tag_resource(call):
    tags_of(call).update(call.body["tags"])
    return {}


def untag_resource(call):
    tags = tags_of(call)
    for key in call.query.get("tagKeys", []):
        tags.pop(key, None)
    return {}


OPERATIONS = {
    "CreateAddon": create_addon,
    "DescribeAddon": describe_addon,
    "ListAddons": list_addons,
    "UpdateAddon": update_addon,
    "DeleteAddon": delete_addon,
    "DescribeAddonVersions": describe_addon_versions,
    "CreateAccessEntry": create_access_entry,
    "DescribeAccessEntry": lambda call: {"accessEntry": entry_of(call)["entry"]},
    "ListAccessEntries": lambda call: call.page("accessEntries", sorted(call.cluster().access_entries)),
    "UpdateAccessEntry": update_access_entry,
    "DeleteAccessEntry": delete_access_entry,
    "AssociateAccessPolicy": associate_access_policy,
    "ListAssociatedAccessPolicies": list_associated_access_policies,
    "DisassociateAccessPolicy": disassociate_access_policy,
    "ListAccessPolicies": list_access_policies,
    "CreatePodIdentityAssociation": create_pod_identity,
    "DescribePodIdentityAssociation": lambda call: {"association": pod_identity(call)},
    "ListPodIdentityAssociations": list_pod_identities,
    "UpdatePodIdentityAssociation": update_pod_identity,
    "DeletePodIdentityAssociation": delete_pod_identity,
    "DescribeUpdate": describe_update,
    "ListUpdates": list_updates,
    "UpdateClusterVersion": update_cluster_version,
    "UpdateNodegroupVersion": update_nodegroup_version,
    "UpdateClusterConfig": update_cluster_config,
    "AssociateEncryptionConfig": associate_encryption,
    "DescribeClusterVersions": describe_cluster_versions,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTagsForResource": lambda call: {"tags": tags_of(call)},
}
