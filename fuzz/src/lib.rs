//! What the targets that read files of arrays share: objects in memory, and small bounds.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use frazil_data::limits::Limits;
use frazil_data::objects::{Folder, Objects, Opens};
use frazil_data::ranges::Ranges;
use frazil_data::{Address, Error, Result};

/// Bounds that a fuzzer reaches.
pub const TINY: Limits =
    Limits { values: 1 << 20, chunk: 1 << 20, chunks: 1 << 12, metadata: 1 << 20, entries: 1 << 12, ahead: 1 << 20 };

/// Runs what waits for others on this thread.
pub fn block(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(work);
}

/// An object in memory.
#[derive(Debug)]
pub struct Memory {
    bytes: Bytes,
}

impl Memory {
    /// These bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self { bytes: Bytes::copy_from_slice(bytes) }
    }
}

#[async_trait::async_trait]
impl Ranges for Memory {
    fn address(&self) -> Address {
        Address::from(&url::Url::parse("memory://fuzzed/").expect("an address"))
    }

    async fn length(&self) -> Result<u64> {
        Ok(self.bytes.len() as u64)
    }

    async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let slice = |range: &Range<u64>| {
            assert!(range.start <= range.end && range.end <= self.bytes.len() as u64, "asked for {range:?}");
            self.bytes.slice(range.start as usize..range.end as usize)
        };
        Ok(ranges.iter().map(slice).collect())
    }
}

/// Opens nothing.
#[derive(Debug)]
pub struct Nowhere;

#[async_trait::async_trait]
impl Opens for Nowhere {
    async fn open(&self, url: &url::Url) -> Result<Arc<dyn Ranges>> {
        Err(Error::NotFound { address: Address::from(url), status: 404 })
    }
}

/// A store of the files that bytes describe: each begins with a line `== KEY`.
pub fn files(bytes: &[u8]) -> Arc<dyn Objects> {
    let folder: PathBuf = std::env::temp_dir().join(format!("frazil-fuzz-{}", std::process::id()));
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut rest = bytes;
    while let Some(behind) = rest.strip_prefix(b"== ") {
        let end = behind.iter().position(|byte| *byte == b'\n').unwrap_or(behind.len());
        let (key, behind) = behind.split_at(end);
        let behind = behind.get(1..).unwrap_or_default();
        let next = behind.windows(4).position(|four| four == b"\n== ").map_or(behind.len(), |at| at + 1);
        let (contents, following) = behind.split_at(next);
        let key = String::from_utf8_lossy(key).into_owned();
        let is_below = !key.is_empty() && key.split('/').all(|part| !matches!(part, "" | "." | "..") && !part.contains('\0'));
        if is_below && key.len() < 200 {
            let path = folder.join(&key);
            drop(path.parent().map(std::fs::create_dir_all));
            drop(std::fs::write(path, contents));
        }
        rest = following;
    }
    Arc::new(Folder::new(folder))
}
