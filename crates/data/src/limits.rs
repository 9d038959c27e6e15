//! How much memory a file may make a reader take.

use crate::error::{Error, Result};

/// Bounds of what is read of a file, whatever the file says of itself. Reading asks for memory only
/// for what is below them: the values that are returned, and at a time a few chunks, as they are
/// stored and decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the values that one call returns.
    pub values: u64,
    /// Bytes of one chunk once it is decoded.
    pub chunk: u64,
    /// Chunks that one call touches.
    pub chunks: u64,
    /// Bytes of one piece of metadata: a JSON document, a directory of a TIFF, the list of the chunks that one call
    /// touches, the names and attributes of all that one call looks at in an HDF5 file.
    pub metadata: u64,
    /// Groups, variables and references of a file, and their attributes' elements.
    pub entries: u64,
    /// Bytes of chunks that are held as they are stored, until they are decoded.
    pub ahead: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            values: 16 << 30,
            chunk: 2 << 30,
            chunks: 1 << 24,
            metadata: 512 << 20,
            entries: 1 << 24,
            ahead: 128 << 20,
        }
    }
}

impl Limits {
    /// Bytes of so many elements of an array, where they are few enough to be returned.
    pub(crate) fn size_of_values(&self, shape: &[u64], size: usize) -> Result<usize> {
        product(shape, size as u64)
            .filter(|bytes| *bytes <= self.values)
            .and_then(|bytes| usize::try_from(bytes).ok())
            .ok_or_else(|| Error::Invalid {
                what: format!("{shape:?} elements of {size} bytes are more than {} bytes", self.values),
                advice: "read it in smaller parts".to_owned(),
            })
    }
}

/// The product of lengths and a size; none where it is beyond 64 bits.
pub(crate) fn product(shape: &[u64], size: u64) -> Option<u64> {
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(size, |product, length| product.checked_mul(*length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_refused_before_it_is_asked_for() {
        let limits = Limits { values: 1000, ..Limits::default() };
        assert_eq!(limits.size_of_values(&[10, 25], 4).unwrap(), 1000);
        assert!(limits.size_of_values(&[10, 26], 4).is_err());
        assert!(limits.size_of_values(&[u64::MAX, u64::MAX], 8).is_err());
        assert_eq!(limits.size_of_values(&[u64::MAX, u64::MAX, 0], 8).unwrap(), 0);
    }
}
