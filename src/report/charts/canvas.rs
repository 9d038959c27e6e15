//! What all charts have in common: colours, letters, axes, the frame around the drawing.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, IntoDrawingArea, IntoFont, RGBColor, SVGBackend, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{RGBAColor, TextStyle};

use super::{ChartError, Markup, Told, Width};
use crate::report::words::{grouped, plain};

/// Where a chart is drawn.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Letters.
pub(super) const INK: RGBColor = RGBColor(0x1a, 0x1d, 0x21);
/// Letters of less weight.
pub(super) const MUTED: RGBColor = RGBColor(0x56, 0x5d, 0x66);
/// Lines behind.
pub(super) const GRID: RGBColor = RGBColor(0xdf, 0xe3, 0xe8);
/// The page.
pub(super) const PAPER: RGBColor = RGBColor(0xfe, 0xfd, 0xfc);
/// Blue, vermillion and bluish green of Okabe and Ito ("Color Universal Design", 2008), then grey.
pub(super) const SERIES: [RGBColor; 4] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0x7a, 0x7f, 0x87),
];
/// Nothing.
pub(super) const CLEAR: RGBAColor = RGBAColor(0, 0, 0, 0.0);

/// The variable of the page's style for each colour that is drawn with.
const VARIABLES: [(RGBColor, &str); 8] = [
    (INK, "ink"),
    (MUTED, "muted"),
    (GRID, "grid"),
    (PAPER, "paper"),
    (SERIES[0], "s1"),
    (SERIES[1], "s2"),
    (SERIES[2], "s3"),
    (SERIES[3], "s4"),
];

/// The height of letters, in pixels.
pub(super) const LETTER: f64 = 12.5;
/// How wide a letter is on average, in pixels.
pub(super) const LETTER_WIDTH: f64 = 7.0;

/// Draws a chart and frames it.
pub(super) fn draw(
    told: Told<'_>,
    width: Width,
    height: u32,
    paint: impl FnOnce(&Area<'_>) -> Result<(), String>,
) -> Result<Markup, ChartError> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (width.pixels(), height)).into_drawing_area();
        paint(&root).map_err(ChartError)?;
        root.present().map_err(|error| ChartError(error.to_string()))?;
    }
    let (_, inner) = svg.split_once('>').ok_or_else(|| ChartError("it has no beginning".to_owned()))?;
    Ok(Markup(framed(told, width, height, &recoloured(inner))))
}

/// Colours as variables. Quotes in text are escaped, so that no text is taken for one.
fn recoloured(inner: &str) -> String {
    VARIABLES.iter().fold(inner.to_owned(), |svg, (RGBColor(r, g, b), name)| {
        svg.replace(&format!("\"#{r:02X}{g:02X}{b:02X}\""), &format!("\"var(--{name})\""))
    })
}

fn framed(told: Told<'_>, width: Width, height: u32, inner: &str) -> String {
    let name = if width == Width::Wide { "wide" } else { "narrow" };
    let Told { id, title, description } = told;
    let (title, description) = (handlebars::html_escape(title), handlebars::html_escape(description));
    let pixels = width.pixels();
    format!(
        "<svg class=\"{name}\" viewBox=\"0 0 {pixels} {height}\" role=\"img\" \
         aria-labelledby=\"{id}-{name}-t {id}-{name}-d\">\n<title id=\"{id}-{name}-t\">{title}</title>\n\
         <desc id=\"{id}-{name}-d\">{description}</desc>{}",
        inner.trim_end()
    )
}

/// Letters of a colour, held at a point; plotters makes them smaller by 1.24.
pub(super) fn letters(color: RGBColor, across: HPos, down: VPos) -> TextStyle<'static> {
    ("sans-serif", LETTER * 1.24).into_font().color(&color).pos(Pos::new(across, down))
}

/// Writes at a point.
pub(super) fn write(
    area: &Area<'_>,
    text: &str,
    at: (i32, i32),
    style: TextStyle<'static>,
) -> Result<(), String> {
    area.draw(&Text::new(plain(text), at, style)).map_err(|error| error.to_string())
}

/// The smallest round number of steps that holds a value, and a step of which it has three to six.
pub(super) fn round_up(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 0.0;
    }
    let magnitude = 10_f64.powf((value / 4.0).log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|each| each * magnitude);
    let step = step.into_iter().find(|step| value / step <= 5.0).unwrap_or(10.0 * magnitude);
    (value / step - 1e-9).ceil() * step
}

/// A number at an axis.
pub(super) fn tick(value: f64) -> String {
    let text = if value.abs() >= 10.0 || value.fract().abs() < 1e-9 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}").trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    if text == "-0" { "0".to_owned() } else { grouped(&text) }
}

/// How wide a text is, in pixels.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "pixels")]
pub(super) fn text_width(text: &str) -> i32 {
    (text.chars().count() as f64 * LETTER_WIDTH).ceil() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        let rounded = [0.0, 1.0, 7.0, 23.0, 99.0, 100.0, 1_234.0].map(|value| tick(round_up(value)));
        assert_eq!(rounded, ["0", "1", "8", "25", "100", "100", "1,250"]);
        assert_eq!(
            [0.0, -0.0, 2.5, 0.25, 1_250.0, -20.0].map(tick),
            ["0", "0", "2.5", "0.25", "1,250", "\u{2212}20"]
        );
    }
}
