//! `frazil render`.

use std::path::PathBuf;

use clap::Args;

use super::HubFile;

/// Arguments of `frazil render`.
#[derive(Clone, Debug, Args)]
pub struct RenderArgs {
    /// The hub file.
    #[command(flatten)]
    pub hub: HubFile,

    /// The folder to write into; default: rendered/NAME.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Change nothing; name the files that differ, and exit with 2 if any does.
    #[arg(long)]
    pub check: bool,
}
