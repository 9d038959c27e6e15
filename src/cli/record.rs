//! `frazil record`, which runs in the ops image.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `frazil record`.
#[derive(Clone, Debug, Args)]
pub struct RecordArgs {
    /// The namespace of the hub.
    #[arg(long)]
    pub namespace: String,

    /// The folder of the history, one file a day.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// A context of the kubeconfig; without it, the cluster that this pod runs in.
    #[arg(long)]
    pub context: Option<String>,
}
