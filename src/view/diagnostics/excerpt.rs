//! The lines of a file that a problem is about: long ones cut to what lies
//! around the marks, secrets masked.

use std::ops::Range;

use crate::config::line_column;

/// A line of more characters is cut.
const LONG_LINE: usize = 400;
/// Characters that are kept before a mark and after its start.
const AROUND: (usize, usize) = (60, 100);
/// How far from a marked line another one is shown.
const NEAR: usize = 2;

/// Lines of a file, and the marks in them.
pub(super) struct Excerpt {
    /// The lines; those far from all marks are empty, as they are folded away.
    pub text: String,
    /// The number of the first line, from 1.
    pub first_line: usize,
    /// The marks within the text.
    pub spans: Vec<Range<usize>>,
}

impl Excerpt {
    /// Takes the lines of `spans` out of `text`; `secrets` are masked.
    pub(super) fn new(text: &str, secrets: &[Range<usize>], spans: &[Range<usize>]) -> Self {
        let marks: Vec<_> = spans.iter().map(|span| first_line(text, span)).collect();
        let (Some(first), Some(last)) =
            (marks.iter().map(|mark| mark.start).min(), marks.iter().map(|mark| mark.start).max())
        else {
            return Self { text: String::new(), first_line: 1, spans: Vec::new() };
        };
        let mut start = line_start(text, first);
        let mut excerpt = Self {
            text: String::new(),
            first_line: text[..start].matches('\n').count() + 1,
            spans: vec![0..0; marks.len()],
        };
        let lines: Vec<_> = text[start..line_end(text, last)].split('\n').collect();
        let mut starts = Vec::with_capacity(lines.len());
        for line in &lines {
            starts.push(start);
            start += line.len() + 1;
        }
        let rows: Vec<_> =
            marks.iter().map(|mark| starts.partition_point(|start| *start <= mark.start) - 1).collect();
        for (row, (line, start)) in lines.iter().zip(&starts).enumerate() {
            if rows.iter().any(|marked| marked.abs_diff(row) <= NEAR) {
                let within = |mark: usize| rows[mark] == row;
                excerpt.line(line, *start, secrets, &marks, &within);
            }
            if row + 1 < lines.len() {
                excerpt.text.push('\n');
            }
        }
        excerpt
    }

    /// Line and column of the first mark, the column within the excerpt.
    pub(super) fn position(&self) -> (usize, usize) {
        let start = self.spans.first().map_or(0, |span| span.start);
        let (line, column) = line_column(&self.text, start);
        (self.first_line + line - 1, column)
    }

    /// Adds a line with the marks that are within it.
    fn line(
        &mut self,
        line: &str,
        start: usize,
        secrets: &[Range<usize>],
        marks: &[Range<usize>],
        within: &dyn Fn(usize) -> bool,
    ) {
        let line = line.trim_end_matches('\r');
        let end = start + line.len();
        let mine: Vec<_> = (0..marks.len()).filter(|mark| within(*mark)).collect();
        let masked: Vec<_> =
            secrets.iter().filter(|secret| secret.start < end && secret.end > start).collect();
        let kept = kept(line, mine.iter().map(|mark| (marks[*mark].start - start).min(line.len())).collect());
        // Where each character that is kept stands in the file, and where in the excerpt.
        let mut places = Vec::new();
        for (index, part) in kept.iter().enumerate() {
            if part.start > 0 || index > 0 {
                self.text.push('…');
            }
            for (at, c) in line[part.clone()].char_indices() {
                let at = start + part.start + at;
                places.push((at, self.text.len()));
                let hidden = !c.is_whitespace() && masked.iter().any(|secret| secret.contains(&at));
                self.text.push(if hidden { '•' } else { c });
            }
            places.push((start + part.end, self.text.len()));
        }
        if kept.last().is_some_and(|part| part.end < line.len()) {
            self.text.push('…');
        }
        for mark in mine {
            self.spans[mark] = place(&places, marks[mark].start)..place(&places, marks[mark].end);
        }
    }
}

/// The place in the excerpt of a place in the file, or of the last one before it that is kept.
fn place(places: &[(usize, usize)], at: usize) -> usize {
    let after = places.partition_point(|(file, _)| *file <= at);
    places.get(after.saturating_sub(1)).map_or(0, |(_, excerpt)| *excerpt)
}

/// The parts of a line that are shown: all of a short one, else what lies around the marks.
fn kept(line: &str, mut marks: Vec<usize>) -> Vec<Range<usize>> {
    if line.char_indices().nth(LONG_LINE).is_none() {
        return Vec::from([Range { start: 0, end: line.len() }]);
    }
    if marks.is_empty() {
        marks.push(0);
    }
    marks.sort_unstable();
    let mut parts: Vec<Range<usize>> = Vec::new();
    for mark in marks {
        let before = line[..mark].char_indices().rev().take(AROUND.0).last().map_or(mark, |(at, _)| at);
        let after = line[mark..].char_indices().nth(AROUND.1).map_or(line.len(), |(at, _)| mark + at);
        match parts.last_mut() {
            Some(last) if last.end >= before => last.end = last.end.max(after),
            _ => parts.push(before..after),
        }
    }
    parts
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline)
}

/// A span within its first line: a whole mapping underlined would hide the point.
fn first_line(text: &str, span: &Range<usize>) -> Range<usize> {
    let length = text[span.clone()].find(['\n', '\r']).unwrap_or(span.len());
    span.start..span.start + length
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str, secrets: &[Range<usize>], mark: Range<usize>) -> (String, String, usize) {
        let excerpt = Excerpt::new(text, secrets, &[mark]);
        let marked = excerpt.text[excerpt.spans[0].clone()].to_owned();
        (excerpt.text, marked, excerpt.first_line)
    }

    #[test]
    fn a_short_line_is_shown_whole() {
        let text = "a: 1\nb: zwö\nc: 3\n";
        assert_eq!(shown(text, &[], 8..12), ("b: zwö".to_owned(), "zwö".to_owned(), 2));
    }

    #[test]
    fn a_long_line_is_cut_around_the_mark() {
        let text = format!("x\n{}MARK{}\n", "ä".repeat(5000), "ö".repeat(5000));
        let (line, marked, first) = shown(&text, &[], 10_002..10_006);
        assert_eq!((marked.as_str(), first), ("MARK", 2));
        assert!(line.starts_with("…ä") && line.ends_with("ö…"), "{line}");
        assert_eq!(line.chars().count(), 162);
    }

    #[test]
    fn a_secret_is_masked_and_the_mark_stays() {
        let text = "k: hünter2 # x\n";
        assert_eq!(
            shown(text, std::slice::from_ref(&(3..11)), 3..11),
            ("k: ••••••• # x".to_owned(), "•••••••".to_owned(), 1)
        );
    }

    proptest! {
        #[test]
        fn every_mark_lies_in_the_excerpt(
            text in "([a-zä\t\r]{0,30}\n?){0,40}",
            long in prop::bool::ANY,
            places in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..4),
        ) {
            let text = if long { text.replace('\n', "") + &"ö".repeat(300) } else { text };
            let ends: Vec<_> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let spans: Vec<_> = places
                .iter()
                .map(|(a, b)| (*a.get(&ends), *b.get(&ends)))
                .map(|(a, b)| a.min(b)..a.max(b))
                .collect();
            let excerpt = Excerpt::new(&text, &spans, &spans);
            for span in &excerpt.spans {
                prop_assert!(excerpt.text.get(span.clone()).is_some(), "{:?}", excerpt.text);
            }
            let (line, _) = excerpt.position();
            prop_assert_eq!(line, line_column(&text, spans[0].start).0);
        }
    }

    #[test]
    fn marks_far_apart_are_both_shown() {
        let long = format!("{}A{}B{}", "x".repeat(500), "x".repeat(500), "x".repeat(500));
        let excerpt = Excerpt::new(&long, &[], &[1001..1002, 500..501]);
        let marked: Vec<_> = excerpt.spans.iter().map(|span| &excerpt.text[span.clone()]).collect();
        assert_eq!(marked, ["B", "A"]);
        let lines = format!("A\n{}B\n", "x\n".repeat(1000));
        let excerpt = Excerpt::new(&lines, &[], &[2002..2003, 0..1]);
        assert_eq!(excerpt.text, format!("A\nx\nx{}x\nx\nB", "\n".repeat(997)));
    }
}
