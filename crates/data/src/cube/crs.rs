//! Coordinate reference systems by their texts, and positions from one to another.

use proj_core::{AxisOrder, CrsDef, Transform};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Most bytes of a text that is read as a coordinate reference system.
const LONGEST: usize = 64 << 10;
/// How deep its brackets may be nested: who reads them goes one call deeper for each.
const DEEPEST: usize = 64;

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
    if text.len() > LONGEST || depth(text) > DEEPEST {
        let what = format!("it is longer than {LONGEST} bytes, or nested more than {DEEPEST} deep");
        return Err(proj_wkt::ParseError::Parse(what));
    }
    let known = proj_wkt::parse_crs(text)?;
    Ok(known.horizontal_crs().unwrap_or(known).with_axis_order(AxisOrder::EastNorth))
}

/// How deep brackets are nested, at most. Those in quotes only ever open, so that no text is deeper than it looks.
fn depth(text: &str) -> usize {
    let (mut depth, mut most, mut is_quoted) = (0_usize, 0, false);
    for byte in text.bytes() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'[' => depth += 1,
            b']' if !is_quoted => depth = depth.saturating_sub(1),
            _ => (),
        }
        most = most.max(depth);
    }
    most
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

    /// The bounds (least x, least y, greatest x, greatest y) of what lies within bounds: of positions along
    /// their edges and between them, and further on from those of them that lie outermost. In degrees, what has a pole
    /// inside has all longitudes, and so has what lies across the antimeridian.
    pub(super) fn bounds(&self, within: [f64; 4]) -> Option<[f64; 4]> {
        let Self::Other(transform) = self else { return Some(within) };
        let [left, bottom, right, top] = within;
        let at = |[across, up]: [f64; 2]| {
            self.position(left + (right - left) * across, bottom + (top - bottom) * up)
        };
        let part = |step: u32| f64::from(step) / f64::from(STEPS);
        let line = |row| (0..=STEPS).map(|column| at([part(column), part(row)])).collect();
        let lattice: Vec<Vec<Position>> = (0..=STEPS).map(line).collect();
        let furthest = |toward: fn((f64, f64)) -> f64| {
            let places = (0..=STEPS).flat_map(|row| (0..=STEPS).map(move |column| [part(column), part(row)]));
            let known = places.zip(lattice.iter().flatten());
            let values = known.filter_map(|(place, position)| Some((place, toward((*position)?))));
            let outermost = values.max_by(|one, other| one.1.total_cmp(&other.1))?;
            Some(further(outermost, part(1), |place| at(place).map(toward)))
        };
        let mut found =
            [-furthest(|(x, _)| -x)?, -furthest(|(_, y)| -y)?, furthest(|(x, _)| x)?, furthest(|(_, y)| y)?];
        if transform.target_crs().is_geographic() {
            let poles = poles(transform, within);
            if has_jump(&lattice, 180.0) || poles.iter().any(|(_, is_inside)| *is_inside) {
                (found[0], found[2]) = (-180.0, 180.0);
            }
            for (latitude, _) in poles {
                (found[1], found[3]) = (found[1].min(latitude), found[3].max(latitude));
            }
        }
        Some(found)
    }
}

/// A position, where there is one.
pub(super) type Position = Option<(f64, f64)>;

/// Positions between edges that are computed to find bounds.
const STEPS: u32 = 20;

/// How often the distance between them is halved then.
const ROUNDS: u32 = 12;

/// The greatest value near a place that has the greatest of all that lie so far from each other.
fn further(
    (mut place, mut most): ([f64; 2], f64),
    mut step: f64,
    value: impl Fn([f64; 2]) -> Option<f64>,
) -> f64 {
    for _ in 0..ROUNDS {
        step /= 2.0;
        let [across, up] = place;
        for (right, higher) in (0..9).map(|side| (f64::from(side % 3 - 1), f64::from(side / 3 - 1))) {
            let there = [(across + right * step).clamp(0.0, 1.0), (up + higher * step).clamp(0.0, 1.0)];
            if let Some(found) = value(there).filter(|found| *found > most) {
                (place, most) = (there, found);
            }
        }
    }
    most
}

/// Whether neighbours among positions are further apart than so much along x: a seam lies between them.
pub(super) fn has_jump(lattice: &[Vec<Position>], most: f64) -> bool {
    let is_far = |one: &Position, other: &Position| {
        one.zip(*other).is_some_and(|((one, _), (other, _))| (one - other).abs() > most)
    };
    let along = lattice.iter().any(|line| line.windows(2).any(|pair| is_far(&pair[0], &pair[1])));
    let mut lines = lattice.windows(2);
    along || lines.any(|pair| pair[0].iter().zip(&pair[1]).any(|(one, other)| is_far(one, other)))
}

/// The latitudes of the poles that bounds have, and whether they are inside them: those that are one position,
/// and not a line of them, in the system that positions come from.
fn poles(transform: &Transform, [left, bottom, right, top]: [f64; 4]) -> Vec<(f64, bool)> {
    let Some(back) = Some(transform).filter(|way| !way.source_crs().is_geographic()) else {
        return Vec::new();
    };
    let Ok(back) = back.inverse() else { return Vec::new() };
    let near = 1e-6 * (right - left).max(top - bottom);
    let one = |latitude: f64| {
        let places = [0.0, 120.0, -120.0].map(|longitude| back.convert((longitude, latitude)).ok());
        let [Some((x, y)), Some(one), Some(other)] = places else { return None };
        let is_one = [one, other].iter().all(|there| (there.0 - x).hypot(there.1 - y) < near);
        let depth = (x - left).min(right - x).min(y - bottom).min(top - y);
        (is_one && depth >= -near).then_some((latitude, depth > near))
    };
    [-90.0, 90.0].into_iter().filter_map(one).collect()
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

    /// North and south of them the Earth has one position at each pole, whatever the longitude.
    #[test]
    fn a_pole_inside_is_in_the_bounds() {
        let to_degrees = Crs::new("EPSG:3413").to(&Crs::degrees()).unwrap();
        let bounds = to_degrees.bounds([-3_850_000.0, -5_350_000.0, 3_750_000.0, 5_850_000.0]).unwrap();
        assert_eq!((bounds[0], bounds[2], bounds[3]), (-180.0, 180.0, 90.0));
        let beside = to_degrees.bounds([100_000.0, -900_000.0, 900_000.0, -100_000.0]).unwrap();
        assert!(beside[3] < 89.0 && beside[2] - beside[0] < 80.0, "{beside:?}");
        let corner = to_degrees.bounds([0.0, -900_000.0, 900_000.0, 0.0]).unwrap();
        assert!((corner[3] - 90.0).abs() < 1e-9 && corner[2] - corner[0] < 91.0, "{corner:?}");
        let south =
            Crs::new("EPSG:3031").to(&Crs::degrees()).unwrap().bounds([-1e6, -1e6, 1e6, 1e6]).unwrap();
        assert_eq!((south[0], south[1], south[2]), (-180.0, -90.0, 180.0));
        // UTM across the antimeridian, and a cylinder, whose poles are lines.
        let across = Crs::new("EPSG:32601").to(&Crs::degrees()).unwrap();
        let across = across.bounds([100_000.0, 0.0, 300_000.0, 100_000.0]).unwrap();
        assert_eq!((across[0], across[2]), (-180.0, 180.0));
        let flat = Crs::new("EPSG:3857").to(&Crs::degrees()).unwrap().bounds([0.0, 0.0, 1e6, 1e6]).unwrap();
        assert!(flat[0].abs() < 1e-9 && flat[2] < 9.0 && flat[3] < 9.0, "{flat:?}");
    }

    /// A circle of latitude reaches as far along all axes.
    #[test]
    fn a_box_around_a_pole_reaches_the_axes() {
        let projection = Crs::degrees().to(&Crs::new("EPSG:3413")).unwrap();
        let radius = projection.position(-45.0, 60.0).unwrap().1.abs();
        let bounds = projection.bounds([-180.0, 60.0, 180.0, 90.0]).unwrap();
        for (side, sign) in bounds.into_iter().zip([-1.0, -1.0, 1.0, 1.0]) {
            assert!((side - sign * radius).abs() < 1e-6 * radius, "{bounds:?} {radius}");
        }
        // Web Mercator ends before the pole does.
        let mercator = Crs::degrees().to(&Crs::new("EPSG:3857")).unwrap();
        let top = mercator.bounds([-180.0, -90.0, 180.0, 90.0]).unwrap()[3];
        assert!((top - mercator.position(0.0, 85.05).unwrap().1).abs() < 20_000.0, "{top}");
    }

    #[test]
    fn texts_without_end_are_no_systems() {
        let own = "GEOGCS[\"x\",DATUM[\"WGS_1984\",SPHEROID[\"WGS 84\",6378137,298.257223563]]]".to_owned();
        let bound = |inner: String| {
            let shift =
                "TARGETCRS[GEOGCRS[\"a\",ID[\"EPSG\",4326]]],ABRIDGEDTRANSFORMATION[\"b\",METHOD[\"c\"]]";
            format!("BOUNDCRS[SOURCECRS[{inner}],{shift}]")
        };
        assert_eq!(depth(&bound(own.clone())), 5);
        let deep = (0..500).fold(own, |inner, _| bound(inner));
        let error = Crs::new(&deep).to(&Crs::degrees()).unwrap_err().to_string();
        assert!(error.contains("nested") && error.len() < 1000, "{error}");
        let deeper = format!("{}{}", "A[\"]\",".repeat(60_000 / 7), "B[".repeat(100));
        assert!(depth(&deeper) > DEEPEST && !Crs::new(&deeper).is_known());
        assert!(!Crs::new(&"[]".repeat(LONGEST)).is_known());
    }
}
