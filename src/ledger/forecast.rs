//! What a hub will have cost when its event or its month is over, from what it cost so far.

use std::collections::BTreeMap;

use frazil_units::Amount;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;

/// Days of the past that a forecast goes by; four weeks hold each weekday four times.
const LOOK_BACK: i64 = 28;
/// From so many days on each weekday is its own: events end on Fridays, and hubs rest on Sundays.
const WEEKDAYS_FROM: usize = 14;
/// Student's t at 0.9, by degrees of freedom from 1: so that four of five months end within the range
/// (NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2).
const STUDENT: [f64; 20] = [
    3.078, 1.886, 1.638, 1.533, 1.476, 1.440, 1.415, 1.397, 1.383, 1.372, 1.363, 1.356, 1.350, 1.345, 1.341,
    1.337, 1.333, 1.330, 1.328, 1.325,
];
/// The same for very many.
const NORMAL: f64 = 1.282;

/// Days that a budget is for, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Window {
    /// The first.
    pub from: Date,
    /// The last.
    pub to: Date,
    /// Whether days before it say nothing of it.
    alone: bool,
}

impl Window {
    /// The month that a day is in; it goes on as the month before went.
    pub fn month(day: Date) -> Self {
        Self { from: day.first_of_month(), to: day.last_of_month(), alone: false }
    }

    /// An event; days before it, when few were on the hub, say nothing of it.
    pub const fn event(from: Date, to: Date) -> Self {
        Self { from, to, alone: true }
    }

    /// Whether a day is in it.
    pub fn has(self, day: Date) -> bool {
        self.from <= day && day <= self.to
    }
}

/// A sum as it will likely be, and between what it will be four times of five.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Rather not less.
    pub low: Amount,
    /// Most likely.
    pub likely: Amount,
    /// Rather not more.
    pub high: Amount,
}

/// What is to be expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Outlook {
    /// What the days so far cost.
    pub spent: Amount,
    /// The last day whose bill is whole.
    pub through: Date,
    /// What a day costs, as the days went that the forecast goes by.
    pub rate: Amount,
    /// How many those are.
    pub days_seen: usize,
    /// The sum when the window is over. Without a range where too few days were seen.
    pub total: Amount,
    /// Its range.
    pub range: Option<Range>,
    /// What each day ahead is expected to cost.
    ahead: Vec<(Date, f64)>,
    /// How far a day strays from what is expected of it.
    spread: f64,
    /// By how many spreads the range is wide.
    quantile: f64,
}

/// When a sum will be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// Most likely; the day before the window if it is reached already.
    pub likely: Date,
    /// If the days ahead are expensive.
    pub earliest: Date,
}

/// Looks ahead from what each day cost. Days that are not there cost nothing. `None` when no day of the window
/// is over.
pub fn forecast(days: &BTreeMap<Date, Amount>, window: Window, through: Date) -> Option<Outlook> {
    if through < window.from {
        return None;
    }
    let through = through.min(window.to);
    let spent: Amount = days.iter().filter(|(day, _)| window.has(**day)).map(|(_, amount)| *amount).sum();
    // What came in already of days that are not whole is not expected again.
    let early: Amount =
        days.iter().filter(|(day, _)| window.has(**day) && **day > through).map(|(_, amount)| *amount).sum();
    let seen = seen(days, window, through);
    let mean = mean(seen.iter().map(|(_, cost)| *cost));
    let expected = |day: Date| by_weekday(&seen, day).unwrap_or(mean);
    let spread = spread(&seen, &expected);
    let ahead: Vec<_> = following(through, window.to).map(|day| (day, expected(day))).collect();
    let rest: f64 = ahead.iter().map(|(_, cost)| *cost).sum();
    let quantile =
        seen.len().checked_sub(2).map_or(0.0, |index| STUDENT.get(index).copied().unwrap_or(NORMAL));
    let mut outlook = Outlook {
        spent,
        through,
        rate: amount(mean),
        days_seen: seen.len(),
        total: (spent - early + amount(rest)).max(spent),
        range: None,
        ahead,
        spread,
        quantile,
    };
    outlook.range = (seen.len() > 2).then(|| {
        let wide = amount(outlook.width(outlook.ahead.len()));
        Range { low: (outlook.total - wide).max(spent), likely: outlook.total, high: outlook.total + wide }
    });
    Some(outlook)
}

impl Outlook {
    /// How far the sum of some days ahead may be off: each strays by itself, and the mean of the days that
    /// were seen strays too (the prediction interval of a mean, same handbook, 4.5.1.2).
    #[expect(clippy::cast_precision_loss, reason = "numbers of days")]
    fn width(&self, days: usize) -> f64 {
        let (days, seen) = (days as f64, self.days_seen as f64);
        self.quantile * self.spread * (days + days * days / seen).sqrt()
    }

    /// Days of the window that are still to come, or whose bill is not whole.
    pub fn days_ahead(&self) -> usize {
        self.ahead.len()
    }

    /// When a sum is reached within the window, if it is.
    pub fn reaches(&self, sum: Amount) -> Option<Reached> {
        if self.spent >= sum {
            return Some(Reached { likely: self.through, earliest: self.through });
        }
        let likely = self.day_of(sum, false);
        let earliest = self.day_of(sum, true)?;
        Some(Reached { likely: likely?, earliest })
    }

    fn day_of(&self, sum: Amount, expensive: bool) -> Option<Date> {
        let left = (sum - self.spent).as_f64();
        let mut cost = 0.0;
        for (index, (day, expected)) in self.ahead.iter().enumerate() {
            cost += expected;
            let wide = if expensive { self.width(index + 1) } else { 0.0 };
            if cost + wide >= left {
                return Some(*day);
            }
        }
        None
    }
}

/// The days that a forecast goes by: up to the last whole one, from the first that cost anything.
fn seen(days: &BTreeMap<Date, Amount>, window: Window, through: Date) -> Vec<(Date, f64)> {
    let Some(first) = days.iter().find(|(_, amount)| **amount != Amount::ZERO).map(|(day, _)| *day) else {
        return Vec::new();
    };
    let back = through.checked_sub((LOOK_BACK - 1).days()).unwrap_or(first);
    let start = if window.alone { window.from } else { first.max(back) };
    let cost = |day: Date| days.get(&day).copied().unwrap_or(Amount::ZERO).as_f64();
    std::iter::once(start)
        .filter(|day| *day <= through)
        .chain(following(start, through))
        .map(|day| (day, cost(day)))
        .collect()
}

/// The days after one, up to another.
fn following(day: Date, last: Date) -> impl Iterator<Item = Date> {
    let next = |day: &Date| day.tomorrow().ok();
    std::iter::successors(next(&day), next).take_while(move |day| *day <= last)
}

fn by_weekday(seen: &[(Date, f64)], day: Date) -> Option<f64> {
    if seen.len() < WEEKDAYS_FROM {
        return None;
    }
    Some(mean(seen.iter().filter(|(other, _)| other.weekday() == day.weekday()).map(|(_, cost)| *cost)))
}

#[expect(clippy::cast_precision_loss, reason = "numbers of days")]
fn mean(costs: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = costs.fold((0_usize, 0.0), |(count, sum), cost| (count + 1, sum + cost));
    if count == 0 { 0.0 } else { sum / count as f64 }
}

/// The standard deviation of days around what is expected of them.
#[expect(clippy::cast_precision_loss, reason = "numbers of days")]
fn spread(seen: &[(Date, f64)], expected: &dyn Fn(Date) -> f64) -> f64 {
    let squares: f64 = seen.iter().map(|(day, cost)| (cost - expected(*day)).powi(2)).sum();
    if seen.len() < 2 { 0.0 } else { (squares / (seen.len() - 1) as f64).sqrt() }
}

/// An estimate as money; more digits than these mean nothing.
#[expect(clippy::cast_possible_truncation, reason = "an estimate of an amount of money")]
fn amount(units: f64) -> Amount {
    Amount::from_pico((units * 1e6).round() as i128 * 1_000_000)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use frazil_units::Amount;
    use jiff::civil::{Date, date};

    use super::{Window, forecast};

    fn days(from: Date, costs: &[&str]) -> BTreeMap<Date, Amount> {
        let dates = std::iter::successors(Some(from), |day| day.tomorrow().ok());
        dates.zip(costs).map(|(day, cost)| (day, Amount::from_decimal(cost).unwrap())).collect()
    }

    fn usd(text: &str) -> Amount {
        Amount::from_decimal(text).unwrap()
    }

    /// A hackweek of five days after its third, with 100, 110 and 120 dollars.
    #[test]
    fn an_event_goes_on_as_it_went() {
        let window = Window::event(date(2026, 3, 23), date(2026, 3, 27));
        let outlook =
            forecast(&days(window.from, &["100", "110", "120"]), window, date(2026, 3, 25)).unwrap();
        assert_eq!((outlook.spent, outlook.rate, outlook.days_ahead()), (usd("330"), usd("110"), 2));
        assert_eq!(outlook.total, usd("550"));
        // The days stray by 10; t of two degrees of freedom is 1.886; 10 * 1.886 * sqrt(2 + 4/3) = 34.43.
        let range = outlook.range.unwrap();
        assert_eq!((range.low.rounded(2), range.high.rounded(2)), ("515.57".to_owned(), "584.43".to_owned()));
        let ends = outlook.reaches(usd("430")).unwrap();
        assert_eq!((ends.likely, ends.earliest), (date(2026, 3, 26), date(2026, 3, 26)));
        assert_eq!(outlook.reaches(usd("600")), None);
        assert_eq!(outlook.reaches(usd("200")).unwrap().likely, date(2026, 3, 25));
    }

    #[test]
    fn the_quiet_days_before_an_event_are_no_guide() {
        let window = Window::event(date(2026, 3, 23), date(2026, 3, 27));
        let costs = ["5", "5", "5", "5", "5", "5", "5", "100", "100"];
        let outlook = forecast(&days(date(2026, 3, 16), &costs), window, date(2026, 3, 24)).unwrap();
        assert_eq!((outlook.spent, outlook.total), (usd("200"), usd("500")));
    }

    #[test]
    fn a_day_whose_bill_is_not_whole_is_not_counted_twice() {
        let window = Window::event(date(2026, 3, 23), date(2026, 3, 27));
        let outlook =
            forecast(&days(window.from, &["100", "100", "100", "7"]), window, date(2026, 3, 25)).unwrap();
        assert_eq!((outlook.spent, outlook.total), (usd("307"), usd("500")));
    }

    #[test]
    fn weekends_are_weekends_once_two_weeks_are_seen() {
        let window = Window::month(date(2026, 6, 1));
        // June 2026 begins on a Monday: two weeks of 10 a day and 1 on Saturdays and Sundays.
        let costs: Vec<_> = (0..14).map(|day| if day % 7 < 5 { "10" } else { "1" }).collect();
        let outlook = forecast(&days(window.from, &costs), window, date(2026, 6, 14)).unwrap();
        // 16 days are left: two weeks of 52, then a Monday and a Tuesday.
        assert_eq!(outlook.total, usd("228"));
        assert_eq!(outlook.range.unwrap().low, outlook.range.unwrap().high);
    }

    #[test]
    fn without_days_there_is_nothing_to_go_by() {
        let window = Window::event(date(2026, 3, 23), date(2026, 3, 27));
        assert_eq!(forecast(&BTreeMap::new(), window, date(2026, 3, 22)), None);
        let outlook = forecast(&BTreeMap::new(), window, date(2026, 3, 24)).unwrap();
        assert_eq!((outlook.total, outlook.range, outlook.reaches(usd("1"))), (Amount::ZERO, None, None));
        let one = forecast(&days(window.from, &["100"]), window, window.from).unwrap();
        assert_eq!((one.total, one.range), (usd("500"), None));
        let over =
            forecast(&days(window.from, &["1", "1", "1", "1", "1"]), window, date(2026, 4, 2)).unwrap();
        assert_eq!((over.total, over.days_ahead()), (usd("5"), 0));
    }
}
