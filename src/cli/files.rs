//! Hub files as arguments.

use std::path::PathBuf;

use clap::Args;

/// One hub file.
#[derive(Clone, Debug, Args)]
pub struct HubFile {
    /// The hub file.
    #[arg(value_name = "FILE", default_value = "hub.yaml")]
    pub file: PathBuf,
}

/// Hub files.
#[derive(Clone, Debug, Args)]
pub struct HubFiles {
    /// The hub files.
    #[arg(value_name = "FILE", default_value = "hub.yaml")]
    pub files: Vec<PathBuf>,
}
