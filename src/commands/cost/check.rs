//! `frazil cost check`: what was spent, and what will be, against the budget.

use std::collections::BTreeMap;
use std::path::Path;

use frazil_units::Amount;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::money::percent;
use super::show::answer;
use crate::cli::cost::CheckArgs;
use crate::commands::ledger::{existing, refuse};
use crate::commands::{Run, load};
use crate::config::{Budget, HubFile};
use crate::error::{Error, Result};
use crate::estimate::{Assumptions, Site};
use crate::ledger::Ledger;
use crate::ledger::advice::{PoolCost, SizeCost};
use crate::ledger::allocate::{By, Component, Currency, Part, Question, choose};
use crate::ledger::budget::{Standing, by_day, per_day, whole_through};
use crate::ledger::forecast::{Outlook, Window};
use crate::outcome::Outcome;
use crate::render::nodes::Purpose;
use crate::view::{Align, Layout, Report, Table};

/// Compares hubs with their budgets.
///
/// # Errors
/// When a file cannot be used or has no budget, or the ledger has nothing of a hub.
pub(super) fn check(run: &Run<'_>, args: &CheckArgs) -> Result<Outcome> {
    let ledger = existing(run, args.ledger.as_deref())?;
    let today = run.context.today()?;
    let mut standings = Vec::new();
    for file in &args.files.files {
        let hub = load::usable(run, file)?.hub;
        let budget = budget(&hub, file)?;
        let standing = standing(&ledger, &hub, budget, today)?;
        standings.push(Checked {
            hub: hub.name.to_string(),
            currency: budget.total.currency.to_string(),
            standing,
        });
    }
    let too_much = standings.iter().any(|checked| checked.standing.is_too_much(args.above));
    run.printer.report(&Check(standings))?;
    Ok(if too_much { Outcome::CheckFailed } else { Outcome::Done })
}

fn budget<'a>(hub: &'a HubFile, file: &Path) -> Result<&'a Budget> {
    hub.budget.as_ref().ok_or_else(|| {
        Error::failed(format!("{} has no budget", file.display())).hint("add `budget: { total: 1000 USD }`")
    })
}

/// How a hub's budget goes.
fn standing(ledger: &Ledger, hub: &HubFile, budget: &Budget, today: Date) -> Result<Standing> {
    let bills = ledger.bills().map_err(refuse)?;
    let (bills, _) = choose(bills);
    let ask = |by: Vec<By>| {
        let question = Question { by, hub: Some(hub.name.to_string()), ..Question::default() };
        answer(ledger, &bills, &question)
    };
    let by_component = ask(vec![By::Component])?;
    let currency = of_currency(&by_component.currencies, hub, budget)?;
    let days = by_day(currency.parts.iter());
    let nothing = || {
        Error::failed(format!("the ledger has nothing of the hub `{}`", hub.name))
            .hint("`frazil cost read BILL…` reads its bills; rows are the hub's by the tag frazil:hub")
    };
    let last = *days.keys().next_back().ok_or_else(nothing)?;
    let through = whole_through(today, last);
    let window = hub
        .event
        .as_ref()
        .map_or_else(|| Window::month(today), |event| Window::event(event.from.date(), event.to.date()));
    let seen = (window.from.max(*days.keys().next().ok_or_else(nothing)?), through);
    let by_size = ask(vec![By::Size, By::User])?;
    let sizes = of_currency(&by_size.currencies, hub, budget).map(|currency| sizes(&currency.parts, seen))?;
    let pools = pools(hub, &currency.parts, seen);
    Ok(Standing::of((budget.total.amount, &budget.alert_at), window, (&days, through), (&pools, &sizes)))
}

/// The parts in the budget's currency; others cannot be compared with it.
fn of_currency<'a>(currencies: &'a [Currency], hub: &HubFile, budget: &Budget) -> Result<&'a Currency> {
    let wanted = budget.total.currency;
    currencies.iter().find(|currency| currency.name == wanted.code()).ok_or_else(|| {
        let others: Vec<_> = currencies.iter().map(|currency| currency.name.as_str()).collect();
        let billed = if others.is_empty() { "nothing".to_owned() } else { others.join(", ") };
        Error::failed(format!("the budget of `{}` is in {wanted}, its bills are in {billed}", hub.name))
            .hint("write the budget in the currency of the bills")
    })
}

/// Pools of people's nodes as they went, with the price of a node.
fn pools(hub: &HubFile, parts: &[Part], seen: (Date, Date)) -> Vec<PoolCost> {
    let Ok(Some(site)) = Site::of(hub, None, &Assumptions::of(hub)) else { return Vec::new() };
    let dask = site.dask.iter().map(|(pool, _)| pool);
    let user = site.pools.iter().filter(|pool| pool.purpose == Purpose::User);
    let of = |pool: &crate::estimate::PoolHour| {
        let (component, name) = match pool.purpose {
            Purpose::Dask => (Component::Dask, "dask"),
            _ => (Component::Servers, "user"),
        };
        let own =
            parts.iter().filter(|part| part.values.first().is_some_and(|value| value == component.name()));
        let (all, idle) = per_day(own, seen);
        PoolCost {
            pool: name.to_owned(),
            per_day: all,
            idle_per_day: idle,
            node_hour: pool.node.total().likely,
            max: u32::try_from(pool.max).unwrap_or(u32::MAX),
        }
    };
    user.chain(dask).map(of).collect()
}

/// Sizes as they went, with how many people had them.
fn sizes(parts: &[Part], seen: (Date, Date)) -> Vec<SizeCost> {
    let mut sizes: BTreeMap<&str, Vec<&Part>> = BTreeMap::new();
    for part in parts {
        if let Some(size) = part.values.first().filter(|size| !size.is_empty()) {
            sizes.entry(size).or_default().push(part);
        }
    }
    let of = |(size, parts): (&str, Vec<&Part>)| SizeCost {
        size: size.to_owned(),
        per_day: per_day(parts.iter().copied(), seen).0,
        people: parts.len(),
    };
    sizes.into_iter().map(of).collect()
}

/// A hub and how its budget goes.
struct Checked {
    hub: String,
    currency: String,
    standing: Standing,
}

/// What was found of each hub.
struct Check(Vec<Checked>);

impl Checked {
    fn text(&self, layout: Layout) -> String {
        let Self { hub, currency, standing } = self;
        let money = |amount: Amount| format!("{} {currency}", amount.rounded(2));
        let window = standing.window;
        let mut text =
            format!("{hub}\n  budget   {} for {} to {}\n", money(standing.total), window.from, window.to);
        let Some(outlook) = &standing.outlook else {
            return text + "  spent    nothing yet: no day of it is billed whole\n";
        };
        text += &format!(
            "  spent    {}, {} of it; bills are whole through {}\n",
            money(outlook.spent),
            share(outlook.spent, standing.total),
            outlook.through
        );
        text += &self.ahead(outlook, &money);
        for (percent, day) in &standing.passed {
            text += &format!("  passed   {percent} % on {day}\n");
        }
        if !standing.advice.is_empty() {
            let mut table = Table::new([
                ("what to change", Align::Left),
                ("saves a day", Align::Right),
                ("because", Align::Left),
            ]);
            for advice in &standing.advice {
                let saves = advice.saves_per_day.map_or_else(|| "-".to_owned(), |saves| saves.rounded(2));
                table.row([advice.change.clone(), saves, advice.because.clone()]);
            }
            text += "\n";
            text += &table.render(layout.width);
        }
        text
    }

    fn ahead(&self, outlook: &Outlook, money: &dyn Fn(Amount) -> String) -> String {
        let window = self.standing.window;
        let range = outlook.range.map_or_else(String::new, |range| {
            format!(" ({} to {})", range.low.rounded(2), range.high.rounded(2))
        });
        let days =
            if outlook.days_seen == 1 { "1 day".to_owned() } else { format!("{} days", outlook.days_seen) };
        let mut text = format!("  rate     {} a day, as the last {days} went\n", money(outlook.rate));
        text += &format!("  ahead    {}{range} by {}\n", money(outlook.total), window.to);
        text += &match self.standing.ends {
            Some(ends) if outlook.spent >= self.standing.total => {
                format!("  lasts    it is spent, since {}\n", ends.likely)
            }
            Some(ends) => format!("  lasts    at this rate the budget ends on {}\n", ends.likely),
            None => "  lasts    at this rate to the end\n".to_owned(),
        };
        text
    }

    fn data(&self) -> Value {
        let standing = &self.standing;
        let outlook = standing.outlook.as_ref().map(|outlook| {
            json!({
                "spent": outlook.spent.to_string(),
                "billed_whole_through": outlook.through.to_string(),
                "per_day": outlook.rate.to_string(),
                "days_seen": outlook.days_seen,
                "days_ahead": outlook.days_ahead(),
                "total": outlook.total.to_string(),
                "low": outlook.range.map(|range| range.low.to_string()),
                "high": outlook.range.map(|range| range.high.to_string()),
            })
        });
        let passed: Vec<_> = standing
            .passed
            .iter()
            .map(|(percent, day)| json!({ "percent": percent, "day": day.to_string() }))
            .collect();
        let advice = standing.advice.iter().map(|advice| {
            json!({
                "change": advice.change,
                "because": advice.because,
                "saves_per_day": advice.saves_per_day.map(|saves| saves.to_string()),
            })
        });
        json!({
            "hub": self.hub,
            "currency": self.currency,
            "budget": standing.total.to_string(),
            "from": standing.window.from.to_string(),
            "to": standing.window.to.to_string(),
            "outlook": outlook,
            "ends_on": standing.ends.map(|ends| ends.likely.to_string()),
            "ends_earliest": standing.ends.map(|ends| ends.earliest.to_string()),
            "passed": passed,
            "advice": advice.collect::<Vec<_>>(),
        })
    }
}

fn share(part: Amount, whole: Amount) -> String {
    percent(part.pico(), whole.pico()).map_or_else(|| "more".to_owned(), |share| format!("{share:.0} %"))
}

impl Report for Check {
    fn schema(&self) -> &'static str {
        "frazil.cost.check/v1"
    }

    fn data(&self) -> Value {
        json!({ "hubs": self.0.iter().map(Checked::data).collect::<Vec<_>>() })
    }

    fn text(&self, layout: Layout) -> String {
        self.0.iter().map(|checked| checked.text(layout)).collect::<Vec<_>>().join("\n")
    }

    fn table(&self) -> Option<Table> {
        let mut table = Table::new([
            ("hub", Align::Left),
            ("currency", Align::Left),
            ("budget", Align::Right),
            ("spent", Align::Right),
            ("per_day", Align::Right),
            ("total", Align::Right),
            ("ends_on", Align::Left),
        ]);
        for Checked { hub, currency, standing } in &self.0 {
            let told = |of: &dyn Fn(&Outlook) -> Amount| {
                standing.outlook.as_ref().map_or_else(String::new, |outlook| of(outlook).to_string())
            };
            table.row([
                hub.clone(),
                currency.clone(),
                standing.total.to_string(),
                told(&|outlook| outlook.spent),
                told(&|outlook| outlook.rate),
                told(&|outlook| outlook.total),
                standing.ends.map_or_else(String::new, |ends| ends.likely.to_string()),
            ]);
        }
        Some(table)
    }
}
