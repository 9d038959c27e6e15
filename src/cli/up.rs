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
}
