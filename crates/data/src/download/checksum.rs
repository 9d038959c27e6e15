//! Checksums as metadata names them.

use std::fmt;
use std::io::Read;

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512};
use crc_fast::CrcAlgorithm;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

/// Bytes that are read at once.
const PIECE: usize = 1 << 20;

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
    /// CRC-32C (RFC 9260, appendix A): shows damage, and keeps nobody from deceiving.
    Crc32c,
}

/// A checksum of bytes, in small hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Checksum {
    algorithm: Algorithm,
    value: String,
}

/// The algorithms with their names, the digits of their values, and their codes in multihash
/// (<https://github.com/multiformats/multihash>) with the length of the digest, as hexadecimal varints;
/// CRC-32C has no code.
const ALGORITHMS: [(Algorithm, &str, usize, Option<&str>); 6] = [
    (Algorithm::Md5, "MD5", 32, Some("d50110")),
    (Algorithm::Sha1, "SHA-1", 40, Some("1114")),
    (Algorithm::Sha256, "SHA-256", 64, Some("1220")),
    (Algorithm::Sha384, "SHA-384", 96, Some("2030")),
    (Algorithm::Sha512, "SHA-512", 128, Some("1340")),
    (Algorithm::Crc32c, "CRC-32C", 8, None),
];

impl Algorithm {
    /// By its name, with or without dashes, in any case: `MD5`, `SHA-256`, `sha512`.
    pub fn named(name: &str) -> Option<Self> {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let known = |known: &str| known.replace('-', "").eq_ignore_ascii_case(&plain);
        ALGORITHMS.iter().find(|(_, name, ..)| known(name)).map(|(algorithm, ..)| *algorithm)
    }

    /// Its name: `MD5`, `SHA-256`.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Digits of its values.
    fn digits(self) -> usize {
        self.row().2
    }

    fn row(self) -> &'static (Self, &'static str, usize, Option<&'static str>) {
        let row = ALGORITHMS.iter().find(|(algorithm, ..)| *algorithm == self);
        row.unwrap_or(&ALGORITHMS[0])
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

    /// The checksum as multihash in hexadecimal, as the file extension of STAC writes it; none for an
    /// algorithm without a code.
    pub fn to_multihash(&self) -> Option<String> {
        self.algorithm.row().3.map(|head| format!("{head}{}", self.value))
    }

    /// Reads a multihash in hexadecimal. None for one of an algorithm that is not known here.
    pub fn from_multihash(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let read =
            |(_, name, _, head): &(_, &str, _, Option<&str>)| Self::new(name, text.strip_prefix((*head)?)?);
        ALGORITHMS.iter().find_map(read)
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
        write!(out, "{} {}", self.algorithm.name(), self.value)
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
    Crc(Box<crc_fast::Digest>),
}

impl Hasher {
    pub(super) fn new(algorithm: Algorithm) -> Self {
        let state = match algorithm {
            Algorithm::Md5 => State::Md5(Md5::new()),
            Algorithm::Sha1 => State::Sha(Context::new(&SHA1_FOR_LEGACY_USE_ONLY)),
            Algorithm::Sha256 => State::Sha(Context::new(&SHA256)),
            Algorithm::Sha384 => State::Sha(Context::new(&SHA384)),
            Algorithm::Sha512 => State::Sha(Context::new(&SHA512)),
            Algorithm::Crc32c => State::Crc(Box::new(crc_fast::Digest::new(CrcAlgorithm::Crc32Iscsi))),
        };
        Self { algorithm, state }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Md5(state) => state.update(bytes),
            State::Sha(state) => state.update(bytes),
            State::Crc(state) => state.update(bytes),
        }
    }

    /// Takes all that a reader still has, and tells how many bytes that were.
    pub(super) fn read(&mut self, from: &mut impl Read) -> std::io::Result<u64> {
        let mut piece = vec![0; PIECE];
        let mut length = 0;
        loop {
            match from.read(&mut piece)? {
                0 => return Ok(length),
                count => {
                    self.update(&piece[..count]);
                    length += count as u64;
                }
            }
        }
    }

    pub(super) fn finish(self) -> Checksum {
        let value = match self.state {
            State::Md5(state) => digits(&state.finalize()),
            State::Sha(state) => digits(state.finish().as_ref()),
            State::Crc(state) => format!("{:08x}", state.finalize()),
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
        assert_eq!(of(Algorithm::Crc32c), "364b3fb7");
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
