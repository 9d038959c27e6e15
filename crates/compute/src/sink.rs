//! Where results go that are as large as what is read.

mod buffer;

pub use buffer::Buffer;

use crate::block::ElementType;
use crate::error::Result;
use crate::expression::Span;

/// A result that takes boxes of its elements, in any order and from several threads.
pub trait Sink: Sync {
    /// Elements along each axis.
    fn shape(&self) -> &[u64];

    /// What an element is.
    fn element(&self) -> ElementType;

    /// Takes a box: a span along each axis, and its elements in row-major order and the machine's byte
    /// order.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] for a box that is not inside, or other elements; what keeps it from being written.
    fn put(&self, part: &[Span], element: ElementType, bytes: &[u8]) -> Result<()>;
}
