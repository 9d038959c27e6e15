//! How much at once, and how fast.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Bytes a second for all transfers together.
#[derive(Debug)]
pub(super) struct Bandwidth {
    rate: Option<u64>,
    free: Mutex<Instant>,
}

impl Bandwidth {
    pub(super) fn new(rate: Option<u64>) -> Self {
        Self { rate, free: Mutex::new(Instant::now()) }
    }

    /// Whether there is a limit.
    pub(super) fn is_limited(&self) -> bool {
        self.rate.is_some()
    }

    /// Waits until so many bytes may have come.
    pub(super) async fn take(&self, bytes: usize) {
        let Some(rate) = self.rate else { return };
        let until = {
            let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
            *free = reserved(*free, Instant::now(), bytes, rate);
            *free
        };
        sleep_until(until).await;
    }
}

/// When the next bytes may come after these: what was not used in the past is not made up for.
fn reserved(free: Instant, now: Instant, bytes: usize, rate: u64) -> Instant {
    #[expect(clippy::cast_precision_loss, reason = "a pause is exact enough")]
    let pause = Duration::from_secs_f64(bytes as f64 / rate as f64);
    free.max(now) + pause
}

/// How fast transfers from each host are: to find one that is left behind by the others.
#[derive(Debug, Default)]
pub(super) struct Paces {
    usual: Mutex<HashMap<String, f64>>,
}

/// A transfer that is so many times slower than the usual one of its host is begun again elsewhere in it.
const BEHIND: f64 = 8.0;
/// A rate in bytes a second that is never too slow.
const ENOUGH: f64 = 1_000_000.0;
/// How much a new rate counts for the usual one.
const WEIGHT: f64 = 0.2;

impl Paces {
    /// Hears of a transfer's rate (bytes a second, over a while) and says whether it is left behind.
    pub(super) fn is_behind(&self, host: &str, rate: f64) -> bool {
        let mut all = self.usual.lock().unwrap_or_else(PoisonError::into_inner);
        let usual = all.entry(host.to_owned()).or_insert(rate);
        let behind = rate < ENOUGH && rate * BEHIND < *usual;
        if !behind {
            *usual += WEIGHT * (rate - *usual);
        }
        behind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_at_the_rate_and_idle_time_is_lost() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let next = reserved(now, now, 1000, 1000);
        assert_eq!(next, now + second);
        assert_eq!(reserved(next, now, 500, 1000), now + second * 3 / 2);
        assert_eq!(reserved(now, now + second * 60, 1000, 1000), now + second * 61);
    }

    #[test]
    fn one_that_is_left_behind_is_found_and_does_not_become_usual() {
        let paces = Paces::default();
        for _ in 0..5 {
            assert!(!paces.is_behind("a", 4_000_000.0));
        }
        for _ in 0..50 {
            assert!(paces.is_behind("a", 100_000.0));
        }
        assert!(!paces.is_behind("a", 900_000.0));
    }

    #[test]
    fn a_host_that_is_slow_for_all_is_waited_for() {
        let paces = Paces::default();
        for _ in 0..5 {
            assert!(!paces.is_behind("a", 50_000.0));
        }
        assert!(!paces.is_behind("b", 10_000.0));
    }
}
