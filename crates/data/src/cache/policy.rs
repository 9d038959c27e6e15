//! What is fetched for a read.

use std::ops::Range;

use super::intervals::Intervals;
use super::speed::Speed;
use super::steps::Steps;
use super::stream::Stream;

/// What the first request brings: the head of the file, where most formats have what leads to all else.
const HEAD: u64 = 384 << 10;
/// Fewest bytes that are fetched for a short read.
const BLOCK: u64 = 64 << 10;
/// Most bytes that are fetched around the first short read of a place.
const LARGEST_BLOCK: u64 = 128 << 10;
/// By how much the next larger place is larger.
const STEP: u64 = 4;
/// Largest place that is fetched for one short read.
const LARGEST_PLACE: u64 = 1 << 20;
/// Most bytes of one request.
const LARGEST: u64 = 4 << 20;
/// Bytes that are fetched ahead of reads that follow each other.
const AHEAD: Range<u64> = 2 << 20..16 << 20;
/// Planned reads of at least so many bytes are of data, or bring themselves what lies ahead.
const EXACT: u64 = 32 << 10;
/// The part of planned bytes that may come besides, to save requests.
const BESIDES: u64 = 40;
/// So many bytes may come besides in any case: the headers of a group lie together.
const HEADERS: u64 = 128 << 10;
/// Streams that are followed at a time.
const STREAMS: usize = 8;

/// Decides what is fetched. It adapts to the layout that it sees:
///
/// * The first request brings the file's head.
/// * A short read brings the aligned block around it; where much of the larger place around is there
///   already, so that the rest will likely be read too, and costs less than asking again, it brings
///   the rest of that place: scattered headers come in small blocks, tables and pages of headers in large ones.
/// * Reads that follow each other are fetched ahead, the further the longer they do.
/// * Ranges that are planned are fetched exactly, joined where a gap costs less than a request, and short ones with
///   their blocks, as long as what comes besides is a small part of all that was planned.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    speed: Speed,
    length: Option<u64>,
    /// Most bytes that are fetched ahead, whatever the speed.
    most_ahead: Option<u64>,
    /// The one that was read last is the last.
    streams: Vec<Stream>,
    steps: Steps,
    /// Bytes of planned reads that were not there, and what came besides.
    planned: u64,
    besides: u64,
}

/// What is asked for at a time.
#[derive(Clone, Copy, Debug)]
pub enum Reads<'a> {
    /// One range, by a reader of which nobody knows what it reads next.
    Next(&'a Range<u64>),
    /// Ranges of a reader that knows where lies what it wants.
    Planned(&'a [Range<u64>]),
}

impl<'a> Reads<'a> {
    /// The ranges.
    pub fn ranges(self) -> &'a [Range<u64>] {
        match self {
            Self::Next(read) => std::slice::from_ref(read),
            Self::Planned(reads) => reads,
        }
    }
}

/// What to fetch: ranges that do not overlap, and of which nothing is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What the reads wait for, and what comes with it.
    pub wanted: Vec<Range<u64>>,
    /// What will likely be read next.
    pub ahead: Vec<Range<u64>>,
}

impl Policy {
    /// A policy for who keeps at most so many bytes: what is fetched ahead has room beside what is read.
    pub fn for_memory(bytes: u64) -> Self {
        Self { most_ahead: Some(bytes / 4), ..Self::default() }
    }

    /// How fast the object comes.
    pub fn speed(&self) -> &Speed {
        &self.speed
    }

    /// As [`Policy::speed`], to learn of an answer.
    pub fn speed_mut(&mut self) -> &mut Speed {
        &mut self.speed
    }

    /// Tells how long the object is.
    pub fn set_length(&mut self, length: u64) {
        self.length = Some(length);
    }

    /// What the very first request asks for, before anything is known of the object.
    pub fn first(&self, read: &Range<u64>) -> Range<u64> {
        let end = read.end.min(read.start.saturating_add(LARGEST));
        if read.start < HEAD { 0..end.max(HEAD) } else { blocks(&(read.start..end), BLOCK) }
    }

    /// What to fetch for some reads. `there` is what is there or on its way, to which the plan is added;
    /// `free` how many requests may be made for what nobody waits for yet. The reads are within the object.
    pub fn plan(&mut self, there: &mut Intervals, reads: Reads<'_>, free: usize) -> Plan {
        let mut plan = Plan::default();
        match reads {
            Reads::Next(read) => self.single(there, read, free, &mut plan),
            Reads::Planned(reads) => self.planned(there, reads, &mut plan),
        }
        plan
    }

    fn end(&self) -> u64 {
        self.length.unwrap_or(u64::MAX)
    }

    /// A read of which nobody knows what follows.
    fn single(&mut self, there: &mut Intervals, read: &Range<u64>, free: usize, plan: &mut Plan) {
        let gaps = there.gaps(read);
        let step = self.steps.next(read.start, !gaps.is_empty());
        let largest_ahead = self.ahead();
        let stream = self.followed(read, !gaps.is_empty());
        let goal = stream
            .as_ref()
            .and_then(|stream| stream.wanted(self.speed.request_in_bytes(), largest_ahead))
            .map(|goal| goal.min(self.end()));
        for gap in gaps {
            let mut wide = self.around(there, &gap);
            if let (Some(goal), Some(stream)) = (goal, &stream)
                && wide.end >= stream.edge.min(read.end)
            {
                let piece = stream.piece(self.speed.request_in_bytes(), largest_ahead, BLOCK..LARGEST);
                wide.end = wide.end.max(goal.min(gap.end.saturating_add(piece)));
            }
            let hole = there.hole(&wide, gap.start);
            plan.wanted.extend(cut(&hole, LARGEST));
            there.insert(&hole);
        }
        if let Some(next) = step.filter(|next| *next < self.end() && plan.ahead.len() < free) {
            let place = there.hole(&self.around(there, &(next..next + 1)), next);
            plan.ahead.extend(Some(place.clone()).filter(|place| !place.is_empty()));
            there.insert(&place);
            self.steps.expect(place);
        }
        if let Some(mut stream) = stream {
            if let Some(goal) = goal {
                self.fetch_ahead(there, &mut stream, goal, free, plan);
            }
            self.remember(stream);
        }
    }

    fn fetch_ahead(
        &self,
        there: &mut Intervals,
        stream: &mut Stream,
        goal: u64,
        free: usize,
        plan: &mut Plan,
    ) {
        let piece = stream.piece(self.speed.request_in_bytes(), self.ahead(), BLOCK..LARGEST);
        for gap in there.gaps(&(stream.edge.min(goal)..goal)) {
            let mut at = gap.start;
            // What is less than a piece comes with what is wanted next, unless nothing can come with it.
            let is_closed = gap.end < goal || gap.end == self.end();
            while plan.ahead.len() < free && at < gap.end && (gap.end - at >= piece || is_closed) {
                let part = at..gap.end.min(at + piece);
                at = part.end;
                there.insert(&part);
                plan.ahead.push(part);
            }
        }
        let reached = there.gaps(&(stream.edge.min(goal)..goal)).first().map_or(goal, |gap| gap.start);
        stream.edge = stream.edge.max(reached);
    }

    /// The stream that a read goes on with, or begins.
    fn followed(&mut self, read: &Range<u64>, is_missed: bool) -> Option<Stream> {
        let known = self.streams.iter().rposition(|stream| stream.takes(read));
        let mut stream = match known {
            Some(index) => self.streams.remove(index),
            None if is_missed => return Some(Stream::begun(read, read.end)),
            None => return None,
        };
        stream.go_on(read);
        Some(stream)
    }

    fn remember(&mut self, stream: Stream) {
        if self.streams.len() >= STREAMS {
            self.streams.remove(0);
        }
        self.streams.push(stream);
    }

    /// Most bytes that are fetched ahead: enough to keep the link busy.
    fn ahead(&self) -> u64 {
        let most = self.most_ahead.unwrap_or(u64::MAX);
        self.speed.request_in_bytes().saturating_mul(8).clamp(AHEAD.start, AHEAD.end).min(most)
    }

    /// The place around a gap that is worth fetching with it.
    fn around(&self, there: &Intervals, gap: &Range<u64>) -> Range<u64> {
        let cost = self.speed.request_in_bytes();
        let mut size = 1 << (cost / 4).clamp(BLOCK, LARGEST_BLOCK).ilog2();
        let mut place = blocks(gap, size);
        if gap.end - gap.start > LARGEST_BLOCK {
            return place.start..place.end.min(self.end());
        }
        while size < LARGEST_PLACE {
            let larger = blocks(gap, size * STEP);
            let (held, all) = (there.count(&larger), larger.end - larger.start);
            // That part of the place was read, so that much of the rest is likely to be.
            let saved = u128::from(cost) * u128::from(held) / u128::from(all.max(1));
            if held < size || saved < u128::from(size) {
                break;
            }
            size *= STEP;
            place = larger;
        }
        place.start..place.end.min(self.end())
    }

    /// Reads of which it is known that they are wanted, and no others.
    fn planned(&mut self, there: &mut Intervals, reads: &[Range<u64>], plan: &mut Plan) {
        let mut wanted = Intervals::default();
        for gap in reads.iter().flat_map(|read| there.gaps(read)) {
            wanted.insert(&gap);
        }
        self.planned += wanted.total();
        let mut left = (HEADERS + self.planned / BESIDES).saturating_sub(self.besides);
        let mut missing = wanted.clone();
        for gap in wanted.ranges().filter(|gap| gap.end - gap.start < EXACT) {
            let block = blocks(&gap, BLOCK);
            let hole = there.hole(&(block.start..block.end.min(self.end())), gap.start);
            let besides = hole.end - hole.start - missing.count(&hole);
            if besides <= left {
                left -= besides;
                missing.insert(&hole);
            }
        }
        left = left.min(wanted.total() / BESIDES);
        let ranges = missing.ranges().collect::<Vec<_>>();
        for range in joined(&ranges, there, self.speed.request_in_bytes(), left) {
            self.besides += range.end - range.start;
            plan.wanted.extend(cut(&range, LARGEST));
            there.insert(&range);
        }
        self.besides -= wanted.total();
    }
}

/// The aligned blocks of a size that a range lies in.
fn blocks(range: &Range<u64>, size: u64) -> Range<u64> {
    range.start / size * size..range.end.div_ceil(size).saturating_mul(size)
}

/// A range in pieces of at most a size, of about the same length.
fn cut(range: &Range<u64>, largest: u64) -> impl Iterator<Item = Range<u64>> + use<> {
    let (start, length) = (range.start, range.end - range.start);
    let count = length.div_ceil(largest).max(1);
    let size = length.div_ceil(count);
    (0..count).map(move |index| start + index * size..start + ((index + 1) * size).min(length))
}

/// Joins ranges over gaps, the smallest first, while a gap costs less than a request and all of them
/// together have no more than `left` bytes. Nothing is joined over what is there.
fn joined(ranges: &[Range<u64>], there: &Intervals, cost: u64, mut left: u64) -> Vec<Range<u64>> {
    let mut gaps: Vec<(u64, usize)> = ranges
        .windows(2)
        .enumerate()
        .map(|(index, pair)| (pair[1].start - pair[0].end, index))
        .filter(|(gap, _)| *gap <= cost.max(1))
        .filter(|(_, index)| there.count(&(ranges[*index].end..ranges[*index + 1].start)) == 0)
        .collect();
    gaps.sort_unstable();
    let mut bridged = vec![false; ranges.len()];
    for (gap, index) in gaps {
        if gap > left {
            break;
        }
        left -= gap;
        bridged[index] = true;
    }
    let mut all: Vec<Range<u64>> = Vec::new();
    let mut is_bridge = false;
    for (range, bridge) in ranges.iter().zip(bridged) {
        match all.last_mut().filter(|_| is_bridge) {
            Some(last) => last.end = range.end,
            None => all.push(range.clone()),
        }
        is_bridge = bridge;
    }
    all
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    const LENGTH: u64 = (100 << 20) + 12_345;

    fn policy(bytes_a_request: u64) -> Policy {
        let mut policy = Policy::default();
        policy.set_length(LENGTH);
        for _ in 0..50 {
            let latency = Duration::from_millis(80);
            policy.speed_mut().learn(latency, bytes_a_request * 10, latency * 10, 1);
        }
        policy
    }

    /// What is fetched for one read with its bounds: first what it waits for, then how much ahead.
    fn planned(policy: &mut Policy, there: &mut Intervals, read: Range<u64>) -> (Vec<(u64, u64)>, usize) {
        let plan = policy.plan(there, Reads::Next(&read), 6);
        (plan.wanted.iter().map(|range| (range.start, range.end)).collect(), plan.ahead.len())
    }

    #[test]
    fn a_read_alone_brings_its_block_and_nothing_ahead() {
        let (mut there, mut policy) = (Intervals::default(), policy(300_000));
        let plan = planned(&mut policy, &mut there, 10_000_000..10_000_500);
        assert_eq!(plan, (vec![(9_961_472, 10_027_008)], 0));
        let plan = planned(&mut policy, &mut there, 50_000_000..50_900_000);
        assert_eq!(plan, (vec![(49_938_432, 50_921_472)], 0));
    }

    #[test]
    fn where_much_is_there_the_rest_of_the_place_comes() {
        let (mut there, mut policy) = (Intervals::default(), policy(300_000));
        there.insert(&(0..64 << 10));
        let (wanted, _) = planned(&mut policy, &mut there, 100_000..100_100);
        assert_eq!(wanted, [(64 << 10, 256 << 10)]);
        let (wanted, _) = planned(&mut policy, &mut there, 300_000..300_100);
        assert_eq!(wanted, [(256 << 10, 320 << 10)], "a part of the larger place costs more than a request");
    }

    #[test]
    fn nobody_waiting_no_request_is_made_where_none_is_free() {
        let (mut there, mut policy) = (Intervals::default(), policy(300_000));
        let mut ahead = 0;
        for index in 0..100 {
            let read = index * 70_000..(index + 1) * 70_000;
            ahead += policy.plan(&mut there, Reads::Next(&read), 0).ahead.len();
        }
        assert_eq!(ahead, 0);
    }

    #[test]
    fn a_header_that_is_planned_brings_its_block_and_data_nothing() {
        let (mut there, mut policy) = (Intervals::default(), policy(3_000_000));
        let header = 10_000_000..10_016_384;
        let plan = policy.plan(&mut there, Reads::Planned(&[header]), 6);
        assert_eq!((plan.wanted.len(), &plan.wanted[0]), (1, &(9_961_472..10_027_008)));
        let chunk = 50_000_000..50_300_000;
        let plan = policy.plan(&mut there, Reads::Planned(std::slice::from_ref(&chunk)), 6);
        assert_eq!((plan.wanted, plan.ahead), (vec![chunk], Vec::new()));
    }

    proptest! {
        #[test]
        fn little_comes_besides_what_is_planned(
            reads in proptest::collection::vec(proptest::collection::vec((0..LENGTH, 1_u64..100_000), 1..9), 1..30),
            cost in 1_000_u64..5_000_000,
        ) {
            let (mut there, mut policy) = (Intervals::default(), policy(cost));
            let mut wanted = Intervals::default();
            for step in reads {
                let ranges: Vec<_> = step.iter().map(|(from, length)| *from..(from + length).min(LENGTH)).collect();
                for range in &ranges {
                    wanted.insert(range);
                }
                policy.plan(&mut there, Reads::Planned(&ranges), 6);
                let most = wanted.total() + wanted.total() / BESIDES + HEADERS;
                prop_assert!(there.total() <= most, "{} of {most}", there.total());
            }
        }

        #[test]
        fn plans_hold_what_is_wanted_and_nothing_twice(
            reads in proptest::collection::vec(proptest::collection::vec((0..LENGTH, 0_u64..3_000_000), 1..4), 1..30),
            near in any::<bool>(), cost in 1_000_u64..5_000_000, free in 0_usize..7,
        ) {
            let (mut there, mut policy) = (Intervals::default(), policy(cost));
            let mut at = 0;
            for step in reads {
                let ranges: Vec<Range<u64>> = step
                    .into_iter()
                    .map(|(from, length)| {
                        let from = if near { at } else { from };
                        at = (from + length).min(LENGTH);
                        from..at
                    })
                    .collect();
                let before = there.clone();
                let reads = if let [read] = &ranges[..] { Reads::Next(read) } else { Reads::Planned(&ranges) };
                let plan = policy.plan(&mut there, reads, free);
                prop_assert!(plan.ahead.len() <= free);
                let mut planned = before;
                for range in plan.wanted.iter().chain(&plan.ahead) {
                    prop_assert!(!range.is_empty() && range.end <= LENGTH && range.end - range.start <= LARGEST);
                    prop_assert_eq!(planned.count(range), 0, "twice");
                    planned.insert(range);
                }
                prop_assert_eq!(&planned, &there);
                for range in &ranges {
                    prop_assert!(there.holds(range));
                }
            }
        }
    }
}
