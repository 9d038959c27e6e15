//! Well-known binary: ISO 13249-3 (SQL/MM), little-endian, two dimensions; what GeoParquet holds.

use super::{Geometry, Position};

const LITTLE_ENDIAN: u8 = 1;

impl Geometry {
    /// The shape as well-known binary.
    pub fn to_wkb(&self) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out, self);
        out
    }
}

/// The code of ISO 13249-3 for a kind of shape.
fn code(geometry: &Geometry) -> u32 {
    match geometry {
        Geometry::Point(_) => 1,
        Geometry::LineString(_) => 2,
        Geometry::Polygon(_) => 3,
        Geometry::MultiPoint(_) => 4,
        Geometry::MultiLineString(_) => 5,
        Geometry::MultiPolygon(_) => 6,
        Geometry::Collection(_) => 7,
    }
}

fn write(out: &mut Vec<u8>, geometry: &Geometry) {
    head(out, code(geometry));
    match geometry {
        Geometry::Point(point) => position(out, point),
        Geometry::LineString(line) => positions(out, line),
        Geometry::Polygon(rings) => each(out, rings, |out, ring| positions(out, ring)),
        Geometry::MultiPoint(points) => each(out, points, |out, point| {
            head(out, 1);
            position(out, point);
        }),
        Geometry::MultiLineString(lines) => each(out, lines, |out, line| {
            head(out, 2);
            positions(out, line);
        }),
        Geometry::MultiPolygon(polygons) => each(out, polygons, |out, rings| {
            head(out, 3);
            each(out, rings, |out, ring| positions(out, ring));
        }),
        Geometry::Collection(shapes) => each(out, shapes, write),
    }
}

fn head(out: &mut Vec<u8>, code: u32) {
    out.push(LITTLE_ENDIAN);
    out.extend(code.to_le_bytes());
}

fn each<T>(out: &mut Vec<u8>, items: &[T], write: impl Fn(&mut Vec<u8>, &T)) {
    out.extend(u32::try_from(items.len()).unwrap_or(u32::MAX).to_le_bytes());
    for item in items {
        write(out, item);
    }
}

fn positions(out: &mut Vec<u8>, line: &[Position]) {
    each(out, line, position);
}

fn position(out: &mut Vec<u8>, [longitude, latitude]: &Position) {
    out.extend(longitude.to_le_bytes());
    out.extend(latitude.to_le_bytes());
}
