//! Where an image lies on the Earth, by the keys of GeoTIFF 1.1, and what GDAL writes beside them.

use std::collections::BTreeMap;

use super::projection::{self, key};
use super::tags::{Directory, Order};

/// Where an image lies.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Georeference {
    /// x of the upper left corner, x for a column, x for a row; the same for y: GDAL's order.
    pub(super) transform: Option<[f64; 6]>,
    /// The code of the coordinate reference system in EPSG's list.
    pub(super) epsg: Option<u16>,
    /// The coordinate reference system as WKT, where the file has it.
    pub(super) wkt: Option<String>,
    /// The same as PROJ has it, where it is described by its parameters.
    pub(super) proj: Option<String>,
    /// Whether values belong to points, not to areas.
    pub(super) is_point: bool,
}

/// What GDAL says of an image and of its bands.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Said {
    pub(super) nodata: Option<String>,
    /// Names and values of the image.
    pub(super) items: Vec<(String, String)>,
    pub(super) bands: Vec<Band>,
}

/// What GDAL says of a band.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Band {
    pub(super) scale: Option<f64>,
    pub(super) offset: Option<f64>,
    pub(super) description: Option<String>,
    pub(super) unit: Option<String>,
}

mod tag {
    pub(super) const SCALE: u16 = 33550;
    pub(super) const TIEPOINTS: u16 = 33922;
    pub(super) const TRANSFORM: u16 = 34264;
    pub(super) const KEYS: u16 = 34735;
    pub(super) const DOUBLES: u16 = 34736;
    pub(super) const TEXTS: u16 = 34737;
    pub(super) const METADATA: u16 = 42112;
    pub(super) const NODATA: u16 = 42113;
}

/// Keys whose texts are looked at. Others are not kept: they may be many and refer to the same long text.
const CITATIONS: [u16; 2] = [key::PROJECTED_CITATION, key::CITATION];

/// The numbers and texts of keys.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) shorts: BTreeMap<u16, u16>,
    pub(super) doubles: BTreeMap<u16, f64>,
    pub(super) texts: BTreeMap<u16, String>,
}

impl Keys {
    fn of(directory: &Directory, order: Order) -> Self {
        let mut keys = Self::default();
        let list = directory.integers(order, tag::KEYS);
        let doubles = directory.doubles(order, tag::DOUBLES);
        let texts = directory.text(tag::TEXTS).unwrap_or_default();
        for entry in list.chunks_exact(4).skip(1) {
            let numbers: Vec<u16> = entry.iter().filter_map(|number| u16::try_from(*number).ok()).collect();
            let [key, place, count, value] = numbers.as_slice() else { continue };
            let (from, count) = (usize::from(*value), usize::from(*count));
            match *place {
                0 => drop(keys.shorts.insert(*key, *value)),
                tag::DOUBLES => keys.doubles.extend(doubles.get(from).map(|number| (*key, *number))),
                tag::TEXTS if CITATIONS.contains(key) => {
                    let text =
                        texts.get(from..from + count).map(|text| text.trim_end_matches('|').to_owned());
                    keys.texts.extend(text.map(|text| (*key, text)));
                }
                _ => {}
            }
        }
        keys
    }

    /// A code of somebody's list: neither none nor defined by the file itself.
    pub(super) fn code(&self, key: u16) -> Option<u16> {
        self.shorts.get(&key).copied().filter(|code| !matches!(code, 0 | 32767))
    }
}

impl Georeference {
    pub(super) fn of(directory: &Directory, order: Order) -> Self {
        let keys = Keys::of(directory, order);
        let is_point = keys.shorts.get(&key::RASTER) == Some(&2);
        let epsg = keys.code(key::PROJECTED).or_else(|| {
            let has_projection =
                keys.shorts.contains_key(&key::PROJECTED) || keys.shorts.contains_key(&key::METHOD);
            keys.code(key::GEOGRAPHIC).filter(|_| !has_projection)
        });
        Self {
            transform: transform(directory, order, is_point),
            epsg,
            wkt: wkt(&keys).or_else(|| projection::wkt(&keys).filter(|_| epsg.is_none())),
            proj: projection::proj(&keys).filter(|_| epsg.is_none()),
            is_point,
        }
    }

    /// The same for an image of other size of the same place.
    pub(super) fn resized(&self, columns: f64, rows: f64) -> Self {
        let transform = self
            .transform
            .map(|[x, xc, xr, y, yc, yr]| [x, xc * columns, xr * rows, y, yc * columns, yr * rows]);
        Self { transform, ..self.clone() }
    }

    /// x of the columns' middles and y of the rows', where the image is not turned.
    pub(super) fn coordinates(&self) -> Option<(Middles, Middles)> {
        let [x, xc, xr, y, yc, yr] = self.transform.unwrap_or([0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
        let is_straight = xr == 0.0 && yc == 0.0;
        is_straight.then_some((Middles { from: x, step: xc }, Middles { from: y, step: yr }))
    }
}

/// Middles of pixels in a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Middles {
    from: f64,
    step: f64,
}

impl Middles {
    #[expect(clippy::cast_precision_loss, reason = "images have fewer than 2^53 columns")]
    pub(super) fn at(&self, index: u64) -> f64 {
        self.from + (index as f64 + 0.5) * self.step
    }
}

/// GDAL's transform: from a matrix, or from a tie point and the size of a pixel. Where values belong
/// to points, a tie point is the middle of a pixel.
fn transform(directory: &Directory, order: Order, is_point: bool) -> Option<[f64; 6]> {
    let matrix = directory.doubles(order, tag::TRANSFORM);
    let scale = directory.doubles(order, tag::SCALE);
    let ties = directory.doubles(order, tag::TIEPOINTS);
    let [x, xc, xr, y, yc, yr] = if matrix.len() >= 8 {
        [matrix[3], matrix[0], matrix[1], matrix[7], matrix[4], matrix[5]]
    } else if scale.len() >= 2 && ties.len() >= 6 {
        let (x, y) = (ties[3] - ties[0] * scale[0], ties[4] + ties[1] * scale[1]);
        [x, scale[0], 0.0, y, 0.0, -scale[1]]
    } else {
        return None;
    };
    let shift = if is_point { 0.5 } else { 0.0 };
    let all = [x - shift * (xc + xr), xc, xr, y - shift * (yc + yr), yc, yr];
    all.iter().all(|number| number.is_finite()).then_some(all)
}

/// ESRI writes WKT into the citation.
fn wkt(keys: &Keys) -> Option<String> {
    let texts = CITATIONS.iter().filter_map(|key| keys.texts.get(key));
    let mut found =
        texts.filter_map(|text| text.split_once("ESRI PE String = ").map(|(_, wkt)| wkt.trim().to_owned()));
    found.next()
}

impl Said {
    pub(super) fn of(directory: &Directory, bands: u64) -> Self {
        let nodata =
            directory.text(tag::NODATA).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let mut said = Self { nodata, items: Vec::new(), bands: Vec::new() };
        let count = usize::try_from(bands).unwrap_or_default();
        said.bands.resize_with(count, Band::default);
        let text = directory.text(tag::METADATA).unwrap_or_default();
        // What GDAL wrote is not needed to read the image: where it is damaged it is left out.
        if let Ok(document) = roxmltree::Document::parse(&text) {
            for item in document.root_element().children().filter(|node| node.has_tag_name("Item")) {
                said.item(item);
            }
        }
        said
    }

    fn item(&mut self, item: roxmltree::Node<'_, '_>) {
        let (Some(name), Some(value)) = (item.attribute("name"), item.text()) else { return };
        let number = || value.trim().parse().ok().filter(|number: &f64| number.is_finite());
        let Some(sample) = item.attribute("sample") else {
            self.items.push((name.to_owned(), value.to_owned()));
            return;
        };
        let Some(band) = sample.parse().ok().and_then(|sample: usize| self.bands.get_mut(sample)) else {
            return;
        };
        match item.attribute("role") {
            Some("scale") => band.scale = number(),
            Some("offset") => band.offset = number(),
            Some("description") => band.description = Some(value.to_owned()),
            Some("unittype") => band.unit = Some(value.to_owned()),
            _ => {}
        }
    }
}
