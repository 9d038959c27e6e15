//! A price, and on what it rests.

use std::fmt;

use frazil_units::Amount;

use super::Source;

/// Hours of a month, as prices of a month count them (AWS and Google both do).
pub const MONTH_HOURS: i128 = 730;

/// How a machine is bought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Market {
    /// For as long as wanted, at the list price.
    #[default]
    OnDemand,
    /// Spare capacity that may be taken back: AWS and Google both call it spot.
    Spot,
}

impl fmt::Display for Market {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OnDemand => "on-demand",
            Self::Spot => "spot",
        })
    }
}

/// On what a price rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Basis {
    /// A list says so.
    Listed,
    /// The price of another region whose common prices are all equal.
    Derived,
    /// Computed from other prices by the rule given here; shown with `~`.
    Estimated(String),
}

/// A price in US dollars of one unit, before tax, free tiers and discounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// US dollars per unit.
    pub usd: Amount,
    /// What the price is for: `hour`, `GB-month`, `GiB`, …
    pub unit: String,
    /// On what it rests.
    pub basis: Basis,
    /// Where it comes from, and of what day it is.
    pub source: Source,
}

impl Price {
    /// A price as a list has it.
    pub(crate) fn listed(usd: Amount, unit: &str, source: Source) -> Self {
        let basis = if source.is_derived() { Basis::Derived } else { Basis::Listed };
        Self { usd, unit: unit.to_owned(), basis, source }
    }

    /// Whether no list says so.
    pub const fn is_estimate(&self) -> bool {
        matches!(self.basis, Basis::Estimated(_))
    }
}

impl fmt::Display for Price {
    /// `0.2646 USD/hour`, with a leading `~` for an estimate.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.is_estimate() { "~" } else { "" };
        write!(f, "{mark}{} USD/{}", self.usd, self.unit)
    }
}
