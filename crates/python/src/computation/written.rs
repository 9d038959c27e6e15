//! What is written of results that go to a disk.

use bytes::Bytes;
use frazil_compute::Error;
use frazil_compute::expression::Expression;
use frazil_compute::plan::{Limits, Plan};
use frazil_compute::sink::{Contents, Coordinate, Zarr};
use frazil_data::dataset::{Attribute, DataType, Values};
use pyo3::prelude::*;

use super::failures::computed;
use crate::error::invalid;

/// As what a result is written.
pub(super) enum Form {
    /// A store with chunks of so many elements along each axis.
    Zarr(Vec<u64>),
    /// A file.
    NetCdf,
}

impl Form {
    /// A form by its name. Chunks are those that a plan writes at once.
    pub(super) fn new(name: &str, plan: &Plan) -> Result<Self, Error> {
        match name {
            "zarr" => Ok(Self::Zarr(plan.grain())),
            "netcdf" => Ok(Self::NetCdf),
            other => {
                Err(Error::invalid(format!("nothing is written as `{other}`"), "say `zarr` or `netcdf`"))
            }
        }
    }

    /// A plan with the memory that writing takes.
    pub(super) fn planned(&self, plan: Plan, limits: Limits) -> Result<Plan, Error> {
        let element = plan.expression().element();
        match self {
            Self::Zarr(chunk) => plan.with_writing(&|bytes| Zarr::memory_of(chunk, element, bytes), limits),
            Self::NetCdf => plan.with_writing(&|bytes| bytes, limits),
        }
    }
}

/// What is said of something: a name, and a text or numbers.
type Said = Vec<(String, Value)>;

/// A value of Python.
#[derive(FromPyObject)]
enum Value {
    Text(String),
    /// numpy's name of their type, how many are along each dimension, and their bytes.
    Numbers(String, Vec<u64>, Vec<u8>),
}

/// What a file or store says besides the values of a result: what is said of them and of the whole; and coordinates with
/// their dimensions, their numbers and what is said of them.
#[derive(FromPyObject)]
pub(super) struct Told(Said, Said, Vec<(String, Vec<String>, Value, Said)>);

impl Told {
    /// What is written with the result of an expression.
    pub(super) fn contents(self, py: Python<'_>, of: &Expression) -> PyResult<Contents> {
        let Self(said, global, coordinates) = self;
        let contents = computed(py, Contents::of(of))?;
        let contents = contents.with_attributes(attributes(py, said)?).with_global(attributes(py, global)?);
        coordinates.into_iter().try_fold(contents, |contents, (name, dimensions, value, said)| {
            let (values, attributes) = (value.values(py)?, attributes(py, said)?);
            computed(py, contents.with_coordinate(Coordinate { name, dimensions, values, attributes }))
        })
    }
}

impl Value {
    fn values(self, py: Python<'_>) -> PyResult<Values> {
        Ok(match self {
            Self::Text(text) => Values::text(text),
            Self::Numbers(name, shape, bytes) => {
                let (data_type, bytes) = (data_type(py, &name)?, Bytes::from(bytes));
                Values { data_type, shape, bytes, texts: Vec::new() }
            }
        })
    }
}

fn attributes(py: Python<'_>, said: Said) -> PyResult<Vec<Attribute>> {
    said.into_iter().map(|(name, value)| Ok(Attribute { name, value: value.values(py)? })).collect()
}

/// A type by numpy's name of it.
fn data_type(py: Python<'_>, name: &str) -> PyResult<DataType> {
    Ok(match name {
        "i1" => DataType::I8,
        "i2" => DataType::I16,
        "i4" => DataType::I32,
        "i8" => DataType::I64,
        "u1" => DataType::U8,
        "u2" => DataType::U16,
        "u4" => DataType::U32,
        "u8" => DataType::U64,
        "f4" => DataType::F32,
        "f8" => DataType::F64,
        other => {
            let advice = "give whole numbers, or floats of 32 or 64 bits";
            return Err(invalid(py, format!("`{other}` is no type of numbers here"), advice));
        }
    })
}
