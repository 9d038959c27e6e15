//! From a hub's sizes to the machines of its pools: what the file names, and
//! for the rest what the catalog chooses.

use crate::catalog::{
    Arch, CatalogError, Choice, Cpu, DaskChoice, DaskNeed, Fit, Market, Need, NoMachine, Offer, Provider,
    Region, Seat, choose, choose_core, choose_dask,
};
use crate::config::{HubFile, MachineName, Pool, Provider as Place, Size};

/// The machines of one pool.
#[derive(Clone, Debug)]
pub struct PoolMachines {
    /// The pool's name, as the file writes it.
    pub pool: &'static str,
    /// How it came to them.
    pub origin: Origin,
}

/// How a pool came to its machines.
#[derive(Clone, Debug)]
pub enum Origin {
    /// The file names them.
    File(Vec<Offer>),
    /// The cheapest that holds the sizes.
    Cheapest(Box<Choice>),
    /// Interchangeable ones for Dask workers.
    Workers(Box<DaskChoice>),
    /// None holds what is needed.
    Nothing(Box<NoMachine>),
}

impl Origin {
    /// What the catalog chose would hold; nothing where the file names the machines.
    pub fn fits(&self) -> Vec<&Fit> {
        match self {
            Self::Cheapest(choice) => vec![&choice.best],
            Self::Workers(choice) => choice.machines.iter().collect(),
            Self::File(_) | Self::Nothing(_) => Vec::new(),
        }
    }
}

/// The machines of all pools that a hub has; none where the provider has no machines to choose.
///
/// # Errors
/// When the region or a machine is not in the catalog.
pub fn pool_machines(hub: &HubFile) -> Result<Vec<PoolMachines>, CatalogError> {
    match &hub.provider {
        Place::Aws(aws) => machines_in(hub, Region::open(Provider::Aws, aws.region.as_str())?.as_ref()),
        Place::Gcp(gcp) => machines_in(hub, Region::open(Provider::Gcp, gcp.region.as_str())?.as_ref()),
        Place::Kubernetes(_) | Place::Local(_) => Ok(Vec::new()),
    }
}

/// The same with the hub's region already open.
///
/// # Errors
/// When a machine is not in the catalog.
pub fn machines_in(hub: &HubFile, region: &Region) -> Result<Vec<PoolMachines>, CatalogError> {
    let chooser = Chooser { hub, region };
    let mut pools = vec![chooser.core()?];
    if hub.hub {
        pools.extend(chooser.people("user", hub.pools.user.as_ref(), |size| size.gpu == 0)?);
        pools.extend(chooser.people("gpu", hub.pools.gpu.as_ref(), |size| size.gpu > 0)?);
    }
    if hub.gateway.enabled {
        pools.push(chooser.dask()?);
    }
    Ok(pools)
}

struct Chooser<'a> {
    hub: &'a HubFile,
    region: &'a Region,
}

impl Chooser<'_> {
    fn core(&self) -> Result<PoolMachines, CatalogError> {
        let pool = self.hub.pools.core.as_ref();
        self.pool("core", pool, || cheapest(choose_core(self.region, arch(pool))))
    }

    /// The pool of the sizes of one kind; `None` when there are none.
    fn people(
        &self,
        name: &'static str,
        pool: Option<&Pool>,
        of_kind: impl Fn(&Size) -> bool,
    ) -> Result<Option<PoolMachines>, CatalogError> {
        let mut sizes: Vec<_> = self.hub.sizes.iter().filter(|size| of_kind(size)).collect();
        if sizes.is_empty() {
            return Ok(None);
        }
        sizes.sort_by_key(|size| !size.default);
        let seats = sizes.into_iter().map(seat).collect();
        let need = Need { arch: arch(pool), market: market(pool, false), ..Need::new(seats) };
        self.pool(name, pool, || cheapest(choose(self.region, &need))).map(Some)
    }

    fn dask(&self) -> Result<PoolMachines, CatalogError> {
        let pool = self.hub.pools.dask.as_ref();
        let workers = &self.hub.gateway.workers;
        let need = DaskNeed {
            cpu: cpu(workers.cores),
            memory: workers.memory,
            arch: arch(pool),
            market: market(pool, workers.spot),
        };
        self.pool("dask", pool, || match choose_dask(self.region, &need) {
            Ok(choice) => Origin::Workers(Box::new(choice)),
            Err(error) => Origin::Nothing(Box::new(error)),
        })
    }

    fn pool(
        &self,
        name: &'static str,
        pool: Option<&Pool>,
        choose: impl FnOnce() -> Origin,
    ) -> Result<PoolMachines, CatalogError> {
        let named: Vec<&MachineName> =
            pool.iter().flat_map(|pool| pool.machine.iter().chain(&pool.machines)).collect();
        if named.is_empty() {
            return Ok(PoolMachines { pool: name, origin: choose() });
        }
        let offers = named.iter().map(|machine| self.region.machine(machine.as_str()).cloned());
        Ok(PoolMachines { pool: name, origin: Origin::File(offers.collect::<Result<_, _>>()?) })
    }
}

fn cheapest(choice: Result<Choice, NoMachine>) -> Origin {
    match choice {
        Ok(choice) => Origin::Cheapest(Box::new(choice)),
        Err(error) => Origin::Nothing(Box::new(error)),
    }
}

fn arch(pool: Option<&Pool>) -> Arch {
    pool.map(|pool| pool.arch).unwrap_or_default()
}

fn market(pool: Option<&Pool>, spot: bool) -> Market {
    if pool.and_then(|pool| pool.spot).unwrap_or(spot) { Market::Spot } else { Market::OnDemand }
}

/// What one server of a size asks of its node.
pub fn seat(size: &Size) -> Seat {
    Seat {
        name: size.name.to_string(),
        memory: size.memory,
        cpu: size.cpu.map(cpu).unwrap_or_default(),
        gpus: size.gpu,
    }
}

/// Cores as Kubernetes counts them; the file's range leaves no negative or huge ones.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and 1024 by the file's rules"
)]
pub fn cpu(cores: f64) -> Cpu {
    Cpu::millicores((cores * 1000.0).round() as u32)
}
