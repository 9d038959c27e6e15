//! Statistics of arrays larger than memory, on one machine: in memory that is known before the run, of chunks that
//! are read once wherever that is enough.
//!
//! Layers, each of which uses those above it only:
//!
//! * [`block`]: a part of an array, and what an element may be.
//! * [`kernels`]: pure functions over rows of elements.
//! * [`state`]: what a reduction knows of the blocks that it has seen; states of parts become one.
//! * [`expression`]: what is computed of an array, with its dimensions by name.
//! * [`source`]: where values come from.
//! * [`sink`]: where results go that are as large as what is read.
//! * [`plan`]: how it is run: what is read, in which order, in how much memory.
//! * [`run`](mod@run): the run.
//! * [`graph`]: tasks that take the results of others, beside the layers above.
//! * [`Cancellation`]: the end of a run before its time.
//! * [`Error`]: what went wrong, and what to do about it.
//!
//! Floating-point sums are kept in double precision, and states are merged in the order of the array: the
//! answer does not depend on the number of threads.

pub mod block;
mod cancellation;
mod error;
pub mod expression;
pub mod graph;
pub mod kernels;
pub mod plan;
pub mod run;
pub mod sink;
pub mod source;
pub mod state;

pub use block::Block;
pub use cancellation::Cancellation;
pub use error::{Error, Result};
