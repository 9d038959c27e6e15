//! What hubs leave in Google Cloud, laid down in the stand-in.

use frazil::cloud::Kind;
use reqwest::Method;
use serde_json::{Value, json};

use super::server::Server;

pub(crate) const PROJECT: &str = "frazil-test";
pub(crate) const REGION: &str = "us-central1";

/// Lays things down in the stand-in.
pub(crate) struct Seeds<'a>(pub(crate) &'a Server);

impl Seeds<'_> {
    async fn put(&self, path: &str, body: Value) -> Value {
        self.0.door(Method::POST, &format!("seed?path={path}"), &body).await
    }

    async fn compute(&self, collection: &str, body: Value) {
        self.put(&format!("/compute/v1/projects/{PROJECT}/{collection}"), body).await;
    }

    fn link(&self, rest: &str) -> String {
        format!("{}/compute/v1/projects/{PROJECT}/{rest}", self.0.address)
    }

    /// A public zone, whose name has no dots.
    pub(crate) async fn zone(&self, domain: &str) -> String {
        let name = domain.replace('.', "-");
        let body = json!({ "name": name, "dnsName": format!("{domain}."), "visibility": "public" });
        self.put(&format!("/dns/v1/projects/{PROJECT}/managedZones"), body).await;
        name
    }

    /// A cluster with two pools.
    pub(crate) async fn cluster(&self, hub: &str) {
        let pool = |name: &str, spot: bool| {
            json!({
                "name": name, "initialNodeCount": 0,
                "autoscaling": { "enabled": true, "totalMinNodeCount": 0, "totalMaxNodeCount": 6 },
                "config": {
                    "machineType": "n2-highmem-8", "spot": spot,
                    "labels": { "k8s.dask.org/node-purpose": "worker" },
                    "taints": [{ "key": "k8s.dask.org/dedicated", "value": "worker", "effect": "NO_SCHEDULE" }],
                },
            })
        };
        let body = json!({
            "name": hub, "status": "RUNNING", "resourceLabels": { "frazil-hub": hub }, "network": hub,
            "nodePools": [pool("dask", true), pool("core", false)],
        });
        self.put(&format!("/v1/projects/{PROJECT}/locations/{REGION}/clusters"), body).await;
    }

    /// A network with the subnet of frazil's module.
    pub(crate) async fn network(&self, hub: &str, cidr: &str) {
        self.compute("global/networks", json!({ "name": hub })).await;
        let ranges = [json!({ "rangeName": "pods" }), json!({ "rangeName": "services" })];
        let network = self.link(&format!("global/networks/{hub}"));
        let body =
            json!({ "name": hub, "network": network, "ipCidrRange": cidr, "secondaryIpRanges": ranges });
        self.compute(&format!("regions/{REGION}/subnetworks"), body).await;
    }

    /// What a hub and its cluster leave, by kind and name.
    pub(crate) async fn everything(&self, hub: &str) -> Vec<(Kind, String)> {
        self.network(hub, "10.9.0.0/24").await;
        self.cluster(hub).await;
        let mut told = vec![
            (Kind::Network, hub.to_owned()),
            (Kind::Subnet, hub.to_owned()),
            (Kind::Cluster, hub.to_owned()),
            (Kind::NodePool, "core".to_owned()),
            (Kind::NodePool, "dask".to_owned()),
        ];
        told.extend(self.balancers(hub).await);
        told.extend(self.of_network(hub).await);
        told.extend(self.others(hub).await);
        told
    }

    async fn balancers(&self, hub: &str) -> Vec<(Kind, String)> {
        let region = format!("regions/{REGION}");
        // A Service's balancer: a rule, a pool of the nodes, a check, and two firewall rules.
        self.compute("global/httpHealthChecks", json!({ "name": "k8s-0123-node" })).await;
        let node = self.link(&format!("zones/{REGION}-a/instances/gke-{hub}-core-0123abcd-x1y2"));
        let check = self.link("global/httpHealthChecks/k8s-0123-node");
        let pool = json!({ "name": "a0123", "instances": [node], "healthChecks": [check] });
        self.compute(&format!("{region}/targetPools"), pool).await;
        let target = self.link(&format!("{region}/targetPools/a0123"));
        let description = "{\"kubernetes.io/service-name\":\"lab/proxy-public\"}";
        let rule = json!({ "name": "a0123", "target": target, "description": description });
        self.compute(&format!("{region}/forwardingRules"), rule).await;
        let network = self.link(&format!("global/networks/{hub}"));
        self.compute("global/firewalls", json!({ "name": "k8s-fw-a0123", "network": network })).await;
        // An Ingress: from the endpoints in the network up to the rule.
        let zone = format!("zones/{REGION}-a");
        let endpoints = json!({ "name": "k8s1-0123-neg", "network": network });
        self.compute(&format!("{zone}/networkEndpointGroups"), endpoints).await;
        self.compute("global/healthChecks", json!({ "name": "k8s1-0123-check" })).await;
        let service = json!({
            "name": "k8s1-0123-service",
            "backends": [{ "group": self.link(&format!("{zone}/networkEndpointGroups/k8s1-0123-neg")) }],
            "healthChecks": [self.link("global/healthChecks/k8s1-0123-check")],
        });
        self.compute("global/backendServices", service).await;
        let map = json!({ "name": "k8s2-um", "defaultService": self.link("global/backendServices/k8s1-0123-service") });
        self.compute("global/urlMaps", map).await;
        let proxy = json!({ "name": "k8s2-tp", "urlMap": self.link("global/urlMaps/k8s2-um") });
        self.compute("global/targetHttpProxies", proxy).await;
        let rule = json!({ "name": "k8s2-fr", "target": self.link("global/targetHttpProxies/k8s2-tp") });
        self.compute("global/forwardingRules", rule).await;
        let told = [
            (Kind::HealthCheck, "k8s-0123-node"),
            (Kind::TargetPool, "a0123"),
            (Kind::ForwardingRule, "a0123"),
            (Kind::Firewall, "k8s-fw-a0123"),
            (Kind::EndpointGroup, "k8s1-0123-neg"),
            (Kind::HealthCheck, "k8s1-0123-check"),
            (Kind::BackendService, "k8s1-0123-service"),
            (Kind::UrlMap, "k8s2-um"),
            (Kind::TargetProxy, "k8s2-tp"),
            (Kind::ForwardingRule, "k8s2-fr"),
        ];
        told.map(|(kind, name)| (kind, name.to_owned())).into()
    }

    async fn of_network(&self, hub: &str) -> Vec<(Kind, String)> {
        let network = self.link(&format!("global/networks/{hub}"));
        let router = json!({ "name": hub, "network": network, "nats": [{ "name": hub }] });
        self.compute(&format!("regions/{REGION}/routers"), router).await;
        let address = json!({ "name": "proxy", "labels": { "frazil-hub": hub } });
        self.compute(&format!("regions/{REGION}/addresses"), address).await;
        vec![(Kind::Router, hub.to_owned()), (Kind::Address, "proxy".to_owned())]
    }

    /// What is not in a network, with names that begin with the hub's.
    pub(crate) async fn others(&self, hub: &str) -> Vec<(Kind, String)> {
        let disk = format!("pvc-{hub}");
        let kind = self.link(&format!("zones/{REGION}-a/diskTypes/pd-balanced"));
        let labels = json!({ "goog-k8s-cluster-name": hub, "goog-k8s-cluster-location": REGION });
        let body = json!({ "name": disk, "sizeGb": "20", "type": kind, "labels": labels });
        self.compute(&format!("zones/{REGION}-a/disks"), body).await;
        let snapshot = format!("{hub}-homes-1");
        let labels = json!({ "frazil-hub": hub });
        self.compute("global/snapshots", json!({ "name": snapshot, "labels": labels })).await;
        let homes = format!("{hub}-homes");
        let body = json!({
            "name": homes, "tier": "BASIC_HDD", "labels": labels,
            "fileShares": [{ "name": "homes", "capacityGb": 1024 }],
        });
        self.put(&format!("/v1/projects/{PROJECT}/locations/{REGION}-a/instances"), body).await;
        let body = json!({ "name": hub, "format": "DOCKER", "labels": labels });
        self.put(&format!("/v1/projects/{PROJECT}/locations/{REGION}/repositories"), body).await;
        let email = format!("{hub}-nodes@{PROJECT}.iam.gserviceaccount.com");
        let body = json!({ "name": email, "email": email });
        self.put(&format!("/v1/projects/{PROJECT}/serviceAccounts"), body).await;
        let bucket = format!("{hub}-{PROJECT}-scratch");
        self.bucket(&bucket, Some(hub)).await;
        vec![
            (Kind::Disk, disk),
            (Kind::Snapshot, snapshot),
            (Kind::FileSystem, homes),
            (Kind::Repository, hub.to_owned()),
            (Kind::Account, email),
            (Kind::Bucket, bucket),
        ]
    }

    /// A bucket with versions: five of two objects.
    pub(crate) async fn bucket(&self, name: &str, hub: Option<&str>) {
        let labels = hub.map_or_else(|| json!({}), |hub| json!({ "frazil-hub": hub }));
        let body =
            json!({ "name": name, "location": REGION, "versioning": { "enabled": true }, "labels": labels });
        self.put("/storage/v1/b", body).await;
        for object in ["a/b", "ü c", "a/b", "ü c", "a/b"] {
            self.put(&format!("/storage/v1/b/{name}/o"), json!({ "name": object, "data": "x" })).await;
        }
    }
}
