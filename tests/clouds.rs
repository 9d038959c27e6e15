//! One suite for every cloud: the one in memory, AWS against moto, Google Cloud against a stand-in.
//! What holds for one holds for all, as callers need it.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise and says what it skips; it starts servers"
)]

#[path = "conformance/aws.rs"]
mod aws;
#[path = "conformance/aws_seeds.rs"]
mod aws_seeds;
#[path = "conformance/flow_logs.rs"]
mod flow_logs;
#[path = "conformance/google.rs"]
mod google;
#[path = "conformance/google_seeds.rs"]
mod google_seeds;
#[path = "conformance/memory.rs"]
mod memory;
#[path = "conformance/server.rs"]
mod server;
#[path = "support/skips.rs"]
mod skips;
#[path = "conformance/suite.rs"]
mod suite;
#[path = "support/tools.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod tools;
