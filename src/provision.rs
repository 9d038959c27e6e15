//! From files to a running hub, and back.

pub mod cloud;
pub mod journal;
pub mod kubernetes;
pub mod layers;
pub mod local;
mod references;
pub mod stage;

use crate::error::Error;

/// The error of a verb that this version does not have for a provider.
pub fn other_provider(verb: &str, provider: &str) -> Error {
    Error::failed(format!("`{verb}` does not work with `provider: {provider}` in this version"))
        .hint("`frazil validate`, `frazil explain` and `frazil render` work with every provider")
}
