//! Names for dimensions, from the scales that HDF5 and netCDF-4 attach to them; and, where there are
//! none, as netCDF-C and h5netcdf make them up.
//!
//! A dimension without a scale is taken for one of its group that has the same length, is unlimited
//! as it is, and does not serve the same variable already; else it becomes `phony_dim_0` and on,
//! counted in its group, so that no other group has to be read to know a name.

use std::collections::HashMap;
use std::sync::Arc;

use super::array::{Array, Described};
use super::links::Target;
use super::tree::shown;
use super::view::{Found, Object, View};
use crate::dataset::Dimension;
use crate::passes::Step;

/// An array of a group, for the names of its dimensions.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) place: u64,
    /// Each dimension's length, and whether it is unlimited.
    lengths: Vec<(u64, bool)>,
    pub(crate) described: Arc<Described>,
}

impl Named {
    pub(crate) fn new(name: String, place: u64, array: &Array, described: Arc<Described>) -> Self {
        Self {
            name,
            place,
            lengths: array.whole_shape().into_iter().zip(array.unlimited()).collect(),
            described,
        }
    }

    fn is_scale(&self) -> bool {
        self.described.scales.is_scale && !self.lengths.is_empty()
    }

    /// How long the scale of an unlimited dimension is that a group above declares.
    fn above(&self, view: &View, axis: usize) -> Step<Option<u64>> {
        let Some(Some(place)) = self.described.scales.of_dimensions.get(axis) else { return Ok(None) };
        let Object::Array(scale) = view.object(*place)? else { return Ok(None) };
        Ok(match (scale.shape.as_slice(), scale.unlimited().as_slice()) {
            ([length], [true]) => Some(*length),
            _ => None,
        })
    }

    /// The dimension whose scale this is.
    fn dimension(&self) -> Dimension {
        let scales = &self.described.scales;
        let own = scales.numbers.iter().position(|number| Some(*number) == scales.number).unwrap_or(0);
        let (length, is_unlimited) = self.lengths.get(own).copied().unwrap_or_default();
        Dimension { name: self.name.clone(), length, is_unlimited }
    }
}

/// The dimensions that a group declares, and the names of each array's dimensions.
///
/// # Errors
/// What the reader says of the groups above.
pub(crate) fn of(view: &View, group: &Found, arrays: &[&Named]) -> Step<(Vec<Dimension>, Vec<Vec<String>>)> {
    let mut dimensions: Vec<Dimension> =
        arrays.iter().filter(|array| array.is_scale()).map(|array| array.dimension()).collect();
    let scaled = arrays.iter().map(|array| scaled(view, group, arrays, array)).collect::<Step<Vec<_>>>()?;
    grow(&mut dimensions, arrays, &scaled);
    let mut phony = 0;
    let mut names = Vec::new();
    for (array, scaled) in arrays.iter().zip(scaled) {
        let mut of_array: Vec<String> = Vec::new();
        for (axis, name) in scaled.iter().enumerate() {
            let name = name.clone().unwrap_or_else(|| {
                unscaled(array.lengths[axis], &mut dimensions, &mut phony, |name| {
                    of_array.iter().any(|other| other == name)
                        || scaled.iter().flatten().any(|other| other == name)
                })
            });
            of_array.push(name);
        }
        names.push(of_array);
    }
    Ok((dimensions, names))
}

/// An unlimited dimension is as long as the longest array along it: netCDF-C does not always let its
/// scale grow with them.
fn grow(dimensions: &mut [Dimension], arrays: &[&Named], scaled: &[Vec<Option<String>>]) {
    for dimension in dimensions.iter_mut().filter(|dimension| dimension.is_unlimited) {
        for (array, names) in arrays.iter().zip(scaled) {
            for ((length, is_unlimited), name) in array.lengths.iter().zip(names) {
                if *is_unlimited && name.as_ref() == Some(&dimension.name) {
                    dimension.length = dimension.length.max(*length);
                }
            }
        }
    }
}

/// The shape of each array: along an unlimited dimension it is as long as the dimension, also where less of it was
/// written. How long a dimension of a group above is, its scale tells, and the arrays of this group.
///
/// # Errors
/// What the reader says of scales above.
pub(crate) fn shapes(
    view: &View,
    arrays: &[&Named],
    names: &[Vec<String>],
    dimensions: &[Dimension],
) -> Step<Vec<Vec<u64>>> {
    let declared = |name: &str| dimensions.iter().find(|dimension| dimension.name == name);
    let mut grown: HashMap<&str, u64> = HashMap::new();
    for (array, names) in arrays.iter().zip(names) {
        for (axis, name) in names.iter().enumerate().filter(|(axis, _)| array.lengths[*axis].1) {
            let length = match declared(name) {
                Some(dimension) if dimension.is_unlimited => Some(dimension.length),
                Some(_) => None,
                None => array.above(view, axis)?.map(|length| length.max(array.lengths[axis].0)),
            };
            if let Some(length) = length {
                let held = grown.entry(name.as_str()).or_default();
                *held = length.max(*held);
            }
        }
    }
    let length = |((length, is_unlimited), name): (&(u64, bool), &String)| {
        grown.get(name.as_str()).filter(|_| *is_unlimited).copied().unwrap_or_default().max(*length)
    };
    Ok(arrays
        .iter()
        .zip(names)
        .map(|(array, names)| array.lengths.iter().zip(names).map(length).collect())
        .collect())
}

/// The names of an array's dimensions as far as scales give them.
fn scaled(view: &View, group: &Found, arrays: &[&Named], array: &Named) -> Step<Vec<Option<String>>> {
    let scales = &array.described.scales;
    let rank = array.lengths.len();
    let mut names = vec![None; rank];
    if array.is_scale() && scales.numbers.len() == rank {
        for (name, number) in names.iter_mut().zip(&scales.numbers) {
            let is_it = |other: &&&Named| other.is_scale() && other.described.scales.number == Some(*number);
            *name = arrays.iter().find(is_it).map(|other| other.name.clone());
        }
    }
    if array.is_scale() && rank == 1 {
        names[0] = Some(array.name.clone());
    }
    for (name, scale) in names.iter_mut().zip(&scales.of_dimensions) {
        if let (None, Some(place)) = (&name, scale) {
            *name = name_of(view, group, arrays, *place)?;
        }
    }
    Ok(names)
}

/// The name of the scale at a place: in this group, in those above, or as it calls itself.
fn name_of(view: &View, group: &Found, arrays: &[&Named], place: u64) -> Step<Option<String>> {
    if let Some(array) = arrays.iter().find(|array| array.place == place) {
        return Ok(Some(array.name.clone()));
    }
    for above in group.above.iter().rev() {
        let links = view.links(*above)?;
        if let Some(link) = links.iter().find(|link| link.target == Target::Place(place)) {
            return Ok(Some(shown(&link.name).to_owned()));
        }
    }
    Ok(view.described(place)?.scales.name.clone())
}

fn unscaled(
    (length, is_unlimited): (u64, bool),
    dimensions: &mut Vec<Dimension>,
    phony: &mut usize,
    is_taken: impl Fn(&str) -> bool,
) -> String {
    let fits = |dimension: &&Dimension| {
        dimension.length == length && dimension.is_unlimited == is_unlimited && !is_taken(&dimension.name)
    };
    if let Some(dimension) = dimensions.iter().find(fits) {
        return dimension.name.clone();
    }
    let name = format!("phony_dim_{phony}");
    *phony += 1;
    dimensions.push(Dimension { name: name.clone(), length, is_unlimited });
    name
}
