//! The crate against what stands in for Earthdata: its own protocols, over TLS, under the real names.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests start the stand-in, and stop at the first surprise"
)]

#[path = "../../../tests/support/skips.rs"]
mod skips;
#[path = "support/world.rs"]
mod world;

#[path = "earthdata/download.rs"]
mod download;
#[path = "earthdata/faults.rs"]
mod faults;
#[path = "earthdata/keys.rs"]
mod keys;
#[path = "earthdata/kills.rs"]
mod kills;
#[path = "earthdata/login.rs"]
mod login;
#[path = "earthdata/region.rs"]
mod region;
#[path = "earthdata/search.rs"]
mod search;
