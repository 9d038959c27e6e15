//! Reads on a tokio runtime, for those who wait on a thread.

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::error::{Error, Result};

/// A read that ends when nobody waits for it any more.
pub(super) struct Reading<T> {
    task: JoinHandle<frazil_data::Result<T>>,
    runtime: Handle,
}

impl<T: Send + 'static> Reading<T> {
    /// Begins to read.
    pub(super) fn begin(
        runtime: &Handle,
        read: impl Future<Output = frazil_data::Result<T>> + Send + 'static,
    ) -> Self {
        Self { task: runtime.spawn(read), runtime: runtime.clone() }
    }

    /// What was read. Blocks until it is there.
    ///
    /// # Errors
    /// [`Error::Source`] of what is called so.
    pub(super) fn wait(mut self, what: impl Fn() -> String) -> Result<T> {
        let read = self.runtime.block_on(&mut self.task).map_err(|error| Error::Source {
            what: what(),
            advice: "call again; if it stays so, tell those who keep this program".to_owned(),
            source: Box::new(error),
        })?;
        read.map_err(|error| unread(what(), error))
    }
}

impl<T> Drop for Reading<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// That something could not be read.
pub(crate) fn unread(what: String, error: frazil_data::Error) -> Error {
    let advice = error.advice();
    Error::Source { what, advice, source: Box::new(error) }
}
