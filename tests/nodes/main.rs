//! `frazil nodes` on a real Kubernetes API with nodes and pods of all kinds, and on this machine.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, looks for tools, and says what it skips"
)]

#[expect(dead_code, reason = "what tests of clouds need, and these do not")]
#[path = "../support/kubernetes.rs"]
mod kubernetes;
#[path = "../support/scratch.rs"]
mod scratch;

mod cluster;
mod kubelets;
mod local;
mod objects;
#[path = "../support/skips.rs"]
mod skips;
mod terminal;
