//! What a hub file becomes: files that say exactly what it says, whatever people typed, and
//! that the tools they are for read alike.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test stops at the first surprise, looks for tools, and says what it skips"
)]

#[path = "../support/corpus.rs"]
mod corpus;
#[path = "../support/examples.rs"]
mod examples;
mod further_gateways;
mod hostile;
#[path = "../support/hubs.rs"]
mod hubs;
mod pairwise;
mod readers;
mod rendered_examples;
#[path = "../support/skips.rs"]
mod skips;
#[path = "../support/tools.rs"]
mod tools;
