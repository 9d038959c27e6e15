//! Parts that are decoded strip after strip, by whoever computes with them.

use std::ops::Range;

use super::Values;
use crate::error::Result;

/// A part as it comes.
pub enum Arrived<'a> {
    /// Decoded.
    Values(Values<'a>),
    /// As it is stored.
    Strips(Box<dyn Strips + 'a>),
}

/// A part that is being read: waits for it.
pub type Arriving<'a> = Box<dyn FnOnce() -> Result<Arrived<'a>> + 'a>;

/// A part as it is stored.
pub trait Strips {
    /// Some of its elements, by their places in row-major order, decoded on the thread that asks.
    ///
    /// # Errors
    /// What keeps them from being decoded.
    fn elements(&mut self, places: Range<u64>) -> Result<Values<'static>>;
}
