//! `frazil down`.

use clap::Args;

use super::HubFile;

/// Arguments of `frazil down`.
#[derive(Clone, Debug, Args)]
pub struct DownArgs {
    /// The hub file.
    #[command(flatten)]
    pub hub: HubFile,

    /// Take down the hub of this name on this machine, without its file.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// Remove people's files, accounts and settings too.
    #[arg(long)]
    pub data: bool,

    /// The hub's name, instead of the question before `--data` removes everything.
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
}
