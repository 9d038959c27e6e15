//! Memory for values of any type.

use crate::error::{Error, Result};

/// Bytes that are aligned for elements of any type.
pub(super) struct Aligned {
    words: Vec<u64>,
    length: usize,
}

impl Aligned {
    /// So many bytes, all 0.
    ///
    /// # Errors
    /// [`Error::Invalid`] where memory cannot have as many.
    pub(super) fn new(length: u64) -> Result<Self> {
        let length = usize::try_from(length)
            .map_err(|_| Error::invalid("the part is larger than memory", "take a smaller part"))?;
        Ok(Self { words: vec![0; length.div_ceil(8)], length })
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.words)[..self.length]
    }
}

impl AsRef<[u8]> for Aligned {
    fn as_ref(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.words)[..self.length]
    }
}
