//! NetCDF classic (CDF-1, CDF-2 with 64-bit offsets, CDF-5 with 64-bit data) over ranges. NetCDF4 is
//! HDF5 underneath: [`crate::hdf5`].
//!
//! Format: the [NetCDF Classic Format Specification]. Headers are parsed by `netcdf-reader`.
//!
//! [NetCDF Classic Format Specification]: https://docs.unidata.ucar.edu/netcdf-c/current/file_format_specifications.html

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use hdf5_reader::storage::DynStorage;
use hdf5_reader::{Storage, StorageBuffer};
use netcdf_reader::classic::ClassicFile;
use netcdf_reader::classic::data::compute_record_stride;
use netcdf_reader::{NcAttrValue, NcAttribute, NcFormat, NcGroup, NcType, NcVariable};

use crate::address::Address;
use crate::dataset::{
    Attribute, DataType, Dataset, Dimension, Extent, Group, Selection, Stored, Values, Variable,
};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::near;
use crate::passes::{Pass, Passes, Step, Stop};
use crate::pieces::{self, Decode, Part, Piece};
use crate::ranges::Ranges;

/// What is fetched with a header beyond it.
const AHEAD: u64 = 0;

/// A header is read from so many bytes on, as the reader does.
const HEAD: usize = 64 << 10;

/// A list of dimensions.
const DIMENSIONS: u64 = 10;

/// Names have no more bytes: `NC_MAX_NAME` of the netCDF library.
const MOST_NAME: u64 = 256;

/// A NetCDF classic file that is open. Its header, which is one, was read.
pub struct NetCdf {
    passes: Arc<Passes>,
    root: NcGroup,
    /// Bytes from one record to the next.
    record: u64,
    limits: Limits,
}

impl fmt::Debug for NetCdf {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("NetCdf").field("address", &self.passes.address()).finish_non_exhaustive()
    }
}

impl NetCdf {
    /// Opens a file by its header.
    ///
    /// # Errors
    /// [`Error::Damaged`] for what is no such file; what keeps it from being read.
    pub async fn open(ranges: Arc<dyn Ranges>, limits: Limits) -> Result<Self> {
        let passes = Passes::of(ranges).await?;
        let (root, record) = passes.run(AHEAD, header).await?;
        Ok(Self { passes, root, record, limits })
    }

    fn variable(&self, path: &str) -> Result<&NcVariable> {
        let name = path.trim_start_matches('/');
        let found = self.root.variables.iter().find(|variable| variable.name == name);
        found.ok_or_else(|| {
            let names: Vec<String> =
                self.root.variables.iter().map(|variable| variable.name.clone()).collect();
            near::no_such("array", path, name, &names)
        })
    }

    /// The pieces of a part of a variable, all of them inside the file.
    fn pieces(&self, variable: &NcVariable, extents: &[Extent]) -> Result<Vec<Piece>> {
        let size = data_type(&variable.dtype).size().unwrap_or(1) as u64;
        let shape = shape(variable);
        if variable.is_record_var && !shape.is_empty() && row_bytes(&shape, size) != self.record {
            return self.of_records(variable, &shape, size, extents);
        }
        self.of_row(variable, variable.data_offset, &shape, size, extents)
    }

    fn of_row(
        &self,
        variable: &NcVariable,
        from: u64,
        shape: &[u64],
        size: u64,
        extents: &[Extent],
    ) -> Result<Vec<Piece>> {
        let end = self.passes.length();
        pieces::of_row(from, shape, size, extents, end).map_err(|behind| {
            self.passes.damaged(format!(
                "{} is at bytes {} to {behind}, but the file ends at {end}",
                variable.name, variable.data_offset
            ))
        })
    }

    /// The pieces of records that lie between those of other variables.
    fn of_records(
        &self,
        variable: &NcVariable,
        shape: &[u64],
        size: u64,
        extents: &[Extent],
    ) -> Result<Vec<Piece>> {
        let Some((records, inside)) = extents.split_first() else { return Ok(Vec::new()) };
        if extents.iter().any(|extent| extent.count == 0) {
            return Ok(Vec::new());
        }
        let row = row_bytes(shape, size);
        if row > self.record {
            return Err(self.passes.damaged(format!(
                "the records of {} have {row} bytes and lie {} bytes apart",
                variable.name, self.record
            )));
        }
        let place = |record: u64| variable.data_offset.saturating_add(record.saturating_mul(self.record));
        // What the last record is told to have is in the file: so are all records before it.
        let mut found = self.of_row(variable, place(records.end() - 1), &shape[1..], size, inside)?;
        let pieces = records.count.saturating_mul(found.len() as u64);
        if pieces > self.limits.chunks {
            return Err(Error::Invalid {
                what: format!("the part of {} lies in {pieces} places of the file", variable.name),
                advice: format!("read it in smaller parts: no more than {} places", self.limits.chunks),
            });
        }
        found.clear();
        for index in 0..records.count {
            let record = records.start.saturating_add(index.saturating_mul(records.step));
            let pieces = self.of_row(variable, place(record), &shape[1..], size, inside)?;
            found.extend(pieces.into_iter().map(|piece| Piece {
                origin: std::iter::once(record).chain(piece.origin).collect(),
                shape: std::iter::once(1).chain(piece.shape.iter().copied()).collect(),
                ..piece
            }));
        }
        Ok(found)
    }
}

/// The header of a file, and the bytes from one record to the next.
fn header(pass: &Arc<Pass>) -> Step<(NcGroup, u64)> {
    let head = pass.read_range(0, HEAD.min(usize::try_from(pass.len()).unwrap_or(HEAD)).max(4))?;
    let format = match &head[..4] {
        b"CDF\x01" => NcFormat::Classic,
        b"CDF\x02" => NcFormat::Offset64,
        b"CDF\x05" => NcFormat::Cdf5,
        other => return Err(Stop::wrong(format!("it begins with {other:?}, not as NetCDF classic does"))),
    };
    has_short_names(pass, head, format)?;
    let file = ClassicFile::from_storage(Arc::clone(pass) as DynStorage, format)?;
    let root = file.root_group().clone();
    let record = compute_record_stride(&root.variables)?;
    Ok((root, record))
}

/// That no dimension has a longer name than the netCDF library writes: the reader copies it each time that a variable
/// is of the dimension, so that a short file could take all memory. What else is wrong the reader tells.
fn has_short_names(pass: &Pass, head: StorageBuffer, format: NcFormat) -> Step<()> {
    let wide = if format == NcFormat::Cdf5 { 8 } else { 4 };
    let mut head = head;
    let mut number = |at: u64, bytes: u64| -> Step<u64> {
        let outside = || Stop::wrong(format!("its header goes on at byte {at}, behind its end"));
        let end = at.checked_add(bytes).filter(|end| *end <= pass.len()).ok_or_else(outside)?;
        while (head.len() as u64) < end {
            let longer = (head.len() as u64 * 2).min(pass.len());
            head = pass.read_range(0, usize::try_from(longer).map_err(|_| outside())?)?;
        }
        let place =
            usize::try_from(at).map_err(|_| outside())?..usize::try_from(end).map_err(|_| outside())?;
        Ok(head[place].iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)))
    };
    let mut at = 4 + wide;
    if number(at, 4)? != DIMENSIONS {
        return Ok(());
    }
    let count = number(at + 4, wide)?;
    at += 4 + wide;
    for _ in 0..count {
        let length = number(at, wide)?;
        if length > MOST_NAME {
            return Err(Stop::wrong(format!(
                "the dimension at byte {at} has a name of {length} bytes, more than {MOST_NAME}"
            )));
        }
        at += wide + length.next_multiple_of(4) + wide;
    }
    Ok(())
}

fn shape(variable: &NcVariable) -> Vec<u64> {
    variable.dimensions.iter().map(|dimension| dimension.size).collect()
}

fn data_type(of: &NcType) -> DataType {
    match of {
        NcType::Byte => DataType::I8,
        NcType::UByte => DataType::U8,
        NcType::Short => DataType::I16,
        NcType::UShort => DataType::U16,
        NcType::Int => DataType::I32,
        NcType::UInt => DataType::U32,
        NcType::Int64 => DataType::I64,
        NcType::UInt64 => DataType::U64,
        NcType::Float => DataType::F32,
        NcType::Double => DataType::F64,
        _ => DataType::Text,
    }
}

/// A row of numbers, or one number where there is one, as netCDF-C tells attributes.
fn numbers<T: bytemuck::Pod>(data_type: DataType, numbers: &[T]) -> Values {
    let shape = if numbers.len() == 1 { Vec::new() } else { vec![numbers.len() as u64] };
    Values::numbers(data_type, shape, numbers)
}

fn attribute(attribute: &NcAttribute) -> Attribute {
    let value = match &attribute.value {
        NcAttrValue::Bytes(values) => numbers(DataType::I8, values),
        NcAttrValue::UBytes(values) => numbers(DataType::U8, values),
        NcAttrValue::Shorts(values) => numbers(DataType::I16, values),
        NcAttrValue::UShorts(values) => numbers(DataType::U16, values),
        NcAttrValue::Ints(values) => numbers(DataType::I32, values),
        NcAttrValue::UInts(values) => numbers(DataType::U32, values),
        NcAttrValue::Int64s(values) => numbers(DataType::I64, values),
        NcAttrValue::UInt64s(values) => numbers(DataType::U64, values),
        NcAttrValue::Floats(values) => numbers(DataType::F32, values),
        NcAttrValue::Doubles(values) => numbers(DataType::F64, values),
        text => Values::text(text.as_string().unwrap_or_default()),
    };
    Attribute { name: attribute.name.clone(), value }
}

/// Bytes of a record.
fn row_bytes(shape: &[u64], size: u64) -> u64 {
    shape[1..].iter().fold(size, |bytes, length| bytes.saturating_mul(*length))
}

/// A variable without its values; records lie so many bytes apart.
fn variable(of: &NcVariable, record: u64) -> Variable {
    let attributes: Vec<Attribute> = of.attributes.iter().map(attribute).collect();
    let data_type = data_type(&of.dtype);
    let is_fill =
        |attribute: &&Attribute| attribute.name == "_FillValue" && attribute.value.data_type == data_type;
    let fill = attributes.iter().find(is_fill).map(|fill| fill.value.clone());
    let shape = shape(of);
    let size = data_type.size().unwrap_or(1) as u64;
    let lies_in_records = of.is_record_var && !shape.is_empty() && row_bytes(&shape, size) != record;
    Variable {
        name: of.name.clone(),
        is_char: data_type == DataType::Text,
        data_type,
        chunks: lies_in_records.then(|| std::iter::once(1).chain(shape[1..].iter().copied()).collect()),
        shape,
        dimensions: of.dimensions.iter().map(|dimension| dimension.name.clone()).collect(),
        filters: if size > 1 { vec!["big-endian".to_owned()] } else { Vec::new() },
        fill,
        attributes,
    }
}

/// Numbers are stored with the most significant byte first.
fn decode(size: usize) -> Arc<Decode> {
    Arc::new(move |_, stored| {
        if size == 1 || cfg!(target_endian = "big") {
            return Ok(stored);
        }
        let mut stored = Vec::from(stored);
        pieces::turn_numbers(&mut stored, size);
        Ok(stored.into())
    })
}

#[async_trait]
impl Dataset for NetCdf {
    fn address(&self) -> Address {
        self.passes.address()
    }

    fn format(&self) -> &'static str {
        "NetCDF classic"
    }

    async fn group(&self, path: &str, _deep: bool) -> Result<Group> {
        if !path.trim_matches('/').is_empty() {
            return Err(near::no_such("group", path, path, &["/".to_owned()]));
        }
        let dimension = |dimension: &netcdf_reader::NcDimension| Dimension {
            name: dimension.name.clone(),
            length: dimension.size,
            is_unlimited: dimension.is_unlimited,
        };
        Ok(Group {
            name: String::new(),
            attributes: self.root.attributes.iter().map(attribute).collect(),
            dimensions: self.root.dimensions.iter().map(dimension).collect(),
            variables: self.root.variables.iter().map(|of| variable(of, self.record)).collect(),
            groups: Vec::new(),
        })
    }

    async fn ranges(&self, path: &str, selection: &Selection) -> Result<Vec<Stored>> {
        let variable = self.variable(path)?;
        let extents = selection.of(&shape(variable))?;
        let stored = |piece: Piece| Stored {
            address: self.address(),
            from: piece.range.start,
            length: piece.range.end - piece.range.start,
            origin: piece.origin,
            skipped: 0,
        };
        Ok(self.pieces(variable, &extents)?.into_iter().map(stored).collect())
    }

    async fn read(&self, path: &str, selection: &Selection) -> Result<Values> {
        let variable = self.variable(path)?;
        let data_type = data_type(&variable.dtype);
        let size = data_type.size().unwrap_or(1);
        let extents = selection.of(&shape(variable))?;
        let told = if data_type == DataType::Text { size_of::<String>() } else { size };
        pieces::bytes_of(path, &extents, told, self.limits.values)?;
        let length = pieces::bytes_of(path, &extents, size, self.limits.values)?;
        let shape = extents.iter().map(|extent| extent.count).collect();
        let found = self.pieces(variable, &extents)?;
        let part = Part { name: path.to_owned(), extents, size, fill: None, decode: decode(size) };
        let bytes = pieces::gather(self.passes.ranges(), part, found, length).await?;
        if data_type != DataType::Text {
            return Ok(Values { data_type, shape, bytes, texts: Vec::new() });
        }
        let texts =
            bytes.iter().map(|byte| if *byte == 0 { String::new() } else { char::from(*byte).to_string() });
        Ok(Values { data_type, shape, bytes: Bytes::new(), texts: texts.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranges::memory::Memory;

    /// Two whole numbers a record, `a` and `b`; so many records are told, and these are there.
    fn made(told: u32, records: &[[i32; 2]]) -> Arc<Memory> {
        let mut bytes = b"CDF\x01".to_vec();
        let number = |bytes: &mut Vec<u8>, number: u32| bytes.extend(number.to_be_bytes());
        for word in [told, 10, 1, 1] {
            number(&mut bytes, word);
        }
        bytes.extend(b"t\0\0\0\0\0\0\0");
        for word in [0, 0, 11, 2] {
            number(&mut bytes, word);
        }
        let begin = u32::try_from(bytes.len()).unwrap() + 2 * 40;
        for (name, begin) in [(b"a\0\0\0", begin), (b"b\0\0\0", begin + 4)] {
            number(&mut bytes, 1);
            bytes.extend(name);
            for word in [1, 0, 0, 0, 4, 4, begin] {
                number(&mut bytes, word);
            }
        }
        assert_eq!(bytes.len(), begin as usize - 8);
        bytes.extend([0; 8]);
        bytes.extend(records.as_flattened().iter().flat_map(|number| number.to_be_bytes()));
        Arc::new(Memory(bytes.into()))
    }

    #[tokio::test]
    async fn records_are_those_of_one_variable() {
        let file = NetCdf::open(made(3, &[[1, 2], [3, 4], [5, 6]]), Limits::default()).await.unwrap();
        let values = file.read("b", &Selection::All).await.unwrap();
        assert_eq!(values.as_f64().unwrap(), [2.0, 4.0, 6.0]);
        assert_eq!(file.ranges("b", &Selection::All).await.unwrap().len(), 3);
    }

    #[tokio::test]
    async fn records_that_are_told_and_are_not_there_are_refused() {
        let error = NetCdf::open(made(0x7fff_fff0, &[[1, 2]]), Limits::default()).await.unwrap_err();
        let error = error.to_string();
        assert!(error.contains("memory") && error.contains("2147483632 records"), "{error}");
    }

    #[tokio::test]
    async fn records_that_lie_over_each_other_are_refused() {
        // v(t, x), where the second dimension is that of records: no bytes lie between them.
        let mut bytes = b"CDF\x01".to_vec();
        let words = |bytes: &mut Vec<u8>, words: &[u32]| {
            bytes.extend(words.iter().flat_map(|word| word.to_be_bytes()));
        };
        words(&mut bytes, &[2, 10, 2, 1]);
        bytes.extend(b"t\0\0\0");
        words(&mut bytes, &[8_000_000, 1]);
        bytes.extend(b"x\0\0\0");
        words(&mut bytes, &[0, 0, 0, 11, 1, 1]);
        bytes.extend(b"v\0\0\0");
        words(&mut bytes, &[2, 0, 1, 0, 0, 3, 8, 96, 0, 0, 0, 0]);
        let file = NetCdf::open(Arc::new(Memory(bytes.into())), Limits::default()).await.unwrap();
        for error in [
            file.ranges("v", &Selection::All).await.map(drop).unwrap_err(),
            file.read("v", &Selection::All).await.map(drop).unwrap_err(),
        ] {
            assert!(
                error.to_string().contains("the records of v have 4 bytes and lie 0 bytes apart"),
                "{error}"
            );
        }
    }

    /// A file of one dimension, whose name has so many letters, in each of the three formats.
    fn named(length: usize) -> [Arc<Memory>; 3] {
        [(1, 4), (2, 4), (5, 8)].map(|(version, wide)| {
            let number = |number: usize| (number as u64).to_be_bytes()[8 - wide..].to_vec();
            let name = vec![b'x'; length.next_multiple_of(4)];
            let head =
                [b"CDF", &[version][..], &number(0), &[0, 0, 0, 10], &number(1), &number(length)].concat();
            let absent = [vec![0; 4], number(0)].concat();
            Arc::new(Memory([head, name, number(3), absent.repeat(2)].concat().into()))
        })
    }

    #[tokio::test]
    async fn dimensions_have_names_as_long_as_the_library_writes_and_no_longer() {
        for file in named(256) {
            let group = NetCdf::open(file, Limits::default()).await.unwrap().group("/", false).await.unwrap();
            assert_eq!(group.dimensions[0].length, 3);
        }
        for (file, byte) in named(257).into_iter().zip([16, 16, 24]) {
            let error = NetCdf::open(file, Limits::default()).await.unwrap_err().to_string();
            assert!(error.contains(&format!("at byte {byte} has a name of 257 bytes")), "{error}");
        }
        for file in named(200_000) {
            assert!(NetCdf::open(file, Limits::default()).await.is_err());
        }
    }

    #[tokio::test]
    async fn more_places_than_the_limit_are_refused() {
        let limits = Limits { chunks: 2, ..Limits::default() };
        let file = NetCdf::open(made(3, &[[1, 2], [3, 4], [5, 6]]), limits).await.unwrap();
        let error = file.read("a", &Selection::All).await.unwrap_err().to_string();
        assert!(error.contains("3 places"), "{error}");
    }
}
