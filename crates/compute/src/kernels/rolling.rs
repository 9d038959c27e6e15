//! Windows that move along an axis: the sum, mean, spread, least or largest of the numbers in each.
//!
//! Nothing is ever subtracted: a window is the end of one stretch of steps and the beginning of the next one, and what is known
//! of both is put together (M. van Herk, 1992; J. Gil and M. Werman, 1993, for extremes). So NaN and infinities are
//! in the windows that hold them and in no other, and errors do not add up along the axis. Stretches begin at multiples of the
//! window's length in the whole array: the answer does not depend on how it is cut.

use std::fmt;
use std::ops::Range;

use multiversion::multiversion;

use super::fold::Accumulator;
use super::moments::Moments;
use crate::block::Element;
use crate::error::{Error, Result};

/// Columns that are done at once: what is known of a stretch of them fits the second level of a cache.
const TILE: usize = 512;

/// Windows have no more steps than this: seven years of hours, for which 400 MB are taken, or 800 MB for deviations.
const LONGEST: usize = 1 << 16;

/// A window that moves along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "(usize, usize, usize)", into = "(usize, usize, usize)")]
pub struct Window {
    /// Steps in it.
    length: usize,
    /// As many numbers have to be there for a result (`min_periods` of xarray).
    least: usize,
    /// Steps of it that lie behind the step whose window it is.
    behind: usize,
}

/// What is wanted of each window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Rolling {
    /// The sum of its numbers.
    Sum,
    /// Their mean.
    Mean,
    /// The least one.
    Least,
    /// The largest one.
    Largest,
    /// Their standard deviation, with so many degrees of freedom taken from the count (`ddof` of numpy).
    Deviation(u64),
}

/// What it is called.
impl fmt::Display for Rolling {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Least => "least",
            Self::Largest => "largest",
            Self::Deviation(_) => "standard deviation",
        })
    }
}

/// Steps of an array that follow each other.
#[derive(Clone, Copy, Debug)]
pub struct Steps<'a, T> {
    values: &'a [T],
    width: usize,
    first: usize,
    count: usize,
}

impl Window {
    /// A window that ends at its step and has a result where all of its numbers are there.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a window without steps, or of more than 65536.
    pub fn new(length: usize) -> Result<Self> {
        if length == 0 || length > LONGEST {
            let advice = format!("give at least one step, and at most {LONGEST}");
            return Err(Error::invalid(format!("a window cannot be of {length} steps"), advice));
        }
        Ok(Self { length, least: length, behind: 0 })
    }

    /// One that has a result where so many numbers are there: no fewer than one is taken, and no more than it has steps.
    #[must_use]
    pub fn with_least(self, least: usize) -> Self {
        Self { least: least.clamp(1, self.length), ..self }
    }

    /// One whose step is in its middle; of an even length, the first of the second half, as in xarray.
    #[must_use]
    pub fn centred(self) -> Self {
        Self { behind: (self.length - 1) / 2, ..self }
    }

    /// Steps in it.
    pub fn length(self) -> usize {
        self.length
    }

    /// How many numbers have to be there for a result.
    pub fn least(self) -> usize {
        self.least
    }

    /// Whether its step is in its middle.
    pub fn is_centred(self) -> bool {
        self.behind > 0
    }

    /// How many steps have their whole windows before a step.
    pub(crate) fn ready(self, before: usize) -> usize {
        before.saturating_sub(self.behind)
    }

    /// Bytes that [`rolling`] takes besides what it is given.
    pub fn bytes(self, what: Rolling) -> usize {
        let each = match what {
            Rolling::Deviation(_) => size_of::<[Moments; TILE]>(),
            _ => size_of::<Known<TILE>>(),
        };
        (self.length + 1) * each
    }

    /// The steps that the windows of steps are made of, of an axis of so many.
    pub fn needs(self, steps: &Range<usize>, axis: usize) -> Range<usize> {
        let before = self.length - 1 - self.behind;
        let end = steps.end.saturating_add(self.behind).min(axis);
        steps.start.saturating_sub(before).min(end)..end
    }
}

impl TryFrom<(usize, usize, usize)> for Window {
    type Error = Error;

    fn try_from((length, least, behind): (usize, usize, usize)) -> Result<Self> {
        let window = Self::new(length)?;
        if (1..=length).contains(&least) && behind < length {
            return Ok(Self { least, behind, ..window });
        }
        let what = format!("a window of {length} steps has no {least} numbers with {behind} steps behind");
        Err(Error::invalid(what, "make it by its functions"))
    }
}

impl From<Window> for (usize, usize, usize) {
    fn from(window: Window) -> Self {
        (window.length, window.least, window.behind)
    }
}

impl<'a, T> Steps<'a, T> {
    /// Steps from `first` on, of `width` numbers each: the columns of which windows are made.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the numbers are not whole steps.
    pub fn new(values: &'a [T], width: usize, first: usize) -> Result<Self> {
        let count = values.len().checked_div(width).unwrap_or(0);
        if count * width == values.len() && first.checked_add(count).is_some() {
            return Ok(Self { values, width, first, count });
        }
        let what = format!("{} numbers are no steps of {width} from {first} on", values.len());
        Err(Error::invalid(what, "give whole steps"))
    }

    fn row(&self, step: usize, columns: &Range<usize>) -> Option<&'a [T]> {
        let place = step.checked_sub(self.first).filter(|place| *place < self.count)?;
        Some(&self.values[place * self.width..][columns.clone()])
    }
}

/// The results of windows of the steps `wanted`, one row after the other. `steps` holds those that [`Window::needs`] gives: what
/// is not in them counts as not there.
///
/// # Errors
/// [`Error::Invalid`] where `out` is not as large as the wanted steps.
pub fn rolling<T: Element, A: Accumulator>(
    what: Rolling,
    window: Window,
    steps: Steps<'_, T>,
    wanted: Range<usize>,
    out: &mut [A],
) -> Result<()> {
    if wanted.len().checked_mul(steps.width) != Some(out.len()) {
        let text =
            format!("{} places are not for {} steps of {} numbers", out.len(), wanted.len(), steps.width);
        return Err(Error::invalid(text, "give a place for each number of the wanted steps"));
    }
    let job = Job { window, steps, wanted };
    match what {
        Rolling::Sum => job.run::<Sum, A>(out, |sum, _| sum),
        Rolling::Mean => job.run::<Sum, A>(out, |sum, count| sum / count),
        Rolling::Least => job.run::<Least, A>(out, |least, _| least),
        Rolling::Largest => job.run::<Largest, A>(out, |largest, _| largest),
        Rolling::Deviation(freedom) => job.deviations(freedom, out),
    }
    Ok(())
}

/// How two numbers become one.
trait Join {
    /// What changes nothing.
    const NONE: f64;
    /// Of two, one.
    fn join(one: f64, other: f64) -> f64;
}

struct Sum;
struct Least;
struct Largest;

impl Join for Sum {
    const NONE: f64 = 0.0;
    #[inline]
    fn join(one: f64, other: f64) -> f64 {
        one + other
    }
}

impl Join for Least {
    const NONE: f64 = f64::INFINITY;
    #[inline]
    fn join(one: f64, other: f64) -> f64 {
        if one < other { one } else { other }
    }
}

impl Join for Largest {
    const NONE: f64 = f64::NEG_INFINITY;
    #[inline]
    fn join(one: f64, other: f64) -> f64 {
        if one > other { one } else { other }
    }
}

struct Job<'a, T> {
    window: Window,
    steps: Steps<'a, T>,
    wanted: Range<usize>,
}

/// What is known of the columns of a tile.
#[derive(Clone, Copy)]
struct Known<const N: usize> {
    /// Their numbers joined.
    joined: [f64; N],
    /// How many they are.
    counts: [u32; N],
}

impl<const N: usize> Known<N> {
    fn nothing<J: Join>() -> Self {
        Self { joined: [J::NONE; N], counts: [0; N] }
    }

    /// Becomes what is known of the first columns of another: a tile may have few of them.
    fn copy(&mut self, other: &Self, columns: usize) {
        self.joined[..columns].copy_from_slice(&other.joined[..columns]);
        self.counts[..columns].copy_from_slice(&other.counts[..columns]);
    }
}

impl<T: Element> Job<'_, T> {
    /// Tiles of columns, the last one narrower.
    fn tiles(&self) -> impl Iterator<Item = Range<usize>> + use<T> {
        let width = self.steps.width;
        (0..width).step_by(TILE).map(move |first| first..(first + TILE).min(width))
    }

    /// The last steps of the windows that are wanted.
    fn ends(&self) -> Range<usize> {
        self.wanted.start.saturating_add(self.window.behind)
            ..self.wanted.end.saturating_add(self.window.behind)
    }

    fn run<J: Join, A: Accumulator>(&self, out: &mut [A], finish: impl Fn(f64, f64) -> f64 + Copy) {
        let length = self.window.length;
        let nothing = Known::<TILE>::nothing::<J>();
        let mut suffixes = vec![nothing; length];
        for columns in self.tiles() {
            let mut prefix = Known::nothing::<J>();
            for end in self.ends() {
                let (stretch, place) = (end / length * length, end % length);
                if place == 0 || end == self.ends().start {
                    self.suffixes::<J>(stretch, &columns, &mut suffixes);
                    prefix = Known::nothing::<J>();
                    (stretch..end).for_each(|step| self.take::<J>(step, &columns, &mut prefix));
                }
                self.take::<J>(end, &columns, &mut prefix);
                let before = suffixes.get(place + 1).unwrap_or(&nothing);
                let row = (end - self.ends().start) * self.steps.width;
                let out = &mut out[row..][columns.clone()];
                put::<J, A, TILE>(before, &prefix, self.window.least, finish, out);
            }
        }
    }

    /// Of the stretch before a step, what is known from each of its steps to its end.
    fn suffixes<J: Join>(&self, stretch: usize, columns: &Range<usize>, suffixes: &mut [Known<TILE>]) {
        let mut known = Known::nothing::<J>();
        for (back, suffix) in suffixes.iter_mut().rev().enumerate() {
            if let Some(step) = stretch.checked_sub(back + 1) {
                self.take::<J>(step, columns, &mut known);
            }
            suffix.copy(&known, columns.len());
        }
    }

    fn take<J: Join>(&self, step: usize, columns: &Range<usize>, known: &mut Known<TILE>) {
        if let Some(row) = self.steps.row(step, columns) {
            take::<J, T, TILE>(row, known);
        }
    }

    /// As [`Self::run`], of what takes three numbers to know.
    fn deviations<A: Accumulator>(&self, freedom: u64, out: &mut [A]) {
        let length = self.window.length;
        let mut suffixes = vec![[Moments::default(); TILE]; length];
        for columns in self.tiles() {
            let mut prefix = [Moments::default(); TILE];
            let take = |step: usize, known: &mut [Moments; TILE]| {
                let row = self.steps.row(step, &columns).unwrap_or_default();
                known.iter_mut().zip(row).for_each(|(known, number)| known.add(number.to_f64()));
            };
            for end in self.ends() {
                let (stretch, place) = (end / length * length, end % length);
                if place == 0 || end == self.ends().start {
                    let mut known = [Moments::default(); TILE];
                    for (back, suffix) in suffixes.iter_mut().rev().enumerate() {
                        stretch.checked_sub(back + 1).into_iter().for_each(|step| take(step, &mut known));
                        suffix[..columns.len()].copy_from_slice(&known[..columns.len()]);
                    }
                    prefix = [Moments::default(); TILE];
                    (stretch..end).for_each(|step| take(step, &mut prefix));
                }
                take(end, &mut prefix);
                let row = (end - self.ends().start) * self.steps.width;
                for (column, out) in out[row..][columns.clone()].iter_mut().enumerate() {
                    let mut moments =
                        suffixes.get(place + 1).map_or_else(Moments::default, |known| known[column]);
                    moments.merge(prefix[column]);
                    let is_enough = moments.count >= self.window.least as u64;
                    *out = A::of(if is_enough { moments.variance(freedom).sqrt() } else { f64::NAN });
                }
            }
        }
    }
}

#[multiversion(targets = "simd")]
fn take<J: Join, T: Element, const N: usize>(row: &[T], known: &mut Known<N>) {
    for ((joined, count), number) in known.joined.iter_mut().zip(&mut known.counts).zip(row) {
        let number = number.to_f64();
        let is_there = !number.is_nan();
        *joined = J::join(*joined, if is_there { number } else { J::NONE });
        *count += u32::from(is_there);
    }
}

#[multiversion(targets = "simd")]
fn put<J: Join, A: Accumulator, const N: usize>(
    before: &Known<N>,
    prefix: &Known<N>,
    least: usize,
    finish: impl Fn(f64, f64) -> f64 + Copy,
    out: &mut [A],
) {
    let least = u32::try_from(least).unwrap_or(u32::MAX);
    let joined = before.joined.iter().zip(&prefix.joined);
    let counts = before.counts.iter().zip(&prefix.counts);
    for (((one, other), (some, more)), out) in joined.zip(counts).zip(out) {
        let count = some + more;
        let joined = finish(J::join(*one, *other), f64::from(count));
        *out = A::of(if count >= least { joined } else { f64::NAN });
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the very numbers are meant")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::moments::as_f64;

    fn number() -> impl Strategy<Value = f32> {
        prop_oneof![20 => -1e3_f32..1e3, 2 => Just(f32::NAN), 1 => Just(f32::INFINITY), 1 => Just(f32::NEG_INFINITY)]
    }

    fn what() -> impl Strategy<Value = Rolling> {
        prop_oneof![
            Just(Rolling::Sum),
            Just(Rolling::Mean),
            Just(Rolling::Least),
            Just(Rolling::Largest),
            (0..2_u64).prop_map(Rolling::Deviation),
        ]
    }

    /// A window by the definition.
    fn naive(what: Rolling, numbers: &[f64], least: usize) -> f64 {
        let there: Vec<f64> = numbers.iter().copied().filter(|number| !number.is_nan()).collect();
        let (sum, count) = (there.iter().sum::<f64>(), as_f64(there.len() as u64));
        if there.len() < least {
            return f64::NAN;
        }
        match what {
            Rolling::Sum => sum,
            Rolling::Mean => sum / count,
            Rolling::Least => there.iter().copied().fold(f64::INFINITY, f64::min),
            Rolling::Largest => there.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Rolling::Deviation(freedom) if there.len() as u64 <= freedom => f64::NAN,
            Rolling::Deviation(freedom) => {
                let squares = there.iter().map(|number| (number - sum / count).powi(2)).sum::<f64>();
                (squares / (count - as_f64(freedom))).sqrt()
            }
        }
    }

    fn is_near(one: f64, other: f64) -> bool {
        one.is_nan() && other.is_nan() || one.to_bits() == other.to_bits() || (one - other).abs() <= 1e-9
    }

    proptest! {
        #[test]
        fn windows_are_those_of_the_definition(
            numbers in prop::collection::vec(number(), 0..120),
            (width, length, least, is_centred) in (1..4_usize, 1..9_usize, 1..9_usize, any::<bool>()),
            what in what(),
            (from, to) in (0..40_usize, 0..40_usize),
        ) {
            let count = numbers.len() / width;
            let numbers = &numbers[..count * width];
            let window = Window::new(length).unwrap().with_least(least);
            let window = if is_centred { window.centred() } else { window };
            let wanted = from.min(count)..to.clamp(from.min(count), count);
            let needs = window.needs(&wanted, count);
            let steps = Steps::new(&numbers[needs.start * width..needs.end * width], width, needs.start).unwrap();
            let mut out = vec![0.0_f64; wanted.len() * width];
            rolling(what, window, steps, wanted.clone(), &mut out).unwrap();
            let mut whole = vec![0.0_f64; count * width];
            rolling(what, window, Steps::new(numbers, width, 0).unwrap(), 0..count, &mut whole).unwrap();
            for step in wanted.clone() {
                for column in 0..width {
                    let of = window.needs(&(step..step + 1), count);
                    let of: Vec<f64> = of.map(|step| f64::from(numbers[step * width + column])).collect();
                    let expected = naive(what, &of, window.least);
                    let found = out[(step - wanted.start) * width + column];
                    prop_assert!(is_near(found, expected), "{what:?} {window:?} {of:?}: {found} is not {expected}");
                    let cut = whole[step * width + column];
                    prop_assert!(found.to_bits() == cut.to_bits() || found.is_nan() && cut.is_nan());
                }
            }
        }
    }

    /// `rolling(time=4, center=True).mean()` of xarray 2026.9, without bottleneck and numbagg, over
    /// `[1, 2, 3, 4, inf, 6, 7, 8, 9, 10]`.
    #[test]
    fn infinities_leave_with_their_windows() {
        let numbers = [1.0_f32, 2.0, 3.0, 4.0, f32::INFINITY, 6.0, 7.0, 8.0, 9.0, 10.0];
        let window = Window::new(4).unwrap().centred();
        let mut out = [0.0_f32; 10];
        rolling(Rolling::Mean, window, Steps::new(&numbers, 1, 0).unwrap(), 0..10, &mut out).unwrap();
        assert!(out[0].is_nan() && out[1].is_nan() && out[9].is_nan());
        assert_eq!(out[2], 2.5);
        assert_eq!(out[3..7], [f32::INFINITY; 4]);
        assert_eq!(out[7..9], [7.5, 8.5]);
    }

    #[test]
    fn wide_rows_are_done_in_tiles() {
        let width = TILE + 3;
        let numbers: Vec<i32> = (0..5 * width).map(|number| i32::try_from(number).unwrap()).collect();
        let mut out = vec![0.0_f64; 5 * width];
        let steps = Steps::new(&numbers, width, 0).unwrap();
        rolling(Rolling::Sum, Window::new(2).unwrap(), steps, 0..5, &mut out).unwrap();
        let sums = numbers.iter().zip(&numbers[width..]).map(|(one, other)| f64::from(one + other));
        assert!(out[width..].iter().copied().eq(sums));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(Window::new(0).is_err() && Window::new(LONGEST + 1).is_err());
        let window = Window::new(5).unwrap().with_least(2).centred();
        assert_eq!(Window::try_from(<(usize, usize, usize)>::from(window)).unwrap(), window);
        assert!([(0, 1, 0), (5, 0, 0), (5, 6, 0), (5, 5, 5)].iter().all(|of| Window::try_from(*of).is_err()));
        assert!(Steps::new(&[1.0; 5], 2, 0).is_err() && Steps::<f64>::new(&[1.0], 0, 0).is_err());
        let steps = Steps::new(&[1.0; 4], 2, 0).unwrap();
        let error =
            rolling(Rolling::Sum, Window::new(2).unwrap(), steps, 0..2, &mut [0.0_f64; 3]).unwrap_err();
        assert_eq!(error.to_string(), "3 places are not for 2 steps of 2 numbers");
        assert!(
            rolling(
                Rolling::Sum,
                Window::new(2).unwrap(),
                Steps::<f32>::new(&[], 0, 0).unwrap(),
                0..0,
                &mut [0.0_f64; 0]
            )
            .is_ok()
        );
    }
}
