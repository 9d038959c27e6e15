//! Node pools as the file names them; the catalog chooses what it leaves open.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::{MachineName, Zone};
use crate::catalog::Arch;

/// Node pools.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Pools {
    /// Nodes of the hub, the gateway and what supports them.
    pub core: Option<Pool>,
    /// Nodes of people's servers.
    pub user: Option<Pool>,
    /// Nodes of Dask workers.
    pub dask: Option<Pool>,
    /// Nodes with GPUs, for the sizes that ask for some.
    pub gpu: Option<Pool>,
}

/// A node pool.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Pool {
    /// The machine type. Default: the cheapest that fits.
    pub machine: Option<MachineName>,
    /// Machine types to choose from by price and availability, for spot.
    #[schemars(example = ["m6i.4xlarge", "m5.4xlarge", "m7i.4xlarge"])]
    pub machines: Vec<MachineName>,
    /// A fixed number of nodes, instead of as many as are needed.
    #[schemars(range(min = 0, max = 5000))]
    pub count: Option<u32>,
    /// The fewest nodes.
    #[schemars(range(min = 0, max = 5000))]
    pub min: Option<u32>,
    /// The most nodes.
    #[schemars(range(min = 1, max = 5000))]
    pub max: Option<u32>,
    /// Whether the nodes are spot (preemptible) machines.
    pub spot: Option<bool>,
    /// The processor architecture.
    pub arch: Arch,
    /// Its zones, of the hub's. Default: of core the first, where the disks are; of user on AWS, with homes on a
    /// disk, core's; of the others all.
    pub zones: Vec<Zone>,
}

impl Pools {
    /// The pools that the file names, with their names.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, &Pool)> {
        [("core", &self.core), ("user", &self.user), ("dask", &self.dask), ("gpu", &self.gpu)]
            .into_iter()
            .filter_map(|(name, pool)| pool.as_ref().map(|pool| (name, pool)))
    }
}
