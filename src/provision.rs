//! From files to a running hub, and back.

pub mod local;
