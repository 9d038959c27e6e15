//! `frazil up`.

use std::path::PathBuf;

use clap::Args;

use super::HubFile;

/// Arguments of `frazil up`.
#[derive(Clone, Debug, Args)]
pub struct UpArgs {
    /// The hub file.
    #[command(flatten)]
    pub hub: HubFile,

    /// Do what a saved plan says, and nothing when file or cluster changed since; without a question.
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,

    /// Do not ask before changing a cluster.
    #[arg(long)]
    pub auto_approve: bool,

    /// In a cloud: what may be removed, or removed and made anew, with what it holds: `cluster`,
    /// `homes`, `scratch`, `bills`, `flow-logs`, `network`, `pool/NAME`.
    #[arg(long, value_delimiter = ',', value_name = "WHAT")]
    pub replace: Vec<String>,

    /// On a cluster: how long pods may take to become ready; default: 20 min.
    #[arg(long, value_name = "DURATION")]
    pub ready_within: Option<frazil_units::Duration>,
}
