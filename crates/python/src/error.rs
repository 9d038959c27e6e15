//! Errors of the data crate as exceptions of `frazil.errors`.

use frazil_data::Error;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::{Map, Value};

/// The class of `frazil.errors` for an error.
fn class(error: &Error) -> &'static str {
    match error {
        Error::Invalid { .. } | Error::UnknownFormat { .. } => "InvalidError",
        Error::NoLogin { .. } | Error::WrongLogin { .. } | Error::TokenEnded { .. } => "LoginError",
        Error::NotAccepted { .. } => "NotAcceptedError",
        Error::Refused { .. } | Error::Denied { .. } => "RefusedError",
        Error::NotFound { .. } => "NotFoundError",
        Error::Changed { .. } => "ChangedError",
        Error::Unavailable { .. } => "UnavailableError",
        Error::Connection { .. } => "NetworkError",
        Error::Answer { .. } => "AnswerError",
        Error::Damaged { .. } => "DamagedError",
        Error::File { .. } => "FileError",
        _ => "Error",
    }
}

/// The exception for an error: with its address, status and page, with its cause, and with what to do about
/// it as a note.
pub(crate) fn exception(py: Python<'_>, error: Error) -> PyResult<Bound<'_, PyAny>> {
    let about = PyDict::new(py);
    about.set_item("address", error.address().map(|address| address.as_str().to_owned()))?;
    about.set_item("status", error.status())?;
    about.set_item("passing", error.is_passing())?;
    if let Error::NotAccepted { page, .. } = &error {
        about.set_item("page", page)?;
    }
    let class = py.import("frazil.errors")?.getattr(class(&error))?;
    let raised = class.call((error.to_string(),), Some(&about))?;
    raised.call_method1("add_note", (error.advice(),))?;
    if let Error::File { source, path, .. } = error {
        let cause = PyErr::from(source);
        cause.value(py).setattr("filename", path).ok();
        raised.setattr("__cause__", cause)?;
    }
    Ok(raised)
}

/// The same to be raised.
pub(crate) fn raised(py: Python<'_>, error: Error) -> PyErr {
    exception(py, error).map_or_else(|other| other, PyErr::from_value)
}

/// A result of the data crate as one of Python's.
pub(crate) fn told<T>(py: Python<'_>, result: frazil_data::Result<T>) -> PyResult<T> {
    result.map_err(|error| raised(py, error))
}

/// What was given is wrong: an exception of `frazil.errors`.
pub(crate) fn invalid(py: Python<'_>, what: impl Into<String>, advice: &str) -> PyErr {
    raised(py, Error::Invalid { what: what.into(), advice: advice.to_owned() })
}

/// What went wrong and has no class of its own: the one that all others are of.
pub(crate) fn general(py: Python<'_>, what: &str, advice: &str) -> PyErr {
    let class = py.import("frazil.errors").and_then(|errors| errors.getattr("Error"));
    let raised = class.and_then(|class| class.call1((what,)));
    raised.map_or_else(|error| error, |raised| noted(py, PyErr::from_value(raised), advice))
}

/// An exception with a note. Those that take none stay what they are.
pub(crate) fn noted(py: Python<'_>, error: PyErr, note: &str) -> PyErr {
    error.value(py).call_method1("add_note", (note,)).ok();
    error
}

/// Refuses keywords that are none with Python's `TypeError`, which names those that may be meant.
pub(crate) fn check_keywords(
    py: Python<'_>,
    of: &str,
    given: &Map<String, Value>,
    known: &[&str],
) -> PyResult<()> {
    let given: Vec<&String> = given.keys().collect();
    py.import("frazil._names")?.call_method1("check", (of, given, known)).map(drop)
}
