//! What the Climate and Forecast conventions say of values: packed numbers, missing ones, times in
//! calendars, and which variables are coordinates.
//!
//! Source: NetCDF Climate and Forecast (CF) Metadata Conventions 1.12, 4.4 (time), 8.1 (packed
//! data), 2.5.1 (missing data), 4.1 and 4.2 (latitude, longitude). Where they leave room, as xarray does.

mod calendar;
mod decode;
mod packed;
mod time;

pub use calendar::{Calendar, Date};
pub(crate) use decode::whole;
pub use decode::{Decoded, decode};
pub(crate) use packed::as_told;
pub use packed::{Packed, stored_as};
pub use time::{Moment, Times};

use crate::dataset::{Group, Variable};

/// What a coordinate measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Degrees north.
    Latitude,
    /// Degrees east.
    Longitude,
    /// Moments.
    Time,
}

/// Spellings of the units of latitude (CF 4.1).
const NORTH: [&str; 6] = ["degrees_north", "degree_north", "degree_n", "degrees_n", "degreen", "degreesn"];
/// Spellings of the units of longitude (CF 4.2).
const EAST: [&str; 6] = ["degrees_east", "degree_east", "degree_e", "degrees_e", "degreee", "degreese"];

impl Axis {
    /// What a variable measures, by its `standard_name`, its units, or, where it says neither, its
    /// name. A packed one too: what it measures does not depend on how.
    pub fn of(variable: &Variable) -> Option<Self> {
        let said = |name| variable.attribute(name).and_then(|value| value.as_text()).map(str::to_lowercase);
        let standard = said("standard_name");
        let units = said("units");
        match (standard.as_deref(), units.as_deref()) {
            (Some("latitude"), _) => return Some(Self::Latitude),
            (Some("longitude"), _) => return Some(Self::Longitude),
            (Some("time"), _) => return Some(Self::Time),
            (Some(_), _) => return None,
            (None, Some(units)) if NORTH.contains(&units) => return Some(Self::Latitude),
            (None, Some(units)) if EAST.contains(&units) => return Some(Self::Longitude),
            (None, Some(units)) if Times::parse(units, None).is_ok() => return Some(Self::Time),
            _ => (),
        }
        match variable.name.to_lowercase().as_str() {
            "lat" | "latitude" => Some(Self::Latitude),
            "lon" | "longitude" => Some(Self::Longitude),
            "time" => Some(Self::Time),
            _ => None,
        }
    }

    /// The group's coordinate that measures this: the one over its own dimension where there are several.
    pub fn find(self, group: &Group) -> Option<&Variable> {
        let all = || group.variables.iter().filter(|variable| Self::of(variable) == Some(self));
        all().find(|variable| variable.dimensions == [variable.name.as_str()]).or_else(|| all().next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Attribute, DataType, Values};

    fn variable(name: &str, said: &[(&str, &str)]) -> Variable {
        let attributes = said
            .iter()
            .map(|(name, text)| Attribute { name: (*name).to_owned(), value: Values::text(*text) })
            .collect();
        Variable {
            name: name.to_owned(),
            data_type: DataType::F64,
            is_char: false,
            shape: vec![1],
            dimensions: vec![name.to_owned()],
            chunks: None,
            filters: Vec::new(),
            fill: None,
            attributes,
        }
    }

    #[test]
    fn axes_are_known_by_what_is_said_before_their_names() {
        assert_eq!(Axis::of(&variable("y", &[("units", "degrees_north")])), Some(Axis::Latitude));
        assert_eq!(Axis::of(&variable("x", &[("standard_name", "longitude")])), Some(Axis::Longitude));
        assert_eq!(Axis::of(&variable("t", &[("units", "days since 1970-01-01")])), Some(Axis::Time));
        assert_eq!(Axis::of(&variable("lat", &[])), Some(Axis::Latitude));
        assert_eq!(Axis::of(&variable("lat", &[("standard_name", "projection_y_coordinate")])), None);
        assert_eq!(Axis::of(&variable("h_ph", &[("units", "meters")])), None);
    }

    #[test]
    fn the_coordinate_of_a_dimension_goes_before_others() {
        let mut other = variable("reference_lat", &[("units", "degrees_north")]);
        other.dimensions = vec!["segment".to_owned()];
        let group = Group { variables: vec![other, variable("lat", &[])], ..Group::default() };
        assert_eq!(Axis::Latitude.find(&group).unwrap().name, "lat");
    }
}
