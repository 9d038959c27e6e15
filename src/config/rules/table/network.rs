//! Entries: zones and networks.

rules! {
    ZONE_REGION: "zone-region", Error, silenceable: false,
        summary: "Zones are of the provider's region.",
        why: "A cluster lives in one region. A subnet or node in a zone of another is refused, after the control plane has been made. A zone is called as its region with a letter after it, on Google Cloud with a hyphen between: `us-west-2a`, `us-east1-b`. Which letters a region has is not checked: they differ, and on AWS by account. EKS takes no local zones for its control plane (EKS user guide, \"View Amazon EKS networking requirements for VPC and subnets\").",
        action: "Write zones of the region, or leave `zones` out for its first ones.";
    TOO_FEW_ZONES: "too-few-zones", Error, silenceable: false,
        summary: "An EKS cluster has at least two zones.",
        why: "EKS wants subnets in two zones or more for its control plane (EKS user guide, \"View Amazon EKS networking requirements for VPC and subnets\"). The pools may still sit in one.",
        action: "Add a second zone to `zones`, and keep the pools in the first with `pools.NAME.zones`.";
    POOL_ZONE: "pool-zone", Error, silenceable: false,
        summary: "A pool's zones are among the hub's.",
        why: "Subnets are made in the zones of `zones`, or else in the region's first ones. A pool elsewhere has no subnet to be in.",
        action: "Take a zone of `zones`, or add it there.";
    CORE_ZONE: "core-zone", Error, silenceable: true,
        summary: "The core pool is in the first zone, where its disks are.",
        why: "The disk of the hub's database, and with a quota that of the homes, is in the first zone; a disk cannot be used from another. A core node made elsewhere leaves the hub pending after an upgrade or a crash (z2jh#3263, #1130, nebari-dev/nebari#735).",
        action: "Leave `pools.core.zones` out, or write the first of `zones`.";
    ZONE_DOMAIN: "zone-domain", Error, silenceable: false,
        summary: "The DNS zone holds the domain.",
        why: "A record can be made in a zone only if its name ends in the zone's (RFC 1034, 4.2). Route 53 has zones by their domain; Cloud DNS has them by a name without dots, and what domain such a zone is for is seen when it is read.",
        action: "On AWS write the domain of the zone, on Google Cloud its name: `gcloud dns managed-zones list` tells both.";
    ADMINISTRATOR_KIND: "administrator-kind", Error, silenceable: false,
        summary: "Administrators of the cluster are named as its cloud names them.",
        why: "EKS gives access to roles and users of IAM by their ARNs (EKS user guide, \"Grant IAM users access to Kubernetes with EKS access entries\"), Google Cloud to members such as `user:ada@example.org` (IAM, \"Principal identifiers\"). Another spelling is refused after everything else has been made.",
        action: "Write the ARN of a role or user on AWS; `user:`, `group:` or `serviceAccount:` with the address on Google Cloud.";
    NETWORK_OVERLAP: "network-overlap", Error, silenceable: false,
        summary: "The networks do not overlap.",
        why: "Nodes, pods and Services need addresses of their own; the clouds refuse a cluster where two of them meet. Networks that are joined, for a gateway with an internal balancer, must differ too: there is no route between equal addresses.",
        action: "Move one of them, for example to the range that the message names.";
    DOCKER_NETWORK: "docker-network", Warning, silenceable: true,
        summary: "No network takes the addresses of Docker's bridge.",
        why: "Docker has 172.17.0.0/16 on every machine with its defaults, and AWS's Cloud9 and SageMaker use it too (VPC user guide, \"VPC CIDR blocks\"). Nodes and pods with such an address cannot be reached from there.",
        action: "Take a network in 10.0.0.0/8.";
    NETWORK_PREFIX: "network-prefix", Error, silenceable: false,
        summary: "Networks on AWS have a size that AWS takes.",
        why: "A VPC has a network between /16 and /28 (VPC user guide, \"VPC CIDR blocks\"), the Services of an EKS cluster one between /12 and /24 (EKS API, `KubernetesNetworkConfigRequest`). Another is refused when it is made.",
        action: "Take the prefix that the message names.";
    NETWORK_TOO_SMALL: "network-too-small", Error, silenceable: true,
        summary: "The network has addresses for the nodes that the pools allow.",
        why: "On EKS every pod has an address of the network, and a node reserves as many as it may hold pods; on GKE every node takes a /24 of `network.pods`, for 110 pods. When they run out, nodes come up and pods stay pending, at the worst hour of the event. A network cannot be enlarged later.",
        action: "Take the prefix that the message names, or lower `max` of the pools.";
}
