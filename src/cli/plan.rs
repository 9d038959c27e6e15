//! `frazil plan`.

use std::path::PathBuf;

use clap::Args;

use super::HubFile;

/// Arguments of `frazil plan`.
#[derive(Clone, Debug, Args)]
pub struct PlanArgs {
    /// The hub file.
    #[command(flatten)]
    pub hub: HubFile,

    /// Save the plan, for `frazil up --plan`.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Exit with 2 when something would change.
    #[arg(long)]
    pub detailed_exitcode: bool,
}
