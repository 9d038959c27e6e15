//! Counting: what each exchange asked for and what came.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::Method;

use crate::address::Address;

/// One request and what came of it, told when its body has ended, was left, or failed. Each try and
/// each redirect is an exchange of its own.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The method.
    pub method: Method,
    /// Where it went.
    pub address: Address,
    /// The status, or none where no head came.
    pub status: Option<u16>,
    /// Bytes of body that were asked for, where the caller said.
    pub requested: Option<u64>,
    /// Bytes of body that were announced.
    pub announced: Option<u64>,
    /// Bytes of body that came.
    pub received: u64,
    /// Whether the body came to its end.
    pub whole: bool,
    /// From the request to the end of the body.
    pub took: Duration,
}

/// Hears of every exchange of a client.
pub trait Watch: Send + Sync {
    /// An exchange has ended.
    fn ended(&self, exchange: &Exchange);
}

/// Sums over exchanges.
#[derive(Debug, Default)]
pub struct Totals {
    requests: AtomicU64,
    received: AtomicU64,
}

impl Totals {
    /// Requests that were made.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Bytes of bodies that came.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }
}

impl Watch for Totals {
    fn ended(&self, exchange: &Exchange) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.received.fetch_add(exchange.received, Ordering::Relaxed);
    }
}
