//! Bins by any edges, and the one that a number falls into.
//!
//! What counts is `numpy.histogram` 2.4: a bin is closed on the left and open on the right, the last one is closed on both
//! sides, and numbers are compared as doubles. Floats are compared as what they are: for every edge there
//! is a first number that is not below it, so that one comparison of integers ([`Keyed::key`](crate::block::Keyed::key)) gives the same answer.
//! Which comparison it is tells a table by the number's upper bits, which for floats are its exponent and the
//! beginning of its fraction.

use multiversion::multiversion;

use crate::block::{Element, Key};
use crate::error::{Error, Result};

/// Tables have no more cells than this: 512 KiB for single precision.
const CELLS: u64 = 1 << 16;
/// How many keys are found at once.
const STRIP: usize = 256;

/// Bins between edges, and the slots that numbers are counted in: slot 0 is for what is below the first edge,
/// then come the bins, one for what is above the last edge, and one for NaN.
#[derive(Clone, Debug, PartialEq)]
pub struct Bins<T: Element> {
    slots: usize,
    /// The first key of each slot but the first.
    firsts: Vec<T::Key>,
    /// What cell a key is in: see [`Key::cell`].
    shift: u32,
    base: T::Key,
    last: T::Key,
    cells: Vec<Cell<T::Key>>,
    /// Whether no more than one slot begins within a cell.
    is_single: bool,
}

/// Keys that have the same upper bits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Cell<K> {
    /// The slot of the first of them.
    slot: u32,
    /// The last key of that slot.
    end: K,
}

impl<T: Element> Bins<T> {
    /// Bins between edges.
    ///
    /// # Errors
    /// Where there are fewer than two edges, more than a hundred million, or one is NaN or smaller than the one before.
    pub fn new(edges: &[f64]) -> Result<Self> {
        Self::check(edges)?;
        let mut bins = Self {
            slots: edges.len() + 2,
            firsts: firsts::<T>(edges),
            shift: 0,
            base: T::Key::default(),
            last: T::Key::default(),
            cells: Vec::new(),
            is_single: false,
        };
        bins.tabulate();
        Ok(bins)
    }

    /// Whether bins can be made between edges.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn check(edges: &[f64]) -> Result<()> {
        if edges.len() < 2 || edges.len() > 100_000_000 {
            let what = format!("{} edges of bins are given", edges.len());
            return Err(Error::invalid(what, "give at least two, and at most a hundred million"));
        }
        if let Some(place) = edges.iter().position(|edge| edge.is_nan()) {
            return Err(Error::invalid(
                format!("edge {place} of the bins is NaN"),
                "give numbers in rising order",
            ));
        }
        if let Some(place) = edges.windows(2).position(|pair| pair[0] > pair[1]) {
            let what = format!(
                "edge {} of the bins is {}, below {} before it",
                place + 1,
                edges[place + 1],
                edges[place]
            );
            return Err(Error::invalid(what, "give them in rising order"));
        }
        Ok(())
    }

    /// Bytes that bins take at most, for so many edges.
    pub fn bytes_at_most(edges: usize) -> usize {
        let cells = usize::try_from(CELLS).unwrap_or(usize::MAX).saturating_mul(size_of::<Cell<T::Key>>());
        edges.saturating_add(1).saturating_mul(size_of::<T::Key>()).saturating_add(cells)
    }

    /// How many slots there are: three more than bins.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// Calls a function with the place and the slot of each number.
    #[inline]
    pub(super) fn each(&self, numbers: &[T], mut with: impl FnMut(usize, u32)) {
        let mut strip = Strip { keys: [T::Key::default(); STRIP], cells: [T::Key::default(); STRIP] };
        for (number, part) in numbers.chunks(STRIP).enumerate() {
            find(part, (self.shift, self.base, self.last), &mut strip);
            let found = strip.keys.iter().zip(&strip.cells).take(part.len()).enumerate();
            let first = number * STRIP;
            if self.is_single {
                found.for_each(|(place, (key, cell))| with(first + place, self.single(*key, cell.index())));
            } else {
                found.for_each(|(place, (key, cell))| with(first + place, self.several(*key, cell.index())));
            }
        }
    }

    /// The slot of a key where no more than one slot begins within its cell.
    #[inline]
    fn single(&self, key: T::Key, cell: usize) -> u32 {
        let cell = self.cells[cell];
        cell.slot + u32::from(key > cell.end)
    }

    fn several(&self, key: T::Key, cell: usize) -> u32 {
        let begin = self.cells[cell].slot;
        let end = self.cells.get(cell + 1).map_or(self.firsts.len(), |next| next.slot as usize);
        let more = self.firsts[begin as usize..end].partition_point(|first| *first <= key);
        begin + u32::try_from(more).unwrap_or(u32::MAX)
    }

    /// Makes the table: the smallest one in which no more than one slot begins within a cell, or the largest
    /// one that is allowed.
    fn tabulate(&mut self) {
        // Every key as it is where slots begin at one key only.
        let begins = self.firsts.iter().filter(|first| **first <= T::LAST).map(|first| first.to_u64());
        let (low, high) = (begins.clone().min().unwrap_or(0), begins.max().unwrap_or(0));
        let cells = |shift: u32| (high >> shift) - (low >> shift) + 2;
        let most = T::Key::BITS - 1;
        let allowed = (0..=most).find(|shift| cells(*shift) <= CELLS).unwrap_or(most);
        let is_single = |shift: u32| {
            let cell =
                |first: &T::Key| (first.to_u64() >> shift).saturating_sub(low >> shift).min(cells(shift) - 1);
            self.firsts.windows(2).all(|pair| cell(&pair[0]) != cell(&pair[1]))
        };
        let found = (allowed..=most).rev().find(|shift| is_single(*shift));
        self.is_single = found.is_some();
        self.shift = found.unwrap_or(allowed);
        self.base = T::Key::of_u64(low >> self.shift);
        self.last = T::Key::of_u64(cells(self.shift) - 1);
        let mut slot = 0;
        let cell = |number: u64| {
            let begin =
                if number == 0 { 0 } else { ((low >> self.shift) + number).saturating_mul(1 << self.shift) };
            slot += self.firsts[slot..].iter().take_while(|first| first.to_u64() <= begin).count();
            let end = self.firsts.get(slot).map_or(T::Key::MAX, |first| T::Key::of_u64(first.to_u64() - 1));
            Cell { slot: u32::try_from(slot).unwrap_or(u32::MAX), end }
        };
        self.cells = (0..cells(self.shift)).map(cell).collect();
    }
}

/// The first key of each slot but the first: of every bin, of what is above all, and of NaN. Shorter where no
/// number is in the last slots.
fn firsts<T: Element>(edges: &[f64]) -> Vec<T::Key> {
    let nan = T::HAS_NAN.then(|| T::LAST.to_u64() + 1);
    let bins = edges.iter().take(edges.len() - 1).map(|edge| first::<T>(|number| number >= *edge));
    let above = edges.last().map(|top| first::<T>(|number| number > *top));
    let mut firsts = Vec::with_capacity(edges.len() + 1);
    firsts.extend(bins.chain(above).map_while(|first| first.or(nan)).chain(nan).map(T::Key::of_u64));
    firsts
}

/// The first key of a number that is so, where all larger ones are too; none where no number is.
fn first<T: Element>(is_so: impl Fn(f64) -> bool) -> Option<u64> {
    let is_so = |key: u64| is_so(T::of_key(T::Key::of_u64(key)).to_f64());
    let (mut low, mut high) = (0, T::LAST.to_u64());
    if !is_so(high) {
        return None;
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if is_so(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(low)
}

/// The slots of numbers. The shorter of the two decides how many.
pub fn slots<T: Element>(bins: &Bins<T>, numbers: &[T], slots: &mut [u32]) {
    let count = slots.len().min(numbers.len());
    bins.each(&numbers[..count], |place, slot| slots[place] = slot);
}

/// Slots of one more variable: a slot becomes `slot * bins.slots() + found`, which is the place in a table over
/// the slots of all variables in row-major order.
pub fn join<T: Element>(bins: &Bins<T>, numbers: &[T], slots: &mut [u32]) {
    let width = u32::try_from(bins.slots()).unwrap_or(u32::MAX);
    let count = slots.len().min(numbers.len());
    bins.each(&numbers[..count], |place, slot| {
        slots[place] = slots[place].wrapping_mul(width).wrapping_add(slot);
    });
}

/// What is known of numbers that are found at once.
struct Strip<K> {
    keys: [K; STRIP],
    cells: [K; STRIP],
}

/// Keys of numbers, and the cells that they are in.
#[multiversion(targets = "simd")]
fn find<T: Element>(numbers: &[T], (shift, base, last): (u32, T::Key, T::Key), strip: &mut Strip<T::Key>) {
    for ((key, cell), number) in strip.keys.iter_mut().zip(&mut strip.cells).zip(numbers) {
        *key = number.key();
        *cell = key.cell(shift, base, last);
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the very numbers are meant")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The slot by the definition.
    fn naive(edges: &[f64], number: f64) -> usize {
        let bins = edges.len() - 1;
        if number.is_nan() {
            bins + 2
        } else if number > edges[bins] {
            bins + 1
        } else if number == edges[bins] {
            bins
        } else {
            edges.iter().filter(|edge| **edge <= number).count()
        }
    }

    fn agrees<T: Element>(edges: &[f64], numbers: &[T]) {
        let bins = Bins::<T>::new(edges).unwrap();
        let mut found = vec![0; numbers.len()];
        slots(&bins, numbers, &mut found);
        for (number, found) in numbers.iter().zip(found) {
            assert_eq!(found as usize, naive(edges, number.to_f64()), "{number:?} in {edges:?}");
        }
    }

    /// Edges as people give them, and hostile ones.
    fn edges() -> impl Strategy<Value = Vec<f64>> {
        let hostile = prop_oneof![
            any::<f64>().prop_filter("no NaN", |edge| !edge.is_nan()),
            Just(0.0),
            Just(-0.0),
            Just(f64::INFINITY),
            Just(f64::NEG_INFINITY),
            (-40..40_i32).prop_map(f64::from),
            (-1.0..1.0).prop_map(|edge: f64| edge * 1e-3),
        ];
        let any = prop::collection::vec(hostile, 2..40);
        let even = (-1e3..1e3, 1e-3..1e2, 2..500_i32).prop_map(|(first, step, count)| {
            (0..count).map(|place| first + f64::from(place) * step).collect()
        });
        let log = (-6.0..1.0, 0.01..0.5, 2..100_i32).prop_map(|(first, step, count): (f64, f64, i32)| {
            (0..count).map(|place| 10_f64.powf(first + f64::from(place) * step)).collect()
        });
        prop_oneof![any, even, log].prop_map(|mut edges: Vec<f64>| {
            edges.sort_by(f64::total_cmp);
            edges
        })
    }

    /// Numbers on, just below and just above edges, and hostile ones.
    fn numbers(edges: &[f64], more: Vec<f64>) -> Vec<f64> {
        let near = edges.iter().flat_map(|edge| [*edge, edge.next_down(), edge.next_up()]);
        let special = [f64::NAN, -f64::NAN, 0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN];
        near.chain(special).chain(more).collect()
    }

    #[expect(clippy::cast_possible_truncation, reason = "numbers of smaller types are wanted")]
    fn singles(numbers: &[f64]) -> Vec<f32> {
        numbers
            .iter()
            .flat_map(|number| {
                let single = *number as f32;
                [single, single.next_down(), single.next_up()]
            })
            .collect()
    }

    proptest! {
        #[test]
        fn floats_are_in_their_bins(edges in edges(), more in prop::collection::vec(any::<f64>(), 0..20)) {
            let numbers = numbers(&edges, more);
            agrees(&edges, &numbers);
            agrees(&edges, &singles(&numbers));
        }

        #[test]
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cut numbers will do")]
        fn integers_are_in_their_bins(edges in edges(), bits in prop::collection::vec(any::<i64>(), 1..40)) {
            let bits: Vec<i64> = bits.into_iter().chain([i64::MIN, i64::MAX, 0, -1, 1, -40, 39]).collect();
            agrees(&edges, &bits);
            agrees(&edges, &bits.iter().map(|bits| bits.cast_unsigned()).collect::<Vec<_>>());
            agrees(&edges, &bits.iter().map(|bits| *bits as i32).collect::<Vec<_>>());
            agrees(&edges, &bits.iter().map(|bits| *bits as u32).collect::<Vec<_>>());
            agrees(&edges, &bits.iter().map(|bits| *bits as i16).collect::<Vec<_>>());
            agrees(&edges, &bits.iter().map(|bits| *bits as u8).collect::<Vec<_>>());
        }
    }

    #[test]
    fn bins_too_narrow_for_a_table_are_searched() {
        let mut edge = 1.0_f64;
        let edges: Vec<f64> = (0..1000)
            .map(|_| {
                edge = edge.next_up();
                edge
            })
            .chain([1e300])
            .collect();
        let bins = Bins::<f64>::new(&edges).unwrap();
        assert!(!bins.is_single);
        agrees(&edges, &numbers(&edges, vec![1e-300, 2.0]));
    }

    #[test]
    fn bins_of_rain_have_a_small_table() {
        let edges: Vec<f64> =
            (0..=50).map(|place| 10_f64.powf(-5.0 + 7.0 * f64::from(place) / 50.0)).collect();
        let bins = Bins::<f32>::new(&edges).unwrap();
        assert!(bins.is_single && bins.cells.len() < 1000, "{}", bins.cells.len());
    }

    #[test]
    fn edges_that_make_no_bins_are_refused() {
        for edges in [&[][..], &[1.0], &[0.0, f64::NAN], &[1.0, 0.5]] {
            assert!(Bins::<f32>::new(edges).is_err(), "{edges:?}");
        }
        let error = Bins::<f32>::new(&[0.0, 2.0, 1.0]).unwrap_err();
        assert_eq!(error.to_string(), "edge 2 of the bins is 1, below 2 before it");
    }

    #[test]
    fn slots_of_several_variables_are_joined() {
        let (one, other) =
            (Bins::<f32>::new(&[0.0, 1.0]).unwrap(), Bins::<f64>::new(&[0.0, 1.0, 2.0]).unwrap());
        let mut places = [0; 3];
        slots(&one, &[0.5, 7.0, f32::NAN], &mut places);
        join(&other, &[1.5, -1.0, 0.0], &mut places);
        assert_eq!(places, [5 + 2, 2 * 5, 3 * 5 + 1]);
    }
}
