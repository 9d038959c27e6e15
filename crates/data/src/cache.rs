//! Bytes of objects that were read, kept for who reads next: in memory, and by choice on disk.
//!
//! What is fetched for a read is decided by [`Policy`], a pure function of what is there, of how the
//! object was read so far, and of how fast it comes. It knows no clock and no network, so that recorded
//! reads can be replayed through it.

mod disk;
mod intervals;
mod memory;
mod policy;
mod pool;
mod speed;
mod steps;
mod stream;

pub(crate) use disk::{Disk, Folder};
pub use intervals::Intervals;
pub(crate) use memory::Memory;
pub use policy::{Plan, Policy, Reads};
pub(crate) use pool::Member;
pub use pool::Pool;
pub use speed::Speed;
