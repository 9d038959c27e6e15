//! Lives of pods and nodes, cut into days.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rustc_hash::FxHashMap;

use super::classify::{Pool, last_segment};
use crate::ledger::line::{Day, UseSums};
use crate::ledger::told::HubLife;
use crate::observe::history::{Life, NodeLife, PodLife};

/// Nanoseconds of a day.
const DAY: i128 = 86_400_000_000_000;
const BYTE_NANOSECONDS: i128 = 1_000;

/// A pod on a day, as the recorder tells it.
#[derive(Clone, Debug)]
pub(super) struct PodOnDay {
    /// The pod: an index into the lives.
    pub(super) life: usize,
    /// The day.
    pub(super) day: Day,
    /// What it requested.
    pub(super) sums: UseSums,
}

/// What a node had on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Room {
    /// CPU, in 10⁻¹² core-seconds.
    pub(super) cpu: i128,
    /// Memory, in 10⁻¹² byte-seconds.
    pub(super) memory: i128,
    /// GPUs, in 10⁻¹² GPU-seconds.
    pub(super) gpus: i128,
}

/// Lives, made ready.
#[derive(Debug, Default)]
pub(super) struct Lives<'a> {
    all: &'a [HubLife],
    /// Nodes by hub and name: a name may come again.
    nodes: FxHashMap<(&'a str, &'a str), Vec<&'a NodeLife>>,
    /// The end of the last day that a hub's history tells of, in nanoseconds.
    until: BTreeMap<&'a str, i128>,
}

impl<'a> Lives<'a> {
    pub(super) fn new(lives: &'a [HubLife]) -> Self {
        let mut new = Self { all: lives, ..Self::default() };
        for HubLife { hub, life } in lives {
            if let Life::Node(node) = life {
                new.nodes.entry((hub, &node.name)).or_default().push(node);
            }
            for time in times(life).into_iter().filter_map(nanoseconds) {
                let end = (time.div_euclid(DAY) + 1) * DAY;
                let until = new.until.entry(hub).or_insert(end);
                *until = end.max(*until);
            }
        }
        new
    }

    /// The hub and the pod of a life.
    pub(super) fn pod(&self, index: usize) -> Option<(&'a str, &'a PodLife)> {
        let HubLife { hub, life } = self.all.get(index)?;
        match life {
            Life::Pod(pod) => Some((hub, pod)),
            Life::Node(_) => None,
        }
    }

    /// All pods.
    pub(super) fn pods(&self) -> impl Iterator<Item = (usize, &'a str, &'a PodLife)> {
        let lives = self.all.iter().enumerate();
        lives.filter_map(|(index, told)| match &told.life {
            Life::Pod(pod) => Some((index, told.hub.as_str(), pod)),
            Life::Node(_) => None,
        })
    }

    /// When a life was, in nanoseconds; one without an end lasts to the end of the last day that the history
    /// of its hub tells of.
    fn span(&self, hub: &str, from: Option<&str>, ended: Option<&str>) -> Option<(i128, i128)> {
        let from = nanoseconds(from?)?;
        let end = ended.and_then(nanoseconds).or_else(|| self.until.get(hub).copied())?;
        (end > from).then_some((from, end))
    }

    /// Pods by day. A pod counts from when it took its place on a node.
    pub(super) fn pod_days(&self, days: (Day, Day)) -> Vec<PodOnDay> {
        let mut found = Vec::new();
        for (index, hub, pod) in self.pods() {
            let Some(span) = self.span(hub, pod.scheduled.as_deref(), pod.ended.as_deref()) else { continue };
            for (day, time) in by_day(span, days) {
                let sums = UseSums {
                    cpu_requested: i128::from(pod.cpu_millis) * time,
                    memory_requested: i128::from(pod.memory_bytes).saturating_mul(time) * BYTE_NANOSECONDS,
                    gpus: i128::from(pod.gpus) * time * 1_000,
                    ..UseSums::default()
                };
                found.push(PodOnDay { life: index, day, sums });
            }
        }
        found
    }

    /// What nodes had on each day, by the machine as its bill names it.
    pub(super) fn rooms(
        &self,
        days: (Day, Day),
        gpus: &dyn Fn(&str) -> u32,
    ) -> FxHashMap<(Day, &'a str), Room> {
        let mut rooms: FxHashMap<_, Room> = FxHashMap::default();
        for told in self.all {
            let Life::Node(node) = &told.life else { continue };
            let Some(span) = self.span(&told.hub, Some(&node.created), node.ended.as_deref()) else {
                continue;
            };
            let gpus = i128::from(gpus(&node.machine));
            for (day, time) in by_day(span, days) {
                let room = rooms.entry((day, machine_of(node))).or_default();
                room.cpu += i128::from(node.cpu_millis) * time;
                room.memory += i128::from(node.memory_bytes).saturating_mul(time) * BYTE_NANOSECONDS;
                room.gpus += gpus * time * 1_000;
            }
        }
        rooms
    }

    /// Pools of nodes, by the machine as its bill names it.
    pub(super) fn pools(&self) -> FxHashMap<&'a str, Pool> {
        let nodes = self.nodes.values().flatten();
        nodes.filter_map(|node| Some((machine_of(node), Pool::from_name(&node.pool)?))).collect()
    }

    /// The machine of a pod's node, as its bill names it: of nodes of that name the last that was made before
    /// the pod ended.
    pub(super) fn machine(&self, hub: &str, node: &str, day: Day) -> Option<&'a str> {
        let nodes = self.nodes.get(&(hub, node))?;
        let end = (i128::from(day) + 1) * DAY;
        let begun = |node: &&&NodeLife| nanoseconds(&node.created).is_some_and(|created| created < end);
        let last = nodes.iter().filter(begun).max_by(|a, b| a.created.cmp(&b.created));
        last.or_else(|| nodes.first()).map(|node| machine_of(node))
    }
}

fn times(life: &Life) -> Vec<&str> {
    let (first, second, third) = match life {
        Life::Pod(pod) => (&pod.created, pod.scheduled.as_deref(), pod.ended.as_deref()),
        Life::Node(node) => (&node.created, None, node.ended.as_deref()),
    };
    std::iter::once(first.as_str()).chain(second).chain(third).collect()
}

fn nanoseconds(time: &str) -> Option<i128> {
    time.parse::<Timestamp>().ok().map(Timestamp::as_nanosecond)
}

/// `aws:///us-west-2a/i-0abc` is the machine i-0abc, `gce://project/zone/name` is name.
fn machine_of(node: &NodeLife) -> &str {
    if node.provider_id.is_empty() { &node.name } else { last_segment(&node.provider_id) }
}

/// The days of a span within others, and the nanoseconds of each.
fn by_day((from, to): (i128, i128), (first, last): (Day, Day)) -> impl Iterator<Item = (Day, i128)> {
    let bound = |time: i128| Day::try_from(time.div_euclid(DAY)).unwrap_or(Day::MAX);
    let days = bound(from).max(first)..=bound(to - 1).min(last);
    days.map(move |day| {
        let start = i128::from(day) * DAY;
        (day, to.min(start + DAY) - from.max(start))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(scheduled: &str, ended: Option<&str>) -> HubLife {
        let life = PodLife {
            uid: scheduled.into(),
            node: "n1".into(),
            cpu_millis: 1500,
            memory_bytes: 3,
            gpus: 1,
            created: scheduled.into(),
            scheduled: Some(scheduled.into()),
            ended: ended.map(Into::into),
            ..PodLife::default()
        };
        HubLife { hub: "lab".into(), life: Life::Pod(life) }
    }

    #[test]
    fn a_life_is_cut_at_midnight() {
        let told = [pod("2026-10-01T23:00:00Z", Some("2026-10-02T00:30:00Z"))];
        let days = Lives::new(&told).pod_days((0, Day::MAX));
        assert_eq!(days.len(), 2);
        // 1.5 cores for an hour, then for half of one.
        assert_eq!(days[0].sums.cpu_requested, 5_400 * 10_i128.pow(12));
        assert_eq!(days[1].sums.cpu_requested, 2_700 * 10_i128.pow(12));
        assert_eq!(days[0].sums.memory_requested, 3 * 3_600 * 10_i128.pow(12));
        assert_eq!(days[1].sums.gpus, 1_800 * 10_i128.pow(12));
        assert_eq!((days[0].day, days[1].day), (20_727, 20_728));
    }

    #[test]
    fn what_has_no_end_lasts_as_long_as_the_history_tells() {
        let told =
            [pod("2026-10-01T12:00:00Z", None), pod("2026-10-02T01:00:00Z", Some("2026-10-02T02:00:00Z"))];
        let days = Lives::new(&told).pod_days((0, Day::MAX));
        let of_first: Vec<_> = days.iter().filter(|each| each.life == 0).map(|each| each.day).collect();
        assert_eq!(of_first, [20_727, 20_728]);
    }

    #[test]
    fn a_node_is_found_by_its_name_and_time() {
        let node = |id: &str, created: &str| NodeLife {
            uid: id.into(),
            name: "ip-10-0-0-1".into(),
            provider_id: format!("aws:///us-west-2a/{id}"),
            created: created.into(),
            pool: "dask".into(),
            cpu_millis: 1000,
            ended: Some("2026-10-09T12:00:00Z".into()),
            ..NodeLife::default()
        };
        let told = [node("i-1", "2026-10-01T00:00:00Z"), node("i-2", "2026-10-05T00:00:00Z")]
            .map(|node| HubLife { hub: "lab".into(), life: Life::Node(node) });
        let lives = Lives::new(&told);
        assert_eq!(lives.machine("lab", "ip-10-0-0-1", 20_728), Some("i-1"));
        assert_eq!(lives.machine("lab", "ip-10-0-0-1", 20_731), Some("i-2"));
        assert_eq!(lives.machine("other", "ip-10-0-0-1", 20_731), None);
        assert_eq!(lives.pools()["i-1"], Pool::Dask);
        let rooms = lives.rooms((20_735, 20_735), &|_| 2);
        assert_eq!(rooms[&(20_735, "i-1")].cpu, 43_200 * 10_i128.pow(12));
        assert_eq!(rooms[&(20_735, "i-1")].gpus, 86_400 * 10_i128.pow(12));
    }
}
