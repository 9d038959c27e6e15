//! Windows that move along an axis, over the borders of blocks.

use std::collections::HashMap;
use std::ops::Range;

use crate::block::Block;
use crate::error::Result;
use crate::expression::{Expression, Moving};
use crate::kernels::{Around, Steps, rolling};
use crate::source::Real;

/// Takes blocks that follow each other along the axis, and gives the results of the windows that are whole.
pub(super) struct Windows<F> {
    moving: Moving,
    /// Elements along the axis.
    length: usize,
    /// Those whose windows are wanted.
    wanted: Range<usize>,
    /// What is kept of the blocks so far, by where they lie along the other axes.
    kept: HashMap<Vec<(u64, usize)>, Kept<F>>,
    /// Whether that is of many places at a time: then each has no more memory than it needs.
    is_between: bool,
    /// Memory of steps that are not kept any more.
    spare: Vec<F>,
    turned: Vec<F>,
    out: Vec<F>,
}

/// Steps that windows still need, one behind the other.
struct Kept<F> {
    steps: Vec<F>,
    /// The index of the first.
    first: usize,
    /// The next one whose window is wanted.
    next: usize,
}

impl<F: Real> Windows<F> {
    /// Windows of some elements along the axis; none where the expression has none.
    pub(super) fn new(expression: &Expression, wanted: impl Fn(usize) -> Range<usize>) -> Option<Self> {
        let moving = expression.moving()?;
        let length = usize::try_from(expression.length(moving.axis)).unwrap_or(usize::MAX);
        let wanted = wanted(moving.axis);
        Some(Self {
            moving,
            length,
            wanted,
            kept: HashMap::new(),
            is_between: expression.is_between(),
            spare: Vec::new(),
            turned: Vec::new(),
            out: Vec::new(),
        })
    }

    /// Takes a block in, and gives the results that are whole with it, if there are any.
    ///
    /// # Errors
    /// Those of `with`.
    pub(super) fn take(
        &mut self,
        block: &Block<'_, F>,
        with: impl FnOnce(&Block<'_, F>) -> Result<()>,
    ) -> Result<()> {
        let (window, axis) = (self.moving.window, self.moving.axis);
        let around = Around::new(block.shape(), axis);
        if block.count() == 0 {
            return Ok(());
        }
        let first = usize::try_from(block.origin()[axis]).unwrap_or(usize::MAX);
        let others = block.origin().iter().copied().zip(block.shape().iter().copied());
        let key: Vec<_> =
            others.enumerate().filter(|(own, _)| *own != axis).map(|(_, along)| along).collect();
        let new = || Kept { steps: std::mem::take(&mut self.spare), first, next: self.wanted.start };
        let mut kept = self.kept.remove(&key).unwrap_or_else(new);
        if kept.steps.len() <= block.count() {
            kept.steps.reserve_exact(block.count());
        }
        if around.outer == 1 && block.solid() == axis + 1 {
            let steps = (0..around.steps).map(|step| step * around.width()..(step + 1) * around.width());
            steps.for_each(|step| kept.steps.extend_from_slice(block.at(step)));
        } else {
            around.turn(block.values()?, &mut kept.steps);
        }
        let end = first + around.steps;
        let is_last = end >= window.needs(&self.wanted, self.length).end;
        let ready = if is_last { self.wanted.end } else { window.ready(end).min(self.wanted.end) };
        // What is known of a stretch is found out anew each time: few windows are not worth it.
        if is_last || ready >= kept.next + window.length() {
            let steps = kept.next..ready;
            self.roll(&kept, steps.clone(), around)?;
            kept.next = ready;
            let needed = window.needs(&(ready..ready + 1), self.length).start.max(kept.first);
            kept.steps.drain(..((needed - kept.first) * around.width()).min(kept.steps.len()));
            kept.first = needed;
            if self.is_between {
                kept.steps.shrink_to_fit();
            }
            if !is_last {
                self.kept.insert(key, kept);
            } else if !self.is_between {
                kept.steps.clear();
                self.spare = kept.steps;
            }
            return self.give(block, steps, with);
        }
        self.kept.insert(key, kept);
        Ok(())
    }

    /// The results of windows, where they belong in a box.
    fn roll(&mut self, kept: &Kept<F>, wanted: Range<usize>, around: Around) -> Result<()> {
        let around = Around { steps: wanted.len(), ..around };
        let (window, what, width) = (self.moving.window, self.moving.what, around.width());
        room(&mut self.out, width * wanted.len());
        let steps = Steps::new(&kept.steps, width, kept.first)?;
        if around.outer == 1 {
            return rolling(what, window, steps, wanted, &mut self.out);
        }
        room(&mut self.turned, self.out.len());
        rolling(what, window, steps, wanted, &mut self.turned)?;
        around.turn_back(&self.turned, &mut self.out);
        Ok(())
    }

    fn give(
        &self,
        block: &Block<'_, F>,
        wanted: Range<usize>,
        with: impl FnOnce(&Block<'_, F>) -> Result<()>,
    ) -> Result<()> {
        if wanted.is_empty() {
            return Ok(());
        }
        let (mut shape, mut origin) = (block.shape().to_vec(), block.origin().to_vec());
        shape[self.moving.axis] = wanted.len();
        origin[self.moving.axis] = wanted.start as u64;
        with(&Block::new(&self.out, &shape, &origin)?)
    }
}

/// Makes room for so many numbers, and for no more. Those that were there stay: all are written anew.
fn room<F: Real>(memory: &mut Vec<F>, length: usize) {
    memory.reserve_exact(length.saturating_sub(memory.len()));
    memory.resize(length, F::zero());
}
