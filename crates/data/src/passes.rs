//! Readers that ask for one range at a time and wait for it, over objects whose ranges are fetched
//! several at a time: a reader runs on the bytes that are there, what it missed is noted and fetched
//! together, and it runs again. Each pass goes one step deeper on all its ways at once. Of a file of this
//! machine one pass is enough: what it misses is read at once, on the thread that asks, since to wake another
//! takes longer than most headers.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use hdf5_reader::error::Error as ReaderError;
use hdf5_reader::{Storage, StorageBuffer};

use crate::address::Address;
use crate::cores::in_place;
use crate::error::{Error, Result};
use crate::ranges::Ranges;

/// Bytes are kept in pages of this length.
const PAGE_BYTES: usize = 4096;
const PAGE: u64 = PAGE_BYTES as u64;

/// Wanted ranges with no more than so many pages between them are fetched as one.
const GAP: u64 = 4;

/// An object no longer than this is fetched whole.
const SMALL: u64 = 96 << 10;

/// What is fetched beyond a missed range grows to this where reading goes on in order.
const MOST_AHEAD: u64 = 1 << 20;

/// Pages beyond this many bytes are forgotten before the next run.
const KEPT: usize = 64 << 20;

/// A run that wants more than this reads no headers any more.
const MOST: u64 = 256 << 20;

/// An object for readers that wait for each range.
#[derive(Debug)]
pub(crate) struct Passes {
    ranges: Arc<dyn Ranges>,
    length: u64,
    is_here: bool,
    pages: Mutex<HashMap<u64, Bytes>>,
}

/// What a reader sees in one pass: the bytes that are there. A range that is not is noted, and the
/// reader gets an error that means nothing else.
#[derive(Debug)]
pub(crate) struct Pass {
    passes: Arc<Passes>,
    missed: Mutex<Vec<Range<u64>>>,
    /// What kept bytes of this machine from being read.
    failed: Mutex<Option<Error>>,
    /// Bytes that were read from this machine.
    read: AtomicU64,
    ahead: u64,
    at: AtomicU64,
}

/// Why a pass ended before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Bytes are not there yet.
    Missed,
    /// What the HDF5 reader says.
    Reader(ReaderError),
    /// What the NetCDF reader says.
    Classic(netcdf_reader::Error),
    /// What the caller is told.
    Told(Error),
}

/// What a step of a pass gives.
pub(crate) type Step<T> = std::result::Result<T, Stop>;

impl From<ReaderError> for Stop {
    fn from(error: ReaderError) -> Self {
        Self::Reader(error)
    }
}

impl From<netcdf_reader::Error> for Stop {
    fn from(error: netcdf_reader::Error) -> Self {
        Self::Classic(error)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Told(error)
    }
}

impl Stop {
    /// That a file says something it must not.
    pub(crate) fn wrong(what: impl Into<String>) -> Self {
        Self::Reader(ReaderError::InvalidData(what.into()))
    }
}

impl Passes {
    /// An object of which nothing was fetched yet.
    ///
    /// # Errors
    /// What keeps its length from being known.
    pub(crate) async fn of(ranges: Arc<dyn Ranges>) -> Result<Arc<Self>> {
        let (length, is_here) = (ranges.length().await?, ranges.is_here());
        Ok(Arc::new(Self { ranges, length, is_here, pages: Mutex::default() }))
    }

    /// What is read.
    pub(crate) fn ranges(&self) -> &Arc<dyn Ranges> {
        &self.ranges
    }

    /// How many bytes the object has.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Runs `work` until a pass misses nothing, and gives what that pass gave. `ahead` bytes beyond
    /// each missed range are fetched with it.
    ///
    /// # Errors
    /// What the work tells; [`Error::Damaged`], with the byte that was read last, for what a reader
    /// says; what keeps ranges from being fetched.
    pub(crate) async fn run<T, W>(self: &Arc<Self>, ahead: u64, mut work: W) -> Result<T>
    where
        T: Send + 'static,
        W: FnMut(&Arc<Pass>) -> Step<T> + Send + 'static,
    {
        self.forget_if_full();
        let (mut fetched, mut now_ahead) = (0, ahead);
        loop {
            let pass = Arc::new(Pass::of(self, ahead));
            let once = move || {
                let step = work(&pass);
                (step, pass, work)
            };
            let ran =
                if self.is_here { in_place(once) } else { tokio::task::spawn_blocking(once).await.ok() };
            let (step, pass, back) = ran.ok_or_else(|| self.damaged("its headers cannot be followed"))?;
            work = back;
            if let Some(error) = locked(&pass.failed).take() {
                return Err(error);
            }
            let missed = std::mem::take(&mut *locked(&pass.missed));
            if missed.is_empty() {
                return step.map_err(|stop| self.told(stop, &pass));
            }
            now_ahead = if self.goes_on(&missed) { (now_ahead * 2).min(MOST_AHEAD) } else { ahead };
            fetched += self.fetch(&missed, now_ahead).await?;
            if fetched > MOST {
                return Err(self.damaged(format!("its headers refer to more than {MOST} bytes of headers")));
            }
        }
    }

    /// That the object is not what its format promises.
    pub(crate) fn damaged(&self, what: impl Into<String>) -> Error {
        Error::Damaged { address: self.address(), what: what.into() }
    }

    /// What the object is called.
    pub(crate) fn address(&self) -> Address {
        self.ranges.address()
    }

    fn told(&self, stop: Stop, pass: &Pass) -> Error {
        let at = pass.at.load(Ordering::Relaxed);
        match stop {
            Stop::Told(error) => error,
            Stop::Reader(error) => self.damaged(format!("{error}, near byte {at}")),
            Stop::Classic(error) => self.damaged(format!("{error}, near byte {at}")),
            Stop::Missed => self.damaged(format!("a header refers to what is not there, near byte {at}")),
        }
    }

    fn forget_if_full(&self) {
        let mut pages = locked(&self.pages);
        if pages.values().map(Bytes::len).sum::<usize>() > KEPT {
            pages.clear();
        }
    }

    /// Whether a missed range begins where bytes that were fetched end.
    fn goes_on(&self, missed: &[Range<u64>]) -> bool {
        let pages = locked(&self.pages);
        missed.iter().any(|range| {
            let first = (range.start / PAGE..=range.end / PAGE).find(|page| !pages.contains_key(page));
            first.and_then(|page| page.checked_sub(1)).is_some_and(|page| pages.contains_key(&page))
        })
    }

    /// Fetches the pages of missed ranges that are not there; how many bytes that were.
    async fn fetch(&self, missed: &[Range<u64>], ahead: u64) -> Result<u64> {
        let windows = self.windows(missed, ahead);
        let fetched = self.ranges.read(&windows).await?;
        self.keep(&windows, fetched)
    }

    /// The same for a range of a file of this machine; none where the object is elsewhere.
    fn read(&self, range: &Range<u64>, ahead: u64) -> Option<Result<u64>> {
        let windows = self.windows(std::slice::from_ref(range), ahead);
        let read: Option<Result<Vec<Bytes>>> =
            windows.iter().map(|window| self.ranges.here(window)).collect();
        Some(read?.and_then(|read| self.keep(&windows, read)))
    }

    fn keep(&self, windows: &[Range<u64>], fetched: Vec<Bytes>) -> Result<u64> {
        let mut pages = locked(&self.pages);
        let mut sum = 0;
        for (window, bytes) in windows.iter().zip(fetched) {
            if bytes.len() as u64 != window.end - window.start {
                return Err(self.damaged(format!("{} bytes came for the range {window:?}", bytes.len())));
            }
            sum += bytes.len() as u64;
            for (page, from) in (window.start / PAGE..).zip((0..bytes.len()).step_by(PAGE_BYTES)) {
                pages.insert(page, bytes.slice(from..bytes.len().min(from + PAGE_BYTES)));
            }
        }
        Ok(sum)
    }

    /// Whole pages that are not there, with what lies ahead and between.
    fn windows(&self, missed: &[Range<u64>], ahead: u64) -> Vec<Range<u64>> {
        if self.length <= SMALL {
            return vec![Range { start: 0, end: self.length }];
        }
        let there = locked(&self.pages);
        let wanted: BTreeSet<u64> = missed
            .iter()
            .flat_map(|range| {
                range.start / PAGE..range.end.saturating_add(ahead).min(self.length).div_ceil(PAGE)
            })
            .filter(|page| !there.contains_key(page))
            .collect();
        let mut windows: Vec<Range<u64>> = Vec::new();
        for page in wanted {
            let end = ((page + 1) * PAGE).min(self.length);
            match windows.last_mut() {
                Some(last) if page * PAGE <= last.end + GAP * PAGE => last.end = end,
                _ => windows.push(page * PAGE..end),
            }
        }
        windows
    }

    /// The bytes of a range, if all of them are there.
    fn there(&self, range: &Range<u64>) -> Option<Bytes> {
        let pages = locked(&self.pages);
        let (first, last) = (range.start / PAGE, range.end.saturating_sub(1) / PAGE);
        let from = usize::try_from(range.start % PAGE).ok()?;
        let length = usize::try_from(range.end - range.start).ok()?;
        if first >= last {
            return pages.get(&first).map(|page| page.slice(from..from + length));
        }
        let mut whole = Vec::with_capacity(length + PAGE_BYTES);
        for page in first..=last {
            let page = pages.get(&page)?;
            whole.extend_from_slice(page);
        }
        Some(Bytes::from(whole).slice(from..from + length))
    }
}

impl Pass {
    fn of(passes: &Arc<Passes>, ahead: u64) -> Self {
        Self {
            passes: Arc::clone(passes),
            missed: Mutex::default(),
            failed: Mutex::default(),
            read: AtomicU64::new(0),
            ahead,
            at: AtomicU64::new(0),
        }
    }

    /// Reads a range of a file of this machine; false where the object is elsewhere.
    fn read_here(&self, range: &Range<u64>) -> std::result::Result<bool, ReaderError> {
        match self.passes.read(range, self.ahead) {
            None => Ok(false),
            Some(Ok(bytes)) => {
                let before = self.read.fetch_add(bytes, Ordering::Relaxed);
                if before > MOST {
                    return Err(ReaderError::ResourceLimit(format!("more than {MOST} bytes of headers")));
                }
                Ok(true)
            }
            Some(Err(error)) => {
                *locked(&self.failed) = Some(error);
                Err(ReaderError::Other("bytes that cannot be read".to_owned()))
            }
        }
    }

    /// What a step gives, or none where it missed bytes: then others can still be tried, so that what
    /// they miss is fetched with it.
    ///
    /// # Errors
    /// What the step gives when it missed nothing.
    pub(crate) fn attempt<T>(&self, step: impl FnOnce() -> Step<T>) -> Step<Option<T>> {
        let before = self.count_missed();
        let done = step();
        if self.count_missed() > before {
            return Ok(None);
        }
        match done {
            Err(Stop::Missed) => Ok(None),
            done => done.map(Some),
        }
    }

    fn count_missed(&self) -> usize {
        locked(&self.missed).len()
    }
}

impl Storage for Pass {
    fn len(&self) -> u64 {
        self.passes.length
    }

    fn read_range(&self, offset: u64, len: usize) -> std::result::Result<StorageBuffer, ReaderError> {
        let length = self.passes.length;
        let needed = len as u64;
        self.at.store(offset, Ordering::Relaxed);
        let end = offset.checked_add(needed).filter(|end| *end <= length);
        let end = end.ok_or(ReaderError::UnexpectedEof {
            offset,
            needed,
            available: length.saturating_sub(offset),
        })?;
        if needed > MOST {
            return Err(ReaderError::ResourceLimit(format!("a header of {needed} bytes")));
        }
        if needed == 0 {
            return Ok(StorageBuffer::from_vec(Vec::new()));
        }
        let range = offset..end;
        let there = match self.passes.there(&range) {
            None if self.read_here(&range)? => self.passes.there(&range),
            there => there,
        };
        if let Some(bytes) = there {
            return StorageBuffer::from_shared_owner(Arc::new(bytes), 0, len);
        }
        locked(&self.missed).push(offset..end);
        Err(ReaderError::Other("bytes that are still to be fetched".to_owned()))
    }
}

/// What a mutex holds, also after a panic elsewhere: its values are whole at every step.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handle::Handle;

    /// Follows three addresses, each of which is told where the one before led; how many passes that took.
    async fn followed(passes: &Arc<Passes>) -> Result<u32> {
        let mut ran = 0;
        let follow = move |pass: &Arc<Pass>| {
            ran += 1;
            let mut at = 0;
            for _ in 0..3 {
                let bytes = pass.read_range(at, 8)?;
                at = u64::from_le_bytes(bytes.as_ref().try_into().map_err(|_| Stop::wrong("no address"))?);
            }
            Ok(ran)
        };
        passes.run(0, follow).await
    }

    #[tokio::test]
    async fn a_file_of_this_machine_takes_one_pass_and_another_object_one_a_step() {
        let mut bytes = vec![0; 1 << 20];
        for (at, next) in [(0, 400_000_u64), (400_000, 800_000), (800_000, 0)] {
            bytes[at..at + 8].copy_from_slice(&next.to_le_bytes());
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, &bytes).unwrap();
        let here = Passes::of(Arc::new(Handle::local(&path).unwrap())).await.unwrap();
        assert_eq!(followed(&here).await.unwrap(), 1);
        let afar = Passes::of(Arc::new(crate::ranges::memory::Memory(bytes.into()))).await.unwrap();
        assert_eq!(followed(&afar).await.unwrap(), 4);
    }

    #[tokio::test]
    async fn a_reader_that_panics_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, [0; 8]).unwrap();
        let here: Arc<dyn Ranges> = Arc::new(Handle::local(&path).unwrap());
        let afar: Arc<dyn Ranges> = Arc::new(crate::ranges::memory::Memory(vec![0; 8].into()));
        for ranges in [here, afar] {
            let passes = Passes::of(ranges).await.unwrap();
            let broken = |_: &Arc<Pass>| -> Step<()> { panic!("a reader's own mistake") };
            let error = passes.run(0, broken).await.unwrap_err().to_string();
            assert!(error.contains("its headers cannot be followed"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_file_that_changes_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, vec![0; 1 << 20]).unwrap();
        let here = Passes::of(Arc::new(Handle::local(&path).unwrap())).await.unwrap();
        std::fs::write(&path, b"short").unwrap();
        assert!(matches!(followed(&here).await, Err(Error::Changed { .. })));
    }
}
