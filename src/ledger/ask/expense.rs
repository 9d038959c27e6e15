//! What asking costs.

use std::fmt;

use frazil_units::Amount;

/// Bytes of a megabyte, as Athena rounds what it read up to.
const MB: u64 = 1_000_000;

/// What a question costs, at list prices, before free tiers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expense {
    /// Of whom: `Cost Explorer`, `Athena`, `BigQuery`.
    pub of: &'static str,
    /// Requests that are billed.
    pub requests: u64,
    /// Requests that were answered before and are not asked again.
    pub cached: u64,
    /// Bytes that are read; `None` where that is not known.
    pub bytes: Option<u64>,
    /// In US dollars; `None` where that is not known.
    pub usd: Option<Amount>,
}

impl Expense {
    /// Requests at a price each.
    pub(super) fn requests(of: &'static str, requests: u64, cached: u64, price: Option<Amount>) -> Self {
        let usd = price.and_then(|price| price.checked_mul(i128::from(requests)));
        Self { of, requests, cached, bytes: None, usd }
    }

    /// Bytes read by Athena: 5 USD per terabyte, at least 10 MB, up to the next megabyte ("Amazon Athena
    /// pricing"; some regions take more).
    pub(super) fn athena(bytes: Option<u64>) -> Self {
        let usd = bytes.map(|bytes| {
            let billed = bytes.max(10 * MB).div_ceil(MB);
            Amount::from_pico(i128::from(billed) * 5_000_000)
        });
        Self { of: "Athena", requests: 0, cached: 0, bytes, usd }
    }

    /// Bytes read by `BigQuery`: 6.25 USD per tebibyte, at least 10 MiB ("`BigQuery` pricing", on-demand; the
    /// first tebibyte of a month is free, some regions take more).
    pub(super) fn bigquery(bytes: u64) -> Self {
        let billed = if bytes == 0 { 0 } else { bytes.max(10 << 20) };
        let usd = Amount::from_pico(i128::from(billed) * 6_250_000_000_000 / (1 << 40));
        Self { of: "BigQuery", requests: 0, cached: 0, bytes: Some(bytes), usd: Some(usd) }
    }
}

impl fmt::Display for Expense {
    /// `Cost Explorer: 9 requests, 0.09 USD`, `Athena: reads 4.2 GB, 0.0210 USD`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usd = self.usd.map_or_else(|| "price not known".to_owned(), |usd| format!("{} USD", price(usd)));
        if self.bytes.is_some() || self.of == "Athena" {
            let read = self.bytes.map_or_else(|| "an unknown amount".to_owned(), size);
            return write!(f, "{}: {read} read, {usd}", self.of);
        }
        let s = if self.requests == 1 { "" } else { "s" };
        write!(f, "{}: {} request{s}, {usd}", self.of, self.requests)?;
        if self.cached > 0 { write!(f, "; {} known from before", self.cached) } else { Ok(()) }
    }
}

fn price(usd: Amount) -> String {
    let cent = Amount::from_pico(10_000_000_000);
    usd.rounded(if usd.pico() % cent.pico() == 0 { 2 } else { 4 })
}

fn size(bytes: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        0..MB => format!("{bytes} bytes"),
        MB..1_000_000_000 => format!("{} MB", tenths(MB)),
        1_000_000_000..1_000_000_000_000 => format!("{} GB", tenths(1_000_000_000)),
        _ => format!("{} TB", tenths(1_000_000_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asking_costs_is_told_plainly() {
        let cent = Amount::from_decimal("0.01").ok();
        assert_eq!(
            Expense::requests("Cost Explorer", 9, 0, cent).to_string(),
            "Cost Explorer: 9 requests, 0.09 USD"
        );
        assert_eq!(
            Expense::requests("Cost Explorer", 1, 8, cent).to_string(),
            "Cost Explorer: 1 request, 0.01 USD; 8 known from before"
        );
        assert_eq!(Expense::athena(Some(4_200_000_000)).to_string(), "Athena: 4.2 GB read, 0.0210 USD");
        assert_eq!(Expense::athena(Some(1)).usd, Amount::from_decimal("0.00005").ok());
        assert_eq!(Expense::athena(None).to_string(), "Athena: an unknown amount read, price not known");
        assert_eq!(
            Expense::bigquery(1 << 40).to_string(),
            "BigQuery: 1.0 TB read, 6.2500 USD".replace("6.2500", "6.25")
        );
        assert_eq!(Expense::bigquery(0).usd, Some(Amount::from_pico(0)));
    }
}
