//! The header of a NetCDF file, as the format's specification has it
//! (<https://docs.unidata.ucar.edu/netcdf-c/current/file_format_specifications.html>, CDF-5).

use frazil_data::dataset::{Attribute, DataType, Values};

use super::super::Contents;
use super::turned;
use crate::block::ElementType;
use crate::error::{Error, Result};
use crate::source::element;

/// What lists begin with.
const DIMENSIONS: u32 = 0x0A;
const VARIABLES: u32 = 0x0B;
const ATTRIBUTES: u32 = 0x0C;

/// The type of texts.
const CHAR: u32 = 2;

/// The header, and where values begin.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) bytes: Vec<u8>,
    /// The first byte of each coordinate.
    pub(super) coordinates: Vec<u64>,
    /// The first byte of the result.
    pub(super) begin: u64,
    /// Bytes of the whole file.
    pub(super) end: u64,
}

impl Header {
    /// Coordinates come first, the result last.
    pub(super) fn of(contents: &Contents) -> Result<Self> {
        let sizes = sizes(contents)?;
        // Where values begin changes no length of the header.
        let length = written(contents, &sizes, &vec![0; sizes.len()])?.len() as u64;
        let mut begins = Vec::with_capacity(sizes.len());
        let mut end = length;
        for size in &sizes {
            begins.push(end);
            end = end.checked_add(*size).filter(|end| i64::try_from(*end).is_ok()).ok_or_else(too_large)?;
        }
        let bytes = written(contents, &sizes, &begins)?;
        let begin = begins.pop().unwrap_or(end);
        Ok(Self { bytes, coordinates: begins, begin, end })
    }
}

/// Bytes of each variable with what fills them up to whole words: coordinates, then the result.
fn sizes(contents: &Contents) -> Result<Vec<u64>> {
    if let Some(none) = contents.dimensions().iter().find(|dimension| dimension.length == 0) {
        return Err(Error::invalid(
            format!("`{}` has no elements, and a dimension of NetCDF has some", none.name),
            "take a larger part, or write to Zarr",
        ));
    }
    let own = contents.count()?.checked_mul(contents.element().size() as u64);
    let coordinates = contents.coordinates().map(|(own, _)| Some(own.values.bytes.len() as u64));
    let words =
        |bytes: Option<u64>| bytes.and_then(|bytes| bytes.checked_next_multiple_of(4)).ok_or_else(too_large);
    coordinates.chain([own]).map(words).collect()
}

fn written(contents: &Contents, sizes: &[u64], begins: &[u64]) -> Result<Vec<u8>> {
    let mut header = Writer(b"CDF\x05".to_vec());
    // No dimension grows, so there are no records.
    header.number(0);
    header.list(DIMENSIONS, contents.dimensions().len());
    for dimension in contents.dimensions() {
        header.name(&dimension.name);
        header.number(dimension.length);
    }
    header.attributes(None, contents.global())?;
    header.list(VARIABLES, sizes.len());
    let mut places = sizes.iter().zip(begins);
    for ((own, element), (size, begin)) in contents.coordinates().zip(places.by_ref()) {
        let dimensions = own
            .dimensions
            .iter()
            .filter_map(|name| contents.dimensions().iter().position(|dimension| dimension.name == *name));
        header.variable(&own.name, dimensions, (None, &own.attributes))?;
        header.place(element, *size, *begin);
    }
    for (size, begin) in places {
        let element = contents.element();
        let missing = element.is_float().then_some(element);
        let dimensions = 0..contents.dimensions().len();
        header.variable(contents.name(), dimensions, (missing, contents.attributes()))?;
        header.place(element, *size, *begin);
    }
    Ok(header.0)
}

struct Writer(Vec<u8>);

impl Writer {
    fn word(&mut self, word: u32) {
        self.0.extend(word.to_be_bytes());
    }

    fn number(&mut self, number: u64) {
        self.0.extend(number.to_be_bytes());
    }

    /// Bytes, filled up to whole words.
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }

    fn name(&mut self, name: &str) {
        self.number(name.len() as u64);
        self.bytes(name.as_bytes());
    }

    /// What a list begins with; one of nothing is marked as absent.
    fn list(&mut self, tag: u32, count: usize) {
        self.word(if count == 0 { 0 } else { tag });
        self.number(count as u64);
    }

    /// Attributes, with the `_FillValue` of floats.
    fn attributes(&mut self, missing: Option<ElementType>, said: &[Attribute]) -> Result<()> {
        self.list(ATTRIBUTES, said.len() + usize::from(missing.is_some()));
        if let Some(element) = missing {
            let nan = match element {
                ElementType::F32 => f32::NAN.to_ne_bytes().to_vec(),
                _ => f64::NAN.to_ne_bytes().to_vec(),
            };
            self.name("_FillValue");
            self.numbers(element, 1, &nan);
        }
        for Attribute { name, value } in said {
            self.name(attribute_name(name)?);
            self.value(name, value)?;
        }
        Ok(())
    }

    fn numbers(&mut self, element: ElementType, count: u64, bytes: &[u8]) {
        self.word(code(element));
        self.number(count);
        self.bytes(&turned(bytes, element));
    }

    fn value(&mut self, name: &str, value: &Values) -> Result<()> {
        match (&value.data_type, element(&value.data_type), value.as_text()) {
            (DataType::Text, _, Some(text)) => {
                self.word(CHAR);
                self.number(text.len() as u64);
                self.bytes(text.as_bytes());
            }
            (_, Some(element), _) if value.shape.len() < 2 => {
                self.numbers(element, value.count(), &value.bytes);
            }
            _ => {
                return Err(Error::invalid(
                    format!(
                        "the attribute `{name}` of {} has no form in NetCDF's classic formats",
                        value.data_type
                    ),
                    "leave it out, or make it one text or a row of numbers",
                ));
            }
        }
        Ok(())
    }

    /// A variable but for its type and place.
    fn variable(
        &mut self,
        name: &str,
        dimensions: impl Iterator<Item = usize>,
        (missing, said): (Option<ElementType>, &[Attribute]),
    ) -> Result<()> {
        self.name(name);
        let dimensions: Vec<usize> = dimensions.collect();
        self.number(dimensions.len() as u64);
        for dimension in dimensions {
            self.number(dimension as u64);
        }
        self.attributes(missing, said)
    }

    fn place(&mut self, element: ElementType, size: u64, begin: u64) {
        self.word(code(element));
        self.number(size);
        self.number(begin);
    }
}

/// The format's number of a type.
fn code(element: ElementType) -> u32 {
    match element {
        ElementType::I8 => 1,
        ElementType::I16 => 3,
        ElementType::I32 => 4,
        ElementType::F32 => 5,
        ElementType::F64 => 6,
        ElementType::U8 => 7,
        ElementType::U16 => 8,
        ElementType::U32 => 9,
        ElementType::I64 => 10,
        ElementType::U64 => 11,
    }
}

fn attribute_name(name: &str) -> Result<&str> {
    if name.is_empty() || name.contains('/') || name.contains(char::is_control) || name.trim_end() != name {
        return Err(Error::invalid(
            format!("{name:?} is no name of an attribute in NetCDF"),
            "leave the attribute out, or name it otherwise",
        ));
    }
    Ok(name)
}

fn too_large() -> Error {
    Error::invalid("the result is larger than a file can be", "take a smaller part")
}
