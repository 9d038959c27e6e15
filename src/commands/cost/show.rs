//! `frazil cost`: a table by what was asked, whose parts are the bill.

use serde_json::{Map, Value, json};

use super::explanation::Explanation;
use super::lines::{Line, lines, spark};
use super::money::{decimals, exact, percent, rounded};
use crate::catalog::{Provider, Region};
use crate::cli::cost::ShowArgs;
use crate::commands::Run;
use crate::commands::ledger::{existing, refuse};
use crate::error::{Error, Result};
use crate::ledger::allocate::{
    Allocation, Allocator, Currency, IdleRule, MachineRoom, Money, Question, Ratio, Rule, SharedRule, choose,
    day_text,
};
use crate::ledger::flows::Days;
use crate::ledger::told::Told;
use crate::ledger::{Bill, Day, Ledger, Month};
use crate::outcome::Outcome;
use crate::view::{Align, Layout, Report, Table};

/// What the ledger answers.
struct Costs {
    question: Question,
    allocation: Allocation,
    bills: Vec<Bill>,
    ignored: Vec<Bill>,
}

/// Shows what was asked.
///
/// # Errors
/// When the ledger cannot be read, or parts are not the bill, which would be a bug.
pub(super) fn show(run: &Run<'_>, args: &ShowArgs) -> Result<Outcome> {
    let ledger = existing(run, args.period.ledger.as_deref())?;
    let period = &args.period;
    let (bills, ignored) = bills(&ledger, period.month, period.from.is_some() || period.to.is_some())?;
    let question = question(args)?;
    let allocation = answer(&ledger, &bills, &question)?;
    if let Some(wanted) = &question.explain {
        let explanation = Explanation::new(&ledger, &bills, wanted, &allocation)?;
        run.printer.report(&explanation)?;
    } else {
        run.printer.report(&Costs { question, allocation, bills, ignored })?;
    }
    Ok(Outcome::Done)
}

/// Divides bills as a question says.
pub(in crate::commands) fn answer(
    ledger: &Ledger,
    bills: &[Bill],
    question: &Question,
) -> Result<Allocation> {
    let told = told(ledger, bills, (question.from, question.to), question.hub.as_deref())?;
    answer_with(ledger, &told, bills, question)
}

/// What was told of the days that are asked for, else of those of some bills.
///
/// # Errors
/// When the ledger cannot be read.
pub(in crate::commands) fn told(
    ledger: &Ledger,
    bills: &[Bill],
    (from, to): (Option<Day>, Option<Day>),
    hub: Option<&str>,
) -> Result<Told> {
    let days = match (from, to) {
        (None, None) => ledger.days_of(bills).map_err(refuse)?.map(|(from, to)| (Some(from), Some(to))),
        asked => Some(asked),
    };
    let days = days.map(|(from, to)| Days { from, to }).unwrap_or_default();
    ledger.told_of(days, hub).map_err(refuse)
}

/// Divides bills as a question says, by what was told of their days.
pub(in crate::commands) fn answer_with(
    ledger: &Ledger,
    told: &Told,
    bills: &[Bill],
    question: &Question,
) -> Result<Allocation> {
    let machines = Machines::default();
    let room = |name: &str| machines.room(name);
    let mut allocator = Allocator::new(question, told, &room);
    for bill in bills {
        allocator.add(ledger.rows(bill).map_err(refuse)?);
    }
    let allocation = allocator.finish();
    check(&allocation)?;
    Ok(allocation)
}

/// The bills of a month, else of all months where days are asked for, else of the last: those that count, and
/// those of the same money.
pub(in crate::commands) fn bills(
    ledger: &Ledger,
    month: Option<Month>,
    by_days: bool,
) -> Result<(Vec<Bill>, Vec<Bill>)> {
    let all = ledger.bills().map_err(refuse)?;
    let Some(last) = all.iter().map(|bill| bill.month).max() else {
        return Err(Error::failed("the ledger has no bills").hint("`frazil cost read BILL…` reads them"));
    };
    // An invoice may hold usage of the days around its month.
    let month = month.unwrap_or(last);
    let found: Vec<_> = all.into_iter().filter(|bill| by_days || bill.month == month).collect();
    if found.is_empty() {
        return Err(Error::failed(format!("the ledger has no bill of {month}"))
            .hint(format!("the last month in it is {last}")));
    }
    Ok(choose(found))
}

/// A day as the ledger counts it.
pub(in crate::commands) fn day_number(date: jiff::civil::Date) -> Option<Day> {
    Some(date.since(jiff::civil::date(1970, 1, 1)).ok()?.get_days())
}

/// The days that were asked for, as the ledger counts them.
pub(in crate::commands) fn days(
    from: Option<jiff::civil::Date>,
    to: Option<jiff::civil::Date>,
) -> Result<(Option<Day>, Option<Day>)> {
    let (from, to) = (from.and_then(day_number), to.and_then(day_number));
    if from.zip(to).is_some_and(|(from, to)| to < from) {
        return Err(Error::usage("`--to` is before `--from`")
            .hint("both are days that count, such as --from 2026-10-05 --to 2026-10-09"));
    }
    Ok((from, to))
}

fn question(args: &ShowArgs) -> Result<Question> {
    let (from, to) = days(args.period.from, args.period.to)?;
    let mut by = args.by.clone();
    let mut seen = Vec::new();
    by.retain(|each| {
        !seen.contains(each) && {
            seen.push(*each);
            true
        }
    });
    Ok(Question {
        by,
        rule: args.rule,
        idle: args.idle,
        shared: args.shared,
        money: args.cost,
        ratio: args.weights,
        from,
        to,
        hub: args.hub.clone(),
        explain: args.explain.clone(),
    })
}

/// Parts are the bill, whatever was asked.
fn check(allocation: &Allocation) -> Result<()> {
    for currency in &allocation.currencies {
        if currency.sum() != currency.billed {
            let (sum, billed) = (exact(currency.sum()), exact(currency.billed));
            return Err(Error::bug(format!("the parts are {sum} {0}, the bill {billed} {0}", currency.name))
                .hint("no number of this report can be trusted: please tell us"));
        }
    }
    Ok(())
}

/// What machine types have, from the catalog.
#[derive(Default)]
struct Machines(std::cell::RefCell<std::collections::HashMap<String, Option<MachineRoom>>>);

impl Machines {
    fn room(&self, name: &str) -> Option<MachineRoom> {
        if let Some(known) = self.0.borrow().get(name) {
            return *known;
        }
        // Machines are known in every region of their cloud.
        let (provider, region) =
            if name.contains('.') { (Provider::Aws, "us-west-2") } else { (Provider::Gcp, "us-central1") };
        let region = Region::open(provider, region).ok();
        let machine =
            region.as_ref().and_then(|region| region.machine(name).ok()).map(|offer| &offer.machine);
        let room = machine.map(|machine| MachineRoom {
            cpu_millis: u64::from(machine.cpu.get()),
            memory_bytes: machine.memory.get(),
            gpus: machine.nvidia_gpus(),
        });
        self.0.borrow_mut().insert(name.to_owned(), room);
        room
    }
}

impl Costs {
    fn heading(&self, currency: &Currency) -> String {
        let question = &self.question;
        let by: Vec<_> = question.by.iter().map(|by| by.name()).collect();
        let rule = match question.rule {
            Rule::Request => "by requests",
            Rule::Usage => "by use",
            Rule::Max => "by the larger of request and use",
        };
        let idle = if question.idle == IdleRule::Apart { "idle apart" } else { "idle shared" };
        let shared = match question.shared {
            SharedRule::None => "shared apart",
            SharedRule::Even => "shared evenly",
            SharedRule::ByUse => "shared by use",
        };
        let ratio = question.ratio;
        let weights = if ratio == Ratio::default() { String::new() } else { format!(" (weights {ratio})") };
        let money = match question.money {
            Money::Billed => "billed",
            Money::Effective => "effective",
            Money::List => "at list prices",
        };
        format!(
            "{}, {} {money}, by {}: {rule}{weights}, {idle}, {shared}",
            self.period(),
            currency.name,
            by.join(" and ")
        )
    }

    /// The month, or the days.
    fn period(&self) -> String {
        let months: Vec<Month> = self.bills.iter().map(|bill| bill.month).collect();
        let of_one = months.first().filter(|first| months.iter().all(|month| month == *first));
        match (of_one, self.question.from, self.question.to, self.allocation.days) {
            (Some(month), None, None, _) => month.to_string(),
            (_, _, _, Some((first, last))) if first == last => day_text(first),
            (_, _, _, Some((first, last))) => format!("{} to {}", day_text(first), day_text(last)),
            _ => "no days".to_owned(),
        }
    }

    fn of_currency(&self, currency: &Currency) -> Table {
        let by = &self.question.by;
        let (named, apart) = lines(currency, by);
        let has_idle = named.iter().any(|line| line.idle != 0);
        let days = self.allocation.days.filter(|_| !by.contains(&crate::ledger::allocate::By::Day));
        let sparks = days.is_some_and(|days| spark(&std::collections::BTreeMap::new(), days).is_some());
        let mut columns: Vec<_> = by.iter().map(|by| (by.name().to_owned(), Align::Left)).collect();
        columns.push((currency.name.clone(), Align::Right));
        columns.push(("share".to_owned(), Align::Right));
        if has_idle {
            columns.push(("of it idle".to_owned(), Align::Right));
        }
        if sparks {
            columns.push(("by day".to_owned(), Align::Left));
        }
        let mut table = Table::with_columns(columns);
        let digits = decimals(currency.billed);
        let mut add = |line: &Line, total: bool| {
            let mut cells = line.cells.clone();
            cells.push(rounded(line.amount, digits));
            cells.push(
                percent(line.amount, currency.billed)
                    .map_or_else(|| "-".to_owned(), |share| format!("{share:.1} %")),
            );
            if has_idle {
                cells.push(if line.idle == 0 && !total { String::new() } else { rounded(line.idle, digits) });
            }
            if sparks {
                cells.push(days.and_then(|days| spark(&line.days, days)).unwrap_or_default());
            }
            table.row(cells);
        };
        let mut total = Line { cells: vec![String::new(); by.len()], ..Line::default() };
        if let Some(first) = total.cells.first_mut() {
            "total".clone_into(first);
        }
        for line in named.iter().chain(&apart) {
            add(line, false);
            total.amount += line.amount;
            total.idle += if has_idle { line.idle } else { 0 };
            for (day, amount) in &line.days {
                *total.days.entry(*day).or_default() += amount;
            }
        }
        add(&total, true);
        table
    }

    fn notes(&self) -> String {
        let list = |bills: &[Bill]| {
            bills.iter().map(|bill| format!("{}, {}", bill.source, bill.month)).collect::<Vec<_>>().join("; ")
        };
        let mut notes = format!("\nBills: {}.\n", list(&self.bills));
        if !self.ignored.is_empty() {
            notes += &format!("Not counted, for it is the same money: {}.\n", list(&self.ignored));
        }
        let without = &self.allocation.without_history;
        if !without.is_empty() {
            notes += &format!("It is not known who was on nodes on {}.\n", ranges(without));
        }
        notes
    }
}

/// Days as ranges: `2026-10-01 to 2026-10-03, 2026-10-07`.
pub(in crate::commands) fn ranges(days: &[Day]) -> String {
    let runs = days.chunk_by(|a, b| a + 1 == *b);
    let texts = runs.filter_map(|run| match (run.first(), run.last()) {
        (Some(first), Some(last)) if first == last => Some(day_text(*first)),
        (Some(first), Some(last)) => Some(format!("{} to {}", day_text(*first), day_text(*last))),
        _ => None,
    });
    texts.collect::<Vec<_>>().join(", ")
}

impl Report for Costs {
    fn schema(&self) -> &'static str {
        "frazil.cost/v1"
    }

    fn data(&self) -> Value {
        let question = &self.question;
        let bill = |bill: &Bill| {
            json!({
                "format": bill.source.kind.name(),
                "provider": bill.source.provider,
                "payer": bill.source.payer,
                "month": bill.month.to_string(),
                "taken_at": bill.taken_at,
            })
        };
        let by: Vec<_> = question.by.iter().map(|by| by.name()).collect();
        let currency = |currency: &Currency| {
            let parts = currency.parts.iter().map(|part| {
                let mut object = Map::new();
                object.insert("kind".to_owned(), part.kind.name().into());
                for (name, value) in by.iter().zip(&part.values) {
                    let value = if value.is_empty() { Value::Null } else { value.as_str().into() };
                    object.insert((*name).to_owned(), value);
                }
                object.insert("amount".to_owned(), exact(part.amount).into());
                object.insert("share_percent".to_owned(), percent(part.amount, currency.billed).into());
                Value::Object(object)
            });
            json!({
                "currency": currency.name,
                "billed": exact(currency.billed),
                "parts": parts.collect::<Vec<_>>(),
            })
        };
        json!({
            "by": by,
            "rule": name(&question.rule),
            "idle": name(&question.idle),
            "shared": name(&question.shared),
            "cost": name(&question.money),
            "weights": question.ratio.to_string(),
            "from": self.allocation.days.map(|(first, _)| day_text(first)),
            "to": self.allocation.days.map(|(_, last)| day_text(last)),
            "currencies": self.allocation.currencies.iter().map(currency).collect::<Vec<_>>(),
            "bills": self.bills.iter().map(bill).collect::<Vec<_>>(),
            "not_counted": self.ignored.iter().map(bill).collect::<Vec<_>>(),
            "days_without_pod_history": self.allocation.without_history.iter().map(|day| day_text(*day)).collect::<Vec<_>>(),
        })
    }

    fn text(&self, layout: Layout) -> String {
        let mut text = String::new();
        for currency in &self.allocation.currencies {
            // Bars are told by their place: the last column is not to be broken.
            let table = self.of_currency(currency).render(None);
            text += &format!("{}\n\n{table}\n", crate::view::wrapped(&self.heading(currency), layout.width));
        }
        if self.allocation.currencies.is_empty() {
            text += "No rows of bills.\n\n";
        }
        text.trim_end().to_owned() + "\n" + &crate::view::wrapped(&self.notes(), layout.width)
    }

    fn table(&self) -> Option<Table> {
        let mut columns = vec![("kind".to_owned(), Align::Left)];
        columns.extend(self.question.by.iter().map(|by| (by.name().to_owned(), Align::Left)));
        columns.extend([("currency".to_owned(), Align::Left), ("amount".to_owned(), Align::Right)]);
        let mut table = Table::with_columns(columns);
        for currency in &self.allocation.currencies {
            for part in &currency.parts {
                let cells = std::iter::once(part.kind.name()).chain(part.values.iter().map(String::as_str));
                let amount = exact(part.amount);
                table.row(cells.chain([currency.name.as_str(), &amount]));
            }
        }
        Some(table)
    }
}

/// The name of a choice on the command line.
fn name<T: clap::ValueEnum>(choice: &T) -> Option<String> {
    choice.to_possible_value().map(|value| value.get_name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn days_in_a_row_are_one_range() {
        assert_eq!(ranges(&[20_727, 20_728, 20_729, 20_733]), "2026-10-01 to 2026-10-03, 2026-10-07");
    }
}
