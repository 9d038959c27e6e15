//! Files and stores of arrays, as Python sees them.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use frazil_data::cf::{self, Axis};
use frazil_data::dataset::{self, Extent, Group, Selection};
use frazil_data::geo::Bbox;
use frazil_data::limits::Limits;
use frazil_data::open::Opened;
use frazil_data::references::{Form, write};
use frazil_data::select::{Choice, Label, Wanted, coordinates, select};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use serde_json::json;
use tokio::sync::OnceCell;

use crate::arrays::{array, attributes, dtype, taken};
use crate::costs::{costs, warn};
use crate::error::{invalid, raised, told};
use crate::file::counted;
use crate::opening::{Recipe, Work, number};
use crate::runtime::{OfProcess, wait};
use crate::session::Session;

/// Most that came from other processes and is kept open here: each task of Dask brings its own copy.
const MOST: usize = 16;

/// What came from other processes, by what it was opened from; what was used last is in front.
type Shared = Mutex<VecDeque<(String, Arc<OnceCell<Opened>>)>>;

static SHARED: OfProcess<Shared> = OfProcess::new();

/// A file or store of arrays. Threads may share it; in another process it is opened again.
#[pyclass(frozen, module = "frazil._native")]
pub(crate) struct Source {
    recipe: Recipe,
    /// Tells this opening from all others of the same, between which it may have changed.
    number: String,
    /// What it is known by among what came from other processes, if it did.
    name: Option<String>,
    live: OfProcess<Arc<OnceCell<Opened>>>,
}

/// An array of a group, without its values.
#[pyclass(frozen, module = "frazil._native")]
pub(crate) struct Variable {
    variable: dataset::Variable,
}

/// An extent along a dimension: the first, how many, from one to the next.
pub(crate) type Along = (u64, u64, u64);

/// What is wanted of a coordinate: its name, `at` or `between`, and the labels.
type Named = (String, String, Option<Given>, Option<Given>);

/// A label as Python gives it.
#[derive(FromPyObject)]
enum Given {
    Number(f64),
    Time(String),
}

impl From<Given> for Label {
    fn from(given: Given) -> Self {
        match given {
            Given::Number(number) => Self::Number(number),
            Given::Time(text) => Self::Time(text),
        }
    }
}

fn all_shared() -> Arc<Shared> {
    let Ok(all) = SHARED.get(|| Ok::<_, Infallible>(Shared::default()));
    all
}

/// What is open under a name, or is to be opened.
fn shared(name: &str) -> Arc<OnceCell<Opened>> {
    let all = all_shared();
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    let held = all.iter().position(|(known, _)| known == name).and_then(|at| all.remove(at));
    let (name, cell) = held.unwrap_or_else(|| (name.to_owned(), Arc::default()));
    all.push_front((name, Arc::clone(&cell)));
    all.truncate(MOST);
    cell
}

fn selection(extents: Option<Vec<Along>>) -> Selection {
    let extent = |(start, count, step)| Extent { start, count, step };
    extents.map_or(Selection::All, |all| Selection::Box(all.into_iter().map(extent).collect()))
}

impl Source {
    fn cell(&self) -> Arc<OnceCell<Opened>> {
        let make = || Ok::<_, Infallible>(self.name.as_deref().map_or_else(Arc::default, shared));
        let Ok(cell) = self.live.get(make);
        Arc::clone(&cell)
    }

    pub(crate) fn opened(&self, py: Python<'_>) -> PyResult<Opened> {
        if let Some(opened) = self.cell().get() {
            return Ok(opened.clone());
        }
        let error = match self.opened_by(py, &self.recipe.work(py)?)? {
            Ok(opened) => return Ok(opened),
            Err(error) => error,
        };
        match self.recipe.work_again(py, &error, None)? {
            Some(work) => told(py, self.opened_by(py, &work)?),
            None => Err(raised(py, error)),
        }
    }

    fn opened_by(&self, py: Python<'_>, work: &Work) -> PyResult<frazil_data::Result<Opened>> {
        let cell = self.cell();
        let opened = wait(py, || cell.get_or_try_init(|| work.open()), |_| Ok(()))?;
        Ok(opened.cloned())
    }

    /// Does something with what is open. Where the login has ended that it was opened by, it is opened once more by
    /// the one that is found now.
    fn with<T, F>(&self, py: Python<'_>, work: impl Fn(Opened) -> F + Sync) -> PyResult<T>
    where
        T: Send,
        F: Future<Output = frazil_data::Result<T>>,
    {
        let opened = self.opened(py)?;
        let error = match wait(py, || work(opened.clone()), |_| Ok(()))? {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        match self.opened_again(py, &error, &opened)? {
            Some(opened) => told(py, wait(py, || work(opened), |_| Ok(()))?),
            None => Err(raised(py, error)),
        }
    }

    /// What is opened once more after an error, by the login that is found now; none where no login has ended.
    pub(crate) fn opened_again(
        &self,
        py: Python<'_>,
        error: &frazil_data::Error,
        opened: &Opened,
    ) -> PyResult<Option<Opened>> {
        let Some(work) = self.recipe.work_again(py, error, opened.handle())? else { return Ok(None) };
        self.forget();
        told(py, self.opened_by(py, &work)?).map(Some)
    }

    /// Leaves what is open to those who still read it.
    fn forget(&self) {
        let cell = self.cell();
        self.live.give_up();
        if let Some(name) = &self.name {
            let all = all_shared();
            let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|(known, held)| known != name || !Arc::ptr_eq(held, &cell));
        }
    }

    /// Tells what it will cost to read a part of a variable, where prices are known.
    pub(crate) fn warn_of_costs(
        &self,
        py: Python<'_>,
        path: &str,
        extents: Option<Vec<Along>>,
    ) -> PyResult<()> {
        let (Some(costs), selection) = (&costs(py)?, &selection(extents)) else { return Ok(()) };
        let warnings = |opened: Opened| async move { Ok(opened.warnings(costs, path, selection).await) };
        warn(py, self.with(py, warnings)?)
    }
}

#[pymethods]
impl Source {
    /// Opens an item or an address: its first bytes are read.
    #[new]
    fn new(
        py: Python<'_>,
        what: &Bound<'_, PyAny>,
        session: Option<Py<Session>>,
        how: &Bound<'_, PyDict>,
    ) -> PyResult<Self> {
        let recipe = Recipe::of(py, what, session, how)?;
        let source = Self { recipe, number: number(), name: None, live: OfProcess::new() };
        source.opened(py)?;
        Ok(source)
    }

    /// Made anew in another process.
    #[staticmethod]
    fn _again(
        py: Python<'_>,
        text: &str,
        how: Py<PyDict>,
        session: Option<Py<Session>>,
        number: String,
    ) -> PyResult<Self> {
        let from = session.as_ref().map(|session| session.get().from()).unwrap_or_default();
        let name = Some(format!("{number}\n{text}\n{}\n{from}", how.bind(py).repr()?));
        Ok(Self { recipe: Recipe::again(py, text, how, session)?, number, name, live: OfProcess::new() })
    }

    /// What it is called, without secrets.
    #[getter]
    fn address(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.opened(py)?.dataset().address().to_string())
    }

    /// Its format, such as `NetCDF4`.
    #[getter]
    fn format(&self, py: Python<'_>) -> PyResult<&'static str> {
        Ok(self.opened(py)?.dataset().format())
    }

    /// A group: its attributes, dimensions, variables and groups; those below whole with `deep`.
    fn group<'py>(&self, py: Python<'py>, path: &str, deep: bool) -> PyResult<Bound<'py, PyDict>> {
        let group = self.with(py, |opened| async move { opened.dataset().group(path, deep).await })?;
        shown(py, group)
    }

    /// The values of a part of a variable as they are stored, or unpacked by what `unpacked` says of it: type,
    /// shape, bytes, texts, and whether they are nanoseconds since 1970.
    fn read<'py>(
        &self,
        py: Python<'py>,
        path: &str,
        extents: Option<Vec<Along>>,
        unpacked: Option<Py<Variable>>,
    ) -> PyResult<(Bound<'py, PyTuple>, bool)> {
        self.warn_of_costs(py, path, extents.clone())?;
        let selection = &selection(extents);
        let unpacked = unpacked.as_ref();
        let read = |opened: Opened| async move {
            let values = opened.dataset().read(path, selection).await?;
            Ok(match unpacked {
                Some(variable) => cf::decode(&variable.get().variable, values, &Limits::default())?,
                None => cf::Decoded::Numbers(values),
            })
        };
        match self.with(py, read)? {
            cf::Decoded::Numbers(values) => Ok((taken(py, values)?, false)),
            cf::Decoded::Moments(values) => Ok((taken(py, values)?, true)),
        }
    }

    /// Where the bytes of a part of a variable lie: address, first byte and length of each stored chunk.
    fn ranges(
        &self,
        py: Python<'_>,
        path: &str,
        extents: Option<Vec<Along>>,
    ) -> PyResult<Vec<(String, u64, u64)>> {
        let selection = &selection(extents);
        let stored = self.with(py, |opened| async move { opened.dataset().ranges(path, selection).await })?;
        Ok(stored.into_iter().map(|one| (one.address.to_string(), one.from, one.length)).collect())
    }

    /// What reading a part of a variable will fetch, if nothing of it is kept yet, as JSON: what it is counted under, and its
    /// bytes and requests. What is on this machine is left out.
    fn planned(
        &self,
        py: Python<'_>,
        path: &str,
        extents: Option<Vec<Along>>,
    ) -> PyResult<Vec<(String, u64, u64)>> {
        let selection = &selection(extents);
        let read = |opened: Opened| async move { opened.planned_by_label(path, selection).await };
        let planned = self.with(py, read)?.into_iter();
        let told =
            planned.filter_map(|(label, one)| Some((json!(label?).to_string(), one.bytes, one.requests)));
        Ok(told.collect())
    }

    /// The extents along a group's dimensions that hold what is wanted of its coordinates, and of a box.
    fn select(
        &self,
        py: Python<'_>,
        path: &str,
        named: Vec<Named>,
        bbox: Option<[f64; 4]>,
    ) -> PyResult<Vec<(String, Along)>> {
        let one = |(name, how, from, to): Named| {
            let wanted = match (how.as_str(), from, to) {
                ("at", Some(label), _) => Wanted::At(label.into()),
                (_, from, to) => Wanted::Between(from.map(Label::from), to.map(Label::from)),
            };
            (name, wanted)
        };
        let named = named.into_iter().map(one).collect();
        let bbox = bbox.map(|[west, south, east, north]| Bbox::new(west, south, east, north));
        if let Some(bbox) = bbox.filter(|bbox| bbox.south.is_nan() || bbox.south > bbox.north) {
            let what = format!("{:?} is no box", bbox.edges());
            return Err(invalid(py, what, "give west, south, east, north, in degrees"));
        }
        let choice = &Choice { named, bbox };
        if let Some(costs) = &costs(py)? {
            let warnings = |opened: Opened| async move {
                let group = opened.dataset().group(path, false).await?;
                let mut said = Vec::new();
                for name in coordinates(&group, choice) {
                    let path = format!("{}/{name}", path.trim_end_matches('/'));
                    said.extend(opened.warnings(costs, &path, &Selection::All).await);
                }
                Ok(said)
            };
            warn(py, self.with(py, warnings)?)?;
        }
        let find = |opened: Opened| async move {
            let group = opened.dataset().group(path, false).await?;
            select(opened.dataset().as_ref(), path, &group, choice).await
        };
        let found = self.with(py, find)?;
        Ok(found.into_iter().map(|(name, one)| (name, (one.start, one.count, one.step))).collect())
    }

    /// Whether a group has coordinates of longitude and latitude, by which a box is chosen.
    fn has_places(&self, py: Python<'_>, path: &str) -> PyResult<bool> {
        let group = self.with(py, |opened| async move { opened.dataset().group(path, false).await })?;
        Ok([Axis::Latitude, Axis::Longitude].iter().all(|axis| axis.find(&group).is_some()))
    }

    /// Writes references of Kerchunk to all chunks: one JSON document, or Parquet with so many of them to a file.
    fn write_references(&self, py: Python<'_>, to: PathBuf, records: Option<u64>) -> PyResult<()> {
        let form = records.map_or(Form::Json, Form::Parquet);
        let (to, form, limits) = (&to, &form, &Limits::default());
        self.with(py, |opened| async move { write(opened.dataset().as_ref(), to, *form, limits).await })
    }

    /// What was read so far, where it is one object: see `frazil.File.stats`.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let opened = self.opened(py)?;
        opened.handle().map(|handle| counted(py, &handle.counters())).transpose()
    }

    /// What it would be opened from again, as a text without secrets.
    fn _text(&self, py: Python<'_>) -> PyResult<String> {
        let cell = self.cell();
        Ok(self.recipe.parts(py, cell.get().and_then(Opened::handle))?.0)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyTuple>> {
        let (py, source) = (slf.py(), slf.get());
        let cell = source.cell();
        let (text, how, session) = source.recipe.parts(py, cell.get().and_then(Opened::handle))?;
        let parts = (text, how, session, &source.number);
        (py.get_type::<Self>().getattr("_again")?, parts).into_pyobject(py)
    }
}

#[pymethods]
impl Variable {
    /// Its name in its group.
    #[getter]
    fn name(&self) -> &str {
        &self.variable.name
    }

    /// What an element is, as numpy names it.
    #[getter]
    fn dtype<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        dtype(py, &self.variable.data_type)
    }

    /// Whether its texts are single characters.
    #[getter]
    fn is_char(&self) -> bool {
        self.variable.is_char
    }

    /// Elements along each dimension.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.variable.shape)
    }

    /// The names of its dimensions.
    #[getter]
    fn dims<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.variable.dimensions)
    }

    /// Elements of a chunk along each dimension; None where all is in one piece.
    #[getter]
    fn chunks<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        self.variable.chunks.as_ref().map(|chunks| PyTuple::new(py, chunks)).transpose()
    }

    /// What was done to a chunk before it was stored.
    #[getter]
    fn filters(&self) -> Vec<String> {
        self.variable.filters.clone()
    }

    /// The value of what was never written.
    #[getter]
    fn fill<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        self.variable.fill.as_ref().map(|fill| array(py, fill)).transpose()
    }

    /// Its attributes with their values.
    #[getter]
    fn attributes<'py>(&self, py: Python<'py>) -> PyResult<Vec<(String, Bound<'py, PyTuple>)>> {
        attributes(py, &self.variable.attributes)
    }
}

/// A group as Python sees it.
fn shown(py: Python<'_>, group: Group) -> PyResult<Bound<'_, PyDict>> {
    let told = PyDict::new(py);
    let dimensions = group.dimensions.into_iter().map(|one| (one.name, one.length, one.is_unlimited));
    let variables = group.variables.into_iter().map(|variable| Variable { variable });
    told.set_item("name", group.name)?;
    told.set_item("attributes", attributes(py, &group.attributes)?)?;
    told.set_item("dimensions", dimensions.collect::<Vec<_>>())?;
    told.set_item("variables", variables.map(|one| Py::new(py, one)).collect::<PyResult<Vec<_>>>()?)?;
    told.set_item(
        "groups",
        group.groups.into_iter().map(|one| shown(py, one)).collect::<PyResult<Vec<_>>>()?,
    )?;
    Ok(told)
}
