//! Variables of files and stores: Zarr, HDF5, NetCDF, COG, and what references name.

use std::ops::Range;
use std::sync::Arc;

use frazil_data::cf::{Packed, stored_as};
use frazil_data::dataset::{self, Chunk, DataType, Dataset, Extent, Selection, Variable};
use tokio::runtime::Handle;

use super::reading::{Reading, unread};
use super::{Arrived, Arriving, Pending, Source, Strips, Values, redescribed};
use crate::block::ElementType;
use crate::cancellation::Cancellation;
use crate::error::{Error, Result};
use crate::expression::{Array, Packing, Span};

/// A variable of a dataset. It is fetched on a tokio runtime and decoded on the data crate's threads, while
/// the caller computes.
#[derive(Clone, Debug)]
pub struct Stored {
    dataset: Arc<dyn Dataset>,
    path: String,
    array: Array,
    /// What is read: integers that are unsigned where their type has no room to say so have the same bits.
    read_as: DataType,
    runtime: Handle,
    cancellation: Cancellation,
}

impl Stored {
    /// A variable by its path, such as `tp` or `group/tp`. It is read on the runtime that this is called
    /// on, which must have threads of its own: whoever waits for values blocks a thread.
    ///
    /// # Errors
    /// [`Error::Invalid`] where there is no such variable, or it has no numbers; what keeps the dataset from being
    /// read.
    pub async fn open(dataset: Arc<dyn Dataset>, path: &str) -> Result<Self> {
        let path = path.trim_matches('/');
        let (group, name) = path.rsplit_once('/').unwrap_or(("", path));
        let what = || format!("`{path}` of {}", dataset.address());
        let group =
            dataset.group(&format!("/{group}"), false).await.map_err(|error| unread(what(), error))?;
        let variable = group.variable(name).ok_or_else(|| {
            let names: Vec<_> = group.variables.iter().map(|variable| variable.name.as_str()).collect();
            Error::invalid(
                format!("{} has no variable `{path}`", dataset.address()),
                format!("its variables are {}", names.join(", ")),
            )
        })?;
        let (array, read_as) = (described(variable)?, variable.data_type.clone());
        let has_strips = dataset.has_strips(path).await.map_err(|error| unread(what(), error))?;
        let array = if has_strips { array.in_strips() } else { array };
        let (runtime, cancellation) = (Handle::current(), Cancellation::new());
        Ok(Self { array, read_as, path: path.to_owned(), runtime, cancellation, dataset })
    }

    /// The same, of which no read is waited for once this says that the run is to end.
    #[must_use]
    pub fn ended_by(self, cancellation: &Cancellation) -> Self {
        Self { cancellation: cancellation.clone(), ..self }
    }

    /// What is asked of the dataset.
    fn asked(&self, part: &[Span]) -> Result<(Arc<dyn Dataset>, String, Selection)> {
        self.array.contains(part)?;
        let extents = part.iter().map(|span| Extent { start: span.start, count: span.count, step: 1 });
        Ok((Arc::clone(&self.dataset), self.path.clone(), Selection::Box(extents.collect())))
    }

    /// Values of the type that was told, and as many as were asked for.
    fn due(&self, values: dataset::Values, count: u64) -> Result<Values<'static>> {
        if values.data_type == self.read_as && values.count() == count {
            return Ok(Values::new(values.bytes));
        }
        Err(Error::invalid(
            format!("{} gave {} values of {}", self.called(), values.count(), values.data_type),
            "open it again: it may have changed",
        ))
    }

    /// What it is a variable of, and by which path.
    pub(crate) fn origin(&self) -> (&dyn Dataset, &str) {
        (self.dataset.as_ref(), &self.path)
    }

    /// The same, under other names or with another packing.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the array is of another shape, type or chunks.
    pub fn described(self, array: Array) -> Result<Self> {
        redescribed(&self, &array)?;
        Ok(Self { array, ..self })
    }
}

/// A variable as the planner sees it.
fn described(variable: &Variable) -> Result<Array> {
    let element = element(&stored_as(variable)).ok_or_else(|| {
        Error::invalid(
            format!("`{}` is of {}, which is not computed with", variable.name, variable.data_type),
            "take a variable of whole numbers or floats of 32 or 64 bits",
        )
    })?;
    let dimensions: Vec<_> =
        variable.dimensions.iter().map(String::as_str).zip(variable.shape.iter().copied()).collect();
    // What is stored in one piece is read by rows, and of these what is asked for.
    let rows = || {
        let mut rows = vec![1; variable.shape.len()];
        if let (Some(row), Some(length)) = (rows.last_mut(), variable.shape.last()) {
            *row = (*length).max(1);
        }
        rows
    };
    let chunks = variable.chunks.clone().unwrap_or_else(rows);
    let array = Array::new(&variable.name, &dimensions, element, Some(chunks))?;
    let array = if variable.chunks.is_some() { array } else { array.in_parts() };
    Ok(match packing(variable, element) {
        Some(packing) => array.packed(packing),
        None => array,
    })
}

/// What is computed with, of the types that files have.
pub(crate) fn element(data_type: &DataType) -> Option<ElementType> {
    Some(match data_type {
        DataType::I8 => ElementType::I8,
        DataType::I16 => ElementType::I16,
        DataType::I32 => ElementType::I32,
        DataType::I64 => ElementType::I64,
        DataType::U8 => ElementType::U8,
        DataType::U16 => ElementType::U16,
        DataType::U32 => ElementType::U32,
        DataType::U64 => ElementType::U64,
        DataType::F32 => ElementType::F32,
        DataType::F64 => ElementType::F64,
        _ => return None,
    })
}

/// How a variable is packed; none where its numbers are values already, and missing ones are NaN.
fn packing(variable: &Variable, element: ElementType) -> Option<Packing> {
    let Packed { scale, offset, mut missing, to } = Packed::of(variable)?;
    missing.retain(|stored| !stored.is_nan());
    let is_single = to == DataType::F32;
    #[expect(clippy::float_cmp, reason = "the numbers that change nothing")]
    let is_plain = scale == 1.0 && offset == 0.0 && missing.is_empty();
    if is_plain && element == (if is_single { ElementType::F32 } else { ElementType::F64 }) {
        return None;
    }
    Some(Packing { scale, offset, missing, is_single })
}

impl Source for Stored {
    fn array(&self) -> &Array {
        &self.array
    }

    fn called(&self) -> String {
        format!("`{}` of {}", self.path, self.dataset.address())
    }

    fn begin<'a>(&'a self, part: &[Span]) -> Result<Pending<'a>> {
        let (dataset, path, selection) = self.asked(part)?;
        let reading = Reading::begin(&self.runtime, async move { dataset.read(&path, &selection).await });
        let count = part.iter().map(|span| span.count).product();
        Ok(Box::new(move || self.due(reading.wait(&self.cancellation, || self.called())?, count)))
    }

    fn arrive<'a>(&'a self, part: &[Span]) -> Result<Arriving<'a>> {
        let (dataset, path, selection) = self.asked(part)?;
        let reading = Reading::begin(&self.runtime, async move { dataset.arrive(&path, &selection).await });
        let count = part.iter().map(|span| span.count).product();
        Ok(Box::new(move || {
            Ok(match reading.wait(&self.cancellation, || self.called())? {
                dataset::Arrived::Values(values) => Arrived::Values(self.due(values, count)?),
                dataset::Arrived::Chunk(chunk) => {
                    Arrived::Strips(Box::new(Undecoded { stored: self, chunk }))
                }
            })
        }))
    }
}

/// A chunk of a variable, as it is stored.
struct Undecoded<'a> {
    stored: &'a Stored,
    chunk: Box<dyn Chunk>,
}

impl Strips for Undecoded<'_> {
    fn elements(&mut self, places: Range<u64>) -> Result<Values<'static>> {
        let count = places.end - places.start;
        let values = self.chunk.elements(places).map_err(|error| unread(self.stored.called(), error))?;
        self.stored.due(values, count)
    }
}
