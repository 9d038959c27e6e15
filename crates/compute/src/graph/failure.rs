//! Why a graph has no results.

use crate::error::Error;

/// Why a graph has no results.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure<E> {
    /// A task failed; those that were not running yet were left.
    #[error("the task `{task}` failed")]
    Task {
        /// Its name.
        task: String,
        /// Why.
        source: E,
    },
    /// A task panicked, which is a defect of its function.
    #[error("the task `{task}` panicked: {message}")]
    Panicked {
        /// Its name.
        task: String,
        /// What it said.
        message: String,
    },
    /// The run was cancelled, or is not at its end.
    #[error("ended after {done} of {total} tasks")]
    Cancelled {
        /// Tasks that were done.
        done: usize,
        /// Tasks that were to be done.
        total: usize,
    },
    /// What is wanted is of another graph.
    #[error(transparent)]
    Graph(#[from] Error),
}
