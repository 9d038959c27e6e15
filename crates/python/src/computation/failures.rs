//! Errors of the compute crate as exceptions of `frazil.errors`.

use frazil_compute::Error;
use pyo3::prelude::*;

use crate::error::{general, invalid, noted, raised};

/// A result of the compute crate as one of Python's.
pub(super) fn computed<T>(py: Python<'_>, result: Result<T, Error>) -> PyResult<T> {
    result.map_err(|error| exception(py, error))
}

/// Why nothing was computed. What kept values from being read is told as where they are read alone.
fn exception(py: Python<'_>, error: Error) -> PyErr {
    let (told, advice) = (error.to_string(), error.advice());
    match error {
        Error::Invalid { .. } | Error::Memory { .. } => invalid(py, told, &advice),
        Error::Source { what, source, .. } => match source.downcast::<frazil_data::Error>() {
            Ok(error) => noted(py, raised(py, *error), &format!("while {what} was read")),
            Err(error) => general(py, &format!("cannot read {what}: {error}"), &advice),
        },
        Error::Sink { source, .. } => unwritten(py, &told, &advice, source).unwrap_or_else(|other| other),
        _ => general(py, &told, &advice),
    }
}

/// That something could not be written, with Python's own `OSError` as its cause.
fn unwritten(
    py: Python<'_>,
    told: &str,
    advice: &str,
    source: Box<dyn std::error::Error + Send + Sync>,
) -> PyResult<PyErr> {
    let error = py.import("frazil.errors")?.getattr("FileError")?.call1((told,))?;
    error.call_method1("add_note", (advice,))?;
    match source.downcast::<std::io::Error>() {
        Ok(cause) => error.setattr("__cause__", PyErr::from(*cause))?,
        Err(other) => error.call_method1("add_note", (other.to_string(),)).map(drop)?,
    }
    Ok(PyErr::from_value(error))
}
