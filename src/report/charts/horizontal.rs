//! Bars and ranges with a name each, one below the other.

use plotters::prelude::{ChartBuilder, Circle, PathElement, Rectangle};
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{Color, ShapeStyle};

use super::canvas::{
    Area, CLEAR, GRID, INK, LETTER_WIDTH, MUTED, PAPER, SERIES, draw, letters, round_up, text_width, tick,
    write,
};
use super::{Chart, ChartError, Told, Width, both};
use crate::report::words::cut;

/// The height of a bar with what is around it.
const ROW: u32 = 28;

/// A bar.
#[derive(Clone, Debug)]
pub(in crate::report) struct Bar {
    /// What stands before it.
    pub(in crate::report) name: String,
    /// How long it is.
    pub(in crate::report) value: f64,
    /// What stands behind it.
    pub(in crate::report) text: String,
}

/// A range with a likely value, and what came of it.
#[derive(Clone, Debug)]
pub(in crate::report) struct RangeRow {
    /// What stands before it.
    pub(in crate::report) name: String,
    /// Its ends, and what is likely.
    pub(in crate::report) range: [f64; 3],
    /// What came of it.
    pub(in crate::report) billed: f64,
}

/// The room for names, in pixels.
const fn names(width: Width) -> i32 {
    match width {
        Width::Wide => 190,
        Width::Narrow => 136,
    }
}

/// A name as far as there is room for it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of letters")]
fn fitting(name: &str, room: i32) -> String {
    cut(name, ((f64::from(room) - 10.0) / LETTER_WIDTH).max(1.0) as usize)
}

/// Draws bars.
pub(in crate::report) fn bars(told: Told<'_>, rows: &[Bar]) -> Result<Chart, ChartError> {
    let height = ROW * u32::try_from(rows.len()).unwrap_or(0).max(1) + 4;
    both(|width| {
        draw(told, width, height, |area| paint_bars(area, rows, width).map_err(|error| error.to_string()))
    })
}

#[expect(clippy::cast_precision_loss, reason = "numbers of rows")]
fn paint_bars(area: &Area<'_>, rows: &[Bar], width: Width) -> Result<(), Box<dyn std::error::Error>> {
    let low = rows.iter().map(|row| row.value).fold(0.0, f64::min);
    let high = rows.iter().map(|row| row.value).fold(0.0, f64::max).max(low + 1e-9);
    let behind = rows.iter().map(|row| text_width(&row.text)).max().unwrap_or(0) + 10;
    let mut chart = ChartBuilder::on(area)
        .margin_left(names(width))
        .margin_right(behind)
        .margin_top(2)
        .margin_bottom(2)
        .build_cartesian_2d(low..high, (rows.len().max(1) as f64)..0.0)?;
    for (place, row) in rows.iter().enumerate() {
        let (top, bottom) = (place as f64 + 0.16, place as f64 + 0.84);
        chart.draw_series([Rectangle::new([(0.0, top), (row.value, bottom)], SERIES[0].filled())])?;
        let (end, middle) = chart.backend_coord(&(row.value.max(0.0), place as f64 + 0.5));
        write(
            area,
            &fitting(&row.name, names(width)),
            (names(width) - 8, middle),
            letters(INK, HPos::Right, VPos::Center),
        )?;
        write(area, &row.text, (end + 6, middle), letters(INK, HPos::Left, VPos::Center))?;
    }
    chart.draw_series([PathElement::new(vec![(0.0, 0.0), (0.0, rows.len() as f64)], MUTED)])?;
    Ok(())
}

/// Draws ranges.
pub(in crate::report) fn ranges(told: Told<'_>, rows: &[RangeRow]) -> Result<Chart, ChartError> {
    let height = ROW * u32::try_from(rows.len()).unwrap_or(0).max(1) + 34;
    both(|width| {
        draw(told, width, height, |area| paint_ranges(area, rows, width).map_err(|error| error.to_string()))
    })
}

#[expect(clippy::cast_precision_loss, reason = "numbers of rows")]
fn paint_ranges(area: &Area<'_>, rows: &[RangeRow], width: Width) -> Result<(), Box<dyn std::error::Error>> {
    let values = || rows.iter().flat_map(|row| row.range.into_iter().chain([row.billed]));
    let low = -round_up(-values().fold(0.0, f64::min));
    let high = round_up(values().fold(0.0, f64::max)).max(low + 1e-9);
    let mut chart = ChartBuilder::on(area)
        .margin_left(names(width))
        .margin_right(24)
        .margin_top(2)
        .x_label_area_size(30)
        .build_cartesian_2d(low..high, (rows.len().max(1) as f64)..0.0)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(0)
        .x_labels(if width == Width::Wide { 7 } else { 4 })
        .x_label_formatter(&|value| tick(*value))
        .axis_style(CLEAR)
        .bold_line_style(GRID)
        .light_line_style(CLEAR)
        .label_style(letters(MUTED, HPos::Center, VPos::Top))
        .draw()?;
    for (place, row) in rows.iter().enumerate() {
        let [least, likely, most] = row.range;
        let (top, bottom, middle) = (place as f64 + 0.32, place as f64 + 0.68, place as f64 + 0.5);
        chart.draw_series([Rectangle::new([(least, top), (most, bottom)], SERIES[0].mix(0.35).filled())])?;
        let line: ShapeStyle = SERIES[0].stroke_width(3);
        chart.draw_series([PathElement::new(vec![(likely, top - 0.08), (likely, bottom + 0.08)], line)])?;
        chart.draw_series([Circle::new((row.billed, middle), 7, PAPER.filled())])?;
        chart.draw_series([Circle::new((row.billed, middle), 5, SERIES[1].filled())])?;
        let (_, y) = chart.backend_coord(&(0.0, middle));
        write(
            area,
            &fitting(&row.name, names(width)),
            (names(width) - 12, y),
            letters(INK, HPos::Right, VPos::Center),
        )?;
    }
    Ok(())
}
