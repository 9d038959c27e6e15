//! Bills in S3 and Cloud Storage. Requests run on a thread of their own, and whoever reads waits for them.

use std::future::Future;
use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::error::Fault;

/// Pieces of a stream that wait to be read.
const AHEAD: usize = 16;

/// A bucket that bills are read from.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// `s3://NAME` or `gs://NAME`.
    address: String,
    store: Arc<dyn ObjectStore>,
    runtime: Arc<Runtime>,
}

/// A runtime on a thread of its own, which ends when nobody needs it.
#[derive(Debug)]
struct Runtime {
    handle: Handle,
    _end: oneshot::Sender<()>,
}

impl Runtime {
    fn start() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (sender, ended) = oneshot::channel();
        std::thread::Builder::new().name("bills".to_owned()).spawn(move || {
            // The sender is never used: it is dropped.
            let _dropped = runtime.block_on(ended);
        })?;
        Ok(Self { handle, _end: sender })
    }
}

/// What a folder of a bucket is for whoever looks for files of some days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// None of its files is wanted.
    Past,
    /// Some of its folders may be.
    Into,
    /// All of its files may be.
    All,
}

/// A file in a bucket.
#[derive(Clone, Debug)]
pub(in crate::ledger) struct Object {
    bucket: Bucket,
    path: Path,
    /// Its whole address.
    pub(in crate::ledger) name: String,
    pub(in crate::ledger) size: u64,
    pub(in crate::ledger) tag: String,
    /// When it was written, in seconds since 1970.
    pub(in crate::ledger) written: i64,
}

impl Bucket {
    /// A bucket by its address, such as `s3://bills`, and what answers for it.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn new(address: &str, store: Arc<dyn ObjectStore>) -> std::io::Result<Self> {
        let address = address.trim_end_matches('/').to_owned();
        Ok(Self { address, store, runtime: Arc::new(Runtime::start()?) })
    }

    fn wait<T: Send + 'static>(
        &self,
        about: &str,
        work: impl Future<Output = object_store::Result<T>> + Send + 'static,
    ) -> Result<T, Fault> {
        let (sender, receiver) = std::sync::mpsc::channel();
        let task = self.runtime.handle.spawn(async move {
            let _nobody_waits = sender.send(work.await);
        });
        let answer = receiver.recv();
        drop(task);
        match answer {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => Err(refused(about, &error)),
            Err(_) => Err(Fault::Remote(format!("{about} was not answered"))),
        }
    }

    /// Everything below a prefix, or the one object that it names.
    pub(in crate::ledger) fn list(&self, prefix: &str) -> Result<Vec<Object>, Fault> {
        let store = self.store.clone();
        let path = Path::from(prefix);
        let below = path.clone();
        let listed =
            self.wait("listing", async move { store.list(Some(&below)).try_collect::<Vec<_>>().await })?;
        let mut found: Vec<_> = listed.into_iter().map(|meta| self.object(meta)).collect();
        if found.is_empty() && !prefix.is_empty() {
            let store = self.store.clone();
            // An object has no prefix but itself, which listing leaves out.
            let one = self.wait("asking for it", async move {
                match store.head(&path).await {
                    Err(object_store::Error::NotFound { .. }) => Ok(None),
                    other => other.map(Some),
                }
            })?;
            found.extend(one.map(|meta| self.object(meta)));
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }

    /// What is below a prefix, without the folders that need not be looked into.
    pub(in crate::ledger) fn list_some(
        &self,
        prefix: &str,
        look: &dyn Fn(&str) -> Look,
    ) -> Result<Vec<Object>, Fault> {
        let mut found = Vec::new();
        let mut folders = vec![prefix.to_owned()];
        while let Some(folder) = folders.pop() {
            match look(&folder) {
                Look::Past => continue,
                Look::All => {
                    found.extend(self.list(&folder)?);
                    continue;
                }
                Look::Into => {}
            }
            let (store, path) = (self.store.clone(), Path::from(folder.as_str()));
            let listed = self.wait("listing", async move { store.list_with_delimiter(Some(&path)).await })?;
            if listed.objects.is_empty() && listed.common_prefixes.is_empty() {
                // It may be the name of one object.
                found.extend(self.list(&folder)?);
            }
            found.extend(listed.objects.into_iter().map(|meta| self.object(meta)));
            folders.extend(listed.common_prefixes.iter().map(ToString::to_string));
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }

    fn object(&self, meta: object_store::ObjectMeta) -> Object {
        Object {
            bucket: self.clone(),
            name: format!("{}/{}", self.address, meta.location),
            size: meta.size,
            tag: meta.e_tag.unwrap_or_default().trim_matches('"').to_owned(),
            written: meta.last_modified.timestamp(),
            path: meta.location,
        }
    }

    /// The address, without what is in it.
    pub fn address(&self) -> &str {
        &self.address
    }
}

/// What a store says, without the request's headers.
fn refused(about: &str, error: &object_store::Error) -> Fault {
    let text = match error {
        object_store::Error::NotFound { .. } => "there is nothing of this name".to_owned(),
        other if other.to_string().contains("NoSuchBucket") => "there is no such bucket".to_owned(),
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
            "these credentials may not read there".to_owned()
        }
        other => other.to_string(),
    };
    Fault::Remote(format!("{about}: {text}"))
}

impl Object {
    /// Bytes of it.
    pub(in crate::ledger) fn range(&self, range: Range<u64>) -> Result<Bytes, Fault> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let (store, path) = (self.bucket.store.clone(), self.path.clone());
        self.bucket.wait("reading", async move { store.get_range(&path, range).await })
    }

    /// Pieces of it.
    pub(in crate::ledger) fn ranges(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, Fault> {
        let (store, path, ranges) = (self.bucket.store.clone(), self.path.clone(), ranges.to_vec());
        self.bucket.wait("reading", async move { store.get_ranges(&path, &ranges).await })
    }

    /// All of it, one byte after the other.
    pub(in crate::ledger) fn stream(&self) -> Stream {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let (store, path) = (self.bucket.store.clone(), self.path.clone());
        let read = async move {
            let mut stream = match store.get(&path).await {
                Ok(found) => found.into_stream(),
                Err(error) => {
                    let _nobody_reads = sender.send(Err(error)).await;
                    return;
                }
            };
            loop {
                let piece = stream.try_next().await.transpose();
                let Some(piece) = piece else { return };
                let failed = piece.is_err();
                if sender.send(piece).await.is_err() || failed {
                    return;
                }
            }
        };
        drop(self.bucket.runtime.handle.spawn(read));
        Stream { pieces: receiver, piece: Bytes::new(), left: self.size }
    }
}

/// An object as it comes.
pub(in crate::ledger) struct Stream {
    pieces: mpsc::Receiver<object_store::Result<Bytes>>,
    piece: Bytes,
    /// Bytes that are still to come.
    left: u64,
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                Some(Ok(piece)) => self.piece = piece,
                Some(Err(error)) => return Err(std::io::Error::other(refused("reading", &error))),
                None if self.left > 0 => {
                    return Err(std::io::Error::other("the store broke off"));
                }
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.piece.len());
        self.piece.copy_to_slice(&mut buffer[..count]);
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}
