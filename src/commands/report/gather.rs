//! What the ledger has of a hub, as a chapter of a page.

use std::collections::BTreeMap;

use frazil_units::Amount;
use jiff::civil::Date;

use super::{Asked, budget, estimate};
use crate::catalog::Provider;
use crate::commands::cost::show::{answer_with, bills, day_number, ranges, told};
use crate::commands::egress::{near, requester_pays};
use crate::commands::ledger::refuse;
use crate::config::HubFile;
use crate::error::{Error, Result};
use crate::estimate::place;
use crate::ledger::allocate::{Allocation, By, Currency, Kind, Part, Question};
use crate::ledger::budget::date;
use crate::ledger::egress;
use crate::ledger::flows::Days;
use crate::ledger::told::Told;
use crate::ledger::{Bill, Day, Ledger, Month, SourceKind};
use crate::report::{Chapter, DaySum, EgressRow, Event, History, PersonSum, Sum, history};

/// What is nobody's though it is of a person's pod.
const NO_PERSON: &str = "no-person";

/// Which days are asked for.
#[derive(Clone, Copy, Debug)]
pub(in crate::commands) struct When {
    pub(in crate::commands) month: Option<Month>,
    pub(in crate::commands) from: Option<Date>,
    pub(in crate::commands) to: Option<Date>,
}

impl When {
    /// Whether days are asked for, or the event, and not a month.
    pub(super) fn by_days(self, asked: &Asked) -> bool {
        let has_event = asked.file().is_some_and(|file| file.event.is_some());
        self.from.is_some() || self.to.is_some() || (has_event && self.month.is_none())
    }

    /// What was told of the days that are asked for, else of those of some bills.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(super) fn told(self, ledger: &Ledger, bills: &[Bill], asked: &Asked) -> Result<Told> {
        let days = (self.from.and_then(day_number), self.to.and_then(day_number));
        told(ledger, bills, days, asked.name())
    }
}

/// A chapter in which people still have their names, and the history of its hub.
pub(super) struct Found {
    pub(super) chapter: Chapter,
    pub(super) history: Option<History>,
}

/// A hub's chapters, one for each currency in which the ledger has something of it.
///
/// # Errors
/// When the ledger cannot be read.
pub(super) fn hub(ledger: &Ledger, asked: &Asked, when: When, today: Date) -> Result<Vec<Found>> {
    let (bills, ignored) = bills(ledger, when.month, when.by_days(asked))?;
    let told = when.told(ledger, &bills, asked)?;
    let ask = |by: By| {
        let question = Question {
            by: vec![by],
            hub: asked.name().map(str::to_owned),
            from: when.from.and_then(day_number),
            to: when.to.and_then(day_number),
            ..Question::default()
        };
        answer_with(ledger, &told, &bills, &question)
    };
    let (by_component, by_person) = (ask(By::Component)?, ask(By::User)?);
    let moved = meters((ledger, &told), (&bills, asked, when), Vec::new())?;
    let mut found = Vec::new();
    for currency in &by_component.currencies {
        let Some(days) = days_of(&currency.parts) else { continue };
        let people = by_person.currencies.iter().find(|other| other.name == currency.name);
        let mut chapter = chapter(asked, currency, people, days);
        chapter.bills = bills.iter().map(source).collect();
        chapter.notes = notes(&by_component, &ignored);
        chapter.egress = egress(&moved, &currency.name, found.is_empty());
        if let Some(file) = asked.file() {
            beside(ledger, &mut chapter, file, today)?;
        }
        found.push(Found { chapter, history: history(&told.lives, asked.name()) });
    }
    Ok(found)
}

/// What bills tell of transfer in one currency, by way; in the first chapter also what the other meters tell, and why
/// they differ.
fn egress(found: &egress::Egress, currency: &str, is_first: bool) -> Vec<EgressRow> {
    let reasons = if is_first { found.disagreements() } else { BTreeMap::new() };
    let noted = |((way, _), cell): (&egress::RowKey, &egress::Cell)| {
        let words = reasons.get(way).map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>());
        Some(EgressRow {
            note: words.map(|words| words.join("; ")),
            ..row(*way, cell, (currency, is_first))?
        })
    };
    found.rows.iter().filter_map(noted).collect()
}

/// What all meters tell that the ledger has. Of flow logs only what is known to be the hub's.
///
/// # Errors
/// When the ledger cannot be read.
pub(super) fn meters(
    (ledger, told): (&Ledger, &Told),
    (bills, asked, when): (&[Bill], &Asked, When),
    by: Vec<egress::By>,
) -> Result<egress::Egress> {
    let met = ledger.met().map_err(refuse)?;
    let met: Vec<_> = met.iter().collect();
    let mut question = egress::Question {
        by,
        hub: asked.name().map(str::to_owned),
        from: when.from.and_then(day_number),
        to: when.to.and_then(day_number),
        requester_pays: requester_pays(&met),
        near: near(&met),
        known: true,
    };
    let mut found = egress::Egress::default();
    for bill in bills {
        found.add_bill(&question, bill, &ledger.rows(bill).map_err(refuse)?);
    }
    question = question.within(found.billed);
    let days = Days { from: question.from, to: question.to };
    for (hub, flows) in &ledger.flows_of(days).map_err(refuse)? {
        found.add_flows_of(&question, hub, flows, &told.lives);
    }
    found.add_pods(&question, &told.pod_days, &told.lives);
    let clients = ledger.clients_of(days, asked.name()).map_err(refuse)?;
    for entry in clients.iter().flat_map(|file| &file.entries) {
        found.add_entry(&question, entry);
    }
    Ok(found)
}

/// What meters tell of a way: the bill in one currency, the others, which have none, in the first chapter.
pub(super) fn row(
    way: egress::Way,
    cell: &egress::Cell,
    (currency, is_first): (&str, bool),
) -> Option<EgressRow> {
    let cost = cell.bill.as_ref().and_then(|bill| bill.cost().get(currency).copied());
    let billed = cell.bill.as_ref().filter(|_| cost.is_some());
    let billed = billed.map(|bill| bill.bytes_by_currency.get(currency).copied().unwrap_or_default());
    let billed = billed.map(|bytes| bytes / 1_000_000_000_000);
    let seen = cell.cluster.or(cell.pods).filter(|_| is_first).map(|part| part.out + part.into);
    let read = cell.client.filter(|_| is_first).map(|part| part.received);
    (cost.is_some() || seen.is_some() || read.is_some()).then(|| EgressRow {
        way: way.name().to_owned(),
        bill_bytes: billed.and_then(|bytes| u64::try_from(bytes).ok()),
        bill_cost: cost.map(Amount::from_pico),
        cluster_bytes: seen.and_then(|bytes| u64::try_from(bytes).ok()),
        client_bytes: read.and_then(|bytes| u64::try_from(bytes).ok()),
        note: None,
    })
}

/// The error of a hub of which the ledger has nothing.
pub(super) fn nothing(asked: &Asked) -> Error {
    match asked.name() {
        Some(name) => Error::failed(format!("the ledger has nothing of the hub `{name}` on these days"))
            .hint("`frazil cost read BILL…` reads its bills; rows are the hub's by the tag frazil:hub"),
        None => Error::failed("the bills have no row on these days")
            .hint("`frazil cost --by day` tells which have"),
    }
}

/// What the hub's file adds.
fn beside(ledger: &Ledger, chapter: &mut Chapter, file: &HubFile, today: Date) -> Result<()> {
    chapter.event = file.event.as_ref().map(|event| Event {
        from: event.from.date(),
        to: event.to.date(),
        attendees: event.attendees,
    });
    chapter.place = place(file).map(|(provider, region)| {
        let cloud = match provider {
            Provider::Aws => "AWS",
            Provider::Gcp => "Google Cloud",
        };
        format!("{cloud}, {region}")
    });
    chapter.estimate = estimate::beside(file, chapter);
    if let Some(budget) = &file.budget {
        if budget.total.currency.code() == chapter.currency {
            chapter.budget = Some(budget::of(ledger, file, budget, chapter, today)?);
        } else {
            chapter.notes.push(format!(
                "The budget is in {} and is not compared with a bill in {}.",
                budget.total.currency, chapter.currency
            ));
        }
    }
    Ok(())
}

/// A bill without the account that pays it, which is nobody else's business.
pub(super) fn source(bill: &Bill) -> String {
    let format = match bill.source.kind {
        SourceKind::CostExplorer => "Cost Explorer",
        SourceKind::Focus => "FOCUS",
        SourceKind::GcpStandard => "Google’s standard export",
        SourceKind::GcpDetailed => "Google’s detailed export",
        SourceKind::CurLegacy => "Cost and Usage Report",
        SourceKind::Cur2 => "Cost and Usage Report 2.0",
    };
    format!("{format}, {}", bill.month)
}

/// What a reader has to know of an answer.
pub(super) fn notes(allocation: &Allocation, ignored: &[Bill]) -> Vec<String> {
    let mut notes = Vec::new();
    if !allocation.without_history.is_empty() {
        notes.push(format!("It is not known who was on nodes on {}.", ranges(&allocation.without_history)));
    }
    if !ignored.is_empty() {
        let ignored: Vec<_> = ignored.iter().map(source).collect();
        notes.push(format!("Not counted, for it is the same money: {}.", ignored.join("; ")));
    }
    notes
}

/// The first and the last day of some parts.
pub(super) fn days_of(parts: &[Part]) -> Option<(Date, Date)> {
    let days = || parts.iter().flat_map(|part| part.days.iter().map(|(day, _)| *day));
    Some((date(days().min()?)?, date(days().max()?)?))
}

/// Sums of a name: all, idle, by day.
#[derive(Default)]
struct Summed {
    amount: i128,
    idle: i128,
    days: BTreeMap<Day, i128>,
}

impl Summed {
    fn add(&mut self, part: &Part) {
        self.amount += part.amount;
        self.idle += if part.kind == Kind::Idle { part.amount } else { 0 };
        for (day, amount) in &part.days {
            *self.days.entry(*day).or_default() += amount;
        }
    }
}

/// Sums by name, the largest first.
fn summed<'a>(parts: &'a [Part], name: impl Fn(&'a Part) -> &'a str) -> Vec<(String, Summed)> {
    let mut sums: BTreeMap<&str, Summed> = BTreeMap::new();
    for part in parts {
        sums.entry(name(part)).or_default().add(part);
    }
    let mut sums: Vec<_> = sums.into_iter().map(|(name, sum)| (name.to_owned(), sum)).collect();
    sums.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.amount));
    sums
}

fn value(part: &Part) -> Option<&str> {
    part.values.first().map(String::as_str).filter(|value| !value.is_empty())
}

/// What of a part is for a component: of credits, tax and what is no hub's the kind alone is known.
fn component_of(part: &Part) -> &str {
    if part.kind.is_of_hub() { value(part).unwrap_or("other") } else { part.kind.name() }
}

/// A chapter of an answer by what the money was for, and one by person.
pub(super) fn chapter(
    asked: &Asked,
    currency: &Currency,
    people: Option<&Currency>,
    days: (Date, Date),
) -> Chapter {
    let components = summed(&currency.parts, component_of);
    let dates: std::collections::BTreeSet<Day> =
        components.iter().flat_map(|(_, sum)| sum.days.keys().copied()).collect();
    let of_day = |day: Day| {
        let part =
            |(_, sum): &(String, Summed)| Amount::from_pico(sum.days.get(&day).copied().unwrap_or_default());
        Some(DaySum { date: date(day)?, parts: components.iter().map(part).collect() })
    };
    let by_day = dates.into_iter().filter_map(of_day).collect();
    let sum = |(name, sum): (String, Summed)| Sum {
        name,
        amount: Amount::from_pico(sum.amount),
        idle: Amount::from_pico(sum.idle),
    };
    let parts = people.map_or(&[][..], |people| people.parts.as_slice());
    let (own, apart): (Vec<_>, Vec<_>) =
        parts.iter().cloned().partition(|part| part.kind == Kind::Usage && value(part).is_some());
    let person = |(name, sum): (String, Summed)| PersonSum {
        name,
        amount: Amount::from_pico(sum.amount),
        days: sum.days.values().filter(|amount| **amount != 0).count(),
    };
    let people = summed(&own, |part| value(part).unwrap_or_default()).into_iter().map(person).collect();
    let kind = |part: &Part| if part.kind == Kind::Usage { NO_PERSON } else { part.kind.name() };
    let apart = summed(&apart, kind).into_iter().map(sum).collect();
    Chapter {
        hub: asked.name().map(str::to_owned),
        of: None,
        place: None,
        event: None,
        currency: currency.name.clone(),
        days,
        total: Amount::from_pico(currency.billed),
        by_day,
        components: components.into_iter().map(sum).collect(),
        people,
        apart,
        egress: Vec::new(),
        estimate: None,
        budget: None,
        nodes: None,
        nights: None,
        bills: Vec::new(),
        notes: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::egress::{BillSums, Cell, Egress, FlowPart, Way};

    #[test]
    fn bytes_stand_in_the_chapter_of_their_currency_and_other_meters_in_the_first() {
        let pico = 1_000_000_000_000;
        let money =
            |usd, eur| BTreeMap::from([("USD".to_owned(), usd * pico), ("EUR".to_owned(), eur * pico)]);
        let bill = BillSums {
            out: 1_007 * pico,
            bytes_by_currency: money(1_000, 7),
            bytes_cost: money(3, 2),
            ..BillSums::default()
        };
        let cluster = Some(FlowPart { out: 5_000, ..FlowPart::default() });
        let mut found = Egress::default();
        found.rows.insert((Way::Internet, Vec::new()), Cell { bill: Some(bill), cluster, ..Cell::default() });
        let of = |currency: &str, is_first: bool| {
            let rows = egress(&found, currency, is_first);
            assert_eq!(rows.len(), 1);
            (rows[0].bill_bytes, rows[0].cluster_bytes, rows[0].note.is_some())
        };
        assert_eq!(of("USD", true), (Some(1_000), Some(5_000), true));
        assert_eq!(of("EUR", false), (Some(7), None, false));
    }
}
