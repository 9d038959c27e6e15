//! Charts, drawn by plotters as SVG in the page itself: once for wide and once for narrow windows, so that letters
//! stay as large as the text's. Colours are variables of the page's style, which light, dark and print set.

mod canvas;
mod columns;
mod horizontal;
mod lines;

use serde::{Serialize, Serializer, ser::SerializeMap};

pub(super) use columns::{Columns, columns};
pub(super) use horizontal::{Bar, RangeRow, bars, ranges};
pub(super) use lines::{Course, Steps, course, steps};

/// A chart that could not be drawn: our bug, as nothing is written but text in memory.
#[derive(Debug, thiserror::Error)]
#[error("a chart cannot be drawn: {0}")]
pub struct ChartError(String);

/// Markup that was made here and not typed by anybody: only this is ever written as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Markup(pub(super) String);

impl Serialize for Markup {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("markup", &self.0)?;
        map.end()
    }
}

/// What a chart is called, for who does not see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told<'a> {
    /// Where it stands in the page: letters, digits and dashes.
    pub(super) id: &'a str,
    /// A few words.
    pub(super) title: &'a str,
    /// What it shows, in a sentence.
    pub(super) description: &'a str,
}

/// A chart for wide windows and for narrow ones.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Chart {
    pub(super) wide: Markup,
    pub(super) narrow: Markup,
}

/// The width of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    Wide,
    Narrow,
}

impl Width {
    /// In pixels of the page.
    const fn pixels(self) -> u32 {
        match self {
            Self::Wide => 720,
            Self::Narrow => 328,
        }
    }
}

/// Draws in both widths.
fn both(draw: impl Fn(Width) -> Result<Markup, ChartError>) -> Result<Chart, ChartError> {
    Ok(Chart { wide: draw(Width::Wide)?, narrow: draw(Width::Narrow)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: Told<'_> = Told { id: "c", title: "<b>", description: "a & \"b\"" };

    fn bar(name: &str, value: f64) -> Bar {
        Bar { name: name.into(), value, text: value.to_string() }
    }

    #[test]
    fn what_people_typed_stays_text() {
        let chart = bars(TOLD, &[bar("<script>alert(1)</script>", 3.0), bar("\"><img src=x>", 1.0)]).unwrap();
        for Markup(svg) in [chart.wide, chart.narrow] {
            assert!(!svg.contains("<script") && !svg.contains("<img") && !svg.contains("<b>"), "{svg}");
            assert!(svg.contains("&lt;script"), "{svg}");
            roxmltree(&svg);
        }
    }

    /// Reads as XML, where markup that is not closed is an error.
    fn roxmltree(svg: &str) {
        let opened = svg.matches('<').count();
        assert_eq!(opened, svg.matches('>').count());
        let closing = svg.matches("</").count();
        let alone = svg.matches("/>").count();
        assert_eq!(opened, 2 * closing + alone, "{svg}");
    }

    #[test]
    fn colours_are_the_page_s_and_letters_are_letters() {
        let spec = Columns {
            labels: vec!["1 Mar".into(), "2 Mar".into()],
            values: vec![vec![1.0, 2.0], vec![0.0, -1.0]],
            unit: "USD",
        };
        let chart = columns(TOLD, &spec).unwrap();
        assert!(!chart.wide.0.contains('#'), "{}", chart.wide.0);
        assert!(chart.wide.0.contains("var(--s1)") && chart.wide.0.contains("1 Mar"), "{}", chart.wide.0);
        assert!(chart.wide.0.contains("<title id=\"c-wide-t\">&lt;b&gt;</title>"), "{}", chart.wide.0);
        assert!(!chart.wide.0.contains("://"));
    }

    #[test]
    fn nothing_and_zero_can_be_drawn() {
        assert!(bars(TOLD, &[]).is_ok());
        assert!(bars(TOLD, &[bar("a", 0.0)]).is_ok());
        let none = Columns { labels: Vec::new(), values: Vec::new(), unit: "USD" };
        assert!(columns(TOLD, &none).is_ok());
        assert!(steps(TOLD, &Steps { days: Vec::new(), most: Vec::new() }).is_ok());
        assert!(ranges(TOLD, &[]).is_ok());
    }
}
