//! Writes reports and messages in the chosen format.

use std::io::{self, Write};

use clap::ValueEnum;
use serde_json::{Value, json};

use super::parts::Parts;
use super::progress::Progress;
use super::stderr::stderr_line;
use super::{Features, Layout, Report};
use crate::config::Checked;
use crate::error::{Error, Result};

/// The form of a report on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table or text for people.
    #[default]
    Table,
    /// The same with more columns.
    Wide,
    /// One JSON document.
    Json,
    /// The same as YAML.
    Yaml,
    /// Comma-separated values, where the report has rows.
    Csv,
    /// Metrics as Prometheus reads them, where the report has some.
    Prometheus,
    /// A feature collection, where the report has features.
    Geojson,
    /// An item collection of STAC, where the report has items.
    Stac,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Prints reports to standard output and everything else to standard error.
#[derive(Clone, Copy, Debug)]
pub struct Printer {
    /// The form of reports.
    pub format: Format,
    /// Whether only results and errors are printed.
    pub quiet: bool,
    /// Whether progress may move on standard error.
    pub moving: bool,
    /// Columns of the terminal that standard output goes to, if it is one.
    pub width: Option<usize>,
}

impl Printer {
    /// Sets when colour is used, for this whole process.
    pub fn set_color(color: Color) {
        match color {
            Color::Auto => {}
            Color::Always => anstream::ColorChoice::Always.write_global(),
            Color::Never => anstream::ColorChoice::Never.write_global(),
        }
    }

    /// Prints a report; returns whether it arrived: a reader that went away (a broken pipe) is no error.
    ///
    /// # Errors
    /// When the report has no such form or standard output cannot be written.
    pub fn report(&self, report: &dyn Report) -> Result<bool> {
        Self::result(&self.text(report)?)
    }

    /// A report in its form.
    pub(super) fn text(&self, report: &dyn Report) -> Result<String> {
        Ok(match self.format {
            Format::Table => report.text(Layout { wide: false, width: self.width }),
            Format::Wide => report.text(Layout { wide: true, width: self.width }),
            Format::Json => json_text(&document(report))?,
            Format::Yaml => yaml_text(&document(report))?,
            Format::Csv => {
                report.table().ok_or_else(|| Error::usage("this verb has no rows for `-o csv`"))?.csv()
            }
            Format::Geojson => features(report, Features::Geojson)?,
            Format::Stac => features(report, Features::Stac)?,
            Format::Prometheus => report
                .metrics()
                .ok_or_else(|| Error::usage("this verb has no metrics for `-o prometheus`"))?
                .text(),
        })
    }

    /// Begins a report that comes in parts.
    pub fn parts(&self) -> Parts<'_> {
        Parts::new(self)
    }

    /// Prints a report of which more follow: JSON as one line each, tables with an empty line between.
    ///
    /// # Errors
    /// When the report has no such form or standard output cannot be written.
    pub fn report_of_many(&self, report: &dyn Report) -> Result<bool> {
        match self.format {
            Format::Json => Self::result(&document(report).to_string()),
            _ => Ok(self.report(report)? && Self::result("\n")?),
        }
    }

    /// Prints text as the result, such as a completion script; returns whether it arrived.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn result(text: &str) -> Result<bool> {
        let ended = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        Self::written(&format!("{text}{ended}"))
    }

    /// Prints text as it is; returns whether it arrived.
    pub(super) fn written(text: &str) -> Result<bool> {
        let mut out = anstream::AutoStream::auto(io::stdout().lock());
        match write!(out, "{text}").and_then(|()| out.flush()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(Error::failed("standard output cannot be written").because(error)),
        }
    }

    /// Prints a note for the person, unless quiet.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            stderr_line(text);
        }
    }

    /// Prints the problems of a hub file, drawn.
    pub fn problems(&self, checked: &Checked) {
        let color = super::errors::wants_color();
        stderr_line(&super::diagnostics::draw_problems(checked, color));
    }

    /// Prints an error: message, what it is about, causes, hints.
    pub fn error(error: &Error) {
        stderr_line(super::errors::render(error).trim_end());
    }

    /// Steps that take more than a moment.
    pub fn progress(&self) -> Progress {
        Progress::new(self.moving && !self.quiet, self.quiet)
    }
}

fn features(report: &dyn Report, form: Features) -> Result<String> {
    let found = report.features(form);
    json_text(&found.ok_or_else(|| Error::usage("this verb has no features for `-o geojson` and `-o stac`"))?)
}

pub(super) fn document(report: &dyn Report) -> Value {
    let mut document = json!({ "schema": report.schema() });
    match (report.data(), document.as_object_mut()) {
        (Value::Object(data), Some(object)) => object.extend(data),
        (data, Some(object)) => drop(object.insert("items".to_owned(), data)),
        (_, None) => {}
    }
    document
}

pub(super) fn json_text(value: &Value) -> Result<String> {
    serde_json::to_string_pretty(value)
        .map_err(|error| Error::failed("the report cannot be written as JSON").because(error))
}

pub(super) fn yaml_text(value: &Value) -> Result<String> {
    serde_yaml::to_string(value)
        .map_err(|error| Error::failed("the report cannot be written as YAML").because(error))
}
