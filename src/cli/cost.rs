//! `frazil cost`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use frazil_units::Amount;
use jiff::civil::Date;

use super::HubFiles;
use super::period::{PeriodArgs, month};
use crate::ledger::Month;
use crate::ledger::allocate::{By, IdleRule, Money, Ratio, Rule, SharedRule};
use crate::ledger::ask::{CurTable, ExportTable};

/// Arguments of `frazil cost`.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct CostArgs {
    /// What else to do.
    #[command(subcommand)]
    pub verb: Option<CostVerb>,

    /// What to show.
    #[command(flatten)]
    pub show: ShowArgs,
}

/// Verbs beside showing.
#[derive(Clone, Debug, Subcommand)]
pub enum CostVerb {
    /// Read bills into the ledger, and what tells who was where: all of it, or nothing.
    #[command(after_help = "\
Examples:
  frazil cost read bills/*.parquet --history history/
  frazil cost read bill.csv.gz --prometheus memory-request=memory.json --homes homes.json
  frazil cost read --prometheus http://localhost:9090 --from 2026-10-01 --to 2026-10-31
  frazil cost read --groups groups.json --hub lab
  frazil cost read --flow-logs s3://logs/AWSLogs --from 2026-10-12 --bytes bytes/
  frazil cost read --cost-explorer 123456789012 --month 2026-10
  frazil cost read --athena bills.cur2 --region us-east-1
  frazil cost read --bigquery my-project.billing.gcp_billing_export_v1_0177BB_554433

Reading the same again changes nothing; a corrected month replaces the old one.")]
    Read(Box<ReadArgs>),

    /// Estimate what a hub will cost, from its file alone: no network, no credentials.
    #[command(after_help = "\
Examples:
  frazil cost estimate                          hub.yaml: its event, the hub without anyone, an hour of each size
  frazil cost estimate --attendees 40 --days 3  as if it were for so many people and days
  frazil cost estimate --hours 6 --assume share.large=20 --assume fill=100/80/60
                                                with what you know better
  frazil cost estimate --region us-central1     beside the same hub in another region, of either cloud
  frazil cost estimate --billed                 beside what the ledger has of the hub
  frazil cost estimate -o wide                  every line: price, quantity, date and source; all assumptions")]
    Estimate(EstimateArgs),

    /// Compare what was spent, and what will be, with the budget: exit with 3 where it is too much.
    #[command(after_help = "\
Examples:
  frazil cost check                     hub.yaml: its budget against the ledger
  frazil cost check --above 50          say no only past thresholds above 50 %
  frazil cost check || mail -s 'budget' admin@example.org")]
    Check(CheckArgs),

    /// Print the query by which Athena or `BigQuery` is asked for a month of a bill; nothing is asked.
    #[command(
        hide = true,
        after_help = "\
Examples:
  frazil cost sql --athena bills.cur2 --month 2026-11
  frazil cost sql --bigquery my-project.billing.gcp_billing_export_v1_0177BB_554433 --month 2026-11

It makes use of every column that the export may have; asked by frazil, those that the table has not
are left out."
    )]
    Sql(SqlArgs),
}

/// Arguments of `frazil cost`.
#[derive(Clone, Debug, Args)]
pub struct ShowArgs {
    /// What to sum by; several with commas.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "component", value_name = "WHAT")]
    pub by: Vec<By>,

    /// What a pod counts by.
    #[arg(long, value_enum, default_value_t, value_name = "RULE", hide_possible_values = true)]
    #[arg(help = "What a pod counts by: what it requested (request), used (usage), or the larger (max)")]
    pub rule: Rule,

    /// Idle nodes and disks: `apart`, or `shared` by those on them.
    #[arg(long, value_enum, default_value_t, value_name = "HOW", hide_possible_values = true)]
    pub idle: IdleRule,

    /// What a hub shares: apart (`none`), or to its people of that day, `even` or `by-use`.
    #[arg(long, value_enum, default_value_t = SharedRule::None, value_name = "HOW", hide_possible_values = true)]
    pub shared: SharedRule,

    /// Which money: `billed`, `effective` (plans bought before are spread) or `list`.
    #[arg(long, value_enum, default_value_t, value_name = "MONEY", hide_possible_values = true)]
    pub cost: Money,

    /// How much a core-second and a GiB-second count.
    #[arg(long, default_value_t, value_name = "CPU:MEMORY")]
    pub weights: Ratio,

    /// Which bills.
    #[command(flatten)]
    pub period: PeriodArgs,

    /// Only this hub.
    #[arg(long, value_name = "NAME")]
    pub hub: Option<String>,

    /// How one line came about: its name in the table, such as `ada` or `(idle)`.
    #[arg(long, value_name = "LINE")]
    pub explain: Option<String>,
}

/// Arguments of `frazil cost read`.
#[derive(Clone, Debug, Default, Args)]
pub struct ReadArgs {
    /// Bills: files, folders, or addresses in S3 and GCS.
    #[arg(value_name = "PATH")]
    pub bills: Vec<String>,

    /// The recorder's history: its folder, or files of JSON lines.
    #[arg(long, value_name = "PATH")]
    pub history: Vec<PathBuf>,

    /// Samples of pods: answers to range queries, or a Prometheus to ask (docs/costs.md has the queries).
    #[arg(long, value_name = "[METRIC=]FILE|URL")]
    pub prometheus: Vec<String>,

    /// Sizes of homes: an answer to a range query, or CSV with user, bytes, day, hub.
    #[arg(long, value_name = "FILE")]
    pub homes: Vec<PathBuf>,

    /// Groups of people: an answer to a range query.
    #[arg(long, value_name = "FILE")]
    pub groups: Vec<PathBuf>,

    /// Flow logs of a network: files, folders, or addresses in S3 and GCS. Each file is counted once.
    #[arg(long, value_name = "PATH")]
    pub flow_logs: Vec<String>,

    /// Byte ledgers: folders that people's programs write. Files of days that are over may be deleted then.
    #[arg(long, value_name = "FOLDER")]
    pub bytes: Vec<PathBuf>,

    /// The hub of history, samples, homes and groups. Default: the namespace that they name. Of flow logs, the hub
    /// whose network it is.
    #[arg(long, value_name = "NAME")]
    pub hub: Option<String>,

    /// The first day to ask a Prometheus for, and of flow logs in folders of days.
    #[arg(long, value_name = "DAY")]
    pub from: Option<Date>,

    /// The last day to ask a Prometheus for.
    #[arg(long, value_name = "DAY")]
    pub to: Option<Date>,

    /// The ledger. Default: ledger.sqlite in frazil's data folder.
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,

    /// Clouds to ask.
    #[command(flatten)]
    pub ask: AskArgs,
}

/// What asking may cost unless somebody says more.
pub const MOST_USD: &str = "1";

/// Bills to ask clouds for, each a month.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Ask a cloud, which costs something")]
pub struct AskArgs {
    /// Ask Cost Explorer for an account, by its twelve digits: 0.01 USD a page.
    #[arg(long, value_name = "ACCOUNT")]
    pub cost_explorer: Option<String>,

    /// Ask Athena, of a table of CUR 2.0: 5 USD per terabyte.
    #[arg(long, value_name = "DATABASE.TABLE")]
    pub athena: Option<CurTable>,

    /// The region of Athena's table. Default: what `AWS_REGION` says.
    #[arg(long, value_name = "REGION", requires = "athena")]
    pub region: Option<String>,

    /// Athena's workgroup. Default: primary.
    #[arg(long, value_name = "NAME", requires = "athena")]
    pub workgroup: Option<String>,

    /// Where Athena writes answers, `s3://…`. Default: where the workgroup says.
    #[arg(long, value_name = "ADDRESS", requires = "athena")]
    pub answers: Option<String>,

    /// Ask `BigQuery`, of a table of Google's export: 6.25 USD per TiB.
    #[arg(long, value_name = "PROJECT.DATASET.TABLE")]
    pub bigquery: Option<ExportTable>,

    /// The project that pays for asking `BigQuery`. Default: the table's.
    #[arg(long, value_name = "PROJECT", requires = "bigquery")]
    pub project: Option<String>,

    /// The month; may be repeated. Default: this month.
    #[arg(long, value_name = "YEAR-MONTH", value_parser = month)]
    pub month: Vec<Month>,

    /// Do not ask what costs more than this, in US dollars.
    #[arg(long, value_name = "USD", default_value = MOST_USD, value_parser = usd)]
    pub most: Amount,
}

impl AskArgs {
    /// Whether anyone is to be asked.
    pub const fn is_any(&self) -> bool {
        self.cost_explorer.is_some() || self.athena.is_some() || self.bigquery.is_some()
    }
}

/// Arguments of `frazil cost estimate`.
#[derive(Clone, Debug, Args)]
pub struct EstimateArgs {
    /// The hub files.
    #[command(flatten)]
    pub files: HubFiles,

    /// How many people come. Default: the event's.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub attendees: Option<u32>,

    /// How many days they come. Default: the event's.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=366))]
    pub days: Option<u32>,

    /// Hours a day that a person's server runs: one number, or cheap/likely/dear such as 4/7/10.
    #[arg(long, value_name = "HOURS")]
    pub hours: Option<String>,

    /// Change an assumption: NAME=VALUE or NAME=CHEAP/LIKELY/DEAR; `-o wide` lists them. May be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    pub assume: Vec<String>,

    /// Put what the ledger has of the hub beside the estimate.
    #[arg(long)]
    pub billed: bool,

    /// The first day that is billed. Default: the first of the hub.
    #[arg(long, value_name = "DAY", requires = "billed")]
    pub from: Option<Date>,

    /// The last day that is billed. Default: the last of the hub.
    #[arg(long, value_name = "DAY", requires = "billed")]
    pub to: Option<Date>,

    /// The ledger. Default: ledger.sqlite in frazil's data folder.
    #[arg(long, value_name = "FILE", requires = "billed")]
    pub ledger: Option<PathBuf>,

    /// Another region, of either cloud, to show the same hub in. Default: the nearest of the other cloud. May
    /// be repeated.
    #[arg(long, value_name = "REGION")]
    pub region: Vec<String>,
}

/// Arguments of `frazil cost check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// The hub files.
    #[command(flatten)]
    pub files: HubFiles,

    /// Thresholds of `budget.alert_at` up to this many percent are known and let through.
    #[arg(long, value_name = "PERCENT", default_value_t = 0)]
    pub above: u32,

    /// The ledger. Default: ledger.sqlite in frazil's data folder.
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
}

/// Arguments of `frazil cost sql`.
#[derive(Clone, Debug, Args)]
pub struct SqlArgs {
    /// A table of CUR 2.0 in Athena.
    #[arg(long, value_name = "DATABASE.TABLE", required_unless_present = "bigquery")]
    pub athena: Option<CurTable>,

    /// A table of Google's standard or detailed export.
    #[arg(long, value_name = "PROJECT.DATASET.TABLE", conflicts_with = "athena")]
    pub bigquery: Option<ExportTable>,

    /// The month, such as 2026-11.
    #[arg(long, value_name = "MONTH", value_parser = month)]
    pub month: Month,
}

fn usd(text: &str) -> Result<Amount, String> {
    let amount = Amount::from_decimal(text).map_err(|error| error.to_string())?;
    if amount < Amount::ZERO { Err("write an amount such as 2.50".to_owned()) } else { Ok(amount) }
}
