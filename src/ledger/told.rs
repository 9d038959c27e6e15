//! What others than the bill tell: lives of pods and nodes, samples, sizes of homes, groups of people.

mod counters;
mod groups;
mod homes;
mod lives;
mod prometheus;
mod source;

use crate::observe::history::Life;
use crate::observe::traffic::Moved;

use super::line::{Day, UseSums};

pub use counters::{are_counters, counters};
pub use groups::groups;
pub use homes::homes;
pub use lives::history;
pub use prometheus::{Metric, QUERIES, Series, samples};
pub use source::{Text, ToldError, text};

/// A life, and the hub whose history tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubLife {
    /// The hub.
    pub hub: String,
    /// The life.
    pub life: Life,
}

/// What a pod asked for and used on a day, as monitoring tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sampled {
    /// The hub.
    pub hub: String,
    /// The day.
    pub day: Day,
    /// The node, as Kubernetes names it; empty when it is not told.
    pub node: String,
    /// The pod, or the person where only that is told, and the time of its first sample: pods that have one name
    /// one after another are told apart by it.
    pub pod: String,
    /// Its labels: a JSON object of texts.
    pub labels: String,
    /// How much.
    pub sums: UseSums,
}

impl Sampled {
    /// The pod, and the time of its first sample that day where it is told behind the name.
    pub(crate) fn session(&self) -> (&str, &str) {
        match self.pod.rsplit_once(' ') {
            Some((name, time)) if time.ends_with('Z') && time.len() >= 20 => (name, time),
            _ => (&self.pod, ""),
        }
    }
}

/// Who counted what pods moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// The recorder, by kubelets. Where it tells of a hub's day, others are not asked.
    Recorder,
    /// Samples of a Prometheus.
    Samples,
}

impl Origin {
    /// The name in the ledger.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recorder => "recorder",
            Self::Samples => "samples",
        }
    }

    /// The origin of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Recorder, Self::Samples].into_iter().find(|origin| origin.name() == name)
    }
}

/// What a pod sent and received on a day, whichever way it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodDay {
    /// The hub.
    pub hub: String,
    /// The day.
    pub day: Day,
    /// Who counted.
    pub origin: Origin,
    /// The pod: its UID as the recorder knows it, or its name and the control group or interface that was counted.
    pub pod: String,
    /// Its labels, a JSON object of texts; the recorder's are those of its life.
    pub labels: String,
    /// How much.
    pub moved: Moved,
}

/// How large a person's home was on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HomeSize {
    /// The hub.
    pub hub: String,
    /// The day.
    pub day: Day,
    /// The person, or the home's folder.
    pub user: String,
    /// The size in bytes.
    pub bytes: u64,
}

/// A group that a person was in on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The hub.
    pub hub: String,
    /// The day.
    pub day: Day,
    /// The person.
    pub user: String,
    /// The group.
    pub group: String,
}

/// A file of a history that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryFile {
    /// The hub whose history it is of.
    pub hub: String,
    /// The whole path.
    pub path: String,
    /// Its size in bytes before it was read.
    pub size: u64,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Lives of pods and nodes.
    pub lives: Vec<HubLife>,
    /// Samples, summed by day.
    pub sampled: Vec<Sampled>,
    /// Sizes of homes.
    pub homes: Vec<HomeSize>,
    /// Groups of people.
    pub memberships: Vec<Membership>,
    /// What pods sent and received.
    pub pod_days: Vec<PodDay>,
    /// Files in which some of it stood, and that need not be read again as long as they are no larger.
    pub files: Vec<HistoryFile>,
}

impl Told {
    /// Whether nothing was told.
    pub fn is_empty(&self) -> bool {
        self.lives.is_empty()
            && self.sampled.is_empty()
            && self.homes.is_empty()
            && self.memberships.is_empty()
            && self.pod_days.is_empty()
    }

    /// Adds what another one tells.
    pub fn extend(&mut self, other: Self) {
        self.lives.extend(other.lives);
        self.sampled.extend(other.sampled);
        self.homes.extend(other.homes);
        self.memberships.extend(other.memberships);
        self.pod_days.extend(other.pod_days);
        self.files.extend(other.files);
    }
}
