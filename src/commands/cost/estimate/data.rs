//! An estimate as data: amounts as decimal text, exact.

use frazil_units::Amount;
use serde_json::{Map, Value, json};

use super::billed::Billed;
use super::text::total;
use crate::catalog::Price;
use crate::estimate::prices::Priced;
use crate::estimate::{
    Against, Case, Change, Estimate, Kept, Key, Line, Model, NodeHour, Quantity, Range, Site, SizeHour,
    Spread, WorkerHour, compared, month,
};

/// One estimate, and what was billed of its own site.
pub(super) fn estimate(estimate: &Estimate, billed: Option<&Billed>) -> Value {
    let own = |place: usize| billed.filter(|_| place == 0);
    let sites = estimate.sites.iter().enumerate();
    json!({
        "hub": estimate.hub,
        "currency": "USD",
        "attendees": estimate.people.map(|people| people.attendees),
        "days": estimate.people.map(|people| people.days),
        "budget_usd": estimate.budget.map(text),
        "sites": sites.map(|(place, each)| site(each, estimate.budget, own(place))).collect::<Vec<_>>(),
        "billed_days": billed.map(|billed| {
            json!({ "first": billed.days.0.to_string(), "last": billed.days.1.to_string() })
        }),
        "first_site_is_the_files": estimate.own,
        "assumptions": assumptions(estimate),
        "notes": estimate.notes,
    })
}

fn site(site: &Site, budget: Option<Amount>, billed: Option<&Billed>) -> Value {
    let base = |hours| text(site.base(hours, false));
    json!({
        "provider": site.provider.name(),
        "region": site.region,
        "base": {
            "usd_per_hour": base(Quantity::ONE),
            "usd_per_day": base(Quantity::whole(24)),
            "usd_per_month": base(month()),
            "lines": site.base.iter().map(line).collect::<Vec<_>>(),
        },
        "sizes": site.sizes.iter().map(|size| size_hour(site, size)).collect::<Vec<_>>(),
        "dask_worker": site.dask.as_ref().map(|(pool, hour)| worker(&pool.node, hour)),
        "homes": site.homes.as_ref().map(|(on, priced)| json!({
            "on": on, "usd_per_gib_month": priced.usd().map(text), "price": price(priced),
        })),
        "transfer": transfer(site),
        "event": site.event.as_ref().map(|model| event(model, budget, billed)),
        "changed": site.lost,
        "gaps": site.gaps().into_iter().map(|gap| gap.text).collect::<Vec<_>>(),
    })
}

fn text(usd: Amount) -> String {
    usd.to_string()
}

fn range(range: Range) -> Value {
    let [low, likely, high] = range.all().map(text);
    json!({ "low_usd": low, "likely_usd": likely, "high_usd": high })
}

fn listed(price: &Price) -> Value {
    json!({
        "usd": text(price.usd),
        "per": price.unit,
        "date": price.source.date,
        "source": price.source.name,
        "estimate": price.is_estimate(),
    })
}

fn price(priced: &Priced) -> Value {
    json!({ "listed": priced.price.as_ref().map(listed), "gap": priced.gap.as_ref().map(|gap| &gap.text) })
}

fn line(line: &Line) -> Value {
    let usd = |hours| line.usd(hours).filter(|_| line.kept != Kept::ByUse).map(text);
    json!({
        "component": line.component.name(),
        "what": line.what,
        "kept": match line.kept {
            Kept::Always => "always",
            Kept::Warm => "warm",
            Kept::ByUse => "by-use",
        },
        "quantity": line.quantity.to_string(),
        "price": price(&line.priced),
        "usd_per_hour": usd(Quantity::ONE),
        "usd_per_day": usd(Quantity::whole(24)),
        "usd_per_month": usd(month()),
    })
}

fn node(node: &NodeHour) -> Value {
    let beside: Map<_, _> =
        node.beside.iter().map(|(component, usd)| (component.name().to_owned(), json!(text(*usd)))).collect();
    json!({
        "machine": node.machine,
        "market": node.market.to_string(),
        "usd_per_hour": range(node.total()),
        "machine_usd_per_hour": range(node.price),
        "beside_usd_per_hour": beside,
        "price": node.listed.as_ref().map(listed),
    })
}

fn size_hour(site: &Site, hour: &SizeHour) -> Value {
    let pool = site.pools.iter().find(|pool| pool.purpose == hour.purpose);
    json!({
        "size": hour.size,
        "memory_bytes": hour.memory.get(),
        "gpus": hour.gpus,
        "default": hour.default,
        "seats_per_node": hour.seats,
        "node": pool.map(|pool| node(&pool.node)),
        "usd_per_hour_on_a_full_node": range(hour.shared),
        "usd_per_hour_alone": range(hour.alone),
    })
}

fn worker(pool: &NodeHour, hour: &WorkerHour) -> Value {
    json!({
        "cores": f64::from(hour.millicores) / 1000.0,
        "memory_bytes": hour.memory.get(),
        "workers_per_node": hour.workers,
        "node": node(pool),
        "usd_per_hour": range(hour.shared),
        "usd_per_core_hour": range(hour.shared.map(|usd| hour.per_core(usd))),
        "usd_per_hour_spot": hour.spot.map(range),
        "usd_per_hour_on_demand": hour.on_demand.map(text),
    })
}

fn transfer(site: &Site) -> Value {
    let terabyte = Quantity::whole(1000);
    let reading = site.transfer.reading.iter().map(|reading| {
        json!({
            "from": reading.from,
            "way": reading.way.words(),
            "usd_per_terabyte": reading.usd(terabyte).map(text),
            "price": price(&reading.priced),
        })
    });
    let internet = site
        .transfer
        .internet
        .iter()
        .map(|tier| json!({ "up_to_bytes": tier.up_to.map(frazil_units::Bytes::get), "price": listed(&tier.price) }));
    json!({
        "reading": reading.collect::<Vec<_>>(),
        "internet": internet.collect::<Vec<_>>(),
        "free_gb_per_month": site.transfer.free.to_string(),
        "nat": site.transfer.nat.as_ref().map(price),
    })
}

fn event(model: &Model, budget: Option<Amount>, billed: Option<&Billed>) -> Value {
    let items = model.items();
    let total = total(model);
    let parts = items.iter().map(
        |item| json!({ "row": item.row.words(), "component": item.component.name(), "usd": range(item.usd) }),
    );
    let components = compared(&items, billed.map(|billed| &billed.usd)).into_iter().map(|row| {
        json!({
            "component": row.component.map(crate::ledger::allocate::Component::name),
            "usd": range(row.estimated),
            "billed_usd": row.billed.map(text),
        })
    });
    let people = i128::from(model.people.attendees);
    let each = total.map(|usd| usd.ratio(1, people).unwrap_or_default());
    let changes = |all: Vec<Change>| {
        let one = |change: Change| json!({ "assumption": change.name, "value": change.value, "added_usd": text(change.usd) });
        all.into_iter().map(one).collect::<Vec<_>>()
    };
    let against = budget.map(|budget| Against::of(model, budget));
    json!({
        "total": range(total),
        "per_person": range(each),
        "parts": parts.collect::<Vec<_>>(),
        "components": components.collect::<Vec<_>>(),
        "at_the_dear_end": changes(model.changes(Case::High)),
        "at_the_cheap_end": changes(model.changes(Case::Low)),
        "budget_percent_likely": against.as_ref().and_then(|against| against.percent(total.likely)).map(|percent| percent.to_string()),
        "budget_turns_on": against.map(|against| changes(against.by)),
    })
}

fn assumptions(estimate: &Estimate) -> Vec<Value> {
    let values = |[low, likely, high]: Spread| [low, likely, high].map(|value| value.to_string());
    let of = |name: String, unit: &str, what: &str, why: &str, spread: Spread| {
        let [low, likely, high] = values(spread);
        json!({ "name": name, "unit": unit, "what": what, "from": why, "low": low, "likely": likely, "high": high })
    };
    let keys = Key::ALL.iter().map(|key| {
        let facts = key.facts();
        of(facts.name.to_owned(), facts.unit, facts.what, facts.why, estimate.assumed.spread(*key))
    });
    let shares = estimate.assumed.shares().iter().map(|share| {
        of(format!("share.{}", share.size), "%", "people in this size", "our guess", share.spread)
    });
    keys.chain(shares).collect()
}
