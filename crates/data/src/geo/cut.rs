//! Shapes that cross the antimeridian, cut there (RFC 7946, 3.1.9).

use super::{Bbox, Position, Ring};

/// The two halves of a box, or the box.
pub fn cut_box(bbox: Bbox) -> Vec<Vec<Ring>> {
    let ring = |west: f64, east: f64| {
        let Bbox { south, north, .. } = bbox;
        vec![vec![[west, south], [east, south], [east, north], [west, north], [west, south]]]
    };
    if !bbox.crosses_antimeridian() {
        return vec![ring(bbox.west, bbox.east)];
    }
    let halves = [(bbox.west, 180.0), (-180.0, bbox.east)];
    halves.into_iter().filter(|(west, east)| west < east).map(|(west, east)| ring(west, east)).collect()
}

/// The same longitudes without jumps: each at most half a turn from the one before, but for edges that run
/// once around the Earth, as those of a shape of the whole Earth do.
fn unwrapped(positions: &[Position]) -> Vec<Position> {
    let mut turns = 0.0;
    let mut before: Option<f64> = None;
    let mut steady = Vec::with_capacity(positions.len());
    for &[longitude, latitude] in positions {
        if let Some(before) = before {
            let step = longitude - before;
            if step > 180.0 && step < 360.0 {
                turns -= 360.0;
            } else if step < -180.0 && step > -360.0 {
                turns += 360.0;
            }
        }
        before = Some(longitude);
        steady.push([longitude + turns, latitude]);
    }
    steady
}

/// The parts of a line on both sides of the antimeridian, or the line. Parts of one position are left out.
pub fn cut_line(line: &[Position]) -> Vec<Vec<Position>> {
    let mut parts = Vec::new();
    let mut part: Vec<Position> = Vec::new();
    for &position in line {
        if let Some(&before) = part.last() {
            let step = position[0] - before[0];
            if step.abs() > 180.0 && step.abs() < 360.0 {
                let edge = if step > 0.0 { -180.0 } else { 180.0 };
                let latitude = latitude_at_edge(before, position, edge);
                part.push([edge, latitude]);
                parts.push(std::mem::take(&mut part));
                part.push([-edge, latitude]);
            }
        }
        part.push(position);
    }
    parts.push(part);
    for part in &mut parts {
        part.dedup();
    }
    parts.retain(|part| part.len() > 1);
    parts
}

/// The latitude at which the shorter way between two positions meets the antimeridian.
fn latitude_at_edge(from: Position, to: Position, edge: f64) -> f64 {
    let whole = to[0] + 2.0 * edge - from[0];
    if whole == 0.0 { from[1] } else { from[1] + (to[1] - from[1]) * (edge - from[0]) / whole }
}

/// A polygon, outer ring first, as parts that do not cross the antimeridian. A ring around a pole is led
/// along the antimeridian to that pole and back. Rings are closed, and turn as RFC 7946 (3.1.6) says.
pub fn cut_polygon(rings: &[Ring]) -> Vec<Vec<Ring>> {
    let Some((outer, holes)) = rings.split_first() else { return Vec::new() };
    let outer = steady_ring(outer);
    if outer.len() < 4 {
        return Vec::new();
    }
    let west = outer.iter().map(|position| position[0]).fold(f64::INFINITY, f64::min);
    let east = outer.iter().map(|position| position[0]).fold(f64::NEG_INFINITY, f64::max);
    if !west.is_finite() || !east.is_finite() || east - west > 1080.0 {
        return Vec::new();
    }
    let holes: Vec<Ring> = holes.iter().map(|hole| steady_ring(hole)).collect();
    let mut parts = Vec::new();
    for turn in -2_i8..=2 {
        let shift = f64::from(turn) * 360.0;
        let edges = (-180.0 + shift, 180.0 + shift);
        let Some(outer) = within(&outer, edges, shift, true) else { continue };
        let holes =
            holes.iter().filter_map(|hole| within(&moved_near(hole, west, east), edges, shift, false));
        let part: Vec<Ring> = std::iter::once(outer).chain(holes).collect();
        parts.push(part);
    }
    parts
}

/// A hole moved by whole turns so that it lies between the edges of its outer ring.
fn moved_near(hole: &[Position], west: f64, east: f64) -> Ring {
    let middle = f64::midpoint(west, east);
    let first = hole.first().map_or(middle, |position| position[0]);
    let turns = ((middle - first) / 360.0).round() * 360.0;
    hole.iter().map(|&[longitude, latitude]| [longitude + turns, latitude]).collect()
}

/// A ring without jumps, closed; led over the pole where it goes around one.
fn steady_ring(ring: &[Position]) -> Ring {
    let mut closed = ring.to_vec();
    if let Some(&first) = ring.first() {
        closed.push(first);
    }
    let mut steady = unwrapped(&closed);
    let (Some(&first), Some(&last)) = (steady.first(), steady.last()) else { return Ring::new() };
    if (last[0] - first[0]).abs() > 180.0 {
        let north: f64 = steady.iter().map(|position| position[1]).sum();
        let pole = if north >= 0.0 { 90.0 } else { -90.0 };
        steady.extend([[last[0], pole], [first[0], pole], first]);
    }
    steady.dedup();
    steady
}

/// The part of a steady ring between two meridians, moved back by `shift`; `None` when nothing is left.
fn within(ring: &[Position], (west, east): (f64, f64), shift: f64, outer: bool) -> Option<Ring> {
    let whole = ring.iter().all(|[longitude, _]| (west..=east).contains(longitude));
    let kept = if whole { ring.to_vec() } else { clipped(&clipped(ring, west, 1.0), east, -1.0) };
    let mut kept: Ring = kept.iter().map(|&[longitude, latitude]| [longitude - shift, latitude]).collect();
    kept.dedup();
    if kept.first() != kept.last()
        && let Some(&first) = kept.first()
    {
        kept.push(first);
    }
    let area = area(&kept);
    if kept.len() < 4 || area == 0.0 {
        return None;
    }
    if (area > 0.0) != outer {
        kept.reverse();
    }
    Some(kept)
}

/// The part of a ring on one side of a meridian: east of it for a positive side, west for a negative one
/// (Sutherland and Hodgman 1974).
fn clipped(ring: &[Position], meridian: f64, side: f64) -> Ring {
    let inside = |position: &Position| (position[0] - meridian) * side >= 0.0;
    let mut kept = Ring::with_capacity(ring.len() + 4);
    for pair in ring.windows(2) {
        let [from, to] = [pair[0], pair[1]];
        if inside(&from) != inside(&to) {
            let part = (meridian - from[0]) / (to[0] - from[0]);
            kept.push([meridian, from[1] + (to[1] - from[1]) * part]);
        }
        if inside(&to) {
            kept.push(to);
        }
    }
    if kept.first() != kept.last()
        && let Some(&first) = kept.first()
    {
        kept.push(first);
    }
    kept
}

/// Twice the area of a closed ring in square degrees; positive when it turns counter-clockwise.
pub(crate) fn area(ring: &[Position]) -> f64 {
    ring.windows(2).map(|pair| pair[0][0] * pair[1][1] - pair[1][0] * pair[0][1]).sum()
}

/// A ring closed, without a position twice in a row, and turning counter-clockwise. A ring around a pole
/// keeps its direction, which says on which side its inside is.
pub(crate) fn proper_ring(ring: &[Position]) -> Ring {
    let mut ring = ring.to_vec();
    if ring.first() != ring.last()
        && let Some(&first) = ring.first()
    {
        ring.push(first);
    }
    ring.dedup();
    let steady = unwrapped(&ring);
    let around_pole = match (steady.first(), steady.last()) {
        (Some(first), Some(last)) => (last[0] - first[0]).abs() > 180.0,
        _ => false,
    };
    if !around_pole && area(&steady) < 0.0 {
        ring.reverse();
    }
    ring
}
