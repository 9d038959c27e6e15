//! `frazil down`.

use clap::{Args, ValueEnum};

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

    /// On this machine: remove people's files, accounts and settings too.
    #[arg(long)]
    pub data: bool,

    /// On a cluster: what to keep, `homes`, `scratch` or both.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    pub keep: Vec<Kept>,

    /// On a cluster: change nothing; tell what is there of the hub, and exit with 3 if anything is.
    #[arg(long)]
    pub audit: bool,

    /// The hub's name, instead of the question before people's files are removed.
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
}

/// What `down` can keep on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kept {
    /// People's home volumes.
    Homes,
    /// The scratch bucket.
    Scratch,
}
