//! Bands of cubes of STAC items.

use std::sync::Arc;

use frazil_data::cube::{Cube, Images, Plain, Window};
use frazil_data::dataset::Values as Plane;
use tokio::runtime::Handle;

use super::aligned::Aligned;
use super::reading::Reading;
use super::{Pending, Source, Values, element, redescribed};
use crate::block::ElementType;
use crate::cancellation::Cancellation;
use crate::error::{Error, Result};
use crate::expression::{Array, Packing, Span};

/// Columns and rows that are read at once: whole tiles of images on the cube's own grid, whose sides are powers
/// of 2 as a rule.
const SIDE: u64 = 2048;

/// A band of a cube: time, y and x. Of the images, those parts are read that a block needs, when it is read;
/// nothing is opened before. Where pixels of images are resampled, up to 64 MiB of an image are decoded for a
/// block besides what a plan counts.
#[derive(Clone)]
pub struct Band {
    cube: Arc<Cube>,
    images: Arc<dyn Images>,
    number: usize,
    array: Array,
    runtime: Handle,
    cancellation: Cancellation,
}

impl Band {
    /// A band by its name. Its images are opened by `images`, and read on a runtime that has threads of its own.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a band that there is not, and for one whose images have different scales.
    pub fn new(cube: Arc<Cube>, band: &str, images: Arc<dyn Images>, runtime: Handle) -> Result<Self> {
        let number = cube.bands().iter().position(|own| own.name == band).ok_or_else(|| {
            let names: Vec<_> = cube.bands().iter().map(|own| own.name.as_str()).collect();
            Error::invalid(
                format!("the cube has no band `{band}`"),
                format!("its bands are {}", names.join(", ")),
            )
        })?;
        let array = described(&cube, &cube.bands()[number])?;
        Ok(Self { cube, images, number, array, runtime, cancellation: Cancellation::new() })
    }

    /// The same, of which no read is waited for once this says that the run is to end.
    #[must_use]
    pub fn ended_by(self, cancellation: &Cancellation) -> Self {
        Self { cancellation: cancellation.clone(), ..self }
    }

    /// The same, under other names or with another packing.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the array is of another shape, type or chunks.
    pub fn described(self, array: Array) -> Result<Self> {
        redescribed(&self, &array)?;
        Ok(Self { array, ..self })
    }
}

/// A band as the planner sees it.
fn described(cube: &Cube, band: &Plain) -> Result<Array> {
    if band.is_mixed {
        return Err(Error::invalid(
            format!("images of the band `{}` have different scales or offsets", band.name),
            "plan the cube with `rescale`, so that its numbers are values",
        ));
    }
    let element = element(&cube.data_type()).ok_or_else(|| {
        Error::invalid(
            format!("the cube is of {}, which is not computed with", cube.data_type()),
            "plan the cube with a type of whole numbers or floats of 32 or 64 bits",
        )
    })?;
    let (height, width) = (cube.grid().height, cube.grid().width);
    let dimensions = [("time", cube.slots().len() as u64), ("y", height), ("x", width)];
    let array = Array::new(&band.name, &dimensions, element, Some(vec![1, SIDE, SIDE]))?.in_parts();
    Ok(match packing(band, element) {
        Some(packing) => array.packed(packing),
        None => array,
    })
}

/// How numbers of a band become values; none where they are values, and missing ones NaN.
fn packing(band: &Plain, element: ElementType) -> Option<Packing> {
    let missing: Vec<f64> = band.nodata.into_iter().filter(|nodata| !nodata.is_nan()).collect();
    let is_scaled = band.scale.is_some() || band.offset.is_some();
    if !is_scaled && missing.is_empty() {
        return None;
    }
    // Doubles where there is a scale, which STAC tells as one; else the smallest floats that have all numbers.
    let is_single = !is_scaled && (element.size() < 4 || element == ElementType::F32);
    let (scale, offset) = (band.scale.unwrap_or(1.0), band.offset.unwrap_or(0.0));
    Some(Packing { scale, offset, missing, is_single })
}

impl Source for Band {
    fn array(&self) -> &Array {
        &self.array
    }

    fn called(&self) -> String {
        format!("band `{}` of a cube of {} times", self.array.name(), self.cube.slots().len())
    }

    fn begin<'a>(&'a self, part: &[Span]) -> Result<Pending<'a>> {
        self.array.contains(part)?;
        let [times, rows, columns] = part else {
            return Err(Error::invalid("a band has three dimensions", "give a span along time, y and x"));
        };
        let window =
            Window { column: columns.start, row: rows.start, width: columns.count, height: rows.count };
        let slots = (times.start..times.end()).filter_map(|slot| usize::try_from(slot).ok());
        let planes: Vec<(usize, usize)> = slots.map(|slot| (slot, self.number)).collect();
        let size = self.array.element().size() as u64;
        let bytes = part.iter().map(|span| span.count).fold(size, u64::saturating_mul);
        if bytes == 0 {
            return Ok(Box::new(|| Ok(Values::new(Vec::new()))));
        }
        let (cube, images) = (Arc::clone(&self.cube), Arc::clone(&self.images));
        let reading =
            Reading::begin(
                &self.runtime,
                async move { cube.read_planes(&planes, window, images.as_ref()).await },
            );
        Ok(Box::new(move || self.joined(reading.wait(&self.cancellation, || self.called())?, bytes)))
    }
}

impl Band {
    /// Planes one behind the other.
    fn joined(&self, mut planes: Vec<Plane>, bytes: u64) -> Result<Values<'static>> {
        let found: u64 = planes.iter().map(|plane| plane.bytes.len() as u64).sum();
        let is_own = |plane: &Plane| element(&plane.data_type) == Some(self.array.element());
        if found != bytes || !planes.iter().all(is_own) {
            return Err(Error::invalid(
                format!("{} gave {found} bytes where {bytes} are due", self.called()),
                "plan the cube again: its images may have changed",
            ));
        }
        if planes.len() == 1
            && let Some(plane) = planes.pop()
        {
            return Ok(Values::new(plane.bytes));
        }
        let mut all = Aligned::new(bytes)?;
        let mut from = 0;
        for plane in planes {
            all.bytes_mut()[from..from + plane.bytes.len()].copy_from_slice(&plane.bytes);
            from += plane.bytes.len();
        }
        Ok(Values::new(all))
    }
}
