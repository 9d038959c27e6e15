//! Bytes of an object by ranges, wherever it is.

#[cfg(test)]
pub(crate) mod memory;

use std::fmt;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;

use crate::address::Address;
use crate::error::{Error, Result};

/// So many bytes of a file of this machine are read and decoded on the thread that asks for them: to wake others
/// takes longer.
pub(crate) const LITTLE: u64 = 2 << 20;

/// An object whose bytes are read by ranges. Readers of formats are written against this, and know
/// nothing of hosts, logins, caches and counters.
#[async_trait]
pub trait Ranges: fmt::Debug + Send + Sync {
    /// What the object is called, without secrets.
    fn address(&self) -> Address;

    /// How many bytes it has.
    ///
    /// # Errors
    /// What keeps the object from being read at all.
    async fn length(&self) -> Result<u64>;

    /// The same for who will not read it, as for plans and prices: hardly a byte of it comes.
    ///
    /// # Errors
    /// As [`Ranges::length`].
    async fn length_alone(&self) -> Result<u64> {
        self.length().await
    }

    /// The bytes of a range for who will not read on: nothing comes beside them.
    ///
    /// # Errors
    /// As [`Ranges::read`].
    async fn read_alone(&self, range: &Range<u64>) -> Result<Bytes> {
        Ok(self.read(std::slice::from_ref(range)).await?.pop().unwrap_or_default())
    }

    /// The bytes of some ranges, in their order, each whole. Ranges may overlap and come in any
    /// order; those that lie near are fetched together, and several at a time.
    ///
    /// # Errors
    /// What keeps a range from being read; [`crate::Error::Damaged`] for one beyond the object's end.
    async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>>;

    /// Whether no one but this machine's disk has to be waited for.
    fn is_here(&self) -> bool {
        false
    }

    /// The bytes of a range of what [is here](Self::is_here); none elsewhere. Blocks.
    ///
    /// # Errors
    /// As [`Ranges::read`].
    fn here(&self, range: &Range<u64>) -> Option<Result<Bytes>> {
        let _ = range;
        None
    }

    /// All bytes, of which there are no more than `most`.
    ///
    /// # Errors
    /// As [`Ranges::read`]; [`Error::Damaged`] where there are more.
    async fn whole(&self, most: u64) -> Result<Bytes> {
        let length = self.length().await?;
        if length > most {
            return Err(too_long(self.address(), length, most));
        }
        let all = 0..length;
        Ok(self.read(std::slice::from_ref(&all)).await?.pop().unwrap_or_default())
    }
}

/// The bytes of a range: what was fetched, or what is read now of what is here.
pub(crate) fn came(fetched: Option<Bytes>, range: &Range<u64>, ranges: &dyn Ranges) -> Result<Bytes> {
    fetched.map(Ok).or_else(|| ranges.here(range)).unwrap_or_else(|| {
        let what = format!("bytes {} to {} did not come", range.start, range.end);
        Err(Error::Damaged { address: ranges.address(), what })
    })
}

/// That an object is longer than whoever reads it allows.
pub(crate) fn too_long(address: Address, length: u64, most: u64) -> Error {
    Error::Damaged { address, what: format!("it has {length} bytes where {most} are the most that can be") }
}
