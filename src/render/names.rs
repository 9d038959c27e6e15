//! What a hub's name becomes, and how long that may be.

use crate::config::{HubFile, Provider, State};

/// Kubernetes: a label of DNS (RFC 1123), for namespaces and services.
const DNS_LABEL: Limit = Limit { least: 1, most: 63, source: "Kubernetes, \"Object Names and IDs\"" };
/// EKS: `CreateCluster`, `name`.
const EKS_CLUSTER: Limit = Limit { least: 1, most: 100, source: "EKS API, CreateCluster" };
/// GKE: `projects.locations.clusters`, `name`.
const GKE_CLUSTER: Limit = Limit { least: 1, most: 40, source: "GKE API, Cluster.name" };
/// Helm: 53, so that charts may add a suffix to a label.
const RELEASE: Limit = Limit { least: 1, most: 53, source: "Helm, pkg/chartutil/validate_name.go" };
/// S3, and Cloud Storage for names without dots.
const BUCKET: Limit = Limit { least: 3, most: 63, source: "S3 and Cloud Storage, bucket naming rules" };
/// IAM: `CreateRole`, `RoleName`.
const ROLE: Limit = Limit { least: 1, most: 64, source: "IAM API, CreateRole" };
/// Google Cloud IAM: `serviceAccounts.create`, `accountId`.
const SERVICE_ACCOUNT: Limit =
    Limit { least: 6, most: 30, source: "Google Cloud IAM API, serviceAccounts.create" };

/// How long a name may be, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The fewest characters.
    pub least: usize,
    /// The most characters.
    pub most: usize,
    /// Who says so.
    pub source: &'static str,
}

/// A kind of thing that is named after the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The namespace of hub and gateway.
    Namespace,
    /// The cluster.
    Cluster,
    /// A Helm release.
    Release,
    /// A Kubernetes service.
    Service,
    /// A bucket of S3.
    S3Bucket,
    /// A bucket of Cloud Storage.
    GcsBucket,
    /// An IAM role of AWS.
    Role,
    /// A service account of Google Cloud.
    ServiceAccount,
}

impl Kind {
    /// What it is called in messages.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Namespace => "the namespace",
            Self::Cluster => "the cluster",
            Self::Release => "the Helm release",
            Self::Service => "the service",
            Self::S3Bucket | Self::GcsBucket => "the bucket",
            Self::Role => "the role",
            Self::ServiceAccount => "the service account",
        }
    }
}

/// A name that is made of the hub's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// What it names.
    pub kind: Kind,
    /// The name.
    pub text: String,
    /// How long it may be.
    pub limit: Limit,
}

/// Everything that is named after a hub. Names of people's pods and volumes are
/// not among them: KubeSpawner shortens and escapes those itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The namespace of hub and gateway: the hub's name.
    pub namespace: Name,
    /// The cluster, where one is made: the hub's name.
    pub cluster: Option<Name>,
    /// The Helm releases: `HUB-CHART`.
    pub releases: Vec<Name>,
    /// Dask Gateway's own service in front of the schedulers, by its chart.
    pub gateway_service: Option<Name>,
    /// The scratch bucket, where the provider has buckets.
    pub scratch: Option<Name>,
    /// The bucket of Terraform's state, where it is made for the hub.
    pub state: Option<Name>,
    /// Roles or service accounts of the cloud.
    pub accounts: Vec<Name>,
}

impl Names {
    /// The names of a hub; none on one machine but the namespace's, which stands for the hub itself.
    pub fn of(hub: &HubFile) -> Self {
        let own = hub.name.as_str();
        let (kind, owner) = match &hub.provider {
            Provider::Aws(aws) => (Some(Kind::S3Bucket), aws.account.as_str()),
            Provider::Gcp(gcp) => (Some(Kind::GcsBucket), gcp.project.as_str()),
            Provider::Kubernetes(_) | Provider::Local(_) => (None, ""),
        };
        let bucket = |suffix: &str| kind.map(|kind| name(kind, format!("{own}-{owner}-{suffix}"), BUCKET));
        let made = matches!(&hub.state, State::Bucket(bucket) if bucket == "auto");
        Self {
            namespace: name(Kind::Namespace, own.to_owned(), DNS_LABEL),
            cluster: cluster(hub),
            releases: releases(hub),
            gateway_service: gateway_service(hub),
            scratch: bucket("scratch").filter(|_| hub.storage.scratch.enabled),
            state: bucket("state").filter(|_| made),
            accounts: accounts(hub),
        }
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Name> {
        let one = [Some(&self.namespace), self.cluster.as_ref(), self.gateway_service.as_ref()];
        let buckets = [self.scratch.as_ref(), self.state.as_ref()];
        one.into_iter().chain(buckets).flatten().chain(&self.releases).chain(&self.accounts)
    }
}

fn name(kind: Kind, text: String, limit: Limit) -> Name {
    Name { kind, text, limit }
}

fn cluster(hub: &HubFile) -> Option<Name> {
    let limit = match hub.provider {
        Provider::Aws(_) => EKS_CLUSTER,
        Provider::Gcp(_) => GKE_CLUSTER,
        Provider::Kubernetes(_) | Provider::Local(_) => return None,
    };
    Some(name(Kind::Cluster, hub.name.to_string(), limit))
}

fn releases(hub: &HubFile) -> Vec<Name> {
    let aws = matches!(hub.provider, Provider::Aws(_));
    let charts = [
        (hub.hub, "jupyterhub"),
        (hub.gateway.enabled, "dask-gateway"),
        (aws, "cluster-autoscaler"),
        (hub.support.monitoring, "prometheus"),
    ];
    if matches!(hub.provider, Provider::Local(_)) {
        return Vec::new();
    }
    let used = charts.into_iter().filter(|(used, _)| *used);
    used.map(|(_, chart)| name(Kind::Release, format!("{}-{chart}", hub.name), RELEASE)).collect()
}

fn gateway_service(hub: &HubFile) -> Option<Name> {
    let cluster = !matches!(hub.provider, Provider::Local(_));
    let text = format!("traefik-{}-dask-gateway", hub.name);
    (cluster && hub.gateway.enabled).then(|| name(Kind::Service, text, DNS_LABEL))
}

fn accounts(hub: &HubFile) -> Vec<Name> {
    let (kind, limit, parts): (_, _, &[&str]) = match hub.provider {
        Provider::Aws(_) => (Kind::Role, ROLE, &["user", "core", "autoscaler"]),
        Provider::Gcp(_) => (Kind::ServiceAccount, SERVICE_ACCOUNT, &["user", "nodes"]),
        Provider::Kubernetes(_) | Provider::Local(_) => return Vec::new(),
    };
    parts.iter().map(|part| name(kind, format!("{}-{part}", hub.name), limit)).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::check_bytes;

    fn names(text: &str) -> Names {
        let today = jiff::civil::date(2026, 11, 2);
        let checked = check_bytes(text.as_bytes().to_vec(), Path::new("hub.yaml"), today);
        Names::of(&checked.document.unwrap().hub)
    }

    #[test]
    fn names_carry_the_hub_and_the_account() {
        let names = names(
            "name: lab\nprovider: { aws: { account: \"123456789012\", region: us-west-2 } }\nauth: native\n",
        );
        assert_eq!(names.scratch.unwrap().text, "lab-123456789012-scratch");
        assert_eq!(names.state.unwrap().text, "lab-123456789012-state");
        assert_eq!(names.gateway_service.unwrap().text, "traefik-lab-dask-gateway");
        assert_eq!(names.accounts.len(), 3);
    }

    #[test]
    fn one_machine_has_no_names_of_a_cloud() {
        let names = names("name: lab\nprovider: local\n");
        assert_eq!(names.all().count(), 1);
    }

    #[test]
    fn a_bucket_of_its_own_gets_no_name() {
        let names = names(
            "name: lab\nprovider: { gcp: { project: ice-2026, region: us-central1 } }\nauth: native\nstate: { bucket: ours }\n",
        );
        assert_eq!(names.state, None);
        assert_eq!(names.cluster.unwrap().limit.most, 40);
    }
}
