//! `frazil up`.

use clap::Args;

use super::HubFile;

/// Arguments of `frazil up`.
#[derive(Clone, Debug, Args)]
pub struct UpArgs {
    /// The hub file.
    #[command(flatten)]
    pub hub: HubFile,

    /// Print the time of each step at the end.
    #[arg(long)]
    pub timings: bool,
}
