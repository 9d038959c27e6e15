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
#[path = "../support/kubernetes.rs"]
mod kubernetes;
#[path = "../support/scratch.rs"]
mod scratch;

mod by_hand;
mod gateway_only;
mod guarded;
mod half;
mod hands;
mod hub;
mod kept;
mod lifecycle;
mod orphans;
mod plans;
