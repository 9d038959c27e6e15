//! Sections of money: the budget, days, purposes, the estimate.

use std::cmp::Ordering;

use frazil_units::Amount;
use jiff::civil::Date;

use super::{Entry, Figure, MARKS, Section, TableView, Writer};
use crate::report::charts::{
    Bar, ChartError, Columns, Course, RangeRow, Told, bars, columns, course, ranges,
};
use crate::report::page::{Budget, Estimate, EstimateRow, Sum};
use crate::report::words::{component, counted, days_between, long, percent, range};

/// Days from which on weeks are shown instead, and from which on months.
const WEEKS_FROM: usize = 63;
const MONTHS_FROM: usize = 400;

/// Some days together.
struct Period {
    /// For a chart.
    short: String,
    /// For a table.
    long: String,
    parts: Vec<Amount>,
}

impl Writer<'_> {
    /// What each day cost, as a column of a chart and a row of a table.
    pub(super) fn by_day(&self) -> Result<Option<Section>, ChartError> {
        let chapter = self.chapter;
        if chapter.by_day.is_empty() {
            return Ok(None);
        }
        let mut section = self.section("days", "Day by day");
        let largest = chapter.by_day.iter().max_by_key(|day| day.total());
        if let Some(day) = largest.filter(|_| chapter.by_day.len() > 1) {
            section.paragraphs.push(format!(
                "The dearest day was {}, with {}, {} of the total.",
                day.date.strftime("%A, %-d %B"),
                self.full(day.total()),
                self.share(day.total()),
            ));
        }
        let (names, periods, what) = self.periods();
        let spec = Columns {
            labels: periods.iter().map(|period| period.short.clone()).collect(),
            values: periods
                .iter()
                .map(|period| period.parts.iter().map(|part| part.as_f64()).collect())
                .collect(),
            unit: &chapter.currency,
        };
        let title = format!("{} by {}", chapter.currency, what.to_lowercase());
        let told = Told {
            id: &self.id("days-chart"),
            title: &title,
            description: "Stacked columns, by what the money was for. The table below has the same numbers.",
        };
        let legend = MARKS.iter().zip(&names).map(|(mark, text)| Entry { mark, text: text.clone() });
        section.figures.push(Figure {
            chart: columns(told, &spec)?,
            legend: legend.collect(),
            caption: title.clone(),
        });
        let heads: Vec<_> = names.iter().map(String::as_str).chain(["total"]).collect();
        let mut table = TableView::new(format!("{title}, in numbers"), what, &heads);
        table.dense = true;
        let mut sums = vec![Amount::ZERO; names.len()];
        for period in &periods {
            let whole = period.parts.iter().copied().sum();
            table.row(&period.long, period.parts.iter().copied().chain([whole]).map(|part| self.money(part)));
            sums.iter_mut().zip(&period.parts).for_each(|(sum, part)| *sum = *sum + *part);
        }
        let all = sums.into_iter().chain([chapter.total]).map(|sum| self.money(sum));
        table.row("Total", all).total = true;
        section.tables.push(table);
        Ok(Some(section))
    }

    /// The three largest purposes and the rest, by day, by week, or by month, and which of them it is.
    fn periods(&self) -> (Vec<String>, Vec<Period>, &'static str) {
        let chapter = self.chapter;
        let most = if chapter.components.len() <= MARKS.len() { MARKS.len() } else { MARKS.len() - 1 };
        let mut names: Vec<_> =
            chapter.components.iter().take(most).map(|sum| component(&sum.name).to_owned()).collect();
        let has_rest = chapter.components.len() > names.len();
        let apart = names.len();
        names.extend(has_rest.then(|| "everything else".to_owned()));
        let days = days_between(chapter.days.0, chapter.days.1);
        let (what, start): (_, fn(Date) -> Date) = match days {
            0..WEEKS_FROM => ("Day", |date| date),
            WEEKS_FROM..MONTHS_FROM => ("Week of", monday),
            _ => ("Month", Date::first_of_month),
        };
        let mut periods: Vec<(Date, Vec<Amount>)> = Vec::new();
        for day in &chapter.by_day {
            let begin = start(day.date);
            if periods.last().is_none_or(|(last, _)| *last != begin) {
                periods.push((begin, vec![Amount::ZERO; names.len()]));
            }
            let Some((_, sums)) = periods.last_mut() else { continue };
            for (place, part) in day.parts.iter().enumerate() {
                if let Some(sum) = sums.get_mut(place.min(apart)) {
                    *sum = *sum + *part;
                }
            }
        }
        let years = chapter.days.0.year() != chapter.days.1.year();
        let period = |(date, parts): (Date, Vec<Amount>)| Period {
            short: if what == "Month" { date.strftime("%b %y") } else { date.strftime("%-d %b") }.to_string(),
            long: row_name(date, what, years),
            parts,
        };
        (names, periods.into_iter().map(period).collect(), what)
    }

    /// What the money was for.
    pub(super) fn components(&self) -> Result<Option<Section>, ChartError> {
        let chapter = self.chapter;
        let Some(first) = chapter.components.first() else { return Ok(None) };
        let mut section = self.section("purposes", "What it was for");
        let idle: Amount = chapter.components.iter().map(|sum| sum.idle).sum();
        let mut lead =
            format!("Most went to {}: {} of the total.", component(&first.name), self.share(first.amount));
        if idle > Amount::ZERO {
            lead += &format!(
                " {}, {}, paid for nodes and disks, or parts of them, that nobody took.",
                self.full(idle),
                self.share(idle)
            );
        }
        section.paragraphs.push(lead);
        let bar = |sum: &Sum| Bar {
            name: component(&sum.name).to_owned(),
            value: sum.amount.as_f64(),
            text: self.money(sum.amount),
        };
        let rows: Vec<_> = chapter.components.iter().map(bar).collect();
        let title = format!("{} by purpose", chapter.currency);
        let told = Told {
            id: &self.id("purposes-chart"),
            title: &title,
            description: "A bar for each purpose, the largest first. The table below has the same numbers.",
        };
        section.figures.push(Figure {
            chart: bars(told, &rows)?,
            legend: Vec::new(),
            caption: title.clone(),
        });
        let has_idle = idle != Amount::ZERO;
        let heads: &[&str] = if has_idle {
            &[&chapter.currency, "of it idle", "share"]
        } else {
            &[&chapter.currency, "share"]
        };
        let mut table = TableView::new(format!("{title}, in numbers"), "Purpose", heads);
        let cells = |amount: Amount, idle: Amount| {
            let idle = has_idle.then(|| if idle == Amount::ZERO { "–".to_owned() } else { self.money(idle) });
            std::iter::once(self.money(amount)).chain(idle).chain([self.share(amount)]).collect::<Vec<_>>()
        };
        for sum in &chapter.components {
            table.row(component(&sum.name), cells(sum.amount, sum.idle));
        }
        table.row("Total", cells(chapter.total, idle)).total = true;
        section.tables.push(table);
        Ok(Some(section))
    }

    /// The estimate beside the bill.
    pub(super) fn estimate(&self) -> Result<Option<Section>, ChartError> {
        let Some(estimate) = &self.chapter.estimate else { return Ok(None) };
        let mut section = self.section("estimate", "Estimated and billed");
        section.paragraphs.push(self.estimate_lead(estimate));
        let name = |name: Option<&str>| name.map_or("credits, tax, fees", component).to_owned();
        let rows: Vec<_> = estimate
            .rows
            .iter()
            .map(|row| RangeRow {
                name: name(row.component.as_deref()),
                range: [row.low, row.likely, row.high].map(Amount::as_f64),
                billed: row.billed.as_f64(),
            })
            .collect();
        let title = "USD, estimated and billed".to_owned();
        let told = Told {
            id: &self.id("estimate-chart"),
            title: &title,
            description: "For each purpose a bar from cheap to dear, a line at what was likely, and a dot at what was \
                          billed. The table below has the same numbers.",
        };
        let entry = |mark, text: &str| Entry { mark, text: text.to_owned() };
        let legend =
            vec![entry("band", "from cheap to dear"), entry("bar", "likely"), entry("dot", "billed")];
        section.figures.push(Figure { chart: ranges(told, &rows)?, legend, caption: title.clone() });
        let mut table =
            TableView::new(format!("{title}, in numbers"), "Purpose", &["cheap", "likely", "dear", "billed"]);
        for row in &estimate.rows {
            let cells = [row.low, row.likely, row.high, row.billed].map(|amount| self.money(amount));
            table.row(name(row.component.as_deref()), cells);
        }
        let sum = |of: fn(&EstimateRow) -> Amount| -> Amount { estimate.rows.iter().map(of).sum() };
        let sums = [sum(|row| row.low), sum(|row| row.likely), sum(|row| row.high), sum(|row| row.billed)];
        table.row("Total", sums.map(|amount| self.money(amount))).total = true;
        section.tables.push(table);
        Ok(Some(section))
    }

    fn estimate_lead(&self, estimate: &Estimate) -> String {
        let likely: Amount = estimate.rows.iter().map(|row| row.likely).sum();
        let billed: Amount = estimate.rows.iter().map(|row| row.billed).sum();
        let over = billed - likely;
        let compared = match over.cmp(&Amount::ZERO) {
            Ordering::Greater => format!("{} more than", self.full(over)),
            Ordering::Less => format!("{} less than", self.full(-over)),
            Ordering::Equal => "as much as".to_owned(),
        };
        let (from, to) = self.chapter.days;
        format!(
            "{} were billed, {compared} was likely by the hub’s file and list prices. The estimate is for {}, {} of \
             the event and {} around them; the bill is of {}.",
            self.full(billed),
            counted(estimate.people as usize, "person", "people"),
            counted(estimate.days as usize, "day", "days"),
            estimate.around,
            range(from, to),
        )
    }

    /// How the budget goes.
    pub(super) fn budget(&self) -> Result<Option<Section>, ChartError> {
        let Some(budget) = &self.chapter.budget else { return Ok(None) };
        let mut section = self.section("budget", "Budget");
        section.paragraphs = self.budget_words(budget);
        if budget.through.is_none() {
            return Ok(Some(section));
        }
        let mut sum = Amount::ZERO;
        let mut sums = Vec::new();
        for (_, amount) in &budget.days {
            sum = sum + *amount;
            sums.push(sum);
        }
        let all = std::iter::successors(Some(budget.window.0), |day| day.tomorrow().ok());
        let all = all.take_while(|day| *day <= budget.window.1);
        let end = budget.forecast.map(|likely| {
            let (low, high) = budget.range.unwrap_or((likely, likely));
            [low, likely, high].map(Amount::as_f64)
        });
        let spec = Course {
            days: all.map(|day| day.strftime("%-d %b").to_string()).collect(),
            sums: sums.iter().map(|sum| sum.as_f64()).collect(),
            limit: budget.total.as_f64(),
            end,
            unit: &self.chapter.currency,
        };
        let title = format!("{} spent of the budget", self.chapter.currency);
        let told = Told {
            id: &self.id("budget-chart"),
            title: &title,
            description: "A line of what was spent so far, dashed where it is expected to go, with the range in which \
                          it will end, and a line at the budget. The table below has the same numbers.",
        };
        let entry = |mark, text: &str| Entry { mark, text: text.to_owned() };
        let mut legend = vec![entry("s1", "spent")];
        if budget.through.is_some_and(|through| through < budget.window.1) {
            legend.push(entry("band", "expected, four times of five"));
        }
        legend.push(entry("line", "budget"));
        section.figures.push(Figure { chart: course(told, &spec)?, legend, caption: title.clone() });
        section.tables.push(self.budget_table(budget, &sums, &title));
        Ok(Some(section))
    }

    fn budget_table(&self, budget: &Budget, sums: &[Amount], title: &str) -> TableView {
        let mut table =
            TableView::new(format!("{title}, in numbers"), "Day", &["that day", "so far", "of the budget"]);
        for ((date, amount), sum) in budget.days.iter().zip(sums) {
            let head = row_name(*date, "Day", false);
            table.row(head, [self.money(*amount), self.money(*sum), percent(*sum, budget.total)]);
        }
        if let Some(forecast) = budget.forecast.filter(|_| budget.through < Some(budget.window.1)) {
            let mut expected = |what: &str, sum: Amount| {
                let head = format!("{what} by {}", budget.window.1.strftime("%-d %b"));
                table.row(head, [String::new(), self.money(sum), percent(sum, budget.total)]).apart = true;
            };
            if let Some((low, high)) = budget.range {
                expected("At least", low);
                expected("Likely", forecast);
                expected("At most", high);
            } else {
                expected("Likely", forecast);
            }
        }
        table
    }

    fn budget_words(&self, budget: &Budget) -> Vec<String> {
        let days = range(budget.window.0, budget.window.1);
        let Some(through) = budget.through else {
            return vec![format!(
                "The budget is {} for {days}. No day of it is billed whole yet.",
                self.full(budget.total)
            )];
        };
        let mut first = format!(
            "The budget is {} for {days}. {}, {} of it, are spent; bills are whole through {}.",
            self.full(budget.total),
            self.full(budget.spent),
            percent(budget.spent, budget.total),
            long(through),
        );
        if let Some((percent, day)) = budget.passed.last() {
            first += &format!(" {percent} % were passed on {}.", long(*day));
        }
        let mut words = vec![first];
        if let Some(forecast) = budget.forecast.filter(|_| through < budget.window.1) {
            let range = budget.range.map_or_else(String::new, |(low, high)| {
                format!(", four times of five between {} and {}", self.money(low), self.money(high))
            });
            let rate = budget.per_day.map_or_else(String::new, |rate| {
                format!("At {} a day, as the last days went, ", self.full(rate))
            });
            let ends = match budget.ends {
                Some(_) if budget.spent >= budget.total => "It is spent.".to_owned(),
                Some(day) => format!("It ends on {}.", long(day)),
                None => "It lasts to the end.".to_owned(),
            };
            words.push(format!(
                "{rate}{}{} by {}{range}. {ends}",
                if rate.is_empty() { "It will be " } else { "it will be " },
                self.full(forecast),
                long(budget.window.1),
            ));
        }
        words.push(
            "Credits and refunds do not count against a budget, and it counts its own days only.".to_owned(),
        );
        words
    }
}

/// What stands before a row of a day, a week or a month.
fn row_name(date: Date, what: &str, years: bool) -> String {
    let form = match (what, years) {
        ("Month", _) => "%B %Y",
        ("Day", false) => "%a %-d\u{a0}%b",
        ("Day", true) => "%a %-d\u{a0}%b %Y",
        (_, false) => "%-d\u{a0}%b",
        (_, true) => "%-d %b %Y",
    };
    date.strftime(form).to_string()
}

/// The Monday of a day's week.
fn monday(date: Date) -> Date {
    let back = i64::from(date.weekday().to_monday_zero_offset());
    date.checked_sub(jiff::Span::new().days(back)).unwrap_or(date)
}
