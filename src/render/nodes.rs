//! The node pools of a cluster: machines, how many, labels and taints.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::pools::{Origin, PoolMachines};
use super::seats::{Seats, seats};
use crate::catalog::{Arch, CatalogError, NoMachine, Offer};
use crate::config::{HubFile, Pool, Zone};

/// The disk that each node boots from, of gp3 on AWS and balanced on Google Cloud, in GiB
/// (`terraform/*/pools.tf`).
pub const BOOT_DISK_GIB: u64 = 100;

/// Zones that a hub on AWS uses where its file names none (`terraform/aws/network.tf`).
pub const AWS_ZONES: u32 = 3;

/// What the nodes of a pool are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The hub, the gateway and what supports them.
    Core,
    /// People's servers, and Dask schedulers.
    User,
    /// Dask workers.
    Dask,
    /// People's servers with GPUs.
    Gpu,
}

/// A taint: pods that do not tolerate it stay away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Taint {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
    /// What it does, as Kubernetes writes it.
    pub effect: &'static str,
}

/// A pool of nodes of one kind.
#[derive(Clone, Debug)]
pub struct NodePool {
    /// The name, as the file writes it.
    pub name: &'static str,
    /// What it is for.
    pub purpose: Purpose,
    /// The machine types, the first one preferred.
    pub machines: Vec<Offer>,
    /// The processor architecture.
    pub arch: Arch,
    /// Whether they are spot machines.
    pub spot: bool,
    /// The fewest nodes.
    pub min: u32,
    /// The most nodes.
    pub max: u32,
    /// The zones that the file names for it; none for the default.
    pub zones: Vec<Zone>,
    /// The nodes' labels.
    pub labels: BTreeMap<String, String>,
    /// The nodes' taints.
    pub taints: Vec<Taint>,
}

/// Pools that cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// The catalog does not know what the file names.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// No machine holds what a pool is for.
    #[error("the pool `{pool}` has no machine: {source}")]
    Nothing {
        /// The pool.
        pool: &'static str,
        /// What is missing.
        source: Box<NoMachine>,
    },
}

/// The label that names a node's pool.
pub const POOL_LABEL: &str = "frazil/pool";
/// JupyterHub's label of a node's purpose: `core` or `user`.
pub const HUB_PURPOSE: &str = "hub.jupyter.org/node-purpose";
/// Dask Gateway's: `core`, `scheduler` or `worker`.
pub const DASK_PURPOSE: &str = "k8s.dask.org/node-purpose";
/// The taint of GPU nodes. GKE adds it itself.
pub const GPU_TAINT: (&str, &str) = ("nvidia.com/gpu", "present");

/// Most nodes of people's servers where neither the file nor an event says.
const USER_MAX: u32 = 10;
/// Most nodes of GPUs where neither the file nor an event says.
const GPU_MAX: u32 = 4;
/// Most core nodes where Dask schedulers run on them, off spot machines.
const GATEWAY_CORE_MAX: u32 = 10;

impl Purpose {
    fn of(pool: &str) -> Self {
        match pool {
            "core" => Self::Core,
            "dask" => Self::Dask,
            "gpu" => Self::Gpu,
            _ => Self::User,
        }
    }

    /// The labels by which pods of a purpose find their nodes.
    fn labels(self) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::Core => vec![(HUB_PURPOSE, "core"), (DASK_PURPOSE, "core")],
            Self::User => vec![(HUB_PURPOSE, "user"), (DASK_PURPOSE, "scheduler")],
            Self::Dask => vec![(DASK_PURPOSE, "worker")],
            Self::Gpu => vec![(HUB_PURPOSE, "user")],
        }
    }

    /// The taints that keep other pods away, in both spellings of the key:
    /// some node pool APIs refuse a slash.
    pub fn taints(self) -> Vec<Taint> {
        let both = |domain: &str, value: &str| {
            ["/", "_"].map(|mark| Taint::new(&format!("{domain}{mark}dedicated"), value)).to_vec()
        };
        match self {
            Self::Core => Vec::new(),
            Self::User => both("hub.jupyter.org", "user"),
            Self::Dask => both("k8s.dask.org", "worker"),
            Self::Gpu => {
                let mut taints = both("hub.jupyter.org", "user");
                taints.push(Taint::new(GPU_TAINT.0, GPU_TAINT.1));
                taints
            }
        }
    }
}

impl Taint {
    fn new(key: &str, value: &str) -> Self {
        Self { key: key.to_owned(), value: value.to_owned(), effect: "NoSchedule" }
    }
}

/// A pool of a cluster that is made for the hub.
///
/// # Errors
/// When no machine holds what it is for.
pub(super) fn node_pool(
    hub: &HubFile,
    PoolMachines { pool: name, origin }: PoolMachines,
) -> Result<NodePool, PoolError> {
    let machines = match origin {
        Origin::File(offers) => offers,
        Origin::Cheapest(choice) => vec![Arc::unwrap_or_clone(choice.best.offer)],
        Origin::Workers(choice) => {
            choice.machines.into_iter().map(|fit| Arc::unwrap_or_clone(fit.offer)).collect()
        }
        Origin::Nothing(source) => return Err(PoolError::Nothing { pool: name, source }),
    };
    let purpose = Purpose::of(name);
    let said = hub.pools.named().find(|(pool, _)| *pool == name).map(|(_, pool)| pool);
    let (min, max) = range(hub, purpose, said, &machines);
    let mut labels: BTreeMap<_, _> =
        purpose.labels().into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    labels.insert(POOL_LABEL.to_owned(), name.to_owned());
    Ok(NodePool {
        name,
        purpose,
        arch: said.map(|pool| pool.arch).unwrap_or_default(),
        spot: said.and_then(|pool| pool.spot).unwrap_or(purpose == Purpose::Dask && hub.gateway.workers.spot),
        zones: said.map(|pool| pool.zones.clone()).unwrap_or_default(),
        machines,
        min,
        max,
        labels,
        taints: purpose.taints(),
    })
}

/// Whether Dask schedulers run on core nodes: where no size of the hub makes a pool of people's nodes without GPUs.
pub(super) fn schedulers_on_core(hub: &HubFile) -> bool {
    hub.gateway.enabled && !(hub.hub && hub.sizes.iter().any(|size| size.gpu == 0))
}

/// The fewest and most nodes: the file's, or what the event or the largest Dask cluster needs.
fn range(hub: &HubFile, purpose: Purpose, said: Option<&Pool>, machines: &[Offer]) -> (u32, u32) {
    if let Some(count) = said.and_then(|pool| pool.count) {
        return (count, count);
    }
    let (least, most) = match purpose {
        Purpose::Core => (1, if schedulers_on_core(hub) { GATEWAY_CORE_MAX } else { 1 }),
        Purpose::User => (0, for_people(hub, machines).unwrap_or(USER_MAX)),
        Purpose::Gpu => (0, GPU_MAX),
        Purpose::Dask => (0, for_workers(hub, machines)),
    };
    let min = said.and_then(|pool| pool.min).unwrap_or(least);
    let max = said.and_then(|pool| pool.max).unwrap_or(most.max(min));
    (min.min(max), max)
}

/// Nodes that hold everyone of the event at once in the default size, and one more for the others.
fn for_people(hub: &HubFile, machines: &[Offer]) -> Option<u32> {
    let event = hub.event.as_ref()?;
    let each = seats(hub.default_size()?, machines.first()?)?.count;
    Some(event.attendees.div_ceil(each.max(1)).saturating_add(1))
}

/// Nodes that hold the largest Dask cluster that one person may have.
fn for_workers(hub: &HubFile, machines: &[Offer]) -> u32 {
    let workers = &hub.gateway.workers;
    let each = machines.iter().filter_map(|machine| Seats::of_worker(workers, machine)).min();
    workers.max.div_ceil(each.unwrap_or(1).max(1)).max(1)
}
