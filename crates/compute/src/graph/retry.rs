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
        for pause in self.pauses() {
            let error = match call() {
                Err(error) if passing(&error) => error,
                told => return told,
            };
            let mut is_cancelled = false;
            idle(&mut || is_cancelled = cancellation.sleep(pause));
            if is_cancelled {
                return Err(error);
            }
        }
        call()
    }

    /// The pauses, one before each further call.
    fn pauses(self) -> impl Iterator<Item = Duration> {
        let first = LONGEST.min(self.pause);
        (0..self.most).scan(first, |pause, _| Some(std::mem::replace(pause, LONGEST.min(*pause * 2))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_half_a_minute() {
        let of = |most, pause| Retries { most, pause }.pauses().collect::<Vec<_>>();
        assert_eq!(of(4, Duration::from_secs(10)), [10, 20, 30, 30].map(Duration::from_secs));
        assert_eq!(of(2, Duration::MAX), [LONGEST; 2]);
        assert!(of(0, LONGEST).is_empty());
    }
}
