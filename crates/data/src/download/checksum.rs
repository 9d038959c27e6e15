//! Checksums as metadata names them.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512};
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

/// A way to compute a checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// MD5 (RFC 1321).
    Md5,
    /// SHA-1 (FIPS 180-4).
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// A checksum of bytes, in small hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Checksum {
    algorithm: Algorithm,
    value: String,
}

impl Algorithm {
    /// By its name, with or without dashes, in any case: `MD5`, `SHA-256`, `sha512`.
    pub fn named(name: &str) -> Option<Self> {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        match plain.to_ascii_lowercase().as_str() {
            "md5" => Some(Self::Md5),
            "sha1" => Some(Self::Sha1),
            "sha256" => Some(Self::Sha256),
            "sha384" => Some(Self::Sha384),
            "sha512" => Some(Self::Sha512),
            _ => None,
        }
    }

    /// Digits of its values.
    fn digits(self) -> usize {
        match self {
            Self::Md5 => 32,
            Self::Sha1 => 40,
            Self::Sha256 => 64,
            Self::Sha384 => 96,
            Self::Sha512 => 128,
        }
    }
}

impl Checksum {
    /// Of metadata. None for an algorithm that is not known here, and for what is no value of it.
    pub fn new(algorithm: &str, value: &str) -> Option<Self> {
        let algorithm = Algorithm::named(algorithm)?;
        let value = value.trim().to_ascii_lowercase();
        let fits = value.len() == algorithm.digits() && value.bytes().all(|byte| byte.is_ascii_hexdigit());
        fits.then_some(Self { algorithm, value })
    }

    /// How it is computed.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its digits.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.algorithm {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha1 => "SHA-1",
            Algorithm::Sha256 => "SHA-256",
            Algorithm::Sha384 => "SHA-384",
            Algorithm::Sha512 => "SHA-512",
        };
        write!(out, "{name} {}", self.value)
    }
}

/// Computes a checksum piece by piece.
#[derive(Clone)]
pub(super) struct Hasher {
    algorithm: Algorithm,
    state: State,
}

#[derive(Clone)]
enum State {
    Md5(Md5),
    Sha(Context),
}

impl Hasher {
    pub(super) fn new(algorithm: Algorithm) -> Self {
        let state = match algorithm {
            Algorithm::Md5 => State::Md5(Md5::new()),
            Algorithm::Sha1 => State::Sha(Context::new(&SHA1_FOR_LEGACY_USE_ONLY)),
            Algorithm::Sha256 => State::Sha(Context::new(&SHA256)),
            Algorithm::Sha384 => State::Sha(Context::new(&SHA384)),
            Algorithm::Sha512 => State::Sha(Context::new(&SHA512)),
        };
        Self { algorithm, state }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Md5(state) => state.update(bytes),
            State::Sha(state) => state.update(bytes),
        }
    }

    pub(super) fn finish(self) -> Checksum {
        let value = match self.state {
            State::Md5(state) => digits(&state.finalize()),
            State::Sha(state) => digits(state.finish().as_ref()),
        };
        Checksum { algorithm: self.algorithm, value }
    }
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_values_are_computed() {
        let of = |algorithm| {
            let mut hasher = Hasher::new(algorithm);
            hasher.update(b"a");
            hasher.update(b"bc");
            hasher.finish().value
        };
        assert_eq!(of(Algorithm::Md5), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(of(Algorithm::Sha1), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(of(Algorithm::Sha256), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(of(Algorithm::Sha384).starts_with("cb00753f45a35e8bb5a03d699ac65007"));
        assert!(of(Algorithm::Sha512).starts_with("ddaf35a193617abacc417349ae204131"));
    }

    #[test]
    fn metadata_names_are_understood() {
        let md5 = "900150983CD24FB0D6963F7D28E17F72";
        assert_eq!(Checksum::new("MD5", md5).unwrap().value(), md5.to_lowercase());
        assert!(Checksum::new("SHA-256", md5).is_none());
        assert!(Checksum::new("Fletcher-32", "1234").is_none());
        assert_eq!(Algorithm::named("SHA-512"), Some(Algorithm::Sha512));
    }
}
