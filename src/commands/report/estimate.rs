//! What was estimated of an event, beside what was billed.

use std::collections::BTreeMap;

use frazil_units::Amount;

use crate::config::HubFile;
use crate::estimate::{Assumptions, Case, Key, People, Site, compared};
use crate::ledger::allocate::Component;
use crate::report::days_between;
use crate::report::{Chapter, Estimate, EstimateRow};

/// The estimate of a hub with an event, in a cloud whose prices are known; estimates are in US dollars.
pub(super) fn beside(hub: &HubFile, chapter: &Chapter) -> Option<Estimate> {
    let event = hub.event.as_ref().filter(|_| chapter.currency == "USD")?;
    let days =
        u32::try_from(days_between(event.from.date(), event.to.date())).ok().filter(|days| *days > 0)?;
    let people = People { attendees: event.attendees, days };
    let assumed = Assumptions::of(hub);
    let model = Site::of(hub, Some(people), &assumed).ok()??.event?;
    let mut usd: BTreeMap<Option<Component>, Amount> = BTreeMap::new();
    for sum in &chapter.components {
        let billed = usd.entry(Component::from_name(&sum.name)).or_default();
        *billed = *billed + sum.amount;
    }
    let rows = compared(&model.items(), Some(&usd));
    let row = |row: &crate::estimate::Compared| EstimateRow {
        component: row.component.map(|component| component.name().to_owned()),
        low: row.estimated.low,
        likely: row.estimated.likely,
        high: row.estimated.high,
        billed: row.billed.unwrap_or_default(),
    };
    Some(Estimate {
        rows: rows.iter().map(row).collect(),
        people: people.attendees,
        days: people.days,
        around: assumed.value(Key::Around, Case::Likely).to_string(),
    })
}
