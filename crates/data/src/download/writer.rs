//! Writes a part off the runtime's threads, a batch at a time, while the next one comes.

use tokio::task::JoinHandle;

use super::part::PartFile;
use crate::error::{Error, Result};

/// Bytes that are written at once. So much of each transfer, twice, can be lost when the process is killed.
const BATCH: usize = 128 << 10;

/// A part that is written while bytes come.
pub(super) struct Writer {
    state: State,
    batch: Vec<u8>,
}

enum State {
    Idle(Box<PartFile>),
    Busy(JoinHandle<Result<Box<PartFile>>>),
    /// Only after a write failed.
    Lost,
}

impl Writer {
    pub(super) fn new(part: PartFile) -> Self {
        Self { state: State::Idle(Box::new(part)), batch: Vec::with_capacity(BATCH) }
    }

    /// Takes bytes. An error may be of bytes that came before.
    pub(super) async fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.batch.extend_from_slice(bytes);
        if self.batch.len() >= BATCH {
            self.begin().await?;
        }
        Ok(())
    }

    /// Begins to write the batch, when the one before is written.
    async fn begin(&mut self) -> Result<()> {
        let mut part = self.idle().await?;
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        self.state = State::Busy(tokio::task::spawn_blocking(move || part.write(&batch).map(|()| part)));
        Ok(())
    }

    async fn idle(&mut self) -> Result<Box<PartFile>> {
        match std::mem::replace(&mut self.state, State::Lost) {
            State::Idle(part) => Ok(part),
            State::Busy(writing) => joined(writing).await,
            State::Lost => Err(stopped()),
        }
    }

    /// The part with all bytes that were pushed.
    pub(super) async fn settled(&mut self) -> Result<&mut PartFile> {
        if !self.batch.is_empty() {
            self.begin().await?;
        }
        let part = self.idle().await?;
        self.state = State::Idle(part);
        match &mut self.state {
            State::Idle(part) => Ok(part),
            _ => Err(stopped()),
        }
    }

    /// Does something that blocks with the part.
    pub(super) async fn with<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut PartFile) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.settled().await?;
        let mut part = self.idle().await?;
        let (part, worked) = tokio::task::spawn_blocking(move || {
            let worked = work(&mut part);
            (part, worked)
        })
        .await
        .map_err(|_| stopped())?;
        self.state = State::Idle(part);
        worked
    }

    /// Gives the part back, with all that was pushed.
    pub(super) async fn into_part(mut self) -> Result<PartFile> {
        self.settled().await?;
        Ok(*self.idle().await?)
    }
}

async fn joined(writing: JoinHandle<Result<Box<PartFile>>>) -> Result<Box<PartFile>> {
    writing.await.map_err(|_| stopped())?
}

fn stopped() -> Error {
    Error::Invalid {
        what: "the download was stopped while it wrote".to_owned(),
        advice: "call again: what came is kept".to_owned(),
    }
}
