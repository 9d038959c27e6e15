//! Objects as Python reads files.

use std::convert::Infallible;
use std::future::Future;

use bytes::Bytes;
use frazil_data::Result;
use frazil_data::handle::{Counters, Handle};
use frazil_data::ranges::Ranges;
use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyMemoryView, PySlice, PyTuple};
use tokio::sync::OnceCell;

use crate::error::{raised, told};
use crate::opening::{Recipe, Work};
use crate::runtime::{OfProcess, wait};
use crate::session::Session;

/// An object that is read by positions. Threads may share it; in another process it is opened again.
#[pyclass(frozen, module = "frazil._native")]
pub(crate) struct Reader {
    recipe: Recipe,
    live: OfProcess<OnceCell<Handle>>,
}

impl Reader {
    fn handle(&self, py: Python<'_>) -> PyResult<Handle> {
        let Ok(cell) = self.live.get(|| Ok::<_, Infallible>(OnceCell::new()));
        if let Some(handle) = cell.get() {
            return Ok(handle.clone());
        }
        let work = self.recipe.work(py)?;
        self.handle_by(py, &work)
    }

    fn handle_by(&self, py: Python<'_>, work: &Work) -> PyResult<Handle> {
        let Ok(cell) = self.live.get(|| Ok::<_, Infallible>(OnceCell::new()));
        let handle = wait(py, || cell.get_or_try_init(|| work.handle()), |_| Ok(()))?;
        told(py, handle).cloned()
    }

    /// Reads, and where the login has ended that it was opened by, once more by the one that is found now.
    fn with<T: Send, F: Future<Output = Result<T>>>(
        &self,
        py: Python<'_>,
        handle: Handle,
        read: impl Fn(Handle) -> F + Sync,
    ) -> PyResult<T> {
        let error = match wait(py, || read(handle.clone()), |_| Ok(()))? {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let Some(work) = self.recipe.work_again(py, &error, Some(&handle))? else {
            return Err(raised(py, error));
        };
        self.live.give_up();
        let handle = self.handle_by(py, &work)?;
        told(py, wait(py, || read(handle), |_| Ok(()))?)
    }

    /// Bytes from one on, up to a count, without Python's lock.
    fn fetch(&self, py: Python<'_>, from: u64, count: u64) -> PyResult<Bytes> {
        let handle = self.handle(py)?;
        let now = py.detach(|| handle.at_once(from, count));
        if let Some(bytes) = told(py, now)? {
            return Ok(bytes);
        }
        self.with(py, handle, |handle| async move { handle.read_at(from, count).await })
    }
}

#[pymethods]
impl Reader {
    /// Opens an item or an address; nothing is read yet.
    #[new]
    fn new(
        py: Python<'_>,
        what: &Bound<'_, PyAny>,
        session: Option<Py<Session>>,
        how: &Bound<'_, PyDict>,
    ) -> PyResult<Self> {
        let reader = Self { recipe: Recipe::of(py, what, session, how)?, live: OfProcess::new() };
        // A login that there is not, and a file that there is not, are told at once.
        reader.handle(py)?;
        Ok(reader)
    }

    /// Made anew in another process.
    #[staticmethod]
    fn _again(py: Python<'_>, text: &str, how: Py<PyDict>, session: Option<Py<Session>>) -> PyResult<Self> {
        Ok(Self { recipe: Recipe::again(py, text, how, session)?, live: OfProcess::new() })
    }

    /// What it is called, without secrets.
    #[getter]
    fn address(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.handle(py)?.address().to_string())
    }

    /// Its length in bytes.
    fn length(&self, py: Python<'_>) -> PyResult<u64> {
        let handle = self.handle(py)?;
        if let Some(length) = handle.known_length() {
            return Ok(length);
        }
        self.with(py, handle, |handle| async move { handle.length().await })
    }

    /// Bytes from one on, up to a count: fewer at its end.
    fn read_at<'py>(&self, py: Python<'py>, start: u64, count: u64) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.fetch(py, start, count)?))
    }

    /// Fills a view of bytes with those from one on, as far as there are any, and tells how many there were.
    fn read_into(&self, py: Python<'_>, start: u64, view: &Bound<'_, PyMemoryView>) -> PyResult<usize> {
        let count = view.len()?;
        let bytes = self.fetch(py, start, count as u64)?;
        let part = view.get_item(PySlice::new(py, 0, isize::try_from(bytes.len())?, 1))?;
        PyBuffer::<u8>::get(&part)?.copy_from_slice(py, &bytes)?;
        Ok(bytes.len())
    }

    /// What was read so far: see `frazil.File.stats`.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        counted(py, &self.handle(py)?.counters())
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyTuple>> {
        let (py, reader) = (slf.py(), slf.get());
        let parts = reader.recipe.parts(py, Some(&reader.handle(py)?))?;
        (py.get_type::<Self>().getattr("_again")?, parts).into_pyobject(py)
    }
}

/// Counters by their names.
pub(crate) fn counted<'py>(py: Python<'py>, counters: &Counters) -> PyResult<Bound<'py, PyDict>> {
    let told = PyDict::new(py);
    told.set_item("reads", counters.reads)?;
    told.set_item("requested", counters.requested)?;
    told.set_item("hits", counters.hits)?;
    told.set_item("misses", counters.misses)?;
    told.set_item("fetches", counters.fetches)?;
    told.set_item("ahead", counters.ahead)?;
    told.set_item("fetched", counters.fetched)?;
    told.set_item("from_disk", counters.from_disk)?;
    told.set_item("unused", counters.unused)?;
    told.set_item("held", counters.held)?;
    Ok(told)
}
