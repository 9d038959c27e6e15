//! The bands of a STAC item: which of its assets' images have which name, and what the item tells of
//! them by the extensions `proj`, `raster` and `eo`, or by STAC 1.1 itself.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::crs::Crs;
use super::grid::Affine;
use crate::address::{Address, location};
use crate::download;
use crate::found::{Asset, Item, Role};
use crate::json::{at, list, number, owned, text};

/// Where an image is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum File {
    /// At an address, or a path.
    Address(String),
    /// A file of an archive or a bucket, to which there may be several ways.
    Item(Box<download::Item>),
}

impl File {
    /// Its address over HTTPS, or as it was given; it may let its reader in.
    pub fn href(&self) -> Option<&str> {
        match self {
            Self::Address(address) => Some(address),
            Self::Item(item) => item.https.as_ref().map(Url::as_str),
        }
    }

    /// What it is called, without secrets.
    pub fn address(&self) -> Address {
        match self {
            Self::Address(href) => {
                location(href).map_or_else(|_| Address::named(href.clone()), |url| Address::from(&url))
            }
            Self::Item(item) => match (&item.https, &item.s3, &item.google) {
                (Some(url), ..) => url.into(),
                (None, Some(s3), _) => Address::of_object("s3", &s3.bucket, &s3.key),
                (None, None, Some(google)) => Address::of_object("gs", &google.bucket, &google.key),
                (None, None, None) => Address::named(item.to.display().to_string()),
            },
        }
    }
}

/// Where an image lies, and how large it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// What x and y are.
    pub crs: Crs,
    /// From columns and rows to x and y.
    pub affine: Affine,
    /// Columns.
    pub width: u64,
    /// Rows.
    pub height: u64,
}

/// A band of an image, and what is told of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// The image.
    pub file: File,
    /// Which of its bands, from 0 on.
    pub index: u64,
    /// Where it lies.
    pub place: Option<Place>,
    /// What a number is, as numpy names it.
    pub data_type: Option<String>,
    /// The number of pixels that have no value.
    pub nodata: Option<f64>,
    /// What numbers are multiplied by to become values.
    pub scale: Option<f64>,
    /// What is added then.
    pub offset: Option<f64>,
}

/// A band with the names that it goes by in its item.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Named {
    /// The asset's key, and the band's name behind a point where the asset has several.
    pub(super) name: String,
    key: String,
    others: Vec<String>,
    /// How many bands its asset has.
    beside: usize,
    pub(super) band: Band,
}

/// The bands of an item's images, in the order of its assets.
pub(super) fn bands_of(item: &Item) -> Vec<Named> {
    let keys = item.s3_keys();
    let properties = at(&item.raw, &["properties"]);
    let images = item.assets.iter().filter(|asset| asset.role == Role::Data && is_image(asset));
    images
        .flat_map(|asset| {
            let raw = at(&item.raw, &["assets", &asset.key]);
            let file = match asset.download(keys.as_ref()) {
                Ok(file) => File::Item(Box::new(file)),
                Err(_) => File::Address(asset.href.clone()),
            };
            of_asset(asset, raw, properties, &file)
        })
        .collect()
}

fn is_image(asset: &Asset) -> bool {
    let name = asset.file_name().to_ascii_lowercase();
    let media = asset.media_type.as_deref().unwrap_or_default();
    media.contains("tiff") || [".tif", ".tiff"].iter().any(|end| name.ends_with(end))
}

fn of_asset(asset: &Asset, raw: &Value, properties: &Value, file: &File) -> Vec<Named> {
    let of = |name: &str| list(raw, &[name]).collect::<Vec<_>>();
    let (bands, eo, raster) = (of("bands"), of("eo:bands"), of("raster:bands"));
    let count = bands.len().max(eo.len()).max(raster.len()).max(1);
    let place = place(raw, properties);
    let each = (0..count).map(|index| {
        // Before STAC 1.0 an asset's bands were numbers of those of the item.
        let eo = eo.get(index).map_or(&Value::Null, |band| match band.as_u64() {
            Some(number) => {
                let all = at(properties, &["eo:bands"]);
                usize::try_from(number).ok().and_then(|number| all.get(number)).unwrap_or(&Value::Null)
            }
            None => band,
        });
        let own = bands.get(index).copied().unwrap_or(&Value::Null);
        let raster = raster.get(index).copied().unwrap_or(&Value::Null);
        let told = |names: [&str; 2]| {
            [own, raster, raw].into_iter().find_map(|from| names.iter().find_map(|name| value(from, name)))
        };
        let names =
            [(own, "name"), (own, "eo:common_name"), (own, "common_name"), (eo, "name"), (eo, "common_name")];
        let others: Vec<String> = names.iter().filter_map(|(from, name)| owned(from, &[name])).collect();
        let name = if count == 1 {
            asset.key.clone()
        } else {
            let own = others.first().cloned().unwrap_or_else(|| (index + 1).to_string());
            format!("{}.{own}", asset.key)
        };
        let data_type = [own, raster, raw].into_iter().find_map(|from| owned(from, &["data_type"]));
        let band = Band {
            file: file.clone(),
            index: index as u64,
            place: place.clone(),
            data_type,
            nodata: told(["nodata", "raster:nodata"]),
            scale: told(["raster:scale", "scale"]),
            offset: told(["raster:offset", "offset"]),
        };
        Named { name, key: asset.key.clone(), others, beside: count, band }
    });
    each.collect()
}

/// A number, also one that JSON has no number for.
fn value(from: &Value, name: &str) -> Option<f64> {
    match text(from, &[name]) {
        Some("nan" | "NaN") => Some(f64::NAN),
        Some("inf") => Some(f64::INFINITY),
        Some("-inf") => Some(f64::NEG_INFINITY),
        _ => number(from, &[name]),
    }
}

/// Where an asset lies, where that is told whole.
fn place(raw: &Value, properties: &Value) -> Option<Place> {
    let told =
        |name: &str| [raw, properties].into_iter().map(|from| at(from, &[name])).find(|told| !told.is_null());
    let code = told("proj:code").and_then(Value::as_str).map(str::to_owned);
    let epsg = || told("proj:epsg").and_then(Value::as_u64).map(|code| code.to_string());
    let wkt = || told("proj:wkt2").and_then(Value::as_str).map(str::to_owned);
    let json = || told("proj:projjson").filter(|value| value.is_object()).map(Value::to_string);
    let crs = code.or_else(epsg).or_else(wkt).or_else(json)?;
    let numbers = |name: &str| -> Vec<f64> {
        told(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_f64).collect()
    };
    let shape: Vec<u64> =
        told("proj:shape").and_then(Value::as_array)?.iter().filter_map(Value::as_u64).collect();
    let &[height, width] = shape.as_slice() else { return None };
    let affine = match (numbers("proj:transform").as_slice(), numbers("proj:bbox").as_slice()) {
        (&[xc, xr, x, yc, yr, y, ..], _) => [x, xc, xr, y, yc, yr],
        (_, &[left, bottom, right, top]) => {
            #[expect(clippy::cast_precision_loss, reason = "images have fewer than 2^53 columns")]
            let (columns, rows) = (width as f64, height as f64);
            [left, (right - left) / columns, 0.0, top, 0.0, (bottom - top) / rows]
        }
        _ => return None,
    };
    let is_fine = width > 0 && height > 0 && super::grid::inverse(affine).is_some();
    is_fine.then(|| Place { crs: Crs::new(&crs), affine, width, height })
}

/// The bands that a name means: an asset's key means all bands of the asset; else its whole name; else the
/// name or common name of a band, of the asset with the fewest bands.
pub(super) fn meant<'a>(bands: &'a [Named], wanted: &str) -> Vec<&'a Named> {
    let by_key: Vec<&Named> = bands.iter().filter(|band| band.key == wanted).collect();
    if !by_key.is_empty() {
        return by_key;
    }
    let by_name = bands.iter().find(|band| band.name == wanted);
    let others = bands.iter().filter(|band| band.others.iter().any(|name| name == wanted));
    by_name.or_else(|| others.min_by_key(|band| band.beside)).into_iter().collect()
}

/// The names of the wanted bands, each once: of all where none are wanted. `Err` has the one that no item
/// has.
pub(super) fn labels(items: &[Vec<Named>], wanted: Option<&[String]>) -> Result<Vec<String>, String> {
    let mut labels = Vec::new();
    match wanted {
        None => labels.extend(items.iter().flatten().map(|band| band.name.clone())),
        Some(wanted) => {
            for name in wanted {
                let found = items.iter().map(|bands| meant(bands, name)).find(|found| !found.is_empty());
                match found.ok_or_else(|| name.clone())?.as_slice() {
                    [_] => labels.push(name.clone()),
                    several => labels.extend(several.iter().map(|band| band.name.clone())),
                }
            }
        }
    }
    let mut seen = HashSet::new();
    labels.retain(|label| seen.insert(label.clone()));
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stac::to_item;

    fn bands(assets: &Value, properties: &Value) -> Vec<Named> {
        let raw = json!({"type": "Feature", "id": "a", "properties": properties, "assets": assets});
        bands_of(&to_item(raw, &"https://example.org/item.json".parse().unwrap()))
    }

    #[test]
    fn what_an_item_tells_is_read_of_the_asset_first() {
        let found = bands(
            &json!({"B04": {
                "href": "./B04.tif", "proj:shape": [20, 10], "proj:transform": [30, 0, 500, 0, -30, 900, 0, 0, 1],
                "eo:bands": [{"name": "B4", "common_name": "red"}],
                "raster:bands": [{"nodata": 0, "data_type": "uint16", "scale": 0.0001, "offset": -0.1}],
            }}),
            &json!({"proj:epsg": 32622, "proj:shape": [1, 1]}),
        );
        let [band] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(
            (band.name.as_str(), band.others.as_slice()),
            ("B04", &["B4".to_owned(), "red".to_owned()][..])
        );
        let place = band.band.place.as_ref().unwrap();
        assert_eq!((place.crs.as_str(), place.width, place.height), ("EPSG:32622", 10, 20));
        assert_eq!(place.affine.to_vec(), [500.0, 30.0, 0.0, 900.0, 0.0, -30.0]);
        let told = (band.band.nodata, band.band.scale, band.band.offset, band.band.data_type.as_deref());
        assert_eq!(told, (Some(0.0), Some(0.0001), Some(-0.1), Some("uint16")));
        assert!(matches!(&band.band.file, File::Item(item) if item.https.is_some()));
    }

    #[test]
    fn bands_of_stac_1_1_and_bounds_instead_of_a_transform() {
        let found = bands(
            &json!({"data": {
                "href": "file:///a/x.tif", "type": "image/tiff; application=geotiff", "nodata": "nan", "data_type": "float32",
                "proj:code": "EPSG:3857", "proj:shape": [2, 4], "proj:bbox": [0, 10, 40, 30],
                "bands": [{"name": "r", "eo:common_name": "red"}, {"name": "g", "raster:scale": 2}],
            }}),
            &json!({}),
        );
        let names: Vec<_> = found.iter().map(|band| band.name.as_str()).collect();
        assert_eq!(names, ["data.r", "data.g"]);
        assert_eq!(found[1].band.place.as_ref().unwrap().affine.to_vec(), [0.0, 10.0, 0.0, 30.0, 0.0, -10.0]);
        assert!(found[0].band.nodata.unwrap().is_nan());
        assert_eq!((found[0].band.scale, found[1].band.scale, found[1].band.index), (None, Some(2.0), 1));
        assert_eq!(found[0].band.file, File::Address("file:///a/x.tif".to_owned()));
    }

    #[test]
    fn bands_before_stac_1_are_numbers() {
        let found = bands(
            &json!({"B3": {"href": "https://a/B3.TIF", "type": "image/x.geotiff", "eo:bands": [1]}, "MTL": {"href": "https://a/MTL.txt"}}),
            &json!({"eo:bands": [{"name": "B2", "common_name": "blue"}, {"name": "B3", "common_name": "green"}]}),
        );
        assert_eq!(meant(&found, "green").len(), 1);
        assert_eq!((found.len(), meant(&found, "blue").len()), (1, 0));
    }

    #[test]
    fn names_mean_the_image_with_the_fewest_bands() {
        let items = vec![bands(
            &json!({
                "visual": {"href": "https://a/v.tif", "eo:bands": [{"common_name": "red"}, {"common_name": "green"}]},
                "B04": {"href": "https://a/4.tif", "eo:bands": [{"common_name": "red"}]},
            }),
            &json!({}),
        )];
        assert_eq!(meant(&items[0], "red")[0].name, "B04");
        assert_eq!(meant(&items[0], "visual.red")[0].name, "visual.red");
        let wanted = |names: &[&str]| {
            labels(&items, Some(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()))
        };
        assert_eq!(wanted(&["visual", "red"]).unwrap(), ["visual.red", "visual.green", "red"]);
        assert_eq!(wanted(&["red", "red"]).unwrap(), ["red"]);
        assert_eq!(wanted(&["nir"]).unwrap_err(), "nir");
        assert_eq!(labels(&items, None).unwrap(), ["visual.red", "visual.green", "B04"]);
    }
}
