//! What is wrong with a hub file, where, and what to write instead.

use std::ops::Range;

/// How much a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used, but something in it will not do what it seems to say.
    Warning,
}

/// One thing that is wrong with a hub file.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The rule's name, such as `unknown-key`.
    pub rule: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// The bytes that are wrong; `None` when it is the whole file.
    pub span: Option<Range<usize>>,
    /// A few words under the offending text.
    pub label: String,
    /// Other places that belong to it, each with a few words.
    pub also: Vec<(Range<usize>, String)>,
    /// What to write or do instead.
    pub help: Option<String>,
    /// The key it is about, such as `sizes[1].memory`; empty when there is none.
    pub path: String,
}

impl Problem {
    /// A problem of the whole file.
    pub fn file(rule: &'static str, message: impl Into<String>) -> Self {
        Self {
            rule,
            severity: Severity::Error,
            message: message.into(),
            span: None,
            label: String::new(),
            also: Vec::new(),
            help: None,
            path: String::new(),
        }
    }

    /// A problem at some bytes of the file.
    pub fn at(rule: &'static str, span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span: Some(span), ..Self::file(rule, message) }
    }

    /// What to write or do instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// A few words under the offending text.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Another place that belongs to it.
    #[must_use]
    pub fn also(mut self, span: Range<usize>, words: impl Into<String>) -> Self {
        self.also.push((span, words.into()));
        self
    }

    /// The key it is about.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }
}

/// Line and column (both from 1, columns in characters) of a byte of a text.
pub fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..offset.min(text.len())];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
