//! Axes behind which there is little: the last one above all. Places of the outer axes become columns, so that kernels have rows.

use super::{Along, NARROW, PIECE};
use crate::block::Element;
use crate::error::Result;
use crate::kernels::{Accumulator, Rolling, Steps, Window, rolling, subtract};

/// Columns that are done at once.
const COLUMNS: usize = 512;

/// What values differ by from those of their groups, which are gathered first.
pub(super) fn differ<T: Element, A: Accumulator>(
    values: &[T],
    usual: &[f64],
    labels: &[u32],
    inner: usize,
    out: &mut [A],
) {
    const STRIP: usize = 1024;
    let mut gathered = Vec::with_capacity(STRIP * inner);
    let strips = values.chunks(STRIP * inner).zip(out.chunks_mut(STRIP * inner)).zip(labels.chunks(STRIP));
    for ((values, out), labels) in strips {
        gathered.clear();
        for label in labels {
            match usual.chunks_exact(inner).nth(*label as usize) {
                Some(usual) => gathered.extend_from_slice(usual),
                None => gathered.resize(gathered.len() + inner, f64::NAN),
            }
        }
        subtract(values, &gathered, out);
    }
}

/// How many places of the outer axes become columns of one piece; 1 where steps are wide, or one place is much by itself.
pub(super) fn places_at_once(outer: usize, length: usize, inner: usize) -> usize {
    let each = length.saturating_mul(inner);
    if inner >= NARROW || each == 0 {
        return 1;
    }
    (PIECE / each).clamp(1, COLUMNS / inner).min(outer)
}

/// Windows along the axis of whole places of the outer axes, from one on.
pub(super) fn move_along<T: Element, A: Accumulator>(
    what: Rolling,
    window: Window,
    along: Along<'_, T>,
    first: usize,
    out: &mut [A],
) -> Result<()> {
    let (length, inner) = (along.length, along.inner);
    let places = out.len() / along.each();
    let width = places * inner;
    let mut turned: Vec<T> = vec![bytemuck::Zeroable::zeroed(); length * width];
    for place in 0..places {
        let steps = along.of(first + place).chunks_exact(inner);
        for (step, from) in steps.enumerate() {
            turned[step * width + place * inner..][..inner].copy_from_slice(from);
        }
    }
    let mut found = vec![A::of(0.0); turned.len()];
    rolling(what, window, Steps::new(&turned, width, 0)?, 0..length, &mut found)?;
    for (place, out) in out.chunks_exact_mut(along.each()).enumerate() {
        for (step, to) in out.chunks_exact_mut(inner).enumerate() {
            to.copy_from_slice(&found[step * width + place * inner..][..inner]);
        }
    }
    Ok(())
}
