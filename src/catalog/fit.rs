//! What a machine would hold of a pool's sizes.

use std::cmp::Reverse;
use std::sync::Arc;

use frazil_units::{Amount, Bytes};

use super::screen::{exclude, price};
use super::{Cpu, Machine, Market, Need, Offer, Overhead, Price, Reason, Seat};

/// What of a pool's sizes a machine holds, at what price.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The machine, with its prices; shared with its region, as most fits are only compared.
    pub offer: Arc<Offer>,
    /// The market of the price.
    pub market: Market,
    /// The price of an hour.
    pub price: Price,
    /// How many seats of each size an empty node holds.
    pub seats: Vec<(String, u32)>,
    /// The price of an hour of one seat of the first size on a full node.
    pub usd_per_seat_hour: Option<Amount>,
    /// Memory that each of the first size's seats has on a full node: at least what it asks for.
    pub memory_per_seat: Option<Bytes>,
}

impl Fit {
    /// Seats of the first size.
    pub fn default_seats(&self) -> u32 {
        self.seats.first().map_or(0, |(_, count)| *count)
    }

    pub(super) fn holds(&self, need: &Need) -> bool {
        self.default_seats() >= need.count && self.seats.iter().all(|(_, count)| *count > 0)
    }

    /// Cheapest first; then with more seats; then by name.
    pub(super) fn rank(&self) -> (Amount, Reverse<u32>, &str) {
        (self.price.usd, Reverse(self.default_seats()), &self.offer.machine.name)
    }
}

/// What a machine would hold, or why it is not considered.
pub(super) fn fit(offer: &Arc<Offer>, need: &Need, last_resort: bool) -> Result<Fit, Reason> {
    exclude(offer, need, last_resort)?;
    let (market, price) = price(offer, need.market).ok_or(Reason::NoPrice)?;
    let room = Room::of(&offer.machine, need.overhead).ok_or(Reason::UnknownLimits)?;
    let seats: Vec<_> = need.seats.iter().map(|seat| (seat.name.clone(), room.seats(seat))).collect();
    let first = seats.first().map_or(0, |(_, count)| *count);
    Ok(Fit {
        market,
        usd_per_seat_hour: price.usd.ratio(1, i128::from(first)),
        memory_per_seat: room.memory.get().checked_div(u64::from(first)).map(Bytes::new),
        price: price.clone(),
        offer: Arc::clone(offer),
        seats,
    })
}

/// What an empty node has left after its overhead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// CPU.
    pub cpu: Cpu,
    /// Memory.
    pub memory: Bytes,
    /// Whole NVIDIA GPUs.
    pub gpus: u32,
    /// Pods.
    pub pods: u32,
}

impl Room {
    /// The room of a machine; `None` where no table says how many pods it may hold.
    pub fn of(machine: &Machine, overhead: Overhead) -> Option<Self> {
        let allocatable = machine.allocatable?;
        Some(Self {
            cpu: allocatable.cpu.less(overhead.cpu),
            memory: Bytes::new(allocatable.memory.get().saturating_sub(overhead.memory.get())),
            gpus: machine.nvidia_gpus(),
            pods: machine.max_pods?.saturating_sub(overhead.pods),
        })
    }

    /// How many of a seat fit.
    pub fn seats(&self, seat: &Seat) -> u32 {
        let by_memory =
            self.memory.get().checked_div(seat.memory.get()).and_then(|seats| u32::try_from(seats).ok());
        let by_cores = self.cpu.get().checked_div(seat.cpu.get());
        let by_gpus = self.gpus.checked_div(seat.gpus);
        [by_memory, by_cores, by_gpus].into_iter().flatten().fold(self.pods, u32::min)
    }
}
