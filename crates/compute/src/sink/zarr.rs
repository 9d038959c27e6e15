//! Results as Zarr v3 stores (<https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html>), with names of
//! dimensions, attributes and consolidated metadata as xarray writes and reads them.
//!
//! A chunk is written once, when all of its elements are there: at once where a box covers it, which no other
//! thread does then. Parts of a chunk that come in several boxes wait in files beside the chunks, so that
//! memory does not grow with how many there are.

mod encoder;
mod waiting;

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::beside::{self, Left, there_already, twice, unwritten};
use super::boxes::{copy, count, is_part, moved, shared};
use super::{Contents, Sink};
use crate::block::ElementType;
use crate::error::{Error, Result};
use crate::expression::Span;
use encoder::{Encoder, attributes};
use waiting::Waiting;

/// How chunks are compressed: with a shuffle of their bytes, in the container of blosc.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Codec {
    /// Fast.
    #[default]
    Lz4,
    /// Smaller, and slower to write.
    Zstd,
    /// Not at all.
    Plain,
}

/// What a codec needs to work in, besides chunks.
const WORKSPACE: u64 = 4 << 20;

/// A result as a Zarr store. It is at its place when it is finished; if it is dropped before, nothing is left
/// of it. A program that is killed leaves a hidden folder beside the place.
#[derive(Debug)]
pub struct Zarr {
    folder: TempDir,
    path: PathBuf,
    name: String,
    shape: Vec<u64>,
    element: ElementType,
    encoder: Encoder,
    waiting: Waiting,
    left: Left,
}

impl Zarr {
    /// Begins a store at a path where nothing is yet, with chunks of so many elements along each axis.
    /// [`crate::plan::Plan::grain`] tells of chunks that are written at once.
    ///
    /// # Errors
    /// [`Error::Invalid`] where something is at the path, and for chunks of no elements, of other axes, or of
    /// 2 GiB or more; [`Error::Sink`] where it cannot be written.
    pub fn create(
        path: impl Into<PathBuf>,
        contents: &Contents,
        chunk: &[u64],
        codec: Codec,
    ) -> Result<Self> {
        let path = path.into();
        let (shape, element) = (contents.shape(), contents.element());
        let left = Left::new(contents.count()?);
        let dimensions: Vec<&str> = contents.dimensions().iter().map(|own| own.name.as_str()).collect();
        let said = attributes(contents.attributes(), Some(element), true);
        let encoder = Encoder::new(element, (&shape, chunk), &dimensions, &said, codec)?;
        let folder = beside::folder(&path)?;
        // No array has this name.
        let waiting = Waiting::new(folder.path().join("__waiting"));
        let name = contents.name().to_owned();
        let store = Self { folder, path, name, shape, element, encoder, waiting, left };
        store.describe(contents, codec)?;
        Ok(store)
    }

    /// Bytes of memory that writing a box of so many bytes takes at most, besides the box, where chunks have so many elements
    /// along each axis.
    pub fn memory_of(chunk: &[u64], element: ElementType, bytes: u64) -> u64 {
        let chunk = chunk.iter().copied().fold(element.size() as u64, u64::saturating_mul);
        // Its elements, what a box or a file has of them, and how they are stored.
        chunk.saturating_mul(2).saturating_add(chunk.min(bytes)).saturating_add(WORKSPACE)
    }

    /// Puts the store at its place. All elements are there.
    ///
    /// # Errors
    /// [`Error::Invalid`] where elements are missing, or something came to the place in the meantime;
    /// [`Error::Sink`] where it cannot be moved. Nothing is left of it then.
    pub fn finish(self) -> Result<()> {
        self.left.is_none(&self.path)?;
        self.waiting.finish()?;
        if fs::symlink_metadata(&self.path).is_ok() {
            return Err(there_already(&self.path));
        }
        fs::rename(self.folder.path(), &self.path).map_err(unwritten(&self.path))?;
        // Moved away, it is nothing that would be removed.
        drop(self.folder.keep());
        Ok(())
    }

    /// Writes coordinates, and metadata of all.
    fn describe(&self, contents: &Contents, codec: Codec) -> Result<()> {
        let mut members = Map::new();
        for (own, element) in contents.coordinates() {
            let dimensions: Vec<&str> = own.dimensions.iter().map(String::as_str).collect();
            let shape = &own.values.shape;
            let chunk: Vec<u64> = shape.iter().map(|length| (*length).max(1)).collect();
            let said = attributes(&own.attributes, Some(element), false);
            let encoder = Encoder::new(element, (shape, &chunk), &dimensions, &said, codec)?;
            if !own.values.bytes.is_empty() {
                let key = encoder.key(&vec![0; shape.len()]);
                self.write(
                    &Path::new(&own.name).join(key),
                    &encoder.encode(Cow::Borrowed(&own.values.bytes))?,
                )?;
            }
            members.insert(own.name.clone(), encoder.metadata()?);
        }
        members.insert(self.name.clone(), self.encoder.metadata()?);
        for (name, metadata) in &members {
            self.write(&Path::new(name).join("zarr.json"), &bytes(metadata)?)?;
        }
        // As zarr-python consolidates: readers need one request for all metadata.
        let root = json!({
            "zarr_format": 3,
            "node_type": "group",
            "attributes": attributes(contents.global(), None, false),
            "consolidated_metadata": {"kind": "inline", "must_understand": false, "metadata": members},
        });
        self.write(Path::new("zarr.json"), &bytes(&root)?)
    }

    /// Writes a file of the store that is not there yet.
    fn write(&self, key: &Path, bytes: &[u8]) -> Result<()> {
        let path = self.folder.path().join(key);
        let place = self.path.join(key);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(unwritten(&place))?;
        }
        let mut file = match File::create_new(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(twice()),
            made => made.map_err(unwritten(&place))?,
        };
        file.write_all(bytes).map_err(unwritten(&place))
    }

    /// The elements of a chunk by its number along each axis, as far as the array goes.
    fn chunk(&self, number: &[u64]) -> Vec<Span> {
        let along = number.iter().zip(self.encoder.chunk()).zip(&self.shape);
        along
            .map(|((number, chunk), length)| {
                let start = number * chunk;
                Span { start, count: (*chunk).min(length - start) }
            })
            .collect()
    }

    /// Takes what a box has of a chunk.
    fn put_into(&self, number: &[u64], part: &[Span], bytes: &[u8]) -> Result<()> {
        let chunk = self.chunk(number);
        let Some(here) = shared(part, &chunk) else { return Ok(()) };
        let origin = |part: &[Span]| part.iter().map(|span| span.start).collect::<Vec<_>>();
        let shape: Vec<u64> = part.iter().map(|span| span.count).collect();
        let size = self.element.size();
        let within = moved(&here, &origin(part));
        if here != chunk {
            let counts: Vec<u64> = here.iter().map(|span| span.count).collect();
            let whole: Vec<Span> = counts.iter().map(|count| Span { start: 0, count: *count }).collect();
            let mut own = vec![0; super::boxes::place(count(&here))? * size];
            copy((bytes, &shape, &within), (&mut own, &counts, &whole), size)?;
            let Some(parts) = self.waiting.put(number, &chunk, moved(&here, &origin(&chunk)), &own)? else {
                return Ok(());
            };
            drop(own);
            let mut elements = self.encoder.blank()?;
            parts.lay(&mut elements, self.encoder.chunk(), size)?;
            return self.store(number, Cow::Owned(elements));
        }
        // A box that is a whole chunk lies in memory as the chunk does.
        if *part == *chunk && shape == self.encoder.chunk() {
            return self.store(number, Cow::Borrowed(bytes));
        }
        let mut elements = self.encoder.blank()?;
        let to = moved(&here, &origin(&chunk));
        copy((bytes, &shape, &within), (&mut elements, self.encoder.chunk(), &to), size)?;
        self.store(number, Cow::Owned(elements))
    }

    fn store(&self, number: &[u64], elements: Cow<'_, [u8]>) -> Result<()> {
        let encoded = self.encoder.encode(elements)?;
        self.write(&Path::new(&self.name).join(self.encoder.key(number)), &encoded)
    }
}

impl Sink for Zarr {
    fn shape(&self) -> &[u64] {
        &self.shape
    }

    fn element(&self) -> ElementType {
        self.element
    }

    fn memory(&self, bytes: u64) -> u64 {
        Self::memory_of(self.encoder.chunk(), self.element, bytes)
    }

    fn put(&self, part: &[Span], element: ElementType, bytes: &[u8]) -> Result<()> {
        if element != self.element || !is_part(&self.shape, part, element.size(), bytes.len()) {
            return Err(Error::invalid(
                format!("{part:?} of {element} is no part of {:?} of {}", self.shape, self.element),
                "begin the store for the result of this expression",
            ));
        }
        self.left.take(count(part))?;
        if bytes.is_empty() {
            return Ok(());
        }
        let touched = |(span, chunk): (&Span, &u64)| (span.start / chunk, (span.end() - 1) / chunk + 1);
        let ranges: Vec<(u64, u64)> = part.iter().zip(self.encoder.chunk()).map(touched).collect();
        let mut number: Vec<u64> = ranges.iter().map(|(first, _)| *first).collect();
        loop {
            self.put_into(&number, part, bytes)?;
            if !step(&mut number, &ranges) {
                return Ok(());
            }
        }
    }
}

/// The next number along the axes, the last first; false behind the last one.
fn step(number: &mut [u64], ranges: &[(u64, u64)]) -> bool {
    for (number, (first, end)) in number.iter_mut().zip(ranges).rev() {
        *number += 1;
        if *number < *end {
            return true;
        }
        *number = *first;
    }
    false
}

fn bytes(metadata: &Value) -> Result<Vec<u8>> {
    serde_json::to_vec_pretty(metadata).map_err(|error| encoder::unencoded(&error))
}
