//! A hub's budget against what the ledger tells of it.

use std::collections::{BTreeMap, BTreeSet};

use frazil_units::Amount;
use jiff::ToSpan;
use jiff::civil::Date;

use super::advice::{Advice, PoolCost, SizeCost, advise};
use super::allocate::{Kind, Part};
use super::forecast::{Outlook, Range, Reached, Window, forecast};
use super::line::Day;

/// Days until a bill of a day is whole: exports come the day after, and are corrected for another.
const WHOLE_AFTER: i64 = 2;

/// A budget, and how it goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The sum.
    pub total: Amount,
    /// The days that it is for.
    pub window: Window,
    /// What was spent and is to be expected; `None` before the window's first day is over.
    pub outlook: Option<Outlook>,
    /// Thresholds, in percent, and the day on which each was passed.
    pub passed: Vec<(u32, Date)>,
    /// When the budget ends within the window.
    pub ends: Option<Reached>,
    /// What to change.
    pub advice: Vec<Advice>,
}

/// Whether money counts against a budget: credits and refunds do not, as they end.
pub const fn counts(kind: Kind) -> bool {
    !matches!(kind, Kind::Credit | Kind::Refund | Kind::Foreign)
}

/// The last day whose bill is whole: two days ago, or the last that was billed.
pub fn whole_through(today: Date, last_billed: Date) -> Date {
    let settled = today.checked_sub(WHOLE_AFTER.days()).unwrap_or(today);
    settled.min(last_billed)
}

/// What each day cost, from parts with their days.
pub fn by_day<'a>(parts: impl Iterator<Item = &'a Part>) -> BTreeMap<Date, Amount> {
    let mut days = BTreeMap::new();
    for part in parts.filter(|part| counts(part.kind)) {
        for (day, amount) in &part.days {
            let Some(date) = date(*day) else { continue };
            let sum = days.entry(date).or_insert(Amount::ZERO);
            *sum = *sum + Amount::from_pico(*amount);
        }
    }
    days
}

/// The date of a day of the ledger.
pub fn date(day: Day) -> Option<Date> {
    Date::constant(1970, 1, 1).checked_add(day.days()).ok()
}

impl Standing {
    /// How a budget goes, by what each day cost; pools and sizes as they went.
    pub fn of(
        (total, thresholds): (Amount, &[u32]),
        window: Window,
        (days, through): (&BTreeMap<Date, Amount>, Date),
        (pools, sizes): (&[PoolCost], &[SizeCost]),
    ) -> Self {
        let outlook = forecast(days, window, through);
        let ends = outlook.as_ref().and_then(|outlook| outlook.reaches(total));
        let advice = outlook.as_ref().map(|outlook| {
            let left = (total - outlook.spent).max(Amount::ZERO);
            let ahead = i128::try_from(outlook.days_ahead()).unwrap_or(0);
            left.ratio(1, ahead).map(|room| advise(outlook.rate, room, pools, sizes)).unwrap_or_default()
        });
        Self {
            total,
            window,
            passed: passed(total, thresholds, window, days),
            outlook,
            ends,
            advice: advice.unwrap_or_default(),
        }
    }

    /// Whether a threshold above one that is known is passed, or the budget is expected to end too soon.
    pub fn is_too_much(&self, above: u32) -> bool {
        self.passed.iter().any(|(percent, _)| *percent > above) || self.ends.is_some()
    }

    /// The range of the sum at the end.
    pub fn range(&self) -> Option<Range> {
        self.outlook.as_ref().and_then(|outlook| outlook.range)
    }
}

/// Thresholds that the sum of the window's days has reached, with the day on which it did.
fn passed(
    total: Amount,
    thresholds: &[u32],
    window: Window,
    days: &BTreeMap<Date, Amount>,
) -> Vec<(u32, Date)> {
    let thresholds: BTreeSet<_> = thresholds.iter().copied().collect();
    let mut passed = Vec::new();
    for percent in thresholds {
        let Some(limit) = total.ratio(i128::from(percent), 100) else { continue };
        let mut sum = Amount::ZERO;
        for (day, amount) in days.iter().filter(|(day, _)| window.has(**day)) {
            sum = sum + *amount;
            if sum >= limit {
                passed.push((percent, *day));
                break;
            }
        }
    }
    passed
}

/// What a day of a pool cost in the days that a forecast goes by, and how much of it nobody took.
pub fn per_day<'a>(parts: impl Iterator<Item = &'a Part>, (from, through): (Date, Date)) -> (Amount, Amount) {
    let (mut all, mut idle) = (Amount::ZERO, Amount::ZERO);
    for part in parts {
        let within = |day: Day| date(day).is_some_and(|date| from <= date && date <= through);
        let sum: i128 = part.days.iter().filter(|(day, _)| within(*day)).map(|(_, amount)| *amount).sum();
        all = all + Amount::from_pico(sum);
        if part.kind == Kind::Idle {
            idle = idle + Amount::from_pico(sum);
        }
    }
    let days = from.until(through).map_or(1, |span| i128::from(span.get_days()) + 1);
    (all.ratio(1, days).unwrap_or(all), idle.ratio(1, days).unwrap_or(idle))
}

#[cfg(test)]
mod tests {
    use frazil_units::Amount;
    use jiff::civil::{Date, date};

    use super::{Kind, Part, Standing, Window, by_day, per_day, whole_through};
    use crate::ledger::advice::PoolCost;

    const UNIT: i128 = 1_000_000_000_000;

    fn usd(text: &str) -> Amount {
        Amount::from_decimal(text).unwrap()
    }

    /// A part with so many dollars on days from a first one on.
    fn part(kind: Kind, first: Date, costs: &[i128]) -> Part {
        let start = date(1970, 1, 1).until(first).unwrap().get_days();
        let days: Vec<_> = (start..).zip(costs).map(|(day, cost)| (day, cost * UNIT)).collect();
        Part { kind, values: Vec::new(), amount: costs.iter().sum::<i128>() * UNIT, days }
    }

    #[test]
    fn a_hackweek_that_spends_too_much_is_told_when_and_what_to_do() {
        let first = date(2026, 3, 23);
        let window = Window::event(first, date(2026, 3, 27));
        let parts = [
            part(Kind::Usage, first, &[200, 220, 240]),
            part(Kind::Idle, first, &[60, 60, 60]),
            part(Kind::Credit, first, &[-500]),
        ];
        let days = by_day(parts.iter());
        assert_eq!(days[&first], usd("260"), "credits do not count");
        let through = whole_through(date(2026, 3, 28), date(2026, 3, 25));
        assert_eq!(through, date(2026, 3, 25));
        let (all, idle) = per_day(parts[..2].iter(), (first, through));
        assert_eq!((all, idle), (usd("280"), usd("60")));
        let user = PoolCost {
            pool: "user".into(),
            per_day: all,
            idle_per_day: idle,
            node_hour: usd("0.5"),
            max: 40,
        };
        let standing = Standing::of((usd("1000"), &[100, 50, 25]), window, (&days, through), (&[user], &[]));
        assert_eq!(standing.passed, [(25, first), (50, date(2026, 3, 24))]);
        // 840 are spent, 280 a day: the fourth day takes more than the 160 that are left.
        assert_eq!(standing.ends.unwrap().likely, date(2026, 3, 26));
        assert!(standing.is_too_much(100), "by the forecast");
        // 160 for two days are 80 a day; the pool may cost 80 of its 280: six nodes of 12 a day.
        assert_eq!(standing.advice.last().unwrap().change, "pools.user.max: 6");
    }

    #[test]
    fn a_budget_that_lasts_has_nothing_to_say() {
        let window = Window::month(date(2026, 6, 1));
        let days = by_day([part(Kind::Usage, window.from, &[1, 1, 1, 1])].iter());
        let standing = Standing::of((usd("100"), &[50]), window, (&days, date(2026, 6, 4)), (&[], &[]));
        assert_eq!((standing.ends, standing.passed.len(), standing.advice.len()), (None, 0, 0));
        assert!(!standing.is_too_much(0));
        let before = Standing::of((usd("100"), &[50]), window, (&days, date(2026, 5, 31)), (&[], &[]));
        assert_eq!(before.outlook, None);
    }

    #[test]
    fn the_last_day_of_a_bill_is_not_whole() {
        assert_eq!(whole_through(date(2026, 3, 25), date(2026, 3, 25)), date(2026, 3, 23));
        assert_eq!(whole_through(date(2026, 4, 25), date(2026, 3, 25)), date(2026, 3, 25));
    }
}
