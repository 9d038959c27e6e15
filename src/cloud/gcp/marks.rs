//! By what resources of Google Cloud are known as a hub's: pure functions of what they carry.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::HUB_LABEL;
use crate::cloud::Belongs;
use crate::cloud::read::{each, tags, text};

/// The label that GKE puts on machines, disks and rules of a cluster ("View GKE usage by labels").
const CLUSTER_LABEL: &str = "goog-k8s-cluster-name";
/// Where the cluster of that label is: names of clusters are unique in a region only.
const PLACE_LABEL: &str = "goog-k8s-cluster-location";
/// What the description of a disk says of its claim (the persistent disk CSI driver).
const CLAIM: &str = "kubernetes.io/created-for/pvc/namespace";
/// The prefix of the firewall rule that GKE makes for a Service's balancer (cloud-provider-gcp).
const BALANCER_RULE: &str = "k8s-fw-";
/// Characters of a cluster's name that names of its nodes have.
const NAME_IN_NODES: usize = 18;
/// What hubs' service accounts are called behind the hub's name (`render/names.rs`).
const ACCOUNTS: [&str; 3] = ["user", "nodes", "certs"];

/// By what a hub's resources are known.
#[derive(Debug)]
pub(super) struct Marks<'a> {
    hub: &'a str,
    region: &'a str,
    networks: BTreeSet<String>,
    balancers: BTreeSet<String>,
}

impl<'a> Marks<'a> {
    pub(super) fn new(hub: &'a str, region: &'a str) -> Self {
        Self { hub, region, networks: BTreeSet::new(), balancers: BTreeSet::new() }
    }

    pub(super) fn hub(&self) -> &str {
        self.hub
    }

    /// Adds a network of the hub, by its link.
    pub(super) fn add_network(&mut self, link: &str) {
        self.networks.insert(relative(link).to_owned());
    }

    /// Notes a firewall rule of the hub: the one that lets a Service's balancer in has its name.
    pub(super) fn add_firewall(&mut self, name: &str) {
        self.balancers.extend(name.strip_prefix(BALANCER_RULE).map(str::to_owned));
    }

    /// Whether a Service's balancer is the hub's, by its name.
    pub(super) fn is_balancer(&self, name: &str) -> bool {
        self.balancers.contains(name)
    }

    /// Why something with these labels is the hub's, if it is.
    pub(super) fn by_labels(&self, labels: &BTreeMap<String, String>) -> Option<Belongs> {
        if let Some(owner) = labels.get(HUB_LABEL) {
            return (owner == self.hub).then_some(Belongs::Tag);
        }
        let here = labels.get(PLACE_LABEL).is_none_or(|place| {
            place == self.region || place.strip_prefix(self.region).is_some_and(|zone| zone.starts_with('-'))
        });
        let own = labels.get(CLUSTER_LABEL).is_some_and(|name| name == self.hub);
        (own && here).then(|| Belongs::Cluster(format!("{CLUSTER_LABEL}={}", self.hub)))
    }

    /// Why something of Compute Engine is the hub's: by labels, by a mark in its description, by its
    /// network.
    pub(super) fn of(&self, one: &Value) -> Option<Belongs> {
        let labels = tags(one, "/labels");
        let told = self.by_labels(&labels);
        if told.is_some() || labels.contains_key(HUB_LABEL) {
            return told;
        }
        match mark(&text(one, "/description")) {
            Some(owner) => (owner == self.hub).then_some(Belongs::Tag),
            None => self.in_network(one).then_some(Belongs::Network),
        }
    }

    fn in_network(&self, one: &Value) -> bool {
        let interfaces = each(one, "/networkInterfaces");
        let all = interfaces.into_iter().chain([one]).map(|each| text(each, "/network"));
        all.filter(|link| !link.is_empty()).any(|link| self.networks.contains(relative(&link)))
    }

    /// Why a disk or a copy of one is the hub's: also by the namespace of its claim, unless it names
    /// a cluster.
    pub(super) fn of_disk(&self, one: &Value) -> Option<Belongs> {
        let labels = tags(one, "/labels");
        let told = self.by_labels(&labels);
        if told.is_some() || labels.contains_key(HUB_LABEL) || labels.contains_key(CLUSTER_LABEL) {
            return told;
        }
        let description: Value = serde_json::from_str(&text(one, "/description")).unwrap_or_default();
        let namespace = description.get(CLAIM).and_then(Value::as_str);
        (namespace == Some(self.hub)).then_some(Belongs::Claim)
    }

    /// Whether a machine's link is of a node of the cluster. GKE names nodes `gke-CLUSTER-POOL-…`;
    /// the pools' names are the hub file's, so a longer cluster's name is no match. A name that GKE
    /// cuts could be another cluster's.
    pub(super) fn is_node(&self, link: &str) -> bool {
        if self.hub.len() > NAME_IN_NODES {
            return false;
        }
        let name = link.rsplit('/').next().unwrap_or_default();
        let rest = name.strip_prefix("gke-").and_then(|rest| rest.strip_prefix(self.hub));
        let pool = rest.and_then(|rest| rest.strip_prefix('-')).and_then(|rest| rest.split('-').next());
        pool.is_some_and(|pool| ["core", "user", "dask", "gpu"].contains(&pool))
    }

    /// Why a service account is the hub's.
    pub(super) fn of_account(&self, email: &str, description: &str) -> Option<Belongs> {
        if let Some(owner) = mark(description) {
            return (owner == self.hub).then_some(Belongs::Tag);
        }
        let name = email.split('@').next().unwrap_or_default();
        let part = name.strip_prefix(self.hub).and_then(|rest| rest.strip_prefix('-'));
        part.is_some_and(|part| ACCOUNTS.contains(&part)).then_some(Belongs::Name)
    }
}

/// The hub that a description names: `frazil-hub=NAME`, among other words.
fn mark(description: &str) -> Option<&str> {
    description.split([' ', ',', ';']).find_map(|word| word.strip_prefix(HUB_LABEL)?.strip_prefix('='))
}

/// The part of a link that is the same however it is written: from `projects/` on.
pub(super) fn relative(link: &str) -> &str {
    link.find("projects/").and_then(|at| link.get(at..)).unwrap_or(link)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_tell_the_hub_and_the_cluster() {
        let marks = Marks::new("lab", "us-central1");
        let by = |labels: Value| marks.by_labels(&tags(&json!({ "labels": labels }), "/labels"));
        assert_eq!(by(json!({ "frazil-hub": "lab" })), Some(Belongs::Tag));
        assert!(matches!(by(json!({ "goog-k8s-cluster-name": "lab" })), Some(Belongs::Cluster(_))));
        let there = json!({ "goog-k8s-cluster-name": "lab", "goog-k8s-cluster-location": "us-central1-a" });
        assert!(by(there).is_some());
        let elsewhere =
            json!({ "goog-k8s-cluster-name": "lab", "goog-k8s-cluster-location": "us-central10" });
        assert_eq!(by(elsewhere), None);
        assert_eq!(by(json!({ "frazil-hub": "other", "goog-k8s-cluster-name": "lab" })), None);
        assert_eq!(by(json!({})), None);
    }

    #[test]
    fn descriptions_and_networks_tell_too() {
        let mut marks = Marks::new("lab", "us-central1");
        marks.add_network("https://www.googleapis.com/compute/v1/projects/p/global/networks/lab");
        let inside = json!({ "network": "http://x/compute/v1/projects/p/global/networks/lab" });
        assert_eq!(marks.of(&inside), Some(Belongs::Network));
        let machine = json!({ "networkInterfaces": [{ "network": "projects/p/global/networks/lab" }] });
        assert_eq!(marks.of(&machine), Some(Belongs::Network));
        assert_eq!(marks.of(&json!({ "description": "of frazil-hub=lab" })), Some(Belongs::Tag));
        assert_eq!(marks.of(&json!({ "description": "frazil-hub=lab-2" })), None);
        assert_eq!(marks.of(&json!({ "network": "projects/p/global/networks/lab-2" })), None);
    }

    #[test]
    fn a_claim_counts_only_where_no_cluster_is_named() {
        let marks = Marks::new("lab", "us-central1");
        let description = json!({ "kubernetes.io/created-for/pvc/namespace": "lab" }).to_string();
        assert_eq!(marks.of_disk(&json!({ "description": description })), Some(Belongs::Claim));
        let named = json!({ "description": description, "labels": { "goog-k8s-cluster-name": "x" } });
        assert_eq!(marks.of_disk(&named), None);
    }

    #[test]
    fn nodes_are_known_by_cluster_and_pool() {
        let marks = Marks::new("lab", "us-central1");
        assert!(marks.is_node("projects/p/zones/us-central1-a/instances/gke-lab-core-1a2b3c4d-x7k2"));
        assert!(!marks.is_node("projects/p/zones/us-central1-a/instances/gke-lab-two-core-1a2b3c4d-x7k2"));
        assert!(!marks.is_node("gke-laboratory-core-1-2"));
        let long = Marks::new("icesat2-hackweek-2026", "us-central1");
        assert!(!long.is_node("gke-icesat2-hackweek-2-core-1a2b3c4d-x7k2"));
    }

    #[test]
    fn a_balancer_is_known_by_its_firewall_rule() {
        let mut marks = Marks::new("lab", "us-central1");
        marks.add_firewall("k8s-fw-a0123");
        marks.add_firewall("lab-homes");
        assert!(marks.is_balancer("a0123"));
        assert!(!marks.is_balancer("lab-homes"));
    }

    #[test]
    fn accounts_are_known_by_their_whole_name() {
        let marks = Marks::new("lab", "us-central1");
        let of = |email| marks.of_account(email, "");
        assert_eq!(of("lab-nodes@p.iam.gserviceaccount.com"), Some(Belongs::Name));
        assert_eq!(of("lab-admin@p.iam.gserviceaccount.com"), None);
        assert_eq!(of("lab@p.iam.gserviceaccount.com"), None);
        assert_eq!(marks.of_account("lab-nodes@p", "frazil-hub=other"), None);
    }
}
