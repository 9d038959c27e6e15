//! The shape of an item as a small map: its outline over meridians and parallels, in one SVG that needs
//! nothing from elsewhere.

use frazil_data::geo::{Bbox, Geometry, Position};

/// Width and height of the map, in pixels.
const SIZE: (f64, f64) = (240.0, 160.0);
/// The least that is shown from north to south, in degrees.
const LEAST: f64 = 1.0;
/// How much more than the shape is shown.
const MARGIN: f64 = 1.6;
/// Degrees between lines, from which the first is taken that gives few enough.
const STEPS: [f64; 9] = [0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 45.0];
/// Most lines of one direction.
const MOST_LINES: f64 = 6.0;

/// What of the Earth is shown: a plate carrée whose middle parallel is true to scale.
struct Frame {
    /// Longitude and latitude in the middle.
    middle: Position,
    /// Pixels for a degree of longitude and one of latitude.
    scale: Position,
    /// Whether longitudes go on beyond 180 degrees, for a shape across the antimeridian.
    beyond: bool,
}

impl Frame {
    fn around(bbox: Bbox) -> Self {
        let beyond = bbox.crosses_antimeridian();
        let east = if beyond { bbox.east + 360.0 } else { bbox.east };
        let middle = [f64::midpoint(bbox.west, east), f64::midpoint(bbox.south, bbox.north)];
        let narrowing = middle[1].to_radians().cos().max(0.2);
        let wide = ((east - bbox.west) * MARGIN).clamp(0.0, 360.0) * narrowing;
        let high = ((bbox.north - bbox.south) * MARGIN).clamp(LEAST, 180.0);
        let scale = (SIZE.1 / high).min(if wide > 0.0 { SIZE.0 / wide } else { f64::MAX });
        Self { middle, scale: [scale * narrowing, scale], beyond }
    }

    fn place(&self, [longitude, latitude]: Position) -> (f64, f64) {
        let longitude = if self.beyond && longitude < 0.0 { longitude + 360.0 } else { longitude };
        let across = SIZE.0 / 2.0 + (longitude - self.middle[0]) * self.scale[0];
        (across, SIZE.1 / 2.0 - (latitude - self.middle[1]) * self.scale[1])
    }

    /// Half of what is shown, in degrees of longitude and latitude.
    fn half(&self) -> Position {
        [SIZE.0 / 2.0 / self.scale[0], SIZE.1 / 2.0 / self.scale[1]]
    }

    /// Longitudes or latitudes at which lines are drawn.
    fn lines(&self, axis: usize) -> Vec<f64> {
        let (middle, half) = (self.middle[axis], self.half()[axis]);
        let step = STEPS.into_iter().find(|step| 2.0 * half / step <= MOST_LINES).unwrap_or(90.0);
        let mut lines = Vec::new();
        let mut line = ((middle - half) / step).ceil() * step;
        while line <= middle + half && lines.len() < 20 {
            if axis == 0 || line.abs() <= 90.0 {
                lines.push(line);
            }
            line += step;
        }
        lines
    }
}

/// The map of a shape; none for one without an extent.
pub(crate) fn svg(geometry: &Geometry, bbox: Option<Bbox>) -> Option<String> {
    let frame = Frame::around(bbox.or_else(|| geometry.bbox())?);
    if !frame.scale.iter().chain(&frame.middle).all(|number| number.is_finite()) {
        return None;
    }
    let (width, height) = SIZE;
    let mut out = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" style="border:1px solid rgba(128,128,128,.5);overflow:hidden"><title>Footprint</title>"#
    );
    graticule(&frame, &mut out);
    draw(&frame, geometry, &mut out);
    out.push_str("</svg>");
    Some(out)
}

fn graticule(frame: &Frame, out: &mut String) {
    let (width, height) = SIZE;
    out.push_str(r#"<g stroke="currentColor" stroke-opacity=".25" stroke-width=".7">"#);
    for meridian in frame.lines(0) {
        let x = frame.middle_to_x(meridian);
        out.push_str(&format!(r#"<path d="M{x:.1} 0V{height}"/>"#));
    }
    for parallel in frame.lines(1) {
        let (_, y) = frame.place([frame.middle[0], parallel]);
        out.push_str(&format!(r#"<path d="M0 {y:.1}H{width}"/>"#));
    }
    out.push_str(r#"</g><g fill="currentColor" fill-opacity=".6" font-size="8" font-family="sans-serif">"#);
    for meridian in frame.lines(0) {
        let x = frame.middle_to_x(meridian) + 2.0;
        // Not cut at the right.
        if x > width - 24.0 {
            continue;
        }
        let text = degrees(wrapped(meridian), ["W", "E"]);
        out.push_str(&format!(r#"<text x="{x:.1}" y="{:.1}">{text}</text>"#, height - 3.0));
    }
    for parallel in frame.lines(1) {
        let (_, y) = frame.place([frame.middle[0], parallel]);
        // Not cut at the top, nor on what is written at the bottom.
        if !(12.0..height - 12.0).contains(&y) {
            continue;
        }
        let text = degrees(parallel, ["S", "N"]);
        out.push_str(&format!(r#"<text x="2" y="{:.1}">{text}</text>"#, y - 2.0));
    }
    out.push_str("</g>");
}

impl Frame {
    /// Where a meridian is, counted on beyond 180 degrees.
    fn middle_to_x(&self, longitude: f64) -> f64 {
        SIZE.0 / 2.0 + (longitude - self.middle[0]) * self.scale[0]
    }
}

/// A longitude between -180 and 180.
fn wrapped(longitude: f64) -> f64 {
    if longitude > 180.0 {
        longitude - 360.0
    } else if longitude < -180.0 {
        longitude + 360.0
    } else {
        longitude
    }
}

/// Degrees with the letter of their side.
fn degrees(number: f64, [less, more]: [&str; 2]) -> String {
    let side = if number < 0.0 {
        less
    } else if number > 0.0 {
        more
    } else {
        ""
    };
    format!("{}°{side}", number.abs())
}

fn draw(frame: &Frame, geometry: &Geometry, out: &mut String) {
    match geometry {
        Geometry::Point(position) => point(frame, *position, out),
        Geometry::MultiPoint(positions) => positions.iter().for_each(|each| point(frame, *each, out)),
        Geometry::LineString(line) => path(frame, std::slice::from_ref(line), false, out),
        Geometry::MultiLineString(lines) => path(frame, lines, false, out),
        Geometry::Polygon(rings) => path(frame, rings, true, out),
        Geometry::MultiPolygon(polygons) => {
            for rings in polygons {
                path(frame, rings, true, out);
            }
        }
        Geometry::Collection(shapes) => shapes.iter().for_each(|shape| draw(frame, shape, out)),
    }
}

fn point(frame: &Frame, position: Position, out: &mut String) {
    let (x, y) = frame.place(position);
    out.push_str(&format!(r##"<circle cx="{x:.1}" cy="{y:.1}" r="3" fill="#1f77b4"/>"##));
}

fn path(frame: &Frame, lines: &[Vec<Position>], closed: bool, out: &mut String) {
    let mut steps = String::new();
    for line in lines {
        for (index, position) in line.iter().enumerate() {
            let (x, y) = frame.place(*position);
            steps.push_str(&format!("{}{x:.1} {y:.1}", if index == 0 { 'M' } else { 'L' }));
        }
        if closed {
            steps.push('Z');
        }
    }
    let fill = if closed { "#1f77b4" } else { "none" };
    out.push_str(&format!(
        r##"<path d="{steps}" fill="{fill}" fill-opacity=".3" fill-rule="evenodd" stroke="#1f77b4" stroke-width="1.5"/>"##
    ));
}
