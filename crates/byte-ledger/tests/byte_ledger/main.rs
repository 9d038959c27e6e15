//! The byte ledger under many writers, kills, damage and full disks.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and starts itself again"
)]

mod damage;
mod forks;
mod format;
mod full;
mod kills;
mod made;
#[path = "../../../../tests/support/skips.rs"]
mod skips;
mod sums;
mod writers;
