//! The sums of one handle, or of one download.

use std::ops::AddAssign;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::counters::Counts;
use super::{Books, Label};
use crate::address::Address;
use crate::http::{Exchange, Watch};

/// What came of some exchanges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sums {
    /// Requests, redirects and tries among them.
    pub requests: u64,
    /// Those of them that were redirects.
    pub redirects: u64,
    /// Those without an answer, or with a status from 400 on.
    pub failed: u64,
    /// Those whose body did not come to its end.
    pub broken: u64,
    /// Bytes that were asked for, where a range or a length was.
    pub requested: u64,
    /// Bytes of bodies that came, again for each time that they did.
    pub received: u64,
}

impl Sums {
    fn of(exchange: &Exchange) -> Self {
        let status = exchange.status.unwrap_or_default();
        let is_redirect = (300..400).contains(&status);
        let failed = status == 0 || status >= 400;
        Self {
            requests: 1,
            redirects: u64::from(is_redirect),
            failed: u64::from(failed),
            broken: u64::from(is_broken(exchange)),
            // Asked for once, where it is answered: not of each host on the way there, nor for each try.
            requested: if is_redirect || failed {
                0
            } else {
                exchange.requested.unwrap_or(exchange.received)
            },
            received: exchange.received,
        }
    }
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.redirects = self.redirects.saturating_add(other.redirects);
        self.failed = self.failed.saturating_add(other.failed);
        self.broken = self.broken.saturating_add(other.broken);
        self.requested = self.requested.saturating_add(other.requested);
        self.received = self.received.saturating_add(other.received);
    }
}

/// What handles were asked for, and from where it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reads {
    /// Ranges that readers asked for.
    pub reads: u64,
    /// Their bytes.
    pub read: u64,
    /// Those that were answered from memory.
    pub hits: u64,
    /// Those that had to wait.
    pub misses: u64,
    /// Bytes that came from the folder on disk.
    pub from_disk: u64,
}

impl Reads {
    pub(super) fn of(counts: &Counts) -> Self {
        let counters = counts.counters();
        Self {
            reads: counters.reads,
            read: counters.requested,
            hits: counters.hits,
            misses: counters.misses,
            from_disk: counters.from_disk,
        }
    }
}

impl AddAssign for Reads {
    fn add_assign(&mut self, other: Self) {
        self.reads = self.reads.saturating_add(other.reads);
        self.read = self.read.saturating_add(other.read);
        self.hits = self.hits.saturating_add(other.hits);
        self.misses = self.misses.saturating_add(other.misses);
        self.from_disk = self.from_disk.saturating_add(other.from_disk);
    }
}

/// An exchange whose body did not come to its end: a server may have sent more than came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Where it went.
    pub address: Address,
    /// The status, where there was a head.
    pub status: Option<u16>,
    /// Bytes that were announced.
    pub announced: Option<u64>,
    /// Bytes that came.
    pub received: u64,
}

/// Counts the exchanges of a client for one label, of one handle and of the process.
#[derive(Debug)]
pub struct Meter {
    label: Label,
    sums: Mutex<Sums>,
    reads: Arc<Counts>,
    books: Books,
}

impl Meter {
    pub(super) fn new(label: Label, books: Books) -> Self {
        let reads = Arc::new(Counts::within(&books.reads_of(&label)));
        Self { label, sums: Mutex::default(), reads, books }
    }

    /// Where the reads of handles are counted.
    pub(crate) fn reads(&self) -> &Arc<Counts> {
        &self.reads
    }

    /// What handles were asked for so far.
    pub fn asked(&self) -> Reads {
        Reads::of(&self.reads)
    }

    /// What it counts.
    pub fn label(&self) -> &Label {
        &self.label
    }

    /// The sums so far.
    pub fn sums(&self) -> Sums {
        *self.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch for Meter {
    fn ended(&self, exchange: &Exchange) {
        let sums = Sums::of(exchange);
        *self.sums.lock().unwrap_or_else(PoisonError::into_inner) += sums;
        let broken = is_broken(exchange).then(|| Broken {
            address: exchange.address.clone(),
            status: exchange.status,
            announced: exchange.announced,
            received: exchange.received,
        });
        self.books.add(&self.label, sums, broken);
    }
}

/// Whether a body was begun and not ended: left by the reader, cut, or too slow.
fn is_broken(exchange: &Exchange) -> bool {
    let awaited = exchange.announced.is_none_or(|announced| exchange.received < announced);
    exchange.status.is_some() && !exchange.whole && awaited
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::Method;

    use super::*;

    fn exchange(status: Option<u16>, announced: Option<u64>, received: u64, whole: bool) -> Exchange {
        let url: url::Url = "https://data.nasa.gov/a?X-Amz-Signature=tell-no-one".parse().unwrap();
        Exchange {
            method: Method::GET,
            address: Address::from(&url),
            status,
            requested: Some(100),
            announced,
            received,
            whole,
            took: Duration::ZERO,
        }
    }

    #[test]
    fn a_read_through_a_redirect_is_asked_for_once() {
        let meter = Meter::new(Label::default(), Books::new());
        meter.ended(&exchange(Some(303), Some(0), 0, true));
        meter.ended(&exchange(Some(503), Some(10), 10, true));
        meter.ended(&exchange(None, None, 0, false));
        meter.ended(&exchange(Some(206), Some(100), 100, true));
        let sums = Sums { requests: 4, redirects: 1, failed: 2, broken: 0, requested: 100, received: 110 };
        assert_eq!(meter.sums(), sums);
    }

    #[test]
    fn bodies_that_were_cut_are_listed_without_secrets() {
        let meter = Meter::new(Label::default(), Books::new());
        meter.ended(&exchange(Some(206), Some(100), 40, false));
        // All came, and the reader did not wait for the end of the answer.
        meter.ended(&exchange(Some(206), Some(100), 100, false));
        let broken = meter.books.broken();
        assert_eq!(broken.len(), 1);
        assert_eq!((broken[0].announced, broken[0].received), (Some(100), 40));
        assert!(!format!("{broken:?}").contains("tell-no-one"));
        assert_eq!(meter.sums().broken, 1);
    }
}
