//! Results as large as what they are computed of, from memory into the caller's memory, on several threads: what differs from the
//! usual of its group, and windows that move along an axis.
//!
//! A result does not depend on the number of threads.

mod narrow;
#[cfg(test)]
mod tests;

use std::sync::{Mutex, PoisonError};

use crate::block::{Element, ElementType};
use crate::error::{Error, Result};
use crate::kernels::{Accumulator, Rolling, Steps, Window, rolling, subtract};
use crate::run::Watch;
use crate::state::Groups;

/// Elements of a piece that one thread takes at a time.
const PIECE: usize = 1 << 22;
/// Columns whose usual numbers stay in a core's cache while step after step goes by.
const TILE: usize = 4096;
/// Steps of fewer elements are not worth a call of a kernel each.
const NARROW: usize = 128;
/// A piece has so many times the steps of a window, for what a window needs besides is done again at each piece.
const WINDOWS: usize = 8;

/// An array in memory, and the axis along which something is done.
#[derive(Clone, Copy, Debug)]
pub struct Along<'a, T> {
    values: &'a [T],
    /// Places of the axes before it.
    outer: usize,
    /// Elements along it.
    length: usize,
    /// Elements of a step: places of the axes behind it.
    inner: usize,
}

impl<'a, T> Along<'a, T> {
    /// Values of an array of a shape, in row-major order.
    ///
    /// # Errors
    /// [`Error::Invalid`] where there are more or fewer values, or no such axis.
    pub fn new(values: &'a [T], shape: &[usize], axis: usize) -> Result<Self> {
        let count = |lengths: &[usize]| lengths.iter().try_fold(1_usize, |all, one| all.checked_mul(*one));
        if let Some(length) = shape.get(axis)
            && let (Some(outer), Some(inner)) = (count(&shape[..axis]), count(&shape[axis + 1..]))
            && outer.checked_mul(*length).and_then(|all| all.checked_mul(inner)) == Some(values.len())
        {
            return Ok(Self { values, outer, length: *length, inner });
        }
        Err(Error::invalid(
            format!("{} values along axis {axis} are not an array of {shape:?}", values.len()),
            "give as many values as the shape has, and one of its axes",
        ))
    }

    /// The values of one place of the outer axes.
    fn of(&self, outer: usize) -> &'a [T] {
        let each = self.length * self.inner;
        &self.values[outer * each..(outer + 1) * each]
    }

    /// Elements of one place of the outer axes.
    fn each(&self) -> usize {
        self.length * self.inner
    }

    fn must_fit<A>(&self, out: &[A]) -> Result<()> {
        if out.len() == self.values.len() {
            return Ok(());
        }
        Err(Error::invalid(
            format!("a result of {} numbers does not fit memory for {}", self.values.len(), out.len()),
            "give memory of the shape of the array",
        ))
    }
}

/// Whole steps of one place of the outer axes, and where their result goes.
struct Piece<'a, A> {
    outer: usize,
    first: usize,
    out: &'a mut [A],
}

/// What each value differs by from the usual one of its group, which is one of `usual`: of the array's shape with groups instead of
/// the axis. What is in no group has no result: NaN.
///
/// # Errors
/// [`Error::Invalid`] where labels, usual values or `out` are not as many as the array has; [`Error::Cancelled`].
pub fn anomalies<T: Element, A: Accumulator>(
    along: Along<'_, T>,
    groups: &Groups,
    usual: &[f64],
    threads: usize,
    watch: &Watch,
    out: &mut [A],
) -> Result<()> {
    along.must_fit(out)?;
    let of_groups = groups.count as usize * along.inner;
    if groups.labels.len() != along.length || of_groups.checked_mul(along.outer) != Some(usual.len()) {
        return Err(Error::invalid(
            format!(
                "{} labels and {} usual values are not for {} groups of {} steps",
                groups.labels.len(),
                usual.len(),
                groups.count,
                along.length
            ),
            "give a label for each step, and a value for each of a group's elements",
        ));
    }
    let steps = PIECE.div_ceil(along.inner.max(1)).min(share(along, threads));
    on_threads::<T, A>(pieces(along, steps, out), threads, watch, |piece| {
        let usual = &usual[piece.outer * of_groups..(piece.outer + 1) * of_groups];
        let values = &along.of(piece.outer)[piece.first * along.inner..][..piece.out.len()];
        let labels = &groups.labels[piece.first..];
        if along.inner < NARROW {
            narrow::differ(values, usual, labels, along.inner, piece.out);
        } else {
            differ(values, usual, labels, along.inner, piece.out);
        }
        Ok(())
    })
}

/// Tile after tile of columns, each step by step.
fn differ<T: Element, A: Accumulator>(
    values: &[T],
    usual: &[f64],
    labels: &[u32],
    inner: usize,
    out: &mut [A],
) {
    for first in (0..inner).step_by(TILE) {
        let columns = first..(first + TILE).min(inner);
        let steps = values.chunks_exact(inner).zip(out.chunks_exact_mut(inner)).zip(labels);
        for ((values, out), label) in steps {
            let (values, out) = (&values[columns.clone()], &mut out[columns.clone()]);
            match usual.chunks_exact(inner).nth(*label as usize) {
                Some(usual) => subtract(values, &usual[columns.clone()], out),
                None => out.fill(A::of(f64::NAN)),
            }
        }
    }
}

/// The results of windows that move along the axis: see [`rolling`](crate::kernels::rolling()).
///
/// # Errors
/// [`Error::Invalid`] where `out` is not as large as the array; [`Error::Cancelled`].
pub fn windows<T: Element, A: Accumulator>(
    what: Rolling,
    window: Window,
    along: Along<'_, T>,
    threads: usize,
    watch: &Watch,
    out: &mut [A],
) -> Result<()> {
    along.must_fit(out)?;
    let at_once = narrow::places_at_once(along.outer, along.length, along.inner);
    if at_once > 1 {
        let all = out.chunks_mut((at_once * along.each()).max(1)).enumerate();
        let pieces = all.map(|(number, out)| Piece { outer: number * at_once, first: 0, out });
        return on_threads::<T, A>(pieces, threads, watch, |piece| {
            narrow::move_along(what, window, along, piece.outer, piece.out)
        });
    }
    let steps = share(along, threads).max(WINDOWS * window.length());
    on_threads::<T, A>(pieces(along, steps, out), threads, watch, |piece| {
        let wanted = piece.first..piece.first + piece.out.len() / along.inner.max(1);
        let needs = window.needs(&wanted, along.length);
        let values = &along.of(piece.outer)[needs.start * along.inner..needs.end * along.inner];
        rolling(what, window, Steps::new(values, along.inner, needs.start)?, wanted, piece.out)
    })
}

/// Bytes that [`windows`] takes besides an array of a type and shape and its result.
pub fn bytes_of_windows(
    what: Rolling,
    window: Window,
    element: ElementType,
    shape: &[usize],
    axis: usize,
    threads: usize,
) -> u64 {
    let count = |lengths: &[usize]| lengths.iter().fold(1_usize, |all, one| all.saturating_mul(*one));
    let (outer, length) = (count(&shape[..axis.min(shape.len())]), shape.get(axis).copied().unwrap_or(0));
    let inner = count(shape.get(axis + 1..).unwrap_or_default());
    let places = narrow::places_at_once(outer, length, inner);
    let turned = if places > 1 { (places * length).saturating_mul(inner) } else { 0 };
    let each = turned.saturating_mul(element.size() + size_of::<f64>()).saturating_add(window.bytes(what));
    each.saturating_mul(threads.max(1)) as u64
}

/// Steps of a piece where each thread is to have some.
fn share<T: Element>(along: Along<'_, T>, threads: usize) -> usize {
    let all = along.length.saturating_mul(along.outer).div_ceil(4 * threads.max(1));
    all.clamp(1, along.length.max(1))
}

/// A result in pieces of so many steps.
fn pieces<'a, T: Element, A>(
    along: Along<'_, T>,
    steps: usize,
    out: &'a mut [A],
) -> impl Iterator<Item = Piece<'a, A>> + use<'a, T, A> {
    let (each, inner) = (along.each().max(1), along.inner.max(1));
    out.chunks_mut(each).enumerate().flat_map(move |(outer, out)| {
        let parts = out.chunks_mut(steps.max(1) * inner).enumerate();
        parts.map(move |(number, out)| Piece { outer, first: number * steps.max(1), out })
    })
}

/// Does the same with each piece, which threads take one after the other.
fn on_threads<'a, T: Element, A: Accumulator>(
    pieces: impl Iterator<Item = Piece<'a, A>> + Send,
    threads: usize,
    watch: &Watch,
    work: impl Fn(Piece<'a, A>) -> Result<()> + Sync,
) -> Result<()> {
    let (pieces, failed) = (Mutex::new(pieces), Mutex::new(None));
    let take = || {
        let is_over = failed.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if is_over { None } else { pieces.lock().unwrap_or_else(PoisonError::into_inner).next() }
    };
    let each = || {
        while let Some(piece) = take() {
            let bytes = size_of::<T>() * piece.out.len();
            if let Err(error) = watch.check().and_then(|()| work(piece)) {
                failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
            watch.add(bytes as u64);
        }
    };
    if threads <= 1 {
        each();
    } else {
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(each);
            }
        });
    }
    failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}
