//! A file of this machine as ranges, which counts the requests that a server would see: ranges that
//! lie near are one request, as the handle makes them.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use frazil_data::ranges::Ranges;
use frazil_data::{Address, Result};
use url::Url;

/// Ranges with no more than so many bytes between them are one request.
const NEAR: u64 = 8 << 10;

#[derive(Debug)]
pub(crate) struct LocalFile {
    file: File,
    length: u64,
    address: Address,
    requests: Mutex<(Vec<Range<u64>>, usize)>,
}

impl LocalFile {
    pub(crate) fn open(path: &Path) -> std::io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let url = Url::from_file_path(path.canonicalize()?)
            .map_err(|()| std::io::Error::other("no absolute path"))?;
        Ok(Self { file, length, address: Address::from(&url), requests: Mutex::default() })
    }

    /// The requests since the last call, and how often one had to wait for some.
    pub(crate) fn requests(&self) -> (Vec<Range<u64>>, usize) {
        std::mem::take(&mut self.requests.lock().unwrap())
    }

    fn count(&self, ranges: &[Range<u64>]) {
        let mut sorted = ranges.to_vec();
        sorted.sort_by_key(|range| range.start);
        let (requests, waits) = &mut *self.requests.lock().unwrap();
        *waits += 1;
        let before = requests.len();
        for range in sorted {
            match requests[before..].last_mut() {
                Some(last) if range.start <= last.end + NEAR => last.end = last.end.max(range.end),
                _ => requests.push(range),
            }
        }
    }
}

#[async_trait]
impl Ranges for LocalFile {
    fn address(&self) -> Address {
        self.address.clone()
    }

    async fn length(&self) -> Result<u64> {
        Ok(self.length)
    }

    async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.count(ranges);
        let read = |range: &Range<u64>| {
            let mut bytes = vec![0; usize::try_from(range.end - range.start).unwrap()];
            self.file.read_exact_at(&mut bytes, range.start).unwrap();
            Bytes::from(bytes)
        };
        Ok(ranges.iter().map(read).collect())
    }
}
