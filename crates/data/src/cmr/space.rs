//! Where a granule is: the geometries of UMM, and the ground tracks of orbits.

use serde_json::Value;

use crate::geo::{Bbox, Geometry, Position, Ring, cut_box, cut_line, cut_polygon};
use crate::json::{at, list, number, text};

/// The shape of `HorizontalSpatialDomain.Geometry`; `None` where there is none.
pub(super) fn geometry(domain: &Value) -> Option<Geometry> {
    let mut polygons: Vec<Vec<Ring>> = Vec::new();
    for polygon in list(domain, &["GPolygons"]) {
        let mut rings = vec![points(at(polygon, &["Boundary", "Points"]))];
        let holes = list(polygon, &["ExclusiveZone", "Boundaries"]);
        rings.extend(holes.map(|hole| points(at(hole, &["Points"]))));
        polygons.extend(cut_polygon(&rings));
    }
    for rectangle in list(domain, &["BoundingRectangles"]) {
        polygons.extend(edges(rectangle).map(cut_box).unwrap_or_default());
    }
    let lines = list(domain, &["Lines"]).flat_map(|line| cut_line(&points(at(line, &["Points"]))));
    let lines: Vec<Vec<Position>> = lines.collect();
    let positions = list(domain, &["Points"]).filter_map(position).collect();
    let shapes = [Geometry::of_polygons(polygons), Geometry::of_lines(lines), Geometry::of_points(positions)];
    Geometry::of_shapes(shapes.into_iter().flatten().collect())
}

fn points(value: &Value) -> Vec<Position> {
    list(value, &[]).filter_map(position).collect()
}

fn position(value: &Value) -> Option<Position> {
    let position = [number(value, &["Longitude"])?, number(value, &["Latitude"])?];
    crate::geo::problems_of_position(position).is_empty().then_some(position)
}

fn edges(value: &Value) -> Option<Bbox> {
    let edge = |name: &str| number(value, &[name]);
    let bbox = Bbox::new(
        edge("WestBoundingCoordinate")?,
        edge("SouthBoundingCoordinate")?,
        edge("EastBoundingCoordinate")?,
        edge("NorthBoundingCoordinate")?,
    );
    bbox.problems().is_empty().then_some(bbox)
}

/// Degrees that the Earth turns in a minute: once in a sidereal day of 86,164.0905 s.
const TURN: f64 = 360.0 / (86_164.090_5 / 60.0);
/// Positions of a track in a whole orbit.
const STEPS: f64 = 180.0;

/// A part of one orbit, as UMM-G tells it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Orbit {
    /// The longitude at which the orbit crosses the equator northward, in degrees.
    pub ascending_crossing: f64,
    /// The latitude at which the part starts, and whether northward.
    pub start: (f64, bool),
    /// The latitude at which it ends, and whether northward.
    pub end: (f64, bool),
}

/// What a collection tells of its orbits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OrbitParameters {
    /// The angle between orbit and equator, in degrees; more than 90 for one that runs westward.
    pub inclination: f64,
    /// How long one orbit takes, in minutes.
    pub period: f64,
}

impl OrbitParameters {
    /// Reads `OrbitParameters` of UMM-C; the period of older versions is in minutes without a unit.
    pub fn read(value: &Value) -> Option<Self> {
        let inclination = number(value, &["InclinationAngle"])?;
        let period = number(value, &["OrbitPeriod"]).or_else(|| number(value, &["Period"]))?;
        let sane = (0.0..=180.0).contains(&inclination) && period > 0.0 && period < 100_000.0;
        sane.then_some(Self { inclination, period })
    }
}

impl Orbit {
    pub(super) fn read(value: &Value) -> Option<Self> {
        let end = |latitude: &str, direction: &str| {
            let latitude = number(value, &[latitude]).filter(|latitude| latitude.abs() <= 90.0)?;
            Some((latitude, text(value, &[direction])?.eq_ignore_ascii_case("a")))
        };
        let ascending_crossing = number(value, &["AscendingCrossing"])?;
        (ascending_crossing.abs() <= 180.0).then_some(())?;
        Some(Self {
            ascending_crossing,
            start: end("StartLatitude", "StartDirection")?,
            end: end("EndLatitude", "EndDirection")?,
        })
    }

    /// The ground track: of a circular orbit over a sphere that turns once in a sidereal day. With the
    /// argument of latitude u, the latitude is asin(sin i sin u), and the longitude that of the crossing
    /// plus atan2(cos i sin u, cos u) less the Earth's turn since.
    pub fn track(self, parameters: &OrbitParameters) -> Option<Geometry> {
        let inclination = parameters.inclination.to_radians();
        let argument = |(latitude, northward): (f64, bool)| {
            let sine = latitude.to_radians().sin() / inclination.sin();
            let rising = sine.clamp(-1.0, 1.0).asin().to_degrees();
            if northward { rising } else { 180.0 - rising }
        };
        let from = argument(self.start);
        let mut to = argument(self.end);
        while to <= from {
            to += 360.0;
        }
        let span = to - from;
        let steps = (span / 360.0 * STEPS).ceil().max(1.0);
        let mut track = Vec::new();
        let mut step = 0.0;
        while step <= steps {
            track.push(self.position(from + span * step / steps, inclination, parameters.period));
            step += 1.0;
        }
        let finite = track.iter().all(|[longitude, latitude]| longitude.is_finite() && latitude.is_finite());
        finite.then(|| Geometry::of_lines(cut_line(&track))).flatten()
    }

    /// The position under the satellite at an argument of latitude in degrees.
    fn position(self, argument: f64, inclination: f64, period: f64) -> Position {
        let angle = argument.to_radians();
        let latitude = (inclination.sin() * angle.sin()).clamp(-1.0, 1.0).asin().to_degrees();
        let along = (inclination.cos() * angle.sin()).atan2(angle.cos()).to_degrees();
        let turned = TURN * period * argument / 360.0;
        let longitude = self.ascending_crossing + along - turned;
        [(longitude + 180.0).rem_euclid(360.0) - 180.0, latitude]
    }
}
