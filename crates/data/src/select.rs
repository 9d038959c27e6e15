//! Parts of a group by what its coordinates say: values, moments of time, a box of longitudes and latitudes.
//! Only the coordinates are read; what comes of it are extents along dimensions, and so the bytes of
//! whatever is read along them.
//!
//! An extent goes from the first to the last element that fits. Along a coordinate that rises or falls
//! those between fit too; along a track, or in a swath, some between may not. Times are compared in the
//! calendar of the file (CF 4.4).

mod label;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use label::Label;

use crate::cf::{Axis, Moment, Packed, Times, as_told, whole};
use crate::dataset::{Dataset, Extent, Group, Selection, Variable};
use crate::error::{Error, Result};
use crate::geo::Bbox;
use crate::limits::Limits;
use crate::near;

/// What is wanted of a dimension or of a coordinate.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// Elements of a dimension by their positions.
    Positions(Extent),
    /// Elements whose coordinate is between two labels, both of them included; open where there is none.
    Between(Option<Label>, Option<Label>),
    /// The element whose coordinate is nearest to a number, or those within a span of time such as `2020-02`.
    At(Label),
}

/// For people.
impl fmt::Display for Wanted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Positions(extent) => write!(out, "{} elements from {} on", extent.count, extent.start),
            Self::Between(Some(from), Some(to)) => write!(out, "{from} to {to}"),
            Self::Between(Some(from), None) => write!(out, "{from} and more"),
            Self::Between(None, Some(to)) => write!(out, "at most {to}"),
            Self::Between(None, None) => out.write_str("everything"),
            Self::At(label) => label.fmt(out),
        }
    }
}

/// What is wanted of a group. All of it has to fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice {
    /// By the names of dimensions and coordinates.
    pub named: Vec<(String, Wanted)>,
    /// Within a box, in degrees; it may cross the antimeridian.
    pub bbox: Option<Bbox>,
}

/// Which elements fit, for each dimension where that was asked.
type Masks = BTreeMap<String, Vec<bool>>;

/// Finds the extents along the group's dimensions that hold what is wanted. Dimensions that nothing was
/// said of have none.
///
/// # Errors
/// [`Error::Invalid`] for names that there are not, labels that do not fit their coordinate, and where
/// nothing fits; what keeps a coordinate from being read.
pub async fn select(
    dataset: &dyn Dataset,
    path: &str,
    group: &Group,
    choice: &Choice,
) -> Result<BTreeMap<String, Extent>> {
    let mut extents = BTreeMap::new();
    let mut masks = Masks::new();
    for (name, wanted) in &choice.named {
        if let Wanted::Positions(extent) = wanted {
            extents.insert(name.clone(), positions(group, name, *extent)?);
            continue;
        }
        let coordinate = Coordinate::read(dataset, path, variable(group, name)?).await?;
        let fits = coordinate.fits(wanted)?;
        coordinate.narrow(&mut masks, &fits, &wanted.to_string())?;
    }
    if let Some(bbox) = choice.bbox {
        within(dataset, path, group, bbox, &mut masks).await?;
    }
    for (dimension, mask) in masks {
        let hull = hull(&mask).ok_or_else(|| nothing(&format!("`{dimension}`"), "all that is wanted"))?;
        if extents.insert(dimension.clone(), hull).is_some() {
            return Err(Error::Invalid {
                what: format!("`{dimension}` is chosen by positions and by a coordinate"),
                advice: "choose by one of them".to_owned(),
            });
        }
    }
    Ok(extents)
}

/// The names of the coordinates that [`select`] reads, as far as the group has them.
pub fn coordinates<'a>(group: &'a Group, choice: &Choice) -> BTreeSet<&'a str> {
    let named = choice.named.iter().filter(|(_, wanted)| !matches!(wanted, Wanted::Positions(_)));
    let named = named.filter_map(|(name, _)| group.variable(name));
    let axes = choice.bbox.map(|_| [Axis::Latitude, Axis::Longitude].map(|axis| axis.find(group)));
    named.chain(axes.into_iter().flatten().flatten()).map(|variable| variable.name.as_str()).collect()
}

/// A coordinate with its values.
struct Coordinate<'a> {
    variable: &'a Variable,
    /// Unpacked, NaN for missing ones.
    values: Vec<f64>,
    /// How it counts time, if it does.
    times: Option<Times>,
    /// Its values where they are whole numbers of 64 bits that count time: doubles have no room for nanoseconds.
    whole: Option<Vec<i64>>,
}

impl<'a> Coordinate<'a> {
    async fn read(dataset: &dyn Dataset, path: &str, variable: &'a Variable) -> Result<Self> {
        let full = format!("{}/{}", path.trim_end_matches('/'), variable.name);
        // They are compared as doubles, and, where they count time, as whole numbers.
        Limits::default().size_of_values(&variable.shape, size_of::<f64>() + size_of::<i64>())?;
        let stored = as_told(variable, dataset.read(&full, &Selection::All).await?);
        let packed = Packed::of(variable);
        let unpacked = match &packed {
            Some(packed) => packed.unpack_all(&stored),
            None => stored.as_f64(),
        };
        let values = unpacked.ok_or_else(|| Error::Invalid {
            what: format!("`{}` has no numbers, but {}", variable.name, variable.data_type),
            advice: "choose by a coordinate of numbers or of times, or by positions".to_owned(),
        })?;
        let said = |name| variable.attribute(name).and_then(|value| value.as_text());
        let times = said("units").and_then(|units| Times::parse(units, said("calendar")).ok());
        let is_plain = times.is_some() && packed.as_ref().is_none_or(Packed::is_only_missing);
        let whole = whole(&stored).filter(|_| is_plain).map(Iterator::collect);
        Ok(Self { variable, values, times, whole })
    }

    /// The moment that an element stands for.
    fn moment(&self, index: usize) -> Option<Moment> {
        let times = self.times?;
        match &self.whole {
            Some(whole) => times.moment_of_whole(*whole.get(index)?),
            None => times.moment(*self.values.get(index)?),
        }
    }

    /// Which elements are wanted.
    fn fits(&self, wanted: &Wanted) -> Result<Vec<bool>> {
        match wanted {
            Wanted::Positions(_) => Ok(vec![true; self.values.len()]),
            Wanted::Between(from, to) => self.between(from.as_ref(), to.as_ref()),
            Wanted::At(label @ Label::Time(_)) => self.between(Some(label), Some(label)),
            Wanted::At(Label::Number(number)) => Ok(self.nearest(*number)),
        }
    }

    fn between(&self, from: Option<&Label>, to: Option<&Label>) -> Result<Vec<bool>> {
        let after = from.map(|label| self.bound(label, true)).transpose()?;
        let before = to.map(|label| self.bound(label, false)).transpose()?;
        let fits = |(index, value): (usize, &f64)| {
            let moment = self.moment(index);
            let at_least = after.as_ref().is_none_or(|bound| bound.is_reached(*value, moment));
            !value.is_nan()
                && at_least
                && before.as_ref().is_none_or(|bound| bound.is_reached(*value, moment))
        };
        Ok(self.values.iter().enumerate().map(fits).collect())
    }

    fn bound(&self, label: &Label, is_lower: bool) -> Result<label::Bound> {
        if let Label::Time(text) = label
            && self.times.is_none()
        {
            return Err(Error::Invalid {
                what: format!("`{}` does not count time, and `{text}` is wanted of it", self.variable.name),
                advice: "choose by numbers; times have units such as `days since 1970-01-01`".to_owned(),
            });
        }
        label.bound(is_lower)
    }

    fn nearest(&self, number: f64) -> Vec<bool> {
        let distance = |value: &f64| (value - number).abs();
        let least =
            self.values.iter().map(distance).filter(|one| !one.is_nan()).fold(f64::INFINITY, f64::min);
        let at = self.values.iter().position(|value| distance(value) <= least);
        (0..self.values.len()).map(|index| Some(index) == at).collect()
    }

    /// Narrows the masks of the coordinate's dimensions to what has elements that fit.
    fn narrow(&self, masks: &mut Masks, fits: &[bool], wanted: &str) -> Result<()> {
        if !fits.contains(&true) {
            let (least, most) = self.span();
            let of = format!("`{}`, which goes from {least} to {most},", self.variable.name);
            return Err(nothing(&of, wanted));
        }
        project(masks, self.variable, fits);
        Ok(())
    }

    fn span(&self) -> (String, String) {
        let numbers = || self.values.iter().copied().filter(|value| !value.is_nan());
        let shown = |value: f64| match self.times.and_then(|times| times.moment(value)) {
            Some(moment) => format!("{}", moment.date),
            None => format!("{value}"),
        };
        (shown(numbers().fold(f64::NAN, f64::min)), shown(numbers().fold(f64::NAN, f64::max)))
    }
}

/// Narrows masks to the elements within a box.
async fn within(
    dataset: &dyn Dataset,
    path: &str,
    group: &Group,
    bbox: Bbox,
    masks: &mut Masks,
) -> Result<()> {
    let find = |axis: Axis, what: &str| {
        axis.find(group).ok_or_else(|| Error::Invalid {
            what: format!("{path} has no coordinate of {what}, and a box is wanted"),
            advice: "choose by the names of its own coordinates, such as x and y".to_owned(),
        })
    };
    let (north, east) = (find(Axis::Latitude, "latitude")?, find(Axis::Longitude, "longitude")?);
    let latitudes = Coordinate::read(dataset, path, north).await?;
    let longitudes = Coordinate::read(dataset, path, east).await?;
    let fits_north: Vec<bool> =
        latitudes.values.iter().map(|value| (bbox.south..=bbox.north).contains(value)).collect();
    let wanted = format!("{:?}, a box of west, south, east, north", bbox.edges());
    let fits_east: Vec<bool> = longitudes.values.iter().map(|value| is_between(*value, bbox)).collect();
    if north.dimensions == east.dimensions && fits_north.len() == fits_east.len() {
        // Positions of a track or a swath: both of the same element.
        let both: Vec<bool> =
            fits_north.iter().zip(&fits_east).map(|(north, east)| *north && *east).collect();
        return latitudes.narrow(masks, &both, &wanted);
    }
    latitudes.narrow(masks, &fits_north, &wanted)?;
    longitudes.narrow(masks, &fits_east, &wanted)
}

/// Whether a longitude lies in a box, however often it goes around the Earth.
fn is_between(longitude: f64, bbox: Bbox) -> bool {
    let width = bbox.east - bbox.west;
    let width = if width < 0.0 { width + 360.0 } else { width };
    (longitude - bbox.west).rem_euclid(360.0) <= width
}

/// Narrows the mask of each dimension to the elements along it of which some fit.
fn project(masks: &mut Masks, variable: &Variable, fits: &[bool]) {
    let mut behind = 1;
    for (dimension, length) in variable.dimensions.iter().zip(&variable.shape).rev() {
        let length = usize::try_from(*length).unwrap_or(usize::MAX).max(1);
        let mut some = vec![false; length.min(fits.len())];
        for (index, fits) in fits.iter().enumerate() {
            some[index / behind % length] |= *fits;
        }
        behind *= length;
        match masks.get_mut(dimension) {
            Some(mask) => mask.iter_mut().zip(some).for_each(|(held, some)| *held &= some),
            None => drop(masks.insert(dimension.clone(), some)),
        }
    }
}

/// From the first to the last that fits.
fn hull(mask: &[bool]) -> Option<Extent> {
    let first = mask.iter().position(|fits| *fits)?;
    let last = mask.iter().rposition(|fits| *fits)?;
    Some(Extent { start: first as u64, count: (last - first + 1) as u64, step: 1 })
}

/// Positions that are inside the dimension.
fn positions(group: &Group, name: &str, extent: Extent) -> Result<Extent> {
    let lengths = lengths(group);
    let Some(length) = lengths.get(name) else {
        let names: Vec<String> = lengths.into_keys().collect();
        return Err(near::no_such("dimension", name, name, &names));
    };
    Selection::Box(vec![extent]).of(&[*length]).map(|_| extent)
}

/// The lengths of the dimensions that variables of a group have.
fn lengths(group: &Group) -> BTreeMap<String, u64> {
    let of = |variable: &Variable| -> Vec<(String, u64)> {
        variable.dimensions.iter().cloned().zip(variable.shape.iter().copied()).collect()
    };
    group.variables.iter().flat_map(of).collect()
}

fn variable<'a>(group: &'a Group, name: &str) -> Result<&'a Variable> {
    group.variable(name).ok_or_else(|| {
        let names: Vec<String> = group.variables.iter().map(|variable| variable.name.clone()).collect();
        near::no_such("coordinate", name, name, &names)
    })
}

fn nothing(of: &str, wanted: &str) -> Error {
    Error::Invalid {
        what: format!("nothing of {of} fits {wanted}"),
        advice: "choose more, or look at the coordinate's values".to_owned(),
    }
}

#[cfg(test)]
mod tests;
