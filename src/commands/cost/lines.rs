//! Lines of a table: people's or hubs' first, what is nobody's last.

use std::collections::BTreeMap;

use crate::ledger::Day;
use crate::ledger::allocate::{By, Currency, Kind, Part};

/// A line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// A cell for each thing that was asked for.
    pub(super) cells: Vec<String>,
    /// In 10⁻¹² of the currency.
    pub(super) amount: i128,
    /// What of it is idle.
    pub(super) idle: i128,
    /// By day.
    pub(super) days: BTreeMap<Day, i128>,
}

impl Line {
    fn add(&mut self, part: &Part) {
        self.amount += part.amount;
        self.idle += if part.kind == Kind::Idle { part.amount } else { 0 };
        for (day, amount) in &part.days {
            *self.days.entry(*day).or_default() += amount;
        }
    }
}

/// The lines of a currency: those with a name, and those of nobody by kind.
pub(super) fn lines(currency: &Currency, by: &[By]) -> (Vec<Line>, Vec<Line>) {
    let of_people = by.iter().any(|by| by.is_of_people());
    let mut named: BTreeMap<Vec<String>, Line> = BTreeMap::new();
    let mut apart: BTreeMap<Kind, Line> = BTreeMap::new();
    for part in &currency.parts {
        let has_name = part.kind == Kind::Usage || (part.kind.is_of_hub() && !of_people);
        if has_name {
            named.entry(cells(part, by)).or_default().add(part);
        } else {
            apart.entry(part.kind).or_default().add(part);
        }
    }
    let mut named: Vec<_> = named.into_iter().map(|(cells, line)| Line { cells, ..line }).collect();
    if by.first() != Some(&By::Day) {
        named.sort_by_key(|line| std::cmp::Reverse(line.amount));
    }
    let apart = apart.into_iter().map(|(kind, line)| {
        let mut cells = vec![String::new(); by.len()];
        if let Some(first) = cells.first_mut() {
            *first = format!("({})", kind.name());
        }
        Line { cells, ..line }
    });
    (named, apart.collect())
}

fn cells(part: &Part, by: &[By]) -> Vec<String> {
    let cell = |(value, by): (&String, &By)| {
        if !value.is_empty() {
            return value.clone();
        }
        let missing = match by {
            By::User => "no person",
            By::Group => "no group",
            By::Size => "no size",
            By::Server => "no server",
            By::DaskCluster => "no Dask cluster",
            By::Service => "no service",
            By::Region => "no region",
            By::Hub => "no hub",
            By::Component => "no component",
            By::Day => "no day",
        };
        format!("({missing})")
    };
    part.values.iter().zip(by).map(cell).collect()
}

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// More days than these are no line.
const MOST_DAYS: i32 = 31;

/// A bar for each day from the first to the last, the highest being the line's most.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "eight heights"
)]
pub(super) fn spark(days: &BTreeMap<Day, i128>, (first, last): (Day, Day)) -> Option<String> {
    if last <= first || last - first >= MOST_DAYS {
        return None;
    }
    let most = days.values().copied().max().unwrap_or(0);
    let bar = |day| match days.get(&day).copied().unwrap_or(0) {
        amount if amount <= 0 || most <= 0 => ' ',
        amount => BARS[((amount as f64 / most as f64 * 8.0).ceil() as usize).clamp(1, 8) - 1],
    };
    Some((first..=last).map(bar).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(kind: Kind, value: &str, amount: i128) -> Part {
        Part { kind, values: vec![value.into()], amount, days: vec![(0, amount)] }
    }

    #[test]
    fn people_come_first_and_a_person_called_idle_is_one() {
        let parts = vec![
            part(Kind::Usage, "ada", 1),
            part(Kind::Usage, "idle", 5),
            part(Kind::Idle, "", 3),
            part(Kind::Tax, "", 2),
        ];
        let currency = Currency { name: "USD".into(), billed: 11, parts };
        let (named, apart) = lines(&currency, &[By::User]);
        let cells =
            |lines: Vec<Line>| lines.into_iter().map(|line| line.cells[0].clone()).collect::<Vec<_>>();
        assert_eq!(
            (cells(named), cells(apart)),
            (vec!["idle".into(), "ada".into()], vec!["(idle)".into(), "(tax)".into()])
        );
    }

    #[test]
    fn what_a_hub_has_is_the_hubs_whatever_it_is() {
        let parts = vec![part(Kind::Usage, "lab", 1), part(Kind::Idle, "lab", 3), part(Kind::Foreign, "", 2)];
        let currency = Currency { name: "USD".into(), billed: 6, parts };
        let (named, apart) = lines(&currency, &[By::Hub]);
        assert_eq!((named[0].amount, named[0].idle, apart[0].amount), (4, 3, 2));
    }

    #[test]
    fn bars_are_as_high_as_their_day() {
        let days = BTreeMap::from([(1, 8), (2, 4), (4, 1)]);
        assert_eq!(spark(&days, (1, 4)).unwrap(), "█▄ ▁");
        assert_eq!(spark(&days, (1, 1)), None);
        assert_eq!(spark(&days, (1, 40)), None);
    }
}
