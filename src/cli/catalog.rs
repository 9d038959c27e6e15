//! `frazil catalog`.

use clap::{Args, Subcommand, ValueEnum};
use frazil_units::Bytes;

use crate::catalog::{Arch, Provider};

/// Arguments of `frazil catalog`.
#[derive(Clone, Debug, Args)]
pub struct CatalogArgs {
    /// What to look at.
    #[command(subcommand)]
    pub look: Look,
}

/// What `frazil catalog` shows.
#[derive(Clone, Debug, Subcommand)]
pub enum Look {
    /// List machine types with what pods may use and what an hour costs, cheapest first.
    #[command(after_help = "\
Examples:
  frazil catalog machines --region us-west-2 --min-memory '32 GiB'
  frazil catalog machines --region us-central1 --gpu 1
  frazil catalog machines --name 'r7i.*' -o wide      with date and source of each price")]
    Machines(MachinesArgs),

    /// List other prices: disks, addresses, balancers, control planes, NAT, object storage, transfer.
    #[command(after_help = "\
Examples:
  frazil catalog prices --region us-west-2
  frazil catalog prices --region us-west-2 --item 'egress_*'
  frazil catalog prices --region us-central1 --item disk_balanced -o wide")]
    Prices(PricesArgs),
}

/// Where to look.
#[derive(Clone, Debug, Args)]
pub struct Place {
    /// The region. Default: us-west-2 of AWS, us-central1 of GCP.
    #[arg(long)]
    pub region: Option<String>,

    /// The provider. Default: the one that has the region.
    #[arg(long, value_enum)]
    pub provider: Option<ProviderName>,
}

/// A provider on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProviderName {
    /// Amazon Web Services.
    Aws,
    /// Google Cloud.
    Gcp,
}

impl From<ProviderName> for Provider {
    fn from(name: ProviderName) -> Self {
        match name {
            ProviderName::Aws => Self::Aws,
            ProviderName::Gcp => Self::Gcp,
        }
    }
}

/// An architecture on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ArchName {
    /// 64-bit x86.
    Amd64,
    /// 64-bit ARM.
    Arm64,
}

impl From<ArchName> for Arch {
    fn from(name: ArchName) -> Self {
        match name {
            ArchName::Amd64 => Self::Amd64,
            ArchName::Arm64 => Self::Arm64,
        }
    }
}

/// Arguments of `frazil catalog machines`.
#[derive(Clone, Debug, Args)]
pub struct MachinesArgs {
    /// Where to look.
    #[command(flatten)]
    pub place: Place,

    /// The least nominal memory, such as `32 GiB`.
    #[arg(long, value_name = "BYTES")]
    pub min_memory: Option<Bytes>,

    /// The fewest virtual CPUs.
    #[arg(long, value_name = "COUNT")]
    pub min_cpu: Option<u32>,

    /// The fewest NVIDIA GPUs.
    #[arg(long, value_name = "COUNT")]
    pub gpu: Option<u32>,

    /// The architecture.
    #[arg(long, value_enum)]
    pub arch: Option<ArchName>,

    /// Names to show; `*` stands for any text, `?` for one character.
    #[arg(long, value_name = "GLOB")]
    pub name: Option<String>,

    /// The most rows; 0 for all.
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    pub limit: usize,
}

/// Arguments of `frazil catalog prices`.
#[derive(Clone, Debug, Args)]
pub struct PricesArgs {
    /// Where to look.
    #[command(flatten)]
    pub place: Place,

    /// Items to show; `*` stands for any text, `?` for one character.
    #[arg(long, value_name = "GLOB")]
    pub item: Option<String>,
}
