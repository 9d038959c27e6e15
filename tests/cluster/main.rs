//! Hubs on a real Kubernetes API, with the real Helm and charts of our own that take the same
//! values as the upstream ones (`FRAZIL_CHARTS` names a folder of those). Its nodes are kwok's.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, looks for tools, and says what it skips"
)]

#[expect(dead_code, reason = "what tests of clouds need, and tests of clusters do not")]
#[path = "../support/kubernetes.rs"]
mod kubernetes;
#[path = "../support/scratch.rs"]
mod scratch;

mod drift;
mod faults;
mod gateway;
mod harness;
mod hub;
mod leftovers;
mod lifecycle;
mod looks;
mod recorder;
mod secrets;
#[path = "../support/skips.rs"]
mod skips;
