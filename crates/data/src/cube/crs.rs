//! Coordinate reference systems by their texts, and positions from one to another.

use proj_core::{AxisOrder, CrsDef, Transform};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A coordinate reference system as text: `EPSG:32622` where it has a code, else WKT, PROJJSON or PROJ's
/// parameters as they came. x is the easting or longitude, whatever order an authority has.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Crs(String);

impl Crs {
    /// A system by a code (`EPSG:32622`, `32622`), WKT, PROJJSON, or parameters of PROJ. One that is not
    /// known keeps its text: images in it can be laid on a grid in it, and on no other.
    pub fn new(text: &str) -> Self {
        let text = text.trim();
        match definition(text).map(|known| known.epsg()) {
            Ok(code) if code != 0 => Self(format!("EPSG:{code}")),
            _ => Self(text.to_owned()),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Longitudes and latitudes of WGS 84, in degrees.
    pub(super) fn degrees() -> Self {
        Self("EPSG:4326".to_owned())
    }

    /// The code in EPSG's list.
    pub fn epsg(&self) -> Option<u32> {
        self.0.strip_prefix("EPSG:")?.parse().ok()
    }

    /// The system as WKT 2, where it is known.
    pub fn wkt(&self) -> Option<String> {
        proj_wkt::to_wkt2(&definition(&self.0).ok()?).ok()
    }

    /// Whether its text is understood.
    pub(super) fn is_known(&self) -> bool {
        definition(&self.0).is_ok()
    }

    /// Whether x and y are degrees.
    pub fn is_geographic(&self) -> bool {
        definition(&self.0).is_ok_and(|known| known.is_geographic())
    }

    /// Whether both are the same system.
    pub(super) fn is(&self, other: &Self) -> bool {
        self == other
            || match (definition(&self.0), definition(&other.0)) {
                (Ok(one), Ok(two)) => one.semantically_equivalent(&two),
                _ => false,
            }
    }

    /// How positions of this system become positions of another.
    ///
    /// # Errors
    /// [`Error::Invalid`] where one of them is not known, or there is no way from one to the other.
    pub(super) fn to(&self, other: &Self) -> Result<Projection> {
        if self.is(other) {
            return Ok(Projection::Same);
        }
        let transform = Transform::from_horizontal_components(&self.definition()?, &other.definition()?)
            .map_err(|error| Error::Invalid {
                what: format!("there is no way from {} to {}: {error}", self.shown(), other.shown()),
                advice: "take the coordinate reference system of the images as `crs`".to_owned(),
            })?;
        Ok(Projection::Other(Box::new(transform)))
    }

    fn definition(&self) -> Result<CrsDef> {
        definition(&self.0).map_err(|error| Error::Invalid {
            what: format!("{} is no coordinate reference system that is known: {error}", self.shown()),
            advice: "give a code of EPSG, such as EPSG:32622, or WKT".to_owned(),
        })
    }

    /// The first line of the text, for messages.
    fn shown(&self) -> String {
        self.0.lines().next().unwrap_or_default().chars().take(60).collect()
    }
}

fn definition(text: &str) -> std::result::Result<CrsDef, proj_wkt::ParseError> {
    let known = proj_wkt::parse_crs(text)?;
    Ok(known.horizontal_crs().unwrap_or(known).with_axis_order(AxisOrder::EastNorth))
}

/// From positions of one coordinate reference system to those of another.
#[derive(Debug)]
pub(super) enum Projection {
    Same,
    Other(Box<Transform>),
}

impl Projection {
    /// A position; none where the other system has none for it.
    pub(super) fn position(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        match self {
            Self::Same => Some((x, y)),
            Self::Other(transform) => {
                transform.convert((x, y)).ok().filter(|(x, y)| x.is_finite() && y.is_finite())
            }
        }
    }

    /// The bounds (least x, least y, greatest x, greatest y) of what lies within bounds: of positions
    /// along their edges and between them.
    pub(super) fn bounds(&self, [left, bottom, right, top]: [f64; 4]) -> Option<[f64; 4]> {
        const STEPS: u32 = 20;
        if matches!(self, Self::Same) {
            return Some([left, bottom, right, top]);
        }
        let along = |from: f64, to: f64, step: u32| from + (to - from) * f64::from(step) / f64::from(STEPS);
        let lattice = (0..=STEPS).flat_map(|row| (0..=STEPS).map(move |column| (column, row)));
        lattice
            .filter_map(|(column, row)| self.position(along(left, right, column), along(bottom, top, row)))
            .map(|(x, y)| [x, y, x, y])
            .reduce(around)
    }
}

/// The bounds around two.
pub(super) fn around(one: [f64; 4], other: [f64; 4]) -> [f64; 4] {
    [one[0].min(other[0]), one[1].min(other[1]), one[2].max(other[2]), one[3].max(other[3])]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_one_system_are_the_same() {
        let utm = Crs::new("EPSG:32622");
        assert_eq!(Crs::new(" 32622 "), utm);
        assert_eq!(Crs::new(&utm.wkt().unwrap()), utm);
        assert!(Crs::new("+proj=utm +zone=22 +datum=WGS84").is(&utm));
        assert!(!Crs::new("EPSG:32623").is(&utm));
        assert_eq!(utm.epsg(), Some(32622));
        assert!(Crs::new("EPSG:4326").is_geographic() && !utm.is_geographic());
    }

    #[test]
    fn what_is_not_known_is_the_same_as_itself_only() {
        let own = Crs::new("+proj=nowhere");
        assert!(matches!(own.to(&own), Ok(Projection::Same)));
        let error = own.to(&Crs::new("EPSG:32622")).unwrap_err().to_string();
        assert!(error.contains("+proj=nowhere"), "{error}");
    }

    /// By definition: the central meridian of a zone has x 500,000; half the equator is pi times 6,378,137.
    #[test]
    fn positions_are_those_of_the_definitions() {
        let to =
            |from: &str, to: &str, x, y| Crs::new(from).to(&Crs::new(to)).unwrap().position(x, y).unwrap();
        let (x, y) = to("EPSG:4326", "EPSG:32622", -51.0, 0.0);
        assert!((x - 500_000.0).abs() < 1e-4 && y.abs() < 1e-4, "{x} {y}");
        let (x, y) = to("EPSG:4326", "EPSG:3857", 180.0, 0.0);
        assert!((x - 20_037_508.342_8).abs() < 1e-3 && y.abs() < 1e-3, "{x} {y}");
    }
}
