//! What a handle counts of itself. Requests as they are made, with tries and redirects, are counted by
//! [`crate::http::Watch`].

use std::sync::atomic::{AtomicU64, Ordering};

/// What a handle has done since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Ranges that readers asked for.
    pub reads: u64,
    /// Their bytes.
    pub requested: u64,
    /// Reads that were answered from memory.
    pub hits: u64,
    /// Reads that had to wait: for a request of their own, or one on its way.
    pub misses: u64,
    /// Ranges that were asked for from afar because readers waited for them.
    pub fetches: u64,
    /// Ranges that were asked for from afar before a reader wanted them.
    pub ahead: u64,
    /// Bytes that came from afar, those of broken answers among them.
    pub fetched: u64,
    /// Bytes that came from the folder on disk.
    pub from_disk: u64,
    /// Bytes that came, from afar or from disk, and that no reader has asked for so far.
    pub unused: u64,
    /// Bytes that are in memory now, those of requests on their way among them.
    pub held: u64,
}

/// The counts as they grow.
#[derive(Debug, Default)]
pub(super) struct Counts {
    reads: AtomicU64,
    requested: AtomicU64,
    misses: AtomicU64,
    fetches: AtomicU64,
    ahead: AtomicU64,
    pub(super) fetched: AtomicU64,
    pub(super) from_disk: AtomicU64,
}

impl Counts {
    pub(super) fn asked(&self, reads: u64, bytes: u64) {
        self.reads.fetch_add(reads, Ordering::Relaxed);
        self.requested.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn missed(&self, reads: u64) {
        self.misses.fetch_add(reads, Ordering::Relaxed);
    }

    pub(super) fn planned(&self, wanted: usize, ahead: usize) {
        self.fetches.fetch_add(wanted as u64, Ordering::Relaxed);
        self.ahead.fetch_add(ahead as u64, Ordering::Relaxed);
    }

    /// The sums; what is kept, and what of it was not read, its keeper knows.
    pub(super) fn counters(&self) -> Counters {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (reads, misses) = (of(&self.reads), of(&self.misses));
        Counters {
            reads,
            requested: of(&self.requested),
            hits: reads.saturating_sub(misses),
            misses,
            fetches: of(&self.fetches),
            ahead: of(&self.ahead),
            fetched: of(&self.fetched),
            from_disk: of(&self.from_disk),
            unused: 0,
            held: 0,
        }
    }
}
