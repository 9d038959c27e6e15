//! The recorder's history: lines of JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::source::{ToldError, day_of, open};
use super::{HubLife, Origin, PodDay, Told};
use crate::ledger::line::Day;
use crate::observe::history::Life;
use crate::observe::traffic::{Moved, PodBytes};

/// How a line of bytes begins; all others are lives.
const BYTES: &[u8] = br#"{"kind":"bytes","#;
/// No line of a history is longer: 1 MiB.
const LONGEST: u64 = 1 << 20;

/// Lives of a history's files, the last line of each life, and what pods sent and received by day, each line once.
/// The hub is the namespace of people's pods, or the given one. Files are read one after the other, line by line.
///
/// A last line without an end is what a copy of a running recorder may have, and left out; any other line that
/// is no life is an error.
///
/// # Errors
/// When a file cannot be read, a line is no life, or it is not clear which hub it is.
pub fn history(files: &[PathBuf], hub: Option<&str>) -> Result<Told, ToldError> {
    let mut found = Lines::default();
    for path in files {
        found.read(path)?;
    }
    let Lines { lives, bytes } = found;
    let is_empty = lives.is_empty() && bytes.is_empty();
    let Some(first) = files.first().filter(|_| !is_empty) else { return Ok(Told::default()) };
    let unclear = || ToldError::File {
        file: first.display().to_string(),
        what: "its pods are of no namespace or of several, so the hub is not clear; name it: `--hub NAME`"
            .to_owned(),
    };
    let hub = match hub {
        Some(hub) => hub.to_owned(),
        None => only_namespace(&lives).ok_or_else(unclear)?,
    };
    let lives = lives.into_values().map(|life| HubLife { hub: hub.clone(), life }).collect();
    let pod_days = bytes.into_iter().flat_map(|(pod, times)| {
        let hub = hub.clone();
        days(times).map(move |(day, moved)| PodDay {
            hub: hub.clone(),
            day,
            origin: Origin::Recorder,
            pod: pod.clone(),
            labels: String::new(),
            moved,
        })
    });
    Ok(Told { pod_days: pod_days.collect(), lives, ..Told::default() })
}

/// What lines say that were read.
#[derive(Default)]
struct Lines {
    /// By UID.
    lives: BTreeMap<String, Life>,
    /// By UID, and by when a line begins.
    bytes: BTreeMap<String, BTreeMap<Timestamp, Moved>>,
}

impl Lines {
    fn read(&mut self, path: &Path) -> Result<(), ToldError> {
        let failed = |source| ToldError::Read { path: path.to_owned(), source };
        let wrong = |row, what| ToldError::Row { file: path.display().to_string(), row, what };
        let mut file = open(path).map_err(failed)?;
        let mut line = Vec::new();
        for row in 1.. {
            line.clear();
            let size = file.by_ref().take(LONGEST).read_until(b'\n', &mut line).map_err(failed)?;
            if size == 0 {
                break;
            }
            let is_whole = line.ends_with(b"\n");
            if !is_whole && size as u64 == LONGEST {
                return Err(wrong(row, "longer than 1 MiB, and so no life of a pod or node".to_owned()));
            }
            match self.add(line.trim_ascii()) {
                Ok(()) => {}
                Err(_) if !is_whole => {}
                Err(error) => return Err(wrong(row, format!("no life of a pod or node: {error}"))),
            }
        }
        Ok(())
    }

    fn add(&mut self, text: &[u8]) -> Result<(), String> {
        let told = |error: serde_json::Error| error.to_string();
        if text.starts_with(BYTES) {
            let PodBytes { uid, from, moved, .. } = serde_json::from_slice(text).map_err(told)?;
            let from = from.parse().map_err(|_| format!("`from` is `{from}`, which is no time"))?;
            self.bytes.entry(uid).or_default().insert(from, moved);
        } else if !text.is_empty() {
            let life: Life = serde_json::from_slice(text).map_err(told)?;
            self.lives.insert(life.uid().to_owned(), life);
        }
        Ok(())
    }
}

/// Sums of a pod's lines by day.
fn days(lines: BTreeMap<Timestamp, Moved>) -> impl Iterator<Item = (Day, Moved)> {
    let mut sums: BTreeMap<Day, Moved> = BTreeMap::new();
    for (from, moved) in lines {
        let Some(day) = day_of(from.as_second()) else { continue };
        let sum = sums.entry(day).or_default();
        *sum = sum.plus(moved);
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

    /// What a file of this text tells.
    fn told(text: &str, hub: Option<&str>) -> Result<Told, ToldError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("h.jsonl");
        std::fs::write(&path, text).unwrap();
        history(&[path], hub)
    }

    #[test]
    fn the_last_line_of_a_life_counts_and_half_a_line_at_the_end_does_not() {
        let ended = POD.replace("null", "\"2026-10-01T01:00:00Z\"");
        let found = told(&format!("{POD}\n{ended}\n{{\"kind\":\"pod\",\"ui"), None).unwrap();
        assert_eq!((found.lives.len(), found.lives[0].hub.as_str()), (1, "lab"));
        assert!(found.lives[0].life.is_over());
        assert_eq!(told(POD, Some("other")).unwrap().lives[0].hub, "other");
    }

    #[test]
    fn bytes_are_summed_by_pod_and_day_each_line_once() {
        let line = |from: &str, received: u64| {
            format!(
                r#"{{"kind":"bytes","uid":"1","from":"2026-10-{from}:00Z","to":"2026-10-12T12:00:00Z","received":{received},"sent":3,"counters":{{"received":9,"sent":9}}}}"#
            )
        };
        let all = [line("12T10:00", 5), line("12T10:30", 7), line("12T10:00", 5), line("13T00:00", 1)];
        let found = told(&format!("{POD}\n{}\n{{\"kind\":\"bytes\",\"ui", all.join("\n")), None).unwrap();
        let days: Vec<_> = found
            .pod_days
            .iter()
            .map(|day| (day.hub.as_str(), day.day, day.moved.received, day.moved.sent))
            .collect();
        assert_eq!(days, [("lab", 20_738, 12, 6), ("lab", 20_739, 1, 3)]);
        let error = told(&format!("{{\"kind\":\"bytes\",\"ui\n{POD}\n"), None).unwrap_err();
        assert!(error.to_string().contains("h.jsonl, row 1: "), "{error}");
        let error = told(&line("soon", 1), Some("lab")).map(|told| told.is_empty());
        assert!(error.unwrap(), "half a line");
        let error = told(&format!("{}\n", line("soon", 1)), Some("lab")).unwrap_err();
        assert!(error.to_string().contains("h.jsonl, row 1: no life of a pod or node: `from` is"), "{error}");
    }

    #[test]
    fn what_is_no_life_is_told_with_its_row() {
        let error = told(&format!("{POD}\n{{\"kind\":\"pod\"}}\n{POD}\n"), None).unwrap_err();
        assert!(error.to_string().contains("h.jsonl, row 2: no life of a pod or node"), "{error}");
        let other = POD.replace("\"lab\"", "\"b\"").replace("\"uid\":\"1\"", "\"uid\":\"2\"");
        let error = told(&format!("{POD}\n{other}\n"), None).unwrap_err();
        assert!(error.to_string().contains("--hub NAME"), "{error}");
        assert!(told("", None).unwrap().is_empty());
        let long = format!("{POD}\n{}\n", " ".repeat(1 << 20));
        let error = told(&long, None).unwrap_err();
        assert!(error.to_string().contains("h.jsonl, row 2: longer than 1 MiB"), "{error}");
    }
}
