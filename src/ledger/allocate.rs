//! Divides bills among hubs, people and Dask clusters, as docs/costs.md says. Pure: rows, histories and a
//! question in, parts out, whose sum is the bill.

mod classify;
mod divide;
mod explain;
mod lives;
mod people;
mod presence;
mod question;
mod rows;
pub(in crate::ledger) mod share;
mod sums;
pub(super) mod tags;

use std::collections::{BTreeMap, BTreeSet};

use self::divide::Divider;
use self::lives::Lives;
use self::people::{Groups, Homes, Names};
use self::sums::Totals;
use super::BillRows;
use super::line::{Day, SourceKind};
use super::store::Bill;
use super::symbols::Symbols;
use super::told::Told;
use crate::observe::history::Life;

pub use classify::Component;
pub use explain::Explained;
pub use presence::day_text;
pub use question::{By, IdleRule, Money, Question, Ratio, Rule, SharedRule};
pub use rows::MachineRoom;
pub use sums::{Kind, Part};

/// Divides one bill after the other.
pub struct Allocator<'a> {
    question: &'a Question,
    machine: &'a dyn Fn(&str) -> Option<MachineRoom>,
    told: &'a Told,
    lives: Lives<'a>,
    names: Names,
    groups: Groups,
    homes: Homes,
    symbols: Symbols,
    totals: Totals,
    billed: BTreeMap<String, i128>,
    without_history: BTreeSet<Day>,
    days: Option<(Day, Day)>,
    explained: Vec<Explained>,
    bills: usize,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Allocation {
    /// An answer for each currency.
    pub currencies: Vec<Currency>,
    /// Days on which it is not known who was on nodes.
    pub without_history: Vec<Day>,
    /// The first and the last day.
    pub days: Option<(Day, Day)>,
    /// The parts of the line that was asked for, largest first.
    pub explained: Vec<Explained>,
}

/// The answer in a currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Currency {
    /// Its code, such as `USD`.
    pub name: String,
    /// The sum of the bills' rows, in 10⁻¹² of it.
    pub billed: i128,
    /// The parts, by kind, the largest first.
    pub parts: Vec<Part>,
}

impl Currency {
    /// The sum of the parts.
    pub fn sum(&self) -> i128 {
        self.parts.iter().map(|part| part.amount).sum()
    }
}

impl<'a> Allocator<'a> {
    /// An allocator by what is told beside bills, and by what machine types have.
    pub fn new(
        question: &'a Question,
        told: &'a Told,
        machine: &'a dyn Fn(&str) -> Option<MachineRoom>,
    ) -> Self {
        let names = Names::new(people(told));
        let mut symbols = Symbols::default();
        Self {
            question,
            machine,
            told,
            lives: Lives::new(&told.lives),
            groups: Groups::new(&told.memberships, &names, &mut symbols),
            homes: Homes::new(&told.homes, &names, &mut symbols),
            names,
            symbols,
            totals: Totals::new(question),
            billed: BTreeMap::new(),
            without_history: BTreeSet::new(),
            days: None,
            explained: Vec::new(),
            bills: 0,
        }
    }

    /// Divides a bill's rows.
    pub fn add(&mut self, mut rows: BillRows) {
        let uses = std::mem::take(&mut rows.uses);
        Divider::new(self, &rows, uses).divide();
        self.bills += 1;
    }

    /// What came of it.
    pub fn finish(mut self) -> Allocation {
        let mut parts = self.totals.finish(&self.symbols);
        let currencies = std::mem::take(&mut self.billed).into_iter().map(|(name, billed)| {
            let found = parts.iter_mut().find(|(other, _)| *other == name);
            let parts = found.map(|(_, parts)| std::mem::take(parts)).unwrap_or_default();
            Currency { name, billed, parts }
        });
        let currencies = currencies.collect();
        self.explained.sort_by_key(|each| (std::cmp::Reverse(each.amount.abs()), each.bill, each.row));
        Allocation {
            currencies,
            without_history: self.without_history.into_iter().collect(),
            days: self.days,
            explained: self.explained,
        }
    }
}

/// Everybody that is told of by name.
fn people(told: &Told) -> impl Iterator<Item = &str> {
    let pods = told.lives.iter().filter_map(|told| match &told.life {
        Life::Pod(pod) => pod.labels.get("hub.jupyter.org/username").map(String::as_str),
        Life::Node(_) => None,
    });
    pods.chain(told.memberships.iter().map(|each| each.user.as_str()))
}

/// Of bills that tell of the same money, the one that counts; and those that do not.
pub fn choose(bills: Vec<Bill>) -> (Vec<Bill>, Vec<Bill>) {
    let rank = |kind: SourceKind| match kind {
        SourceKind::Cur2 => 0,
        SourceKind::CurLegacy => 1,
        SourceKind::GcpDetailed => 2,
        SourceKind::GcpStandard => 3,
        SourceKind::Focus => 4,
        SourceKind::CostExplorer => 5,
    };
    let money = |bill: &Bill| (cloud(&bill.source.provider), bill.source.payer.clone(), bill.month);
    let mut best: BTreeMap<_, u8> = BTreeMap::new();
    for bill in &bills {
        let own = rank(bill.source.kind);
        let known = best.entry(money(bill)).or_insert(own);
        *known = own.min(*known);
    }
    bills.into_iter().partition(|bill| best.get(&money(bill)) == Some(&rank(bill.source.kind)))
}

/// One name for a cloud, which FOCUS calls by several.
fn cloud(provider: &str) -> String {
    let name = provider.to_lowercase();
    match name.as_str() {
        text if text.contains("aws") || text.contains("amazon") => "aws".to_owned(),
        text if text.contains("gcp") || text.contains("google") => "gcp".to_owned(),
        _ => name,
    }
}

#[cfg(test)]
mod tests;
