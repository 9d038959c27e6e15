//! The stages of bringing a hub up.

use serde::{Deserialize, Serialize};

/// A stage. Each can be repeated: it looks at what is there, and changes what differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Where Terraform keeps its state.
    State,
    /// What Terraform makes in a cloud: network, cluster, pools, identities, disks, buckets.
    Cloud,
    /// The cluster answers, and it is the right one; namespace and secrets are there.
    Access,
    /// Custom resource definitions, applied server-side: Helm never upgrades them.
    Crds,
    /// Charts that hub and gateway need, and objects that no chart makes.
    Support,
    /// JupyterHub and Dask Gateway.
    Releases,
    /// What runs beside the hub for its administrators.
    Ops,
    /// Everything is ready and answers.
    Checks,
}

impl Stage {
    /// All of them, in their order.
    pub const ALL: [Self; 8] = [
        Self::State,
        Self::Cloud,
        Self::Access,
        Self::Crds,
        Self::Support,
        Self::Releases,
        Self::Ops,
        Self::Checks,
    ];

    /// The name, as the journal has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Cloud => "cloud",
            Self::Access => "access",
            Self::Crds => "crds",
            Self::Support => "support",
            Self::Releases => "releases",
            Self::Ops => "ops",
            Self::Checks => "checks",
        }
    }

    /// What it does, as progress tells it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::State => "where Terraform keeps its state",
            Self::Cloud => "network, cluster, pools and disks",
            Self::Access => "cluster, namespace and secrets",
            Self::Crds => "custom resource definitions",
            Self::Support => "charts that hub and gateway need",
            Self::Releases => "JupyterHub and Dask Gateway",
            Self::Ops => "the recorder",
            Self::Checks => "waiting until everything is ready",
        }
    }
}
