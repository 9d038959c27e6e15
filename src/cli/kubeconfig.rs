//! `frazil kubeconfig`.

use std::path::PathBuf;

use clap::Args;

use super::HubFile;

/// Arguments of `frazil kubeconfig`.
#[derive(Clone, Debug, Args)]
pub struct KubeconfigArgs {
    /// The hub file.
    #[command(flatten)]
    pub hub: HubFile,

    /// Write it to this file, which only you may read, and print the file's path.
    #[arg(long, value_name = "PATH")]
    pub out: Option<PathBuf>,

    /// Print a token for the cluster, as kubectl asks for it through the kubeconfig of a cloud.
    #[arg(long, hide = true)]
    pub credential: bool,
}
