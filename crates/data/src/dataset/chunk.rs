//! A part of a variable that is decoded as its elements are asked for.

use std::fmt;
use std::ops::Range;

use super::Values;
use crate::error::Result;

/// A part of a variable, decoded or not.
#[derive(Debug)]
pub enum Arrived {
    /// Its values.
    Values(Values),
    /// What they are decoded from.
    Chunk(Box<dyn Chunk>),
}

/// A part of a variable that lies in a chunk without gaps, as it is stored.
pub trait Chunk: fmt::Debug + Send {
    /// How many elements it has.
    fn count(&self) -> u64;

    /// Some of its elements, by their places in row-major order, in one dimension; decoded on the thread that asks.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] for elements that it does not have; [`crate::Error::Damaged`] for what cannot be decoded.
    fn elements(&mut self, places: Range<u64>) -> Result<Values>;
}
