//! Images of STAC items as one cube: time, band, y and x on a common grid.
//!
//! [`Cube::plan`] says what the cube is, by what the items tell; images are opened for that only where the
//! items do not tell enough. [`Cube::read`] reads a window of one plane: of the images that touch it, in
//! the coarsest size that is not coarser than the grid, the tiles that are needed. An image on the grid's
//! own pixels is copied; others are resampled, by the positions of the grid's pixels in the image's own
//! coordinate reference system, which the image itself tells. Where images overlap, the first that has a
//! value is seen.
//!
//! Names of arguments are those of odc-stac (<https://odc-stac.readthedocs.io>) where they mean the same.

mod bands;
mod crs;
mod grid;
mod mapping;
mod numbers;
mod plan;
mod plane;
mod read;
mod slots;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use bands::{Band, File, Place};
pub use crs::Crs;
pub use grid::{Affine, Grid, Window};
pub use plane::Resampling;
pub use slots::{GroupBy, Slot};

use crate::cog::Cog;
use crate::dataset::DataType;
use crate::error::Result;
use crate::geo::Bbox;

/// What a cube is to be.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The bands by their names: an asset's key, `ASSET.BAND`, or the name or common name of a band. All
    /// bands where none are named.
    pub bands: Option<Vec<String>>,
    /// The coordinate reference system; that of most images where none is named.
    pub crs: Option<Crs>,
    /// Width and height of a pixel in its units; those of the finest image in it where none are named.
    pub resolution: Option<[f64; 2]>,
    /// What it covers.
    pub bounds: Bounds,
    /// Which items share a plane.
    pub groupby: GroupBy,
    /// Whether items of a plane keep the order in which they are given: the first is on top.
    pub keep_order: bool,
    /// How values between pixels are found: a name of a band, or `*` for all others.
    pub resampling: Vec<(String, Resampling)>,
    /// What a number is; where it is not named, a type that has all numbers of all bands.
    pub data_type: Option<String>,
    /// The number of pixels without a value, where it is not that of the images.
    pub nodata: Option<f64>,
    /// Whether numbers become values by the scales and offsets of their images.
    pub rescale: bool,
    /// Whether coarser sizes of images are left alone, for bands whose overviews are no good.
    pub full_size: bool,
}

/// What a cube covers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Bounds {
    /// All images.
    #[default]
    Images,
    /// A box in degrees.
    Degrees(Bbox),
    /// Least x, least y, greatest x, greatest y in the cube's coordinate reference system.
    Own([f64; 4]),
}

/// Opens images. Images that were opened are kept by who opens them.
#[async_trait]
pub trait Images: Send + Sync {
    /// An image.
    ///
    /// # Errors
    /// What keeps it from being opened.
    async fn open(&self, file: &File) -> Result<Arc<Cog>>;
}

/// A band of a cube.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plain {
    /// Its name.
    pub name: String,
    /// The number of pixels without a value: NaN where there is none here and numbers are broken ones, 0 where
    /// they are whole.
    pub nodata: Option<f64>,
    /// What numbers are multiplied by, where that is told alike for all images and was not done.
    pub scale: Option<f64>,
    /// What is added then.
    pub offset: Option<f64>,
    /// Whether images tell different scales or offsets.
    pub is_mixed: bool,
    resampling: Resampling,
}

/// A band of an item on the grid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Laid {
    band: Band,
    /// The columns and rows of the grid that it lies in: least column, least row, greatest column, greatest
    /// row. None where that is not known.
    extent: Option<[f64; 4]>,
}

/// A cube: what it is, and where its images are. Holds no values; may be written down and read in another
/// process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cube {
    grid: Grid,
    slots: Vec<Slot>,
    bands: Vec<Plain>,
    data_type: String,
    /// Whether numbers may be changed to have the type.
    is_cast: bool,
    rescale: bool,
    full_size: bool,
    /// The number of pixels without a value, as who asks says it.
    nodata: Option<f64>,
    /// By items and bands.
    images: Vec<Vec<Option<Laid>>>,
}

impl Cube {
    /// The pixels.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The planes along time.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The bands.
    pub fn bands(&self) -> &[Plain] {
        &self.bands
    }

    /// What a number is.
    pub fn data_type(&self) -> DataType {
        numbers::named(&self.data_type).unwrap_or(DataType::F64)
    }

    /// All files of which it is made.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        self.images.iter().flatten().flatten().map(|laid| &laid.band.file)
    }

    /// The images of a plane that touch a window, in their order.
    pub fn touching(&self, slot: usize, band: usize, window: Window) -> Vec<&Band> {
        #[expect(clippy::cast_precision_loss, reason = "grids have fewer than 2^53 columns")]
        let touches = |[left, top, right, bottom]: [f64; 4]| {
            left < (window.column + window.width) as f64
                && right > window.column as f64
                && top < (window.row + window.height) as f64
                && bottom > window.row as f64
        };
        let items = self.slots.get(slot).map(|slot| slot.items.as_slice()).unwrap_or_default();
        let images = items.iter().filter_map(|item| self.images.get(*item)?.get(band)?.as_ref());
        images.filter(|laid| laid.extent.is_none_or(touches)).map(|laid| &laid.band).collect()
    }
}
