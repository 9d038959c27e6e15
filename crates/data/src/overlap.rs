//! What a part of an array and a piece of it have in common, and how that is copied. All arrays are
//! row-major: the last dimension changes fastest.

use crate::dataset::Extent;

/// Elements of a piece along a dimension, and where they go in the part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overlap {
    /// The first, counted in the piece.
    pub(crate) from: u64,
    /// From one to the next in the piece.
    pub(crate) step: u64,
    /// How many.
    pub(crate) count: u64,
    /// Where the first goes in the part.
    pub(crate) to: u64,
}

impl Overlap {
    /// What an extent has of a piece of `length` elements from `origin` on.
    pub(crate) fn of(extent: Extent, origin: u64, length: u64) -> Self {
        let end = origin.saturating_add(length);
        let to = origin.saturating_sub(extent.start).div_ceil(extent.step);
        let past = end.saturating_sub(extent.start).div_ceil(extent.step).min(extent.count);
        let from = extent.start.saturating_add(to.saturating_mul(extent.step)).saturating_sub(origin);
        Self { from, step: extent.step, count: past.saturating_sub(to), to }
    }
}

/// Calls for each run of elements that lie together in the piece and in the part: its first element in
/// the piece, its first in the part, and its length. None once a call gives none, or where elements
/// cannot be counted.
pub(crate) fn runs(
    piece: &[u64],
    overlaps: &[Overlap],
    part: &[u64],
    mut each: impl FnMut(usize, usize, usize) -> Option<()>,
) -> Option<()> {
    if overlaps.iter().any(|overlap| overlap.count == 0) {
        return Some(());
    }
    let (outer, run) = run(piece, overlaps, part);
    let run = usize::try_from(run).ok()?;
    let (in_piece, in_part) = (strides(piece), strides(part));
    let start = |strides: &[u64], of: fn(&Overlap) -> u64| {
        overlaps
            .iter()
            .zip(strides)
            .try_fold(0u64, |sum, (overlap, stride)| sum.checked_add(of(overlap).checked_mul(*stride)?))
    };
    let mut from = start(&in_piece, |overlap| overlap.from)?;
    let mut to = start(&in_part, |overlap| overlap.to)?;
    let mut index = vec![0; outer];
    loop {
        each(usize::try_from(from).ok()?, usize::try_from(to).ok()?, run)?;
        let Some(axis) = (0..outer).rev().find(|axis| index[*axis] + 1 < overlaps[*axis].count) else {
            return Some(());
        };
        for behind in axis + 1..outer {
            from -= index[behind] * overlaps[behind].step * in_piece[behind];
            to -= index[behind] * in_part[behind];
            index[behind] = 0;
        }
        index[axis] += 1;
        from += overlaps[axis].step * in_piece[axis];
        to += in_part[axis];
    }
}

/// How many dimensions are gone through one by one, and how many elements are copied at once then:
/// dimensions at the end that are taken whole belong to one run, and the one before them, where its
/// elements follow each other.
fn run(piece: &[u64], overlaps: &[Overlap], part: &[u64]) -> (usize, u64) {
    let mut run = 1u64;
    for axis in (0..overlaps.len()).rev() {
        let Overlap { count, step, .. } = overlaps[axis];
        if step != 1 && count > 1 {
            return (axis + 1, run);
        }
        run = run.saturating_mul(count);
        if count != piece[axis] || count != part[axis] {
            return (axis, run);
        }
    }
    (0, run)
}

/// How many elements lie between one and the next along each dimension.
pub(crate) fn strides(shape: &[u64]) -> Vec<u64> {
    let mut strides = vec![1u64; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis].saturating_mul(shape[axis]);
    }
    strides
}

/// So many bytes of an element that is repeated.
pub(crate) fn filled(length: usize, element: &[u8]) -> Vec<u8> {
    if element.iter().all(|byte| *byte == 0) {
        return vec![0; length];
    }
    let mut bytes = Vec::with_capacity(length);
    bytes.extend_from_slice(&element[..element.len().min(length)]);
    while bytes.len() < length {
        bytes.extend_from_within(..bytes.len().min(length - bytes.len()));
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_is_repeated() {
        assert_eq!(filled(5, &[1, 2]), [1, 2, 1, 2, 1]);
        assert_eq!(filled(1, &[1, 2]), [1]);
        assert_eq!(filled(3, &[0]), [0; 3]);
        assert_eq!(filled(2, &[]), [0; 2]);
    }

    #[test]
    fn an_overlap_has_the_steps_that_lie_in_the_piece() {
        let extent = Extent { start: 1, count: 4, step: 3 };
        assert_eq!(Overlap::of(extent, 0, 5), Overlap { from: 1, step: 3, count: 2, to: 0 });
        assert_eq!(Overlap::of(extent, 5, 5), Overlap { from: 2, step: 3, count: 1, to: 2 });
        assert_eq!(Overlap::of(extent, 11, 5).count, 0);
    }

    #[test]
    fn runs_end_where_elements_cannot_be_counted() {
        let far = Overlap { from: u64::MAX, step: 1, count: 1, to: 0 };
        assert_eq!(runs(&[2, 2], &[far, far], &[1, 1], |_, _, _| Some(())), None);
    }
}
