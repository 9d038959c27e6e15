//! The end of a run before its time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Says that a run is to end, of a plan or of a graph. Whoever has a clone may say it, from any thread; tasks that
/// last may look.
#[derive(Clone, Debug, Default)]
pub struct Cancellation {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    is_cancelled: AtomicBool,
    sleeping: Mutex<()>,
    changed: Condvar,
}

impl Cancellation {
    /// Nothing is cancelled yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the run: no task begins any more, and no block is read. Tasks that are running go on.
    pub fn cancel(&self) {
        self.shared.is_cancelled.store(true, Ordering::Release);
        // Whoever looked before this and does not sleep yet has the lock.
        drop(self.shared.sleeping.lock());
        self.shared.changed.notify_all();
    }

    /// Whether the run is to end.
    pub fn is_cancelled(&self) -> bool {
        self.shared.is_cancelled.load(Ordering::Acquire)
    }

    /// Waits so long, or until the run is to end; whether it is.
    pub fn sleep(&self, duration: Duration) -> bool {
        let guard = self.shared.sleeping.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.shared.changed.wait_timeout_while(guard, duration, |()| !self.is_cancelled()));
        self.is_cancelled()
    }
}
