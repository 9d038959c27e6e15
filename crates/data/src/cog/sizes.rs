//! The sizes that a GeoTIFF has its image in, and where their pixels lie.

use super::{Cog, Level};
use crate::dataset::DataType;

/// The image in one of its sizes.
#[derive(Clone, Debug, PartialEq)]
pub struct Size {
    /// The path of its group: empty for the full size.
    pub group: String,
    /// Columns.
    pub width: u64,
    /// Rows.
    pub height: u64,
    /// Bands.
    pub bands: u64,
    /// What a number is.
    pub data_type: DataType,
    /// From columns and rows to x and y, in GDAL's order: x of the upper left corner, x for a column, x for
    /// a row; the same for y. None where the file does not tell.
    pub affine: Option<[f64; 6]>,
    /// The coordinate reference system: a code of EPSG, parameters of PROJ, or WKT.
    pub crs: Option<String>,
    /// The number of pixels that have no value.
    pub nodata: Option<f64>,
    /// Whether a mask tells which pixels have values.
    pub has_mask: bool,
    /// For each band what its numbers are multiplied by, and what is added then.
    pub scales: Vec<(Option<f64>, Option<f64>)>,
}

impl Cog {
    /// The sizes of the file's first image, the full one first.
    pub fn sizes(&self) -> Vec<Size> {
        let is_page = |level: &&Level| level.name.starts_with("page_");
        self.levels.iter().filter(|level| !is_page(level)).map(Level::size).collect()
    }
}

impl Level {
    fn size(&self) -> Size {
        let place = &self.place;
        let code = place.epsg.map(|code| format!("EPSG:{code}"));
        Size {
            group: self.name.clone(),
            width: self.image.width,
            height: self.image.height,
            bands: self.image.bands,
            data_type: self.image.data_type.clone(),
            affine: place.transform,
            crs: code.or_else(|| place.proj.clone()).or_else(|| place.wkt.clone()),
            nodata: self.nodata().and_then(|value| value.as_f64()?.first().copied()),
            has_mask: self.mask.is_some(),
            scales: self.said.bands.iter().map(|band| (band.scale, band.offset)).collect(),
        }
    }
}
