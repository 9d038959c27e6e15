//! What reading costs, by a table from outside.
//!
//! The table is JSON: a list of [`Price`]s, of which the first that fits holds.
//!
//! ```json
//! [{"region": "aws/us-west-2", "route": "internet", "requester_pays": true,
//!   "usd_per_gib": "0.09", "usd_per_1000_requests": "0.0004"}]
//! ```

use std::path::Path;

use frazil_byte_ledger::Route;
use frazil_units::{Amount, Bytes};
use serde::Deserialize;

use super::Label;
use crate::error::{Error, Result};

/// Bytes of what clouds sell as a gigabyte of transfer.
const GIBIBYTE: i128 = 1 << 30;

/// What reading costs the one who reads. What is left out fits everything.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Where the bucket is, such as `aws/us-west-2`.
    pub region: Option<String>,
    /// How the bytes come.
    pub route: Option<Route>,
    /// Whether the bucket's owner lets the reader pay.
    pub requester_pays: Option<bool>,
    /// US dollars for 2³⁰ bytes.
    #[serde(deserialize_with = "decimal")]
    pub usd_per_gib: Amount,
    /// US dollars for a thousand requests.
    #[serde(default, deserialize_with = "decimal")]
    pub usd_per_1000_requests: Amount,
}

/// A table of prices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prices(Vec<Price>);

impl Prices {
    /// Reads a table.
    ///
    /// # Errors
    /// [`Error::Invalid`] with line and column where it is none.
    pub fn parse(json: &str) -> Result<Self> {
        serde_json::from_str(json).map(Self).map_err(|error| Error::Invalid {
            what: format!("the table of prices cannot be read: {error}"),
            advice: r#"write it as [{"route": "internet", "usd_per_gib": "0.09"}]"#.to_owned(),
        })
    }

    /// Reads a file with a table.
    ///
    /// # Errors
    /// [`Error::File`] where it cannot be read, and as [`Prices::parse`].
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(&std::fs::read_to_string(path).map_err(Error::file(path, "read"))?)
    }

    /// What so many bytes and requests cost, rounded to 10⁻¹² dollars; none where the table does not say.
    pub fn cost(&self, label: &Label, bytes: u64, requests: u64) -> Option<Amount> {
        let price = self.0.iter().find(|price| price.fits(label))?;
        let bytes = price.usd_per_gib.ratio(i128::from(bytes), GIBIBYTE)?;
        Some(bytes + price.usd_per_1000_requests.ratio(i128::from(requests), 1000)?)
    }

    /// What to say before a read that will cost, with the sum to the cent, or to the first digit of what is less;
    /// none where it costs nothing, or nobody knows.
    pub fn warning(&self, label: &Label, bytes: u64, requests: u64) -> Option<String> {
        let cost = self.cost(label, bytes, requests).filter(|cost| *cost > Amount::ZERO)?;
        let whom = if label.requester_pays { ", which the reader pays" } else { "" };
        let (route, plural) = (label.route.name(), if requests == 1 { "" } else { "s" });
        Some(format!(
            "reading {} in {requests} request{plural} from {} ({route}) costs about {} USD{whom}",
            Bytes::new(bytes).rounded(),
            label.bucket,
            shown(cost)
        ))
    }
}

impl Price {
    fn fits(&self, label: &Label) -> bool {
        self.region.as_ref().is_none_or(|region| *region == label.region)
            && self.route.is_none_or(|route| route == label.route)
            && self.requester_pays.is_none_or(|pays| pays == label.requester_pays)
    }
}

/// To the cent, and smaller sums to their first digit.
fn shown(cost: Amount) -> String {
    let exact = cost.rounded(12);
    let digits = exact.split_once('.').map_or("", |(_, digits)| digits);
    let is_small = exact.starts_with("0.");
    let first = digits.bytes().position(|digit| digit != b'0').filter(|_| is_small).unwrap_or_default();
    cost.rounded(u32::try_from(first + 1).unwrap_or_default().max(2))
}

/// A decimal number, as text or as JSON's number, exactly.
fn decimal<'de, D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Amount, D::Error> {
    use serde::de::Error as _;
    let text = match serde_json::Value::deserialize(from)? {
        serde_json::Value::String(text) => text,
        serde_json::Value::Number(number) => number.to_string(),
        other => return Err(D::Error::custom(format!("{other} is no sum of money"))),
    };
    let amount = Amount::from_decimal(&text).map_err(D::Error::custom)?;
    if amount < Amount::ZERO {
        return Err(D::Error::custom(format!("{text} is less than nothing")));
    }
    Ok(amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r#"[
        {"route": "in-region", "usd_per_gib": 0, "usd_per_1000_requests": "0.0004"},
        {"region": "aws/us-west-2", "requester_pays": true, "usd_per_gib": "0.09"},
        {"requester_pays": false, "usd_per_gib": "0"}
    ]"#;

    fn label(route: Route, requester_pays: bool) -> Label {
        let (bucket, region) = ("usgs-landsat".to_owned(), "aws/us-west-2".to_owned());
        Label { bucket, region, route, requester_pays, ..Label::default() }
    }

    #[test]
    fn the_first_price_that_fits_holds() {
        let prices = Prices::parse(TABLE).unwrap();
        let cost =
            |label: &Label, bytes, requests| prices.cost(label, bytes, requests).map(|cost| cost.to_string());
        assert_eq!(cost(&label(Route::InRegion, true), 1 << 30, 1000).as_deref(), Some("0.0004"));
        assert_eq!(cost(&label(Route::Internet, true), 5 << 29, 7).as_deref(), Some("0.225"));
        assert_eq!(cost(&label(Route::Internet, false), 1 << 30, 7).as_deref(), Some("0.00"));
        let elsewhere = Label { region: "aws/eu-west-1".to_owned(), ..label(Route::Internet, true) };
        assert_eq!(cost(&elsewhere, 1, 1), None);
    }

    #[test]
    fn what_costs_is_told_before() {
        let prices = Prices::parse(TABLE).unwrap();
        let warning = prices.warning(&label(Route::Internet, true), 5 << 30, 40).unwrap();
        assert_eq!(
            warning,
            "reading 5.37 GB in 40 requests from usgs-landsat (internet) costs about 0.45 USD, which the reader pays"
        );
        assert_eq!(prices.warning(&label(Route::Internet, false), 5 << 30, 40), None);
        assert_eq!(shown(Amount::from_decimal("0.0000812").unwrap()), "0.00008");
    }

    #[test]
    fn nonsense_is_refused_with_its_place() {
        for json in
            ["", "{}", r#"[{"usd_per_gib": "-1"}]"#, r#"[{"usd_per_gib": "x"}]"#, r#"[{"usd": 1}]"#, "[{}]"]
        {
            let error = Prices::parse(json).unwrap_err().to_string();
            assert!(error.contains("line 1"), "{json}: {error}");
        }
    }

    #[test]
    fn the_largest_numbers_do_not_panic() {
        let prices = Prices::parse(r#"[{"usd_per_gib": "999999999"}]"#).unwrap();
        prices.cost(&Label::default(), u64::MAX, u64::MAX);
        prices.warning(&Label::default(), u64::MAX, u64::MAX);
    }
}
