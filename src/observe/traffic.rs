//! What pods sent and received, by the counters of their networks, as lines of the history.
//!
//! A pod's network counts from its making, and begins again when the network is made anew. A line says how much
//! came to a counter in a time within one day, so that lines can be added up whatever was read before, and where
//! the counters stood then, from which a recorder goes on that was started again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long a pod's bytes are added up before they are a line of their own.
const EACH: SignedDuration = SignedDuration::from_mins(30);
/// Seconds of a day.
const DAY: i64 = 86_400;

/// Bytes by direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Received.
    pub received: u64,
    /// Sent.
    pub sent: u64,
}

impl Moved {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            received: self.received.saturating_add(other.received),
            sent: self.sent.saturating_add(other.sent),
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            received: self.received.saturating_sub(other.received),
            sent: self.sent.saturating_sub(other.sent),
        }
    }

    /// What came to counters since they stood so. Where one has less, the network was made anew, and both began at
    /// nothing.
    fn since(self, before: Self) -> Self {
        let anew = self.received < before.received || self.sent < before.sent;
        if anew { self } else { self.minus(before) }
    }

    fn part(self, part: i64, whole: i64) -> Self {
        let of = |bytes: u64| {
            let part =
                u128::from(bytes) * u128::from(part.unsigned_abs()) / u128::from(whole.unsigned_abs().max(1));
            u64::try_from(part).unwrap_or(bytes)
        };
        Self { received: of(self.received), sent: of(self.sent) }
    }
}

/// A line of the history: what a pod moved in a time. The times are RFC 3339, of one day in UTC; an end at midnight
/// is of the day before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename = "bytes")]
pub struct PodBytes {
    /// The pod's UID.
    pub uid: String,
    /// From when.
    pub from: String,
    /// Until when.
    pub to: String,
    /// How much.
    #[serde(flatten)]
    pub moved: Moved,
    /// Where the counters stood then.
    pub counters: Moved,
}

/// What a kubelet says of a pod's network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The pod's UID.
    pub uid: String,
    /// When it was made: its counters began then.
    pub since: Option<Timestamp>,
    /// When the counters were read.
    pub at: Timestamp,
    /// The counters.
    pub counters: Moved,
}

/// What is known of a pod's counters.
#[derive(Clone, Debug)]
struct State {
    /// Up to when there are lines.
    from: Timestamp,
    /// When the counters were read last.
    at: Timestamp,
    counters: Moved,
    /// What is in no line yet.
    open: Moved,
}

/// Adds up what counters say.
#[derive(Clone, Debug, Default)]
pub struct Meters(BTreeMap<String, State>);

impl Meters {
    /// Goes on from a line of an earlier file, in any order; what is no line of bytes is left.
    pub fn resume(&mut self, line: &str) {
        let Ok(line) = serde_json::from_str::<PodBytes>(line) else { return };
        let Ok(at) = line.to.parse() else { return };
        if self.0.get(&line.uid).is_none_or(|known| known.at <= at) {
            let state = State { from: at, at, counters: line.counters, open: Moved::default() };
            self.0.insert(line.uid, state);
        }
    }

    /// Takes in what a kubelet says.
    pub fn read(&mut self, reading: Reading) {
        let Reading { uid, since, at, counters } = reading;
        let Some(known) = self.0.get_mut(&uid) else {
            let from = since.filter(|since| *since < at).unwrap_or(at);
            self.0.insert(uid, State { from, at, counters, open: counters });
            return;
        };
        // Kubelets say the same again until they have looked again.
        if at > known.at {
            known.open = known.open.plus(counters.since(known.counters));
            (known.at, known.counters) = (at, counters);
        }
    }

    /// Lines that are due: of pods that are no longer there, and of those whose last line is long ago or of another
    /// day.
    pub fn due(&mut self, there: &BTreeSet<String>) -> Vec<PodBytes> {
        let mut lines = Vec::new();
        for (uid, state) in &mut self.0 {
            if state.open == Moved::default() {
                // What comes later did not come in this time.
                state.from = state.at;
                continue;
            }
            let late = state.at.duration_since(state.from) >= EACH || day(state.from) != day(state.at);
            if late || !there.contains(uid) {
                lines.extend(cut(uid, state));
                (state.from, state.open) = (state.at, Moved::default());
            }
        }
        // An API server that was away may not know yet what it knew before: counters that come back go on.
        let newest = self.0.values().map(|state| state.at.as_second()).max().unwrap_or(0);
        self.0.retain(|uid, state| there.contains(uid) || newest - state.at.as_second() < DAY);
        lines
    }
}

fn day(time: Timestamp) -> i64 {
    time.as_second().div_euclid(DAY)
}

/// Lines of what is open, one a day, in proportion to time.
fn cut(uid: &str, state: &State) -> Vec<PodBytes> {
    let (begin, end) = (state.from.as_second(), state.at.as_second());
    let midnights = (day(state.from) + 1..).map(|day| day * DAY).take_while(|midnight| *midnight < end);
    let mut ends: Vec<(i64, Timestamp)> =
        midnights.filter_map(|second| Some((second, Timestamp::from_second(second).ok()?))).collect();
    ends.push((end, state.at));
    let (mut from, mut told) = (state.from, Moved::default());
    let line = |(second, to): (i64, Timestamp)| {
        let until = if second == end { state.open } else { state.open.part(second - begin, end - begin) };
        let line = PodBytes {
            uid: uid.to_owned(),
            from: from.to_string(),
            to: to.to_string(),
            moved: until.minus(told),
            counters: state.counters.minus(state.open.minus(until)),
        };
        (from, told) = (to, until);
        line
    };
    ends.into_iter().map(line).filter(|line| line.moved != Moved::default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-10-{text}:00Z").parse().unwrap()
    }

    fn reading(time: &str, received: u64, sent: u64) -> Reading {
        Reading {
            uid: "1".into(),
            since: Some(at("12T10:00")),
            at: at(time),
            counters: Moved { received, sent },
        }
    }

    fn resumed<'a>(lines: impl Iterator<Item = &'a str>) -> Meters {
        let mut meters = Meters::default();
        lines.for_each(|line| meters.resume(line));
        meters
    }

    fn there(uids: &[&str]) -> BTreeSet<String> {
        uids.iter().map(|uid| (*uid).to_owned()).collect()
    }

    fn told(lines: &[PodBytes]) -> Vec<(&str, &str, u64, u64)> {
        let short = |time: &'_ str| -> &'_ str { Box::leak(time[8..16].to_owned().into_boxed_str()) };
        lines
            .iter()
            .map(|line| (short(&line.from), short(&line.to), line.moved.received, line.moved.sent))
            .collect()
    }

    #[test]
    fn counters_become_bytes_of_times() {
        let mut meters = Meters::default();
        // A recorder that comes later sees what was counted since the pod began.
        meters.read(reading("12T10:10", 1_000, 10));
        assert_eq!(meters.due(&there(&["1"])), []);
        meters.read(reading("12T10:10", 1_000, 10));
        meters.read(reading("12T10:30", 5_000, 10));
        let lines = meters.due(&there(&["1"]));
        assert_eq!(told(&lines), [("12T10:00", "12T10:30", 5_000, 10)]);
        assert_eq!(meters.due(&there(&["1"])), [], "once");
        // The network is made anew: its counters begin again.
        meters.read(reading("12T10:40", 5_500, 20));
        meters.read(reading("12T10:50", 70, 30));
        meters.read(reading("12T10:55", 100, 31));
        // The pod is gone.
        let lines = meters.due(&there(&[]));
        assert_eq!(told(&lines), [("12T10:30", "12T10:55", 600, 41)]);
        assert_eq!(lines[0].counters, Moved { received: 100, sent: 31 });
    }

    #[test]
    fn a_pod_that_comes_back_is_not_counted_again() {
        let mut meters = Meters::default();
        meters.read(reading("12T10:10", 1_000, 10));
        assert_eq!(told(&meters.due(&there(&[]))), [("12T10:00", "12T10:10", 1_000, 10)]);
        meters.read(reading("12T10:20", 1_100, 10));
        assert_eq!(told(&meters.due(&there(&[]))), [("12T10:10", "12T10:20", 100, 0)]);
        meters.read(Reading { uid: "2".into(), ..reading("14T10:20", 5, 5) });
        meters.due(&there(&["2"]));
        assert_eq!(meters.0.len(), 1, "a day later it is forgotten");
    }

    #[test]
    fn days_have_what_is_theirs_by_time() {
        let mut meters = Meters::default();
        meters.read(reading("12T23:00", 13, 0));
        meters.due(&there(&["1"]));
        // Nobody looked for a day and 2 hours: 1, 24 and 1 of 26 hours.
        meters.read(reading("14T01:00", 13 + 100, 7));
        let lines = meters.due(&there(&["1"]));
        let expected =
            [("12T23:00", "13T00:00", 3, 0), ("13T00:00", "14T00:00", 93, 6), ("14T00:00", "14T01:00", 4, 1)];
        assert_eq!(told(&lines), expected);
    }

    #[test]
    fn what_comes_after_idle_days_is_of_its_own_time() {
        let mut meters = Meters::default();
        meters.read(reading("12T10:10", 1_000, 10));
        meters.due(&there(&[]));
        for time in ["12T23:00", "13T12:00", "14T11:50"] {
            meters.read(reading(time, 1_000, 10));
            assert_eq!(meters.due(&there(&["1"])), [], "{time}");
        }
        meters.read(reading("14T12:20", 9_000, 10));
        assert_eq!(told(&meters.due(&there(&["1"]))), [("14T11:50", "14T12:20", 8_000, 0)]);
    }

    #[test]
    fn whoever_is_started_again_goes_on_where_lines_end() {
        let mut meters = Meters::default();
        meters.read(reading("12T23:30", 1_000, 10));
        meters.due(&there(&["1"]));
        meters.read(reading("13T00:30", 3_000, 20));
        let lines = meters.due(&there(&["1"]));
        assert_eq!(lines.len(), 2);
        let text: Vec<_> = lines.iter().map(|line| serde_json::to_string(line).unwrap()).collect();
        assert!(
            text[0].starts_with(r#"{"kind":"bytes","uid":"1","from":"2026-10-12T23:30:00Z""#),
            "{}",
            text[0]
        );
        for written in [1, 2] {
            // Killed after so many lines, whatever their order.
            let lines_told: Vec<_> = lines[..written].to_vec();
            let mut again = resumed(text[..written].iter().rev().map(String::as_str));
            again.read(reading("13T01:00", 3_500, 25));
            let rest = again.due(&there(&[]));
            let sum = |lines: &[PodBytes]| lines.iter().map(|line| line.moved.received).sum::<u64>();
            assert_eq!(sum(&lines_told) + sum(&rest), 2_500, "{written}");
        }
        assert!(resumed(["{\"kind\":\"by", "{}"].into_iter()).0.is_empty());
    }
}
