//! When to say that reading will cost.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use frazil_units::Amount;

use super::{Label, Planned, Prices};
use crate::error::{Error, Result};
use crate::surroundings::Surroundings;

/// The variable that names the table of prices: without it nothing is said of costs.
pub const PRICES: &str = "FRAZIL_PRICES";
/// The variable that says from how many US dollars on is warned.
pub const WARN_FROM: &str = "FRAZIL_WARN_FROM_USD";

/// A table of prices, and from which sum on is warned.
///
/// Reads that cost less are summed by label until they reach that sum together, as those of Dask's tasks do.
#[derive(Debug)]
pub struct Costs {
    prices: Prices,
    from: Amount,
    unsaid: Mutex<BTreeMap<Label, Planned>>,
}

impl Costs {
    /// By a table of prices; warnings begin at a sum, or with what costs anything.
    pub fn new(prices: Prices, from: Amount) -> Self {
        Self { prices, from, unsaid: Mutex::default() }
    }

    /// By the table that the environment names ([`PRICES`]), from the sum on that it says ([`WARN_FROM`]).
    ///
    /// # Errors
    /// [`Error::File`] for a table that cannot be read, [`Error::Invalid`] for one that is none, and for a sum
    /// that is none.
    pub fn of(surroundings: &Surroundings) -> Result<Option<Self>> {
        let Some(path) = surroundings.variable(PRICES) else { return Ok(None) };
        let from = surroundings.variable(WARN_FROM).map_or(Ok(Amount::ZERO), |text| dollars(&text))?;
        Ok(Some(Self::new(Prices::read(Path::new(&path))?, from)))
    }

    /// The table.
    pub fn prices(&self) -> &Prices {
        &self.prices
    }

    /// What to say before a read, in US dollars too; none where it costs nothing, nobody knows, or it is less
    /// than is worth a warning so far.
    pub fn warning(&self, label: &Label, read: Planned) -> Option<String> {
        self.prices.cost(label, read.bytes, read.requests).filter(|cost| *cost > Amount::ZERO)?;
        let mut unsaid = self.unsaid.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = unsaid.entry(label.clone()).or_default();
        *sum += read;
        let all = *sum;
        self.prices.cost(label, all.bytes, all.requests).filter(|cost| *cost >= self.from)?;
        unsaid.remove(label);
        self.prices.warning(label, all.bytes, all.requests)
    }

    /// Whether reading may cost anything there.
    pub fn may_cost(&self, label: &Label) -> bool {
        let cost = self.prices.cost(label, 1 << 30, 1000);
        cost.is_some_and(|cost| cost > Amount::ZERO)
    }
}

/// US dollars as they are written.
///
/// # Errors
/// [`Error::Invalid`] for what is no such sum.
pub fn dollars(text: &str) -> Result<Amount> {
    let sum = Amount::from_decimal(text.trim()).ok().filter(|sum| *sum >= Amount::ZERO);
    sum.ok_or_else(|| Error::Invalid {
        what: format!("`{text}` is no sum of money"),
        advice: "write US dollars, such as 0.50".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use frazil_byte_ledger::Route;

    use super::*;

    const TABLE: &str =
        r#"[{"route": "in-region", "usd_per_gib": "0"}, {"route": "internet", "usd_per_gib": "0.09"}]"#;

    fn label(route: Route) -> Label {
        Label { bucket: "nsidc".to_owned(), route, ..Label::default() }
    }

    fn gib(bytes: u64) -> Planned {
        Planned { chunks: 1, requests: 1, bytes: bytes << 30 }
    }

    #[test]
    fn reads_that_cost_are_warned_of_and_others_not() {
        let costs = Costs::new(Prices::parse(TABLE).unwrap(), Amount::ZERO);
        let said = costs.warning(&label(Route::Internet), gib(2)).unwrap();
        assert_eq!(said, "reading 2.15 GB in 1 request from nsidc (internet) costs about 0.18 USD");
        assert_eq!(costs.warning(&label(Route::InRegion), gib(2)), None);
        assert_eq!(costs.warning(&label(Route::Unknown), gib(2)), None);
        assert_eq!(costs.warning(&label(Route::Internet), Planned::default()), None);
        assert!(costs.may_cost(&label(Route::Internet)) && !costs.may_cost(&label(Route::InRegion)));
    }

    #[test]
    fn small_reads_are_summed_until_they_are_worth_a_warning() {
        let costs = Costs::new(Prices::parse(TABLE).unwrap(), dollars("0.27").unwrap());
        let say = |bytes| costs.warning(&label(Route::Internet), gib(bytes));
        assert_eq!((say(1), say(1)), (None, None));
        assert!(say(1).unwrap().contains("reading 3.22 GB in 3 requests"));
        assert_eq!(say(1), None);
        assert!(say(10).unwrap().contains("11.8 GB"));
    }

    #[test]
    fn the_environment_names_the_table_and_the_sum() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prices.json");
        std::fs::write(&path, TABLE).unwrap();
        let path = path.to_str().unwrap();
        let of = |variables: &[(&'static str, &str)]| Costs::of(&Surroundings::made(variables.to_vec()));
        let costs = of(&[(PRICES, path), (WARN_FROM, "1")]).unwrap().unwrap();
        assert_eq!(costs.warning(&label(Route::Internet), gib(11)), None);
        assert!(costs.warning(&label(Route::Internet), gib(1)).is_some());
        assert!(of(&[(WARN_FROM, "1")]).unwrap().is_none());
        assert!(of(&[(PRICES, path), (WARN_FROM, "much")]).unwrap_err().to_string().contains("`much`"));
        assert!(of(&[(PRICES, "/nowhere/prices.json")]).unwrap_err().to_string().contains("prices.json"));
    }
}
