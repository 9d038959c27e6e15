//! Nodes as metrics: base units in the names, one family a number, people as labels.

use frazil_units::Amount;

use super::line::{Line, Measure, bytes, cores};
use crate::observe::nodes::{Aboard, Sample};
use crate::observe::requests::Amounts;
use crate::view::{Kind, Metrics};

/// A family with one sample a node at most.
type Family = (&'static str, &'static str, fn(&Line) -> Option<f64>);

const FAMILIES: [Family; 26] = [
    ("frazil_node_ready", "Whether the node is ready: 1 or 0.", |line| Some(f64::from(line.node.ready))),
    ("frazil_node_created_timestamp_seconds", "When the node was made.", |line| {
        line.created().map(|time| whole(time.as_second()))
    }),
    ("frazil_node_pods", "Pods on the node that are not over.", |line| count(line.load.pods)),
    ("frazil_node_pods_allocatable", "Pods that the node takes.", |line| count(line.node.slots)),
    ("frazil_node_cpu_nominal_cores", "CPU of the machine type, by the catalog.", |line| {
        Measure::cpu(line).nominal
    }),
    ("frazil_node_cpu_capacity_cores", "CPU that the machine shows.", |line| {
        Some(cores(&line.node.capacity))
    }),
    ("frazil_node_cpu_allocatable_cores", "CPU that pods may use.", |line| {
        Some(cores(&line.node.allocatable))
    }),
    ("frazil_node_cpu_requested_cores", "CPU that pods request.", |line| Some(cores(&line.load.requested))),
    ("frazil_node_cpu_free_cores", "CPU that no pod requests.", |line| Some(cores(&line.free()))),
    ("frazil_node_cpu_used_cores", "CPU in use; absent when it is not known.", |line| {
        Measure::cpu(line).used
    }),
    ("frazil_node_memory_nominal_bytes", "Memory of the machine type, by the catalog.", |line| {
        Measure::memory(line).nominal
    }),
    ("frazil_node_memory_capacity_bytes", "Memory that the machine shows.", |line| {
        Some(bytes(&line.node.capacity))
    }),
    ("frazil_node_memory_allocatable_bytes", "Memory that pods may use.", |line| {
        Some(bytes(&line.node.allocatable))
    }),
    ("frazil_node_memory_requested_bytes", "Memory that pods request.", |line| {
        Some(bytes(&line.load.requested))
    }),
    ("frazil_node_memory_free_bytes", "Memory that no pod requests.", |line| Some(bytes(&line.free()))),
    ("frazil_node_memory_used_bytes", "Memory in use (working set); absent when it is not known.", |line| {
        Measure::memory(line).used
    }),
    ("frazil_node_memory_available_bytes", "Memory that could be had, as the kubelet says.", |line| {
        line.sample.as_ref()?.available_bytes.and_then(count)
    }),
    ("frazil_node_gpus_capacity", "GPUs that the machine shows.", |line| gpus(&line.node.capacity, line)),
    ("frazil_node_gpus_allocatable", "GPUs that pods may use.", |line| gpus(&line.node.allocatable, line)),
    ("frazil_node_gpus_requested", "GPUs that pods request.", |line| gpus(&line.load.requested, line)),
    ("frazil_node_sample_timestamp_seconds", "When use was measured.", |line| {
        line.sample.as_ref().map(|sample: &Sample| whole(sample.at.as_second()))
    }),
    ("frazil_node_sample_window_seconds", "Over what time use of CPU was measured.", |line| {
        line.sample.as_ref()?.window_seconds
    }),
    ("frazil_node_price_usd_per_hour", "Price by the catalog, before tax and discounts.", |line| {
        line.listing.usd.map(Amount::as_f64)
    }),
    ("frazil_node_idle_usd_per_hour", "The part of the price that no pod requests.", |line| {
        line.idle().map(Amount::as_f64)
    }),
    ("frazil_node_user_servers", "Servers of people on the node.", |line| count(servers(line))),
    ("frazil_node_dask_pods", "Pods of Dask clusters on the node.", |line| count(dask_pods(line))),
];

/// The metrics of nodes, and which hubs could be looked at.
pub(super) fn metrics(lines: &[Line], hubs: &[(&str, bool)]) -> Metrics {
    let mut metrics = Metrics::default();
    metrics.family("frazil_hub_up", Kind::Gauge, "Whether the hub's nodes could be looked at: 1 or 0.");
    for (hub, up) in hubs {
        metrics.sample(&[("hub", hub)], f64::from(*up));
    }
    metrics.family("frazil_node_info", Kind::Gauge, "What the node is; always 1.");
    for line in lines {
        let labels = &line.node.labels;
        let pairs: [(&str, &str); 8] = [
            ("hub", &line.hub),
            ("node", &line.node.name),
            ("pool", &labels.pool),
            ("purpose", &labels.purpose),
            ("dask_purpose", &labels.dask_purpose),
            ("machine_type", &labels.machine),
            ("market", line.market()),
            ("zone", &labels.zone),
        ];
        metrics.sample(&pairs, 1.0);
    }
    for (name, help, value) in FAMILIES {
        metrics.family(name, Kind::Gauge, help);
        for line in lines {
            if let Some(value) = value(line) {
                metrics.sample(&[("hub", &line.hub), ("node", &line.node.name)], value);
            }
        }
    }
    people(&mut metrics, lines);
    metrics
}

fn people(metrics: &mut Metrics, lines: &[Line]) {
    let all = || lines.iter().flat_map(|line| line.load.aboard.iter().map(move |person| (line, person)));
    metrics.family("frazil_node_user_server_info", Kind::Gauge, "A person's server on the node; always 1.");
    for (line, person) in all() {
        if let Aboard::Server { user, server } = &person.aboard {
            let pairs = [("hub", &line.hub), ("node", &line.node.name), ("user", user), ("server", server)];
            metrics.sample(&pairs.map(|(key, value)| (key, value.as_str())), 1.0);
        }
    }
    metrics.family("frazil_node_dask_cluster_pods", Kind::Gauge, "Pods of a Dask cluster on the node.");
    for (line, person) in all() {
        if let Aboard::Dask { user, cluster } = &person.aboard {
            let pairs = [("hub", &line.hub), ("node", &line.node.name), ("user", user), ("cluster", cluster)];
            let pods = count(person.pods).unwrap_or_default();
            metrics.sample(&pairs.map(|(key, value)| (key, value.as_str())), pods);
        }
    }
}

fn servers(line: &Line) -> u64 {
    let servers = line.load.aboard.iter().filter(|person| matches!(person.aboard, Aboard::Server { .. }));
    servers.map(|person| person.pods).sum()
}

fn dask_pods(line: &Line) -> u64 {
    let pods = line.load.aboard.iter().filter(|person| matches!(person.aboard, Aboard::Dask { .. }));
    pods.map(|person| person.pods).sum()
}

fn gpus(amounts: &Amounts, line: &Line) -> Option<f64> {
    if line.node.capacity.gpus == 0 { None } else { count(amounts.gpus) }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::unnecessary_wraps,
    reason = "a value of a family may be absent"
)]
fn count(number: u64) -> Option<f64> {
    Some(number as f64)
}

#[expect(clippy::cast_precision_loss, reason = "seconds since 1970")]
fn whole(number: i64) -> f64 {
    number as f64
}
