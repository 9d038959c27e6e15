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
#[path = "../support/kubernetes.rs"]
mod kubernetes;
#[path = "../support/scratch.rs"]
mod scratch;

mod faults;
mod hub;
mod lifecycle;
mod secrets;
