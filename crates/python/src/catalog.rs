//! Catalogues that were opened by their address: STAC, Intake, intake-esm.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use frazil_data::catalogs::{Catalogue, EsmCatalog, IntakeCatalog};
use frazil_data::cmr::{Collections, Granules, Query, Services};
use frazil_data::found::Item;
use frazil_data::http::Url;
use frazil_data::login::Earthdata;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator, PySet};
use serde_json::{Map, Value};

use crate::error::{check_keywords, invalid, told};
use crate::json::value;
use crate::query;
use crate::results::Results;
use crate::runtime::wait;
use crate::search::Asked;
use crate::session::{Session, way};

/// Searches CMR for `granules`, `collections` or `services`.
#[pyfunction]
#[pyo3(signature = (kind, pairs, count, session))]
pub(crate) fn search_cmr(
    py: Python<'_>,
    kind: &str,
    pairs: Vec<(String, String)>,
    count: Option<usize>,
    session: Option<Py<Session>>,
) -> PyResult<Results> {
    let asked = match kind {
        "granules" => Asked::Granules(query::cmr::<Granules>(py, &pairs)?),
        "collections" => Asked::Collections(query::cmr::<Collections>(py, &pairs)?),
        "services" => Asked::Services(query::cmr::<Services>(py, &pairs)?),
        other => return Err(invalid(py, format!("CMR has no {other}"), "granules, collections, services")),
    };
    let earthdata = session.as_ref().map_or_else(Earthdata::default, |one| one.get().earthdata().clone());
    Ok(Results::new(asked, count, session, earthdata))
}

/// The names of CMR's parameters for `granules`, `collections` or `services`.
#[pyfunction]
pub(crate) fn parameters(py: Python<'_>, kind: &str) -> PyResult<Vec<&'static str>> {
    match kind {
        "granules" => Ok(Query::<Granules>::names().collect()),
        "collections" => Ok(Query::<Collections>::names().collect()),
        "services" => Ok(Query::<Services>::names().collect()),
        other => Err(invalid(py, format!("CMR has no {other}"), "granules, collections, services")),
    }
}

/// What is at an address or a path.
enum Kind {
    Api(Url),
    Static(Url),
    Esm(Arc<EsmCatalog>),
    /// The sources of it and of catalogues within.
    Intake(Arc<Vec<Item>>),
}

/// A catalogue: a STAC API, a static STAC catalogue, an Intake or an intake-esm catalogue.
#[pyclass(frozen, module = "frazil")]
pub(crate) struct Catalog {
    kind: Kind,
    title: Option<String>,
    address: String,
}

/// Opens a catalogue by its address or its path, whatever it is. Catalogues within that cannot be read are
/// warned of.
#[pyfunction]
#[pyo3(signature = (name, chosen))]
pub(crate) fn open_catalog(
    py: Python<'_>,
    name: &str,
    chosen: BTreeMap<String, String>,
) -> PyResult<Catalog> {
    let folder: PathBuf = py.import("os")?.call_method0("getcwd")?.extract()?;
    let url = told(py, frazil_data::locate(name, &folder))?;
    let (client, _) = way(py, None)?;
    let opened = wait(py, || Catalogue::open(&client, &url), |_| Ok(()))?;
    let (kind, title) = match told(py, opened)? {
        Catalogue::Api(api) => (Kind::Api(url), Some(api.title().to_owned())),
        Catalogue::Static(root) => (Kind::Static(root), None),
        Catalogue::Esm(catalog) => {
            let title = catalog.id().map(str::to_owned);
            (Kind::Esm(catalog), title)
        }
        Catalogue::Intake(root) => {
            let walked = wait(py, || IntakeCatalog::walk(&client, &root, &chosen), |_| Ok(()))?;
            let (sources, failures) = told(py, walked)?;
            for (path, error) in failures {
                let words = format!("the catalogue {path} within cannot be read: {error}");
                py.import("warnings")?.call_method1("warn", (words,))?;
            }
            (
                Kind::Intake(Arc::new(
                    sources.iter().map(frazil_data::catalogs::IntakeSource::item).collect(),
                )),
                None,
            )
        }
    };
    Ok(Catalog { kind, title, address: name.to_owned() })
}

#[pymethods]
impl Catalog {
    /// What it is: `stac-api`, `stac`, `intake` or `intake-esm`.
    #[getter]
    fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Api(_) => "stac-api",
            Kind::Static(_) => "stac",
            Kind::Esm(_) => "intake-esm",
            Kind::Intake(_) => "intake",
        }
    }

    /// What it calls itself.
    #[getter]
    fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// The columns of an intake-esm catalogue, by which it is searched.
    #[getter]
    fn columns(&self) -> Vec<String> {
        match &self.kind {
            Kind::Esm(catalog) => catalog.columns().to_vec(),
            _ => Vec::new(),
        }
    }

    /// The values of each column of an intake-esm catalogue, at most `most` of each.
    #[pyo3(signature = (most = 1000))]
    fn unique<'py>(&self, py: Python<'py>, most: usize) -> PyResult<Bound<'py, PyDict>> {
        let Kind::Esm(catalog) = &self.kind else {
            return Err(invalid(py, "only intake-esm catalogues have columns", "search it"));
        };
        let values = told(py, py.detach(|| catalog.values(most)))?;
        let all = PyDict::new(py);
        for (column, values) in values {
            all.set_item(column, PySet::new(py, values)?)?;
        }
        Ok(all)
    }

    /// Searches it, for at most `count`: a STAC API by the parameters of item search, a static STAC catalogue by
    /// `collections`, `ids`, `bbox` and `datetime`, an intake-esm catalogue by its columns, an Intake catalogue by
    /// a part of the `name`.
    #[pyo3(signature = (*, count = None, **keywords))]
    fn search(
        &self,
        py: Python<'_>,
        count: Option<usize>,
        keywords: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Results> {
        let keywords = match keywords {
            Some(keywords) => {
                let text = py.import("frazil._parameters")?.call_method1("of_stac", (keywords,))?;
                value(text.extract()?)?
            }
            None => Value::Object(Map::new()),
        };
        self.found(py, keywords.as_object().unwrap_or(&Map::new()), count)
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        Bound::new(py, self.found(py, &Map::new(), None)?)?.try_iter()
    }

    fn __repr__(&self) -> String {
        let title = self.title.as_deref().map(|title| format!(" {title}")).unwrap_or_default();
        format!("<frazil.Catalog{title}: {} at {}>", self.kind(), self.address)
    }
}

impl Catalog {
    fn found(
        &self,
        py: Python<'_>,
        keywords: &Map<String, Value>,
        count: Option<usize>,
    ) -> PyResult<Results> {
        let asked = match &self.kind {
            Kind::Api(url) => Asked::Stac(url.clone(), Box::new(query::stac(py, keywords)?)),
            Kind::Static(root) => Asked::Static(root.clone(), query::wanted(py, keywords)?),
            Kind::Esm(catalog) => {
                let wanted = query::columns(keywords);
                told(py, catalog.search(&wanted).map(drop))?;
                Asked::Rows(Arc::clone(catalog), wanted)
            }
            Kind::Intake(items) => Asked::Listed(named(py, items, keywords)?),
        };
        Ok(Results::new(asked, count, None, Earthdata::default()))
    }
}

/// The sources of an Intake catalogue with a text in their name.
fn named(py: Python<'_>, items: &Arc<Vec<Item>>, keywords: &Map<String, Value>) -> PyResult<Arc<Vec<Item>>> {
    check_keywords(py, "a search of an Intake catalogue", keywords, &["name"])?;
    let Some(wanted) = keywords.get("name").and_then(Value::as_str) else { return Ok(Arc::clone(items)) };
    Ok(Arc::new(items.iter().filter(|item| item.name.contains(wanted)).cloned().collect()))
}
