//! Spend, budget, egress and nodes as metrics, in which nobody is told of by name.

use frazil_units::Amount;

use super::reading::Read;
use crate::report::{Chapter, Page};
use crate::view::{Kind, Metrics};

/// Seconds of an hour.
const HOUR: f64 = 3_600.0;

/// What the page tells, as metrics; of a ledger without bills, only when it was read.
pub(super) fn figures(page: Option<&Page>, read: Read) -> Metrics {
    let mut metrics = Metrics::default();
    metrics.family(
        "frazil_bills_read_timestamp_seconds",
        Kind::Gauge,
        "When bills and history were last read.",
    );
    if let Some(at) = read.at {
        metrics.sample(&[], whole(at.as_second()));
    }
    metrics.family(
        "frazil_bills_read_failed",
        Kind::Gauge,
        "Whether they could not be read the last time: 1 or 0.",
    );
    metrics.sample(&[], f64::from(read.failed));
    let chapters = page.map_or(&[][..], |page| page.chapters.as_slice());
    money(&mut metrics, chapters);
    budget(&mut metrics, chapters);
    egress(&mut metrics, chapters);
    nodes(&mut metrics, chapters);
    metrics
}

/// Labels that all of them have: which hub, in which currency, which days.
fn labels(chapter: &Chapter) -> [(&'static str, String); 4] {
    [
        ("hub", chapter.name().to_owned()),
        ("currency", chapter.currency.clone()),
        ("from", chapter.days.0.to_string()),
        ("to", chapter.days.1.to_string()),
    ]
}

fn add(metrics: &mut Metrics, chapter: &Chapter, more: &[(&str, &str)], value: f64) {
    let labels = labels(chapter);
    let own = labels.iter().map(|(name, value)| (*name, value.as_str()));
    metrics.sample(&own.chain(more.iter().copied()).collect::<Vec<_>>(), value);
}

fn money(metrics: &mut Metrics, chapters: &[Chapter]) {
    metrics.family(
        "frazil_spend",
        Kind::Gauge,
        "Billed for the days from and to, in units of the currency, by what it was for.",
    );
    for chapter in chapters {
        for sum in &chapter.components {
            add(metrics, chapter, &[("component", &sum.name)], sum.amount.as_f64());
        }
    }
    metrics.family("frazil_spend_idle", Kind::Gauge, "The part of it that was idle.");
    for chapter in chapters {
        let idle: Amount = chapter.components.iter().map(|sum| sum.idle).sum();
        add(metrics, chapter, &[], idle.as_f64());
    }
    metrics.family("frazil_spend_last_day", Kind::Gauge, "Billed for the last day that is billed.");
    for chapter in chapters {
        if let Some(day) = chapter.by_day.last() {
            add(metrics, chapter, &[], day.total().as_f64());
        }
    }
    metrics.family("frazil_spend_people", Kind::Gauge, "People who had something of their own.");
    for chapter in chapters {
        add(metrics, chapter, &[], count(chapter.people.len()));
    }
}

fn budget(metrics: &mut Metrics, chapters: &[Chapter]) {
    let budgets = || chapters.iter().filter_map(|chapter| Some((chapter, chapter.budget.as_ref()?)));
    metrics.family("frazil_budget", Kind::Gauge, "The budget, in units of the currency.");
    for (chapter, budget) in budgets() {
        add(metrics, chapter, &[], budget.total.as_f64());
    }
    metrics.family("frazil_budget_spent", Kind::Gauge, "What of it is spent.");
    for (chapter, budget) in budgets() {
        add(metrics, chapter, &[], budget.spent.as_f64());
    }
    metrics.family("frazil_budget_forecast", Kind::Gauge, "What will be spent at the end of its days.");
    for (chapter, budget) in budgets() {
        if let Some(forecast) = budget.forecast {
            add(metrics, chapter, &[], forecast.as_f64());
        }
    }
}

fn egress(metrics: &mut Metrics, chapters: &[Chapter]) {
    metrics.family("frazil_egress_bytes", Kind::Gauge, "Bytes that moved, by way, as the bill tells.");
    for chapter in chapters {
        for row in &chapter.egress {
            if let Some(bytes) = row.bill_bytes {
                add(metrics, chapter, &[("way", &row.way)], bytes_of(bytes));
            }
        }
    }
    metrics.family(
        "frazil_egress_spend",
        Kind::Gauge,
        "What that cost, in units of the currency; part of the spend.",
    );
    for chapter in chapters {
        for row in &chapter.egress {
            if let Some(cost) = row.bill_cost {
                add(metrics, chapter, &[("way", &row.way)], cost.as_f64());
            }
        }
    }
}

fn nodes(metrics: &mut Metrics, chapters: &[Chapter]) {
    let pools = || {
        let of = |chapter: &'_ Chapter| {
            chapter.nodes.as_ref().map(|nodes| nodes.pools.clone()).unwrap_or_default()
        };
        chapters.iter().map(move |chapter| (chapter, of(chapter)))
    };
    metrics.family("frazil_nodes_most", Kind::Gauge, "The most nodes of a pool at once.");
    for (chapter, pools) in pools() {
        for pool in &pools {
            add(metrics, chapter, &[("pool", &pool.pool)], f64::from(pool.most));
        }
    }
    metrics.family(
        "frazil_node_hours",
        Kind::Gauge,
        "For how long all nodes of a pool together were there, in hours.",
    );
    for (chapter, pools) in pools() {
        for pool in &pools {
            add(metrics, chapter, &[("pool", &pool.pool)], whole(pool.seconds) / HOUR);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds of some years")]
fn whole(number: i64) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "people of a hub")]
fn count(number: usize) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "a metric is a float")]
fn bytes_of(number: u64) -> f64 {
    number as f64
}
