//! `frazil cost`.

use clap::{Args, Subcommand};

use super::HubFiles;

/// Arguments of `frazil cost`.
#[derive(Clone, Debug, Args)]
pub struct CostArgs {
    /// What to do.
    #[command(subcommand)]
    pub look: Look,
}

/// What `frazil cost` shows.
#[derive(Clone, Debug, Subcommand)]
pub enum Look {
    /// Estimate what a hub will cost, from its file alone: no network, no credentials.
    #[command(after_help = "\
Examples:
  frazil cost estimate                          hub.yaml: its event, the hub without anyone, an hour of each size
  frazil cost estimate --attendees 40 --days 3  as if it were for so many people and days
  frazil cost estimate --hours 6 --assume share.large=20 --assume fill=100/80/60
                                                with what you know better
  frazil cost estimate --region us-central1     beside the same hub in another region, of either cloud
  frazil cost estimate -o wide                  every line: price, quantity, date and source; all assumptions")]
    Estimate(EstimateArgs),
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

    /// Another region, of either cloud, to show the same hub in. Default: the nearest of the other cloud. May
    /// be repeated.
    #[arg(long, value_name = "REGION")]
    pub region: Vec<String>,
}
