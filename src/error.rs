//! The edge where every error becomes a message, hints and an exit code.

use std::error::Error as StdError;
use std::fmt;

use crate::config::Checked;
use crate::outcome::Outcome;

/// An error as it is told to a person.
#[derive(Debug)]
pub struct Error {
    /// What happened, one sentence without a full stop.
    message: String,
    /// What it is about, if more than a sentence has to be shown.
    detail: Option<Detail>,
    source: Option<Box<dyn StdError + Send + Sync>>,
    hints: Vec<String>,
    outcome: Outcome,
}

/// What an error shows beside its message.
#[derive(Debug)]
pub enum Detail {
    /// The problems of a hub file.
    HubFile(Box<Checked>),
    /// The last lines that a program wrote.
    Output(Vec<String>),
}

/// The result of a verb.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Something failed: file, credentials, tool, cloud or cluster.
    pub fn failed(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            detail: None,
            source: None,
            hints: Vec::new(),
            outcome: Outcome::Failed,
        }
    }

    /// What must not happen, whatever the input: our bug.
    pub fn bug(message: impl Into<String>) -> Self {
        Self { outcome: Outcome::Bug, ..Self::failed(message) }
    }

    /// The command line asks for something that makes no sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { outcome: Outcome::Usage, ..Self::failed(message) }
    }

    /// The person stopped it.
    pub fn interrupted(message: impl Into<String>) -> Self {
        Self { outcome: Outcome::Interrupted, ..Self::failed(message) }
    }

    /// A hub file that cannot be used.
    pub fn hub_file(checked: Checked) -> Self {
        let message = format!("{} cannot be used", checked.path.display());
        Self { detail: Some(Detail::HubFile(Box::new(checked))), ..Self::failed(message) }
    }

    /// What caused it.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What was asked for when it happened, before the message.
    #[must_use]
    pub fn about(mut self, what: &str) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// What to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The last lines that a program wrote.
    #[must_use]
    pub fn output(mut self, lines: Vec<String>) -> Self {
        self.detail = Some(Detail::Output(lines));
        self
    }

    /// The same error with every text of it passed through a function that takes secrets out.
    #[must_use]
    pub fn redacted(mut self, redact: &dyn Fn(&str) -> String) -> Self {
        self.message = redact(&self.message);
        if let Some(Detail::Output(lines)) = &mut self.detail {
            for line in lines {
                *line = redact(line);
            }
        }
        self
    }

    /// The exit code.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// What to do next.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// What the error shows beside its message.
    pub fn detail(&self) -> Option<&Detail> {
        self.detail.as_ref()
    }

    /// The texts of the causes, outermost first.
    pub fn causes(&self) -> Vec<String> {
        let first = self.source.as_deref().map(|source| source as &(dyn StdError + 'static));
        std::iter::successors(first, |error| (*error).source()).map(ToString::to_string).collect()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

impl From<crate::render::WriteError> for Error {
    fn from(error: crate::render::WriteError) -> Self {
        let full = error.source.kind() == std::io::ErrorKind::StorageFull;
        let failed = Self::failed(error.to_string());
        let failed =
            if full { failed.hint("the disk is full: free some space and call it again") } else { failed };
        failed.because(error.source)
    }
}
