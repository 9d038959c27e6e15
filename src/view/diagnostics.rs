//! Draws the problems of a hub file: the line, the offending text underlined,
//! what to write instead.

mod excerpt;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use self::excerpt::Excerpt;
use crate::config::{Checked, Problem, Severity, line_column};

/// Most problems that are drawn; who mends these sees the others.
const MOST_DRAWN: usize = 50;

/// Draws the problems of a file, errors first if not all are drawn, with a count at the end.
pub fn draw_problems(checked: &Checked, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut problems: Vec<_> = checked.problems.iter().collect();
    if problems.len() > MOST_DRAWN {
        problems.sort_by_key(|problem| problem.severity);
    }
    let shown = problems.iter().take(MOST_DRAWN);
    let mut parts: Vec<_> = shown.map(|problem| draw(&renderer, checked, problem)).collect();
    if problems.len() > MOST_DRAWN {
        parts.push(format!("and {} more", problems.len() - MOST_DRAWN));
    }
    parts.push(count(&checked.problems));
    parts.join("\n\n")
}

fn draw(renderer: &Renderer, checked: &Checked, problem: &Problem) -> String {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(problem.message.as_str()).id(problem.rule);
    let path = checked.path.display().to_string();
    let Some(span) = &problem.span else {
        let group = Group::with_title(title).element(Origin::path(path));
        return renderer.render(&[with_help(group, problem)]);
    };
    let excerpt = excerpt(checked, problem);
    let (line, clipped) = excerpt.position();
    let snippet = snippet(excerpt, problem).path(path.as_str());
    let drawn = renderer.render(&[with_help(title.element(snippet), problem)]);
    // The renderer sees a clipped line; the place that is told is the file's.
    let (_, column) = line_column(&checked.text, span.start);
    drawn.replacen(&format!("{path}:{line}:{clipped}"), &format!("{path}:{line}:{column}"), 1)
}

fn with_help<'a>(group: Group<'a>, problem: &'a Problem) -> Group<'a> {
    match &problem.help {
        Some(help) => group.element(Level::HELP.message(help.as_str())),
        None => group,
    }
}

fn excerpt(checked: &Checked, problem: &Problem) -> Excerpt {
    let also = problem.also.iter().map(|(span, _)| span);
    let spans: Vec<_> = problem.span.iter().chain(also).cloned().collect();
    Excerpt::new(&checked.text, &checked.secrets, &spans)
}

fn snippet(excerpt: Excerpt, problem: &Problem) -> Snippet<'_, Annotation<'_>> {
    let also = problem.also.iter().map(|(_, words)| (AnnotationKind::Context, words.as_str()));
    let labels = [(AnnotationKind::Primary, problem.label.as_str())].into_iter().chain(also);
    let marks = labels
        .zip(excerpt.spans)
        .map(|((kind, label), span)| kind.span(span).label(Some(label).filter(|label| !label.is_empty())));
    Snippet::source(excerpt.text).line_start(excerpt.first_line).fold(true).annotations(marks)
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
