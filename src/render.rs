//! From a hub to the files that describe it. Pure: the same input gives the
//! same bytes.

pub mod chart;
pub mod cluster;
pub mod local;
pub mod nodes;
pub mod pools;
pub mod seats;
mod tree;

pub use tree::{File, Tree, WriteError, hex, write_changed};
