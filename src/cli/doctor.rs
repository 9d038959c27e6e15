//! `frazil doctor`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cloud::Purpose;

/// Arguments of `frazil doctor`.
#[derive(Clone, Debug, Args)]
pub struct DoctorArgs {
    /// The hub file. Default: hub.yaml, if it is in this folder.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// In a cloud: print the least rights that `up` (deploy), looking (operate) or `down` (destroy)
    /// take, as IAM policies or a custom role; not tried against a real account.
    #[arg(long, value_enum, value_name = "PURPOSE")]
    pub policy: Option<Policy>,
}

/// What rights are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Policy {
    /// `up`.
    Deploy,
    /// `status`, `doctor`; `plan` and `drift` with the rights of `deploy` inside the cluster.
    Operate,
    /// `down`.
    Destroy,
}

impl From<Policy> for Purpose {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Deploy => Self::Deploy,
            Policy::Operate => Self::Operate,
            Policy::Destroy => Self::Destroy,
        }
    }
}
