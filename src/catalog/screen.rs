//! Which machines are not considered, and why.

use std::fmt;

use super::{Machine, Market, Need, Offer, Price, Provider};

/// Names given as examples of an exclusion, at most.
const EXAMPLES: usize = 3;

/// Families for one purpose, most of them with a quota of their own that new
/// accounts lack: machine-learning chips, video cards, supercomputing (one
/// zone), macOS, and the large-memory families.
const SPECIAL_AWS: [&str; 9] = ["dl", "trn", "inf", "vt", "hpc", "mac", "u-", "u7i", "x"];

/// AWS families of that kind whose names begin other names too: FPGAs, parts of a GPU.
const SPECIAL_AWS_EXACT: [&str; 4] = ["f1", "f2", "g6f", "gr6f"];

/// Google's families of that kind: supercomputing and large memory.
const SPECIAL_GCP: [&str; 5] = ["h3", "m1", "m2", "m3", "m4"];

/// Why machines were not considered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// No list has a price of this region.
    NoPrice,
    /// Another architecture, or an unknown one.
    OtherArch,
    /// The provider counts it as old.
    OldGeneration,
    /// Its CPU is shared or earned by credits.
    Burstable,
    /// A whole computer.
    BareMetal,
    /// For one purpose that is not this one.
    SpecialPurpose,
    /// It boots from Hyperdisk alone.
    HyperdiskOnly,
    /// It has GPUs that nobody asked for.
    HasGpu,
    /// It has no NVIDIA GPU where one is asked for.
    NoGpu,
    /// Its pod limit is unknown, and so is what pods may use.
    UnknownLimits,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPrice => "no price in this region",
            Self::OtherArch => "another or unknown architecture",
            Self::OldGeneration => "an old generation",
            Self::Burstable => "CPU shared or by credits",
            Self::BareMetal => "bare metal",
            Self::SpecialPurpose => "for a special purpose",
            Self::HyperdiskOnly => "boots from Hyperdisk alone",
            Self::HasGpu => "GPUs that no size asks for",
            Self::NoGpu => "no whole NVIDIA GPU",
            Self::UnknownLimits => "pod limit unknown",
        })
    }
}

/// Machines that were not considered, for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclusion {
    /// The reason; a machine with several counts under the first that is declared.
    pub reason: Reason,
    /// How many machines.
    pub count: usize,
    /// Some of their names.
    pub examples: Vec<String>,
}

pub(super) fn exclusion((reason, mut examples): (Reason, Vec<String>)) -> Exclusion {
    let count = examples.len();
    examples.truncate(EXAMPLES);
    Exclusion { reason, count, examples }
}

/// The price of a market, else the on-demand one.
pub(super) fn price(offer: &Offer, market: Market) -> Option<(Market, &Price)> {
    let own = offer.listed(market).map(|price| (market, price));
    own.or_else(|| offer.on_demand.as_ref().map(|price| (Market::OnDemand, price)))
}

/// The first reason, in the order in which reasons are declared.
pub(super) fn exclude(offer: &Offer, need: &Need, last_resort: bool) -> Result<(), Reason> {
    let machine = &offer.machine;
    let gpu_wanted = need.seats.iter().any(|seat| seat.gpus > 0);
    let reasons = [
        (price(offer, need.market).is_none(), Reason::NoPrice),
        (machine.arch != Some(need.arch), Reason::OtherArch),
        (!machine.current && !last_resort, Reason::OldGeneration),
        (machine.burstable || machine.family().ends_with("-flex"), Reason::Burstable),
        (machine.bare_metal, Reason::BareMetal),
        (is_special(machine), Reason::SpecialPurpose),
        (machine.boots_from_hyperdisk_only() && !last_resort, Reason::HyperdiskOnly),
        (machine.gpu.is_some() && !gpu_wanted, Reason::HasGpu),
        (machine.nvidia_gpus() == 0 && gpu_wanted, Reason::NoGpu),
    ];
    reasons.into_iter().find(|(applies, _)| *applies).map_or(Ok(()), |(_, reason)| Err(reason))
}

fn is_special(machine: &Machine) -> bool {
    let family = machine.family();
    match machine.provider {
        Provider::Aws => {
            SPECIAL_AWS_EXACT.contains(&family) || SPECIAL_AWS.iter().any(|start| family.starts_with(start))
        }
        Provider::Gcp => SPECIAL_GCP.contains(&family),
    }
}
