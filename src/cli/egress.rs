//! `frazil egress`.

use std::path::PathBuf;

use clap::Args;

use super::period::PeriodArgs;
use crate::ledger::egress::By;

/// Arguments of `frazil egress`.
#[derive(Clone, Debug, Args)]
pub struct EgressArgs {
    /// What to sum by beside the way; several with commas. What a meter does not know of it stays empty.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    pub by: Vec<By>,

    /// Which bills.
    #[command(flatten)]
    pub period: PeriodArgs,

    /// Only this hub; flow logs are taken to be its network's.
    #[arg(long, value_name = "NAME")]
    pub hub: Option<String>,

    /// Flow logs of AWS or Google Cloud: files, folders, or addresses in S3 and GCS.
    #[arg(long, value_name = "PATH")]
    pub flow_logs: Vec<String>,

    /// Byte ledgers: folders that people's programs write.
    #[arg(long, value_name = "FOLDER")]
    pub bytes: Vec<PathBuf>,
}
