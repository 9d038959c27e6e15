//! GeoTIFF, cloud-optimized or not: TIFF 6.0 and BigTIFF, tiles and strips.
//!
//! An image is seen as rioxarray shows it: the variable `band_data` with the dimensions `band`, `y` and
//! `x`, whose coordinates are the middles of pixels, and `spatial_ref` with the coordinate reference
//! system. Overviews are groups: `overview_1` is the first one below full size. A mask is the variable
//! `mask` of the group of its size; further images of the file, and what is behind 64 overviews, are groups
//! `page_2` and on.

mod georeference;
mod image;
mod projection;
mod sizes;
mod tags;
#[cfg(test)]
mod tests;
mod tile;

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::address::Address;
use crate::dataset::{
    Attribute, DataType, Dataset, Dimension, Extent, Group, Selection, Stored, Values, Variable,
};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::mosaic::{Canvas, Decoded, Elements, Fill, Touched, paint, touched};
use crate::ranges::{Ranges, came};
use georeference::{Georeference, Said};
use image::Image;
pub use sizes::Size;
use tags::Tiff;

/// Overviews of an image that are seen as such, each with what is said of the image.
const OVERVIEWS: usize = 64;

/// A GeoTIFF that is open.
#[derive(Debug)]
pub struct Cog {
    tiff: Tiff,
    levels: Vec<Level>,
    limits: Limits,
}

/// An image and its mask, with what is said of them.
#[derive(Debug)]
struct Level {
    name: String,
    image: Arc<Image>,
    mask: Option<Arc<Image>>,
    place: Georeference,
    said: Arc<Said>,
}

impl Cog {
    /// Opens a GeoTIFF; reads its directories.
    ///
    /// # Errors
    /// [`Error::Damaged`] for what is no TIFF or a broken one, with the byte.
    pub async fn open(object: Arc<dyn Ranges>, limits: Limits) -> Result<Self> {
        let tiff = Tiff::open(object, limits).await?;
        let images = (0..tiff.directories.len()).map(|number| Image::new(&tiff, number, &limits));
        let images: Vec<Image> = images.collect::<Result<_>>()?;
        let bands = images.iter().fold(0u64, |sum, image| sum.saturating_add(image.bands));
        if bands > limits.entries {
            let what = format!("its images have {bands} bands, more than {}", limits.entries);
            return Err(Error::Damaged { address: tiff.address(), what });
        }
        let levels = levels(&tiff, images);
        Ok(Self { tiff, levels, limits })
    }

    fn level(&self, group: &str) -> Result<&Level> {
        let name = group.trim_matches('/');
        self.levels.iter().find(|level| level.name == name).ok_or_else(|| self.nothing("group", name))
    }

    fn nothing(&self, kind: &str, name: &str) -> Error {
        let names: Vec<&str> =
            self.levels.iter().map(|level| level.name.as_str()).filter(|name| !name.is_empty()).collect();
        Error::Invalid {
            what: format!("there is no {kind} `{name}` in {}", self.tiff.address()),
            advice: format!(
                "there are the variables band_data, mask, band, y, x, spatial_ref, and the groups {names:?}"
            ),
        }
    }

    /// The level and the name of a variable by its path.
    fn variable<'a>(&self, path: &'a str) -> Result<(&Level, &'a str)> {
        let path = path.trim_matches('/');
        let (group, name) = path.rsplit_once('/').unwrap_or(("", path));
        Ok((self.level(group)?, name))
    }

    /// The image behind a variable, if one is.
    fn image<'a>(level: &'a Level, name: &str) -> Option<(&'a Arc<Image>, Fill)> {
        let zeros = |image: &Image| Fill::Bytes(vec![0; image.data_type.size().unwrap_or(1)]);
        match name {
            "band_data" => Some((
                &level.image,
                level
                    .nodata()
                    .map_or_else(|| zeros(&level.image), |values| Fill::Bytes(values.bytes.to_vec())),
            )),
            "mask" => level.mask.as_ref().map(|mask| (mask, zeros(mask))),
            _ => None,
        }
    }

    /// Where the tiles lie that a part touches.
    async fn located(&self, image: &Image, extents: &[Extent]) -> Result<Vec<(Option<Range<u64>>, Touched)>> {
        let mut found: Vec<(u64, Touched)> = touched(extents, &image.chunks(), &self.limits)?
            .into_iter()
            .map(|touched| (image.number(&touched.index), touched))
            .collect();
        found.sort_by_key(|(number, _)| *number);
        let numbers: Vec<u64> = found.iter().map(|(number, _)| *number).collect();
        let (from, length) = image.lists();
        let (starts, lengths) = futures::try_join!(
            self.tiff.listed(&image.directory, from, &numbers),
            self.tiff.listed(&image.directory, length, &numbers)
        )?;
        let most = crate::limits::product(&image.chunks(), image.data_type.size().unwrap_or(1) as u64)
            .unwrap_or(self.limits.chunk);
        let most = most.saturating_mul(2).saturating_add(1 << 16);
        let places = starts.into_iter().zip(lengths).map(|(start, length)| {
            if start == 0 || length == 0 {
                return Ok(None);
            }
            let end = start.checked_add(length).filter(|_| length <= most);
            end.map(|end| Some(start..end))
                .ok_or_else(|| self.tiff.damaged(start, &format!("a tile cannot have {length} bytes")))
        });
        let places: Vec<Option<Range<u64>>> = places.collect::<Result<_>>()?;
        Ok(places.into_iter().zip(found).map(|(place, (_, touched))| (place, touched)).collect())
    }

    async fn read_image(&self, image: &Arc<Image>, fill: &Fill, extents: &[Extent]) -> Result<Values> {
        if let Err(what) = &image.coding {
            return Err(Error::Invalid {
                what: format!("{} cannot be read: {what}", self.tiff.address()),
                advice: "write it again with a compression that is read, such as deflate or ZSTD".to_owned(),
            });
        }
        let shape = extents.iter().map(|extent| extent.count).collect();
        let mut canvas = Canvas::new(&image.data_type, shape, fill, &self.limits)?;
        let located = self.located(image, extents).await?;
        let object = &self.tiff.object;
        let ahead = if object.is_here() { u64::MAX } else { self.limits.ahead };
        let mut batches = batches(located, ahead).into_iter();
        let mut next = match batches.next() {
            Some(batch) => Some(self.fetched(batch).await?),
            None => None,
        };
        while let Some(batch) = next {
            let painted = painted(canvas, batch, Arc::clone(image), Arc::clone(object));
            let coming = async {
                match batches.next() {
                    Some(batch) => self.fetched(batch).await.map(Some),
                    None => Ok(None),
                }
            };
            (canvas, next) = futures::try_join!(painted, coming)?;
        }
        Ok(canvas.finish())
    }

    /// Tiles with their bytes; without those that are here, which are read by who decodes them.
    async fn fetched(&self, batch: Vec<(Option<Range<u64>>, Touched)>) -> Result<Vec<(Tile, Touched)>> {
        let is_here = self.tiff.object.is_here();
        let wanted = batch.iter().filter(|_| !is_here).filter_map(|(range, _)| range.clone());
        let mut read = self.tiff.bytes(&wanted.collect::<Vec<_>>()).await?.into_iter();
        let tiles = batch.into_iter().map(|(range, touched)| {
            let fetched = range.as_ref().and_then(|_| read.next());
            (Tile { range, fetched }, touched)
        });
        Ok(tiles.collect())
    }
}

/// Where a tile is stored, if it was written, and its bytes, if they had to be fetched.
#[derive(Debug)]
struct Tile {
    range: Option<Range<u64>>,
    fetched: Option<Bytes>,
}

fn batches(
    located: Vec<(Option<Range<u64>>, Touched)>,
    ahead: u64,
) -> Vec<Vec<(Option<Range<u64>>, Touched)>> {
    let mut batches = Vec::new();
    let mut held = 0u64;
    for (range, touched) in located {
        let size = range.as_ref().map_or(0, |range| range.end - range.start);
        held = held.saturating_add(size);
        if batches.is_empty() || held > ahead {
            batches.push(Vec::new());
            held = size;
        }
        if let Some(batch) = batches.last_mut() {
            batch.push((range, touched));
        }
    }
    batches
}

/// Decodes tiles on threads that may be busy.
async fn painted(
    mut canvas: Canvas,
    batch: Vec<(Tile, Touched)>,
    image: Arc<Image>,
    object: Arc<dyn Ranges>,
) -> Result<Canvas> {
    let whose = object.address();
    let waiting = Arc::new(());
    let waits = Arc::downgrade(&waiting);
    let work = tokio::task::spawn_blocking(move || {
        let damaged = |tile: &Tile, what: &str| {
            let at = tile.range.as_ref().map_or(0, |range| range.start);
            Error::Damaged {
                address: object.address(),
                what: format!("the tile at byte {at} cannot be decoded: {what}"),
            }
        };
        let decode = |tile: &Tile, touched: &Touched| {
            // Nothing is decoded any more once nobody waits for it.
            let range = tile.range.as_ref().filter(|_| waits.strong_count() > 0);
            let (Some(range), Ok(coding)) = (range, &image.coding) else { return Ok(None) };
            let stored = came(tile.fetched.clone(), range, object.as_ref())?;
            let rows = image.rows(&touched.origin);
            let size = |length: u64| usize::try_from(length).unwrap_or(usize::MAX);
            let bytes = coding
                .decode(&stored, size(image.tile.1), size(rows))
                .map_err(|what| damaged(tile, &what))?;
            let shape = vec![image.chunks()[0], rows, image.tile.1];
            Ok(Some(Decoded { elements: Elements::Numbers(bytes.into()), shape }))
        };
        paint(&mut canvas, &batch, decode, |tile| damaged(tile, "it has too few numbers"))?;
        Ok(canvas)
    });
    work.await.unwrap_or_else(|error| {
        Err(Error::Damaged { address: whose, what: format!("decoding its tiles was broken off: {error}") })
    })
}

/// Images by what they are for: the first is at the root, smaller ones are its overviews.
fn levels(tiff: &Tiff, images: Vec<Image>) -> Vec<Level> {
    let mut levels: Vec<Level> = Vec::new();
    let (mut overviews, mut pages) = (0, 1);
    let mut masks = Vec::new();
    for image in images {
        if image.kind.is_mask {
            masks.push(image);
            continue;
        }
        let own = Georeference::of(&image.directory, tiff.order);
        let said = || Arc::new(Said::of(&image.directory, image.bands));
        let (name, place, said) = match levels.first() {
            None => (String::new(), own, said()),
            Some(root) if image.kind.is_reduced && overviews < OVERVIEWS => {
                overviews += 1;
                (format!("overview_{overviews}"), resized(root, &image), Arc::clone(&root.said))
            }
            Some(_) => {
                pages += 1;
                (format!("page_{pages}"), own, said())
            }
        };
        levels.push(Level { name, image: Arc::new(image), mask: None, place, said });
    }
    for mask in masks {
        let same = |level: &&mut Level| {
            level.mask.is_none() && (level.image.width, level.image.height) == (mask.width, mask.height)
        };
        if let Some(level) = levels.iter_mut().find(same) {
            level.mask = Some(Arc::new(mask));
        }
    }
    levels
}

#[expect(clippy::cast_precision_loss, reason = "images have fewer than 2^53 columns")]
fn resized(root: &Level, image: &Image) -> Georeference {
    let columns = root.image.width as f64 / image.width as f64;
    let rows = root.image.height as f64 / image.height as f64;
    root.place.resized(columns, rows)
}

impl Level {
    fn group(&self) -> Group {
        let dimension = |name: &str, length| Dimension { name: name.to_owned(), length, is_unlimited: false };
        let [bands, height, width] = [self.image.bands, self.image.height, self.image.width];
        let mut variables = vec![self.data()];
        variables.extend(self.mask.as_ref().map(|mask| picture("mask", mask, &["y", "x"], Vec::new())));
        variables.push(line("band", DataType::I64, bands, Vec::new()));
        if self.place.coordinates().is_some() {
            variables.push(line("y", DataType::F64, height, axis("Y")));
            variables.push(line("x", DataType::F64, width, axis("X")));
        }
        variables.push(Variable {
            shape: Vec::new(),
            dimensions: Vec::new(),
            ..line("spatial_ref", DataType::I64, 0, self.reference())
        });
        let items = self.said.items.iter().map(|(name, value)| text(name, value));
        let point = text("AREA_OR_POINT", if self.place.is_point { "Point" } else { "Area" });
        Group {
            name: self.name.clone(),
            attributes: items.chain([point]).collect(),
            dimensions: vec![dimension("band", bands), dimension("y", height), dimension("x", width)],
            variables,
            groups: Vec::new(),
        }
    }

    fn data(&self) -> Variable {
        let mut attributes = Vec::new();
        let mut number = |name: &str, value: f64| {
            attributes.push(Attribute {
                name: name.to_owned(),
                value: Values::numbers(DataType::F64, Vec::new(), &[value]),
            });
        };
        let first = self.said.bands.first().cloned().unwrap_or_default();
        let is_same =
            self.said.bands.iter().all(|band| (band.scale, band.offset) == (first.scale, first.offset));
        if is_same && (first.scale.is_some() || first.offset.is_some()) {
            number("scale_factor", first.scale.unwrap_or(1.0));
            number("add_offset", first.offset.unwrap_or(0.0));
        }
        attributes.extend(self.nodata().map(|value| Attribute { name: "_FillValue".to_owned(), value }));
        let names: Vec<String> =
            self.said.bands.iter().map(|band| band.description.clone().unwrap_or_default()).collect();
        if names.iter().any(|name| !name.is_empty()) {
            let value = match names.as_slice() {
                [one] => Values::text(one.as_str()),
                _ => Values { shape: vec![names.len() as u64], texts: names, ..Values::text("") },
            };
            attributes.push(Attribute { name: "long_name".to_owned(), value });
        }
        attributes.extend(first.unit.as_ref().map(|unit| text("units", unit)));
        attributes.push(text("grid_mapping", "spatial_ref"));
        picture("band_data", &self.image, &["band", "y", "x"], attributes)
    }

    /// The value of pixels that have none, in the image's own type.
    fn nodata(&self) -> Option<Values> {
        let told = self.said.nodata.as_deref()?;
        let one = |data_type: &DataType, bytes: Vec<u8>| Values {
            data_type: data_type.clone(),
            shape: Vec::new(),
            bytes: bytes.into(),
            texts: Vec::new(),
        };
        let data_type = &self.image.data_type;
        let number: f64 = told.parse().ok()?;
        let whole = told.parse::<i128>().ok().or_else(|| integer(number));
        let bytes = match data_type {
            DataType::I8 => i8::try_from(whole?).ok()?.to_ne_bytes().to_vec(),
            DataType::I16 => i16::try_from(whole?).ok()?.to_ne_bytes().to_vec(),
            DataType::I32 => i32::try_from(whole?).ok()?.to_ne_bytes().to_vec(),
            DataType::I64 => i64::try_from(whole?).ok()?.to_ne_bytes().to_vec(),
            DataType::U8 => u8::try_from(whole?).ok()?.to_ne_bytes().to_vec(),
            DataType::U16 => u16::try_from(whole?).ok()?.to_ne_bytes().to_vec(),
            DataType::U32 => u32::try_from(whole?).ok()?.to_ne_bytes().to_vec(),
            DataType::U64 => u64::try_from(whole?).ok()?.to_ne_bytes().to_vec(),
            #[expect(clippy::cast_possible_truncation, reason = "the nearest is what pixels have")]
            DataType::F32 => (number as f32).to_ne_bytes().to_vec(),
            DataType::F64 => number.to_ne_bytes().to_vec(),
            _ => return None,
        };
        Some(one(data_type, bytes))
    }

    /// The coordinate reference system, in the words of CF and of rioxarray.
    fn reference(&self) -> Vec<Attribute> {
        let place = &self.place;
        let name = place
            .wkt
            .clone()
            .or_else(|| place.epsg.map(|code| format!("EPSG:{code}")))
            .or_else(|| place.proj.clone());
        let mut attributes: Vec<Attribute> = name.iter().map(|name| text("spatial_ref", name)).collect();
        attributes.extend(place.wkt.as_ref().map(|wkt| text("crs_wkt", wkt)));
        attributes.extend(place.proj.as_ref().map(|proj| text("proj4", proj)));
        attributes.extend(place.epsg.map(|code| Attribute {
            name: "epsg".to_owned(),
            value: Values::numbers(DataType::I64, Vec::new(), &[i64::from(code)]),
        }));
        let transform = place.transform.map(|numbers| numbers.map(|number| format!("{number:?}")).join(" "));
        attributes.extend(transform.map(|numbers| text("GeoTransform", &numbers)));
        attributes
    }

    /// Elements of a coordinate along its dimension, none for a scalar; none for what there is not.
    fn coordinate(&self, name: &str) -> Option<Vec<u64>> {
        match name {
            "band" => Some(vec![self.image.bands]),
            "x" | "y" if self.place.coordinates().is_none() => None,
            "x" => Some(vec![self.image.width]),
            "y" => Some(vec![self.image.height]),
            "spatial_ref" => Some(Vec::new()),
            _ => None,
        }
    }

    /// The values of a coordinate; none for what there is not. No more are made than are asked for.
    fn values(&self, name: &str, extents: &[Extent]) -> Option<Values> {
        let shape: Vec<u64> = extents.iter().map(|extent| extent.count).collect();
        let elements = extents.iter().flat_map(|extent| {
            (0..extent.count).map(move |index| extent.start.saturating_add(index.saturating_mul(extent.step)))
        });
        let middles = self.place.coordinates();
        let along = |middles: georeference::Middles| {
            let numbers: Vec<f64> = elements.clone().map(|element| middles.at(element)).collect();
            Values::numbers(DataType::F64, shape.clone(), &numbers)
        };
        match name {
            "band" => {
                let numbers: Vec<u64> = elements.map(|element| element.saturating_add(1)).collect();
                Some(Values::numbers(DataType::I64, shape, &numbers))
            }
            "x" => middles.map(|(x, _)| along(x)),
            "y" => middles.map(|(_, y)| along(y)),
            "spatial_ref" => Some(Values::numbers(DataType::I64, shape, &[0i64])),
            _ => None,
        }
    }
}

/// A whole number that is written with a point or an exponent.
fn integer(number: f64) -> Option<i128> {
    #[expect(clippy::cast_possible_truncation, reason = "it is checked to be whole and small")]
    (number.fract() == 0.0 && number.abs() < 1e19).then_some(number as i128)
}

fn text(name: &str, value: &str) -> Attribute {
    Attribute { name: name.to_owned(), value: Values::text(value) }
}

fn axis(axis: &str) -> Vec<Attribute> {
    vec![text("axis", axis)]
}

fn line(name: &str, data_type: DataType, length: u64, attributes: Vec<Attribute>) -> Variable {
    Variable {
        name: name.to_owned(),
        data_type,
        is_char: false,
        shape: vec![length],
        dimensions: vec![name.to_owned()],
        chunks: None,
        filters: Vec::new(),
        fill: None,
        attributes,
    }
}

fn picture(name: &str, image: &Image, dimensions: &[&str], attributes: Vec<Attribute>) -> Variable {
    let skipped = 3 - dimensions.len();
    Variable {
        name: name.to_owned(),
        data_type: image.data_type.clone(),
        is_char: false,
        shape: image.shape().split_off(skipped),
        dimensions: dimensions.iter().map(|name| (*name).to_owned()).collect(),
        chunks: Some(image.chunks().split_off(skipped)),
        filters: image.filters(),
        fill: None,
        attributes,
    }
}

/// The extents of an image for a variable of it: a mask has no bands.
fn extents(selection: &Selection, image: &Image, name: &str) -> Result<Vec<Extent>> {
    if name != "mask" {
        return selection.of(&image.shape());
    }
    let mut extents = selection.of(&[image.height, image.width])?;
    extents.insert(0, Extent::whole(1));
    Ok(extents)
}

#[async_trait]
impl Dataset for Cog {
    fn address(&self) -> Address {
        self.tiff.address()
    }

    fn format(&self) -> &'static str {
        "GeoTIFF"
    }

    async fn group(&self, path: &str, deep: bool) -> Result<Group> {
        let level = self.level(path)?;
        let mut group = level.group();
        if level.name.is_empty() {
            let below = self.levels.iter().skip(1);
            group.groups = if deep {
                below.map(Level::group).collect()
            } else {
                below.map(|level| Group { name: level.name.clone(), ..Group::default() }).collect()
            };
        }
        Ok(group)
    }

    async fn ranges(&self, path: &str, selection: &Selection) -> Result<Vec<Stored>> {
        let (level, name) = self.variable(path)?;
        let Some((image, _)) = Self::image(level, name) else {
            return level.coordinate(name).map(|_| Vec::new()).ok_or_else(|| self.nothing("variable", path));
        };
        let located = self.located(image, &extents(selection, image, name)?).await?;
        let stored = located.into_iter().filter_map(|(range, touched)| {
            let range = range?;
            let origin = if name == "mask" { touched.origin[1..].to_vec() } else { touched.origin };
            Some(Stored {
                address: self.address(),
                from: range.start,
                length: range.end - range.start,
                origin,
                skipped: 0,
            })
        });
        Ok(stored.collect())
    }

    async fn read(&self, path: &str, selection: &Selection) -> Result<Values> {
        let (level, name) = self.variable(path)?;
        if let Some((image, fill)) = Self::image(level, name) {
            let mut values = self.read_image(image, &fill, &extents(selection, image, name)?).await?;
            if name == "mask" {
                values.shape.remove(0);
            }
            return Ok(values);
        }
        let shape = level.coordinate(name).ok_or_else(|| self.nothing("variable", path))?;
        let extents = selection.of(&shape)?;
        let counts: Vec<u64> = extents.iter().map(|extent| extent.count).collect();
        self.limits.size_of_values(&counts, size_of::<f64>())?;
        level.values(name, &extents).ok_or_else(|| self.nothing("variable", path))
    }
}
