//! Results of a search: walked lazily, kept as far as they were looked at.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use frazil_data::Error;
use frazil_data::found::ItemWriter;
use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyDict, PyList, PySlice};

use crate::error::{raised, told};
use crate::html;
use crate::item::{Item, shown};
use crate::runtime::wait;
use crate::search::{Asked, Found, Means, Walk};
use crate::session::{Session, way};

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
}

/// What was looked at so far.
#[derive(Default)]
struct Kept {
    found: Vec<Py<PyAny>>,
    walk: Option<Begun>,
    ended: bool,
    hits: Option<u64>,
}

/// A walk with the means that it was begun with, whose notices are told.
struct Begun {
    walk: Walk,
    means: Means,
}

impl Begun {
    fn next(&mut self, py: Python<'_>) -> PyResult<Option<Found>> {
        let found = wait(py, || self.walk.next(), |_| Ok(()))?;
        self.warn(py)?;
        told(py, found)
    }

    fn warn(&self, py: Python<'_>) -> PyResult<()> {
        for notice in self.means.notices.take() {
            py.import("warnings")?.call_method1("warn", (notice,))?;
        }
        Ok(())
    }
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
        Self { asked, limit, session, earthdata, kept: Mutex::default() }
    }

    fn begin(&self, py: Python<'_>, limit: Option<usize>, page: usize) -> PyResult<Begun> {
        let session = self.session.as_ref().map(Py::get);
        let (client, _) = way(py, session)?;
        let session = session.map(|session| session.live(py)).transpose()?;
        let means = Means {
            client,
            earthdata: self.earthdata.clone(),
            session: session.map(|live| live.session.clone()),
            notices: crate::search::Notices::default(),
        };
        let walk = wait(py, || self.asked.begin(&means, limit, page), |_| Ok(()))?;
        let begun = Begun { walk: told(py, walk)?, means };
        begun.warn(py)?;
        Ok(begun)
    }

    /// The lock, waited for without Python's own.
    fn kept<'a>(&'a self, py: Python<'_>) -> MutexGuard<'a, Kept> {
        self.kept.lock_py_attached(py).unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Keeps at least so many, or all there are.
    fn keep(&self, py: Python<'_>, most: usize) -> PyResult<MutexGuard<'_, Kept>> {
        let mut kept = self.kept(py);
        if kept.ended || kept.found.len() >= most {
            return Ok(kept);
        }
        let mut teller = Teller::new(py, self.limit)?;
        while !kept.ended && kept.found.len() < most {
            let mut begun = match kept.walk.take() {
                Some(begun) => begun,
                None => self.begin(py, self.limit, most.max(LEAST_PAGE))?,
            };
            let found = begun.next(py);
            kept.hits = begun.walk.hits().or(kept.hits);
            kept.walk = Some(begun);
            if let Some(found) = found? {
                kept.found.push(shown(py, found)?);
                teller.tell(py, kept.found.len() as u64, kept.hits)?;
            } else {
                (kept.ended, kept.walk) = (true, None);
            }
        }
        teller.close(py)?;
        Ok(kept)
    }

    fn known_hits(&self, py: Python<'_>) -> PyResult<Option<u64>> {
        if let Some(hits) = self.kept(py).hits {
            return Ok(Some(hits));
        }
        let mut begun = self.begin(py, Some(1), 1)?;
        begun.next(py)?;
        let hits = begun.walk.hits();
        self.kept(py).hits = hits;
        Ok(hits)
    }

    /// Each thing that is found, without keeping it.
    fn each(&self, py: Python<'_>, mut take: impl FnMut(Bound<'_, PyAny>) -> PyResult<()>) -> PyResult<()> {
        for found in self.__iter__(py)?.bind(py).try_iter()? {
            take(found?)?;
        }
        Ok(())
    }

    /// What a method gives for each, as a list.
    fn told_by<'py>(&self, py: Python<'py>, method: &str) -> PyResult<Bound<'py, PyList>> {
        let all = PyList::empty(py);
        self.each(py, |found| {
            let told = found.call_method0(method)?;
            if !told.is_none() {
                all.append(told.unbind().bind(py))?;
            }
            Ok(())
        })?;
        Ok(all)
    }
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
            let kept = self.kept(py);
            kept.ended.then_some(kept.found.len())
        };
        if let Some(length) = ended {
            return Ok(length);
        }
        match self.known_hits(py)? {
            Some(hits) => {
                Ok(usize::try_from(hits).unwrap_or(usize::MAX).min(self.limit.unwrap_or(usize::MAX)))
            }
            None => Ok(self.keep(py, usize::MAX)?.found.len()),
        }
    }

    fn __bool__(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(!self.keep(py, 1)?.found.is_empty())
    }

    pub(crate) fn __iter__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        {
            let kept = self.kept(py);
            if kept.ended {
                let all = PyList::new(py, kept.found.iter().map(|found| found.clone_ref(py)))?;
                return Ok(all.try_iter()?.into_any().unbind());
            }
        }
        let begun = self.begin(py, self.limit, usize::MAX)?;
        Ok(Py::new(py, Finds { begun: Mutex::new(begun) })?.into_any())
    }

    fn __getitem__<'py>(&self, py: Python<'py>, index: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        if let Ok(slice) = index.cast::<PySlice>() {
            let part = |name: &str| slice.getattr(name)?.extract::<Option<isize>>();
            let (first, end, by) = (part("start")?, part("stop")?, part("step")?);
            let forward = first.is_none_or(|first| first >= 0) && by.is_none_or(|by| by > 0);
            let most = end.filter(|_| forward).and_then(|end| usize::try_from(end).ok());
            let kept = self.keep(py, most.unwrap_or(usize::MAX))?;
            let all = PyList::new(py, kept.found.iter().map(|found| found.clone_ref(py)))?;
            return all.as_any().get_item(slice);
        }
        let index: isize = index
            .extract()
            .map_err(|_| PyTypeError::new_err("results are indexed by whole numbers and slices"))?;
        let most = usize::try_from(index).map_or(usize::MAX, |index| index.saturating_add(1));
        let kept = self.keep(py, most)?;
        let from_end = || kept.found.len().checked_sub(index.unsigned_abs());
        let at = usize::try_from(index).ok().or_else(from_end);
        let found = at.and_then(|at| kept.found.get(at));
        found.map(|found| found.bind(py).clone()).ok_or_else(|| {
            PyIndexError::new_err(format!("there is no result {index}: {} were found", kept.found.len()))
        })
    }

    /// All of them as a list; asked for once.
    fn collect<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let kept = self.keep(py, usize::MAX)?;
        PyList::new(py, kept.found.iter().map(|found| found.clone_ref(py)))
    }

    /// All of them as dicts, one a row: `pandas.DataFrame(results.to_dicts())`.
    fn to_dicts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.told_by(py, "to_dict")
    }

    /// All of them as a GeoJSON feature collection (RFC 7946).
    fn to_geojson<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let collection = PyDict::new(py);
        collection.set_item("type", "FeatureCollection")?;
        collection.set_item("features", self.told_by(py, "to_geojson")?)?;
        Ok(collection)
    }

    /// All of them as a STAC item collection; what has no time, which STAC asks for, is left out.
    fn to_stac<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let collection = PyDict::new(py);
        collection.set_item("type", "FeatureCollection")?;
        collection.set_item("features", self.told_by(py, "to_stac")?)?;
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
        let written = wait(
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
        )?;
        teller.close(py)?;
        begun.warn(py)?;
        written.map_err(|error| raised(py, error))
    }

    #[getter]
    fn __geo_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.to_geojson(py)
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let kept = self.kept(py);
        let hits = kept.hits.map(|hits| format!(" of {hits}")).unwrap_or_default();
        match (kept.ended, self.limit) {
            (true, _) => format!("<frazil.Results: {}{hits}>", kept.found.len()),
            (false, Some(limit)) => format!("<frazil.Results: at most {limit}{hits}, not all asked for>"),
            (false, None) => format!("<frazil.Results: all{hits}, not all asked for>"),
        }
    }

    fn _repr_html_(&self, py: Python<'_>) -> PyResult<String> {
        let kept = self.keep(py, ROWS)?;
        let shown: Vec<&Py<PyAny>> = kept.found.iter().take(ROWS).collect();
        let caption = match kept.hits {
            Some(hits) => format!("{} of {hits} found", shown.len()),
            None if kept.ended => format!("{} of {} found", shown.len(), kept.found.len()),
            None => format!("the first {} found", shown.len()),
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

/// A loop over results.
#[pyclass(frozen, generic, module = "frazil")]
pub(crate) struct Finds {
    begun: Mutex<Begun>,
}

#[pymethods]
impl Finds {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let mut begun = self.begun.lock_py_attached(py).unwrap_or_else(std::sync::PoisonError::into_inner);
        begun.next(py)?.map(|found| shown(py, found)).transpose()
    }
}
