//! `frazil doctor`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `frazil doctor`.
#[derive(Clone, Debug, Args)]
pub struct DoctorArgs {
    /// The hub file. Default: hub.yaml, if it is in this folder.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}
