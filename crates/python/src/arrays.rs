//! Values of arrays for numpy, which the package itself does not need.

use frazil_data::dataset::{Attribute, DataType, Values};
use numpy::IntoPyArray;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyDict, PyTuple};

/// numpy's name of a type: a text, or fields with their places.
pub(crate) fn dtype<'py>(py: Python<'py>, of: &DataType) -> PyResult<Bound<'py, PyAny>> {
    let name = match of {
        DataType::Bool => "?",
        DataType::I8 => "i1",
        DataType::I16 => "i2",
        DataType::I32 => "i4",
        DataType::I64 => "i8",
        DataType::U8 => "u1",
        DataType::U16 => "u2",
        DataType::U32 => "u4",
        DataType::U64 => "u8",
        DataType::F16 => "f2",
        DataType::F32 => "f4",
        DataType::F64 => "f8",
        DataType::C64 => "c8",
        DataType::C128 => "c16",
        DataType::Text => "O",
        DataType::Opaque(size) => return Ok(format!("V{size}").into_pyobject(py)?.into_any()),
        DataType::Compound(fields, size) => {
            let formats =
                fields.iter().map(|field| dtype(py, &field.data_type)).collect::<PyResult<Vec<_>>>()?;
            let told = PyDict::new(py);
            told.set_item("names", fields.iter().map(|field| &field.name).collect::<Vec<_>>())?;
            told.set_item("formats", formats)?;
            told.set_item("offsets", fields.iter().map(|field| field.offset).collect::<Vec<_>>())?;
            told.set_item("itemsize", size)?;
            return Ok(told.into_any());
        }
    };
    Ok(name.into_pyobject(py)?.into_any())
}

/// Values: their type, their shape, the elements' bytes (which numpy may write to), the texts.
pub(crate) fn array<'py>(py: Python<'py>, values: &Values) -> PyResult<Bound<'py, PyTuple>> {
    let shape = PyTuple::new(py, &values.shape)?;
    let bytes = PyByteArray::new(py, &values.bytes);
    (dtype(py, &values.data_type)?, shape, bytes, &values.texts).into_pyobject(py)
}

/// As [`array`], with the elements' bytes in an array of numpy that has them as they are in memory.
pub(crate) fn taken(py: Python<'_>, values: Values) -> PyResult<Bound<'_, PyTuple>> {
    // What makes an array panics where there is no numpy.
    py.import("numpy")?;
    let shape = PyTuple::new(py, &values.shape)?;
    let bytes = Vec::from(values.bytes).into_pyarray(py);
    (dtype(py, &values.data_type)?, shape, bytes, values.texts).into_pyobject(py)
}

/// Attributes with their values.
pub(crate) fn attributes<'py>(
    py: Python<'py>,
    all: &[Attribute],
) -> PyResult<Vec<(String, Bound<'py, PyTuple>)>> {
    all.iter().map(|one| Ok((one.name.clone(), array(py, &one.value)?))).collect()
}
