//! A group with its variables, as [`crate::dataset`] holds it.

use std::collections::HashSet;
use std::sync::Arc;

use hdf5_reader::error::Error as ReaderError;
use hdf5_reader::messages::layout::DataLayout;

use super::array::{Array, Described};
use super::dimensions::{self, Named};
use super::filters;
use super::values::values;
use super::view::{Found, Object, View};
use crate::dataset::{Attribute, Group, Values, Variable};
use crate::passes::{Step, Stop};

/// Groups lie in groups no deeper than this.
const DEEPEST: usize = 200;

/// netCDF-4 stores a variable that is called as a dimension, but is not its scale, under this name.
const NOT_A_SCALE: &str = "_nc4_non_coord_";

/// netCDF-4 calls the scale of a dimension that has no variable so.
const NO_VARIABLE: &str = "This is a netCDF dimension but not a netCDF variable";

/// A name that netCDF-4 shows for the name of a link.
pub(crate) fn shown(name: &str) -> &str {
    name.strip_prefix(NOT_A_SCALE).unwrap_or(name)
}

/// The name of the link of a variable that netCDF-4 had to store under another name.
pub(crate) fn stored(name: &str) -> String {
    format!("{NOT_A_SCALE}{name}")
}

/// A group with what lies in it, and, when `deep`, all groups below. What a link of another file
/// names is not shown, nor a link that leads nowhere, nor what is stored in a way that is not read, such as a virtual
/// array: who asks for that by its path is told why. A group that lies in several is shown whole in the first.
///
/// # Errors
/// What the reader says; [`Stop::Missed`] once all that can be looked at was.
pub(crate) fn group(view: &View, found: &Found, name: &str, deep: bool) -> Step<Group> {
    one(view, found, name, deep, &mut HashSet::new())
}

/// A link's object, with what is said of it.
enum Member {
    Group(Group),
    Array(u64, Arc<Array>, Arc<Described>),
}

fn one(view: &View, found: &Found, name: &str, deep: bool, seen: &mut HashSet<u64>) -> Step<Group> {
    if found.above.len() > DEEPEST {
        return Err(Stop::wrong(format!("groups in groups, more than {DEEPEST} deep")));
    }
    seen.insert(found.place);
    let described = view.pass.attempt(|| view.described(found.place))?;
    let mut group = Group { name: name.to_owned(), ..Group::default() };
    let mut arrays: Vec<(Named, Arc<Array>)> = Vec::new();
    let mut is_whole = true;
    for link in view.links(found.place)?.iter() {
        let member = view.pass.attempt(|| {
            let Some(child) = view.follow_link(found, &link.target)? else { return Ok(None) };
            match member(view, &child, &link.name, deep, seen) {
                Err(Stop::Reader(error)) if is_not_read(&error) => Ok(None),
                member => member,
            }
        })?;
        match member {
            Some(Some(Member::Group(child))) => {
                view.hold(size_of::<Group>() + link.name.len())?;
                group.groups.push(child);
            }
            Some(Some(Member::Array(place, array, described))) => {
                // An array that lies in many groups, or many times in one, is told each time with all that it has.
                view.hold(size_of::<Variable>() + link.name.len() + bytes_of(&described.attributes))?;
                let named = Named::new(link.name.clone(), place, &array, described);
                arrays.push((named, array));
            }
            Some(None) => {}
            None => is_whole = false,
        }
    }
    let Some(described) = described.filter(|_| is_whole) else { return Err(Stop::Missed) };
    group.attributes.clone_from(&described.attributes);
    let members: Vec<&Named> = arrays.iter().map(|(named, _)| named).collect();
    let (dimensions, names) = dimensions::of(view, found, &members)?;
    let shapes = dimensions::shapes(view, &members, &names, &dimensions)?;
    group.dimensions = dimensions;
    for ((named, array), (dimensions, shape)) in arrays.iter().zip(names.into_iter().zip(shapes)) {
        if !named.described.scales.name.as_ref().is_some_and(|name| name.starts_with(NO_VARIABLE)) {
            group.variables.push(Variable { shape, ..variable(named, array, dimensions) });
        }
    }
    Ok(group)
}

fn member(
    view: &View,
    child: &Found,
    name: &str,
    deep: bool,
    seen: &mut HashSet<u64>,
) -> Step<Option<Member>> {
    Ok(match view.object(child.place)? {
        Object::Group(_) if deep && !seen.contains(&child.place) => {
            Some(Member::Group(one(view, child, name, deep, seen)?))
        }
        Object::Group(_) => Some(Member::Group(Group { name: name.to_owned(), ..Group::default() })),
        Object::Array(array) => Some(Member::Array(child.place, array, view.described(child.place)?)),
        Object::Other => None,
    })
}

/// Whether an object is stored in a way that is not read: as a virtual array, in other files, with an attribute of a
/// named type.
fn is_not_read(error: &ReaderError) -> bool {
    const VIRTUAL: u8 = 3;
    matches!(error, ReaderError::UnsupportedLayoutClass(VIRTUAL) | ReaderError::UnsupportedEncoding(_))
}

/// About how much memory attributes take.
fn bytes_of(attributes: &[Attribute]) -> usize {
    let texts =
        |value: &Values| -> usize { value.texts.iter().map(|text| size_of::<String>() + text.len()).sum() };
    let one = |attribute: &Attribute| {
        size_of::<Attribute>() + attribute.name.len() + attribute.value.bytes.len() + texts(&attribute.value)
    };
    attributes.iter().map(one).sum()
}

fn variable(named: &Named, array: &Array, dimensions: Vec<String>) -> Variable {
    let chunks = match &array.layout {
        DataLayout::Chunked { dims, .. } => Some(
            dims.iter().map(|length| u64::from(*length)).chain(array.element.inner.iter().copied()).collect(),
        ),
        _ => None,
    };
    let order = array.element.order().map(str::to_owned);
    Variable {
        name: shown(&named.name).to_owned(),
        data_type: array.element.data_type.clone(),
        is_char: array.element.is_char(),
        shape: array.whole_shape(),
        dimensions,
        chunks,
        filters: order.into_iter().chain(array.filters.iter().map(filters::described)).collect(),
        fill: fill(array),
        attributes: named.described.attributes.clone(),
    }
}

/// The value of what was never written; none where it would be a reference to a heap.
pub(crate) fn fill(array: &Array) -> Option<Values> {
    let stored = array.fill.clone()?;
    values(&array.element, &[], stored, &mut |_, _| Err(Stop::wrong("a fill value in a heap"))).ok()
}
