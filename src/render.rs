//! From a hub to the files that describe it. Pure: the same input gives the
//! same bytes.

pub mod chart_keys;
pub mod local;
pub mod names;
pub mod pools;
mod tree;

pub use tree::{File, Tree, WriteError, hex, write_changed};
