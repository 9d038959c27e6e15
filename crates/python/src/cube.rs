//! Cubes of STAC items, as Python sees them.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use frazil_compute::source::Band;
use frazil_data::Error;
use frazil_data::cog::Cog;
use frazil_data::counting::{Costs, Label, Planned};
use frazil_data::cube::{self, Bounds, Crs, File, GroupBy, Images, Request, Resampling, Window};
use frazil_data::geo::{Bbox, Geometry};
use frazil_data::open::{Opener, Opening};
use frazil_data::stac::to_item;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use tokio::runtime::Handle;
use tokio::sync::OnceCell;

use crate::arrays::{dtype, taken};
use crate::costs::{costs, warn};
use crate::error::{invalid, told};
use crate::item::Item;
use crate::json::value;
use crate::opening::{alike, check, is_other_login, number};
use crate::runtime::{OfProcess, wait};
use crate::session::Session;

/// Most images that this process keeps open for all its cubes.
const MOST: usize = 128;

/// Open images, by what they were opened from; what was used last is in front.
type Shared = Mutex<VecDeque<(String, Arc<OnceCell<Image>>)>>;

/// An open image, and what its bytes are counted under.
#[derive(Clone)]
struct Image {
    cog: Arc<Cog>,
    label: Option<Label>,
}

static SHARED: OfProcess<Shared> = OfProcess::new();

/// A cube that is planned. Threads may share it; in another process its images are opened again.
#[pyclass(frozen, module = "frazil._native")]
pub(crate) struct Cube {
    planned: Arc<cube::Cube>,
    how: Py<PyDict>,
    session: Option<Py<Session>>,
    /// Tells its images from those of other cubes, between which they may have changed.
    number: String,
}

/// A band: its name, the number of pixels without a value, scale, offset, and whether these differ.
type Told = (String, Option<f64>, Option<f64>, Option<f64>, bool);

/// What a cube is to be, as Python says it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Wanted {
    bands: Option<Vec<String>>,
    crs: Option<String>,
    resolution: Option<[f64; 2]>,
    bbox: Option<[f64; 4]>,
    geopolygon: Option<String>,
    bounds: Option<[f64; 4]>,
    groupby: String,
    preserve_original_order: bool,
    resampling: Vec<(String, String)>,
    dtype: Option<String>,
    nodata: Option<f64>,
    rescale: bool,
    use_overviews: bool,
}

impl Wanted {
    fn request(self, py: Python<'_>) -> PyResult<Request> {
        let named = |(band, name): (String, String)| match Resampling::named(&name) {
            Some(how) => Ok((band, how)),
            None => {
                Err(invalid(py, format!("there is no resampling `{name}`"), "say `nearest` or `bilinear`"))
            }
        };
        Ok(Request {
            bounds: self.covers(py)?,
            bands: self.bands,
            crs: self.crs.as_deref().map(Crs::new),
            resolution: self.resolution,
            groupby: GroupBy::new(&self.groupby),
            keep_order: self.preserve_original_order,
            resampling: self.resampling.into_iter().map(named).collect::<PyResult<_>>()?,
            data_type: self.dtype,
            nodata: self.nodata,
            rescale: self.rescale,
            full_size: !self.use_overviews,
        })
    }

    fn covers(&self, py: Python<'_>) -> PyResult<Bounds> {
        match (&self.bounds, &self.bbox, &self.geopolygon) {
            (None, None, None) => Ok(Bounds::Images),
            (Some(bounds), None, None) => Ok(Bounds::Own(*bounds)),
            (None, Some([west, south, east, north]), None) => {
                Ok(Bounds::Degrees(Bbox::new(*west, *south, *east, *north)))
            }
            (None, None, Some(text)) => {
                let shape = Geometry::from_geojson(&value(text)?).ok().and_then(|shape| shape.bbox());
                let none = || {
                    invalid(py, "`geopolygon` is no shape", "give a geometry as GeoJSON has it, in degrees")
                };
                shape.map(Bounds::Degrees).ok_or_else(none)
            }
            _ => Err(invalid(
                py,
                "what the cube covers is said twice",
                "give `bbox`, or `geopolygon`, or `x` and `y`",
            )),
        }
    }
}

/// Opens images for a cube, and keeps them for this process as far as they are read by the same login.
struct Opens {
    opener: Opener,
    opening: Opening,
    by: String,
    /// What is kept: taken with Python's lock, and used without.
    shared: Arc<Shared>,
}

impl Opens {
    async fn kept(&self, file: &File) -> frazil_data::Result<Image> {
        self.cell(self.name(file)).get_or_try_init(|| self.image(file)).await.cloned()
    }

    fn name(&self, file: &File) -> String {
        format!("{file:?}\n{}", self.by)
    }

    fn cell(&self, name: String) -> Arc<OnceCell<Image>> {
        let mut all = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let held = all.iter().position(|(known, _)| *known == name).and_then(|at| all.remove(at));
        let (name, cell) = held.unwrap_or_else(|| (name, Arc::default()));
        all.push_front((name, Arc::clone(&cell)));
        all.truncate(MOST);
        cell
    }

    /// Gives up images, so that they are opened anew.
    fn forget<'a>(&self, files: impl Iterator<Item = &'a File>) {
        let names: HashSet<String> = files.map(|file| self.name(file)).collect();
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).retain(|(name, _)| !names.contains(name));
    }

    async fn image(&self, file: &File) -> frazil_data::Result<Image> {
        let handle = match file {
            File::Address(address) => self.opener.handle(address, &self.opening).await?,
            File::Item(item) => self.opener.handle_of_item(item, &self.opening).await?,
        };
        let label = handle.meter().map(|meter| meter.label().clone());
        Ok(Image { cog: Arc::new(Cog::open(Arc::new(handle), self.opening.limits).await?), label })
    }

    /// What to say before a window of planes is read, by what it costs. Where that cannot be known there is
    /// nothing to say: the read itself tells why.
    async fn warnings(
        &self,
        cube: &cube::Cube,
        planes: &[(usize, usize)],
        window: Window,
        costs: &Costs,
    ) -> Vec<String> {
        let mut by_label = BTreeMap::<Label, Planned>::new();
        for (file, planned) in cube.planned(planes, window, self).await.unwrap_or_default() {
            if let Ok(Image { label: Some(label), .. }) = self.kept(file).await {
                *by_label.entry(label).or_default() += planned;
            }
        }
        by_label.into_iter().filter_map(|(label, planned)| costs.warning(&label, planned)).collect()
    }
}

#[async_trait]
impl Images for Opens {
    async fn open(&self, file: &File) -> frazil_data::Result<Arc<Cog>> {
        self.kept(file).await.map(|image| image.cog)
    }
}

fn opens(py: Python<'_>, number: &str, how: &Py<PyDict>, session: Option<&Py<Session>>) -> PyResult<Opens> {
    let from = session.map(|session| session.get().from()).unwrap_or_default();
    let by = format!("{number}\n{}\n{from}", how.bind(py).repr()?);
    let (opener, opening) = alike(py, how.bind(py), session)?;
    let Ok(shared) = SHARED.get(|| Ok::<_, Infallible>(Shared::default()));
    Ok(Opens { opener, opening, by, shared })
}

/// Whether images are others now than those that are kept, or are read by another login.
fn is_other(error: &Error, session: Option<&Py<Session>>) -> bool {
    matches!(error, Error::Changed { .. }) || is_other_login(error, session)
}

/// An item that was found, or one as STAC writes it with the address that it came from.
#[derive(FromPyObject)]
enum Given {
    Found(Py<Item>),
    Written(String, String),
}

impl Given {
    fn item(self, py: Python<'_>) -> PyResult<frazil_data::found::Item> {
        match self {
            Self::Found(item) => Ok(item.get().item.clone()),
            Self::Written(text, base) => {
                let none = |_| invalid(py, format!("`{base}` is no address"), "give items with their links");
                Ok(to_item(value(&text)?, &base.parse().map_err(none)?))
            }
        }
    }
}

fn of((column, row, width, height): (u64, u64, u64, u64)) -> Window {
    Window { column, row, width, height }
}

impl Cube {
    /// The cube as a text without secrets.
    fn text(&self, py: Python<'_>) -> PyResult<String> {
        for address in self.planned.files().filter_map(File::href) {
            check(py, address)?;
        }
        serde_json::to_string(&*self.planned).map_err(|error| {
            invalid(py, format!("it cannot be written down: {error}"), "make it again there")
        })
    }

    /// A band by its name: its number, and what reads it block by block.
    pub(crate) fn band(&self, py: Python<'_>, name: &str) -> PyResult<(usize, Band)> {
        let images = Arc::new(opens(py, &self.number, &self.how, self.session.as_ref())?);
        let of_runtime =
            || async move { Band::new(Arc::clone(&self.planned), name, images, Handle::current()) };
        let band = wait(py, of_runtime, |_| Ok(()))?;
        let band = band.map_err(|error| invalid(py, error.to_string(), &error.advice()))?;
        let number = self.planned.bands().iter().position(|own| own.name == name).unwrap_or_default();
        Ok((number, band))
    }

    /// Gives up the images of a window of planes, so that they are opened anew.
    pub(crate) fn give_up(
        &self,
        py: Python<'_>,
        planes: &[(usize, usize)],
        window: (u64, u64, u64, u64),
    ) -> PyResult<()> {
        let images = opens(py, &self.number, &self.how, self.session.as_ref())?;
        self.forget(&images, planes, window);
        Ok(())
    }

    fn forget(&self, images: &Opens, planes: &[(usize, usize)], window: (u64, u64, u64, u64)) {
        let touching = planes.iter().flat_map(|(slot, band)| self.planned.touching(*slot, *band, of(window)));
        images.forget(touching.map(|image| &image.file));
    }

    /// Tells what it will cost to read a window of planes, where prices are known.
    pub(crate) fn warn_of_costs(
        &self,
        py: Python<'_>,
        planes: &[(usize, usize)],
        window: (u64, u64, u64, u64),
    ) -> PyResult<()> {
        let Some(costs) = costs(py)? else { return Ok(()) };
        let images = opens(py, &self.number, &self.how, self.session.as_ref())?;
        let warnings = || images.warnings(&self.planned, planes, of(window), &costs);
        warn(py, wait(py, warnings, |_| Ok(()))?)
    }
}

#[pymethods]
impl Cube {
    /// Plans a cube; opens images where their items do not tell enough.
    #[new]
    fn new(
        py: Python<'_>,
        items: Vec<Given>,
        wanted: &Bound<'_, PyDict>,
        session: Option<Py<Session>>,
        how: Py<PyDict>,
    ) -> PyResult<Self> {
        let items = items.into_iter().map(|item| item.item(py)).collect::<PyResult<Vec<_>>>()?;
        let request = wanted.extract::<Wanted>()?.request(py)?;
        let number = number();
        let images = opens(py, &number, &how, session.as_ref())?;
        let planned = wait(py, || cube::Cube::plan(&items, &request, &images), |_| Ok(()))?;
        Ok(Self { planned: Arc::new(told(py, planned)?), how, session, number })
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
        let none =
            |error: serde_json::Error| invalid(py, format!("this is no cube: {error}"), "make it again");
        let planned = serde_json::from_str(text).map_err(none)?;
        Ok(Self { planned: Arc::new(planned), how, session, number })
    }

    /// Planes along time, bands, rows and columns.
    #[getter]
    fn shape(&self) -> (usize, usize, u64, u64) {
        let grid = self.planned.grid();
        (self.planned.slots().len(), self.planned.bands().len(), grid.height, grid.width)
    }

    /// What a number is, as numpy names it.
    #[getter]
    fn dtype<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        dtype(py, &self.planned.data_type())
    }

    /// The coordinate reference system: as a text, as WKT, and whether it is of degrees.
    #[getter]
    fn crs(&self) -> (&str, Option<String>, bool) {
        let crs = &self.planned.grid().crs;
        (crs.as_str(), crs.wkt(), crs.is_geographic())
    }

    /// From columns and rows to x and y, in GDAL's order.
    #[getter]
    fn transform(&self) -> [f64; 6] {
        self.planned.grid().affine()
    }

    /// For each plane its moment, in nanoseconds since 1970, and the ids of its items.
    #[getter]
    fn slots(&self) -> Vec<(i64, Vec<String>)> {
        let nanoseconds = |slot: &cube::Slot| i64::try_from(slot.time.as_nanosecond()).unwrap_or(i64::MIN);
        self.planned.slots().iter().map(|slot| (nanoseconds(slot), slot.ids.clone())).collect()
    }

    /// For each band its name, the number of pixels without a value, scale, offset, and whether these differ.
    #[getter]
    fn bands(&self) -> Vec<Told> {
        let one =
            |band: &cube::Plain| (band.name.clone(), band.nodata, band.scale, band.offset, band.is_mixed);
        self.planned.bands().iter().map(one).collect()
    }

    /// A window of planes (their numbers along time and bands): its first column and row, how many columns and rows.
    fn read<'py>(
        &self,
        py: Python<'py>,
        planes: Vec<(usize, usize)>,
        window: (u64, u64, u64, u64),
    ) -> PyResult<Vec<Bound<'py, PyTuple>>> {
        self.warn_of_costs(py, &planes, window)?;
        let images = opens(py, &self.number, &self.how, self.session.as_ref())?;
        let mut read = wait(py, || self.planned.read_planes(&planes, of(window), &images), |_| Ok(()))?;
        if read.as_ref().is_err_and(|error| is_other(error, self.session.as_ref())) {
            self.forget(&images, &planes, window);
            let images = opens(py, &self.number, &self.how, self.session.as_ref())?;
            read = wait(py, || self.planned.read_planes(&planes, of(window), &images), |_| Ok(()))?;
        }
        told(py, read)?.into_iter().map(|values| taken(py, values)).collect()
    }

    /// The addresses of the images of a plane that touch a window, without secrets.
    fn touching(&self, slot: usize, band: usize, window: (u64, u64, u64, u64)) -> Vec<String> {
        let found = self.planned.touching(slot, band, of(window));
        found.into_iter().map(|image| image.file.address().to_string()).collect()
    }

    /// What is the same for the same cube, and tells nothing of it.
    fn _token(&self) -> String {
        let text = serde_json::to_string(&*self.planned).unwrap_or_default();
        let hash = |number: u8| {
            let mut hasher = DefaultHasher::new();
            (number, &text).hash(&mut hasher);
            hasher.finish()
        };
        format!("{:016x}{:016x}", hash(0), hash(1))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyTuple>> {
        let (py, cube) = (slf.py(), slf.get());
        let session = cube.session.as_ref().map(|session| session.clone_ref(py));
        let parts = (cube.text(py)?, cube.how.clone_ref(py), session, &cube.number);
        (py.get_type::<Self>().getattr("_again")?, parts).into_pyobject(py)
    }
}
