//! `frazil validate`: every problem of hub files at once.

use serde_json::{Value, json};

use super::{Run, load};
use crate::cli::HubFiles;
use crate::config::{Checked, Problem, Severity, line_column};
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::view::{Align, Format, Layout, Report, Table};

/// Checks hub files.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn validate(run: &Run<'_>, args: &HubFiles) -> Result<Outcome> {
    let mut checked = Vec::new();
    let mut unreadable = Vec::new();
    for file in &args.files {
        match load::check(run, file) {
            Ok(one) => checked.push(one),
            Err(error) => unreadable.push(error),
        }
    }
    let report = Validation { files: checked };
    if matches!(run.printer.format, Format::Table | Format::Wide) {
        for file in report.files.iter().filter(|file| !file.problems.is_empty()) {
            run.printer.problems(file);
        }
    }
    run.printer.report(&report)?;
    let last = unreadable.pop();
    for error in &unreadable {
        crate::view::Printer::error(error);
    }
    match last {
        Some(error) => Err(error),
        None if report.usable() => Ok(Outcome::Done),
        None => Ok(Outcome::Failed),
    }
}

/// What is wrong with some hub files.
#[derive(Debug)]
struct Validation {
    files: Vec<Checked>,
}

impl Validation {
    fn usable(&self) -> bool {
        self.files.iter().all(|file| file.document.is_some())
    }
}

fn problem_data(file: &Checked, problem: &Problem) -> Value {
    let place = |offset: usize| {
        let (line, column) = line_column(&file.text, offset);
        json!({ "line": line, "column": column })
    };
    json!({
        "rule": problem.rule,
        "severity": problem.severity,
        "key": problem.path,
        "message": problem.message,
        "label": problem.label,
        "help": problem.help,
        "start": problem.span.as_ref().map(|span| place(span.start)),
        "end": problem.span.as_ref().map(|span| place(span.end)),
    })
}

impl Report for Validation {
    fn schema(&self) -> &'static str {
        "frazil.validate/v1"
    }

    fn data(&self) -> Value {
        let files: Vec<_> = self
            .files
            .iter()
            .map(|file| {
                let problems: Vec<_> =
                    file.problems.iter().map(|problem| problem_data(file, problem)).collect();
                json!({ "file": file.path, "usable": file.document.is_some(), "problems": problems })
            })
            .collect();
        json!({ "files": files })
    }

    fn text(&self, _layout: Layout) -> String {
        let lines = self.files.iter().filter_map(|file| file.document.as_ref()).map(|document| {
            let hub = &document.hub;
            format!(
                "{}: the hub `{}` ({}) can be used\n",
                document.path.display(),
                hub.name,
                hub.provider.key()
            )
        });
        lines.collect()
    }

    fn table(&self) -> Option<Table> {
        let left = Align::Left;
        let mut table = Table::new([
            ("file", left),
            ("line", Align::Right),
            ("column", Align::Right),
            ("severity", left),
            ("rule", left),
            ("key", left),
            ("message", left),
            ("help", left),
        ]);
        for file in &self.files {
            for problem in &file.problems {
                let (line, column) =
                    problem.span.as_ref().map_or((1, 1), |span| line_column(&file.text, span.start));
                let severity = if problem.severity == Severity::Error { "error" } else { "warning" };
                table.row([
                    file.path.display().to_string(),
                    line.to_string(),
                    column.to_string(),
                    severity.to_owned(),
                    problem.rule.to_owned(),
                    problem.path.clone(),
                    problem.message.clone(),
                    problem.help.clone().unwrap_or_default(),
                ]);
            }
        }
        Some(table)
    }
}

/// The error of a hub file that another verb cannot use.
impl From<Checked> for Error {
    fn from(checked: Checked) -> Self {
        Self::hub_file(checked)
    }
}
