//! Where a hub runs, where Terraform keeps its state, where charts come from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::{Account, Project, Region};

/// Where the hub runs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    /// Amazon Web Services: an EKS cluster.
    Aws(Aws),
    /// Google Cloud: a GKE cluster.
    Gcp(Gcp),
    /// A Kubernetes cluster that already exists.
    Kubernetes(Kubernetes),
    /// The machine in front of you.
    Local(Local),
}

/// Amazon Web Services.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Aws {
    /// The account that pays; nothing is changed in another one. In quotes, as it may start with a zero.
    pub account: Account,
    /// The region. Most NASA data in the cloud lies in `us-west-2`.
    pub region: Region,
}

/// Google Cloud.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gcp {
    /// The project's ID; nothing is changed in another one.
    pub project: Project,
    /// The region.
    #[schemars(example = &"us-central1")]
    pub region: Region,
}

/// A Kubernetes cluster that already exists.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kubernetes {
    /// The kubeconfig's context; nothing is changed in another cluster.
    #[schemars(length(min = 1), example = &"kind-kind")]
    pub context: String,
    /// The UID of the cluster's namespace `kube-system`, which no two clusters share: a context that
    /// leads to another cluster is refused. Without it, the cluster of the first `up` counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"), example = &"3f0a1f52-2d0f-4c64-9f0e-6b6c1d2a7a11")]
    pub cluster: Option<String>,
}

/// The machine in front of you.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Local {
    /// The port of the hub's address on this machine.
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
}

impl Default for Local {
    fn default() -> Self {
        Self { port: 8000 }
    }
}

/// Where Terraform keeps its state.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// In a bucket: `auto` for one that is made for it, or a bucket's name.
    Bucket(#[schemars(length(min = 1), example = &"auto")] String),
    /// In a folder of this machine.
    Local(LocalState),
}

/// Terraform's state in a folder of this machine.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LocalState {}

impl Default for State {
    fn default() -> Self {
        Self::Bucket("auto".to_owned())
    }
}

/// Chart versions and where they come from.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Charts {
    /// Version of the JupyterHub chart (Zero to JupyterHub).
    #[schemars(regex(pattern = r"^[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.-]+)?$"))]
    pub jupyterhub: String,
    /// Version of the Dask Gateway chart.
    #[schemars(regex(pattern = r"^[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.-]+)?$"))]
    pub dask_gateway: String,
    /// Where charts come from: `upstream`, a mirror's address, or a folder.
    #[schemars(length(min = 1))]
    pub from: String,
}

impl Default for Charts {
    fn default() -> Self {
        Self {
            jupyterhub: "4.4.0".to_owned(),
            dask_gateway: "2026.3.0".to_owned(),
            from: "upstream".to_owned(),
        }
    }
}

impl Provider {
    /// The key by which the file names it.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Aws(_) => "aws",
            Self::Gcp(_) => "gcp",
            Self::Kubernetes(_) => "kubernetes",
            Self::Local(_) => "local",
        }
    }

    /// The cloud region, if it has one.
    pub fn region(&self) -> Option<&Region> {
        match self {
            Self::Aws(aws) => Some(&aws.region),
            Self::Gcp(gcp) => Some(&gcp.region),
            Self::Kubernetes(_) | Self::Local(_) => None,
        }
    }
}
