//! Results of a search: walked lazily, kept as far as they were looked at.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use frazil_data::Error;
use frazil_data::found::ItemWriter;
use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PySlice};

use crate::error::{raised, told};
use crate::html;
use crate::item::{Item, shown};
use crate::runtime::wait;
use crate::search::{Asked, Found, Means, Notices};
use crate::session::{Session, way};
use crate::walking::{Begun, Turns};

/// Rows that a notebook shows.
const ROWS: usize = 10;

/// After this time a person is told how far a search is, and then each so often.
const PATIENCE: Duration = Duration::from_secs(1);
const PERIOD: Duration = Duration::from_millis(250);

/// The least that is asked for at once for what is looked at one by one.
const LEAST_PAGE: usize = 100;

/// What a search finds. Looping over it asks for page after page and keeps nothing; an index, a slice or
/// `collect()` keeps what it had to ask for.
#[pyclass(frozen, generic, module = "frazil")]
pub(crate) struct Results {
    asked: Asked,
    limit: Option<usize>,
    session: Option<Py<Session>>,
    earthdata: frazil_data::login::Earthdata,
    kept: Mutex<Kept>,
    turns: Turns,
}

/// What was looked at so far.
#[derive(Default)]
struct Kept {
    found: Vec<Py<PyAny>>,
    ended: bool,
    /// How many there are in all, if the service counts, once it was `asked`.
    hits: Option<u64>,
    asked: bool,
}

/// Tells a person how many were found, if it takes longer than [`PATIENCE`].
struct Teller {
    hearer: Py<PyAny>,
    due: Instant,
    limit: Option<u64>,
}

impl Teller {
    fn new(py: Python<'_>, limit: Option<usize>) -> PyResult<Self> {
        let hearer = py.import("frazil._progress")?.call_method0("Searching")?.unbind();
        let limit = limit.map(|limit| limit as u64);
        Ok(Self { hearer, due: Instant::now() + PATIENCE, limit })
    }

    fn tell(&mut self, py: Python<'_>, found: u64, hits: Option<u64>) -> PyResult<()> {
        let now = Instant::now();
        if now < self.due {
            return Ok(());
        }
        self.due = now + PERIOD;
        let most = hits.map(|hits| hits.min(self.limit.unwrap_or(u64::MAX)));
        self.hearer.call1(py, (found, most)).map(drop)
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.hearer.call_method0(py, "close").map(drop)
    }
}

impl Results {
    pub(crate) fn new(
        asked: Asked,
        limit: Option<usize>,
        session: Option<Py<Session>>,
        earthdata: frazil_data::login::Earthdata,
    ) -> Self {
        Self { asked, limit, session, earthdata, kept: Mutex::default(), turns: Turns::default() }
    }

    fn begin(&self, py: Python<'_>, limit: Option<usize>, page: usize) -> PyResult<Begun> {
        let session = self.session.as_ref().map(Py::get);
        let (client, _) = way(py, session)?;
        let session = session.map(|session| session.live(py)).transpose()?;
        let means = Means {
            client,
            earthdata: self.earthdata.clone(),
            session: session.map(|live| live.session.clone()),
            notices: Notices::default(),
        };
        let walk = wait(py, || self.asked.begin(&means, limit, page), |_| Ok(()))?;
        let begun = Begun { walk: told(py, walk)?, means };
        begun.warn(py)?;
        Ok(begun)
    }

    /// The same, behind the first `done` finds.
    fn begin_behind(&self, py: Python<'_>, page: usize, done: usize) -> PyResult<Begun> {
        let mut begun = self.begin(py, self.limit, page)?;
        for _ in 0..done {
            begun.next(py)?;
        }
        Ok(begun)
    }

    /// What was looked at. Locked with Python's own lock and while nothing of Python runs, so that nobody waits
    /// and no fork finds it locked.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, most: usize) -> bool {
        let kept = self.kept();
        kept.ended || kept.found.len() >= most
    }

    /// Keeps at least so many, or all there are.
    fn keep(&self, py: Python<'_>, most: usize) -> PyResult<()> {
        if self.has(most) {
            return Ok(());
        }
        let mut teller = Teller::new(py, self.limit)?;
        let kept = self.keep_telling(py, most, &mut teller);
        teller.close(py)?;
        kept
    }

    fn keep_telling(&self, py: Python<'_>, most: usize, teller: &mut Teller) -> PyResult<()> {
        let mut turn = self.turns.take(py)?;
        while !self.has(most) {
            let done = self.kept().found.len();
            let found = turn.next(py, || self.begin_behind(py, most.max(LEAST_PAGE), done))?;
            let found = found.map(|found| shown(py, found)).transpose()?;
            let (count, hits) = {
                let mut kept = self.kept();
                let hits = turn.hits().or(kept.hits);
                (kept.hits, kept.asked) = (hits, true);
                kept.ended = found.is_none();
                kept.found.extend(found);
                (kept.found.len() as u64, hits)
            };
            teller.tell(py, count, hits)?;
        }
        Ok(())
    }

    fn known_hits(&self, py: Python<'_>) -> PyResult<Option<u64>> {
        let known = {
            let kept = self.kept();
            kept.asked.then_some(kept.hits)
        };
        if let Some(hits) = known {
            return Ok(hits);
        }
        let mut begun = self.begin(py, Some(1), 1)?;
        begun.next(py)?;
        let hits = begun.hits();
        let mut kept = self.kept();
        (kept.hits, kept.asked) = (hits, true);
        Ok(hits)
    }

    /// All that was kept.
    fn listed<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let found: Vec<_> = self.kept().found.iter().map(|found| found.clone_ref(py)).collect();
        PyList::new(py, found)
    }
}

/// What a method gives for each thing that is found, as a list; without keeping what is found.
fn told_by<'py>(results: &Bound<'py, Results>, method: &str) -> PyResult<Bound<'py, PyList>> {
    let all = PyList::empty(results.py());
    for found in results.try_iter()? {
        let told = found?.call_method0(method)?;
        if !told.is_none() {
            all.append(told)?;
        }
    }
    Ok(all)
}

#[pymethods]
impl Results {
    /// How many there are in all, whatever `count` says; None where the service does not count.
    #[getter]
    fn hits(&self, py: Python<'_>) -> PyResult<Option<u64>> {
        self.known_hits(py)
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        let ended = {
            let kept = self.kept();
            kept.ended.then_some(kept.found.len())
        };
        if let Some(length) = ended {
            return Ok(length);
        }
        if let Some(hits) = self.known_hits(py)? {
            return Ok(usize::try_from(hits).unwrap_or(usize::MAX).min(self.limit.unwrap_or(usize::MAX)));
        }
        self.keep(py, usize::MAX)?;
        Ok(self.kept().found.len())
    }

    fn __bool__(&self, py: Python<'_>) -> PyResult<bool> {
        self.keep(py, 1)?;
        Ok(!self.kept().found.is_empty())
    }

    fn __iter__(slf: PyRef<'_, Self>) -> Finds {
        Finds { of: slf.into(), turns: Turns::default(), given: AtomicUsize::new(0) }
    }

    fn __getitem__<'py>(&self, py: Python<'py>, index: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        if let Ok(slice) = index.cast::<PySlice>() {
            let part = |name: &str| slice.getattr(name)?.extract::<Option<isize>>();
            let (first, end, by) = (part("start")?, part("stop")?, part("step")?);
            let forward = first.is_none_or(|first| first >= 0) && by.is_none_or(|by| by > 0);
            let most = end.filter(|_| forward).and_then(|end| usize::try_from(end).ok());
            self.keep(py, most.unwrap_or(usize::MAX))?;
            return self.listed(py)?.as_any().get_item(slice);
        }
        let index: isize = index
            .extract()
            .map_err(|_| PyTypeError::new_err("results are indexed by whole numbers and slices"))?;
        let most = usize::try_from(index).map_or(usize::MAX, |index| index.saturating_add(1));
        self.keep(py, most)?;
        let kept = self.kept();
        let from_end = || kept.found.len().checked_sub(index.unsigned_abs());
        let at = usize::try_from(index).ok().or_else(from_end);
        let found = at.and_then(|at| kept.found.get(at));
        found.map(|found| found.bind(py).clone()).ok_or_else(|| {
            PyIndexError::new_err(format!("there is no result {index}: {} were found", kept.found.len()))
        })
    }

    /// All of them as a list; asked for once.
    fn collect<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.keep(py, usize::MAX)?;
        self.listed(py)
    }

    /// All of them as dicts, one a row: `pandas.DataFrame(results.to_dicts())`.
    fn to_dicts<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyList>> {
        told_by(slf, "to_dict")
    }

    /// All of them as a GeoJSON feature collection (RFC 7946).
    fn to_geojson<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyDict>> {
        let collection = PyDict::new(slf.py());
        collection.set_item("type", "FeatureCollection")?;
        collection.set_item("features", told_by(slf, "to_geojson")?)?;
        Ok(collection)
    }

    /// All of them as a STAC item collection; what has no time, which STAC asks for, is left out.
    fn to_stac<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyDict>> {
        let collection = PyDict::new(slf.py());
        collection.set_item("type", "FeatureCollection")?;
        collection.set_item("features", told_by(slf, "to_stac")?)?;
        Ok(collection)
    }

    /// Writes all of them as GeoParquet 1.1, page after page, and gives their number. The file has its name
    /// only when it is whole.
    fn to_geoparquet(&self, py: Python<'_>, path: PathBuf) -> PyResult<u64> {
        let mut writer = told(py, ItemWriter::create(&path))?;
        let mut begun = self.begin(py, self.limit, usize::MAX)?;
        let walk = &mut begun.walk;
        let (count, hits) = (AtomicU64::new(0), AtomicU64::new(u64::MAX));
        let mut teller = Teller::new(py, self.limit)?;
        let waited = wait(
            py,
            || async {
                while let Some(found) = walk.next().await? {
                    let Found::Item(item) = found else {
                        return Err(Error::Invalid {
                            what: "collections and services have no place in GeoParquet".to_owned(),
                            advice: "write what a search for granules or items finds".to_owned(),
                        });
                    };
                    writer.write(&item)?;
                    count.fetch_add(1, Ordering::Relaxed);
                    hits.store(walk.hits().unwrap_or(u64::MAX), Ordering::Relaxed);
                }
                writer.finish()
            },
            |py| {
                let hits = Some(hits.load(Ordering::Relaxed)).filter(|hits| *hits != u64::MAX);
                teller.tell(py, count.load(Ordering::Relaxed), hits)
            },
        );
        teller.close(py)?;
        begun.warn(py)?;
        waited?.map_err(|error| raised(py, error))
    }

    #[getter]
    fn __geo_interface__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyDict>> {
        Self::to_geojson(slf)
    }

    fn __repr__(&self) -> String {
        let kept = self.kept();
        let hits = kept.hits.map(|hits| format!(" of {hits}")).unwrap_or_default();
        match (kept.ended, self.limit) {
            (true, _) => format!("<frazil.Results: {}{hits}>", kept.found.len()),
            (false, Some(limit)) => format!("<frazil.Results: at most {limit}{hits}, not all asked for>"),
            (false, None) => format!("<frazil.Results: all{hits}, not all asked for>"),
        }
    }

    fn _repr_html_(&self, py: Python<'_>) -> PyResult<String> {
        self.keep(py, ROWS)?;
        let shown: Vec<_> = self.kept().found.iter().take(ROWS).map(|found| found.clone_ref(py)).collect();
        let caption = {
            let kept = self.kept();
            match kept.hits {
                Some(hits) => format!("{} of {hits} found", shown.len()),
                None if kept.ended => format!("{} of {} found", shown.len(), kept.found.len()),
                None => format!("the first {} found", shown.len()),
            }
        };
        let items: Option<Vec<_>> = shown.iter().map(|found| found.bind(py).cast::<Item>().ok()).collect();
        if let Some(items) = items {
            let rows: Vec<_> = items.iter().map(|item| html::cells(&item.get().item)).collect();
            return Ok(html::table(&caption, &html::COLUMNS, &rows));
        }
        let rows: PyResult<Vec<_>> =
            shown.iter().map(|found| Ok(vec![found.bind(py).repr()?.to_string()])).collect();
        Ok(html::table(&caption, &["found"], &rows?))
    }
}

/// A loop over results. What was kept by the time it begins is not asked for again.
#[pyclass(frozen, generic, module = "frazil")]
pub(crate) struct Finds {
    of: Py<Results>,
    turns: Turns,
    given: AtomicUsize,
}

#[pymethods]
impl Finds {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let results = self.of.get();
        let mut turn = self.turns.take(py)?;
        let given = self.given.load(Ordering::Relaxed);
        let found = if !turn.is_begun() && results.kept().ended {
            results.kept().found.get(given).map(|found| found.clone_ref(py))
        } else {
            let found = turn.next(py, || results.begin_behind(py, usize::MAX, given))?;
            found.map(|found| shown(py, found)).transpose()?
        };
        self.given.fetch_add(found.iter().len(), Ordering::Relaxed);
        Ok(found)
    }
}
