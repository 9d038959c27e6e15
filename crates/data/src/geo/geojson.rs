//! GeoJSON geometries (RFC 7946) from JSON and to JSON.

use serde_json::{Value, json};

use super::{Bbox, Geometry, Position};

/// Why JSON is no geometry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct GeoError(String);

/// How deep collections of collections may be.
const MOST_DEPTH: usize = 8;

impl Geometry {
    /// Reads a GeoJSON geometry. Heights are left out.
    ///
    /// # Errors
    /// When it is none: an unknown type, or coordinates that are no numbers or too few.
    pub fn from_geojson(value: &Value) -> Result<Self, GeoError> {
        read(value, 0)
    }

    /// The shape as a GeoJSON geometry.
    pub fn to_geojson(&self) -> Value {
        let (kind, coordinates) = match self {
            Self::Point(point) => ("Point", json!(point)),
            Self::MultiPoint(points) => ("MultiPoint", json!(points)),
            Self::LineString(line) => ("LineString", json!(line)),
            Self::MultiLineString(lines) => ("MultiLineString", json!(lines)),
            Self::Polygon(rings) => ("Polygon", json!(rings)),
            Self::MultiPolygon(polygons) => ("MultiPolygon", json!(polygons)),
            Self::Collection(shapes) => {
                let shapes: Vec<Value> = shapes.iter().map(Self::to_geojson).collect();
                return json!({ "type": "GeometryCollection", "geometries": shapes });
            }
        };
        json!({ "type": kind, "coordinates": coordinates })
    }
}

fn read(value: &Value, depth: usize) -> Result<Geometry, GeoError> {
    let kind = value.get("type").and_then(Value::as_str).unwrap_or_default();
    let coordinates = value.get("coordinates").unwrap_or(&Value::Null);
    Ok(match kind {
        "Point" => Geometry::Point(position(coordinates)?),
        "MultiPoint" => Geometry::MultiPoint(list(coordinates, position)?),
        "LineString" => Geometry::LineString(line(coordinates)?),
        "MultiLineString" => Geometry::MultiLineString(list(coordinates, line)?),
        "Polygon" => Geometry::Polygon(list(coordinates, ring)?),
        "MultiPolygon" => Geometry::MultiPolygon(list(coordinates, |rings| list(rings, ring))?),
        "GeometryCollection" if depth < MOST_DEPTH => {
            let shapes = value.get("geometries").unwrap_or(&Value::Null);
            Geometry::Collection(list(shapes, |shape| read(shape, depth + 1))?)
        }
        "GeometryCollection" => return Err(GeoError("collections of geometries are too deep".to_owned())),
        other => return Err(GeoError(format!("`{other}` is no type of a GeoJSON geometry"))),
    })
}

fn list<T>(value: &Value, read: impl Fn(&Value) -> Result<T, GeoError>) -> Result<Vec<T>, GeoError> {
    let items = value.as_array().ok_or_else(|| GeoError("coordinates have to be a list".to_owned()))?;
    items.iter().map(read).collect()
}

fn position(value: &Value) -> Result<Position, GeoError> {
    let number = |index: usize| value.get(index).and_then(Value::as_f64).filter(|number| number.is_finite());
    match (number(0), number(1)) {
        (Some(longitude), Some(latitude)) => Ok([longitude, latitude]),
        _ => Err(GeoError("a position has to be two numbers".to_owned())),
    }
}

fn line(value: &Value) -> Result<Vec<Position>, GeoError> {
    let line = list(value, position)?;
    if line.len() < 2 {
        return Err(GeoError("a line needs two positions".to_owned()));
    }
    Ok(line)
}

fn ring(value: &Value) -> Result<Vec<Position>, GeoError> {
    let ring = list(value, position)?;
    if ring.len() < 4 || ring.first() != ring.last() {
        return Err(GeoError("a ring needs four positions, the last as the first".to_owned()));
    }
    Ok(ring)
}

impl Bbox {
    /// Reads the `bbox` of GeoJSON and STAC: four numbers, or six with heights, which are left out.
    pub fn from_geojson(value: &Value) -> Option<Self> {
        let numbers: Vec<f64> = value.as_array()?.iter().map(Value::as_f64).collect::<Option<_>>()?;
        match *numbers.as_slice() {
            [west, south, east, north] | [west, south, _, east, north, _] => {
                Some(Self::new(west, south, east, north))
            }
            _ => None,
        }
    }
}
