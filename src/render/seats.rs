//! What one server or worker requests, from what its machine really has.

use frazil_units::Bytes;

use super::nodes::NodePool;
use crate::catalog::{Cpu, DAEMON_CPU, DAEMON_MEMORY, DAEMON_PODS, Offer};
use crate::config::{Size, Workers};

/// The seats of one size on a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seats {
    /// How many an empty node holds.
    pub count: u32,
    /// The CPU that each of them is guaranteed when the node is full, in cores.
    pub cpu: f64,
}

/// Requests are rounded down to this many millicores: awkward fractions upset
/// Dask Gateway (dask/dask-gateway#765) and nobody can read them.
const CPU_STEP: u32 = 50;

/// The seats of a size on a machine; nothing where its limits are not known or none fits.
pub fn seats(size: &Size, machine: &Offer) -> Option<Seats> {
    let room = Room::of(machine)?;
    let asked = size.cpu.map_or(CPU_STEP, millicores);
    let count = room.holds(size.memory, asked, size.gpu)?;
    let share = room.cpu / count / CPU_STEP * CPU_STEP;
    let cpu = size.cpu.map_or(share, |cores| share.min(millicores(cores)));
    Some(Seats { count, cpu: f64::from(cpu) / 1000.0 })
}

impl Seats {
    /// How many Dask workers an empty node holds.
    pub fn of_worker(workers: &Workers, machine: &Offer) -> Option<u32> {
        Room::of(machine)?.holds(workers.memory, millicores(workers.cores), 0)
    }
}

/// What an empty node has left beside its daemon sets.
struct Room {
    cpu: u32,
    memory: u64,
    pods: u32,
    gpus: u32,
}

impl Room {
    fn of(machine: &Offer) -> Option<Self> {
        let machine = &machine.machine;
        let allocatable = machine.allocatable?;
        Some(Self {
            cpu: allocatable.cpu.less(DAEMON_CPU).get(),
            memory: allocatable.memory.get().saturating_sub(DAEMON_MEMORY.get()),
            pods: machine.max_pods?.saturating_sub(DAEMON_PODS),
            gpus: machine.nvidia_gpus(),
        })
    }

    /// How many of these fit; nothing when not even one does.
    fn holds(&self, memory: Bytes, cpu: u32, gpus: u32) -> Option<u32> {
        let memory_seats = u32::try_from(self.memory.checked_div(memory.get())?).ok()?;
        let cpu_seats = self.cpu.checked_div(cpu).unwrap_or(self.pods);
        let gpu_seats = self.gpus.checked_div(gpus).unwrap_or(self.pods);
        Some(memory_seats.min(cpu_seats).min(gpu_seats).min(self.pods)).filter(|count| *count > 0)
    }
}

/// What pods may use of a node beside its daemon sets: cores and memory.
pub fn room(machine: &Offer) -> Option<(f64, Bytes)> {
    let room = Room::of(machine)?;
    Some((Cpu::millicores(room.cpu).as_cores(), Bytes::new(room.memory)))
}

/// The least that pods may use of any machine of a pool, beside its daemon sets: cores and memory.
pub fn smallest_room(pool: &NodePool) -> Option<(f64, Bytes)> {
    let rooms: Option<Vec<_>> = pool.machines.iter().map(room).collect();
    rooms?.into_iter().reduce(|a, b| (a.0.min(b.0), a.1.min(b.1)))
}

/// Cores as Kubernetes counts them; the file's range leaves no negative or huge ones.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and 1024 by the file's rules"
)]
fn millicores(cores: f64) -> u32 {
    (cores * 1000.0).round() as u32
}
