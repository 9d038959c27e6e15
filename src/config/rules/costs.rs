//! What it costs: a budget against the base, and data from elsewhere.

use std::collections::BTreeSet;

use frazil_units::{Amount, Currency};

use super::Subject;
use super::subject::cloud;
use super::table::money::{BUDGET_TOO_SMALL, DATA_REGION, UNKNOWN_DATA_REGION};
use crate::catalog::{self, MONTH_HOURS, Price, Region};
use crate::config::problem::Problem;
use crate::estimate::{Kept, Line, Quantity, base_lines, month};
use crate::nearest::nearest;

/// The budget covers what the cluster costs before anyone logs in. Prices are in
/// US dollars; a budget in another currency is not compared.
pub(super) fn budget_above_base(subject: &Subject<'_>) -> Vec<Problem> {
    let hub = subject.hub;
    let budget = hub.budget.as_ref().map(|budget| budget.total).filter(|_| subject.trusts("event"));
    let budget = budget.filter(|total| is_usd(total.currency) && total.amount > Amount::ZERO);
    let (Some(region), Some(cluster), Some(budget)) = (subject.region(), subject.cluster(), budget) else {
        return Vec::new();
    };
    let (hours, time) = hours(subject);
    let lines = base_lines(&cluster, region);
    let least: Amount = lines.iter().filter_map(|line| line.usd(hours)).sum();
    if budget.amount >= least {
        return Vec::new();
    }
    let priced: Vec<_> = lines.iter().filter_map(|line| described(line, hours)).collect();
    let unpriced: Vec<_> =
        lines.iter().filter(|line| line.priced.price.is_none()).map(|line| line.what.as_str()).collect();
    let without = if unpriced.is_empty() {
        String::new()
    } else {
        format!("; without a price: {}", unpriced.join(", "))
    };
    let message = format!(
        "before anyone logs in, {time} cost {} USD: {}{without}",
        least.rounded(2),
        priced.join(", ")
    );
    let problem = subject.value(&BUDGET_TOO_SMALL, "budget.total", message).label("less than the base");
    vec![
        problem
            .help(format!("write more than `total: {} USD`, with room for the servers", rounded_up(least))),
    ]
}

fn is_usd(currency: Currency) -> bool {
    currency.code() == "USD"
}

/// Whole dollars that an amount fits in.
fn rounded_up(amount: Amount) -> i128 {
    let dollar = Amount::from_units(1).pico();
    (amount.pico() + dollar - 1) / dollar
}

/// The hours that a budget is for, and how to say so.
fn hours(subject: &Subject<'_>) -> (Quantity, String) {
    let event = subject.hub.event.as_ref().filter(|event| event.from.date() <= event.to.date());
    let days =
        event.and_then(|event| event.from.date().until(event.to.date()).ok()).map(|span| span.get_days() + 1);
    match days {
        Some(days) => {
            let days = u64::try_from(days).unwrap_or(0);
            (Quantity::whole(days.saturating_mul(24)), format!("the event's {days} days"))
        }
        None => (month(), format!("the {MONTH_HOURS} hours of a month")),
    }
}

fn described(line: &Line, hours: Quantity) -> Option<String> {
    let usd = line.usd(hours).filter(|_| line.kept != Kept::ByUse)?;
    Some(format!("{} {}", line.what, usd.rounded(2)))
}

/// The hub is where the data is; regions of data are regions.
pub(super) fn data_is_near(subject: &Subject<'_>) -> Vec<Problem> {
    let here = cloud(&subject.hub.provider).filter(|_| subject.trusts("provider"));
    let mut seen = BTreeSet::new();
    // A second mention says nothing new, and opening a region takes a millisecond.
    let regions =
        subject.hub.data.regions.iter().enumerate().filter(|(_, region)| seen.insert(region.as_str()));
    regions
        .filter_map(|(index, region)| {
            let (path, name) = (format!("data.regions[{index}]"), region.as_str());
            let Some(owner) = owner(name) else {
                return Some(unknown(subject, &path, name));
            };
            let here = here.filter(|here| *here != (owner, name))?;
            Some(far(subject, &path, (owner, name), here))
        })
        .collect()
}

/// The cloud that has a region.
fn owner(name: &str) -> Option<catalog::Provider> {
    catalog::Provider::ALL.into_iter().find(|cloud| catalog::regions(*cloud).any(|region| region == name))
}

fn unknown(subject: &Subject<'_>, path: &str, name: &str) -> Problem {
    let clouds = cloud(&subject.hub.provider)
        .map_or_else(|| catalog::Provider::ALL.to_vec(), |(cloud, _)| vec![cloud]);
    let known: Vec<_> = clouds.into_iter().flat_map(catalog::regions).collect();
    let help = nearest(name, &known)
        .map_or_else(|| format!("known: {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
    let message = format!("neither AWS nor Google Cloud has a region `{name}`");
    subject.value(&UNKNOWN_DATA_REGION, path, message).label("unknown region").help(help)
}

/// A cloud and a region of it.
type Place<'a> = (catalog::Provider, &'a str);

fn far(subject: &Subject<'_>, path: &str, data: Place<'_>, hub: Place<'_>) -> Problem {
    let price = price_of_reading(data, hub).and_then(|price| of_a_terabyte(&price));
    let cost = price.map_or_else(
        || "it costs by the gigabyte, by a price that the catalog does not have".to_owned(),
        |usd| format!("a terabyte costs {} USD to read", usd.rounded(0)),
    );
    let message = format!("the data is in {}, the hub in {}: {cost}", words(data), words(hub));
    let problem = subject.value(&DATA_REGION, path, message).label("another region than the hub's");
    problem.help(format!("run the hub in {}, or a gateway next to the data", words(data)))
}

fn words((cloud, region): Place<'_>) -> String {
    format!("{cloud}/{region}")
}

/// Between regions of one cloud, or over the internet to another.
fn price_of_reading((from, data): Place<'_>, (to, hub): Place<'_>) -> Option<Price> {
    let region = Region::open(from, data).ok()?;
    if from == to {
        return region.transfer_to(hub).ok();
    }
    region.internet_tiers().into_iter().next().map(|tier| tier.price)
}

/// The price of 10¹² bytes.
fn of_a_terabyte(price: &Price) -> Option<Amount> {
    let unit = if price.unit.starts_with("GiB") { 1 << 30 } else { 1_000_000_000 };
    price.usd.ratio(1_000_000_000_000, unit)
}
