//! Where the bytes of a bill lie: in a file here, or in an object store.

use std::fs::File;
use std::io::{BufReader, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};
use sha2::{Digest, Sha256};

use super::error::Fault;
use super::remote::Object;

/// Bytes from the beginning that tell what a file is.
const HEAD: usize = 1 << 20;
/// Bytes that are read at once.
const BUFFER: usize = 1 << 18;

/// A file of a bill.
#[derive(Clone, Debug)]
pub(in crate::ledger) enum Place {
    Local { path: PathBuf, name: String, size: u64 },
    Remote(Object),
}

impl Place {
    /// A file here.
    pub(in crate::ledger) fn local(path: PathBuf) -> Result<Self, Fault> {
        let unreadable = |error: std::io::Error| Fault::Unreadable(error.to_string());
        let size = path.metadata().map_err(unreadable)?.len();
        Ok(Self::Local { name: path.display().to_string(), path, size })
    }

    pub(in crate::ledger) fn name(&self) -> &str {
        match self {
            Self::Local { name, .. } => name,
            Self::Remote(object) => &object.name,
        }
    }

    pub(in crate::ledger) fn size(&self) -> u64 {
        match self {
            Self::Local { size, .. } => *size,
            Self::Remote(object) => object.size,
        }
    }

    /// Its first bytes.
    pub(in crate::ledger) fn head(&self) -> Result<Vec<u8>, Fault> {
        match self {
            Self::Local { path, .. } => {
                let mut head = Vec::new();
                let file = File::open(path).map_err(|error| unreadable(&error))?;
                file.take(HEAD as u64).read_to_end(&mut head).map_err(|error| unreadable(&error))?;
                Ok(head)
            }
            Self::Remote(object) => Ok(object.range(0..object.size.min(HEAD as u64))?.to_vec()),
        }
    }

    /// All bytes one after the other.
    pub(in crate::ledger) fn stream(&self) -> Result<Box<dyn Read + Send>, Fault> {
        match self {
            Self::Local { path, .. } => Ok(Box::new(File::open(path).map_err(|error| unreadable(&error))?)),
            Self::Remote(object) => Ok(Box::new(object.stream())),
        }
    }

    /// Its bytes piece by piece, at any place.
    pub(in crate::ledger) fn pieces(&self) -> Result<Pieces, Fault> {
        match self {
            Self::Local { path, size, .. } => {
                let file = Arc::new(File::open(path).map_err(|error| unreadable(&error))?);
                Ok(Pieces { from: From::File(file), length: *size, kept: Vec::new() })
            }
            Self::Remote(object) => {
                Ok(Pieces { from: From::Object(object.clone()), length: object.size, kept: Vec::new() })
            }
        }
    }

    /// What its bytes are known by where they are not all read: their entity tag and how many they are.
    pub(in crate::ledger) fn tag(&self) -> Option<String> {
        match self {
            Self::Local { .. } => None,
            Self::Remote(object) => Some(format!("etag:{},size:{}", object.tag, object.size)),
        }
    }
}

fn unreadable(error: &std::io::Error) -> Fault {
    Fault::Unreadable(error.to_string())
}

/// A reader that counts and sums up what passes through it.
pub(in crate::ledger) struct Counted {
    inner: Box<dyn Read + Send>,
    sum: Sha256,
    count: Arc<AtomicU64>,
}

impl Counted {
    pub(in crate::ledger) fn new(inner: Box<dyn Read + Send>, count: Arc<AtomicU64>) -> Self {
        Self { inner, sum: Sha256::new(), count }
    }

    /// Reads to the end; the SHA-256 of everything, in hexadecimal digits.
    pub(in crate::ledger) fn digest(mut self) -> std::io::Result<String> {
        let mut buffer = vec![0; BUFFER];
        while self.read(&mut buffer)? > 0 {}
        Ok(hexadecimal(&self.sum.finalize()))
    }
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.sum.update(&buffer[..read]);
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Bytes in hexadecimal digits.
pub(in crate::ledger) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes of a file or an object at any place, for tables.
#[derive(Clone, Debug)]
pub(in crate::ledger) struct Pieces {
    from: From,
    length: u64,
    /// What was fetched before it is asked for.
    kept: Vec<(u64, Bytes)>,
}

#[derive(Clone, Debug)]
enum From {
    File(Arc<File>),
    Object(Object),
}

impl Pieces {
    /// Fetches pieces of an object together, which a store answers faster than one by one.
    pub(in crate::ledger) fn fetch(&mut self, ranges: &[Range<u64>]) -> Result<(), Fault> {
        if let From::Object(object) = &self.from {
            let found = object.ranges(ranges)?;
            self.kept = ranges.iter().map(|range| range.start).zip(found).collect();
        }
        Ok(())
    }

    fn kept(&self, start: u64, length: usize) -> Option<Bytes> {
        self.kept.iter().find_map(|(from, bytes)| {
            let offset = usize::try_from(start.checked_sub(*from)?).ok()?;
            let end = offset.checked_add(length)?;
            (end <= bytes.len()).then(|| bytes.slice(offset..end))
        })
    }
}

impl Length for Pieces {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Pieces {
    type T = BufReader<Forward>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(BufReader::new(Forward { pieces: self.clone(), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let end = start.saturating_add(length as u64);
        if end > self.length {
            let text = format!("bytes {start} to {end} of {}", self.length);
            return Err(ParquetError::EOF(text));
        }
        if let Some(kept) = self.kept(start, length) {
            return Ok(kept);
        }
        match &self.from {
            From::File(file) => {
                let mut bytes = vec![0; length];
                file.read_exact_at(&mut bytes, start)?;
                Ok(bytes.into())
            }
            From::Object(object) => {
                object.range(start..end).map_err(|fault| ParquetError::General(fault.to_string()))
            }
        }
    }
}

/// Reads on from a place.
#[derive(Debug)]
pub(in crate::ledger) struct Forward {
    pieces: Pieces,
    at: u64,
}

impl Read for Forward {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = self.pieces.length.saturating_sub(self.at);
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        if wanted == 0 {
            return Ok(0);
        }
        let bytes = self.pieces.get_bytes(self.at, wanted).map_err(std::io::Error::other)?;
        buffer[..wanted].copy_from_slice(&bytes);
        self.at += wanted as u64;
        Ok(wanted)
    }
}
