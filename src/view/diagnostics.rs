//! Draws the problems of a hub file: the line, the offending text underlined,
//! what to write instead.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::config::{Checked, Problem, Severity};

/// Draws all problems of a file, with a count at the end.
pub fn draw_problems(checked: &Checked, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let path = checked.path.display().to_string();
    let drawn: Vec<_> =
        checked.problems.iter().map(|problem| draw(&renderer, &path, &checked.text, problem)).collect();
    format!("{}\n\n{}", drawn.join("\n\n"), count(&checked.problems))
}

fn draw(renderer: &Renderer, path: &str, text: &str, problem: &Problem) -> String {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(problem.message.as_str()).id(problem.rule);
    let mut groups = Vec::new();
    match &problem.span {
        Some(span) => {
            let label = Some(problem.label.as_str()).filter(|label| !label.is_empty());
            let mut snippet = Snippet::source(text).path(path).fold(true);
            snippet = snippet.annotation(AnnotationKind::Primary.span(first_line(text, span)).label(label));
            for (span, words) in &problem.also {
                snippet = snippet
                    .annotation(AnnotationKind::Context.span(first_line(text, span)).label(words.as_str()));
            }
            groups.push(title.element(snippet));
        }
        None => {
            groups.push(Group::with_title(title).element(annotate_snippets::Origin::path(path)));
        }
    }
    if let Some(help) = &problem.help
        && let Some(group) = groups.pop()
    {
        groups.push(group.element(Level::HELP.message(help.as_str())));
    }
    renderer.render(&groups)
}

/// A span within its first line: a whole mapping underlined would hide the point.
fn first_line(text: &str, span: &Range<usize>) -> Range<usize> {
    let length = text[span.clone()].find(['\n', '\r']).unwrap_or(span.len());
    span.start..span.start + length
}

fn count(problems: &[Problem]) -> String {
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    let warnings = problems.len() - errors;
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    match (errors, warnings) {
        (errors, 0) => plural(errors, "error"),
        (0, warnings) => plural(warnings, "warning"),
        (errors, warnings) => format!("{}, {}", plural(errors, "error"), plural(warnings, "warning")),
    }
}
