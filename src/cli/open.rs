//! `frazil open`.

use clap::Args;

use super::HubFile;

/// Arguments of `frazil open`.
#[derive(Clone, Debug, Args)]
pub struct OpenArgs {
    /// The hub file.
    #[command(flatten)]
    pub hub: HubFile,

    /// Only print the address.
    #[arg(long)]
    pub print: bool,

    /// Log in as this person instead of the first admin.
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
}
