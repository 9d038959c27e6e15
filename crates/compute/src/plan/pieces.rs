//! An axis in pieces, by arithmetic.

use crate::expression::Span;

/// A span that is cut wherever an index leaves a remainder when it is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pieces {
    span: Span,
    step: u64,
    phase: u64,
}

impl Pieces {
    /// Cuts where `index % step == phase % step`.
    pub(crate) fn new(span: Span, step: u64, phase: u64) -> Self {
        let step = step.max(1);
        Self { span, step, phase: phase % step }
    }

    /// One piece.
    pub(crate) fn whole(span: Span) -> Self {
        Self::new(span, u64::MAX, span.start)
    }

    /// The same cuts of another part of the axis.
    pub(crate) fn within(self, span: Span) -> Self {
        Self { span, ..self }
    }

    /// The number of the piece that an index of the span is in.
    pub(crate) fn number(&self, index: u64) -> u64 {
        index.checked_sub(self.first_cut()).map_or(0, |behind| 1 + behind / self.step)
    }

    /// Elements of the longest piece, at most.
    pub(crate) fn longest(&self) -> u64 {
        self.step.min(self.span.count)
    }

    /// How many pieces there are.
    pub(crate) fn count(&self) -> u64 {
        if self.span.count == 0 {
            return 0;
        }
        match (self.span.end() - 1).checked_sub(self.first_cut()) {
            Some(behind) => 2 + behind / self.step,
            None => 1,
        }
    }

    /// A piece by its number.
    pub(crate) fn get(&self, number: u64) -> Span {
        let cut = |number: u64| self.first_cut().saturating_add(number.saturating_mul(self.step));
        let start = if number == 0 { self.span.start } else { cut(number - 1) };
        let end = cut(number).min(self.span.end());
        Span { start, count: end.saturating_sub(start) }
    }

    /// The first place behind the start where it is cut, if it is long enough.
    fn first_cut(&self) -> u64 {
        let from = u128::from(self.span.start % self.step) + u128::from(self.step - self.phase);
        let behind = u64::try_from(from % u128::from(self.step)).unwrap_or_default();
        self.span.start.saturating_add(self.step - behind)
    }
}

/// The indices where chunks of a length and windows of another begin together: they are those that leave
/// this remainder (second) when divided by this (first). None where they never do.
pub(crate) fn together(chunk: u64, window: u64, first_window: u64) -> Option<(u64, u64)> {
    let (common, inverse) = extended(chunk, window);
    if common == 0 || !first_window.is_multiple_of(common) {
        return None;
    }
    let every = chunk.checked_mul(window / common)?;
    let modulus = i128::from(window / common);
    let chunks = (i128::from(first_window / common) % modulus * inverse).rem_euclid(modulus);
    let at = u128::from(chunk) * chunks.unsigned_abs() % u128::from(every);
    Some((every, u64::try_from(at).ok()?))
}

/// The greatest common divisor, and the factor of the first number in the sum that it is (Euclid's extended
/// algorithm).
fn extended(one: u64, other: u64) -> (u64, i128) {
    let (mut rests, mut factors) = ((i128::from(one), i128::from(other)), (1, 0));
    while rests.1 != 0 {
        let quotient = rests.0 / rests.1;
        rests = (rests.1, rests.0 - quotient * rests.1);
        factors = (factors.1, factors.0 - quotient * factors.1);
    }
    (u64::try_from(rests.0).unwrap_or_default(), factors.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_are_all_of_it_in_order(start in 0..50_u64, count in 0..50_u64, step in 1..60_u64, phase in 0..70_u64) {
            let pieces = Pieces::new(Span { start, count }, step, phase);
            let mut at = start;
            for number in 0..pieces.count() {
                let piece = pieces.get(number);
                prop_assert_eq!(piece.start, at);
                prop_assert!(piece.count > 0 && piece.count <= pieces.longest());
                prop_assert!(at == start || at % step == phase % step);
                prop_assert!((piece.start..piece.end()).all(|index| pieces.number(index) == number));
                at = piece.end();
            }
            prop_assert_eq!(at, start + count);
        }

        #[test]
        fn chunks_and_windows_begin_together_where_it_is_said(chunk in 1..40_u64, window in 1..40_u64, first in 0..200_u64) {
            let all: Vec<u64> = (first..first + 2 * chunk * window)
                .filter(|at| at % chunk == 0 && (at - first) % window == 0).collect();
            match together(chunk, window, first) {
                None => prop_assert_eq!(all, Vec::<u64>::new()),
                Some((every, at)) => {
                    let due: Vec<u64> = (first..first + 2 * chunk * window).filter(|index| index % every == at).collect();
                    prop_assert_eq!(all, due);
                }
            }
        }
    }

    #[test]
    fn the_largest_numbers_are_no_trouble() {
        assert_eq!(Pieces::whole(Span { start: 3, count: u64::MAX - 3 }).count(), 1);
        assert_eq!(together(u64::MAX, u64::MAX - 1, 0), None);
        assert_eq!(together(u64::MAX, u64::MAX, 0), Some((u64::MAX, 0)));
    }
}
