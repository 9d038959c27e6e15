//! Reading for who is not async: file objects of Python, readers of formats that know no futures.

use std::ops::Range;

use bytes::Bytes;
use tokio::runtime;

use super::{Handle, stopped};
use crate::error::Result;
use crate::ranges::Ranges;

/// A handle whose calls block until the bytes are there. The requests run on a runtime that is given, on
/// threads of its own: it has several, or somebody else drives it. Never call it on a thread of that
/// runtime which runs futures; threads of `spawn_blocking` are for such calls.
#[derive(Clone, Debug)]
pub struct Blocking {
    handle: Handle,
    runtime: runtime::Handle,
}

impl Blocking {
    /// A handle, and where its requests run.
    pub fn new(handle: Handle, runtime: runtime::Handle) -> Self {
        Self { handle, runtime }
    }

    /// The handle.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The object's length.
    ///
    /// # Errors
    /// As [`Ranges::length`].
    pub fn length(&self) -> Result<u64> {
        if let Some(length) = self.handle.known_length() {
            return Ok(length);
        }
        let handle = self.handle.clone();
        self.wait(async move { handle.length().await })
    }

    /// Bytes from one on, as many as there are up to a count: fewer at the object's end.
    ///
    /// # Errors
    /// As [`Ranges::read`].
    pub fn read_at(&self, from: u64, count: u64) -> Result<Bytes> {
        if let Some(bytes) = self.handle.at_once(from, count)? {
            return Ok(bytes);
        }
        let handle = self.handle.clone();
        self.wait(async move { handle.read_at(from, count).await })
    }

    /// As [`Ranges::read`].
    ///
    /// # Errors
    /// As [`Ranges::read`].
    pub fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let (handle, ranges) = (self.handle.clone(), ranges.to_vec());
        self.wait(async move { handle.read(&ranges).await })
    }

    /// Runs a future on the runtime, and waits for it here.
    fn wait<T: Send + 'static>(&self, work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        self.runtime.spawn(async move {
            // Nobody is there to be told if the caller is gone.
            tell.send(work.await).ok();
        });
        told.recv().unwrap_or_else(|_| Err(stopped(&self.handle.address())))
    }
}
