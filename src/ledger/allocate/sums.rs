//! Parts, summed as they come by what was asked.

use rustc_hash::FxHashMap;

use super::presence::Who;
use super::question::{By, Question};
use crate::ledger::line::{Charge, Day};
use crate::ledger::symbols::{Symbol, Symbols};

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Somebody's.
    Usage,
    /// What nobody took of nodes and disks.
    Idle,
    /// What a hub shares.
    Shared,
    /// Of nodes and homes of which it is not known whose they were.
    Unattributed,
    /// Of no hub.
    Foreign,
    /// Money given.
    Credit,
    /// Money given back.
    Refund,
    /// Tax.
    Tax,
    /// A fee, or a plan bought.
    Fee,
    /// What rounding left over.
    Rounding,
}

impl Kind {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Usage => "person",
            Self::Idle => "idle",
            Self::Shared => "shared",
            Self::Unattributed => "unattributed",
            Self::Foreign => "foreign",
            Self::Credit => "credit",
            Self::Refund => "refund",
            Self::Tax => "tax",
            Self::Fee => "fee",
            Self::Rounding => "rounding",
        }
    }

    /// Whether a hub's own: what is told apart only where people are.
    pub const fn is_of_hub(self) -> bool {
        matches!(self, Self::Usage | Self::Idle | Self::Shared | Self::Unattributed)
    }

    /// The kind of a charge that stands apart.
    pub(super) const fn of_charge(charge: Charge) -> Option<Self> {
        match charge {
            Charge::Usage | Charge::Discount => None,
            Charge::Credit => Some(Self::Credit),
            Charge::Refund => Some(Self::Refund),
            Charge::Tax => Some(Self::Tax),
            Charge::Fee => Some(Self::Fee),
            Charge::Rounding => Some(Self::Rounding),
        }
    }
}

/// Most dimensions at once: each of [`By`].
const MOST: usize = 10;
type Key = [Symbol; MOST];

/// What all parts of a row have in common.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RowWords {
    pub(super) currency: Symbol,
    pub(super) day: Day,
    pub(super) day_text: Symbol,
    pub(super) hub: Symbol,
    pub(super) component: Symbol,
    pub(super) service: Symbol,
    pub(super) region: Symbol,
}

/// A sum, and its days.
#[derive(Clone, Debug, Default)]
struct Line {
    amount: i128,
    days: Vec<(Day, i128)>,
}

/// Sums by what was asked.
#[derive(Debug, Default)]
pub(super) struct Totals {
    by: Vec<By>,
    lines: FxHashMap<(Symbol, Kind, Key), Line>,
}

/// A line of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub kind: Kind,
    /// Values of what was asked for, in its order; empty where there is none.
    pub values: Vec<String>,
    /// In 10⁻¹² of the currency.
    pub amount: i128,
    /// The same by day.
    pub days: Vec<(Day, i128)>,
}

impl Totals {
    pub(super) fn new(question: &Question) -> Self {
        let mut by = question.by.clone();
        by.truncate(MOST);
        Self { by, lines: FxHashMap::default() }
    }

    fn key(&self, row: &RowWords, who: Who, group: Symbol) -> Key {
        let mut key = Key::default();
        for (value, by) in key.iter_mut().zip(&self.by) {
            *value = match by {
                By::Hub => row.hub,
                By::User => who.person,
                By::Group => group,
                By::Component => row.component,
                By::Size => who.size,
                By::Server => who.server,
                By::DaskCluster => who.dask,
                By::Service => row.service,
                By::Region => row.region,
                By::Day => row.day_text,
            };
        }
        key
    }

    /// Adds a part.
    pub(super) fn add(&mut self, row: &RowWords, kind: Kind, who: Who, group: Symbol, amount: i128) {
        if amount == 0 {
            return;
        }
        let who = if kind == Kind::Usage { who } else { Who::default() };
        let key = (row.currency, kind, self.key(row, who, group));
        let line = self.lines.entry(key).or_default();
        line.amount += amount;
        match line.days.last_mut() {
            Some((day, sum)) if *day == row.day => *sum += amount,
            _ => line.days.push((row.day, amount)),
        }
    }

    /// Whether parts of people are to be told by their groups.
    pub(super) fn wants_groups(&self) -> bool {
        self.by.contains(&By::Group)
    }

    /// Whose a part is, without what was not asked for.
    pub(super) fn only_asked(&self, who: Who) -> Who {
        let kept = |by: By, value: Symbol| if self.by.contains(&by) { value } else { Symbol::EMPTY };
        Who {
            person: who.person,
            dask: kept(By::DaskCluster, who.dask),
            size: kept(By::Size, who.size),
            server: kept(By::Server, who.server),
        }
    }

    /// What a part is called in the first of the dimensions that were asked for.
    pub(super) fn first(&self, row: &RowWords, kind: Kind, who: Who, group: Symbol) -> Symbol {
        let who = if kind == Kind::Usage { who } else { Who::default() };
        self.key(row, who, group)[0]
    }

    /// The lines by currency, sorted by kind and size.
    pub(super) fn finish(self, symbols: &Symbols) -> Vec<(String, Vec<Part>)> {
        let mut currencies: Vec<(String, Vec<Part>)> = Vec::new();
        for ((currency, kind, key), line) in self.lines {
            let currency = symbols.text(currency);
            let values = key[..self.by.len()].iter().map(|value| symbols.text(*value).to_owned()).collect();
            let part = Part { kind, values, amount: line.amount, days: merged(line.days) };
            match currencies.iter_mut().find(|(name, _)| name == currency) {
                Some((_, parts)) => parts.push(part),
                None => currencies.push((currency.to_owned(), vec![part])),
            }
        }
        currencies.sort_by(|a, b| a.0.cmp(&b.0));
        for (_, parts) in &mut currencies {
            parts.sort_by(|a, b| (a.kind, b.amount, &a.values).cmp(&(b.kind, a.amount, &b.values)));
        }
        currencies
    }
}

fn merged(mut days: Vec<(Day, i128)>) -> Vec<(Day, i128)> {
    days.sort_unstable_by_key(|(day, _)| *day);
    days.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    days
}
