//! Bytes by the ways they take: public bills against lists made by hand.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test stops at the first surprise")]

mod bills;
mod clients;
mod counted;
mod gaps;
mod google;
#[path = "../support/scratch.rs"]
mod scratch;
#[path = "../support/skips.rs"]
mod skips;
mod week;
