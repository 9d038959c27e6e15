//! What grows over days, and what goes up and down.

use plotters::prelude::{ChartBuilder, Circle, PathElement, Polygon};
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{Color, ShapeStyle};

use super::canvas::{
    Area, CLEAR, GRID, INK, MUTED, SERIES, draw, letters, round_up, text_width, tick, write,
};
use super::{Chart, ChartError, Told, Width, both};

const HEIGHT: u32 = 250;
/// Blocks of a day in which nodes are counted.
const BLOCKS: usize = 8;

/// A sum over the days of a window, and where it is going.
#[derive(Clone, Debug)]
pub(in crate::report) struct Course<'a> {
    /// Each day of the window.
    pub(in crate::report) days: Vec<String>,
    /// The sum at the end of each day so far.
    pub(in crate::report) sums: Vec<f64>,
    /// The limit.
    pub(in crate::report) limit: f64,
    /// The sum at the end: least, likely, most.
    pub(in crate::report) end: Option<[f64; 3]>,
    /// What is counted.
    pub(in crate::report) unit: &'a str,
}

/// Numbers of nodes in blocks of each day.
#[derive(Clone, Debug)]
pub(in crate::report) struct Steps {
    /// Each day.
    pub(in crate::report) days: Vec<String>,
    /// The most in each block of it.
    pub(in crate::report) most: Vec<[u32; BLOCKS]>,
}

/// Draws a course.
pub(in crate::report) fn course(told: Told<'_>, spec: &Course<'_>) -> Result<Chart, ChartError> {
    both(|width| {
        draw(told, width, HEIGHT, |area| paint_course(area, spec, width).map_err(|error| error.to_string()))
    })
}

#[expect(clippy::cast_precision_loss, reason = "numbers of days")]
fn paint_course(area: &Area<'_>, spec: &Course<'_>, width: Width) -> Result<(), Box<dyn std::error::Error>> {
    let ends = spec.end.into_iter().flatten().chain(spec.sums.iter().copied());
    let high = round_up(ends.fold(spec.limit, f64::max) * 1.04).max(1e-9);
    let count = spec.days.len().max(1) as f64;
    let gutter = text_width(&tick(high)).max(text_width(spec.unit)) + 12;
    let mut chart = ChartBuilder::on(area)
        .margin_top(26)
        .margin_right(4)
        .x_label_area_size(24)
        .y_label_area_size(gutter)
        .build_cartesian_2d(0.0..count, 0.0..high)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(0)
        .y_labels(6)
        .y_label_formatter(&|value| tick(*value))
        .axis_style(CLEAR)
        .bold_line_style(GRID)
        .light_line_style(CLEAR)
        .label_style(letters(MUTED, HPos::Right, VPos::Center))
        .draw()?;
    write(area, spec.unit, (gutter - 8, 2), letters(MUTED, HPos::Right, VPos::Top))?;
    let mut points = vec![(0.0, 0.0)];
    points.extend(spec.sums.iter().enumerate().map(|(place, sum)| ((place + 1) as f64, *sum)));
    let now = points.last().copied().unwrap_or_default();
    if let Some([least, likely, most]) = spec.end.filter(|_| now.0 < count) {
        let fan = vec![now, (count, most), (count, least)];
        chart.draw_series([Polygon::new(fan, SERIES[0].mix(0.2).filled())])?;
        let dashes = dashes(now, (count, likely), if width == Width::Wide { 24 } else { 12 });
        let style: ShapeStyle = SERIES[0].stroke_width(2);
        chart.draw_series(dashes.into_iter().map(|dash| PathElement::new(dash, style)))?;
    }
    chart.draw_series([PathElement::new(points, SERIES[0].stroke_width(3))])?;
    chart.draw_series([Circle::new(now, 4, SERIES[0].filled())])?;
    let limit = vec![(0.0, spec.limit), (count, spec.limit)];
    chart.draw_series([PathElement::new(limit, SERIES[1].stroke_width(2))])?;
    chart.draw_series([PathElement::new(vec![(0.0, 0.0), (count, 0.0)], INK)])?;
    let (x, y) = chart.backend_coord(&(0.0, spec.limit));
    write(area, "budget", (x + 4, y - 5), letters(INK, HPos::Left, VPos::Bottom))?;
    let places: Vec<_> =
        (0..spec.days.len()).map(|place| chart.backend_coord(&(place as f64 + 0.5, 0.0))).collect();
    below(area, &spec.days, &places, width)
}

/// A line in dashes.
fn dashes(from: (f64, f64), to: (f64, f64), count: u32) -> Vec<Vec<(f64, f64)>> {
    let at = |part: f64| (from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part);
    let part = |step: u32, more: f64| (f64::from(step) + more) / f64::from(count);
    (0..count).map(|step| vec![at(part(step, 0.25)), at(part(step, 0.8))]).collect()
}

/// Writes days below a chart, as many as there is room for.
fn below(
    area: &Area<'_>,
    days: &[String],
    places: &[(i32, i32)],
    width: Width,
) -> Result<(), Box<dyn std::error::Error>> {
    let pixels = i32::try_from(width.pixels()).unwrap_or(0);
    let widest = days.iter().map(|day| text_width(day)).max().unwrap_or(1) + 10;
    let left = places.first().map_or(0, |place| place.0);
    let fit = usize::try_from(((pixels - left) / widest).max(1)).unwrap_or(1);
    let every = days.len().div_ceil(fit).max(1);
    for (day, (x, y)) in days.iter().zip(places).step_by(every) {
        let x = (*x).min(pixels - text_width(day) / 2);
        write(area, day, (x, y + 8), letters(MUTED, HPos::Center, VPos::Top))?;
    }
    Ok(())
}

/// Draws numbers of nodes.
pub(in crate::report) fn steps(told: Told<'_>, spec: &Steps) -> Result<Chart, ChartError> {
    both(|width| {
        draw(told, width, HEIGHT, |area| paint_steps(area, spec, width).map_err(|error| error.to_string()))
    })
}

#[expect(clippy::cast_precision_loss, reason = "numbers of days")]
fn paint_steps(area: &Area<'_>, spec: &Steps, width: Width) -> Result<(), Box<dyn std::error::Error>> {
    let highest = spec.most.iter().flatten().copied().max().unwrap_or(0).max(1);
    let high = round_up(f64::from(highest)).ceil();
    let count = spec.days.len().max(1) as f64;
    let gutter = text_width(&tick(high)).max(text_width("nodes")) + 12;
    let mut chart = ChartBuilder::on(area)
        .margin_top(26)
        .margin_right(2)
        .x_label_area_size(24)
        .y_label_area_size(gutter)
        .build_cartesian_2d(0.0..count, 0.0..high)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(0)
        .y_labels(usize::try_from(highest).unwrap_or(6).clamp(2, 6))
        .y_label_formatter(&|value| if value.fract().abs() < 1e-9 { tick(*value) } else { String::new() })
        .axis_style(CLEAR)
        .bold_line_style(GRID)
        .light_line_style(CLEAR)
        .label_style(letters(MUTED, HPos::Right, VPos::Center))
        .draw()?;
    write(area, "nodes", (gutter - 8, 2), letters(MUTED, HPos::Right, VPos::Top))?;
    let mut outline = vec![(0.0, 0.0)];
    for (place, most) in spec.most.iter().flatten().enumerate() {
        let edge = |blocks: usize| blocks as f64 / BLOCKS as f64;
        outline.extend([(edge(place), f64::from(*most)), (edge(place + 1), f64::from(*most))]);
    }
    outline.push((outline.last().map_or(0.0, |last| last.0), 0.0));
    chart.draw_series([Polygon::new(outline.clone(), SERIES[0].mix(0.25).filled())])?;
    let top = outline.get(1..outline.len() - 1).unwrap_or_default().to_vec();
    chart.draw_series([PathElement::new(top, SERIES[0].stroke_width(2))])?;
    chart.draw_series([PathElement::new(vec![(0.0, 0.0), (count, 0.0)], INK)])?;
    let places: Vec<_> =
        (0..spec.days.len()).map(|place| chart.backend_coord(&(place as f64 + 0.5, 0.0))).collect();
    below(area, &spec.days, &places, width)
}
