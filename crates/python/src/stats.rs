//! What this process has read.

use frazil_data::counting::Broken;
use pyo3::prelude::*;
use serde_json::json;

use crate::error::told;
use crate::json::object;
use crate::opening::books;

/// What this process has read: `lines` of what is counted together, each with its label and its sums, and `broken`,
/// the answers that did not come to their end.
#[pyfunction]
pub(crate) fn counted(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let books = books(py)?;
    let broken = |one: &Broken| json!({"address": one.address.as_str(), "status": one.status, "announced": one.announced, "received": one.received});
    let broken: Vec<_> = books.broken().iter().map(broken).collect();
    object(py, &json!({"lines": books.lines(), "broken": broken}))
}

/// Writes into the byte ledger what is not there yet.
#[pyfunction]
pub(crate) fn flush(py: Python<'_>) -> PyResult<()> {
    let books = books(py)?;
    told(py, py.detach(|| books.flush()))
}
