//! A canvas of numbers, cut along its first dimension so that each chunk lies in one slab of it: who paints on one does not
//! wait for who paints on another.

use std::sync::Mutex;

use super::{Canvas, Decoded, Elements, Painted, Touched, copied};
use crate::overlap::Overlap;
use crate::passes::locked;

/// The slabs of a canvas, in their order.
pub(super) struct Slabs<'a> {
    slabs: Vec<Slab<'a>>,
    /// Bytes of an element.
    size: usize,
}

struct Slab<'a> {
    /// Its first place along the first dimension of the canvas.
    from: u64,
    shape: Vec<u64>,
    bytes: Mutex<&'a mut [u8]>,
}

impl<'a> Slabs<'a> {
    /// None where they are texts, or all chunks lie in one.
    pub(super) fn of<'b>(canvas: &'a mut Canvas, touched: impl Iterator<Item = &'b Touched>) -> Option<Self> {
        let spans = spans(touched.filter_map(|touched| touched.overlaps.first()));
        if spans.len() < 2 {
            return None;
        }
        canvas.begin();
        let Painted::Numbers(bytes, size) = &mut canvas.elements else { return None };
        let inner =
            canvas.shape.iter().skip(1).try_fold(*size as u64, |all, length| all.checked_mul(*length))?;
        let (mut rest, mut behind, mut slabs) = (bytes.as_mut_slice(), 0, Vec::with_capacity(spans.len()));
        for (from, end) in spans {
            let bytes = |count: u64| usize::try_from(count.checked_mul(inner)?).ok();
            let (_, own) = rest.split_at_mut_checked(bytes(from - behind)?)?;
            let (own, left) = own.split_at_mut_checked(bytes(end - from)?)?;
            let mut shape = canvas.shape.clone();
            *shape.first_mut()? = end - from;
            slabs.push(Slab { from, shape, bytes: Mutex::new(own) });
            (rest, behind) = (left, end);
        }
        Some(Self { slabs, size: *size })
    }

    /// Puts what is wanted of a chunk where it belongs. False where the chunk is too small.
    pub(super) fn place(&self, decoded: &Decoded, overlaps: &[Overlap]) -> bool {
        let Some((along, Elements::Numbers(bytes))) = overlaps.first().zip(Some(&decoded.elements)) else {
            return false;
        };
        let number = self.slabs.partition_point(|slab| slab.from <= along.to);
        let Some(slab) = number.checked_sub(1).and_then(|number| self.slabs.get(number)) else {
            return false;
        };
        let mut overlaps = overlaps.to_vec();
        overlaps[0].to -= slab.from;
        let mut own = locked(&slab.bytes);
        copied((bytes, &decoded.shape), &overlaps, (&mut own, &slab.shape), self.size).is_some()
    }
}

/// The spans of the first dimension that have no chunk in common.
fn spans<'b>(along: impl Iterator<Item = &'b Overlap>) -> Vec<(u64, u64)> {
    let mut all: Vec<(u64, u64)> = along.map(|along| (along.to, along.to + along.count)).collect();
    all.sort_unstable();
    let mut spans: Vec<(u64, u64)> = Vec::new();
    for (from, end) in all {
        match spans.last_mut() {
            Some(last) if from < last.1 => last.1 = last.1.max(end),
            _ => spans.push((from, end)),
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_that_lie_over_each_other_are_one() {
        let of = |all: &[(u64, u64)]| {
            let along: Vec<Overlap> =
                all.iter().map(|(to, count)| Overlap { from: 0, step: 1, count: *count, to: *to }).collect();
            spans(along.iter())
        };
        assert_eq!(of(&[(4, 2), (0, 2), (2, 2), (0, 2)]), [(0, 2), (2, 4), (4, 6)]);
        assert_eq!(of(&[(0, 3), (2, 2), (7, 1), (3, 1)]), [(0, 4), (7, 8)]);
        assert_eq!(of(&[(0, 9), (1, 1), (8, 3)]), [(0, 11)]);
        assert!(of(&[]).is_empty());
    }
}
