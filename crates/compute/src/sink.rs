//! Where results go that are as large as what is read.
//!
//! Files and stores are written under a hidden name beside their place, and are moved there when they are
//! whole ([`Zarr::finish`], [`NetCdf::finish`]). Whatever ends a run before that, there is no half result
//! under the name that was asked for.

mod beside;
mod boxes;
mod buffer;
mod contents;
mod coordinates;
mod netcdf;
mod zarr;

pub use buffer::Buffer;
pub use contents::{Contents, Coordinate};
pub use netcdf::NetCdf;
pub use zarr::{Codec, Zarr};

use crate::block::ElementType;
use crate::error::Result;
use crate::expression::Span;

/// A result that takes boxes of its elements, in any order and from several threads; each element once.
pub trait Sink: Sync {
    /// Elements along each axis.
    fn shape(&self) -> &[u64];

    /// What an element is.
    fn element(&self) -> ElementType;

    /// Bytes of memory that [`Sink::put`] takes at most for a box of so many bytes, besides the box.
    fn memory(&self, bytes: u64) -> u64;

    /// Takes a box: a span along each axis, and its elements in row-major order and the machine's byte
    /// order.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] for a box that is not inside, or other elements; what keeps it from being written.
    fn put(&self, part: &[Span], element: ElementType, bytes: &[u8]) -> Result<()>;
}

#[cfg(test)]
mod tests;
