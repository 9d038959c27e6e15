//! What Cost Explorer is asked.

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::cloud::aws::{CostFilter, CostKey, CostQuestion, HUB_TAG};
use crate::error::{Error, Result};
use crate::ledger::Month;

/// The tag that says which pool a node is of.
pub(super) const POOL_TAG: &str = "frazil:pool";

/// Days of a month, as far as they are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: String,
    /// The day after the last.
    pub(super) end: String,
}

/// A hub and a pool; without one, nobody's.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pair {
    pub(super) hub: Option<String>,
    pub(super) pool: Option<String>,
}

/// The days of a month that Cost Explorer has.
pub(super) fn span(month: Month, today: Date, kept: u32) -> Result<Span> {
    let first = |month: Month| {
        let text = format!("{month}-01");
        text.parse::<Date>().map_err(|error| Error::failed(format!("{month} is no month")).because(error))
    };
    let start = first(month)?;
    let earliest = today.first_of_month().saturating_sub(i64::from(kept).months());
    if start < earliest {
        let earliest = format!("{:04}-{:02}", earliest.year(), earliest.month());
        return Err(Error::failed(format!(
            "Cost Explorer has no {month}: it keeps {kept} months, from {earliest} on"
        ))
        .hint("read a Cost and Usage Report of that month instead"));
    }
    if start > today {
        return Err(Error::failed(format!("{month} has not begun")));
    }
    let end = start.saturating_add(1.month()).min(today.saturating_add(1.day()));
    Ok(Span { start: start.to_string(), end: end.to_string() })
}

/// The three questions over the whole month: what there is by service and record type, which hubs and pools
/// there are, and in which region each usage type is.
pub(super) fn over_all(account: &str, span: &Span) -> [CostQuestion; 3] {
    let services = [CostKey::Dimension("SERVICE"), CostKey::Dimension("RECORD_TYPE")];
    let pairs = [CostKey::Tag(HUB_TAG), CostKey::Tag(POOL_TAG)];
    let regions = [CostKey::Dimension("USAGE_TYPE"), CostKey::Dimension("REGION")];
    let ask = |daily, keys| question(span, daily, keys, vec![of(account)]);
    [ask(true, services), ask(false, pairs), ask(false, regions)]
}

/// The usage of a hub's pool by service and usage type.
pub(super) fn part(account: &str, span: &Span, pair: &Pair, records: &[String]) -> CostQuestion {
    let keys = [CostKey::Dimension("SERVICE"), CostKey::Dimension("USAGE_TYPE")];
    let filters = vec![
        of(account),
        CostFilter::Dimension("RECORD_TYPE", records.to_vec()),
        CostFilter::Tag(HUB_TAG, pair.hub.clone()),
        CostFilter::Tag(POOL_TAG, pair.pool.clone()),
    ];
    question(span, true, keys, filters)
}

fn of(account: &str) -> CostFilter {
    CostFilter::Dimension("LINKED_ACCOUNT", vec![account.to_owned()])
}

fn question(span: &Span, daily: bool, keys: [CostKey; 2], filters: Vec<CostFilter>) -> CostQuestion {
    CostQuestion { start: span.start.clone(), end: span.end.clone(), daily, keys, filters }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::span;
    use crate::ledger::Month;

    #[test]
    fn a_month_is_asked_for_as_far_as_it_is_there() {
        let today = date(2026, 11, 22);
        let ask = |year, month| span(Month::new(year, month).unwrap(), today, 13);
        let told = |year, month| ask(year, month).map(|span| format!("{} {}", span.start, span.end)).unwrap();
        assert_eq!(told(2026, 10), "2026-10-01 2026-11-01");
        assert_eq!(told(2026, 11), "2026-11-01 2026-11-23");
        assert_eq!(told(2025, 10), "2025-10-01 2025-11-01");
        let error = ask(2025, 9).unwrap_err();
        assert_eq!(error.to_string(), "Cost Explorer has no 2025-09: it keeps 13 months, from 2025-10 on");
        assert_eq!(ask(2026, 12).unwrap_err().to_string(), "2026-12 has not begun");
    }
}
