//! `frazil up`.

use clap::Args;

use super::HubFile;

/// Arguments of `frazil up`.
#[derive(Clone, Debug, Args)]
pub struct UpArgs {
    /// The hub file.
    #[command(flatten)]
    pub hub: HubFile,
}
