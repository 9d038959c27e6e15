//! Answers of Cost Explorer as lines of the ledger, whose sum is the sum over all.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::questions::{POOL_TAG, Pair};
use crate::cloud::aws::{BILLED, CostAnswer, CostGroup, CostPeriod, EFFECTIVE, HUB_TAG, QUANTITY};
use crate::error::{Error, Result};
use crate::ledger::ask::digest::of_texts;
use crate::ledger::ask::rows::cur::charge as aws_charge;
use crate::ledger::ask::rows::day;
use crate::ledger::ask::tags;
use crate::ledger::decimal::Decimal;
use crate::ledger::{
    Charge, FileRead, Gather, Gathered, Line, LineKey, Lineage, Month, Source, SourceKind, Sums, Symbol,
};

/// By how much a sum may be off for each group in it, in 10⁻¹²: amounts have ten decimals.
const ROUNDED: i128 = 100;

/// The usage of a hub's pool.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) answer: CostAnswer,
    pub(super) pair: Pair,
}

/// All answers of a month.
#[derive(Debug)]
pub(super) struct Answers {
    /// By service and record type, day by day.
    pub(super) services: CostAnswer,
    /// Regions of usage types.
    pub(super) regions: CostAnswer,
    pub(super) parts: Vec<Part>,
}

/// What is still to be told by parts, and by how much it may be off, by day and currency.
type Open = BTreeMap<(i32, String), ([i128; 2], i128)>;

/// The record types that are usage, in their order.
pub(super) fn usage_records(services: &CostAnswer) -> Vec<String> {
    let all = groups(services).filter_map(|(_, group)| group.keys.get(1));
    let usage: BTreeSet<_> = all.filter(|record| aws_charge(record) == Charge::Usage).cloned().collect();
    usage.into_iter().collect()
}

/// The pairs of hub and pool that there are; nobody's always.
pub(super) fn pairs(answer: &CostAnswer) -> Vec<Pair> {
    let mut all = BTreeSet::from([Pair::default()]);
    for (_, group) in groups(answer) {
        let value = |place: usize| {
            // `name$value`, nothing behind the sign where there is no such tag.
            let value = group.keys.get(place)?.split_once('$')?.1;
            (!value.is_empty()).then(|| value.to_owned())
        };
        all.insert(Pair { hub: value(0), pool: value(1) });
    }
    all.into_iter().collect()
}

/// The lines of a month, and what should be known of them.
pub(super) fn gather(account: &str, month: Month, answers: &Answers) -> Result<(Gathered, Vec<String>)> {
    let mut lines = Lines::new(account, month);
    let mut open = Open::new();
    lines.services(&answers.services, &mut open)?;
    let regions = regions(&answers.regions);
    for part in &answers.parts {
        lines.part(part, &regions, &mut open)?;
    }
    lines.rounding(&open)?;
    let notes = notes(month, answers);
    Ok((lines.gather.finish(), notes))
}

struct Lines<'a> {
    gather: Gather,
    source: u16,
    account: &'a str,
    month: Month,
}

/// What Cost Explorer says of one group.
struct Amounts<'a> {
    quantity: i128,
    unit: &'a str,
    billed: Decimal,
    effective: Decimal,
    currency: &'a str,
}

impl<'a> Lines<'a> {
    fn new(account: &'a str, month: Month) -> Self {
        let mut gather = Gather::default();
        let source =
            Source { kind: SourceKind::CostExplorer, provider: "aws".to_owned(), payer: account.to_owned() };
        let source = gather.source(&source);
        Self { gather, source, account, month }
    }

    /// What is no usage becomes lines by service; usage is what the parts have to come to.
    fn services(&mut self, answer: &CostAnswer, open: &mut Open) -> Result<()> {
        let first = self.file(answer, "services");
        for (row, (period, group)) in (1..).zip(groups(answer)) {
            let (day, amounts) = (day_of(period)?, amounts(group)?);
            let record = key(group, 1)?;
            let charge = aws_charge(record);
            if charge == Charge::Usage {
                let open = open.entry((day, amounts.currency.to_owned())).or_default();
                open.0[0] += amounts.billed.pico;
                open.0[1] += amounts.effective.pico;
                open.1 += ROUNDED;
                continue;
            }
            let mut line = self.key(day, charge, key(group, 0)?, &amounts);
            line.operation = self.gather.symbols.add(record);
            self.add(line, &amounts, Lineage { row, ..first });
        }
        Ok(())
    }

    fn part(&mut self, part: &Part, regions: &BTreeMap<&str, &str>, open: &mut Open) -> Result<()> {
        let Pair { hub, pool } = &part.pair;
        let name = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
        let first = self.file(&part.answer, &format!("hub {}, pool {}", name(hub), name(pool)));
        let words = [(HUB_TAG, hub), (POOL_TAG, pool)].into_iter();
        let words = words.filter_map(|(tag, value)| Some((tag.to_owned(), value.clone()?)));
        let tags = tags::text(&words.collect());
        let tags = self.gather.symbols.add(&tags);
        for (row, (period, group)) in (1..).zip(groups(&part.answer)) {
            let (day, amounts) = (day_of(period)?, amounts(group)?);
            let usage_type = key(group, 1)?;
            let mut line = self.key(day, Charge::Usage, key(group, 0)?, &amounts);
            line.usage_type = self.gather.symbols.add(usage_type);
            line.region = self.gather.symbols.add(regions.get(usage_type).copied().unwrap_or_default());
            line.tags = tags;
            self.add(line, &amounts, Lineage { row, ..first });
            let open = open.entry((day, amounts.currency.to_owned())).or_default();
            open.0[0] -= amounts.billed.pico;
            open.0[1] -= amounts.effective.pico;
            open.1 += ROUNDED;
        }
        Ok(())
    }

    /// What the parts of a day are short of its sum is rounding, or they are not of the same numbers.
    fn rounding(&mut self, open: &Open) -> Result<()> {
        for ((day, currency), ([billed, effective], most)) in open {
            if billed.abs() > *most || effective.abs() > *most {
                return Err(Error::failed(format!(
                    "the answers of Cost Explorer for {} do not belong together: its numbers changed meanwhile",
                    self.month
                ))
                .hint("ask again: what was kept of this month is forgotten"));
            }
            if (*billed, *effective) != (0, 0) {
                let amounts = Amounts {
                    quantity: 0,
                    unit: "",
                    billed: Decimal { pico: *billed, rest: 0 },
                    effective: Decimal { pico: *effective, rest: 0 },
                    currency,
                };
                let mut line = self.key(*day, Charge::Rounding, "", &amounts);
                line.account = Symbol::EMPTY;
                self.add(line, &amounts, Lineage { file: 0, row: 0 });
            }
        }
        Ok(())
    }

    fn key(&mut self, day: i32, charge: Charge, service: &str, amounts: &Amounts<'_>) -> LineKey {
        let symbols = &mut self.gather.symbols;
        LineKey {
            source: self.source,
            month: self.month,
            day,
            charge,
            account: symbols.add(self.account),
            service: symbols.add(service),
            usage_type: Symbol::EMPTY,
            operation: Symbol::EMPTY,
            region: Symbol::EMPTY,
            resource: Symbol::EMPTY,
            unit: symbols.add(amounts.unit),
            tags: Symbol::EMPTY,
            currency: symbols.add(amounts.currency),
        }
    }

    fn add(&mut self, key: LineKey, amounts: &Amounts<'_>, first: Lineage) {
        let sums = Sums {
            quantity: amounts.quantity,
            billed: amounts.billed.pico,
            effective: amounts.effective.pico,
            list: 0,
            lines: 1,
            first,
        };
        self.gather.add(Line { key, sums });
    }

    /// Tells the gather of an answer, and where its lines stand.
    fn file(&mut self, answer: &CostAnswer, what: &str) -> Lineage {
        let name = format!("Cost Explorer, account {}, {}: {what}", self.account, self.month);
        let text = serde_json::to_string(answer).unwrap_or_default();
        let digest = of_texts([name.as_str(), text.as_str()]);
        let first = Lineage { file: self.gather.next_file(), row: 0 };
        self.gather.file(FileRead { name, digest, rows: groups(answer).count() as u64 });
        first
    }
}

fn groups(answer: &CostAnswer) -> impl Iterator<Item = (&CostPeriod, &CostGroup)> {
    answer.periods.iter().flat_map(|period| period.groups.iter().map(move |group| (period, group)))
}

fn key(group: &CostGroup, place: usize) -> Result<&str> {
    group.keys.get(place).map(String::as_str).ok_or_else(|| unreadable("a group without its keys"))
}

fn day_of(period: &CostPeriod) -> Result<i32> {
    let date: Date = period.start.parse().map_err(|_| unreadable(&period.start))?;
    Ok(day(date))
}

fn amounts(group: &CostGroup) -> Result<Amounts<'_>> {
    let metric = |name: &str| -> Result<(Decimal, &str)> {
        let Some((amount, unit)) = group.metrics.get(name) else { return Ok((Decimal::default(), "")) };
        // More than ten decimals there are not; what is beyond twelve would be lost.
        let read = Decimal::from_text(amount).filter(|decimal| decimal.rest == 0);
        Ok((read.ok_or_else(|| unreadable(amount))?, unit))
    };
    let ((quantity, unit), (billed, currency), (effective, _)) =
        (metric(QUANTITY)?, metric(BILLED)?, metric(EFFECTIVE)?);
    let unit = if unit == "N/A" { "" } else { unit };
    Ok(Amounts { quantity: quantity.pico, unit, billed, effective, currency })
}

fn unreadable(what: &str) -> Error {
    Error::failed(format!("an answer of Cost Explorer cannot be read: {what}"))
}

/// The region of each usage type that is in one alone.
fn regions(answer: &CostAnswer) -> BTreeMap<&str, &str> {
    let mut all: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (_, group) in groups(answer) {
        if let [usage_type, region] = group.keys.as_slice() {
            all.entry(usage_type).or_default().insert(region);
        }
    }
    all.retain(|_, regions| regions.len() == 1 && !regions.contains("NoRegion"));
    all.into_iter()
        .filter_map(|(usage_type, regions)| Some((usage_type, regions.into_iter().next()?)))
        .collect()
}

fn notes(month: Month, answers: &Answers) -> Vec<String> {
    let mut notes = Vec::new();
    if groups(&answers.services).next().is_none() {
        notes.push(format!(
            "Cost Explorer knows nothing of {month}: check the account; numbers come about a day after the use"
        ));
        return notes;
    }
    if answers.services.periods.iter().any(|period| period.estimated) {
        notes.push(format!("{month} is not final: its numbers may change until the invoice is made"));
    }
    if !answers.parts.is_empty() && answers.parts.iter().all(|part| part.pair.hub.is_none()) {
        notes.push(format!(
            "nothing of {month} carries the tag {HUB_TAG}: activate {HUB_TAG} and {POOL_TAG} as cost allocation tags; they count from then on"
        ));
    }
    notes
}
