//! Digests as catalogues write them, those that are known here by one name.

use super::Checksum;
use crate::download::{self, Algorithm};

impl Checksum {
    /// A digest with its algorithm's name as catalogues write it: `MD5`, `SHA256`, `sha-512`.
    pub fn new(algorithm: &str, value: &str) -> Self {
        let named = || algorithm.trim().to_ascii_uppercase();
        let algorithm = Algorithm::named(algorithm).map_or_else(named, |known| known.name().to_owned());
        let value = value.trim();
        let hexadecimal = value.bytes().all(|byte| byte.is_ascii_hexdigit());
        Self { algorithm, value: if hexadecimal { value.to_ascii_lowercase() } else { value.to_owned() } }
    }

    /// The digest as multihash; `None` for an algorithm without a code, or a digest of another length.
    pub fn to_multihash(&self) -> Option<String> {
        download::Checksum::new(&self.algorithm, &self.value).and_then(|known| known.to_multihash())
    }

    /// Reads a multihash in hexadecimal.
    pub fn from_multihash(text: &str) -> Option<Self> {
        let read = download::Checksum::from_multihash(text)?;
        Some(Self { algorithm: read.algorithm().name().to_owned(), value: read.value().to_owned() })
    }
}
