//! An object open for reading, wherever it is: one handle for all who read it.
//!
//! A [`Handle`] asks for what is read, and for what will likely be read next, as
//! [`crate::cache::Policy`] decides; it keeps what came, in memory within bounds and by choice on disk.
//! The object's length and version come with the first bytes. Readers that want the same bytes
//! at the same time wait for one request.
//!
//! [`Blocking`] reads for those who are not async.

mod blocking;
mod description;
mod fetch;
mod flight;
mod options;
mod remote;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

pub use crate::counting::Counters;
pub use blocking::Blocking;
pub use description::{Counted, Description, Logins, Place, ReaderOf};
pub use options::{OnDisk, Options};

use self::remote::Far;
use crate::address::Address;
use crate::cache::Reads;
use crate::counting::{Counts, Meter};
use crate::error::{Error, Result};
use crate::ranges::{LITTLE, Ranges, too_long};
use crate::remote::{LocalFile, Pin, Remote};
use crate::surroundings::Surroundings;

/// An object open for reading. A clone is the same: it shares what is kept, and counts.
#[derive(Clone, Debug)]
pub struct Handle {
    of: Of,
}

#[derive(Clone, Debug)]
enum Of {
    Far(Arc<Far>),
    File(LocalFile, Arc<Counts>),
}

impl Handle {
    /// A handle of an object somewhere. Nothing is asked before something is read.
    pub fn new(remote: Remote, options: Options, surroundings: &Surroundings) -> Self {
        Self::counted(remote, options, None, None, surroundings)
    }

    /// As [`Handle::new`], of one version: of another nothing is read.
    pub fn pinned(remote: Remote, options: Options, pin: Pin, surroundings: &Surroundings) -> Self {
        Self::counted(remote, options, Some(pin), None, surroundings)
    }

    /// As [`Handle::new`], of one version where one is given, whose exchanges and reads are counted by a meter too.
    pub fn counted(
        remote: Remote,
        options: Options,
        pin: Option<Pin>,
        meter: Option<Arc<Meter>>,
        surroundings: &Surroundings,
    ) -> Self {
        Self { of: Of::Far(Far::new(remote, options, pin, meter, surroundings)) }
    }

    /// A handle of a file of this machine, which is read as it is, without a cache. Blocks for as long as it
    /// takes to open a file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn local(path: &Path) -> Result<Self> {
        Ok(Self { of: Of::File(LocalFile::open(path)?, Arc::default()) })
    }

    /// The version that is read, once something was read.
    pub fn pin(&self) -> Option<&Pin> {
        match &self.of {
            Of::Far(far) => far.pin(),
            Of::File(..) => None,
        }
    }

    /// What counts for it beside itself, if something does.
    pub fn meter(&self) -> Option<&Arc<Meter>> {
        match &self.of {
            Of::Far(far) => far.meter(),
            Of::File(..) => None,
        }
    }

    /// Its path, where it is a file of this machine.
    pub fn file(&self) -> Option<&Path> {
        match &self.of {
            Of::Far(_) => None,
            Of::File(file, _) => Some(file.path()),
        }
    }

    /// The length, if it is known without asking.
    pub fn known_length(&self) -> Option<u64> {
        match &self.of {
            Of::Far(far) => far.length(),
            Of::File(file, _) => Some(file.length()),
        }
    }

    /// What was done so far.
    pub fn counters(&self) -> Counters {
        match &self.of {
            Of::Far(far) => far.counters(),
            Of::File(_, counts) => counts.counters(),
        }
    }

    /// How far away it is: the wait for an answer and bytes a second, as measured. None for a file of
    /// this machine.
    pub fn speed(&self) -> Option<crate::cache::Speed> {
        match &self.of {
            Of::Far(far) => Some(far.speed()),
            Of::File(..) => None,
        }
    }

    /// Bytes from one on, as many as there are up to a count: fewer at the object's end.
    ///
    /// # Errors
    /// As [`Ranges::read`].
    pub async fn read_at(&self, from: u64, count: u64) -> Result<Bytes> {
        if let Some(bytes) = self.at_once(from, count)? {
            return Ok(bytes);
        }
        let range = from..from.saturating_add(count);
        match &self.of {
            Of::Far(far) => {
                let waits = far.length().is_none();
                let length = far.opened(&range).await?.length;
                let range = range.start.min(length)..range.end.min(length);
                Ok(far.read(Reads::Next(&range), waits).await?.pop().unwrap_or_default())
            }
            Of::File(file, counts) => {
                let range = from.min(file.length())..range.end.min(file.length());
                counts.asked(1, range.end - range.start);
                read(file, vec![range], &self.address())
                    .await
                    .map(|mut bytes| bytes.pop().unwrap_or_default())
            }
        }
    }

    /// What [`Handle::read_at`] would give, where that takes no waiting: the bytes are in memory, and
    /// nothing has to be asked for beside; or it is a file of this machine, and no runtime is entered.
    ///
    /// # Errors
    /// For files as [`Ranges::read`].
    pub fn at_once(&self, from: u64, count: u64) -> Result<Option<Bytes>> {
        let Some(length) = self.known_length() else { return Ok(None) };
        let range = from.min(length)..from.saturating_add(count).min(length);
        match &self.of {
            Of::Far(far) => Ok(far.at_once(&range)),
            Of::File(file, counts) if tokio::runtime::Handle::try_current().is_err() => {
                counts.asked(1, range.end - range.start);
                file.read(&range).map(Some)
            }
            Of::File(..) => Ok(None),
        }
    }

    fn must_be_inside(&self, ranges: &[Range<u64>], length: u64) -> Result<()> {
        match ranges.iter().find(|range| range.end > length || range.start > range.end) {
            None => Ok(()),
            Some(beyond) => Err(Error::Damaged {
                address: self.address(),
                what: format!("bytes {} to {} are wanted, and it has {length}", beyond.start, beyond.end),
            }),
        }
    }
}

#[async_trait]
impl Ranges for Handle {
    fn address(&self) -> Address {
        match &self.of {
            Of::Far(far) => far.address(),
            Of::File(file, _) => file.address(),
        }
    }

    async fn length(&self) -> Result<u64> {
        match &self.of {
            Of::Far(far) => Ok(far.opened(&(0..0)).await?.length),
            Of::File(file, _) => Ok(file.length()),
        }
    }

    async fn length_alone(&self) -> Result<u64> {
        match &self.of {
            Of::Far(far) => far.length_alone().await,
            Of::File(file, _) => Ok(file.length()),
        }
    }

    async fn read_alone(&self, range: &Range<u64>) -> Result<Bytes> {
        match &self.of {
            Of::Far(far) => far.read_alone(range).await,
            Of::File(..) => Ok(self.read(std::slice::from_ref(range)).await?.pop().unwrap_or_default()),
        }
    }

    async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let waits = self.known_length().is_none();
        let hint = ranges.iter().find(|range| !range.is_empty()).cloned().unwrap_or_default();
        let length = match &self.of {
            Of::Far(far) => far.opened(&hint).await?.length,
            Of::File(file, _) => file.length(),
        };
        self.must_be_inside(ranges, length)?;
        match &self.of {
            Of::Far(far) => far.read(Reads::Planned(ranges), waits).await,
            Of::File(file, counts) => {
                counts.asked(ranges.len() as u64, ranges.iter().map(|range| range.end - range.start).sum());
                read(file, ranges.to_vec(), &self.address()).await
            }
        }
    }

    fn is_here(&self) -> bool {
        matches!(self.of, Of::File(..))
    }

    fn here(&self, range: &Range<u64>) -> Option<Result<Bytes>> {
        match &self.of {
            Of::Far(_) => None,
            Of::File(file, counts) => {
                counts.asked(1, range.end.saturating_sub(range.start));
                let is_inside = self.must_be_inside(std::slice::from_ref(range), file.length());
                Some(is_inside.and_then(|()| file.read(range)))
            }
        }
    }

    /// With one request for what is not long, of which nothing is known yet.
    async fn whole(&self, most: u64) -> Result<Bytes> {
        let bytes = self.read_at(0, most.saturating_add(1)).await?;
        match bytes.len() as u64 {
            length if length > most => {
                Err(too_long(self.address(), self.known_length().unwrap_or(length), most))
            }
            _ => Ok(bytes),
        }
    }
}

/// Ranges of a file of this machine; many bytes beside what is async.
async fn read(file: &LocalFile, ranges: Vec<Range<u64>>, address: &Address) -> Result<Vec<Bytes>> {
    let bytes = ranges.iter().map(|range| range.end - range.start).fold(0, u64::saturating_add);
    let file = file.clone();
    let work = move || ranges.iter().map(|range| file.read(range)).collect();
    if bytes <= LITTLE {
        return work();
    }
    tokio::task::spawn_blocking(work).await.map_err(|_| stopped(address))?
}

/// What is told to who waits for a task that was stopped.
fn stopped(address: &Address) -> Error {
    Error::Connection {
        address: address.clone(),
        tries: 1,
        why: "the runtime ended while it was read".to_owned(),
    }
}
