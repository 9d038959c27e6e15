//! Parts of chunks that are not whole: they wait in files.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::beside::{twice, unwritten};
use super::super::boxes::{copy, count, place, shared};
use crate::error::Result;
use crate::expression::Span;

/// Chunks of which some elements are there, by their number along each axis.
#[derive(Debug)]
pub(super) struct Waiting {
    folder: PathBuf,
    chunks: Mutex<HashMap<Vec<u64>, Arc<Mutex<Parts>>>>,
}

/// Parts of a chunk, in the order in which they lie in its file.
#[derive(Debug, Default)]
pub(super) struct Parts {
    boxes: Vec<Vec<Span>>,
    file: PathBuf,
}

impl Waiting {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, chunks: Mutex::default() }
    }

    /// Takes a part of a chunk, by its place in it; all its parts when this was the last one.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] for what is there already; what keeps the file from being written.
    pub(super) fn put(
        &self,
        number: &[u64],
        chunk: &[Span],
        part: Vec<Span>,
        bytes: &[u8],
    ) -> Result<Option<Parts>> {
        let parts = Arc::clone(locked(&self.chunks).entry(number.to_vec()).or_default());
        let mut parts = locked(&parts);
        if parts.boxes.iter().any(|other| shared(other, &part).is_some()) {
            return Err(twice());
        }
        if parts.boxes.is_empty() {
            let names: Vec<String> = number.iter().map(u64::to_string).collect();
            parts.file = self.folder.join(names.join("."));
            fs::create_dir_all(&self.folder).map_err(unwritten(&self.folder))?;
        }
        let opened = OpenOptions::new().append(true).create(true).open(&parts.file);
        opened.and_then(|mut file| file.write_all(bytes)).map_err(unwritten(&parts.file))?;
        parts.boxes.push(part);
        let there: u64 = parts.boxes.iter().map(|part| count(part)).sum();
        if there < count(chunk) {
            return Ok(None);
        }
        locked(&self.chunks).remove(number);
        Ok(Some(std::mem::take(&mut *parts)))
    }

    /// That nothing waits any more.
    pub(super) fn finish(&self) -> Result<()> {
        match fs::remove_dir(&self.folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(unwritten(&self.folder)(error)),
            _ => Ok(()),
        }
    }
}

impl Parts {
    /// Puts all parts where they belong in a chunk. Their file is no more needed then.
    pub(super) fn lay(self, elements: &mut [u8], chunk: &[u64], size: usize) -> Result<()> {
        let mut file = File::open(&self.file).map_err(unwritten(&self.file))?;
        let mut bytes = Vec::new();
        for part in &self.boxes {
            bytes.resize(place(count(part))? * size, 0);
            file.read_exact(&mut bytes).map_err(unwritten(&self.file))?;
            let shape: Vec<u64> = part.iter().map(|span| span.count).collect();
            let whole: Vec<Span> = shape.iter().map(|count| Span { start: 0, count: *count }).collect();
            copy((&bytes, &shape, &whole), (elements, chunk, part), size)?;
        }
        fs::remove_file(&self.file).map_err(unwritten(&self.file))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
