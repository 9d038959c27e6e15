//! Hubs in stand-ins of AWS and Google Cloud, with the real Terraform or OpenTofu, the real Helm and a
//! real Kubernetes API as their cluster; see tests/clouds/README.md.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, looks for tools, and says what it skips"
)]

#[path = "../support/clouds.rs"]
mod clouds;
#[path = "../support/corpus.rs"]
mod corpus;
#[path = "../support/hubs.rs"]
mod hubs;
#[expect(dead_code, reason = "what tests of clusters need, and tests of clouds do not")]
#[path = "../support/kubernetes.rs"]
mod kubernetes;
#[expect(dead_code, reason = "the same")]
#[path = "../support/scratch.rs"]
mod scratch;

mod by_hand;
mod doctor;
mod faults;
mod gateway_only;
mod gateways;
mod guarded;
mod half;
mod hands;
mod hub;
mod kept;
mod keys;
mod lifecycle;
mod orphans;
mod plans;
mod secrets;
#[path = "../support/skips.rs"]
mod skips;
