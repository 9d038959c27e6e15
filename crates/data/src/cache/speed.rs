//! How fast an object comes.

use std::time::Duration;

/// What is supposed of a host before the first answer.
const LATENCY: f64 = 0.08;
const BANDWIDTH: f64 = 10e6;
/// Bodies that are shorter tell nothing of the bandwidth: they come in one burst.
const TELLING: u64 = 128 << 10;
/// How much of what was known the newest answer changes.
const WEIGHT: f64 = 0.3;

/// Latency and bandwidth as the answers so far had them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed {
    latency: f64,
    bandwidth: f64,
    is_known: bool,
}

impl Default for Speed {
    fn default() -> Self {
        Self { latency: LATENCY, bandwidth: BANDWIDTH, is_known: false }
    }
}

impl Speed {
    /// Learns of an answer: the wait for its head, and its body's bytes and time. `beside` is how many bodies
    /// shared the link with it, itself among them.
    pub fn learn(&mut self, head: Duration, bytes: u64, body: Duration, beside: usize) {
        let head = head.as_secs_f64();
        if self.is_known {
            // A wait that is longer because others were on the link says little of the host.
            let weight = if head > self.latency { WEIGHT / 3.0 } else { WEIGHT };
            self.latency += (head.min(self.latency * 4.0) - self.latency) * weight;
        } else {
            self.latency = head;
        }
        if bytes >= TELLING && !body.is_zero() {
            #[expect(clippy::cast_precision_loss, reason = "a rate is exact enough")]
            let rate = bytes as f64 * beside.max(1) as f64 / body.as_secs_f64();
            let weight = if self.is_known { WEIGHT } else { 1.0 };
            self.bandwidth += (rate - self.bandwidth) * weight;
            self.is_known = true;
        }
    }

    /// How many bytes could have come while a request waits for its head: what it costs, in bytes, to
    /// ask once more.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of floats saturates")]
    pub fn request_in_bytes(&self) -> u64 {
        (self.latency * self.bandwidth) as u64
    }

    /// Seconds to an answer's head.
    pub fn latency(&self) -> Duration {
        Duration::try_from_secs_f64(self.latency).unwrap_or(Duration::MAX)
    }

    /// Bytes a second.
    pub fn bandwidth(&self) -> f64 {
        self.bandwidth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_near_to_what_is_there() {
        let mut speed = Speed::default();
        for _ in 0..20 {
            speed.learn(Duration::from_millis(80), 1 << 20, Duration::from_millis(291), 1);
        }
        assert!((280_000..300_000).contains(&speed.request_in_bytes()), "{speed:?}");
        for _ in 0..40 {
            speed.learn(Duration::from_millis(1), 4 << 20, Duration::from_millis(4), 2);
        }
        assert!(speed.bandwidth() > 1.9e9 && speed.latency() < Duration::from_millis(2), "{speed:?}");
    }

    #[test]
    fn short_bodies_say_nothing_of_the_bandwidth() {
        let mut speed = Speed::default();
        speed.learn(Duration::from_millis(5), 512, Duration::from_nanos(1), 1);
        assert!((speed.bandwidth() - BANDWIDTH).abs() < 1.0);
        assert_eq!(speed.latency(), Duration::from_millis(5));
    }
}
