//! `frazil up`.

use clap::Args;

use super::HubFile;

/// Arguments of `frazil up`.
#[derive(Clone, Debug, Args)]
pub struct UpArgs {
    /// The hub file.
    #[command(flatten)]
    pub hub: HubFile,

    /// Do not ask before changes; on one machine nothing is asked anyway.
    #[arg(long)]
    pub auto_approve: bool,

    /// Print the time of each step at the end.
    #[arg(long)]
    pub timings: bool,
}
