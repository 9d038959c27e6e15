//! An object in memory, for tests of formats.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;

use super::Ranges;
use crate::address::Address;
use crate::error::Result;

/// Bytes in memory, called `memory`.
#[derive(Debug)]
pub(crate) struct Memory(pub(crate) Bytes);

#[async_trait]
impl Ranges for Memory {
    fn address(&self) -> Address {
        Address::named("memory".to_owned())
    }

    async fn length(&self) -> Result<u64> {
        Ok(self.0.len() as u64)
    }

    async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let slice = |range: &Range<u64>| {
            self.0.slice(usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap())
        };
        Ok(ranges.iter().map(slice).collect())
    }
}
