//! `frazil explain`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `frazil explain`.
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
    /// The key, such as `sizes.memory`, or a rule, or `rules` for all of them; all keys without one.
    #[arg(value_name = "KEY|RULE")]
    pub key: Option<String>,

    /// A hub file, to show the key's value there. Default: hub.yaml, if it is in this folder.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}
