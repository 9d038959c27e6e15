//! What a cube is, by what its items tell.

use std::collections::HashSet;

use futures::{StreamExt, TryStreamExt, stream};

use super::bands::{Named, bands_of, labels, meant};
use super::crs::around;
use super::grid::{apply, bounds_of, inverse};
use super::mapping::turns;
use super::{Band, Bounds, Crs, Cube, Grid, Images, Laid, Place, Plain, Request, Resampling, numbers, slots};
use crate::cog::Size;
use crate::dataset::DataType;
use crate::error::{Error, Result};
use crate::found::Item;
use crate::geo::Bbox;
use crate::near::no_such;

/// Most images that are opened at once to see what their items do not tell.
const AT_ONCE: usize = 8;

/// How much sides of pixels may differ, as a part, to be the same.
const ALIKE: f64 = 1e-9;

impl Cube {
    /// The cube of items. Opens those images of which the items do not tell where they lie, and one image of
    /// each band of which no item tells its type or the number of pixels without a value.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a request that cannot be met; what keeps an image from being opened.
    pub async fn plan(items: &[Item], request: &Request, images: &dyn Images) -> Result<Self> {
        let told: Vec<Vec<Named>> = items.iter().map(bands_of).collect();
        let names = wanted(items, &told, request)?;
        let mut bands: Vec<Vec<Option<Band>>> = told
            .iter()
            .map(|all| {
                names.iter().map(|name| meant(all, name).first().map(|found| found.band.clone())).collect()
            })
            .collect();
        let opened = look(&mut bands, request, images).await?;
        let grid = grid(&bands, request)?;
        let slots = slots::slots(items, &request.groupby, request.keep_order)?;
        let data_type = data_type(&bands, request)?;
        let plains = names.iter().enumerate();
        let plains = plains.map(|(number, name)| {
            plain(name, &of_band(&bands, number), &scales(&bands, number, &opened), &data_type, request)
        });
        Ok(Self {
            bands: plains.collect::<Result<_>>()?,
            images: bands
                .into_iter()
                .map(|all| all.into_iter().map(|band| Some(laid(band?, &grid))).collect())
                .collect(),
            grid,
            slots,
            data_type: data_type.to_string(),
            is_cast: request.data_type.is_some(),
            rescale: request.rescale,
            full_size: request.full_size,
            nodata: request.nodata,
        })
    }
}

fn wanted(items: &[Item], told: &[Vec<Named>], request: &Request) -> Result<Vec<String>> {
    let found = labels(told, request.bands.as_deref()).map_err(|missing| {
        let all = labels(told, None).unwrap_or_default();
        no_such("band", &format!("`{missing}` in any of the items"), &missing, &all)
    })?;
    if found.is_empty() {
        return Err(Error::Invalid {
            what: format!("none of {} items has an image that is a GeoTIFF", items.len()),
            advice: "look at the items' `assets`".to_owned(),
        });
    }
    Ok(found)
}

/// The images of a band.
fn of_band(bands: &[Vec<Option<Band>>], number: usize) -> Vec<&Band> {
    bands.iter().filter_map(|all| all.get(number)?.as_ref()).collect()
}

/// Opens images to see what items do not tell of them. Gives those that were opened, by their items and bands.
async fn look(
    bands: &mut [Vec<Option<Band>>],
    request: &Request,
    images: &dyn Images,
) -> Result<HashSet<(usize, usize)>> {
    let mut todo: Vec<(usize, usize)> = Vec::new();
    for number in 0..bands.first().map_or(0, Vec::len) {
        let is_typed =
            request.data_type.is_some() || of_band(bands, number).iter().any(|band| band.data_type.is_some());
        let is_told =
            request.nodata.is_some() || of_band(bands, number).iter().any(|band| band.nodata.is_some());
        let mut is_first = !(is_typed && is_told);
        for (item, all) in bands.iter().enumerate() {
            if let Some(band) = &all[number]
                && (band.place.is_none() || std::mem::take(&mut is_first))
            {
                todo.push((item, number));
            }
        }
    }
    let open = |(item, number): (usize, usize)| {
        let file = bands[item][number].as_ref().map(|band| band.file.clone());
        async move {
            match file {
                Some(file) => Ok::<_, Error>(Some((item, number, images.open(&file).await?))),
                None => Ok(None),
            }
        }
    };
    let opened: Vec<_> = stream::iter(todo.into_iter().map(open)).buffered(AT_ONCE).try_collect().await?;
    let mut seen = HashSet::new();
    for (item, number, image) in opened.into_iter().flatten() {
        if let (Some(band), Some(size)) = (&mut bands[item][number], image.sizes().into_iter().next()) {
            fill(band, &size);
            seen.insert((item, number));
        }
    }
    Ok(seen)
}

/// The scale and offset of a band by its images, each where it tells one or the other. Where some of them were
/// opened, nothing is known of those that were not and whose items tell nothing: they are left out.
fn scales(
    bands: &[Vec<Option<Band>>],
    number: usize,
    opened: &HashSet<(usize, usize)>,
) -> Vec<Option<(f64, f64)>> {
    let is_some_opened = opened.iter().any(|(_, band)| *band == number);
    let images = bands.iter().enumerate().filter_map(|(item, all)| Some((item, all.get(number)?.as_ref()?)));
    let told = images.map(|(item, band)| {
        let is_told = band.scale.is_some() || band.offset.is_some();
        let own = is_told.then(|| (band.scale.unwrap_or(1.0), band.offset.unwrap_or(0.0)));
        (own, is_told || !is_some_opened || opened.contains(&(item, number)))
    });
    told.filter(|(_, is_known)| *is_known).map(|(own, _)| own).collect()
}

/// What an image tells of itself counts where its item tells nothing.
fn fill(band: &mut Band, size: &Size) {
    let index = usize::try_from(band.index).unwrap_or(usize::MAX);
    let (scale, offset) = size.scales.get(index).copied().unwrap_or_default();
    band.data_type.get_or_insert_with(|| size.data_type.to_string());
    band.nodata = band.nodata.or(size.nodata);
    if band.scale.is_none() && band.offset.is_none() {
        (band.scale, band.offset) = (scale, offset);
    }
    if band.place.is_none() {
        band.place = size.crs.as_deref().zip(size.affine).map(|(crs, affine)| Place {
            crs: Crs::new(crs),
            affine,
            width: size.width,
            height: size.height,
        });
    }
}

fn grid(bands: &[Vec<Option<Band>>], request: &Request) -> Result<Grid> {
    let places: Vec<&Place> =
        bands.iter().flatten().flatten().filter_map(|band| band.place.as_ref()).collect();
    let crs = match &request.crs {
        Some(crs) => crs.clone(),
        None => of_most(&places).ok_or_else(|| Error::Invalid {
            what: "neither the items nor their images tell where they lie".to_owned(),
            advice: "give `crs`, `resolution` and `bbox`".to_owned(),
        })?,
    };
    let own: Vec<&Place> = places.iter().copied().filter(|place| place.crs.is(&crs)).collect();
    let finest = || {
        own.iter().map(|place| pixel(place)).reduce(|one, other| [one[0].min(other[0]), one[1].min(other[1])])
    };
    let pixel = request.resolution.or_else(finest).ok_or_else(|| Error::Invalid {
        what: format!("no image is in {}, and so none tells how large pixels are there", crs.as_str()),
        advice: "give `resolution` in its units".to_owned(),
    })?;
    let is_alike = |place: &&&Place| {
        let [width, height] = self::pixel(place);
        (width - pixel[0]).abs() <= ALIKE * width && (height - pixel[1]).abs() <= ALIKE * height
    };
    // On the pixels of an image as large as those of the grid, so that it is copied and not resampled.
    let anchor = own.iter().find(is_alike).map_or([0.0, 0.0], |place| [place.affine[0], place.affine[3]]);
    let bounds = match request.bounds {
        Bounds::Own(bounds) => bounds,
        Bounds::Degrees(bbox) => of_degrees(bbox, &crs)?,
        Bounds::Images => of_places(&places, &crs)?,
    };
    Grid::around(crs, bounds, pixel, anchor)
}

/// The coordinate reference system of the most images, the first of those that as many have.
fn of_most(places: &[&Place]) -> Option<Crs> {
    let mut counts: Vec<(&Crs, usize)> = Vec::new();
    for place in places {
        match counts.iter_mut().find(|(crs, _)| *crs == &place.crs) {
            Some((_, count)) => *count += 1,
            None => counts.push((&place.crs, 1)),
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max()?;
    counts.into_iter().find(|(_, count)| *count == most).map(|(crs, _)| crs.clone())
}

/// Width and height of an image's pixels.
fn pixel(place: &Place) -> [f64; 2] {
    let [_, xc, xr, _, yc, yr] = place.affine;
    [xc.hypot(yc), xr.hypot(yr)]
}

fn of_places(places: &[&Place], crs: &Crs) -> Result<[f64; 4]> {
    let mut bounds = None;
    for place in places {
        let own = bounds_of(place.affine, place.width, place.height);
        let found = place.crs.to(crs)?.bounds(own);
        bounds = [bounds, found].into_iter().flatten().reduce(around);
    }
    bounds.ok_or_else(|| Error::Invalid {
        what: "neither the items nor their images tell where they lie".to_owned(),
        advice: "give `bbox`, or `x` and `y`".to_owned(),
    })
}

fn of_degrees(bbox: Bbox, crs: &Crs) -> Result<[f64; 4]> {
    let Bbox { west, south, east, north } = bbox;
    let invalid = |what: String, advice: &str| Error::Invalid { what, advice: advice.to_owned() };
    if let Some(problem) = bbox.problems().into_iter().next() {
        return Err(invalid(problem, "give west, south, east, north, in degrees"));
    }
    let parts = match bbox.crosses_antimeridian() {
        false => vec![[west, south, east, north]],
        true if crs.is_geographic() => {
            let what = format!(
                "the box {:?} crosses the antimeridian, where {} has a seam",
                bbox.edges(),
                crs.as_str()
            );
            return Err(invalid(what, "take a projected `crs`, such as that of a zone of UTM, or two cubes"));
        }
        true => vec![[west, south, 180.0, north], [-180.0, south, east, north]],
    };
    let projection = Crs::degrees().to(crs)?;
    let found = parts.into_iter().filter_map(|part| projection.bounds(part)).reduce(around);
    found.ok_or_else(|| {
        invalid(
            format!("{} has no positions in the box {:?}", crs.as_str(), bbox.edges()),
            "take another `crs`",
        )
    })
}

fn data_type(bands: &[Vec<Option<Band>>], request: &Request) -> Result<DataType> {
    let known = |name: &str| {
        numbers::named(name).ok_or_else(|| Error::Invalid {
            what: format!("pixels cannot be {name}"),
            advice: "take an integer of 8 to 64 bits, float32 or float64".to_owned(),
        })
    };
    if let Some(name) = &request.data_type {
        return known(name);
    }
    let told = bands.iter().flatten().flatten().filter_map(|band| band.data_type.as_deref());
    let names: HashSet<&str> = told.collect();
    let all = names.into_iter().map(known).collect::<Result<Vec<_>>>()?;
    let all = all.into_iter().reduce(|one, other| numbers::both(&one, &other)).unwrap_or(DataType::F64);
    Ok(if request.rescale { numbers::both(&all, &DataType::F32) } else { all })
}

/// A band by what all its images tell.
fn plain(
    name: &str,
    images: &[&Band],
    scales: &[Option<(f64, f64)>],
    data_type: &DataType,
    request: &Request,
) -> Result<Plain> {
    let is_float = numbers::is_float(data_type);
    let own = images.iter().find_map(|band| band.nodata).filter(|_| !(request.rescale && is_float));
    let nodata = request.nodata.or(own).or(is_float.then_some(f64::NAN));
    if let Some(number) = nodata.filter(|number| !numbers::has(data_type, *number)) {
        return Err(Error::Invalid {
            what: format!("{data_type} has no {number}, which pixels of {name} without a value would be"),
            advice: "give another `nodata` or `dtype`".to_owned(),
        });
    }
    let is_told = scales.iter().any(Option::is_some);
    let mut scales: Vec<(f64, f64)> = scales.iter().map(|own| own.unwrap_or((1.0, 0.0))).collect();
    scales.dedup();
    let one = scales.first().copied().filter(|_| scales.len() == 1 && is_told && !request.rescale);
    let how = |of: &str| request.resampling.iter().find(|(name, _)| name == of).map(|(_, how)| *how);
    Ok(Plain {
        name: name.to_owned(),
        nodata,
        scale: one.map(|(scale, _)| scale),
        offset: one.map(|(_, offset)| offset),
        is_mixed: scales.len() > 1 && !request.rescale,
        resampling: how(name).or_else(|| how("*")).unwrap_or(Resampling::Nearest),
    })
}

/// A band with the columns and rows of the grid that it lies in.
fn laid(band: Band, grid: &Grid) -> Laid {
    let extent = band.place.as_ref().and_then(|place| extent(place, grid));
    Laid { band, extent }
}

fn extent(place: &Place, grid: &Grid) -> Option<[f64; 4]> {
    let projection = place.crs.to(&grid.crs).ok()?;
    let found = projection.bounds(bounds_of(place.affine, place.width, place.height))?;
    let [mut left, bottom, mut right, top] = found;
    if grid.crs.is_geographic() {
        let [from, _, to, _] = grid.bounds();
        match turns([left, right], [from, to]).as_slice() {
            [] => (),
            [turn] => (left, right) = (left + turn, right + turn),
            _ => (left, right) = (left.min(from), right.max(to)),
        }
    }
    let back = inverse(grid.affine())?;
    let (first, last) = (apply(back, left, top), apply(back, right, bottom));
    // Edges that are bent may reach a little further out than the positions that were computed along them.
    let (wide, high) = ((last.0 - first.0) * 0.01 + 1.0, (last.1 - first.1) * 0.01 + 1.0);
    let around = if matches!(projection, super::crs::Projection::Same) { (0.0, 0.0) } else { (wide, high) };
    Some([first.0 - around.0, first.1 - around.1, last.0 + around.0, last.1 + around.1])
}

#[cfg(test)]
mod tests {
    use super::super::File;
    use super::*;

    fn band(scale: Option<f64>) -> Band {
        Band {
            file: File::Address("a.tif".to_owned()),
            index: 0,
            place: None,
            data_type: Some("uint16".to_owned()),
            nodata: Some(0.0),
            scale,
            offset: None,
        }
    }

    #[test]
    fn scales_of_images_that_nobody_looked_at_are_not_compared() {
        let told = |bands: &[Option<f64>], opened: &[usize]| {
            let bands: Vec<_> = bands.iter().map(|scale| vec![Some(band(*scale))]).collect();
            let opened = opened.iter().map(|item| (*item, 0)).collect();
            let found = scales(&bands, 0, &opened);
            let plain = plain("a", &of_band(&bands, 0), &found, &DataType::U16, &Request::default()).unwrap();
            (plain.scale, plain.is_mixed)
        };
        assert_eq!(told(&[Some(0.5), None, None], &[0]), (Some(0.5), false));
        assert_eq!(told(&[Some(0.5), None, None], &[0, 1]), (None, true), "one tells that it has none");
        assert_eq!(told(&[Some(0.5), None, Some(0.25)], &[0]), (None, true));
        assert_eq!(told(&[Some(0.5), None], &[]), (None, true), "items tell what their images are");
        assert_eq!(told(&[None, None], &[0]), (None, false));
    }

    #[test]
    fn images_lie_on_a_grid_however_longitudes_are_counted() {
        let grid = |west: f64, east: f64| {
            Grid::around(Crs::degrees(), [west, -10.0, east, 10.0], [1.0, 1.0], [0.0, 0.0]).unwrap()
        };
        let place = |west: f64, width: u64| Place {
            crs: Crs::degrees(),
            affine: [west, 1.0, 0.0, 10.0, 0.0, -1.0],
            width,
            height: 20,
        };
        let columns =
            |place: &Place, grid: &Grid| extent(place, grid).map(|[left, _, right, _]| (left, right));
        assert_eq!(columns(&place(230.0, 20), &grid(-180.0, 180.0)), Some((50.0, 70.0)));
        assert_eq!(columns(&place(-130.0, 20), &grid(0.0, 360.0)), Some((230.0, 250.0)));
        assert_eq!(columns(&place(0.0, 360), &grid(-180.0, 180.0)), Some((0.0, 540.0)));
        assert_eq!(columns(&place(10.0, 20), &grid(0.0, 100.0)), Some((10.0, 30.0)));
        assert_eq!(columns(&place(50.0, 20), &grid(0.0, 40.0)), Some((50.0, 70.0)), "beside it");
    }
}
