//! What can go wrong, by what it means for the caller.

/// What the functions of this crate give.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, by meaning. The message says what happened and where; [`Error::advice`] what to do
/// about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was given cannot be computed.
    #[error("{what}")]
    Invalid {
        /// What is wrong with it.
        what: String,
        /// How it is right.
        advice: String,
    },
    /// A run would take more memory than it may.
    #[error("{what} needs {needed} bytes of memory, and {limit} are allowed")]
    Memory {
        /// What was to be run.
        what: String,
        /// The bytes that it takes at its peak.
        needed: u64,
        /// The bytes that it may take.
        limit: u64,
    },
    /// Values could not be read.
    #[error("cannot read {what}")]
    Source {
        /// The part, and of what, without secrets.
        what: String,
        /// What to do.
        advice: String,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Results could not be written.
    #[error("cannot write {what}")]
    Sink {
        /// The part, and of what, without secrets.
        what: String,
        /// What to do.
        advice: String,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The caller ended the run.
    #[error("the run was cancelled")]
    Cancelled,
}

impl Error {
    /// What was given, and how it is right.
    pub fn invalid(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Invalid { what: what.into(), advice: advice.into() }
    }

    /// What to do about it.
    pub fn advice(&self) -> String {
        match self {
            Self::Invalid { advice, .. } | Self::Source { advice, .. } | Self::Sink { advice, .. } => {
                advice.clone()
            }
            Self::Memory { needed, .. } => {
                format!("allow {needed} bytes, take a smaller part, or make the result smaller")
            }
            Self::Cancelled => "call again to begin anew".to_owned(),
        }
    }
}
