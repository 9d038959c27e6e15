//! What Helm keeps of a release: a Secret for each revision, with everything in one packed field.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use serde::Deserialize;
use serde_json::Value;

/// The most that a release may be when it is unpacked; Helm's own limit is 1 MiB packed.
const MOST_BYTES: usize = 64 << 20;
/// The header of what Go packs: no name, no comment, nothing optional.
const GZIP: [u8; 4] = [0x1f, 0x8b, 8, 0];
const GZIP_HEADER: usize = 10;

/// A revision of a release, without its values: they may hold secrets.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Stored {
    pub name: String,
    pub version: u32,
    pub info: Info,
    pub chart: Chart,
}

/// How a revision is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Info {
    pub status: String,
    pub last_deployed: String,
}

/// The chart of a revision.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Chart {
    pub metadata: Metadata,
}

/// The chart's name and version.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Metadata {
    pub name: String,
    pub version: String,
}

impl Stored {
    /// Reads the Secret of a revision; `None` when it is none.
    pub(super) fn read(secret: &Value) -> Option<Self> {
        let field = STANDARD.decode(secret.pointer("/data/release")?.as_str()?).ok()?;
        let packed = STANDARD.decode(field).ok()?;
        let deflated = packed.get(GZIP_HEADER..).filter(|_| packed.starts_with(&GZIP))?;
        let json = decompress_to_vec_with_limit(deflated, MOST_BYTES).ok()?;
        serde_json::from_slice(&json).ok()
    }

    /// The newest revision of each release among Secrets, by name.
    pub(super) fn newest(secrets: &[Value]) -> Vec<Self> {
        let mut all: Vec<_> = secrets.iter().filter_map(Self::read).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name).then(b.version.cmp(&a.version)));
        all.dedup_by(|later, earlier| later.name == earlier.name);
        all
    }
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec;
    use serde_json::json;

    use super::*;

    fn secret(name: &str, version: u32) -> Value {
        let release = json!({
            "name": name, "version": version, "config": { "password": "hunter2" },
            "info": { "status": "deployed", "last_deployed": "2026-11-21T15:38:59Z" },
            "chart": { "metadata": { "name": "jupyterhub", "version": "4.4.0" } },
        });
        let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255];
        packed.extend(compress_to_vec(release.to_string().as_bytes(), 6));
        packed.extend([0; 8]);
        json!({ "data": { "release": STANDARD.encode(STANDARD.encode(packed)) } })
    }

    #[test]
    fn the_newest_revision_counts() {
        let found = Stored::newest(&[secret("a", 9), secret("b", 1), secret("a", 10), json!({ "data": {} })]);
        let found: Vec<_> = found.iter().map(|each| (each.name.as_str(), each.version)).collect();
        assert_eq!(found, [("a", 10), ("b", 1)]);
    }
}
