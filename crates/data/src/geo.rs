//! Where things are on the Earth: positions in degrees of WGS 84, longitude first, as GeoJSON
//! ([RFC 7946](https://www.rfc-editor.org/rfc/rfc7946)) has them.

use serde::{Deserialize, Serialize};

mod cut;
mod geojson;
mod wkb;

pub(crate) use cut::proper_ring;
pub use cut::{cut_box, cut_line, cut_polygon};
pub use geojson::GeoError;

/// A longitude and a latitude, in degrees.
pub type Position = [f64; 2];

/// A closed line: its last position is its first.
pub type Ring = Vec<Position>;

/// A shape on the Earth. What crosses the antimeridian is cut there, as RFC 7946 (3.1.9) asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Geometry {
    /// One position.
    Point(Position),
    /// Several positions.
    MultiPoint(Vec<Position>),
    /// A line of two positions or more.
    LineString(Vec<Position>),
    /// Several lines.
    MultiLineString(Vec<Vec<Position>>),
    /// An outer ring, then its holes.
    Polygon(Vec<Ring>),
    /// Several polygons.
    MultiPolygon(Vec<Vec<Ring>>),
    /// Shapes of different kinds.
    Collection(Vec<Self>),
}

/// A box between two meridians and two parallels, in degrees. West is greater than east where the box
/// crosses the antimeridian.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bbox {
    /// The western edge.
    pub west: f64,
    /// The southern edge.
    pub south: f64,
    /// The eastern edge.
    pub east: f64,
    /// The northern edge.
    pub north: f64,
}

impl Bbox {
    /// A box by its edges, in the order of GeoJSON.
    pub const fn new(west: f64, south: f64, east: f64, north: f64) -> Self {
        Self { west, south, east, north }
    }

    /// West, south, east, north.
    pub const fn edges(self) -> [f64; 4] {
        [self.west, self.south, self.east, self.north]
    }

    /// Whether the box crosses the antimeridian.
    pub fn crosses_antimeridian(self) -> bool {
        self.west > self.east
    }

    /// What is wrong with the box; empty when nothing is.
    pub fn problems(self) -> Vec<String> {
        let mut problems = Vec::new();
        for (name, longitude) in [("west", self.west), ("east", self.east)] {
            if !(-180.0..=180.0).contains(&longitude) {
                problems.push(format!("{name} is {longitude}, and longitudes go from -180 to 180"));
            }
        }
        for (name, latitude) in [("south", self.south), ("north", self.north)] {
            if !(-90.0..=90.0).contains(&latitude) {
                problems.push(format!("{name} is {latitude}, and latitudes go from -90 to 90"));
            }
        }
        if self.south > self.north {
            problems.push(format!(
                "south ({}) is north of north ({}): the order is west, south, east, north",
                self.south, self.north
            ));
        }
        problems
    }
}

/// What is wrong with a position; empty when nothing is.
pub fn problems_of_position([longitude, latitude]: Position) -> Vec<String> {
    let mut problems = Vec::new();
    let beyond = |degrees: f64, most: f64| !(-most..=most).contains(&degrees);
    if beyond(longitude, 180.0) {
        problems.push(format!("longitude {longitude} is not between -180 and 180"));
    }
    if beyond(latitude, 90.0) {
        let swapped = !beyond(longitude, 90.0) && !beyond(latitude, 180.0);
        let order = if swapped { ": the longitude comes first" } else { "" };
        problems.push(format!("latitude {latitude} is not between -90 and 90{order}"));
    }
    problems
}

impl Geometry {
    /// Polygons as one shape; `None` when there are none.
    pub fn of_polygons(mut polygons: Vec<Vec<Ring>>) -> Option<Self> {
        match polygons.len() {
            0 => None,
            1 => polygons.pop().map(Self::Polygon),
            _ => Some(Self::MultiPolygon(polygons)),
        }
    }

    /// Lines as one shape; `None` when there are none.
    pub fn of_lines(mut lines: Vec<Vec<Position>>) -> Option<Self> {
        match lines.len() {
            0 => None,
            1 => lines.pop().map(Self::LineString),
            _ => Some(Self::MultiLineString(lines)),
        }
    }

    /// Positions as one shape; `None` when there are none.
    pub fn of_points(points: Vec<Position>) -> Option<Self> {
        match *points.as_slice() {
            [] => None,
            [point] => Some(Self::Point(point)),
            _ => Some(Self::MultiPoint(points)),
        }
    }

    /// Shapes as one; `None` when there are none.
    pub fn of_shapes(mut shapes: Vec<Self>) -> Option<Self> {
        match shapes.len() {
            0 => None,
            1 => shapes.pop(),
            _ => Some(Self::Collection(shapes)),
        }
    }

    /// A box as one polygon, or as two where it crosses the antimeridian.
    pub fn of_box(bbox: Bbox) -> Self {
        let mut polygons = cut_box(bbox);
        match (polygons.pop(), polygons.pop()) {
            (Some(second), Some(first)) => Self::MultiPolygon(vec![first, second]),
            (Some(only), None) => Self::Polygon(only),
            (None, _) => Self::MultiPolygon(Vec::new()),
        }
    }

    /// Calls a function with the positions of each connected part.
    fn each_part(&self, visit: &mut dyn FnMut(&[Position])) {
        match self {
            Self::Point(point) => visit(std::slice::from_ref(point)),
            Self::MultiPoint(points) => {
                for point in points {
                    visit(std::slice::from_ref(point));
                }
            }
            Self::LineString(line) => visit(line),
            Self::MultiLineString(lines) => {
                for line in lines {
                    visit(line);
                }
            }
            Self::Polygon(rings) => visit(rings.first().map_or(&[], Vec::as_slice)),
            Self::MultiPolygon(polygons) => {
                for rings in polygons {
                    visit(rings.first().map_or(&[], Vec::as_slice));
                }
            }
            Self::Collection(shapes) => {
                for shape in shapes {
                    shape.each_part(visit);
                }
            }
        }
    }

    /// The least and greatest coordinates, as they are written: west is never greater than east.
    /// `None` when there is no position.
    pub fn extent(&self) -> Option<Bbox> {
        let mut extent: Option<Bbox> = None;
        self.each_part(&mut |part| {
            if let Some(of_part) = extent_of(part) {
                extent = Some(extent.map_or(of_part, |so_far| around(so_far, of_part)));
            }
        });
        extent
    }

    /// The box around the shape, as RFC 7946 (5.2) writes it: parts that meet at the antimeridian are one,
    /// and west is greater than east. `None` when there is no position.
    pub fn bbox(&self) -> Option<Bbox> {
        let mut parts = Vec::new();
        self.each_part(&mut |part| parts.extend(extent_of(part)));
        let whole = parts.iter().copied().reduce(around)?;
        let east_of = |part: &Bbox| part.east >= 180.0;
        let west_of = |part: &Bbox| part.west <= -180.0;
        if !parts.iter().any(east_of) || !parts.iter().any(west_of) {
            return Some(whole);
        }
        let (western, eastern): (Vec<Bbox>, Vec<Bbox>) =
            parts.iter().partition(|part| part.west + part.east >= 0.0);
        let west = western.iter().map(|part| part.west).reduce(f64::min);
        let east = eastern.iter().map(|part| part.east).reduce(f64::max);
        match (west, east) {
            (Some(west), Some(east)) if west > east => Some(Bbox { west, east, ..whole }),
            _ => Some(whole),
        }
    }
}

fn around(one: Bbox, other: Bbox) -> Bbox {
    Bbox {
        west: one.west.min(other.west),
        south: one.south.min(other.south),
        east: one.east.max(other.east),
        north: one.north.max(other.north),
    }
}

fn extent_of(part: &[Position]) -> Option<Bbox> {
    part.iter().map(|&[x, y]| Bbox::new(x, y, x, y)).reduce(around)
}
