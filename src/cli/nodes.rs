//! `frazil nodes`.

use std::path::PathBuf;

use clap::Args;
use frazil_units::Duration;

use crate::error::{Error, Result};
use crate::view::Format;

/// Arguments of `frazil nodes`.
#[derive(Clone, Debug, Args)]
pub struct NodesArgs {
    /// The hub files. Without one, hub.yaml in the current folder.
    #[arg(value_name = "FILE", conflicts_with = "local")]
    pub files: Vec<PathBuf>,

    /// Keep the view up to date, until `q` or Ctrl-C; without a terminal, print it again and again.
    #[arg(long)]
    pub watch: bool,

    /// How often the view is drawn anew, with `--watch`.
    #[arg(long, value_name = "DURATION", default_value = "5 s", requires = "watch")]
    pub interval: Duration,

    /// Look at this machine, without a cluster or a hub file.
    #[arg(long)]
    pub local: bool,
}

impl NodesArgs {
    /// The hub files, or the one that is meant without any.
    pub fn files(&self) -> Vec<PathBuf> {
        if self.files.is_empty() { vec![PathBuf::from("hub.yaml")] } else { self.files.clone() }
    }

    /// Refuses what makes no sense together.
    pub(super) fn check(&self, format: Format) -> Result<()> {
        if self.watch && !matches!(format, Format::Table | Format::Wide | Format::Json) {
            return Err(Error::usage("`--watch` prints again and again, which this format has no form for")
                .hint("choose table, wide or json (one document a line)"));
        }
        if self.watch && self.interval.as_secs() == 0 {
            return Err(Error::usage("an interval of 0 s would never rest").hint("1 s is the shortest"));
        }
        Ok(())
    }
}
