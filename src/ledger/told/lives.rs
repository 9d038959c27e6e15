//! The recorder's history: lines of JSON.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Text, ToldError, day_of_date};
use super::{HubLife, Origin, PodDay, Told};
use crate::ledger::line::Day;
use crate::observe::history::Life;
use crate::observe::traffic::{Moved, PodBytes};

/// How a line of bytes begins; all others are lives.
const BYTES: &str = r#"{"kind":"bytes","#;

/// Lives of a history's files, the last line of each life, and what pods sent and received by day, each line once.
/// The hub is the namespace of people's pods, or the given one.
///
/// A last line without an end is what a copy of a running recorder may have, and left out; any other line that
/// is no life is an error.
///
/// # Errors
/// When a line is no life, or it is not clear which hub it is.
pub fn history(files: &[Text], hub: Option<&str>) -> Result<Told, ToldError> {
    let mut lives: BTreeMap<String, Life> = BTreeMap::new();
    let mut bytes: BTreeMap<(String, String), PodBytes> = BTreeMap::new();
    for file in files {
        let cut_off = !file.text.ends_with('\n');
        let rows = file.text.lines().count();
        for (row, line) in (1..).zip(file.text.lines()) {
            if line.trim().is_empty() {
                continue;
            }
            let read = if line.starts_with(BYTES) {
                serde_json::from_str(line)
                    .map(|line: PodBytes| drop(bytes.insert((line.uid.clone(), line.from.clone()), line)))
            } else {
                serde_json::from_str(line).map(|life: Life| drop(lives.insert(life.uid().to_owned(), life)))
            };
            match read {
                Ok(()) => {}
                Err(_) if cut_off && row == rows => {}
                Err(error) => return Err(file.wrong_row(row, format!("no life of a pod or node: {error}"))),
            }
        }
    }
    let is_empty = lives.is_empty() && bytes.is_empty();
    let Some(first) = files.first().filter(|_| !is_empty) else { return Ok(Told::default()) };
    let hub = hub.map_or_else(
        || {
            only_namespace(&lives).ok_or_else(|| {
                first.wrong(
        "its pods are of no namespace or of several, so the hub is not clear; name it: `--hub NAME`",
    )
            })
        },
        |hub| Ok(hub.to_owned()),
    )?;
    let lives = lives.into_values().map(|life| HubLife { hub: hub.clone(), life }).collect();
    let pod_days = days(bytes.into_values()).map(|((pod, day), moved)| PodDay {
        hub: hub.clone(),
        day,
        origin: Origin::Recorder,
        pod,
        labels: String::new(),
        moved,
    });
    Ok(Told { pod_days: pod_days.collect(), lives, ..Told::default() })
}

/// Sums by pod and day.
fn days(lines: impl Iterator<Item = PodBytes>) -> impl Iterator<Item = ((String, Day), Moved)> {
    let mut sums: BTreeMap<(String, Day), Moved> = BTreeMap::new();
    for line in lines {
        let Some(day) = day_of_date(&line.from) else { continue };
        let sum = sums.entry((line.uid, day)).or_default();
        *sum = sum.plus(line.moved);
    }
    sums.into_iter()
}

fn only_namespace(lives: &BTreeMap<String, Life>) -> Option<String> {
    let of = |people: bool| -> BTreeSet<&str> {
        let pods = lives.values().filter_map(|life| match life {
            Life::Pod(pod) => Some(pod),
            Life::Node(_) => None,
        });
        let pods = pods.filter(|pod| !people || pod.labels.contains_key("hub.jupyter.org/username"));
        pods.map(|pod| pod.namespace.as_str()).collect()
    };
    // People's pods tell the hub's namespace from that of the system.
    let namespaces = [of(true), of(false)].into_iter().find(|found| !found.is_empty())?;
    let only = namespaces.first().filter(|name| !name.is_empty() && namespaces.len() == 1);
    only.map(|name| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: &str = r#"{"kind":"pod","uid":"1","namespace":"lab","name":"jupyter-ada","node":"n1","labels":{},"cpu_millis":1000,"memory_bytes":1,"gpus":0,"created":"2026-10-01T00:00:00Z","scheduled":"2026-10-01T00:00:00Z","ended":null}"#;

    fn file(text: String) -> Vec<Text> {
        vec![Text { name: "h.jsonl".into(), text }]
    }

    #[test]
    fn the_last_line_of_a_life_counts_and_half_a_line_at_the_end_does_not() {
        let ended = POD.replace("null", "\"2026-10-01T01:00:00Z\"");
        let told = history(&file(format!("{POD}\n{ended}\n{{\"kind\":\"pod\",\"ui")), None).unwrap();
        assert_eq!((told.lives.len(), told.lives[0].hub.as_str()), (1, "lab"));
        assert!(told.lives[0].life.is_over());
        assert_eq!(history(&file(POD.to_owned()), Some("other")).unwrap().lives[0].hub, "other");
    }

    #[test]
    fn bytes_are_summed_by_pod_and_day_each_line_once() {
        let line = |from: &str, received: u64| {
            format!(
                r#"{{"kind":"bytes","uid":"1","from":"2026-10-{from}:00Z","to":"2026-10-12T12:00:00Z","received":{received},"sent":3,"counters":{{"received":9,"sent":9}}}}"#
            )
        };
        let all = [line("12T10:00", 5), line("12T10:30", 7), line("12T10:00", 5), line("13T00:00", 1)];
        let told =
            history(&file(format!("{POD}\n{}\n{{\"kind\":\"bytes\",\"ui", all.join("\n"))), None).unwrap();
        let days: Vec<_> = told
            .pod_days
            .iter()
            .map(|day| (day.hub.as_str(), day.day, day.moved.received, day.moved.sent))
            .collect();
        assert_eq!(days, [("lab", 20_738, 12, 6), ("lab", 20_739, 1, 3)]);
        let error = history(&file(format!("{{\"kind\":\"bytes\",\"ui\n{POD}\n")), None).unwrap_err();
        assert!(error.to_string().starts_with("h.jsonl, row 1: "), "{error}");
    }

    #[test]
    fn what_is_no_life_is_told_with_its_row() {
        let error = history(&file(format!("{POD}\n{{\"kind\":\"pod\"}}\n{POD}\n")), None).unwrap_err();
        assert!(error.to_string().starts_with("h.jsonl, row 2: no life of a pod or node"), "{error}");
        let other = POD.replace("\"lab\"", "\"b\"").replace("\"uid\":\"1\"", "\"uid\":\"2\"");
        let error = history(&file(format!("{POD}\n{other}\n")), None).unwrap_err();
        assert!(error.to_string().contains("--hub NAME"), "{error}");
        assert!(history(&file(String::new()), None).unwrap().is_empty());
    }
}
