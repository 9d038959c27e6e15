//! HDF5, and so NetCDF4, over ranges: only the headers of what is asked for are walked, what they
//! refer to is fetched together, and the chunks of a part of an array are found first, fetched together
//! and decoded on all cores.
//!
//! Formats: the [HDF5 File Format Specification], the dimension scales of the HDF5 high-level library,
//! and the [netCDF-4 format]. Headers are parsed by `hdf5-reader`.
//!
//! [HDF5 File Format Specification]: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
//! [netCDF-4 format]: https://docs.unidata.ucar.edu/netcdf-c/current/file_format_specifications.html

mod array;
mod dimensions;
mod element;
mod filters;
mod grown;
mod index;
mod links;
mod nodes;
mod precision;
#[cfg(test)]
mod tests;
mod tree;
mod values;
mod view;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::address::Address;
use crate::dataset::{Dataset, Extent, Group, Selection, Stored, Values};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::near;
use crate::passes::{Passes, Step, Stop};
use crate::pieces::{self, Decode, Part, Piece};
use crate::ranges::Ranges;
use array::Array;
use element::{Element, Text};
use index::Places;
use view::{Known, Object, View};

/// What is fetched with a header beyond it: the next headers are often there.
const HEADERS_AHEAD: u64 = 12 << 10;

/// What is fetched with a node of an index of chunks beyond it.
const INDEX_AHEAD: u64 = 4 << 10;

/// References to texts are followed so many at a time,
const TEXTS_AT_ONCE: usize = 1 << 16;

/// and no more than these bytes of texts, and of the heaps that they lie in: one run reads only so much.
const TEXTS_TOGETHER: u64 = 32 << 20;

/// The least length of a heap of texts.
const HEAP: u64 = 4 << 10;

/// An HDF5 or NetCDF4 file that is open.
pub struct Hdf5 {
    passes: Arc<Passes>,
    known: Arc<Known>,
    limits: Limits,
    format: &'static str,
}

impl fmt::Debug for Hdf5 {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Hdf5")
            .field("address", &self.passes.address())
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

impl Hdf5 {
    /// Opens a file: its superblock and the header of its root group are read.
    ///
    /// # Errors
    /// [`Error::Damaged`] for what is no HDF5 file; what keeps it from being read.
    pub async fn open(ranges: Arc<dyn Ranges>, limits: Limits) -> Result<Self> {
        let passes = Passes::of(ranges).await?;
        let known = Arc::new(Known::default());
        let file = Self { passes, known, limits, format: "HDF5" };
        let is_netcdf = file.run(HEADERS_AHEAD, |view| Ok(view.described(view.root())?.is_netcdf)).await?;
        Ok(if is_netcdf { Self { format: "NetCDF4", ..file } } else { file })
    }

    async fn run<T, W>(&self, ahead: u64, mut work: W) -> Result<T>
    where
        T: Send + 'static,
        W: FnMut(&View) -> Step<T> + Send + 'static,
    {
        let (known, limits) = (Arc::clone(&self.known), self.limits);
        self.passes.run(ahead, move |pass| work(&View::new(pass, &known, limits)?)).await
    }

    /// The array that a path leads to.
    async fn array(&self, path: &str) -> Result<Arc<Array>> {
        let path = path.to_owned();
        let find = move |view: &View| {
            // A dimension may have the variable's own name, and be no variable.
            let found = match view.find(&stored_path(&path))? {
                Some(found) => Some(found),
                None => view.find(&path)?,
            };
            match found {
                Some(found) => match view.object(found.place)? {
                    Object::Array(array) => Ok(array),
                    _ => Err(no_such("array", &path, view)),
                },
                None => Err(no_such("array", &path, view)),
            }
        };
        self.run(HEADERS_AHEAD, find).await
    }

    /// The shape of an array for a part of it: as it is stored, or as its group tells where an unlimited dimension may
    /// be longer.
    async fn shape(&self, path: &str, array: &Array, selection: &Selection) -> Result<Vec<u64>> {
        let stored = array.whole_shape();
        let is_stored = matches!(selection, Selection::Box(_)) && selection.of(&stored).is_ok();
        if is_stored || !array.unlimited().contains(&true) {
            return Ok(stored);
        }
        let (above, name) = path.trim_end_matches('/').rsplit_once('/').unwrap_or(("", path));
        let group = self.group(above, false).await?;
        Ok(group.variable(tree::shown(name)).map_or(stored, |variable| variable.shape.clone()))
    }

    /// The values of a part that is stored.
    async fn values(&self, path: &str, array: &Arc<Array>, extents: Vec<Extent>) -> Result<Values> {
        let shape: Vec<u64> = extents.iter().map(|extent| extent.count).collect();
        let places = self.places(array, &extents).await?;
        let stored = self.elements(path, array, extents, places).await?;
        if array.element.texts.is_empty() {
            let data_type = array.element.data_type.clone();
            return Ok(Values { data_type, shape, bytes: stored, texts: Vec::new() });
        }
        self.texts(array, shape, stored).await
    }

    async fn places(&self, array: &Arc<Array>, extents: &[Extent]) -> Result<Places> {
        let (array, extents) = (Arc::clone(array), extents[..array.shape.len()].to_vec());
        self.run(INDEX_AHEAD, move |view| index::places(view, &array, &extents)).await
    }

    /// The stored elements of a part of an array, in the machine's byte order where they are numbers.
    async fn elements(
        &self,
        path: &str,
        array: &Arc<Array>,
        extents: Vec<Extent>,
        places: Places,
    ) -> Result<Bytes> {
        let size = array.element.size;
        let length = pieces::bytes_of(path, &extents, size, self.limits.values)?;
        let mut fill = array.fill.clone();
        if let Some(fill) = fill.as_mut().filter(|_| array.element.texts.is_empty()) {
            array.element.to_native(fill);
        }
        let inner = &array.element.inner;
        let fill = match fill {
            Some(whole) if !inner.is_empty() => {
                Some(inner_part(path, whole, inner, &extents[array.shape.len()..], size, &self.address())?)
            }
            fill => fill,
        };
        let part = Part { name: path.to_owned(), extents, size, fill, decode: self.decode(path, array)? };
        match places {
            Places::Pieces(found) => {
                let found = found.into_iter().map(|piece| with_inner(piece, inner)).collect();
                pieces::gather(self.passes.ranges(), part, found, length).await
            }
            Places::Here(data) => {
                let origin = vec![0; array.shape.len()];
                let whole = Piece { range: 0..0, origin, shape: array.shape.clone().into(), mask: 0 };
                pieces::cut(&part, &with_inner(whole, inner), data.into(), length, &self.address())
            }
        }
    }

    fn decode(&self, path: &str, array: &Arc<Array>) -> Result<Arc<Decode>> {
        let array = Arc::clone(array);
        if array.filters.is_empty() {
            return Ok(Arc::new(move |piece, stored| native(&array, piece, stored)));
        }
        let most = self.limits.chunk;
        if piece_bytes(&array, &array.chunk()).is_none_or(|bytes| bytes as u64 > most) {
            return Err(Error::Invalid {
                what: format!("the chunks {:?} of {path} have more than {most} bytes", array.chunk()),
                advice: "raise the limit of a chunk, if the file is to be trusted".to_owned(),
            });
        }
        Ok(Arc::new(move |piece, stored| {
            let length = piece_bytes(&array, &piece.shape).ok_or("it has more bytes than can be counted")?;
            let undone = filters::undo(&array.filters, piece.mask, &stored, length)?;
            native(&array, piece, undone.into())
        }))
    }

    /// Values of stored elements that are or hold texts.
    async fn texts(&self, array: &Arc<Array>, shape: Vec<u64>, stored: Bytes) -> Result<Values> {
        let size = array.element.size.max(1);
        // Each text has a place in memory, however short it is.
        let texts = array.element.texts.len() * size_of::<String>();
        let mut held = self.limits.size_of_values(&shape, texts)?;
        let mut whole = Values {
            data_type: array.element.data_type.clone(),
            shape,
            bytes: Bytes::new(),
            texts: Vec::new(),
        };
        let (mut bytes, mut left) = (Vec::new(), stored);
        while !left.is_empty() {
            let stored = left.split_to(together(&array.element, &left));
            let count = (stored.len() / size) as u64;
            let array = Arc::clone(array);
            let read = move |view: &View| {
                let element = Element { inner: Vec::new(), ..array.element.clone() };
                values::values(&element, &[count], stored.to_vec(), &mut |reference, size| {
                    view.follow(reference, size)
                })
            };
            let some = self.run(INDEX_AHEAD, read).await?;
            bytes.extend_from_slice(&some.bytes);
            held = some.texts.iter().fold(held, |held, text| held.saturating_add(text.len()));
            self.limits.size_of_values(&[held as u64], 1)?;
            whole.texts.extend(some.texts);
        }
        Ok(Values { bytes: bytes.into(), ..whole })
    }
}

/// How many bytes the elements have whose texts are read together, from the first on.
fn together(element: &Element, stored: &[u8]) -> usize {
    let size = element.size.max(1);
    let (mut named, mut last) = (0u64, None);
    for (index, bytes) in stored.chunks_exact(size).take(TEXTS_AT_ONCE).enumerate() {
        for (from, text) in &element.texts {
            // A reference is the text's length, its heap's place, and its number there.
            let Some((length, place)) = bytes.get(*from..).and_then(|rest| rest.split_first_chunk()) else {
                continue;
            };
            let place = place.get(..place.len().min(8));
            if matches!(text, Text::Elsewhere) {
                let heap = if place == last { 0 } else { HEAP };
                named = named.saturating_add(u64::from(u32::from_le_bytes(*length))).saturating_add(heap);
                last = place;
            }
        }
        if named > TEXTS_TOGETHER && index > 0 {
            return index * size;
        }
    }
    stored.len().min(size * TEXTS_AT_ONCE)
}

/// What a part has of one element with dimensions of its own.
fn inner_part(
    name: &str,
    whole: Vec<u8>,
    inner: &[u64],
    extents: &[Extent],
    size: usize,
    address: &Address,
) -> Result<Vec<u8>> {
    let length = pieces::bytes_of(name, extents, size, u64::MAX)?;
    let decode: Arc<Decode> = Arc::new(|_, stored| Ok(stored));
    let part = Part { name: name.to_owned(), extents: extents.to_vec(), size, fill: None, decode };
    let piece = Piece { range: 0..0, origin: vec![0; inner.len()], shape: inner.into(), mask: 0 };
    Ok(pieces::cut(&part, &piece, whole.into(), length, address)?.into())
}

/// The bytes of a piece of so many elements.
fn piece_bytes(array: &Array, shape: &[u64]) -> Option<usize> {
    let size = array.element.size as u64;
    let inner = &array.element.inner;
    let with_inner = shape.len() == array.shape.len() + inner.len();
    let inner = if with_inner { &[][..] } else { inner };
    let bytes = shape.iter().chain(inner).try_fold(size, |product, length| product.checked_mul(*length))?;
    usize::try_from(bytes).ok()
}

/// The elements of a piece in the machine's byte order, none missing.
fn native(array: &Array, piece: &Piece, stored: Bytes) -> std::result::Result<Bytes, String> {
    let due = piece_bytes(array, &piece.shape).ok_or("it has more bytes than can be counted")?;
    if stored.len() < due {
        return Err(format!("{} bytes where it has {due}", stored.len()));
    }
    // A file may store more than it says that there is.
    let mut stored = stored;
    stored.truncate(due);
    if array.element.swapped.is_empty() || !array.element.texts.is_empty() {
        return Ok(stored);
    }
    let mut stored = Vec::from(stored);
    array.element.to_native(&mut stored);
    Ok(stored.into())
}

/// A piece with the dimensions that each element has by itself.
fn with_inner(piece: Piece, inner: &[u64]) -> Piece {
    if inner.is_empty() {
        return piece;
    }
    Piece {
        origin: piece.origin.iter().copied().chain(inner.iter().map(|_| 0)).collect(),
        shape: piece.shape.iter().chain(inner).copied().collect(),
        ..piece
    }
}

/// A path whose last name is as netCDF-4 stores a variable that is called as a dimension.
fn stored_path(path: &str) -> String {
    match path.rsplit_once('/') {
        Some((group, name)) => format!("{group}/{}", tree::stored(name)),
        None => tree::stored(path),
    }
}

/// That a path leads to nothing, with names that are near.
fn no_such(what: &str, path: &str, view: &View) -> Stop {
    let (group, name) = path.trim_end_matches('/').rsplit_once('/').unwrap_or(("", path));
    let names = || -> Step<Vec<String>> {
        let Some(found) = view.find(group)? else { return Ok(Vec::new()) };
        Ok(view.links(found.place)?.iter().map(|link| tree::shown(&link.name).to_owned()).collect())
    };
    match names() {
        Ok(names) => Stop::Told(near::no_such(what, path, name, &names)),
        Err(stop) => stop,
    }
}

#[async_trait]
impl Dataset for Hdf5 {
    fn address(&self) -> Address {
        self.passes.address()
    }

    fn format(&self) -> &'static str {
        self.format
    }

    async fn group(&self, path: &str, deep: bool) -> Result<Group> {
        let path = path.to_owned();
        let read = move |view: &View| {
            let Some(found) = view.find(&path)? else { return Err(no_such("group", &path, view)) };
            let Object::Group(_) = view.object(found.place)? else {
                return Err(no_such("group", &path, view));
            };
            let name = path.rsplit('/').find(|name| !name.is_empty()).unwrap_or_default();
            tree::group(view, &found, name, deep)
        };
        self.run(HEADERS_AHEAD, read).await
    }

    async fn ranges(&self, path: &str, selection: &Selection) -> Result<Vec<Stored>> {
        let array = self.array(path).await?;
        let extents = selection.of(&self.shape(path, &array, selection).await?)?;
        let extents = grown::stored(&extents, &array.whole_shape());
        let Places::Pieces(found) = self.places(&array, &extents).await? else { return Ok(Vec::new()) };
        let inner = &array.element.inner;
        let stored = |piece: Piece| Stored {
            address: self.address(),
            from: piece.range.start,
            length: piece.range.end - piece.range.start,
            skipped: piece.mask,
            origin: with_inner(piece, inner).origin,
        };
        Ok(found.into_iter().map(stored).collect())
    }

    async fn read(&self, path: &str, selection: &Selection) -> Result<Values> {
        let array = self.array(path).await?;
        let not_read = |what: &str| Error::Invalid {
            what: format!("{path} has {what}, which are not read"),
            advice: "read it with h5py from this file".to_owned(),
        };
        if !array.is_usual {
            return Err(not_read("numbers of fewer bits than they take, or in a format of its own"));
        }
        if array.element.row.is_some() {
            return Err(not_read("rows of different lengths"));
        }
        let extents = selection.of(&self.shape(path, &array, selection).await?)?;
        pieces::bytes_of(path, &extents, array.element.size, self.limits.values)?;
        let stored = grown::stored(&extents, &array.whole_shape());
        if stored == extents {
            return self.values(path, &array, extents).await;
        }
        let shape = extents.iter().map(|extent| extent.count).collect();
        grown::padded(self.values(path, &array, stored).await?, shape, path, &array, &self.limits)
    }
}
