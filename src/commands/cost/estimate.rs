//! `frazil cost estimate`: what a hub will cost, from its file alone.

mod billed;
mod data;
mod rows;
mod text;
mod wide;

use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::Value;

use super::super::{Run, load};
use crate::catalog::{Provider, regions};
use crate::cli::cost::EstimateArgs;
use crate::config::{Event, HubFile, Provider as Place};
use crate::error::{Error, Result};
use crate::estimate::{Assumptions, Estimate, People, Site, counterpart, has_prices, owner, place};
use crate::nearest::nearest;
use crate::outcome::Outcome;
use crate::view::{Layout, Report, Table};

/// Estimates hubs.
///
/// # Errors
/// When a file cannot be used, an assumption makes no sense, or a region is not known.
pub(super) fn estimate(run: &Run<'_>, args: &EstimateArgs) -> Result<Outcome> {
    let today = run.context.today()?;
    let mut estimates = Vec::new();
    for file in &args.files.files {
        let document = load::usable(run, file)?;
        let estimate = of(&document.hub, args, today)?;
        let billed = if args.billed { Some(beside_bill(run, args, &estimate)?) } else { None };
        estimates.push((estimate, billed));
    }
    run.printer.report(&Estimates(estimates))?;
    Ok(Outcome::Done)
}

/// What was billed of a hub that a cloud bills, whose people are known.
fn beside_bill(run: &Run<'_>, args: &EstimateArgs, estimate: &Estimate) -> Result<billed::Billed> {
    if !estimate.own {
        return Err(Error::usage(format!("no cloud bills the hub `{}`", estimate.hub))
            .hint("`--billed` is for hubs whose file names AWS or Google Cloud"));
    }
    if estimate.people.is_none() {
        return Err(Error::usage("what was billed is put beside an event, and the file has none")
            .hint("say who came: `--attendees 40 --days 30`"));
    }
    billed::of(run, args, &estimate.hub)
}

/// The estimate of one hub.
pub(super) fn of(hub: &HubFile, args: &EstimateArgs, today: Date) -> Result<Estimate> {
    let mut hub = hub.clone();
    let people = people(&mut hub, args, today)?;
    let mut assumed = Assumptions::of(&hub);
    let hours = args.hours.iter().map(|hours| format!("hours={hours}"));
    for text in hours.chain(args.assume.iter().cloned()) {
        assumed.set(&text).map_err(|error| {
            Error::usage(error.to_string()).hint("`frazil cost estimate -o wide` lists all assumptions")
        })?;
    }
    let mut notes = Vec::new();
    let budget = Estimate::budget_of(&hub).unwrap_or_else(|total| {
        notes.push(format!("The budget of {total} is not compared: prices are in USD."));
        None
    });
    let own = Site::of(&hub, people, &assumed).map_err(|error| Error::failed(error.to_string()))?;
    let is_own = own.is_some();
    let mut sites: Vec<_> = own.into_iter().collect();
    for (provider, region) in others(&hub, args, &mut notes)? {
        match Site::elsewhere(&hub, (provider, region), people, &assumed) {
            Ok(site) => sites.extend(site),
            Err(error) => notes.push(format!("{provider}/{region} is left out: {error}.")),
        }
    }
    notes.extend(beside(&hub));
    Ok(Estimate { hub: hub.name.to_string(), sites, own: is_own, people, assumed, budget, notes })
}

/// People and days: what the arguments say, or else the event. The hub is changed to hold so many.
fn people(hub: &mut HubFile, args: &EstimateArgs, today: Date) -> Result<Option<People>> {
    let event = hub.event.as_ref();
    let lasts =
        event.and_then(|event| event.from.date().until(event.to.date()).ok()).map(|span| span.get_days() + 1);
    let days = args.days.or(lasts.and_then(|days| u32::try_from(days).ok()).filter(|days| *days > 0));
    let attendees = args.attendees.or(event.map(|event| event.attendees));
    let (attendees, days) = match (attendees, days) {
        (Some(attendees), Some(days)) => (attendees, days),
        (None, None) => return Ok(None),
        (None, Some(_)) => {
            return Err(
                Error::usage("how many people come? The file has no event").hint("add `--attendees 40`")
            );
        }
        (Some(_), None) => {
            return Err(
                Error::usage("how many days do they come? The file has no event").hint("add `--days 5`")
            );
        }
    };
    let from = event.map_or(today, |event| event.from.date());
    let to = from.checked_add((i64::from(days) - 1).days()).unwrap_or(from);
    let day = |date: Date| date.to_string().parse().ok();
    if let (Some(from), Some(to)) = (day(from), day(to)) {
        hub.event =
            Some(Event { from, to, attendees, login_burst: event.and_then(|event| event.login_burst) });
    }
    Ok(Some(People { attendees, days }))
}

/// The other regions to show: those asked for, or the nearest of the other cloud.
fn others(
    hub: &HubFile,
    args: &EstimateArgs,
    notes: &mut Vec<String>,
) -> Result<Vec<(Provider, &'static str)>> {
    let own = place(hub);
    if !args.region.is_empty() {
        let asked = args.region.iter().map(|name| owner(name).ok_or_else(|| unknown(name)));
        let asked: Vec<_> = asked.collect::<Result<_>>()?;
        return Ok(asked.into_iter().filter(|asked| Some(*asked) != own).collect());
    }
    let Some((provider, region)) = own else { return Ok(Vec::new()) };
    let near = counterpart(provider, region).filter(|(cloud, name)| has_prices(*cloud, name));
    if near.is_none() {
        notes.push(format!(
            "No region of the other cloud is known to be near {region}: name one with `--region`."
        ));
    }
    Ok(near.into_iter().collect())
}

fn unknown(name: &str) -> Error {
    let names: Vec<_> = Provider::ALL.into_iter().flat_map(regions).collect();
    let error = Error::usage(format!("neither AWS nor Google Cloud has a region `{name}`"));
    match nearest(name, &names) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("one of {}", names.join(", "))),
    }
}

/// What the file leaves open.
fn beside(hub: &HubFile) -> Vec<String> {
    let at = match &hub.provider {
        Place::Local(_) => Some(
            "This hub is on one machine, and no cloud bills it. `--region us-west-2` prices the same hub in a cloud.",
        ),
        Place::Kubernetes(_) => Some(
            "This hub is on a cluster that is there already: what its nodes cost, and who shares them, is not in \
             the file. `--region us-west-2` prices the same hub on a cluster of its own.",
        ),
        Place::Aws(_) | Place::Gcp(_) if hub.data.regions.is_empty() => Some(
            "The file does not say where the data lies (`data.regions`): reading counts as within the region, which is free.",
        ),
        Place::Aws(_) | Place::Gcp(_) => None,
    };
    at.into_iter().map(str::to_owned).collect()
}

/// What some hubs will cost.
#[derive(Debug)]
struct Estimates(Vec<(Estimate, Option<billed::Billed>)>);

impl Report for Estimates {
    fn schema(&self) -> &'static str {
        "frazil.cost-estimate/v1"
    }

    fn data(&self) -> Value {
        Value::Array(
            self.0.iter().map(|(estimate, billed)| data::estimate(estimate, billed.as_ref())).collect(),
        )
    }

    fn text(&self, layout: Layout) -> String {
        let text = |(estimate, billed): &(Estimate, Option<billed::Billed>)| {
            let beside = billed.as_ref().and_then(|billed| billed::text(estimate, billed, layout));
            let parts = beside.into_iter().chain([text::estimate(estimate, layout)]);
            parts.collect::<Vec<_>>().join("\n\n")
        };
        self.0.iter().map(text).collect::<Vec<_>>().join("\n\n")
    }

    fn table(&self) -> Option<Table> {
        Some(rows::table(self.0.iter().map(|(estimate, _)| estimate)))
    }
}

#[cfg(test)]
mod tests;
