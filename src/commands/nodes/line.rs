//! One node as it is told, and sums of several.

use std::collections::BTreeMap;

use frazil_units::Amount;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::price::{Listing, idle};
use crate::observe::nodes::{Aboard, Load, Node, Sample};
use crate::observe::requests::Amounts;

/// A node of a hub's cluster.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// The hubs whose cluster it is in.
    pub hub: String,
    /// The node.
    pub node: Node,
    /// What is on it.
    pub load: Load,
    /// What it used when it was looked at.
    pub sample: Option<Sample>,
    /// What the catalog says.
    pub listing: Listing,
}

impl Line {
    /// What no pod requests.
    pub(super) fn free(&self) -> Amounts {
        self.node.allocatable.less(self.load.requested)
    }

    /// The part of an hour's price that no pod requests.
    pub(super) fn idle(&self) -> Option<Amount> {
        idle(self.listing.usd?, &self.node, &self.load)
    }

    /// When it was made.
    pub(super) fn created(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.node.created).ok().filter(|_| self.node.created > 0)
    }

    /// `on-demand` or `spot`; empty for a machine that nobody sells.
    pub(super) fn market(&self) -> &'static str {
        match (self.node.labels.spot, self.listing.nominal) {
            (true, _) => "spot",
            (false, Some(_)) => "on-demand",
            (false, None) => "",
        }
    }

    /// What is amiss with it; nothing when it takes pods.
    pub(super) fn state(&self) -> &'static str {
        match (self.node.ready, self.node.cordoned) {
            (true, false) => "ready",
            (true, true) => "cordoned",
            (false, _) => "not ready",
        }
    }

    /// Who is on it, people by name: `ada, bob (gpu), dask: eve 12`.
    pub(super) fn aboard(&self) -> String {
        let mut servers = Vec::new();
        let mut dask: BTreeMap<&str, u64> = BTreeMap::new();
        for person in &self.load.aboard {
            match &person.aboard {
                Aboard::Server { user, server } if server.is_empty() => servers.push(named(user).to_owned()),
                Aboard::Server { user, server } => servers.push(format!("{} ({server})", named(user))),
                Aboard::Dask { user, .. } => *dask.entry(named(user)).or_default() += person.pods,
            }
        }
        let dask: Vec<_> = dask.iter().map(|(user, pods)| format!("{user} {pods}")).collect();
        let mut parts = servers;
        if !dask.is_empty() {
            parts.push(format!("dask: {}", dask.join(", ")));
        }
        parts.join(", ")
    }

    /// The data of `-o json`.
    pub(super) fn data(&self, now: Timestamp) -> Value {
        let Self { hub, node, load, sample, listing } = self;
        let labels = &node.labels;
        json!({
            "hub": hub,
            "node": node.name,
            "state": self.state(),
            "pool": text(&labels.pool),
            "purpose": text(&labels.purpose),
            "dask_purpose": text(&labels.dask_purpose),
            "machine_type": text(&labels.machine),
            "market": text(self.market()),
            "zone": text(&labels.zone),
            "created": self.created().map(|time| time.to_string()),
            "age_seconds": self.created().map(|time| now.as_second() - time.as_second()),
            "pods": load.pods,
            "pod_slots": node.slots,
            "cpu": Measure::cpu(self).data("cores", |cores| json!(cores)),
            "memory": Measure::memory(self).data("bytes", whole_bytes),
            "memory_available_bytes": sample.as_ref().and_then(|sample| sample.available_bytes),
            "gpus": {
                "model": listing.gpu, "capacity": node.capacity.gpus,
                "allocatable": node.allocatable.gpus, "requested": load.requested.gpus,
            },
            "sample": sample.as_ref().map(|sample| json!({
                "at": sample.at.to_string(),
                "age_seconds": now.as_second() - sample.at.as_second(),
                "window_seconds": sample.window_seconds,
                "origin": sample.origin,
            })),
            "usd_per_hour": listing.usd.map(Amount::as_f64),
            "idle_usd_per_hour": self.idle().map(Amount::as_f64),
            "usd_per_hour_on_demand": listing.usd_on_demand.map(Amount::as_f64),
            "price_date": listing.date,
            "price_gap": listing.gap,
            "servers": servers(load),
            "dask_clusters": dask_clusters(load),
        })
    }
}

fn servers(load: &Load) -> Vec<Value> {
    let of = |aboard: &Aboard| match aboard {
        Aboard::Server { user, server } => Some(json!({ "user": text(user), "server": server })),
        Aboard::Dask { .. } => None,
    };
    load.aboard.iter().filter_map(|person| of(&person.aboard)).collect()
}

fn dask_clusters(load: &Load) -> Vec<Value> {
    let all = load.aboard.iter().filter_map(|person| match &person.aboard {
        Aboard::Dask { user, cluster } => {
            Some(json!({ "user": text(user), "cluster": cluster, "pods": person.pods }))
        }
        Aboard::Server { .. } => None,
    });
    all.collect()
}

/// Text, or null where nothing says.
fn text(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// A person, also where nothing says who.
pub(super) fn named(user: &str) -> &str {
    if user.is_empty() { "unknown" } else { user }
}

/// Cores of amounts.
#[expect(clippy::cast_precision_loss, reason = "cores of a machine")]
pub(super) fn cores(amounts: &Amounts) -> f64 {
    amounts.cpu_millis as f64 / 1000.0
}

/// Bytes of amounts.
#[expect(clippy::cast_precision_loss, reason = "bytes of machines")]
pub(super) fn bytes(amounts: &Amounts) -> f64 {
    amounts.memory_bytes as f64
}

/// Bytes of memory in use.
#[expect(clippy::cast_precision_loss, reason = "bytes of a machine")]
pub(super) fn memory(sample: &Sample) -> f64 {
    sample.memory_bytes as f64
}

/// A part of a whole in percent; `None` of nothing.
pub(super) fn percent(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| (part / whole * 1000.0).round() / 10.0)
}

/// One resource of a node or of several.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Measure {
    pub nominal: Option<f64>,
    pub capacity: f64,
    pub allocatable: f64,
    pub requested: f64,
    pub used: Option<f64>,
}

impl Measure {
    fn of(node: &Node, load: &Load, amount: fn(&Amounts) -> f64) -> Self {
        Self {
            nominal: None,
            capacity: amount(&node.capacity),
            allocatable: amount(&node.allocatable),
            requested: amount(&load.requested),
            used: None,
        }
    }

    /// The CPU of a node in cores.
    pub(super) fn cpu(line: &Line) -> Self {
        Self {
            nominal: line.listing.nominal.as_ref().map(cores),
            used: line.sample.as_ref().map(|sample| sample.cpu_cores),
            ..Self::of(&line.node, &line.load, cores)
        }
    }

    /// The memory of a node in bytes.
    pub(super) fn memory(line: &Line) -> Self {
        Self {
            nominal: line.listing.nominal.as_ref().map(bytes),
            used: line.sample.as_ref().map(memory),
            ..Self::of(&line.node, &line.load, bytes)
        }
    }

    fn add(&mut self, other: Self) {
        self.nominal = self.nominal.zip(other.nominal).map(|(a, b)| a + b);
        self.capacity += other.capacity;
        self.allocatable += other.allocatable;
        self.requested += other.requested;
        self.used = self.used.zip(other.used).map(|(a, b)| a + b);
    }

    /// What no pod requests.
    pub(super) fn free(&self) -> f64 {
        (self.allocatable - self.requested).max(0.0)
    }

    fn data(&self, unit: &str, number: fn(f64) -> Value) -> Value {
        let Self { nominal, capacity, allocatable, requested, used } = *self;
        let key = |what: &str| format!("{what}_{unit}");
        let percents = |part: Option<f64>, what: &str| {
            [("capacity", capacity), ("allocatable", allocatable)].map(|(base, whole)| {
                (format!("{what}_percent_of_{base}"), json!(part.and_then(|part| percent(part, whole))))
            })
        };
        let amounts = [
            (key("nominal"), json!(nominal.map(number))),
            (key("capacity"), number(capacity)),
            (key("allocatable"), number(allocatable)),
            (key("requested"), number(requested)),
            (key("free"), number(self.free())),
            (key("used"), json!(used.map(number))),
        ];
        let all =
            amounts.into_iter().chain(percents(Some(requested), "requested")).chain(percents(used, "used"));
        Value::Object(all.collect())
    }
}

/// Bytes are whole.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bytes of machines")]
fn whole_bytes(bytes: f64) -> Value {
    json!(bytes as u64)
}

/// Several nodes together.
#[derive(Clone, Debug, Default)]
pub(super) struct Sum {
    pub nodes: u64,
    pub pods: u64,
    pub slots: u64,
    pub cpu: Measure,
    pub memory: Measure,
    pub gpus: Amounts,
    pub gpus_requested: u64,
    pub usd: Option<Amount>,
    pub idle: Option<Amount>,
    /// Nodes without a sample, whose use is therefore not known of the sum either.
    pub without_sample: u64,
    /// Nodes without a price, which the sum of prices leaves out.
    pub without_price: u64,
}

impl Sum {
    /// The sum of some nodes.
    pub(super) fn of<'a>(lines: impl Iterator<Item = &'a Line>) -> Self {
        let known = Measure { nominal: Some(0.0), used: Some(0.0), ..Measure::default() };
        let mut sum = Self { cpu: known, memory: known, ..Self::default() };
        lines.for_each(|line| sum.add(line));
        sum
    }

    fn add(&mut self, line: &Line) {
        self.nodes += 1;
        self.pods += line.load.pods;
        self.slots += line.node.slots;
        self.cpu.add(Measure::cpu(line));
        self.memory.add(Measure::memory(line));
        self.gpus += Amounts { gpus: line.node.allocatable.gpus, ..Amounts::default() };
        self.gpus_requested += line.load.requested.gpus;
        self.usd = total(self.usd, line.listing.usd);
        self.idle = total(self.idle, line.idle());
        self.without_sample += u64::from(line.sample.is_none());
        self.without_price += u64::from(line.listing.usd.is_none());
    }

    /// The data of `-o json`.
    pub(super) fn data(&self) -> Value {
        json!({
            "nodes": self.nodes,
            "pods": self.pods,
            "pod_slots": self.slots,
            "cpu": self.cpu.data("cores", |cores| json!(cores)),
            "memory": self.memory.data("bytes", whole_bytes),
            "gpus": { "allocatable": self.gpus.gpus, "requested": self.gpus_requested },
            "usd_per_hour": self.usd.map(Amount::as_f64),
            "idle_usd_per_hour": self.idle.map(Amount::as_f64),
            "nodes_without_sample": self.without_sample,
            "nodes_without_price": self.without_price,
        })
    }
}

fn total(sum: Option<Amount>, more: Option<Amount>) -> Option<Amount> {
    match (sum, more) {
        (Some(sum), Some(more)) => Some(sum + more),
        (sum, more) => sum.or(more),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::nodes::Person;

    #[test]
    fn what_is_not_known_of_one_is_not_known_of_all() {
        let sample = Sample {
            cpu_cores: 1.0,
            memory_bytes: 5,
            available_bytes: None,
            at: Timestamp::UNIX_EPOCH,
            window_seconds: None,
            origin: crate::observe::nodes::Origin::Kubelet,
        };
        let node =
            Node { allocatable: Amounts { cpu_millis: 2000, ..Amounts::default() }, ..Node::default() };
        let listing = Listing { usd: Some(Amount::from_units(2)), ..Listing::default() };
        let known = Line { hub: String::new(), node, load: Load::default(), sample: Some(sample), listing };
        let unknown = Line { sample: None, listing: Listing::default(), ..known.clone() };
        let sum = Sum::of([&known, &known].into_iter());
        assert_eq!(
            (sum.cpu.used, sum.usd, sum.idle),
            (Some(2.0), Some(Amount::from_units(4)), Some(Amount::from_units(4)))
        );
        let sum = Sum::of([&known, &unknown].into_iter());
        assert_eq!((sum.cpu.used, sum.without_sample, sum.without_price), (None, 1, 1));
        assert_eq!(sum.usd, Some(Amount::from_units(2)));
        assert_eq!(known.data(Timestamp::UNIX_EPOCH)["cpu"]["used_percent_of_allocatable"], 50.0);
        assert_eq!(unknown.data(Timestamp::UNIX_EPOCH)["cpu"]["used_cores"], Value::Null);
        assert_eq!(unknown.data(Timestamp::UNIX_EPOCH)["cpu"]["used_percent_of_capacity"], Value::Null);
    }

    #[test]
    fn people_on_board_are_told_by_name() {
        let person = |aboard, pods| Person { aboard, pods };
        let server =
            |user: &str, server: &str| Aboard::Server { user: user.to_owned(), server: server.to_owned() };
        let dask =
            |user: &str, cluster: &str| Aboard::Dask { user: user.to_owned(), cluster: cluster.to_owned() };
        let aboard = vec![
            person(server("ada", ""), 1),
            person(server("bob", "gpu"), 1),
            person(dask("eve", "a"), 3),
            person(dask("eve", "b"), 1),
            person(dask("", "c"), 1),
        ];
        let load = Load { aboard, ..Load::default() };
        let line = Line {
            hub: String::new(),
            node: Node::default(),
            load,
            sample: None,
            listing: Listing::default(),
        };
        assert_eq!(line.aboard(), "ada, bob (gpu), dask: eve 4, unknown 1");
        let data = line.data(Timestamp::UNIX_EPOCH);
        assert_eq!(data["dask_clusters"].as_array().unwrap().len(), 3);
        assert_eq!(data["dask_clusters"][2]["user"], Value::Null);
    }
}
