//! The report of `frazil nodes`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::line::{Line, Sum, bytes, cores};
use super::{metrics, table};
use crate::commands::status::age;
use crate::observe::nodes::Load;
use crate::view::{Layout, Metrics, Report, Table, wrapped};

/// Samples older than this are told of: metrics-server takes one each 15 s.
const STALE_SECONDS: i64 = 120;
/// Different gaps of prices that are told one by one.
const MOST_GAPS: usize = 4;

/// Pods that wait for a node.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    /// The hub.
    pub hub: String,
    /// What they request.
    pub load: Load,
}

/// Nodes of one or more clusters.
#[derive(Clone, Debug)]
pub(super) struct Nodes {
    /// The nodes, by hub, pool and name.
    pub lines: Vec<Line>,
    /// What waits for a node.
    pub waiting: Vec<Waiting>,
    /// Why use is not known, or how it was found out, by hub.
    pub gaps: Vec<(String, String)>,
    /// Hubs, and whether they could be looked at.
    pub hubs: Vec<(String, bool)>,
    /// When.
    pub now: Timestamp,
}

impl Nodes {
    /// Nothing yet.
    pub(super) fn new(now: Timestamp) -> Self {
        Self { lines: Vec::new(), waiting: Vec::new(), gaps: Vec::new(), hubs: Vec::new(), now }
    }

    /// Puts everything in order, and adds hubs that could not be looked at.
    pub(super) fn finish(&mut self, failed: &[String], now: Timestamp) {
        self.hubs.extend(failed.iter().map(|name| (name.clone(), false)));
        self.lines.sort_by(|a, b| key(a).cmp(&key(b)));
        self.now = now;
    }

    fn several(&self) -> bool {
        self.hubs.len() > 1
    }

    /// Sums by pool (of each hub, where there are several) and of everything.
    fn sums(&self) -> Vec<(String, Sum)> {
        let mut by_pool: BTreeMap<(&str, &str), Vec<&Line>> = BTreeMap::new();
        for line in &self.lines {
            by_pool.entry((&line.hub, &line.node.labels.pool)).or_default().push(line);
        }
        let name = |hub: &str, pool: &str| {
            let pool = if pool.is_empty() { "(no pool)" } else { pool };
            if self.several() { format!("{hub} {pool}") } else { pool.to_owned() }
        };
        let pools = by_pool.into_iter();
        let mut sums: Vec<_> =
            pools.map(|((hub, pool), lines)| (name(hub, pool), Sum::of(lines.into_iter()))).collect();
        sums.push(("all".to_owned(), Sum::of(self.lines.iter())));
        sums
    }

    /// What has to be known about the numbers, one line each.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for waiting in &self.waiting {
            let Load { pods, requested, .. } = &waiting.load;
            let (cores, gib) = (cores(requested), bytes(requested) / 1_073_741_824.0);
            let gpus = if requested.gpus > 0 { format!(", {} GPUs", requested.gpus) } else { String::new() };
            let wait = if *pods == 1 { "1 pod waits" } else { &format!("{pods} pods wait") };
            notes.push(format!(
                "{}{wait} for a node: {cores:.2} cores, {gib:.1} GiB{gpus}",
                self.of(&waiting.hub)
            ));
        }
        for (hub, gap) in &self.gaps {
            notes.push(format!("{}used: {gap}", self.of(hub)));
        }
        notes.extend(self.samples());
        notes.extend(self.prices());
        notes
    }

    fn of(&self, hub: &str) -> String {
        if self.several() { format!("{hub}: ") } else { String::new() }
    }

    fn samples(&self) -> Vec<String> {
        let samples = || self.lines.iter().filter_map(|line| line.sample.as_ref());
        let missing = self.lines.iter().filter(|line| line.sample.is_none()).count();
        let mut notes = Vec::new();
        if let (Some(oldest), Some(newest)) = (samples().map(|s| s.at).min(), samples().map(|s| s.at).max()) {
            let (first, last) = (age(self.now, newest), age(self.now, oldest));
            let ages = if first == last { first } else { format!("{first} to {last}") };
            let windows: Vec<_> = samples().filter_map(|sample| sample.window_seconds).collect();
            let window = windows.iter().copied().fold(0.0, f64::max);
            let over =
                if windows.is_empty() { String::new() } else { format!(", CPU over up to {window:.0} s") };
            let stale = self.now.as_second() - oldest.as_second() > STALE_SECONDS;
            let stale = if stale { "; that is old: look at metrics-server" } else { "" };
            notes.push(format!("used: measured {ages} ago{over}{stale}"));
            if missing > 0 {
                notes.push(format!("used: unknown of {}", counted(missing)));
            }
        }
        notes
    }

    fn prices(&self) -> Vec<String> {
        let dates: BTreeSet<_> = self.lines.iter().filter_map(|line| line.listing.date).collect();
        let mut notes = Vec::new();
        if let (Some(first), Some(last)) = (dates.first(), dates.last()) {
            let dates = if first == last { (*first).to_owned() } else { format!("{first} to {last}") };
            notes.push(format!(
                "prices: lists of {dates}, before tax and discounts; idle: what no pod requests"
            ));
        }
        let mut gaps: BTreeMap<&str, usize> = BTreeMap::new();
        for gap in self.lines.iter().filter_map(|line| line.listing.gap.as_deref()) {
            *gaps.entry(gap).or_default() += 1;
        }
        let told = gaps.iter().take(MOST_GAPS).map(|(gap, nodes)| format!("{gap} ({})", counted(*nodes)));
        notes.extend(told);
        if gaps.len() > MOST_GAPS {
            notes.push(format!("{} more such gaps: -o json has them", gaps.len() - MOST_GAPS));
        }
        notes
    }

    /// What a terminal of a width shows.
    pub(super) fn screen(&self, layout: Layout) -> String {
        if self.lines.is_empty() {
            return format!(
                "no nodes{}\n",
                self.notes().iter().map(|note| format!("\n{note}")).collect::<String>()
            );
        }
        let mut text = String::new();
        let nodes = if layout.wide {
            table::wide(&self.lines, self.now).render(None)
        } else {
            table::short(&self.lines, self.now, layout.width, self.several()).render(layout.width)
        };
        text += &nodes;
        text += "\n";
        text +=
            &table::sums(&self.sums(), if layout.wide { None } else { layout.width }).render(layout.width);
        text += "\n";
        let legend = "cores and GiB: allocatable, what pods may use; req, used: in percent of it";
        let legend = if layout.wide { None } else { Some(legend.to_owned()) };
        for note in legend.into_iter().chain(self.notes()) {
            text += &wrapped(&note, layout.width);
            text += "\n";
        }
        text
    }
}

fn counted(nodes: usize) -> String {
    if nodes == 1 { "1 node".to_owned() } else { format!("{nodes} nodes") }
}

/// Nodes stand by hub, pool and name.
fn key(line: &Line) -> (&str, &str, &str) {
    (&line.hub, &line.node.labels.pool, &line.node.name)
}

impl Report for Nodes {
    fn schema(&self) -> &'static str {
        "frazil.nodes/v1"
    }

    fn data(&self) -> Value {
        let waiting = self.waiting.iter().map(|waiting| {
            let Load { pods, requested, .. } = &waiting.load;
            json!({
                "hub": waiting.hub, "pods": pods, "cpu_requested_cores": cores(requested),
                "memory_requested_bytes": requested.memory_bytes, "gpus_requested": requested.gpus,
            })
        });
        let mut sums = self.sums();
        let total = sums.pop().map(|(_, sum)| sum.data());
        let pools = sums.iter().map(|(name, sum)| {
            let mut data = sum.data();
            if let Some(object) = data.as_object_mut() {
                object.shift_insert(0, "pool".to_owned(), json!(name));
            }
            data
        });
        json!({
            "at": self.now.to_string(),
            "hubs": self.hubs.iter().map(|(hub, up)| json!({ "hub": hub, "looked_at": up })).collect::<Vec<_>>(),
            "nodes": self.lines.iter().map(|line| line.data(self.now)).collect::<Vec<_>>(),
            "pools": pools.collect::<Vec<_>>(),
            "total": total,
            "waiting": waiting.collect::<Vec<_>>(),
            "notes": self.notes(),
        })
    }

    fn text(&self, layout: Layout) -> String {
        self.screen(layout)
    }

    fn table(&self) -> Option<Table> {
        Some(table::rows(&self.lines, self.now))
    }

    fn metrics(&self) -> Option<Metrics> {
        let hubs: Vec<_> = self.hubs.iter().map(|(hub, up)| (hub.as_str(), *up)).collect();
        Some(metrics::metrics(&self.lines, &hubs))
    }
}

#[cfg(test)]
mod tests {
    use frazil_units::Amount;

    use super::*;
    use crate::commands::nodes::price::Listing;
    use crate::observe::nodes::{Aboard, Node, Origin, Person, Sample};
    use crate::observe::requests::Amounts;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn amounts(cores: u64, gib: u64) -> Amounts {
        Amounts { cpu_millis: cores * 1000, memory_bytes: gib << 30, gpus: 0 }
    }

    /// A node that is used, with its price, and one of which little is known.
    fn nodes() -> Nodes {
        let mut node =
            Node { slots: 58, capacity: amounts(4, 32), allocatable: amounts(4, 32), ..Node::default() };
        node.name = "bare".to_owned();
        let gap = Some("no price: the node has no label of its machine type".to_owned());
        let listing = Listing { gap, ..Listing::default() };
        let hub = "lab".to_owned();
        let bare = Line { hub, node, load: Load::default(), sample: None, listing };
        let mut user = bare.clone();
        user.node.ready = true;
        user.node.name = "ip-10-0-0-1.us-west-2.compute.internal".to_owned();
        user.node.labels.pool = "user".to_owned();
        let ada = Aboard::Server { user: "ada".to_owned(), server: String::new() };
        let eve = Aboard::Dask { user: "eve".to_owned(), cluster: "c".to_owned() };
        let aboard = vec![Person { aboard: ada, pods: 1 }, Person { aboard: eve, pods: 12 }];
        user.load = Load { requested: amounts(2, 24), pods: 13, aboard };
        user.sample = Some(Sample {
            cpu_cores: 1.0,
            memory_bytes: 4 << 30,
            available_bytes: None,
            at: NOW - jiff::SignedDuration::from_secs(12),
            window_seconds: Some(20.0),
            origin: Origin::MetricsApi,
        });
        let usd = Amount::from_decimal("0.252").ok();
        user.listing = Listing { usd, date: Some("2026-07-20"), ..Listing::default() };
        let waiting = Load { requested: amounts(8, 0), pods: 2, aboard: Vec::new() };
        let mut nodes = Nodes::new(NOW);
        nodes.lines = vec![user, bare];
        nodes.waiting = vec![Waiting { hub: "lab".to_owned(), load: waiting }];
        nodes.hubs = vec![("lab".to_owned(), true)];
        nodes.finish(&[], NOW);
        nodes
    }

    #[test]
    fn a_terminal_of_80_columns_shows_who_and_what_is_left() {
        let wanted = "\
NODE         CPU REQ     USED  MEM REQ     USED    USD/H  ON BOARD
bare             0 %  unknown      0 %  unknown  unknown  (not ready)
ip-10-0-0-1     50 %     25 %     75 %     12 %    0.252  ada, dask: eve 12

POOL       NODES  CORES   REQ     USED   GIB   REQ     USED    USD/H     IDLE
(no pool)      1   4.00   0 %  unknown  32.0   0 %  unknown  unknown  unknown
user           1   4.00  50 %     25 %  32.0  75 %     12 %    0.252    0.063
all            2   8.00  25 %  unknown  64.0  38 %  unknown   >0.252   >0.063

cores and GiB: allocatable, what pods may use; req, used: in percent of it
2 pods wait for a node: 8.00 cores, 0.0 GiB
used: measured 12 s ago, CPU over up to 20 s
used: unknown of 1 node
prices: lists of 2026-07-20, before tax and discounts; idle: what no pod
requests
no price: the node has no label of its machine type (1 node)
";
        let text = nodes().text(Layout { wide: false, width: Some(80) });
        assert_eq!(text, wanted);
        assert!(text.lines().all(|line| line.chars().count() <= 80));
    }

    #[test]
    fn hubs_stand_before_nodes_where_there_are_several() {
        let mut two = nodes();
        two.finish(&["gone".to_owned()], NOW);
        let text = two.text(Layout::default());
        assert!(text.starts_with("HUB  NODE") && text.contains("lab user"), "{text}");
        assert_eq!(two.data()["hubs"][1], json!({ "hub": "gone", "looked_at": false }));
        assert!(two.metrics().unwrap().text().contains("frazil_hub_up{hub=\"gone\"} 0\n"));
    }

    #[test]
    fn what_is_not_known_is_no_metric() {
        let text = nodes().metrics().unwrap().text();
        let used = "frazil_node_memory_used_bytes{hub=\"lab\",node=\"ip-10-0-0-1.us-west-2.compute.internal\"} 4294967296";
        assert!(text.contains(used), "{text}");
        assert!(!text.contains("frazil_node_memory_used_bytes{hub=\"lab\",node=\"bare\"}"));
        assert_eq!(text.matches("# TYPE frazil_node_memory_used_bytes gauge").count(), 1);
    }

    #[test]
    fn no_nodes_are_told_in_words() {
        assert_eq!(Nodes::new(NOW).text(Layout::default()), "no nodes\n");
    }
}
