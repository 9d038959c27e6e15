//! Calling again what may succeed later.

use std::time::Duration;

use crate::Cancellation;

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(30);

/// How often something that fails is called again, with pauses that double up to half a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// How often it is called again at most.
    pub most: u32,
    /// The pause before it is called again for the first time.
    pub pause: Duration,
}

impl Retries {
    /// Calls until it succeeds, it fails in a way that is not `passing`, it was called often enough, or the run is to
    /// end. `idle` is called to wait: it calls what it is given, and may let go of a lock meanwhile.
    ///
    /// # Errors
    /// The last one of what was called.
    pub fn call<T, E>(
        self,
        cancellation: &Cancellation,
        mut call: impl FnMut() -> Result<T, E>,
        passing: impl Fn(&E) -> bool,
        idle: impl Fn(&mut (dyn FnMut() + Send)),
    ) -> Result<T, E> {
        let mut pause = self.pause;
        for _ in 0..self.most {
            let error = match call() {
                Err(error) if passing(&error) => error,
                told => return told,
            };
            let mut is_cancelled = false;
            idle(&mut || is_cancelled = cancellation.sleep(pause));
            if is_cancelled {
                return Err(error);
            }
            pause = LONGEST.min(pause * 2);
        }
        call()
    }
}
