//! Searches: what is asked, what is read of answers, and what is written of finds. Answers are those that
//! were recorded of real services, of a server of canned answers, and of the stand-in for Earthdata.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests read their environment, and stop at the first surprise"
)]

#[path = "../../../../tests/support/skips.rs"]
mod skips;

mod canned;
mod catalogs;
mod hostile;
mod pages;
mod places;
mod queries;
mod recorded;
mod regions;
mod stac;
mod trickle;
mod umm;
mod versions;
mod walks;
mod written;

use frazil_data::Surroundings;
use frazil_data::http::{Client, Settings};

/// A client that waits little between tries.
fn client() -> Client {
    let settings = Settings {
        pause: std::time::Duration::from_millis(1),
        longest_pause: std::time::Duration::from_secs(3),
        ..Settings::default()
    };
    Client::new(settings, &Surroundings::made([("HOME", "/nowhere")])).unwrap()
}
