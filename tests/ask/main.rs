//! Bills asked of clouds: by servers that speak as the clouds' API references say, and by queries that run
//! on the same rows in `DuckDB`.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise and says what it skips"
)]

mod athena;
mod bigquery;
mod cost_explorer;
mod engine;
mod ledger;
#[expect(dead_code, reason = "what other tests need, and these do not")]
#[path = "../support/scratch.rs"]
mod scratch;
#[path = "../support/skips.rs"]
mod skips;
mod stand_in;
