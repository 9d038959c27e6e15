//! What a handle counts of itself. Requests as they are made, with tries and redirects, are counted by
//! [`super::Meter`].

use std::sync::Arc;
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
    /// Reads that had to wait: for the object's first bytes, for a request of their own, or one on its way.
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

/// The counts as they grow: of a handle, and of those that it is counted among.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    within: Option<Arc<Self>>,
    reads: AtomicU64,
    requested: AtomicU64,
    misses: AtomicU64,
    fetches: AtomicU64,
    ahead: AtomicU64,
    pub(crate) fetched: AtomicU64,
    from_disk: AtomicU64,
}

impl Counts {
    /// Counts that are added to others too.
    pub(crate) fn within(others: &Arc<Self>) -> Self {
        Self { within: Some(Arc::clone(others)), ..Self::default() }
    }

    fn add(&self, number: u64, to: impl Fn(&Self) -> &AtomicU64) {
        let mut counts = Some(self);
        while let Some(here) = counts {
            to(here).fetch_add(number, Ordering::Relaxed);
            counts = here.within.as_deref();
        }
    }

    pub(crate) fn asked(&self, reads: u64, bytes: u64) {
        self.add(reads, |counts| &counts.reads);
        self.add(bytes, |counts| &counts.requested);
    }

    pub(crate) fn missed(&self, reads: u64) {
        self.add(reads, |counts| &counts.misses);
    }

    pub(crate) fn planned(&self, wanted: usize, ahead: usize) {
        self.add(wanted as u64, |counts| &counts.fetches);
        self.add(ahead as u64, |counts| &counts.ahead);
    }

    pub(crate) fn came_from_disk(&self, bytes: u64) {
        self.add(bytes, |counts| &counts.from_disk);
    }

    /// The sums; what is kept, and what of it was not read, its keeper knows.
    pub(crate) fn counters(&self) -> Counters {
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
