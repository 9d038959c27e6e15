//! The memory that all objects of a process share.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Most bytes that are kept for all objects that share a pool, where nobody says how many.
const USUAL: u64 = 512 << 20;

/// A bound on the memory of several objects together. A clone is the same pool. Where it is passed,
/// what was not used for longest is given up, of whichever object it is.
#[derive(Clone)]
pub struct Pool {
    inner: Arc<Inner>,
}

struct Inner {
    most: u64,
    kept: AtomicU64,
    clock: AtomicU64,
    members: Mutex<Vec<Weak<dyn Member>>>,
}

/// Somebody who keeps bytes of a pool.
pub(crate) trait Member: Send + Sync {
    /// When what was not used for longest was used.
    fn oldest(&self) -> Option<u64>;

    /// Gives that up, and tells the pool how many bytes it was.
    fn give_up(&self);
}

impl Default for Pool {
    /// A pool of 512 MiB of its own.
    fn default() -> Self {
        Self::new(USUAL)
    }
}

impl Pool {
    /// A pool of so many bytes.
    pub fn new(most: u64) -> Self {
        let inner =
            Inner { most, kept: AtomicU64::new(0), clock: AtomicU64::new(0), members: Mutex::default() };
        Self { inner: Arc::new(inner) }
    }

    /// Most bytes that may be kept.
    pub fn most(&self) -> u64 {
        self.inner.most
    }

    /// Bytes that are kept now.
    pub fn kept(&self) -> u64 {
        self.inner.kept.load(Ordering::Relaxed)
    }

    /// A moment later than any before.
    pub(crate) fn tick(&self) -> u64 {
        self.inner.clock.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn join(&self, member: Weak<dyn Member>) {
        let mut members = self.inner.members.lock().unwrap_or_else(PoisonError::into_inner);
        members.retain(|member| member.strong_count() > 0);
        members.push(member);
    }

    /// Counts bytes that are kept from now on.
    pub(crate) fn add(&self, bytes: u64) {
        self.inner.kept.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts bytes that are no longer kept.
    pub(crate) fn subtract(&self, bytes: u64) {
        self.inner.kept.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Gives up what was not used for longest until the bound is kept. No member may be locked by the caller.
    pub(crate) fn trim(&self) {
        while self.kept() > self.most() {
            let members: Vec<_> = {
                let members = self.inner.members.lock().unwrap_or_else(PoisonError::into_inner);
                members.iter().filter_map(Weak::upgrade).collect()
            };
            let oldest = members.iter().filter_map(|member| Some((member.oldest()?, member)));
            match oldest.min_by_key(|(used, _)| *used) {
                Some((_, member)) => member.give_up(),
                None => return,
            }
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Pool")
            .field("most", &self.most())
            .field("kept", &self.kept())
            .finish_non_exhaustive()
    }
}
