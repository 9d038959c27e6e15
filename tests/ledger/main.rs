//! Bills read from files: real ones whose sums are known, made ones in every format, and broken ones.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise and says what it skips; it starts itself to be killed"
)]

mod bills;
mod broken;
mod deliveries;
mod formats;
mod killed;
mod made;
mod plain;
#[path = "../support/skips.rs"]
mod skips;
mod stores;
