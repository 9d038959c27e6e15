//! Handles over real HTTP, the cache's policy over recorded reads, and both against what they promise.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests start servers, look for files beside the checkout, and stop at the first surprise"
)]

#[expect(dead_code, reason = "other tests give other answers")]
#[path = "../search/canned.rs"]
mod canned;
#[path = "../../../../tests/support/google.rs"]
mod google;
#[path = "../support/model.rs"]
mod model;
#[path = "../../../../tests/support/skips.rs"]
mod skips;
#[expect(dead_code, reason = "other tests start other tools")]
#[path = "../../../../tests/support/tools.rs"]
mod tools;
#[path = "../support/trace.rs"]
mod trace;
#[expect(dead_code, reason = "other tests look at the stand-in otherwise")]
#[path = "../support/world.rs"]
mod world;

mod blocking;
mod counted;
mod described;
mod faults;
mod gcs;
mod kept;
mod object;
mod opened;
mod reads;
mod replay;
