//! What a pool asks of its machine.

use frazil_units::Bytes;

use super::{Arch, Cpu, Market};

/// Seats of the default size that a user node holds at least: fewer waste a
/// node on one person, more keep it alive for the last of them.
pub const DEFAULT_SEATS: u32 = 4;

/// CPU that daemon sets request on every node: the network plugin, the proxy,
/// storage drivers, the node exporter and the like.
pub const DAEMON_CPU: Cpu = Cpu::millicores(250);

/// Memory that daemon sets request on every node.
pub const DAEMON_MEMORY: Bytes = Bytes::mib(600);

/// Pods of daemon sets on every node, with room for an image puller.
pub const DAEMON_PODS: u32 = 10;

/// What one person's server, or one worker, asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The size's name.
    pub name: String,
    /// Memory.
    pub memory: Bytes,
    /// CPU; nothing when it takes its share of the node.
    pub cpu: Cpu,
    /// GPUs.
    pub gpus: u32,
}

/// What every node needs for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overhead {
    /// CPU.
    pub cpu: Cpu,
    /// Memory.
    pub memory: Bytes,
    /// Pods.
    pub pods: u32,
}

impl Default for Overhead {
    fn default() -> Self {
        Self { cpu: DAEMON_CPU, memory: DAEMON_MEMORY, pods: DAEMON_PODS }
    }
}

/// What a pool's machine must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The sizes, the default one first; one seat of each must fit on an empty node.
    pub seats: Vec<Seat>,
    /// How many seats of the first size one node must hold.
    pub count: u32,
    /// The architecture.
    pub arch: Arch,
    /// The market whose prices are compared; where it has none, on-demand ones.
    pub market: Market,
    /// What a node needs for itself.
    pub overhead: Overhead,
}

impl Need {
    /// [`DEFAULT_SEATS`] seats of the first size (one, if it has a GPU), on demand, on amd64.
    pub fn new(seats: Vec<Seat>) -> Self {
        let gpu = seats.first().is_some_and(|seat| seat.gpus > 0);
        let count = if gpu { 1 } else { DEFAULT_SEATS };
        Self { seats, count, arch: Arch::default(), market: Market::default(), overhead: Overhead::default() }
    }
}
