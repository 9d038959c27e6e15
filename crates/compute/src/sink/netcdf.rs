//! Results as NetCDF files: the classic format with 64-bit data (CDF-5), of which every element has its place
//! before any is known, so that boxes are written where they belong, by several threads, in the memory of one
//! box each. xarray, netCDF4 and everything else over netCDF-C 4.4 or later reads it. It has neither chunks nor
//! compression: see [`super::Zarr`].

mod header;

use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use tempfile::NamedTempFile;

use super::beside::{self, Left, there_already, unwritten};
use super::boxes::{Rows, count, is_part, joined_from, place};
use super::{Contents, Sink};
use crate::block::ElementType;
use crate::error::{Error, Result};
use crate::expression::Span;
use header::Header;

/// A result as a NetCDF file. It is at its place when it is finished; if it is dropped before, nothing is left
/// of it. A program that is killed leaves a hidden file beside the place.
#[derive(Debug)]
pub struct NetCdf {
    file: NamedTempFile,
    path: PathBuf,
    shape: Vec<u64>,
    element: ElementType,
    begin: u64,
    left: Left,
}

impl NetCdf {
    /// Begins a file at a path where nothing is yet. It has its length at once.
    ///
    /// # Errors
    /// [`Error::Invalid`] where something is at the path, and for what the format does not have: dimensions of
    /// length 0, attributes that are neither numbers nor one text; [`Error::Sink`] where it cannot be written.
    pub fn create(path: impl Into<PathBuf>, contents: &Contents) -> Result<Self> {
        let path = path.into();
        let header = Header::of(contents)?;
        let left = Left::new(contents.count()?);
        let mut file = beside::file(&path)?;
        file.write_all(&header.bytes).map_err(unwritten(&path))?;
        for ((own, element), begin) in contents.coordinates().zip(&header.coordinates) {
            let bytes = turned(&own.values.bytes, element);
            file.as_file().write_all_at(&bytes, *begin).map_err(unwritten(&path))?;
        }
        file.as_file().set_len(header.end).map_err(unwritten(&path))?;
        let (shape, element) = (contents.shape(), contents.element());
        Ok(Self { file, path, shape, element, begin: header.begin, left })
    }

    /// Puts the file at its place. All elements are there.
    ///
    /// # Errors
    /// [`Error::Invalid`] where elements are missing, or something came to the place in the meantime;
    /// [`Error::Sink`] where it cannot be moved. Nothing is left of it then.
    pub fn finish(self) -> Result<()> {
        self.left.is_none(&self.path)?;
        // On the disk before it has its name: after a loss of power there is no empty file at the place.
        self.file.as_file().sync_all().map_err(unwritten(&self.path))?;
        match self.file.persist_noclobber(&self.path) {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
                Err(there_already(&self.path))
            }
            Err(error) => Err(unwritten(&self.path)(error.error)),
        }
    }
}

impl Sink for NetCdf {
    fn shape(&self) -> &[u64] {
        &self.shape
    }

    fn element(&self) -> ElementType {
        self.element
    }

    fn memory(&self, bytes: u64) -> u64 {
        bytes
    }

    fn put(&self, part: &[Span], element: ElementType, bytes: &[u8]) -> Result<()> {
        let size = self.element.size();
        if element != self.element || !is_part(&self.shape, part, size, bytes.len()) {
            return Err(Error::invalid(
                format!("{part:?} of {element} is no part of {:?} of {}", self.shape, self.element),
                "begin the file for the result of this expression",
            ));
        }
        self.left.take(count(part))?;
        let bytes = turned(bytes, element);
        let rows = Rows::new(&self.shape, part, joined_from(&self.shape, part));
        let length = place(rows.length())? * size;
        for (start, row) in rows.starts().zip(bytes.chunks_exact(length.max(1))) {
            let place = self.begin + start * size as u64;
            self.file.as_file().write_all_at(row, place).map_err(unwritten(&self.path))?;
        }
        Ok(())
    }
}

/// Elements in the order of bytes that the format has: the largest first.
fn turned(bytes: &[u8], element: ElementType) -> Vec<u8> {
    fn each<const N: usize>(bytes: &mut [u8]) {
        for element in bytes.as_chunks_mut::<N>().0 {
            element.reverse();
        }
    }
    let mut turned = bytes.to_vec();
    if cfg!(target_endian = "little") {
        match element.size() {
            2 => each::<2>(&mut turned),
            4 => each::<4>(&mut turned),
            8 => each::<8>(&mut turned),
            _ => (),
        }
    }
    turned
}
