//! What was found, as Python sees it.

use std::hash::{DefaultHasher, Hash, Hasher};

use frazil_data::cmr;
use frazil_data::found::{self, Asset, Size};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::invalid;
use crate::html;
use crate::json::object;
use crate::search::Found;

/// A granule of CMR, an item of STAC, or a row or source of a catalogue.
#[pyclass(frozen, eq, module = "frazil")]
#[derive(PartialEq)]
pub(crate) struct Item {
    pub(crate) item: found::Item,
}

/// A collection (dataset) of CMR.
#[pyclass(frozen, module = "frazil")]
pub(crate) struct Collection {
    collection: cmr::Collection,
}

/// A service of CMR.
#[pyclass(frozen, module = "frazil")]
pub(crate) struct Service {
    service: cmr::Service,
}

/// What was found as an object of Python.
pub(crate) fn shown(py: Python<'_>, found: Found) -> PyResult<Py<PyAny>> {
    Ok(match found {
        Found::Item(item) => Py::new(py, Item { item: *item })?.into_any(),
        Found::Collection(collection) => Py::new(py, Collection { collection: *collection })?.into_any(),
        Found::Service(service) => Py::new(py, Service { service: *service })?.into_any(),
    })
}

/// A moment as Python's `datetime`, in UTC.
fn moment(py: Python<'_>, text: Option<String>) -> PyResult<Option<Bound<'_, PyAny>>> {
    let Some(text) = text else { return Ok(None) };
    let class = py.import("datetime")?.getattr("datetime")?;
    class.call_method1("fromisoformat", (text,)).map(Some)
}

#[pymethods]
impl Item {
    /// Its id in the catalogue.
    #[getter]
    fn id(&self) -> &str {
        &self.item.id
    }

    /// Its name for people: a granule's name, an item's id, a row's key.
    #[getter]
    fn name(&self) -> &str {
        &self.item.name
    }

    /// The dataset that it is of, in a few words.
    #[getter]
    fn dataset(&self) -> Option<String> {
        self.item.dataset.label()
    }

    /// The short name of its dataset.
    #[getter]
    fn short_name(&self) -> Option<&str> {
        self.item.dataset.short_name.as_deref()
    }

    /// The version of its dataset.
    #[getter]
    fn version(&self) -> Option<&str> {
        self.item.dataset.version.as_deref()
    }

    /// Who provides it.
    #[getter]
    fn provider(&self) -> Option<&str> {
        self.item.provider.as_deref()
    }

    /// The first moment that it is of, in UTC.
    #[getter]
    fn start<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        moment(py, self.item.time.start.map(|moment| moment.to_string()))
    }

    /// The last moment that it is of, in UTC.
    #[getter]
    fn end<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        moment(py, self.item.time.end.map(|moment| moment.to_string()))
    }

    /// The box around it in degrees: west, south, east, north. West is greater than east across the
    /// antimeridian.
    #[getter]
    fn bbox(&self) -> Option<(f64, f64, f64, f64)> {
        self.item.bbox.map(|bbox| (bbox.west, bbox.south, bbox.east, bbox.north))
    }

    /// Its shape, as GeoJSON has geometries.
    #[getter]
    fn geometry<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.item.geometry.as_ref().map(|geometry| object(py, &geometry.to_geojson())).transpose()
    }

    /// The size of its data in bytes, if the catalogue tells.
    #[getter]
    fn size(&self) -> Option<u64> {
        self.item.size.map(Size::bytes)
    }

    /// Whether `size` is to the byte.
    #[getter]
    fn size_is_exact(&self) -> bool {
        self.item.size.is_some_and(Size::is_exact)
    }

    /// Whether its data is in a cloud's object store; None where that is not known.
    #[getter]
    fn cloud_hosted(&self) -> Option<bool> {
        self.item.cloud_hosted
    }

    /// The address of an image to look at.
    #[getter]
    fn browse(&self) -> Option<&str> {
        self.item.browse().map(|asset| asset.href.as_str())
    }

    /// Its files and addresses, each as a dict.
    #[getter]
    fn assets<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        self.item.assets.iter().map(|asset| object(py, &asset.to_json())).collect()
    }

    /// What else the catalogue tells, by STAC's names where STAC has them.
    #[getter]
    fn properties<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        object(py, &serde_json::Value::Object(self.item.properties.clone()))
    }

    /// The item as the catalogue wrote it.
    #[getter]
    fn raw<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        object(py, &self.item.raw)
    }

    /// The addresses of its data: over HTTPS, or in S3 (`access="s3"`).
    #[pyo3(signature = (access = "https"))]
    fn data_links(&self, py: Python<'_>, access: &str) -> PyResult<Vec<String>> {
        let in_s3 = |asset: &Asset| {
            asset.s3.clone().or_else(|| asset.href.starts_with("s3://").then(|| asset.href.clone()))
        };
        let over_https = |asset: &Asset| asset.href.starts_with("http").then(|| asset.href.clone());
        match access {
            "https" => Ok(self.item.data().filter_map(over_https).collect()),
            "s3" => Ok(self.item.data().filter_map(in_s3).collect()),
            other => Err(invalid(py, format!("there is no access `{other}`"), "say `https` or `s3`")),
        }
    }

    /// All that is read of it, as a dict.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        object(py, &self.item.to_json())
    }

    /// The item as a GeoJSON feature (RFC 7946).
    fn to_geojson<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        object(py, &self.item.to_feature())
    }

    /// The item as a STAC item 1.1; None where no time is known, which STAC asks for.
    fn to_stac<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.item.to_stac().map(|item| object(py, &item)).transpose()
    }

    /// The item for geopandas, shapely and others that know this name.
    #[getter]
    fn __geo_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.to_geojson(py)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        let py = slf.py();
        let text = serde_json::to_string(&slf.get().item)
            .map_err(|error| invalid(py, format!("the item cannot be written: {error}"), "use to_dict()"))?;
        Ok((py.get_type::<Self>().getattr("_from_text")?, (text,)))
    }

    /// An item from what another process wrote.
    #[staticmethod]
    fn _from_text(py: Python<'_>, text: &str) -> PyResult<Self> {
        let item = serde_json::from_str(text)
            .map_err(|error| invalid(py, format!("this is no item: {error}"), "search again"))?;
        Ok(Self { item })
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.item.id, &self.item.name, self.item.revision).hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        let dataset = self.item.dataset.label().map(|label| format!(" of {label}")).unwrap_or_default();
        let size = self.item.size.map(|size| format!(", {}", html::size(size))).unwrap_or_default();
        format!("<frazil.Item {}{dataset}{size}>", self.item.name)
    }

    fn _repr_html_(&self) -> String {
        html::card(&self.item)
    }
}

#[pymethods]
impl Collection {
    /// Its concept id in CMR.
    #[getter]
    fn id(&self) -> &str {
        self.collection.concept_id()
    }

    /// Its short name.
    #[getter]
    fn short_name(&self) -> Option<&str> {
        self.collection.short_name()
    }

    /// Its version.
    #[getter]
    fn version(&self) -> Option<&str> {
        self.collection.version()
    }

    /// Its title.
    #[getter]
    fn title(&self) -> Option<&str> {
        self.collection.title()
    }

    /// Its abstract.
    #[getter]
    fn summary(&self) -> Option<&str> {
        self.collection.summary()
    }

    /// Its DOI.
    #[getter]
    fn doi(&self) -> Option<&str> {
        self.collection.doi()
    }

    /// Who provides it.
    #[getter]
    fn provider(&self) -> Option<&str> {
        self.collection.provider()
    }

    /// How many granules it has, if they were counted (`include_granule_counts=True`).
    #[getter]
    fn granule_count(&self) -> Option<u64> {
        self.collection.granule_count()
    }

    /// Whether its data is in Earthdata Cloud.
    #[getter]
    fn cloud_hosted(&self) -> bool {
        self.collection.cloud_hosted()
    }

    /// Where it is in a cloud: `region`, `buckets` and `credentials`; None where it is not.
    #[getter]
    fn direct_access<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Some(direct) = self.collection.direct_access() else { return Ok(None) };
        let told = PyDict::new(py);
        told.set_item("region", direct.region)?;
        told.set_item("buckets", direct.buckets)?;
        told.set_item("credentials", direct.credentials)?;
        Ok(Some(told))
    }

    /// The collection as CMR wrote it.
    #[getter]
    fn raw<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        object(py, self.collection.raw())
    }

    /// All that is read of it, as a dict.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        object(py, &self.collection.to_json())
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        let class = slf.py().get_type::<Self>();
        Ok((class.getattr("_from_raw")?, (slf.get().collection.raw().to_string(),)))
    }

    /// A collection from what CMR wrote.
    #[staticmethod]
    fn _from_raw(text: &str) -> PyResult<Self> {
        Ok(Self { collection: cmr::Collection::new(crate::json::value(text)?) })
    }

    fn __repr__(&self) -> String {
        let of = |text: Option<&str>| text.unwrap_or("?").to_owned();
        format!("<frazil.Collection {} {}: {}>", of(self.short_name()), of(self.version()), of(self.title()))
    }

    fn _repr_html_(&self) -> String {
        html::collection(&self.collection)
    }
}

#[pymethods]
impl Service {
    /// Its concept id in CMR.
    #[getter]
    fn id(&self) -> &str {
        self.service.concept_id()
    }

    /// Its name.
    #[getter]
    fn name(&self) -> Option<&str> {
        self.service.name()
    }

    /// Its kind, such as `OPeNDAP` or `Harmony`.
    #[getter]
    fn kind(&self) -> Option<&str> {
        self.service.kind()
    }

    /// What it does.
    #[getter]
    fn description(&self) -> Option<&str> {
        self.service.description()
    }

    /// Its address.
    #[getter]
    fn href(&self) -> Option<&str> {
        self.service.href()
    }

    /// The service as CMR wrote it.
    #[getter]
    fn raw<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        object(py, self.service.raw())
    }

    /// All that is read of it, as a dict.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        object(py, &self.service.to_json())
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        let class = slf.py().get_type::<Self>();
        Ok((class.getattr("_from_raw")?, (slf.get().service.raw().to_string(),)))
    }

    /// A service from what CMR wrote.
    #[staticmethod]
    fn _from_raw(text: &str) -> PyResult<Self> {
        Ok(Self { service: cmr::Service::new(crate::json::value(text)?) })
    }

    fn __repr__(&self) -> String {
        let name = self.service.name().unwrap_or("?");
        format!("<frazil.Service {name} ({})>", self.service.kind().unwrap_or("?"))
    }
}
