//! What a hub's name becomes: each such name is made here, and has a limit.

use super::chart::Release;
use super::cluster::Cluster;
use super::dask_gateway;
use super::support;
use crate::config::{Provider, State};

/// Kubernetes: a label of DNS (RFC 1123), for namespaces and services.
const DNS_LABEL: Limit = Limit { least: 1, most: 63, source: "Kubernetes, \"Object Names and IDs\"" };
/// EKS: `ClusterName` of the API's model in botocore 1.44.5.
const EKS_CLUSTER: Limit = Limit { least: 1, most: 100, source: "EKS API, CreateCluster" };
/// GKE: `Cluster.name` of the API's discovery document, container v1.
const GKE_CLUSTER: Limit = Limit { least: 1, most: 40, source: "GKE API, Cluster.name" };
/// Helm 4.3.1 says so when it refuses a longer one.
const RELEASE: Limit = Limit { least: 1, most: 53, source: "Helm, names of releases" };
/// S3, and Cloud Storage for names without dots.
const BUCKET: Limit = Limit { least: 3, most: 63, source: "S3 and Cloud Storage, bucket naming rules" };
/// IAM: `roleNameType` of the API's model in botocore 1.44.5.
const ROLE: Limit = Limit { least: 1, most: 64, source: "IAM API, CreateRole" };
/// Google Cloud IAM: `CreateServiceAccountRequest.accountId` of the API's discovery document, iam v1.
const SERVICE_ACCOUNT: Limit =
    Limit { least: 6, most: 30, source: "Google Cloud IAM API, serviceAccounts.create" };

/// What people's servers and Dask workers do in the cloud: the name of their identity.
pub const USER_IDENTITY: &str = "user";

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

impl Cluster<'_> {
    /// The namespace of the hub's own pods.
    pub fn namespace(&self) -> &str {
        self.hub.name.as_str()
    }

    /// The name of a Helm release: what a chart makes for the whole cluster carries it, so hubs can share one.
    pub fn release(&self, chart: &str) -> String {
        format!("{}-{chart}", self.hub.name)
    }

    /// The Service of Dask Gateway's proxy, as the chart names it.
    pub fn traefik(&self) -> String {
        format!("traefik-{}", self.release(dask_gateway::CHART.name))
    }

    /// The scratch bucket's name, where there is one.
    pub fn scratch(&self) -> Option<String> {
        self.bucket("scratch").filter(|_| self.hub.storage.scratch.enabled)
    }

    /// The name of the bucket of Terraform's state, where it is made for the hub.
    pub fn state(&self) -> Option<String> {
        let made = matches!(&self.hub.state, State::Bucket(bucket) if bucket == "auto");
        self.bucket("state").filter(|_| made)
    }

    /// The bucket to which AWS exports the account's bills, where that is asked for (`terraform/aws/billing.tf`).
    pub fn bills(&self) -> Option<String> {
        self.bucket("bills").filter(|_| self.is_eks() && self.hub.billing.exports)
    }

    /// A bucket's name. It is unique in the world by the account or project that pays for it.
    fn bucket(&self, what: &str) -> Option<String> {
        let owner = match &self.hub.provider {
            Provider::Aws(aws) => aws.account.as_str(),
            Provider::Gcp(gcp) => gcp.project.as_str(),
            Provider::Kubernetes(_) | Provider::Local(_) => return None,
        };
        Some(format!("{}-{owner}-{what}", self.hub.name))
    }

    /// The hub image's repository in the registry of the cloud.
    pub fn repository(&self) -> String {
        format!("{}/hub", self.hub.name)
    }

    /// The role (AWS) or service account (Google Cloud) of an identity or of a part of the cluster.
    pub fn cloud_account(&self, what: &str) -> String {
        // Of the 30 characters that Google Cloud allows, the hub's name shall have most.
        let what = if what == support::CERTIFICATES { "certs" } else { what };
        format!("{}-{what}", self.hub.name)
    }

    /// The parts of a cluster that the cloud gives rights of their own, beside what runs in it.
    pub fn parts(&self) -> &'static [&'static str] {
        match self.hub.provider {
            Provider::Aws(_) => &["cluster", "nodes"],
            Provider::Gcp(_) => &["nodes"],
            Provider::Kubernetes(_) | Provider::Local(_) => &[],
        }
    }
}

/// Everything that is named after a hub on a cluster; its releases are given. Names of people's pods
/// and volumes are not among them: `KubeSpawner` shortens and escapes those itself.
pub fn names(cluster: &Cluster<'_>, releases: &[Release]) -> Vec<Name> {
    let mut names = vec![name(Kind::Namespace, cluster.namespace().to_owned(), DNS_LABEL)];
    let own = releases.iter().filter(|release| !release.shared);
    names.extend(own.map(|release| name(Kind::Release, release.name.clone(), RELEASE)));
    if cluster.has_gateway() {
        names.push(name(Kind::Service, cluster.traefik(), DNS_LABEL));
    }
    if let Some(kinds) = Kinds::of(&cluster.hub.provider) {
        names.push(name(Kind::Cluster, cluster.hub.name.to_string(), kinds.cluster));
        let buckets = [cluster.scratch(), cluster.state()].into_iter().flatten();
        names.extend(buckets.map(|text| name(kinds.bucket, text, BUCKET)));
        let identities = releases.iter().filter_map(support::identity).map(|(what, _)| what);
        let accounts = identities.chain([USER_IDENTITY]).chain(super::ops::identity(cluster));
        let accounts = accounts.chain(cluster.parts().iter().copied());
        names
            .extend(accounts.map(|what| name(kinds.account.0, cluster.cloud_account(what), kinds.account.1)));
    }
    names
}

fn name(kind: Kind, text: String, limit: Limit) -> Name {
    Name { kind, text, limit }
}

/// What a cloud calls things, and its limits.
struct Kinds {
    cluster: Limit,
    bucket: Kind,
    account: (Kind, Limit),
}

impl Kinds {
    /// Those of a provider; none where nothing is made in a cloud.
    fn of(provider: &Provider) -> Option<Self> {
        let (cluster, bucket, account) = match provider {
            Provider::Aws(_) => (EKS_CLUSTER, Kind::S3Bucket, (Kind::Role, ROLE)),
            Provider::Gcp(_) => (GKE_CLUSTER, Kind::GcsBucket, (Kind::ServiceAccount, SERVICE_ACCOUNT)),
            Provider::Kubernetes(_) | Provider::Local(_) => return None,
        };
        Some(Self { cluster, bucket, account })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::check_bytes;
    use crate::render::releases;

    const GCP: &str =
        "provider: { gcp: { project: ice-2026, region: us-central1 } }\ndomain: a.example.org\n";

    fn of_kind(text: &str, kinds: &[Kind]) -> Vec<String> {
        let today = jiff::civil::date(2026, 11, 2);
        let checked = check_bytes(text.as_bytes().to_vec(), Path::new("hub.yaml"), today);
        let hub = checked.document.unwrap().hub;
        let cluster = Cluster::new(&hub).unwrap();
        let names = names(&cluster, &releases(&cluster).unwrap());
        names.into_iter().filter(|name| kinds.contains(&name.kind)).map(|name| name.text).collect()
    }

    #[test]
    fn names_carry_the_hub_and_the_account() {
        let text =
            "name: lab\nprovider: { aws: { account: \"123456789012\", region: us-west-2 } }\nauth: native\n";
        assert_eq!(of_kind(text, &[Kind::S3Bucket]), ["lab-123456789012-scratch", "lab-123456789012-state"]);
        assert_eq!(of_kind(text, &[Kind::Service]), ["traefik-lab-dask-gateway"]);
        let roles = ["lab-autoscaler", "lab-homes", "lab-user", "lab-cluster", "lab-nodes"];
        assert_eq!(of_kind(text, &[Kind::Role]), roles);
    }

    #[test]
    fn the_releases_are_those_that_are_installed() {
        let monitored = format!("name: lab\n{GCP}auth: native\nsupport: {{ monitoring: true }}\n");
        let releases = ["lab-prometheus", "lab-jupyterhub", "lab-dask-gateway"];
        assert_eq!(of_kind(&monitored, &[Kind::Release]), releases);
    }

    #[test]
    fn a_gateway_with_a_certificate_has_an_account_for_it() {
        let text =
            format!("name: lab\n{GCP}hub: false\nauth: {{ password: {{ user_password: {{ env: X }} }} }}\n");
        assert_eq!(of_kind(&text, &[Kind::ServiceAccount]), ["lab-certs", "lab-user", "lab-nodes"]);
    }

    #[test]
    fn a_bucket_of_its_own_gets_no_name() {
        let text = format!("name: lab\n{GCP}auth: native\nstate: {{ bucket: ours }}\n");
        assert_eq!(of_kind(&text, &[Kind::GcsBucket]), ["lab-ice-2026-scratch"]);
    }

    #[test]
    fn a_cluster_of_somebody_else_has_no_names_of_a_cloud() {
        let text = "name: lab\nprovider: { kubernetes: { context: kind } }\nauth: native\n";
        let clouds = [Kind::Cluster, Kind::S3Bucket, Kind::GcsBucket, Kind::Role, Kind::ServiceAccount];
        assert_eq!(of_kind(text, &clouds), [""; 0]);
    }
}
