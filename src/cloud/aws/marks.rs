//! By what AWS resources are known as a hub's: pure functions of what they carry.

use std::collections::{BTreeMap, BTreeSet};

use super::HUB_TAG;
use crate::cloud::Belongs;

/// Tags whose value is the cluster's name, and who puts them there.
const VALUE_TAGS: [&str; 6] = [
    // EKS: node groups, their templates, machines and groups; the cluster's security group.
    "eks:cluster-name",
    "aws:eks:cluster-name",
    // AWS Load Balancer Controller: balancers, target groups, security groups.
    "elbv2.k8s.aws/cluster",
    // Amazon VPC CNI: network interfaces.
    "cluster.k8s.amazonaws.com/name",
    // EBS CSI driver and the old in-tree one: disks, snapshots.
    "KubernetesCluster",
    // EKS Auto Mode and eksctl.
    "alpha.eksctl.io/cluster-name",
];
/// The prefix of tags whose key ends with the cluster's name (Kubernetes, AWS cloud provider).
const CLUSTER_TAG: &str = "kubernetes.io/cluster/";
/// The namespace of the claim that a disk was made for (external-provisioner, extra metadata).
const CLAIM_TAG: &str = "kubernetes.io/created-for/pvc/namespace";

/// By what a hub's resources are known.
#[derive(Debug)]
pub(super) struct Marks<'a> {
    hub: &'a str,
    /// Networks of the hub, by ID.
    networks: BTreeSet<String>,
}

impl<'a> Marks<'a> {
    /// The marks of a hub.
    pub(super) fn new(hub: &'a str) -> Self {
        Self { hub, networks: BTreeSet::new() }
    }

    /// The hub's name, which is the cluster's and the namespace's too.
    pub(super) fn hub(&self) -> &str {
        self.hub
    }

    /// Adds a network of the hub.
    pub(super) fn add_network(&mut self, id: String) {
        self.networks.insert(id);
    }

    /// Whether a network is the hub's.
    pub(super) fn has_network(&self, id: &str) -> bool {
        self.networks.contains(id)
    }

    /// Why something with these tags is the hub's, if it is.
    pub(super) fn by_tags(&self, tags: &BTreeMap<String, String>) -> Option<Belongs> {
        if let Some(owner) = tags.get(HUB_TAG) {
            // The tag of another hub counts more than any other mark.
            return (owner == self.hub).then_some(Belongs::Tag);
        }
        let cluster = format!("{CLUSTER_TAG}{}", self.hub);
        // `shared` is on what a cluster only uses.
        if tags.get(&cluster).is_some_and(|value| value == "owned") {
            return Some(Belongs::Cluster(format!("{cluster}=owned")));
        }
        let by_value = VALUE_TAGS.iter().find(|key| tags.get(**key).is_some_and(|value| value == self.hub));
        by_value.map(|key| Belongs::Cluster(format!("{key}={}", self.hub)))
    }

    /// Why a disk or a copy of one is the hub's: also by the namespace of its claim, unless it names
    /// a cluster.
    pub(super) fn by_claim(&self, tags: &BTreeMap<String, String>) -> Option<Belongs> {
        let told = self.by_tags(tags);
        if told.is_some() || tags.contains_key(HUB_TAG) {
            return told;
        }
        let names_cluster =
            tags.keys().any(|key| key.starts_with(CLUSTER_TAG) || VALUE_TAGS.contains(&key.as_str()));
        let claimed = tags.get(CLAIM_TAG).is_some_and(|namespace| namespace == self.hub);
        (claimed && !names_cluster).then_some(Belongs::Claim)
    }

    /// Why something in a network is the hub's.
    pub(super) fn in_network(&self, tags: &BTreeMap<String, String>, network: &str) -> Option<Belongs> {
        let told = self.by_tags(tags);
        if told.is_some() || tags.contains_key(HUB_TAG) {
            return told;
        }
        self.has_network(network).then_some(Belongs::Network)
    }

    /// Why a security group is the hub's. EKS names its own after the cluster ("Amazon EKS security
    /// group requirements").
    pub(super) fn of_group(
        &self,
        tags: &BTreeMap<String, String>,
        network: &str,
        name: &str,
    ) -> Option<Belongs> {
        // A number ends the name: the group of a cluster `lab-2` is not that of `lab`.
        let number = name.strip_prefix(&format!("eks-cluster-sg-{}-", self.hub));
        let by_name = number.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|c| c.is_ascii_digit()));
        self.in_network(tags, network).or_else(|| (tags.is_empty() && by_name).then_some(Belongs::Name))
    }

    /// Why a group of logs is the hub's: the control plane's, and those of Container Insights.
    pub(super) fn of_logs(&self, name: &str) -> Option<Belongs> {
        let prefixes = log_prefixes(self.hub);
        prefixes.iter().any(|prefix| name.starts_with(prefix)).then_some(Belongs::Name)
    }
}

/// What the names of a cluster's groups of logs begin with ("Send control plane logs to `CloudWatch`
/// Logs", EKS; "Container Insights").
pub(super) fn log_prefixes(cluster: &str) -> [String; 2] {
    [format!("/aws/eks/{cluster}/"), format!("/aws/containerinsights/{cluster}/")]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_hub_is_known_by_its_tag_and_by_its_clusters() {
        let marks = Marks::new("lab");
        let by = |pairs: &[(&str, &str)]| marks.by_tags(&tags(pairs));
        assert_eq!(by(&[("frazil:hub", "lab")]), Some(Belongs::Tag));
        assert!(matches!(by(&[("kubernetes.io/cluster/lab", "owned")]), Some(Belongs::Cluster(_))));
        assert!(matches!(by(&[("elbv2.k8s.aws/cluster", "lab")]), Some(Belongs::Cluster(_))));
        assert_eq!(by(&[("kubernetes.io/cluster/lab", "shared")]), None);
        assert_eq!(by(&[("kubernetes.io/cluster/lab-2", "owned")]), None);
        assert_eq!(by(&[("aws:eks:cluster-name", "lab-2")]), None);
        assert_eq!(by(&[]), None);
    }

    #[test]
    fn the_tag_of_another_hub_counts_most() {
        let mut marks = Marks::new("lab");
        marks.add_network("vpc-1".to_owned());
        let other = tags(&[("frazil:hub", "lab-2"), ("kubernetes.io/cluster/lab", "owned")]);
        assert_eq!(marks.by_tags(&other), None);
        assert_eq!(marks.in_network(&other, "vpc-1"), None);
        assert_eq!(marks.by_claim(&other), None);
    }

    #[test]
    fn a_claim_counts_only_where_no_cluster_is_named() {
        let marks = Marks::new("lab");
        let claim = ("kubernetes.io/created-for/pvc/namespace", "lab");
        assert_eq!(marks.by_claim(&tags(&[claim])), Some(Belongs::Claim));
        assert_eq!(marks.by_claim(&tags(&[claim, ("kubernetes.io/cluster/x", "owned")])), None);
        assert_eq!(marks.by_claim(&tags(&[claim, ("KubernetesCluster", "x")])), None);
    }

    #[test]
    fn groups_are_known_by_network_and_name() {
        let mut marks = Marks::new("lab");
        marks.add_network("vpc-1".to_owned());
        assert_eq!(marks.of_group(&tags(&[]), "vpc-1", "k8s-elb-a1"), Some(Belongs::Network));
        assert_eq!(marks.of_group(&tags(&[]), "vpc-2", "eks-cluster-sg-lab-123"), Some(Belongs::Name));
        assert_eq!(marks.of_group(&tags(&[]), "vpc-2", "eks-cluster-sg-lab-2-123"), None);
        assert_eq!(marks.of_group(&tags(&[("a", "b")]), "vpc-2", "eks-cluster-sg-lab-123"), None);
    }

    #[test]
    fn logs_are_known_by_the_whole_name_of_the_cluster() {
        let marks = Marks::new("lab");
        assert_eq!(marks.of_logs("/aws/eks/lab/cluster"), Some(Belongs::Name));
        assert_eq!(marks.of_logs("/aws/eks/lab-2/cluster"), None);
    }
}
