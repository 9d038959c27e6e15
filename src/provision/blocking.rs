//! Work that blocks, beside what waits.

use crate::error::{Error, Result};

/// Runs what waits for a program, beside everything else.
pub(crate) async fn blocking<T: Send + 'static, E: Into<Error> + Send + 'static>(
    work: impl FnOnce() -> std::result::Result<T, E> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(Into::into),
        Err(error) => Err(Error::failed("a thread ended early").because(error)),
    }
}
