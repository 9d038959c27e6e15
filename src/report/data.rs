//! A page as data: amounts as exact text, times in seconds, people as the page calls them.

use clap::ValueEnum;
use frazil_units::Amount;
use serde_json::{Value, json};

use super::page::{Budget, Chapter, EgressRow, Estimate, Night, NightLife, Nights, Nodes, Page, Sum};
use super::spans::NIGHT;

/// A page as data, under the schema `frazil.report/v1`.
pub fn data(page: &Page) -> Value {
    let naming = page.naming.to_possible_value().map(|value| value.get_name().to_owned());
    json!({
        "made": page.made.to_string(),
        "time_zone": page.zone,
        "people_by": naming,
        "hubs": page.chapters.iter().map(chapter).collect::<Vec<_>>(),
    })
}

fn chapter(chapter: &Chapter) -> Value {
    let sum = |sum: &Sum| json!({ "name": sum.name, "amount": text(sum.amount), "idle": text(sum.idle) });
    let day = |day: &super::page::DaySum| {
        let parts = chapter.components.iter().zip(&day.parts).filter(|(_, part)| **part != Amount::ZERO);
        let parts: serde_json::Map<_, _> =
            parts.map(|(component, part)| (component.name.clone(), text(*part))).collect();
        json!({ "day": day.date.to_string(), "amount": text(day.total()), "components": parts })
    };
    json!({
        "hub": chapter.hub,
        "of": chapter.of,
        "place": chapter.place,
        "event": chapter.event.map(|event| json!({
            "from": event.from.to_string(), "to": event.to.to_string(), "attendees": event.attendees,
        })),
        "currency": chapter.currency,
        "from": chapter.days.0.to_string(),
        "to": chapter.days.1.to_string(),
        "total": text(chapter.total),
        "days": chapter.by_day.iter().map(day).collect::<Vec<_>>(),
        "components": chapter.components.iter().map(sum).collect::<Vec<_>>(),
        "people": chapter.people.iter().map(|person| json!({
            "person": person.name, "amount": text(person.amount), "days": person.days,
        })).collect::<Vec<_>>(),
        "apart": chapter.apart.iter().map(|sum| json!({
            "kind": sum.name, "amount": text(sum.amount),
        })).collect::<Vec<_>>(),
        "egress": chapter.egress.iter().map(egress).collect::<Vec<_>>(),
        "estimate": chapter.estimate.as_ref().map(estimate),
        "budget": chapter.budget.as_ref().map(budget),
        "nodes": chapter.nodes.as_ref().map(nodes),
        "nights": chapter.nights.as_ref().map(nights),
        "bills": chapter.bills,
        "notes": chapter.notes,
    })
}

fn text(amount: Amount) -> Value {
    amount.to_string().into()
}

fn egress(row: &EgressRow) -> Value {
    json!({
        "way": row.way,
        "bill_bytes": row.bill_bytes,
        "bill_cost": row.bill_cost.map(text),
        "cluster_bytes": row.cluster_bytes,
        "client_bytes": row.client_bytes,
        "note": row.note,
    })
}

fn estimate(estimate: &Estimate) -> Value {
    let rows = estimate.rows.iter().map(|row| {
        json!({
            "component": row.component,
            "low_usd": text(row.low),
            "likely_usd": text(row.likely),
            "high_usd": text(row.high),
            "billed_usd": text(row.billed),
        })
    });
    json!({ "people": estimate.people, "days": estimate.days, "components": rows.collect::<Vec<_>>() })
}

fn budget(budget: &Budget) -> Value {
    let days =
        budget.days.iter().map(|(day, amount)| json!({ "day": day.to_string(), "amount": text(*amount) }));
    let passed =
        budget.passed.iter().map(|(percent, day)| json!({ "percent": percent, "day": day.to_string() }));
    json!({
        "total": text(budget.total),
        "from": budget.window.0.to_string(),
        "to": budget.window.1.to_string(),
        "billed_whole_through": budget.through.map(|day| day.to_string()),
        "days": days.collect::<Vec<_>>(),
        "spent": text(budget.spent),
        "per_day": budget.per_day.map(text),
        "forecast": budget.forecast.map(text),
        "low": budget.range.map(|(low, _)| text(low)),
        "high": budget.range.map(|(_, high)| text(high)),
        "ends_on": budget.ends.map(|day| day.to_string()),
        "passed": passed.collect::<Vec<_>>(),
    })
}

fn nodes(nodes: &Nodes) -> Value {
    let days = nodes.days.iter().map(|day| {
        json!({ "day": day.date.to_string(), "most_in_each_3_hours": day.most, "node_seconds": day.seconds })
    });
    let pools = nodes.pools.iter().map(|pool| {
        json!({
            "pool": pool.pool, "machines": pool.machines, "nodes": pool.nodes, "most_at_once": pool.most,
            "node_seconds": pool.seconds,
        })
    });
    json!({
        "known_by_pods_only": nodes.by_pods,
        "days": days.collect::<Vec<_>>(),
        "pools": pools.collect::<Vec<_>>(),
    })
}

fn nights(nights: &Nights) -> Value {
    let night = |night: &Night| {
        json!({
            "from": night.date.to_string(),
            "busy_node_seconds": night.busy_seconds,
            "empty_node_seconds": night.empty_seconds,
            "servers": night.servers,
            "dask_clusters": night.clusters,
        })
    };
    let life = |life: &NightLife| {
        json!({
            "person": if life.who.is_empty() { Value::Null } else { life.who.as_str().into() },
            "server_nights": life.server.0,
            "server_seconds": life.server.1,
            "dask_nights": life.cluster.0,
            "dask_seconds": life.cluster.1,
        })
    };
    json!({
        "from_hour": NIGHT.0,
        "to_hour": NIGHT.1,
        "nights": nights.nights.iter().map(night).collect::<Vec<_>>(),
        "people": nights.lives.iter().map(life).collect::<Vec<_>>(),
    })
}
