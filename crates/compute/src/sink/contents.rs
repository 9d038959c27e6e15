//! What is written with the values of a result: names, attributes, coordinates.

use frazil_data::dataset::{Attribute, Values};

use crate::block::ElementType;
use crate::error::{Error, Result};
use crate::expression::{Dimension, Expression};
use crate::source::element;

/// What speaks of numbers as they were stored, which a result's are no more.
const OF_STORED: [&str; 9] = [
    "dtype",
    "scale_factor",
    "add_offset",
    "_FillValue",
    "missing_value",
    "_Unsigned",
    "valid_min",
    "valid_max",
    "valid_range",
];

/// What a file or store with a result holds: the result as a variable, its coordinates, and what is said of
/// them. Of floats, missing values are NaN, and `_FillValue` says so.
#[derive(Clone, Debug, PartialEq)]
pub struct Contents {
    name: String,
    dimensions: Vec<Dimension>,
    element: ElementType,
    attributes: Vec<Attribute>,
    coordinates: Vec<Coordinate>,
    global: Vec<Attribute>,
}

/// An array that is written whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Coordinate {
    /// Its name: that of a dimension, for the coordinates along it.
    pub name: String,
    /// The names of its dimensions.
    pub dimensions: Vec<String>,
    /// Its numbers.
    pub values: Values,
    /// What is said of it.
    pub attributes: Vec<Attribute>,
}

impl Contents {
    /// The result of an expression that reduces nothing, under the name of its array.
    ///
    /// # Errors
    /// [`Error::Invalid`] for names that files do not have, and for what is reduced.
    pub fn of(expression: &Expression) -> Result<Self> {
        if expression.reduction().is_some() {
            return Err(Error::invalid(
                "what is reduced is not written as it is computed",
                "write the output of its run",
            ));
        }
        let (name, dimensions) = (expression.array().name().to_owned(), expression.dimensions());
        check(&name)?;
        dimensions.iter().try_for_each(|dimension| check(&dimension.name))?;
        let element = expression.element();
        let (attributes, coordinates, global) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { name, dimensions, element, attributes, coordinates, global })
    }

    /// The same under another name.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name that files do not have, and for that of a coordinate.
    pub fn named(mut self, name: impl Into<String>) -> Result<Self> {
        self.name = name.into();
        check(&self.name)?;
        if self.coordinates.iter().any(|own| own.name == self.name) {
            return Err(twice(&self.name));
        }
        Ok(self)
    }

    /// The same, of which more is said. What speaks of numbers as they were stored is left out: scale, offset,
    /// what stands for missing ones, and the range of valid ones.
    #[must_use]
    pub fn with_attributes(mut self, attributes: impl IntoIterator<Item = Attribute>) -> Self {
        let said = attributes.into_iter().filter(|said| !OF_STORED.contains(&said.name.as_str()));
        self.attributes.extend(said);
        self
    }

    /// The same, with attributes of the whole file or store.
    #[must_use]
    pub fn with_global(mut self, attributes: impl IntoIterator<Item = Attribute>) -> Self {
        self.global.extend(attributes);
        self
    }

    /// The same with a coordinate.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name that is there already or that files do not have, for other dimensions or
    /// lengths than those of the result, and for what are no numbers.
    pub fn with_coordinate(mut self, coordinate: Coordinate) -> Result<Self> {
        let Coordinate { name, dimensions, values, .. } = &coordinate;
        check(name)?;
        if *name == self.name || self.coordinates.iter().any(|other| other.name == *name) {
            return Err(twice(name));
        }
        let shape: Option<Vec<u64>> = dimensions
            .iter()
            .map(|name| self.dimensions.iter().find(|own| own.name == *name).map(|own| own.length))
            .collect();
        if shape.as_ref() != Some(&values.shape) {
            return Err(Error::invalid(
                format!("`{name}` of {:?} does not lie along {dimensions:?} of the result", values.shape),
                format!("the result has {:?}", self.dimensions),
            ));
        }
        let bytes = element(&values.data_type).map(|element| element.size() as u64 * values.count());
        if bytes != Some(values.bytes.len() as u64) {
            return Err(Error::invalid(
                format!("`{name}` is of {}, which is not written", values.data_type),
                "give a coordinate whole numbers or floats of 32 or 64 bits, or none",
            ));
        }
        self.coordinates.push(coordinate);
        Ok(self)
    }

    /// What the result is called.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// Elements of the result along each axis.
    pub(super) fn shape(&self) -> Vec<u64> {
        self.dimensions.iter().map(|dimension| dimension.length).collect()
    }

    pub(super) fn element(&self) -> ElementType {
        self.element
    }

    /// What is said of the result.
    pub(super) fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The coordinates, and what their elements are.
    pub(super) fn coordinates(&self) -> impl Iterator<Item = (&Coordinate, ElementType)> {
        self.coordinates.iter().filter_map(|own| Some((own, element(&own.values.data_type)?)))
    }

    pub(super) fn global(&self) -> &[Attribute] {
        &self.global
    }

    /// How many elements the result has.
    pub(super) fn count(&self) -> Result<u64> {
        let shape = self.shape();
        if shape.contains(&0) {
            return Ok(0);
        }
        let bytes =
            shape.iter().try_fold(self.element.size() as u64, |bytes, length| bytes.checked_mul(*length));
        let too_large =
            || Error::invalid(format!("a result of {shape:?} has too many elements"), "take a smaller part");
        Ok(bytes.ok_or_else(too_large)? / self.element.size() as u64)
    }
}

/// That two arrays have one name.
fn twice(name: &str) -> Error {
    Error::invalid(format!("`{name}` is there twice"), "give each array a name of its own")
}

/// A name that Zarr and NetCDF both have: of one folder, without signs that nobody sees.
fn check(name: &str) -> Result<()> {
    let is_odd = name.is_empty()
        || name.chars().all(|sign| sign == '.')
        || name.contains('/')
        || name.contains(char::is_control)
        || name.trim() != name
        || name.starts_with("__")
        || name == "zarr.json"
        || name.len() > 250;
    if is_odd {
        return Err(Error::invalid(
            format!("{name:?} is no name for an array or a dimension of a file"),
            "give it a name of letters, digits and underscores",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use frazil_data::dataset::DataType;

    use super::*;
    use crate::expression::Array;

    fn contents() -> Contents {
        let array = Array::new("t", &[("time", 2), ("x", 3)], ElementType::F32, None).unwrap();
        Contents::of(&Expression::of(array)).unwrap()
    }

    fn coordinate(name: &str, dimension: &str, values: Values) -> Coordinate {
        let dimensions = vec![dimension.to_owned()];
        Coordinate { name: name.to_owned(), dimensions, values, attributes: Vec::new() }
    }

    #[test]
    fn coordinates_lie_along_the_result() {
        let three = Values::numbers(DataType::F64, vec![3], &[1.0, 2.0, 3.0]);
        let with = contents().with_coordinate(coordinate("x", "x", three.clone())).unwrap();
        assert!(with.clone().named("x").is_err());
        assert!(with.with_coordinate(coordinate("x", "x", three.clone())).is_err());
        assert!(contents().with_coordinate(coordinate("t", "x", three.clone())).is_err());
        assert!(contents().with_coordinate(coordinate("x", "time", three.clone())).is_err());
        assert!(contents().with_coordinate(coordinate("x", "y", three)).is_err());
        let texts = Values {
            data_type: DataType::Text,
            shape: vec![3],
            texts: vec![String::new(); 3],
            ..Values::text("")
        };
        assert!(contents().with_coordinate(coordinate("x", "x", texts)).is_err());
    }

    #[test]
    fn names_are_those_of_files() {
        for name in ["", ".", "..", "a/b", "a\n", " a", "__a", "zarr.json", &"a".repeat(251)] {
            assert!(contents().named(name).is_err(), "{name:?}");
        }
        assert!(contents().named("größe_2 m").is_ok());
    }

    #[test]
    fn what_was_said_of_stored_numbers_is_left_out() {
        let said = |name: &str| Attribute { name: name.to_owned(), value: Values::text("m") };
        let contents =
            contents().with_attributes(["units", "scale_factor", "valid_range", "dtype"].map(said));
        assert_eq!(contents.attributes(), [said("units")]);
    }
}
