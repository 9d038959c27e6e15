//! What one server or worker requests, from what its machine really has.

use frazil_units::Bytes;

use super::nodes::NodePool;
use super::pools::{cpu, seat};
use crate::catalog::{Cpu, Offer, Overhead, Room, Seat};
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
    let mut seat = seat(size);
    seat.cpu = if size.cpu.is_some() { seat.cpu } else { Cpu::millicores(CPU_STEP) };
    let room = empty(machine)?;
    let count = holds(&room, &seat)?;
    let share = Cpu::millicores(room.cpu.get() / count / CPU_STEP * CPU_STEP);
    let cpu = if size.cpu.is_some() { share.min(seat.cpu) } else { share };
    Some(Seats { count, cpu: cpu.as_cores() })
}

impl Seats {
    /// How many Dask workers an empty node holds.
    pub fn of_worker(workers: &Workers, machine: &Offer) -> Option<u32> {
        let name = "worker".to_owned();
        let worker = Seat { name, memory: workers.memory, cpu: cpu(workers.cores), gpus: 0 };
        holds(&empty(machine)?, &worker)
    }
}

/// What an empty node has left beside its daemon sets.
fn empty(machine: &Offer) -> Option<Room> {
    Room::of(&machine.machine, Overhead::default())
}

/// How many of these fit; nothing when not even one does.
fn holds(room: &Room, seat: &Seat) -> Option<u32> {
    Some(room.seats(seat)).filter(|count| *count > 0)
}

/// What pods may use of a node beside its daemon sets: cores and memory.
pub fn room(machine: &Offer) -> Option<(f64, Bytes)> {
    let room = empty(machine)?;
    Some((room.cpu.as_cores(), room.memory))
}

/// The least that pods may use of any machine of a pool, beside its daemon sets: cores and memory.
pub fn smallest_room(pool: &NodePool) -> Option<(f64, Bytes)> {
    let rooms: Option<Vec<_>> = pool.machines.iter().map(room).collect();
    rooms?.into_iter().reduce(|a, b| (a.0.min(b.0), a.1.min(b.1)))
}
