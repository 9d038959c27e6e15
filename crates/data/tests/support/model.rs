//! Recorded reads through the cache's policy, over a modelled link.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::time::Duration;

use frazil_data::cache::{Intervals, Policy, Reads};

/// A link and what the reader has of memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    /// Seconds from a request to its first byte.
    pub(crate) latency: f64,
    /// Bytes a second, of all requests together.
    pub(crate) bandwidth: f64,
    /// Most requests at a time.
    pub(crate) in_flight: usize,
    /// Most bytes that are kept.
    pub(crate) memory: u64,
}

/// What a replay took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Took {
    pub(crate) requests: u64,
    pub(crate) bytes: u64,
    pub(crate) seconds: f64,
}

/// The link's clock is the model's: a request takes one round trip and then its bytes, which come in
/// turn; the reader takes no time.
struct Model {
    link: Link,
    now: f64,
    free: f64,
    /// Ends, heads and bodies of requests on their way.
    flying: VecDeque<(f64, f64, f64, Range<u64>)>,
    there: Intervals,
    /// What came, by its place in the order of use.
    kept: BTreeMap<u64, Range<u64>>,
    uses: u64,
    took: Took,
}

/// Replays reads of an object of a length, one after the other.
pub(crate) fn replay(length: u64, reads: &[Range<u64>], link: Link) -> Took {
    let mut policy = Policy::default();
    let mut model = Model {
        link,
        now: 0.0,
        free: 0.0,
        flying: VecDeque::new(),
        there: Intervals::default(),
        kept: BTreeMap::new(),
        uses: 0,
        took: Took::default(),
    };
    if let Some(read) = reads.first() {
        let first = policy.first(read);
        let first = first.start..first.end.min(length);
        model.there.insert(&first);
        model.ask(first.clone());
        model.wait(&first, &mut policy);
        policy.set_length(length);
    }
    for read in reads {
        model.land(&mut policy);
        let free = (link.in_flight - 1).saturating_sub(model.flying.len());
        let plan = policy.plan(&mut model.there, Reads::Next(read), free);
        for range in plan.wanted.into_iter().chain(plan.ahead) {
            model.ask(range);
        }
        model.wait(read, &mut policy);
        model.touch(read);
    }
    model.took.seconds = model.now;
    model.took
}

impl Model {
    fn ask(&mut self, range: Range<u64>) {
        // Who finds all slots taken waits for the first to be free.
        let taken = self.flying.len() >= self.link.in_flight;
        let begun = if taken {
            self.flying[self.flying.len() - self.link.in_flight].0.max(self.now)
        } else {
            self.now
        };
        let head = self.free.max(begun + self.link.latency);
        #[expect(clippy::cast_precision_loss, reason = "a model")]
        let body = (range.end - range.start) as f64 / self.link.bandwidth;
        self.free = head + body;
        self.took.requests += 1;
        self.took.bytes += range.end - range.start;
        self.flying.push_back((self.free, head - begun, body, range));
    }

    fn land(&mut self, policy: &mut Policy) {
        while self.flying.front().is_some_and(|(end, ..)| *end <= self.now) {
            let Some((_, head, body, range)) = self.flying.pop_front() else { return };
            let bytes = range.end - range.start;
            policy.speed_mut().learn(Duration::from_secs_f64(head), bytes, Duration::from_secs_f64(body), 1);
            self.uses += 1;
            self.kept.insert(self.uses, range);
        }
        let mut kept: u64 = self.kept.values().map(|range| range.end - range.start).sum();
        while kept > self.link.memory {
            let Some((_, range)) = self.kept.pop_first() else { return };
            kept -= range.end - range.start;
            self.there.remove(&range);
        }
    }

    fn wait(&mut self, read: &Range<u64>, policy: &mut Policy) {
        let due = self.flying.iter().filter(|(.., range)| range.start < read.end && read.start < range.end);
        self.now = due.map(|(end, ..)| *end).fold(self.now, f64::max);
        self.land(policy);
    }

    fn touch(&mut self, read: &Range<u64>) {
        let overlaps = |range: &Range<u64>| range.start < read.end && read.start < range.end;
        let used: Vec<u64> =
            self.kept.iter().filter(|(_, range)| overlaps(range)).map(|(use_, _)| *use_).collect();
        for place in used {
            if let Some(range) = self.kept.remove(&place) {
                self.uses += 1;
                self.kept.insert(self.uses, range);
            }
        }
    }
}
