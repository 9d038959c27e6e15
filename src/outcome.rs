//! How a run ends: the exit codes, which scripts rely on.

use std::process::ExitCode;

/// The exit codes of `frazil`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Outcome {
    /// Done.
    Done = 0,
    /// Failed: file, credentials, tool, cloud or cluster.
    Failed = 1,
    /// There is a difference: `render --check`, `drift`, `plan --detailed-exitcode`.
    Difference = 2,
    /// A check said no: `doctor`, `cost check`, `down --audit` with something left, `image check`.
    CheckFailed = 3,
    /// Bad usage.
    Usage = 64,
    /// A bug of frazil.
    Bug = 70,
    /// Interrupted.
    Interrupted = 130,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(outcome as u8)
    }
}
