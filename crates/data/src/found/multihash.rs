//! Digests as the file extension of STAC writes them: multihash
//! (<https://github.com/multiformats/multihash>), in hexadecimal.

use super::Checksum;

/// Algorithms with their code as a varint and the length of their digest in bytes, both in hexadecimal.
const ALGORITHMS: [(&str, &str, usize); 5] = [
    ("MD5", "d50110", 16),
    ("SHA-1", "1114", 20),
    ("SHA-256", "1220", 32),
    ("SHA-384", "2030", 48),
    ("SHA-512", "1340", 64),
];

impl Checksum {
    /// A digest with its algorithm's name as catalogues write it: `MD5`, `SHA256`, `sha-512`.
    pub fn new(algorithm: &str, value: &str) -> Self {
        let upper = algorithm.trim().to_ascii_uppercase();
        let bare: String = upper.chars().filter(char::is_ascii_alphanumeric).collect();
        let known = ALGORITHMS.iter().find(|(name, ..)| name.replace('-', "") == bare);
        let algorithm = known.map_or(upper, |(name, ..)| (*name).to_owned());
        let value = value.trim();
        let hexadecimal = value.bytes().all(|byte| byte.is_ascii_hexdigit());
        Self { algorithm, value: if hexadecimal { value.to_ascii_lowercase() } else { value.to_owned() } }
    }

    /// The digest as multihash; `None` for an algorithm without a code, or a digest of another length.
    pub fn to_multihash(&self) -> Option<String> {
        let (_, head, bytes) = ALGORITHMS.iter().find(|(name, ..)| *name == self.algorithm)?;
        let whole = self.value.len() == bytes * 2 && self.value.bytes().all(|byte| byte.is_ascii_hexdigit());
        whole.then(|| format!("{head}{}", self.value))
    }

    /// Reads a multihash in hexadecimal.
    pub fn from_multihash(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        ALGORITHMS.iter().find_map(|(name, head, _)| {
            let read = Self { algorithm: (*name).to_owned(), value: text.strip_prefix(head)?.to_owned() };
            read.to_multihash().is_some().then_some(read)
        })
    }
}
