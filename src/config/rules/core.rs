//! The core pool against what runs on it. Requests and pods are those of the charts with frazil's values, as
//! `helm template` shows them; what a cloud brings is of its own documents.

use frazil_units::Bytes;

use super::Subject;
use super::table::machines::CORE_TOO_SMALL;
use crate::catalog::{Cpu, Machine, Overhead, Provider as Cloud, Room};
use crate::config::model::{Certificates, Gateway};
use crate::config::problem::Problem;
use crate::render::cluster::{Cluster, Homes};
use crate::render::nodes::{NodePool, Purpose};
use crate::render::pools::cpu;

/// Memory of a pod that requests none, as those of both hub charts: less no such program starts in.
const WITHOUT_REQUEST: u64 = 64;

/// What runs on core nodes: pods, millicores and MiB.
#[derive(Clone, Copy, Debug, Default)]
struct Needed {
    pods: u32,
    cpu: u32,
    memory: u64,
}

impl Needed {
    const fn new(pods: u32, cpu: u32, memory: u64) -> Self {
        Self { pods, cpu, memory }
    }

    /// Pods that request nothing.
    const fn small(pods: u32) -> Self {
        Self::new(pods, 0, pods as u64 * WITHOUT_REQUEST)
    }

    fn and(self, other: Self) -> Self {
        Self::new(self.pods + other.pods, self.cpu + other.cpu, self.memory + other.memory)
    }
}

/// The parts of a cluster whose pods select core nodes, or bear no other node's taints.
fn parts(cluster: &Cluster<'_>, cloud: Cloud) -> Vec<(bool, Needed)> {
    let hub = cluster.hub;
    let (eks, tls) = (cloud == Cloud::Aws, hub.domain.is_some());
    let letsencrypt = tls && hub.support.certificates == Certificates::Letsencrypt;
    vec![
        // Hub, proxy and two schedulers of people's servers.
        (hub.hub, Needed::small(4)),
        (hub.hub && letsencrypt, Needed::small(1)),
        // API, controller and proxy.
        (hub.gateway.enabled, Needed::small(3)),
        (cluster.has_gateway() && cluster.pool(Purpose::User).is_none(), scheduler()),
        (!hub.hub && letsencrypt, Needed::new(3, 30, 160)),
        (hub.hub && cluster.homes() == Homes::Server, Needed::new(1, 112, 344)),
        (hub.hub && eks && cluster.homes() == Homes::Shared, Needed::new(1, 30, 192)),
        (hub.support.monitoring, Needed::new(2, 111, 592)),
        // The recorder and the page of costs are one pod (`render/ops.rs`).
        (hub.support.recorder.is_some(), Needed::new(1, 20, 96)),
        // The autoscaler, metrics-server, CoreDNS and the EBS driver's controller (their charts' own requests).
        (eks, Needed::new(2, 100, 400).and(Needed::new(2, 200, 140)).and(Needed::new(2, 120, 480))),
        // kube-dns (cluster/addons/dns/kube-dns of kubernetes/kubernetes).
        (!eks, Needed::new(2, 520, 220)),
    ]
}

/// A Dask scheduler, which runs on core nodes where people have none.
fn scheduler() -> Needed {
    let memory = Gateway::SCHEDULER_MEMORY.get() / Bytes::mib(1).get();
    Needed::new(1, cpu(Gateway::SCHEDULER_CORES).get(), memory)
}

/// The core pool's machines hold what runs on them.
pub(super) fn holds_its_pods(subject: &Subject<'_>) -> Vec<Problem> {
    let problem = subject.cluster().and_then(|cluster| {
        let cloud = subject.region()?.provider();
        let parts = parts(&cluster, cloud).into_iter().filter(|(runs, _)| *runs);
        let needed = parts.fold(Needed::default(), |sum, (_, part)| sum.and(part));
        let pool = cluster.pool(Purpose::Core)?;
        let (machine, short) = pool
            .machines
            .iter()
            .find_map(|offer| Some((&offer.machine, short(&offer.machine, pool, needed)?)))?;
        Some(too_small(subject, pool, machine, &short))
    });
    problem.into_iter().collect()
}

/// What of the needs the pool's nodes do not hold, if they were all of one machine type.
fn short(machine: &Machine, pool: &NodePool, needed: Needed) -> Option<String> {
    let room = Room::of(machine, Overhead::default())?;
    let (nodes, memory) = (pool.max, Bytes::mib(needed.memory));
    if needed.pods > room.pods * nodes {
        return Some(format!("{} pods run there, and daemon sets leave {}", needed.pods, room.pods * nodes));
    }
    let held = Bytes::new(room.memory.get() * u64::from(nodes));
    if memory > held {
        let held = held.get() / Bytes::mib(1).get();
        return Some(format!("pods there request {} MiB, and daemon sets leave {held} MiB", needed.memory));
    }
    let held = Cpu::millicores(room.cpu.get() * nodes);
    (needed.cpu > held.get()).then(|| {
        format!("pods there request {} cores, and daemon sets leave {held}", Cpu::millicores(needed.cpu))
    })
}

fn too_small(subject: &Subject<'_>, pool: &NodePool, machine: &Machine, short: &str) -> Problem {
    let own = subject.hub.pools.core.as_ref();
    let at = own.and_then(|own| own.machines.iter().position(|name| name.as_str() == machine.name));
    let path = match at {
        Some(index) => format!("pools.core.machines[{index}]"),
        None => "pools.core.machine".to_owned(),
    };
    let nodes = if pool.max == 1 { String::new() } else { format!("{} x ", pool.max) };
    let message = format!("{nodes}{} does not hold the core pool's pods: {short}", machine.name);
    let problem = subject.value(&CORE_TOO_SMALL, &path, message).label("too small");
    problem.help("leave `machine` out for the cheapest that holds them, or take one of 2 cores and 8 GiB")
}
