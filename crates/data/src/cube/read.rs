//! Reading a window of a plane: of each image that touches it the part that is needed.

use std::sync::Arc;

use super::grid::bounds_of;
use super::mapping::Mapping;
use super::plane::{Block, Laying, Plane};
use super::{Band, Crs, Cube, File, Images, Window, numbers};
use crate::cog::{Cog, Size};
use crate::cores::cores;
use crate::counting::Planned;
use crate::dataset::{DataType, Dataset, Extent, Selection, Values};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::objects::blocking;

/// Most bytes of an image's part that are decoded at once. Windows with larger parts are read in pieces.
const MOST: u64 = 64 << 20;

/// How much coarser than the grid a size of an image may be, as a part: sizes are rounded to whole pixels.
const COARSER: f64 = 1.01;

impl Cube {
    /// The same window of several planes (by their numbers along time and bands), all at once.
    ///
    /// # Errors
    /// As [`Cube::read`].
    pub async fn read_planes(
        &self,
        planes: &[(usize, usize)],
        window: Window,
        images: &dyn Images,
    ) -> Result<Vec<Values>> {
        let read = planes.iter().map(|(slot, band)| self.read(*slot, *band, window, images));
        futures::future::try_join_all(read).await
    }

    /// A window of a plane, row by row, numbers in the machine's byte order. Takes the memory of the window
    /// twice, of one part of an image (64 MiB and its mask), and what the opened images keep.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a window beyond the cube, and for an image that does not fit what was planned;
    /// what keeps an image from being read.
    pub async fn read(
        &self,
        slot: usize,
        band: usize,
        window: Window,
        images: &dyn Images,
    ) -> Result<Values> {
        let data_type = self.data_type();
        let whole = &self.grid;
        let is_inside = window.column.checked_add(window.width).is_some_and(|end| end <= whole.width)
            && window.row.checked_add(window.height).is_some_and(|end| end <= whole.height)
            && slot < self.slots.len();
        let plain = self.bands.get(band).filter(|_| is_inside);
        let nothing = || Error::Invalid {
            what: format!("{window:?} of plane {slot} and band {band} is not inside the cube"),
            advice: "take a window inside it".to_owned(),
        };
        let plain = plain.ok_or_else(nothing)?;
        Limits::default().size_of_values(&[window.height, window.width], data_type.size().unwrap_or(8))?;
        let fill = plain.nodata.unwrap_or(if numbers::is_float(&data_type) { f64::NAN } else { 0.0 });
        let mut plane = Plane::new(window, &data_type, fill).ok_or_else(nothing)?;
        for image in self.touching(slot, band, window) {
            if plane.is_full() {
                break;
            }
            let cog = images.open(&image.file).await?;
            plane = self.lay(plane, window, image, band, cog).await?;
        }
        let shape = vec![window.height, window.width];
        Ok(Values { data_type, shape, bytes: plane.finish().into(), texts: Vec::new() })
    }

    /// What reading a window of planes will fetch of each image that touches it, if nothing of it is kept yet and
    /// no image hides another.
    ///
    /// # Errors
    /// As [`Cube::read`].
    pub async fn planned(
        &self,
        planes: &[(usize, usize)],
        window: Window,
        images: &dyn Images,
    ) -> Result<Vec<(&File, Planned)>> {
        let touching = planes.iter().flat_map(|(slot, band)| self.touching(*slot, *band, window));
        let planned = touching.map(|image| async move {
            let cog = images.open(&image.file).await?;
            let seen = self.seen(&cog, image, window)?;
            let mut chunks = Vec::new();
            for (_, needed) in &seen.parts {
                for (path, selection) in parts_of(&seen.size, *needed, image.index) {
                    chunks.extend(cog.ranges(&path, &selection).await?);
                }
            }
            Ok((&image.file, Planned::of(&chunks)))
        });
        futures::future::try_join_all(planned).await
    }

    /// How a window sees an image.
    fn seen(&self, cog: &Cog, image: &Band, window: Window) -> Result<Seen> {
        let sizes = cog.sizes();
        let full = sizes.first().ok_or_else(|| unfit(cog, "it has no image"))?;
        if image.index >= full.bands {
            return Err(unfit(
                cog,
                &format!("it has {} bands, and band {} is wanted", full.bands, image.index + 1),
            ));
        }
        self.check(cog, full)?;
        let crs = crs(cog, full, image)?;
        let projection = super::mapping::projection(&self.grid, &crs)?;
        let is_geographic = crs.is_geographic();
        let mapping = |size: &Size| {
            let affine = size.affine.or_else(|| scaled(image, size))?;
            let [first, _, last, _] = bounds_of(affine, size.width, size.height);
            Mapping::new(&self.grid, &projection, affine, is_geographic.then_some([first, last]))
        };
        let nowhere = || unfit(cog, "neither it nor its item tells where its pixels lie");
        let first = mapping(full).ok_or_else(nowhere)?;
        let size = if self.full_size { full } else { coarsest(&sizes, first.scale(window)) };
        let mapping = mapping(size).ok_or_else(nowhere)?;
        let most = MOST / size.data_type.size().unwrap_or(8) as u64;
        let parts = mapping.parts(window, [size.width, size.height], most);
        Ok(Seen { size: size.clone(), mapping, parts })
    }

    /// Lays an image into what has no value yet.
    async fn lay(
        &self,
        mut plane: Plane,
        window: Window,
        image: &Band,
        band: usize,
        cog: Arc<Cog>,
    ) -> Result<Plane> {
        let Seen { size, mapping, parts } = self.seen(&cog, image, window)?;
        for (part, needed) in parts {
            let (values, mask) = numbers_of(&cog, &size, needed, image.index).await?;
            let nodata = missing(&size, image, self.nodata);
            let unpacked = self.rescale.then(|| scale(image, &size)).flatten();
            let block = Block { window: needed, values, mask, nodata, unpacked };
            let resampling = self.bands[band].resampling;
            let laying = Laying { mapping: mapping.clone(), resampling, part };
            plane = blocking(move || {
                cores()?.install(|| plane.lay(&block, &laying));
                Ok(plane)
            })
            .await?;
        }
        Ok(plane)
    }

    /// Refuses an image whose numbers the cube's type does not have.
    fn check(&self, cog: &Cog, size: &Size) -> Result<()> {
        let own = self.data_type();
        let is_number = numbers::of(&size.data_type).is_some();
        let fits = self.is_cast
            || self.rescale
            || size.data_type == DataType::Bool
            || numbers::both(&own, &size.data_type) == own;
        if is_number && fits {
            return Ok(());
        }
        Err(unfit(cog, &format!("its pixels are {}, and those of the cube {own}", size.data_type)))
    }
}

/// How a window sees an image: in which of its sizes, and which pixels of it parts of the window need.
struct Seen {
    size: Size,
    mapping: Mapping,
    parts: Vec<(Window, Window)>,
}

/// Where the numbers of a part of an image are, and its mask where it has one.
fn parts_of(size: &Size, window: Window, band: u64) -> Vec<(String, Selection)> {
    let along = |start, count| Extent { start, count, step: 1 };
    let (rows, columns) = (along(window.row, window.height), along(window.column, window.width));
    let picture = Selection::Box(vec![along(band, 1), rows, columns]);
    let mask = size.has_mask.then(|| (below(size, "mask"), Selection::Box(vec![rows, columns])));
    std::iter::once((below(size, "band_data"), picture)).chain(mask).collect()
}

/// The numbers of a part of an image, and what its mask tells of them.
async fn numbers_of(cog: &Cog, size: &Size, window: Window, band: u64) -> Result<(Values, Option<Values>)> {
    let parts = parts_of(size, window, band);
    let read = parts.iter().map(|(path, selection)| cog.read(path, selection));
    let mut read = futures::future::try_join_all(read).await?.into_iter();
    let values = read.next().ok_or_else(|| unfit(cog, "it has no image"))?;
    Ok((values, read.next()))
}

/// The number of pixels without a value, as the image's type has it: what the image says of itself counts, then
/// what its item says, then what who asks says. What other images say does not.
fn missing(size: &Size, image: &Band, asked: Option<f64>) -> Option<f64> {
    let told = size.nodata.or(image.nodata).or(asked)?;
    Some(numbers::nearest(&size.data_type, told))
}

/// The scale and offset of a band: those that its item tells, else its image's own.
fn scale(image: &Band, size: &Size) -> Option<(f64, f64)> {
    let own = usize::try_from(image.index).ok().and_then(|index| size.scales.get(index).copied());
    let told = match (image.scale, image.offset) {
        (None, None) => own.unwrap_or_default(),
        told => told,
    };
    (told != (None, None)).then(|| (told.0.unwrap_or(1.0), told.1.unwrap_or(0.0)))
}

fn unfit(cog: &Cog, why: &str) -> Error {
    Error::Invalid {
        what: format!("{} does not fit into the cube: {why}", cog.address()),
        advice: "name `bands` and `dtype`, or leave the item out".to_owned(),
    }
}

/// The coordinate reference system of an image: its own; its item's where its own is not known or not told.
fn crs(cog: &Cog, size: &Size, image: &Band) -> Result<Crs> {
    let told = image.place.as_ref().map(|place| &place.crs);
    let own = size.crs.as_deref().map(Crs::new);
    match (own, told) {
        (Some(own), Some(told)) if !own.is_known() => Ok(told.clone()),
        (Some(own), _) => Ok(own),
        (None, Some(told)) => Ok(told.clone()),
        (None, None) => Err(unfit(cog, "neither it nor its item tells its coordinate reference system")),
    }
}

/// The transform that an item tells, for a size of the image.
#[expect(clippy::cast_precision_loss, reason = "images have fewer than 2^53 columns")]
fn scaled(image: &Band, size: &Size) -> Option<super::Affine> {
    let place = image.place.as_ref()?;
    let (columns, rows) = (place.width as f64 / size.width as f64, place.height as f64 / size.height as f64);
    let [x, xc, xr, y, yc, yr] = place.affine;
    Some([x, xc * columns, xr * rows, y, yc * columns, yr * rows])
}

/// The coarsest size whose pixels are not coarser than those of the grid, which has so many pixels of the full
/// size along each of its own.
#[expect(clippy::cast_precision_loss, reason = "images have fewer than 2^53 columns")]
fn coarsest(sizes: &[Size], scale: Option<f64>) -> &Size {
    let full = &sizes[0];
    let times =
        |size: &Size| (full.width as f64 / size.width as f64).max(full.height as f64 / size.height as f64);
    let most = scale.unwrap_or(1.0) * COARSER;
    let fine = sizes.iter().filter(|size| times(size) <= most && size.data_type == full.data_type);
    fine.max_by(|one, other| times(one).total_cmp(&times(other))).unwrap_or(full)
}

fn below(size: &Size, name: &str) -> String {
    if size.group.is_empty() { name.to_owned() } else { format!("{}/{name}", size.group) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(group: &str, width: u64, height: u64) -> Size {
        Size {
            group: group.to_owned(),
            width,
            height,
            bands: 1,
            data_type: DataType::U8,
            affine: None,
            crs: None,
            nodata: None,
            has_mask: false,
            scales: Vec::new(),
        }
    }

    #[test]
    fn what_is_missing_is_told_in_the_type_of_the_image() {
        let single = Size { data_type: DataType::F32, ..size("", 10, 10) };
        let band = |nodata| Band {
            file: File::Address("a.tif".to_owned()),
            index: 0,
            place: None,
            data_type: None,
            nodata,
            scale: None,
            offset: None,
        };
        assert_eq!(missing(&single, &band(Some(-9999.9)), None), Some(f64::from(-9999.9_f32)));
        assert_eq!(missing(&single, &band(None), Some(0.1)), Some(f64::from(0.1_f32)));
        let own = Size { nodata: Some(7.0), ..single.clone() };
        assert_eq!(missing(&own, &band(Some(1.0)), Some(2.0)), Some(7.0));
        assert_eq!(missing(&single, &band(None), None), None);
        assert_eq!(missing(&size("", 10, 10), &band(Some(-9999.5)), None), Some(-9999.5), "no byte is that");
    }

    #[test]
    fn the_coarsest_size_that_is_fine_enough_is_read() {
        let sizes = [size("", 1831, 1831), size("overview_1", 916, 916), size("overview_2", 458, 458)];
        let group = |scale| coarsest(&sizes, scale).group.as_str();
        assert_eq!(group(Some(1.0)), "");
        assert_eq!(group(Some(1.9)), "");
        assert_eq!(group(Some(2.0)), "overview_1");
        assert_eq!(group(Some(3.9)), "overview_1");
        assert_eq!(group(Some(100.0)), "overview_2");
        assert_eq!(group(Some(0.1)), "");
        assert_eq!(group(None), "");
    }
}
