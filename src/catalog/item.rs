//! Prices that are not of machines.

use frazil_units::{Amount, Bytes};

use super::source::Sources;
use super::table::Row;
use super::{CatalogError, Price};

/// A thing with a price: a disk's gigabyte, a balancer's hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The key, such as `ebs_gp3_storage` or `egress_internet_first_10tb`.
    pub key: String,
    /// The price.
    pub price: Price,
    /// What the source says of the row; often nothing.
    pub note: String,
}

/// Reads a row of `items.csv` without its region.
pub(crate) fn item(line: &str, sources: &Sources) -> Result<Item, CatalogError> {
    let row = Row::<5>::new(line)?;
    Ok(Item {
        key: row.text(0).to_owned(),
        price: Price::listed(row.amount(2)?, row.text(1), sources.find(row.text(3))?),
        note: row.text(4).to_owned(),
    })
}

/// A step of a price that falls with use in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// Where the next step begins; `None` for the last.
    pub up_to: Option<Bytes>,
    /// The price up to there.
    pub price: Price,
}

const TB: u64 = 1_000_000_000_000;
const TIB: u64 = 1 << 40;

/// Steps of transfer to the internet: the items' keys, and where the next begins.
/// GCP's are those of its premium tier to everywhere but Australia and China.
pub(crate) const INTERNET_TIERS: [(&str, Option<Bytes>); 7] = [
    ("egress_internet_first_10tb", Some(Bytes::new(10 * TB))),
    ("egress_internet_next_40tb", Some(Bytes::new(50 * TB))),
    ("egress_internet_next_100tb", Some(Bytes::new(150 * TB))),
    ("egress_internet_over_150tb", None),
    ("egress_internet_premium_first_1tib", Some(Bytes::new(TIB))),
    ("egress_internet_premium_next_9tib", Some(Bytes::new(10 * TIB))),
    ("egress_internet_premium_over_10tib", None),
];

/// A median price ratio of a region to the reference region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ratio {
    pub(crate) family: String,
    pub(crate) median: Amount,
    pub(crate) source: super::Source,
}

/// Reads a row of `ratios.csv` without its region.
pub(crate) fn ratio(line: &str, sources: &Sources) -> Result<Ratio, CatalogError> {
    let row = Row::<6>::new(line)?;
    Ok(Ratio { family: row.text(0).to_owned(), median: row.amount(2)?, source: sources.find(row.text(5))? })
}
