//! A set of an object's bytes.

use std::collections::BTreeMap;
use std::ops::Range;

/// A set of bytes by their positions: ranges that neither overlap nor touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intervals {
    /// Ends by beginnings.
    ends: BTreeMap<u64, u64>,
}

impl Intervals {
    /// Adds a range.
    pub fn insert(&mut self, range: &Range<u64>) {
        if range.is_empty() {
            return;
        }
        let (mut from, mut until) = (range.start, range.end);
        while let Some((start, end)) =
            self.last_before(until.saturating_add(1)).filter(|(_, end)| *end >= from)
        {
            self.ends.remove(&start);
            from = from.min(start);
            until = until.max(end);
        }
        self.ends.insert(from, until);
    }

    /// Takes a range out.
    pub fn remove(&mut self, range: &Range<u64>) {
        if range.is_empty() {
            return;
        }
        while let Some((start, end)) = self.last_before(range.end).filter(|(_, end)| *end > range.start) {
            self.ends.remove(&start);
            if end > range.end {
                self.ends.insert(range.end, end);
            }
            if start < range.start {
                self.ends.insert(start, range.start);
            }
        }
    }

    /// The parts of a range that are not in the set, in their order.
    pub fn gaps(&self, range: &Range<u64>) -> Vec<Range<u64>> {
        let mut gaps = Vec::new();
        let mut at = range.start;
        let before = self.last_before(range.start.saturating_add(1));
        let after = self.ends.range(range.start.saturating_add(1)..range.end.max(range.start + 1));
        for (start, end) in before.into_iter().chain(after.map(|(start, end)| (*start, *end))) {
            if start > at {
                gaps.push(at..start.min(range.end));
            }
            at = at.max(end);
        }
        if at < range.end {
            gaps.push(at..range.end);
        }
        gaps
    }

    /// The part of a range around a byte that is not in the set; empty where the byte is.
    pub fn hole(&self, range: &Range<u64>, at: u64) -> Range<u64> {
        self.gaps(range).into_iter().find(|gap| gap.contains(&at)).unwrap_or(at..at)
    }

    /// Whether all of a range is in the set.
    pub fn holds(&self, range: &Range<u64>) -> bool {
        range.is_empty() || self.last_before(range.start + 1).is_some_and(|(_, end)| end >= range.end)
    }

    /// How many bytes of a range are in the set.
    pub fn count(&self, range: &Range<u64>) -> u64 {
        let length = range.end.saturating_sub(range.start);
        length - self.gaps(range).iter().map(|gap| gap.end - gap.start).sum::<u64>()
    }

    /// How many bytes are in the set.
    pub fn total(&self) -> u64 {
        self.ends.iter().map(|(start, end)| end - start).sum()
    }

    /// Its ranges, in their order.
    pub fn ranges(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.ends.iter().map(|(start, end)| *start..*end)
    }

    /// The part of the set that is in a range.
    #[must_use]
    pub fn within(&self, range: &Range<u64>) -> Self {
        let mut part = Self::default();
        for (start, end) in self.ends.range(..range.end) {
            part.insert(&(range.start.max(*start)..range.end.min(*end)));
        }
        part
    }

    /// The range that begins last of those that begin before a byte.
    fn last_before(&self, byte: u64) -> Option<(u64, u64)> {
        self.ends.range(..byte).next_back().map(|(start, end)| (*start, *end))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_set_of_its_bytes(steps in proptest::collection::vec((any::<bool>(), 0_u64..60, 0_u64..20), 0..40),
                                      at in 0_u64..60, length in 0_u64..30) {
            let (mut intervals, mut set) = (Intervals::default(), BTreeSet::new());
            for (adds, start, length) in steps {
                let range = start..start + length;
                if adds {
                    intervals.insert(&range);
                    set.extend(range);
                } else {
                    intervals.remove(&range);
                    set.retain(|byte| !range.contains(byte));
                }
            }
            let range = at..at + length;
            let missing: Vec<u64> = range.clone().filter(|byte| !set.contains(byte)).collect();
            let gaps = intervals.gaps(&range);
            prop_assert_eq!(gaps.iter().cloned().flatten().collect::<Vec<_>>(), missing.clone());
            prop_assert!(gaps.windows(2).all(|pair| pair[0].end < pair[1].start));
            prop_assert_eq!(intervals.holds(&range), missing.is_empty());
            prop_assert_eq!(intervals.count(&range), length - missing.len() as u64);
            prop_assert_eq!(intervals.within(&range).total(), length - missing.len() as u64);
            prop_assert!(intervals.within(&range).ranges().flatten().all(|byte| range.contains(&byte) && set.contains(&byte)));
            prop_assert_eq!(intervals.total(), set.len() as u64);
            prop_assert!(intervals.ends.iter().zip(intervals.ends.iter().skip(1)).all(|(one, next)| one.1 < next.0));
        }
    }
}
