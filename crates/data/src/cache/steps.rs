//! Short reads at equal distances: headers of the same array of each group, the same array of each time.

use std::ops::Range;

/// Reads that are nearer to each other are of one place.
const FAR: u64 = 256 << 10;
/// By how much a distance may differ from the one before.
const ABOUT: u64 = 64 << 10;

/// Where short reads went last.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps {
    last: Option<u64>,
    /// From the place before to the last one.
    step: Option<i64>,
    /// Where the next is supposed.
    expected: Option<Range<u64>>,
}

impl Steps {
    /// Learns of a read, and tells where the next will be if it is as far from this one as this from the one
    /// before. What is read of places that are there already, and were not foretold, is no step.
    pub(super) fn next(&mut self, at: u64, is_missed: bool) -> Option<u64> {
        let is_expected = self.expected.as_ref().is_some_and(|place| place.contains(&at));
        if !is_missed && !is_expected {
            return None;
        }
        let Some(last) = self.last else {
            self.last = Some(at);
            return None;
        };
        if at.abs_diff(last) < FAR {
            return None;
        }
        let step = i64::try_from(at).ok()?.checked_sub(i64::try_from(last).ok()?)?;
        let is_equal = self.step.is_some_and(|before| before.abs_diff(step) <= ABOUT);
        (self.last, self.step, self.expected) = (Some(at), Some(step), None);
        is_equal.then(|| at.checked_add_signed(step))?
    }

    /// Remembers what is fetched for the next.
    pub(super) fn expect(&mut self, place: Range<u64>) {
        self.expected = Some(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_steps_are_followed_and_others_are_not() {
        let mut steps = Steps::default();
        let mib = |count: u64| count << 20;
        assert_eq!(steps.next(mib(10), true), None);
        assert_eq!(steps.next(mib(10) + 500, true), None, "the same place");
        assert_eq!(steps.next(mib(14), true), None);
        assert_eq!(steps.next(mib(18), true), Some(mib(22)));
        steps.expect(mib(22) - 100..mib(22) + 100);
        assert_eq!(steps.next(mib(40), false), None, "it was there, for another reason");
        assert_eq!(steps.next(mib(22) + 9, false), Some(mib(26) + 18));
        assert_eq!(steps.next(mib(3), true), None);
        assert_eq!(steps.next(mib(1), true), None);
        assert_eq!(steps.next(mib(1) - FAR, true), None);
    }

    #[test]
    fn no_step_leads_out_of_numbers() {
        let mut steps = Steps::default();
        for at in [0, u64::MAX, u64::MAX / 2, u64::MAX - FAR, 1 << 62, 0] {
            steps.next(at, true);
        }
    }
}
