//! From files to a running hub, and back.

pub mod blocking;
pub mod cloud;
pub mod compare;
pub mod journal;
pub mod kubernetes;
pub mod layers;
pub mod local;
pub mod references;
pub mod stage;

use serde::Serialize;

use crate::error::Error;

/// The error of a verb that this version does not have for a provider.
pub fn other_provider(verb: &str, provider: &str) -> Error {
    Error::failed(format!("`{verb}` does not work with `provider: {provider}` in this version"))
        .hint("`frazil validate`, `frazil explain` and `frazil render` work with every provider")
}

/// What can be kept on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// People's home volumes, with their namespace.
    Homes,
    /// The scratch bucket.
    Scratch,
}
