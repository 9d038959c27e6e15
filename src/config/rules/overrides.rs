//! Values merged into the charts': keys and kinds that the charts take.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Subject;
use super::table::overrides::{CHART_KEY, CHART_KIND, REPLACED_VALUE};
use crate::config::lower::{MOST_GUESSES, clip, join};
use crate::config::problem::Problem;
use crate::nearest::nearest;
use crate::render::chart_keys::{ChartKeys, Known, kinds_in_words};

/// Overrides have keys that the charts know, with values of the kind they take.
pub(super) fn chart_keys(subject: &Subject<'_>) -> Vec<Problem> {
    if subject.is_local() {
        return Vec::new();
    }
    let hub = subject.hub;
    let charts = [
        ("jupyterhub", &hub.charts.jupyterhub, &hub.overrides.jupyterhub),
        ("dask-gateway", &hub.charts.dask_gateway, &hub.overrides.dask_gateway),
    ];
    let mut problems = Vec::new();
    for (chart, version, values) in charts {
        if let Some(keys) = ChartKeys::of(chart, version).filter(|_| !values.is_empty()) {
            let walk = Walk { subject, chart, keys };
            walk.entries(values, &format!("overrides.{chart}"), "", &mut problems);
        }
    }
    problems
}

/// Values that frazil's own settings replace: chart, path, and the key of the hub file to write.
const REPLACED: [(&str, &str, &str); 8] = [
    ("jupyterhub", "singleuser.memory", "sizes"),
    ("jupyterhub", "singleuser.cpu", "sizes"),
    ("jupyterhub", "singleuser.image.name", "image.name"),
    ("jupyterhub", "singleuser.image.tag", "image.tag"),
    ("dask-gateway", "gateway.backend.worker.cores", "gateway.workers.cores"),
    ("dask-gateway", "gateway.backend.worker.memory", "gateway.workers.memory"),
    ("dask-gateway", "gateway.backend.image.name", "image.name"),
    ("dask-gateway", "gateway.backend.image.tag", "image.tag"),
];

/// Overrides leave alone what the hub file's own keys say.
pub(super) fn replaced(subject: &Subject<'_>) -> Vec<Problem> {
    if subject.is_local() {
        return Vec::new();
    }
    let found = REPLACED.iter().filter(|(chart, path, _)| overridden(subject, chart, path));
    found
        .map(|(chart, path, instead)| {
            let message = format!("`{path}` of the chart {chart} is said by `{instead}` of the hub file");
            let problem = subject.key(&REPLACED_VALUE, &format!("overrides.{chart}.{path}"), message);
            problem.label("said in two places").help(format!("write `{instead}` instead"))
        })
        .collect()
}

fn overridden(subject: &Subject<'_>, chart: &str, path: &str) -> bool {
    let overrides = &subject.hub.overrides;
    let values = if chart == "jupyterhub" { &overrides.jupyterhub } else { &overrides.dask_gateway };
    let mut keys = path.split('.');
    let first = keys.next().and_then(|key| values.get(key));
    keys.try_fold(first, |value, key| value.map(|value| value.get(key))).flatten().is_some()
}

struct Walk<'a> {
    subject: &'a Subject<'a>,
    chart: &'static str,
    keys: ChartKeys,
}

impl Walk<'_> {
    fn entries(&self, values: &BTreeMap<String, Value>, path: &str, table: &str, found: &mut Vec<Problem>) {
        for (key, value) in values {
            self.entry(key, value, path, table, found);
        }
    }

    /// One key: `path` is where it stands in the file, `table` the chart's own path of what holds it.
    fn entry(&self, key: &str, value: &Value, path: &str, table: &str, found: &mut Vec<Problem>) {
        let at = join(path, key);
        match self.keys.check(table, key, value) {
            Known::Open => {}
            Known::No => found.push(self.unknown(key, &at, table, found.len() < MOST_GUESSES)),
            Known::OtherKind(kinds) => found.push(self.other_kind(&at, kinds)),
            Known::Checked => {
                let below = self.keys.find(table, key).unwrap_or_default();
                for (key, value) in value.as_object().into_iter().flatten() {
                    self.entry(key, value, &at, below, found);
                }
            }
        }
    }

    fn unknown(&self, key: &str, at: &str, table: &str, guesses: bool) -> Problem {
        let known = self.keys.below(table);
        let guess = if guesses { nearest(&clip(key), &known) } else { None };
        let help = match guess {
            Some(name) => format!("did you mean `{name}`?"),
            None if known.is_empty() => "nothing can be said here".to_owned(),
            None => format!("known here: {}", known.join(", ")),
        };
        let message =
            format!("the chart {} has no key `{}`, and refuses it", self.chart, clip(&join(table, key)));
        self.subject.key(&CHART_KEY, at, message).label("unknown to the chart").help(help)
    }

    fn other_kind(&self, at: &str, kinds: &'static str) -> Problem {
        let words = kinds_in_words(kinds);
        let last = at.rsplit('.').next().unwrap_or(at);
        let message = format!("the chart {} takes {words} for `{}`", self.chart, clip(last));
        self.subject.value(&CHART_KIND, at, message).label("of another kind").help(format!("write {words}"))
    }
}
