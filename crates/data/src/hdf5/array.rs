//! An array's header, and what is said of an object.

use std::sync::Arc;

use hdf5_reader::error::Error as ReaderError;
use hdf5_reader::io::Cursor;
use hdf5_reader::messages::HdfMessage;
use hdf5_reader::messages::attribute::{self, AttributeMessage};
use hdf5_reader::messages::attribute_info::AttributeInfoMessage;
use hdf5_reader::messages::dataspace::{DataspaceMessage, DataspaceType};
use hdf5_reader::messages::filter_pipeline::FilterDescription;
use hdf5_reader::messages::layout::DataLayout;
use hdf5_reader::object_header::ObjectHeader;

use super::element::Element;
use super::links::heap_objects;
use super::precision::is_usual;
use super::values;
use super::view::View;
use crate::dataset::{Attribute, Values};
use crate::passes::{Step, Stop};

/// An array's header, without attributes.
#[derive(Debug)]
pub(crate) struct Array {
    pub(crate) header: Arc<ObjectHeader>,
    pub(crate) element: Element,
    /// Whether its numbers are as processors have them; else elements are bytes, and are not read.
    pub(crate) is_usual: bool,
    /// Elements along each dimension of the file; [`Element::inner`] are further ones.
    pub(crate) shape: Vec<u64>,
    /// How long each of these dimensions may become; `u64::MAX` where there is no end.
    pub(crate) most: Option<Vec<u64>>,
    pub(crate) layout: DataLayout,
    pub(crate) filters: Vec<FilterDescription>,
    /// An element that was never written, as it is stored.
    pub(crate) fill: Option<Vec<u8>>,
}

/// What is said of an object: to those who read it, and to those who name its dimensions.
#[derive(Debug, Default)]
pub(crate) struct Described {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) scales: Scales,
    /// Whether the file says here that the netCDF-4 library made it.
    pub(crate) is_netcdf: bool,
}

/// What ties dimensions to names: the HDF5 dimension scales specification, and what netCDF-4 adds.
#[derive(Debug, Default)]
pub(crate) struct Scales {
    /// Whether this array is a dimension's scale.
    pub(crate) is_scale: bool,
    /// What the scale is called.
    pub(crate) name: Option<String>,
    /// The place of each dimension's scale.
    pub(crate) of_dimensions: Vec<Option<u64>>,
    /// The number that netCDF-4 gave the dimension.
    pub(crate) number: Option<i64>,
    /// The numbers of the dimensions, where a scale has several.
    pub(crate) numbers: Vec<i64>,
}

/// Attributes in which netCDF-4 and the dimension scales keep their books; no reader shows them.
const BOOKS: [&str; 8] = [
    "CLASS",
    "DIMENSION_LIST",
    "NAME",
    "REFERENCE_LIST",
    "_NCProperties",
    "_Netcdf4Coordinates",
    "_Netcdf4Dimid",
    "_nc3_strict",
];

impl Array {
    /// The array of the header at a place.
    ///
    /// # Errors
    /// For a header that lacks what an array needs, or whose parts do not fit together.
    pub(crate) fn of(header: &Arc<ObjectHeader>, place: u64, view: &View) -> Step<Self> {
        let (mut space, mut datatype, mut layout, mut fill) = (None, None, None, None);
        let mut filters = Vec::new();
        for message in &header.messages {
            match message {
                HdfMessage::Dataspace(message) => space = Some(message),
                HdfMessage::Datatype(message) => datatype = Some(&message.datatype),
                HdfMessage::DataLayout(message) => layout = Some(&message.layout),
                HdfMessage::FillValue(message) if message.defined => fill = message.value.clone().or(fill),
                HdfMessage::FilterPipeline(message) => filters.clone_from(&message.filters),
                HdfMessage::ExternalFiles(_) => return Err(other_files()),
                _ => {}
            }
        }
        let (Some(space), Some(datatype), Some(layout)) = (space, datatype, layout) else {
            return Err(Stop::wrong("an array without a shape, a type or a place"));
        };
        let is_usual = is_usual(view, place)?;
        let element = Element::of(datatype, view.reference());
        let element = if is_usual { element } else { element.into_opaque() };
        let shape = shape(space);
        let most = space.max_dims.clone().filter(|most| most.len() == shape.len());
        let layout = fitting(layout.clone(), shape.len())?;
        let fill = fill.filter(|fill| Some(fill.len()) == element.whole_size());
        Ok(Self { header: Arc::clone(header), element, is_usual, shape, most, layout, filters, fill })
    }

    /// Elements along each dimension, with those that each element has.
    pub(crate) fn whole_shape(&self) -> Vec<u64> {
        self.shape.iter().chain(&self.element.inner).copied().collect()
    }

    /// Elements of a chunk along each dimension of the file: all, where there are no chunks.
    pub(crate) fn chunk(&self) -> Vec<u64> {
        match &self.layout {
            DataLayout::Chunked { dims, .. } => dims.iter().map(|length| u64::from(*length)).collect(),
            _ => self.shape.clone(),
        }
    }

    /// Which of the dimensions of the whole shape may grow without end.
    pub(crate) fn unlimited(&self) -> Vec<bool> {
        let may_grow = |axis: usize| self.most.as_ref().is_some_and(|most| most.get(axis) == Some(&u64::MAX));
        (0..self.shape.len() + self.element.inner.len()).map(may_grow).collect()
    }
}

fn other_files() -> Stop {
    Stop::Reader(ReaderError::UnsupportedEncoding("the array's values are in other files".to_owned()))
}

fn shape(space: &DataspaceMessage) -> Vec<u64> {
    match space.dataspace_type {
        DataspaceType::Scalar => Vec::new(),
        DataspaceType::Null => vec![0],
        DataspaceType::Simple => space.dims.clone(),
    }
}

/// A layout whose chunks have a length for each dimension: older ones tell the element's size too.
fn fitting(layout: DataLayout, rank: usize) -> Step<DataLayout> {
    let DataLayout::Chunked { address, mut dims, element_size, chunk_indexing } = layout else {
        return Ok(layout);
    };
    if dims.len() == rank + 1 {
        dims.pop();
    }
    if dims.len() != rank || dims.contains(&0) {
        return Err(Stop::wrong(format!("chunks of {dims:?} in an array of {rank} dimensions")));
    }
    Ok(DataLayout::Chunked { address, dims, element_size, chunk_indexing })
}

impl Described {
    /// What a header says of its object.
    ///
    /// # Errors
    /// What the reader says; [`Stop::Missed`] once all that can be looked at was.
    pub(crate) fn of(header: &ObjectHeader, view: &View) -> Step<Self> {
        let mut described = Self::default();
        let mut is_whole = true;
        for message in messages(header, view)? {
            match view.pass.attempt(|| described.add(&message, view))? {
                Some(()) => {}
                None => is_whole = false,
            }
        }
        if is_whole { Ok(described) } else { Err(Stop::Missed) }
    }

    fn add(&mut self, message: &AttributeMessage, view: &View) -> Step<()> {
        match message.name.as_str() {
            "DIMENSION_LIST" => self.scales.of_dimensions = scales(message, view)?,
            "CLASS" => self.scales.is_scale = value(message, view)?.as_text() == Some("DIMENSION_SCALE"),
            "NAME" => self.scales.name = value(message, view)?.as_text().map(str::to_owned),
            "_Netcdf4Dimid" => self.scales.number = integers(message, view)?.first().copied(),
            "_Netcdf4Coordinates" => self.scales.numbers = integers(message, view)?,
            "_NCProperties" => self.is_netcdf = true,
            name if BOOKS.contains(&name) => {}
            name => {
                let value = value(message, view)?;
                self.attributes.push(Attribute { name: name.to_owned(), value });
            }
        }
        Ok(())
    }
}

/// The attributes of a header, also those that a heap holds because they are many or long.
fn messages(header: &ObjectHeader, view: &View) -> Step<Vec<AttributeMessage>> {
    let mut messages = Vec::new();
    for message in &header.messages {
        match message {
            HdfMessage::Attribute(attribute) => messages.push(attribute.clone()),
            HdfMessage::AttributeInfo(info) => messages.extend(in_heap(view, info)?),
            _ => {}
        }
    }
    Ok(messages)
}

fn in_heap(view: &View, info: &AttributeInfoMessage) -> Step<Vec<AttributeMessage>> {
    let (offset_size, length_size) = view.sizes();
    let is_there = |address: u64| !Cursor::is_undefined_offset(address, offset_size);
    if !is_there(info.fractal_heap_address) {
        return Ok(Vec::new());
    }
    let as_made = info.btree_creation_order_address.filter(|address| is_there(*address));
    let index = as_made.unwrap_or(info.btree_name_index_address);
    let parse =
        |bytes: &[u8]| attribute::parse(&mut Cursor::new(bytes), offset_size, length_size, bytes.len());
    let objects = heap_objects(view, info.fractal_heap_address, index)?;
    objects.iter().map(|bytes| Ok(parse(bytes)?)).collect()
}

fn value(message: &AttributeMessage, view: &View) -> Step<Values> {
    let element = Element::of(&message.datatype, view.reference());
    let shape = shape(&message.dataspace);
    let mut follow = |reference: &[u8], size: usize| {
        let bytes = view.follow(reference, size)?;
        view.hold(size_of::<String>() + bytes.len())?;
        Ok(bytes)
    };
    match &element.row {
        Some(of) if shape.iter().all(|length| *length == 1) => {
            values::row(of, &message.raw_data, &mut follow)
        }
        _ => values::values(&element, &shape, message.raw_data.clone(), &mut follow),
    }
}

fn integers(message: &AttributeMessage, view: &View) -> Step<Vec<i64>> {
    #[expect(clippy::cast_possible_truncation, reason = "numbers of dimensions are small whole numbers")]
    Ok(value(message, view)?.as_f64().unwrap_or_default().into_iter().map(|number| number as i64).collect())
}

/// The place of the first scale of each dimension: an attribute of rows of references.
fn scales(message: &AttributeMessage, view: &View) -> Step<Vec<Option<u64>>> {
    let size = usize::from(view.sizes().0);
    let first = |reference: &[u8]| -> Step<Option<u64>> {
        let row = view.follow(reference, size)?;
        Ok(row.get(..size).map(|place| place.iter().rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte))))
    };
    message.raw_data.chunks_exact(view.reference()).map(first).collect()
}
