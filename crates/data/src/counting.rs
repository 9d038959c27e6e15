//! Counting what is read: requests and bytes by dataset, bucket, region and route, for each handle and the
//! whole process, and into the byte ledger.
//!
//! A [`Meter`] hears of every exchange of the client that it watches ([`crate::http::Client::watched`]),
//! redirects, tries and broken bodies among them, so its sums are the server's own. [`Books`] has all meters
//! of a process. Requested bytes are those of the ranges that were asked for; received ones those of all
//! bodies that came.

mod books;
mod costs;
mod counters;
mod ledger;
mod meter;
mod planned;
mod prices;
mod who;

pub use books::{Books, Line};
pub use costs::{Costs, PRICES, WARN_FROM, dollars};
pub use counters::Counters;
pub(crate) use counters::Counts;
pub use ledger::FOLDER;
pub use meter::{Broken, Meter, Reads, Sums};
pub use planned::Planned;
pub use prices::{Price, Prices};
pub use who::who;

use frazil_byte_ledger::Route;
use serde::{Deserialize, Serialize};

use crate::region::Region;

/// What is counted together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Label {
    /// The dataset, such as `ATL03.006`; empty where nobody says.
    #[serde(default)]
    pub dataset: String,
    /// The bucket, or the host where there is none.
    #[serde(default)]
    pub bucket: String,
    /// Where the bucket is, such as `aws/us-west-2`; empty where nobody knows.
    #[serde(default)]
    pub region: String,
    /// How the bytes come.
    #[serde(default)]
    pub route: Route,
    /// Whether the reader pays for them and not the bucket's owner.
    #[serde(default)]
    pub requester_pays: bool,
}

/// How bytes come from one region to another.
pub fn route(here: Option<&Region>, there: Option<&Region>) -> Route {
    match (here, there) {
        (Some(here), Some(there)) if here == there => Route::InRegion,
        (Some(here), Some(there)) if here.cloud == there.cloud => Route::InterRegion,
        (Some(_), Some(_)) => Route::Internet,
        _ => Route::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_told_by_both_ends() {
        let (oregon, iowa) = (Region::aws("us-west-2"), Region::parse("google/us-central1").unwrap());
        assert_eq!(route(Some(&oregon), Some(&oregon)), Route::InRegion);
        assert_eq!(route(Some(&oregon), Some(&Region::aws("us-east-1"))), Route::InterRegion);
        assert_eq!(route(Some(&oregon), Some(&iowa)), Route::Internet);
        assert_eq!(route(None, Some(&iowa)), Route::Unknown);
        assert_eq!(route(Some(&oregon), None), Route::Unknown);
    }
}
