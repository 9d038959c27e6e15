//! Where values come from.

mod absent;
mod aligned;
mod band;
mod computed;
mod elements;
mod joined;
mod memory;
mod patch;
mod reading;
mod stored;
mod strips;

pub use absent::Absent;
pub use band::Band;
pub use computed::Computed;
pub(crate) use elements::{Elements, Real, lengths, longest, origin, strip, strips};
pub use joined::Joined;
pub use memory::Memory;
pub use patch::Patch;
pub(crate) use reading::unread;
pub use stored::Stored;
pub(crate) use stored::element;
pub use strips::{Arrived, Arriving, Strips};

use crate::block::{Element, Pieces};
use crate::error::{Error, Result};
use crate::expression::{Array, Span};

/// An array whose values can be read in parts.
pub trait Source: Send + Sync {
    /// The array.
    fn array(&self) -> &Array;

    /// What it is called in messages, without secrets.
    fn called(&self) -> String {
        format!("`{}`", self.array().name())
    }

    /// Begins to read a part: a span along each axis, inside the array. The values are there when what is
    /// given back is called; it may be dropped instead.
    ///
    /// # Errors
    /// What keeps the part from being read.
    fn begin<'a>(&'a self, part: &[Span]) -> Result<Pending<'a>>;

    /// As [`Self::begin`]; what is stored in one piece may come undecoded.
    ///
    /// # Errors
    /// As [`Self::begin`].
    fn arrive<'a>(&'a self, part: &[Span]) -> Result<Arriving<'a>> {
        let pending = self.begin(part)?;
        Ok(Box::new(move || pending().map(Arrived::Values)))
    }

    /// A part that lies in the caller's memory, as one piece or in pieces that are as far from each other; none
    /// where it has to be read or brought together.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a part that is not inside the array.
    fn in_place(&self, part: &[Span]) -> Result<Option<InPlace<'_>>> {
        let _ = part;
        Ok(None)
    }
}

/// That a source's array may be told otherwise: under other names, and with another packing.
fn redescribed(source: &dyn Source, array: &Array) -> Result<()> {
    let own = source.array();
    let is_same =
        own.shape() == array.shape() && own.element() == array.element() && own.chunks() == array.chunks();
    if is_same {
        return Ok(());
    }
    Err(Error::invalid(
        format!("{:?} of {} are not what {} has", array.shape(), array.element(), source.called()),
        format!("describe {:?} of {}", own.shape(), own.element()),
    ))
}

/// Values in the caller's memory.
#[derive(Clone, Copy, Debug)]
pub struct InPlace<'a> {
    /// From the first byte of the first piece to the last one of the last.
    pub bytes: &'a [u8],
    /// How they lie, in elements; none where they are one piece.
    pub pieces: Option<Pieces>,
}

impl<S: Source + ?Sized> Source for &S {
    fn array(&self) -> &Array {
        (**self).array()
    }

    fn called(&self) -> String {
        (**self).called()
    }

    fn begin<'a>(&'a self, part: &[Span]) -> Result<Pending<'a>> {
        (**self).begin(part)
    }

    fn arrive<'a>(&'a self, part: &[Span]) -> Result<Arriving<'a>> {
        (**self).arrive(part)
    }

    fn in_place(&self, part: &[Span]) -> Result<Option<InPlace<'_>>> {
        (**self).in_place(part)
    }
}

/// Values that are being read: waits for them.
pub type Pending<'a> = Box<dyn FnOnce() -> Result<Values<'a>> + 'a>;

/// Values as they are stored, in row-major order and the machine's byte order.
pub struct Values<'a> {
    bytes: Box<dyn AsRef<[u8]> + 'a>,
}

impl<'a> Values<'a> {
    /// Values whose bytes are held by something.
    pub fn new(bytes: impl AsRef<[u8]> + 'a) -> Self {
        Self { bytes: Box::new(bytes) }
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        (*self.bytes).as_ref()
    }

    /// Takes the elements to a function, in memory that is aligned for them.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the bytes are none of whole elements; those of the function.
    pub fn elements<T: Element, R>(&self, with: impl FnOnce(&[T]) -> Result<R>) -> Result<R> {
        let bytes = self.bytes();
        if !bytes.len().is_multiple_of(size_of::<T>()) {
            return Err(Error::invalid(
                format!("{} bytes are no elements of type {}", bytes.len(), T::TYPE),
                "give the source the type of its elements",
            ));
        }
        if let Ok(elements) = bytemuck::try_cast_slice(bytes) {
            return with(elements);
        }
        let each = bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned);
        with(&each.collect::<Vec<T>>())
    }
}
