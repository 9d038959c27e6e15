//! Every request of the crate goes through here: redirects by hand, so that a login is
//! sent only where it belongs; retries with growing pauses; limits on waiting; counting.
//!
//! [`Request`] is plain data. [`Client::open`] gives the head of the final answer and its body in
//! pieces; [`Client::fetch`] the whole body, asked for again where it was cut.

mod answer;
mod client;
mod failure;
mod request;
mod retry;
mod settings;
mod watch;

pub use answer::{Answer, Whole};
pub use client::Client;
pub use request::{Grant, Request};
pub use reqwest::Method;
pub use reqwest::header;
pub use settings::{Proxies, Settings};
pub use url::Url;
pub use watch::{Exchange, Totals, Watch};
