//! Columns over days, stacked.

use plotters::prelude::{ChartBuilder, PathElement, Rectangle};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{
    Area, CLEAR, GRID, INK, MUTED, SERIES, draw, letters, round_up, text_width, tick, write,
};
use super::{Chart, ChartError, Told, Width, both};

const HEIGHT: u32 = 250;

/// What columns are made from.
#[derive(Clone, Debug)]
pub(in crate::report) struct Columns<'a> {
    /// What stands below each.
    pub(in crate::report) labels: Vec<String>,
    /// What each is stacked from, the lowest first: at most as many as there are colours.
    pub(in crate::report) values: Vec<Vec<f64>>,
    /// What is counted.
    pub(in crate::report) unit: &'a str,
}

/// Draws columns.
pub(in crate::report) fn columns(told: Told<'_>, spec: &Columns<'_>) -> Result<Chart, ChartError> {
    both(|width| {
        draw(told, width, HEIGHT, |area| paint(area, spec, width).map_err(|error| error.to_string()))
    })
}

/// The ends of a stack: what is below nothing goes down.
fn ends(values: &[f64]) -> (f64, f64) {
    let sum = |sign: f64| values.iter().filter(|value| **value * sign > 0.0).sum::<f64>();
    (sum(-1.0), sum(1.0))
}

#[expect(clippy::cast_precision_loss, reason = "numbers of columns")]
fn paint(area: &Area<'_>, spec: &Columns<'_>, width: Width) -> Result<(), Box<dyn std::error::Error>> {
    let all: Vec<_> = spec.values.iter().map(|values| ends(values)).collect();
    let low = -round_up(-all.iter().map(|ends| ends.0).fold(0.0, f64::min));
    let high =
        round_up(all.iter().map(|ends| ends.1).fold(0.0, f64::max)).max(if low < 0.0 { 0.0 } else { 1e-9 });
    let count = spec.values.len().max(1) as f64;
    let gutter =
        [tick(high).as_str(), &tick(low), spec.unit].map(text_width).into_iter().max().unwrap_or(0) + 12;
    let mut chart = ChartBuilder::on(area)
        .margin_top(26)
        .margin_right(2)
        .x_label_area_size(24)
        .y_label_area_size(gutter)
        .build_cartesian_2d(0.0..count, low..high)?;
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
    for (place, values) in spec.values.iter().enumerate() {
        let (mut up, mut down) = (0.0, 0.0);
        for (value, color) in values.iter().zip(&SERIES) {
            let end = if *value < 0.0 { &mut down } else { &mut up };
            let start = *end;
            *end += value;
            let (left, right) = (place as f64 + 0.11, place as f64 + 0.89);
            if (*value).abs() > 0.0 {
                chart.draw_series([Rectangle::new([(left, start), (right, *end)], color.filled())])?;
            }
        }
    }
    chart.draw_series([PathElement::new(vec![(0.0, 0.0), (count, 0.0)], INK)])?;
    let widest = spec.labels.iter().map(|label| text_width(label)).max().unwrap_or(1) + 10;
    let room = i32::try_from(width.pixels()).unwrap_or(0) - gutter;
    let fit = usize::try_from((room / widest).max(1)).unwrap_or(1);
    let every = spec.labels.len().div_ceil(fit).max(1);
    for (place, label) in spec.labels.iter().enumerate().step_by(every) {
        let (x, y) = chart.backend_coord(&(place as f64 + 0.5, low));
        let half = text_width(label) / 2;
        let x = x.min(i32::try_from(width.pixels()).unwrap_or(0) - half);
        write(area, label, (x, y + 8), letters(MUTED, HPos::Center, VPos::Top))?;
    }
    Ok(())
}
