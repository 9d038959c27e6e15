//! `frazil serve`, a service of JupyterHub.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use frazil_units::Duration;

use crate::error::{Error, Result};
use crate::ledger::ask::ExportTable;

/// Arguments of `frazil serve`.
#[derive(Clone, Debug, Args)]
pub struct ServeArgs {
    /// The hub file: for name, event, budget and estimate. Without one, hub.yaml in the current folder.
    #[arg(value_name = "FILE", conflicts_with_all = ["hub", "rendered"])]
    pub file: Option<PathBuf>,

    /// Only this hub, without its file: no event, budget or estimate.
    #[arg(long, value_name = "NAME", conflicts_with = "rendered")]
    pub hub: Option<String>,

    /// The hub file as `up` wrote it for this program.
    #[arg(long, value_name = "FILE", hide = true)]
    pub rendered: Option<PathBuf>,

    /// Where to listen; the hub's proxy has to reach it, and nobody else.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:10102")]
    pub listen: SocketAddr,

    /// Where to serve metrics without a login, for a Prometheus nearby; they tell of nobody by name.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub metrics: Option<SocketAddr>,

    /// Bills to read again and again: files, folders, or addresses in S3 and GCS.
    #[arg(long, value_name = "PATH")]
    pub bills: Vec<String>,

    /// A table of Google's billing export, asked for this month and the last whenever it has changed; at most 1 USD
    /// each time.
    #[arg(long, value_name = "PROJECT.DATASET.TABLE")]
    pub bigquery: Option<ExportTable>,

    /// The project that pays for asking `BigQuery`. Default: the table's.
    #[arg(long, value_name = "PROJECT", requires = "bigquery")]
    pub project: Option<String>,

    /// The recorder's history to read again and again: its folder, or files of JSON lines.
    #[arg(long, value_name = "PATH")]
    pub history: Vec<PathBuf>,

    /// How often bills and history are read.
    #[arg(long, value_name = "DURATION", default_value = "1 h")]
    pub every: Duration,

    /// How long what the hub said of a token is believed; a token that was revoked works for so long.
    #[arg(long, value_name = "DURATION", default_value = "60 s")]
    pub believe: Duration,

    /// The time zone of nights, such as America/Vancouver. Bills know days in UTC only.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub zone: String,

    /// The ledger. Default: ledger.sqlite in frazil's data folder.
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
}

impl ServeArgs {
    /// Refuses what makes no sense.
    pub(super) fn check(&self) -> Result<()> {
        if self.every.as_secs() < 60 {
            return Err(Error::usage("`--every` is shorter than a minute")
                .hint("bills change once a day: `--every 1 h` is often enough"));
        }
        Ok(())
    }
}
