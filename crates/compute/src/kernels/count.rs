//! Histograms: numbers counted, or their weights added up, by the slots of their bins.

use super::bins::Bins;
use crate::block::Element;

/// Counters of one row. Numbers that follow each other are counted in different ones, so that a number need not wait
/// for the one before it where both are of the same slot.
const LANES: usize = 4;

/// Memory in which [`count`] counts a row.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    lanes: Vec<[u32; LANES]>,
}

impl Tally {
    /// Memory for a number of slots.
    pub fn new(slots: usize) -> Self {
        Self { lanes: vec![[0; LANES]; slots] }
    }

    /// Bytes that it takes.
    pub fn bytes_of(slots: usize) -> usize {
        slots.saturating_mul(size_of::<[u32; LANES]>())
    }
}

/// Counts the numbers of a row into one histogram: `counts` has a place for each of [`Bins::slots`].
pub fn count<T: Element>(bins: &Bins<T>, row: &[T], tally: &mut Tally, counts: &mut [u64]) {
    // Adding lanes up costs as much as counting some numbers for each slot.
    if row.len() < 4 * bins.slots() {
        bins.each(row, |_, slot| counts[slot as usize] += 1);
        return;
    }
    tally.lanes.resize(bins.slots(), [0; LANES]);
    for part in row.chunks(u32::MAX as usize) {
        bins.each(part, |place, slot| tally.lanes[slot as usize][place % LANES] += 1);
        for (count, lanes) in counts.iter_mut().zip(&mut tally.lanes) {
            *count += lanes.iter().map(|lane| u64::from(*lane)).sum::<u64>();
            *lanes = [0; LANES];
        }
    }
}

/// Counts the numbers of places each into a histogram of its own: `counts` has `width` places for each number, and
/// `slots` are less than that.
pub fn count_across(slots: &[u32], width: usize, counts: &mut [u64]) {
    for (slot, counts) in slots.iter().zip(counts.chunks_exact_mut(width)) {
        counts[*slot as usize] += 1;
    }
}

/// Counts slots into one histogram.
pub fn count_into(slots: &[u32], counts: &mut [u64]) {
    for slot in slots {
        counts[*slot as usize] += 1;
    }
}

/// Adds weights up by their slots, in the order in which they are given, as `numpy.bincount` does. NaN weighs nothing
/// that is a number: the slot's sum becomes NaN.
pub fn weigh_into<W: Element>(slots: &[u32], weights: &[W], sums: &mut [f64]) {
    for (slot, weight) in slots.iter().zip(weights) {
        sums[*slot as usize] += weight.to_f64();
    }
}

/// Adds weights up each into a histogram of its own: see [`count_across`].
pub fn weigh_across<W: Element>(slots: &[u32], weights: &[W], width: usize, sums: &mut [f64]) {
    for ((slot, weight), sums) in slots.iter().zip(weights).zip(sums.chunks_exact_mut(width)) {
        sums[*slot as usize] += weight.to_f64();
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the very numbers are meant")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::slots;

    proptest! {
        #[test]
        fn a_row_is_counted_slot_by_slot(row in prop::collection::vec(-1.0_f32..6.0, 0..2000), few in 2..6_u8) {
            let edges: Vec<f64> = (0..few).map(f64::from).collect();
            let bins = Bins::new(&edges).unwrap();
            let mut places = vec![0; row.len()];
            slots(&bins, &row, &mut places);
            let mut by_one = vec![1; bins.slots()];
            count_into(&places, &mut by_one);
            let (mut counts, mut tally) = (vec![1; bins.slots()], Tally::default());
            count(&bins, &row, &mut tally, &mut counts);
            prop_assert_eq!(&counts, &by_one);
            count(&bins, &row, &mut tally, &mut counts);
            prop_assert_eq!(counts.iter().sum::<u64>(), bins.slots() as u64 + 2 * row.len() as u64);
        }
    }

    /// `numpy.histogram` 2.4.6 of `numpy.float32([.1, .2, .3, 1, 1, 2, inf, -1, nan])` over `[.1, .2, .3, 1]`, where the
    /// nearest singles to the first edges are above them, and with the weights 0 to 8.
    #[test]
    fn counts_and_weights_are_those_of_numpy() {
        let row = [0.1_f32, 0.2, 0.3, 1.0, 1.0, 2.0, f32::INFINITY, -1.0, f32::NAN];
        let bins = Bins::new(&[0.1, 0.2, 0.3, 1.0]).unwrap();
        let (mut counts, mut tally) = (vec![0; bins.slots()], Tally::new(bins.slots()));
        count(&bins, &row, &mut tally, &mut counts);
        assert_eq!(counts, [1, 1, 1, 3, 2, 1]);
        let (mut places, mut sums) = ([0; 9], [0.0; 6]);
        slots(&bins, &row, &mut places);
        weigh_into(&places, &[0_u8, 1, 2, 3, 4, 5, 6, 7, 8], &mut sums);
        assert_eq!(sums, [7.0, 0.0, 1.0, 2.0 + 3.0 + 4.0, 5.0 + 6.0, 8.0]);
    }

    #[test]
    fn each_number_has_a_histogram_of_its_own() {
        let (mut counts, mut sums) = ([0; 6], [0.5; 6]);
        count_across(&[2, 0], 3, &mut counts);
        weigh_across(&[2, 0], &[2.0_f32, 3.0], 3, &mut sums);
        assert_eq!(counts, [0, 0, 1, 1, 0, 0]);
        assert_eq!(sums, [0.5, 0.5, 2.5, 3.5, 0.5, 0.5]);
    }
}
