//! A plan as a picture: what happens from top to bottom, and what memory it takes.

use std::fmt;

use super::explain::{Bytes, Lengths};
use super::{Pieces, Plan};
use crate::state::{Axis, Measure};

/// Pixels.
const WIDTH: usize = 640;
const MARGIN: usize = 12;
const LINE: usize = 18;
/// Between two boxes.
const GAP: usize = 22;
/// Colours of parts of the bar of memory, which are told from each other by any eye (M. Okabe and K. Ito, 2008).
const COLOURS: [&str; 6] = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"];

/// What happens, and what it takes. Shown as an SVG document of version 1.1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    stages: Vec<(String, Vec<String>)>,
    memory: Vec<(String, u64)>,
}

impl Picture {
    /// One in which nothing happens.
    pub fn new() -> Self {
        Self::default()
    }

    /// What happens next: its title, and lines about it.
    #[must_use]
    pub fn stage(mut self, title: impl Into<String>, lines: Vec<String>) -> Self {
        self.stages.push((title.into(), lines));
        self
    }

    /// A part of the memory that it takes at most, and its bytes.
    #[must_use]
    pub fn part(mut self, name: impl Into<String>, bytes: u64) -> Self {
        self.memory.push((name.into(), bytes));
        self
    }

    fn draw_stages(&self, out: &mut fmt::Formatter<'_>) -> Result<usize, fmt::Error> {
        let mut top = MARGIN;
        for (number, (title, lines)) in self.stages.iter().enumerate() {
            if number > 0 {
                let (middle, from) = (WIDTH / 2, top - GAP);
                writeln!(out, r#"<path d="M{middle} {from}v{}m-4 -6l4 6l4 -6" fill="none"/>"#, GAP - 2)?;
            }
            let height = LINE * (1 + lines.len()) + MARGIN;
            let width = WIDTH - 2 * MARGIN;
            writeln!(
                out,
                r#"<rect x="{MARGIN}" y="{top}" width="{width}" height="{height}" rx="4" fill="none"/>"#
            )?;
            text(out, 2 * MARGIN, top + LINE, title, true)?;
            for (line, below) in lines.iter().zip(2..) {
                text(out, 2 * MARGIN, top + below * LINE, line, false)?;
            }
            top += height + GAP;
        }
        Ok(top)
    }

    /// A bar as long as all memory, and what its parts are.
    fn draw_memory(&self, out: &mut fmt::Formatter<'_>, top: usize) -> fmt::Result {
        let all: u64 = self.memory.iter().map(|(_, bytes)| *bytes).fold(0, u64::saturating_add);
        text(out, MARGIN, top, &format!("memory: {} at most", Bytes(all)), true)?;
        let (mut left, width) = (MARGIN, WIDTH - 2 * MARGIN);
        for (number, (name, bytes)) in self.memory.iter().enumerate() {
            let colour = COLOURS[number % COLOURS.len()];
            let share = u128::from(*bytes) * width as u128 / u128::from(all.max(1));
            let part = usize::try_from(share).unwrap_or(width);
            let y = top + MARGIN;
            writeln!(
                out,
                r#"<rect x="{left}" y="{y}" width="{part}" height="{LINE}" fill="{colour}" stroke="none"/>"#
            )?;
            left += part;
            let (y, key) = (y + LINE * (number + 2), LINE / 2);
            let mark = y - key;
            writeln!(
                out,
                r#"<rect x="{MARGIN}" y="{mark}" width="{key}" height="{key}" fill="{colour}" stroke="none"/>"#
            )?;
            text(out, MARGIN + LINE, y, &format!("{name}: {}", Bytes(*bytes)), false)?;
        }
        Ok(())
    }
}

impl fmt::Display for Picture {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let boxes = self.stages.iter().map(|(_, lines)| LINE * (1 + lines.len()) + MARGIN + GAP);
        let height = boxes.sum::<usize>() + 2 * MARGIN + LINE * (self.memory.len() + 3);
        writeln!(
            out,
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13" stroke="currentColor" fill="currentColor">"#
        )?;
        let below = self.draw_stages(out)?;
        self.draw_memory(out, below + MARGIN)?;
        write!(out, "</svg>")
    }
}

fn text(out: &mut fmt::Formatter<'_>, x: usize, y: usize, text: &str, is_title: bool) -> fmt::Result {
    let weight = if is_title { r#" font-weight="bold""# } else { "" };
    writeln!(out, r#"<text x="{x}" y="{y}" stroke="none"{weight}>{}</text>"#, Escaped(text))
}

/// A text as one of XML 1.0: what has a meaning there is written so that it has none, and characters that it cannot have are
/// replaced.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => out.write_str("&amp;")?,
                '<' => out.write_str("&lt;")?,
                '>' => out.write_str("&gt;")?,
                '\t' | '\n' | '\r' => out.write_str(" ")?,
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.write_str("\u{fffd}")?,
                other => write!(out, "{other}")?,
            }
        }
        Ok(())
    }
}

impl Plan {
    /// The plan as a picture.
    pub fn picture(&self) -> Picture {
        let expression = self.expression();
        let mut picture = Picture::new().stage(expression.array().name(), self.about_array());
        if let Some(packing) = expression.array().packing() {
            let line =
                format!("times {} plus {}; {:?} is missing", packing.scale, packing.offset, packing.missing);
            picture = picture.stage("unpacked", vec![line]);
        }
        if !expression.steps().is_empty() {
            let lines = expression.steps().iter().map(ToString::to_string).collect();
            picture = picture.stage("each element", lines);
        }
        for (name, told) in self.stages() {
            picture = picture.stage(name, vec![told]);
        }
        if let Some(measure) = self.measure() {
            picture = picture.stage(measure.name(), self.about_reduction());
        }
        let lengths = expression.dimensions();
        let lengths: Vec<_> = lengths.iter().map(|one| format!("{} {}", one.name, one.length)).collect();
        let result = format!("({}): {}", lengths.join(", "), Bytes(self.size()));
        let memory = &self.memory;
        let threads = memory.threads as u64;
        let blocks = memory.of_block().saturating_mul(memory.ahead.saturating_add(1)).saturating_mul(threads);
        let parts = [
            ("blocks".to_owned(), blocks),
            ("to work in".to_owned(), memory.of_work().saturating_mul(threads)),
            (format!("{} states", memory.states), memory.state.saturating_mul(memory.states)),
            ("result".to_owned(), memory.result),
            ("means of groups".to_owned(), memory.means),
        ];
        let own = parts.iter().map(|(_, bytes)| *bytes).fold(0, u64::saturating_add);
        let before = ("more in the pass before".to_owned(), memory.before.saturating_sub(own));
        let parts = parts.into_iter().chain([before]).filter(|(_, bytes)| *bytes > 0);
        parts.fold(picture.stage("result", vec![result]), |picture, (name, bytes)| picture.part(name, bytes))
    }

    /// What is read, and how it is cut.
    fn about_array(&self) -> Vec<String> {
        let (array, part) = (self.expression().array(), self.expression().part());
        let size = array.element().size() as u64;
        let spans = array.dimensions().iter().zip(part);
        let spans: Vec<_> =
            spans.map(|(one, span)| format!("{} {}:{}", one.name, span.start, span.end())).collect();
        let bytes = part.iter().map(|span| span.count).fold(size, u64::saturating_mul);
        let stored = match array.chunks() {
            Some(chunks) => {
                let most = if array.is_uneven() { "at most " } else { "" };
                format!("chunks of {most}{}, each read {}", Lengths(chunks), self.how_often())
            }
            None => "in memory".to_owned(),
        };
        let longest: Vec<u64> = self.regions.iter().map(Pieces::longest).collect();
        let block: Vec<u64> = self.block.iter().zip(&longest).map(|(block, most)| *block.min(most)).collect();
        vec![
            format!("{} of {}: {}", spans.join(", "), array.element(), Bytes(bytes)),
            stored,
            format!(
                "{} runs of blocks of {}, on {} threads",
                self.runs(),
                Lengths(&block),
                self.memory.threads
            ),
        ]
    }

    fn about_reduction(&self) -> Vec<String> {
        let Some(reduction) = self.expression().reduction() else { return Vec::new() };
        let dimensions = self.expression().array().dimensions();
        let along = reduction.axes.iter().zip(dimensions);
        let reduced = along.clone().filter(|(what, _)| **what == Axis::Reduced);
        let reduced: Vec<&str> = reduced.map(|(_, dimension)| dimension.name.as_str()).collect();
        let mut lines = Vec::new();
        if !reduced.is_empty() {
            lines.push(format!("along {}", reduced.join(", ")));
        }
        for (what, dimension) in along {
            if let Axis::Grouped(groups) = what {
                lines.push(format!("{} groups along {}", groups.count, dimension.name));
            }
        }
        if let Measure::Histogram(edges) = &reduction.measure {
            lines.push(format!("{} bins", edges.values().len() - 1));
        }
        lines.push(format!("a state of {}, merged in the order of the array", Bytes(self.memory.state)));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::ElementType;
    use crate::expression::{Array, Condition, Expression, Map, Test};
    use crate::plan::Limits;
    use crate::state::Total;

    #[test]
    fn every_stage_is_told_and_names_do_no_harm() {
        let dimensions = [("time", 720), ("y<x>", 90)];
        let array = Array::new("a & \"b\"\u{1}", &dimensions, ElementType::F32, Some(vec![24, 90])).unwrap();
        let expression = Expression::of(array)
            .map(Map::Square)
            .unwrap()
            .masked(Condition { test: Test::Less, with: 3.0 })
            .unwrap()
            .coarsen_sum("time", 6)
            .unwrap()
            .reduce(&["y<x>"], Measure::Total(Total::Mean))
            .unwrap();
        let picture = Plan::new(&expression, Limits::default()).unwrap().picture().to_string();
        for told in [
            "a &amp; \"b\"\u{fffd}",
            "time 0:720, y&lt;x&gt; 0:90 of float32: 259.2 kB",
            "its square",
            "missing unless &lt; 3",
            "sum of 6 along time",
            "along y&lt;x&gt;",
            "(time 120): 1.9 kB",
        ] {
            assert!(picture.contains(told), "{told} is not in {picture}");
        }
        assert_eq!(picture.matches("<svg").count() + picture.matches("</svg>").count(), 2);
        assert_eq!(picture.matches("<text").count(), picture.matches("</text>").count());
    }

    #[test]
    fn parts_of_the_bar_are_all_of_it_at_most() {
        let picture = Picture::new().part("much", u64::MAX).part("more", u64::MAX).part("none", 0);
        let drawn = picture.to_string();
        assert!(drawn.contains("memory: 18446744.0 TB at most"), "{drawn}");
        assert!(Picture::new().to_string().ends_with("</svg>"));
    }
}
