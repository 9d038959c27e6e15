//! A hub on this machine, for real: JupyterHub, Dask Gateway and the proxy.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise and says what it skips"
)]

mod damage;
mod failures;
mod gateway;
mod hub;
mod kills;
mod lifecycle;
#[path = "../support/scratch.rs"]
mod scratch;
#[path = "../support/skips.rs"]
mod skips;
