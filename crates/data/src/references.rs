//! References: stores of arrays whose chunks lie in other files, as Kerchunk and OPeNDAP write them.
//!
//! * Kerchunk's JSON, [version 0 and 1](https://fsspec.github.io/kerchunk/spec.html), with templates and
//!   generated references, and its Parquet (`LazyReferenceMapper` of fsspec).
//! * [DMR++](https://opendap.github.io/DMRpp-wiki/DMRpp.html) of OPeNDAP.
//! * [`write`](write()): references to the chunks of any [`Dataset`](crate::dataset::Dataset).
//!
//! References come from others, so what they can name is bounded: objects on S3, on GCS or behind
//! HTTPS; files of this machine only where the references are such a file themselves.

mod dmrpp;
mod json;
mod parquet;
mod place;
mod template;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

pub use place::Base;
pub use write::{Form, write};

use crate::address::Address;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::objects::{Objects, Opens, Place};
use crate::zarr::{Zarr, parsed};
use place::Places;

/// References that are all in memory.
#[derive(Debug)]
struct References {
    address: Address,
    entries: BTreeMap<String, Entry>,
    places: Places,
}

/// What a key refers to.
#[derive(Clone, Debug, PartialEq)]
enum Entry {
    /// The bytes themselves.
    Inline(Bytes),
    /// All of an object.
    Whole(Arc<str>),
    /// Bytes of an object: the first, and how many.
    Part(Arc<str>, u64, u64),
}

/// Opens references of Kerchunk in JSON, as it was read from `base`.
///
/// # Errors
/// [`Error::Damaged`] for what are no references, with the key.
pub async fn open_json(document: &[u8], base: Base, opens: Arc<dyn Opens>, limits: Limits) -> Result<Zarr> {
    let address = base.address();
    let entries = json::entries(document, &limits).map_err(|what| damaged(&address, what))?;
    open(References { address, entries, places: Places::new(base, opens) }, limits, "Kerchunk").await
}

/// Opens references of Kerchunk in Parquet: a folder with `.zmetadata`, and a folder for each array.
///
/// # Errors
/// [`Error::Invalid`] where there is no `.zmetadata`; [`Error::Damaged`] for what are no references.
pub async fn open_parquet(
    folder: Arc<dyn Objects>,
    base: Base,
    opens: Arc<dyn Opens>,
    limits: Limits,
) -> Result<Zarr> {
    let references = parquet::Records::open(folder, Places::new(base, opens), limits).await?;
    Ok(Zarr::open(Arc::new(references), limits).await?.called("Kerchunk"))
}

/// Opens a DMR++ document, as it was read from `base`; `.gz` is taken off. The data lies where the
/// document says, or beside it, under its name without `.dmrpp`.
///
/// # Errors
/// [`Error::Damaged`] for what is no DMR++, with the line.
pub async fn open_dmrpp(document: &[u8], base: Base, opens: Arc<dyn Opens>, limits: Limits) -> Result<Zarr> {
    let address = base.address();
    let entries = dmrpp::entries(document, &base, &limits).map_err(|what| damaged(&address, what))?;
    open(References { address, entries, places: Places::new(base, opens) }, limits, "DMR++").await
}

async fn open(mut references: References, limits: Limits, format: &'static str) -> Result<Zarr> {
    references.consolidate();
    Ok(Zarr::open(Arc::new(references), limits).await?.called(format))
}

fn damaged(address: &Address, what: String) -> Error {
    Error::Damaged { address: address.clone(), what }
}

impl References {
    /// Gathers the metadata of Zarr v2 where it is all here, so that nothing is listed. Where some of it lies
    /// elsewhere or cannot be read, each piece is looked at by itself, and told of if it is wrong.
    fn consolidate(&mut self) {
        if self.entries.contains_key(".zmetadata") || self.entries.contains_key("zarr.json") {
            return;
        }
        let is_metadata =
            |key: &str| [".zarray", ".zattrs", ".zgroup"].contains(&key.rsplit('/').next().unwrap_or(key));
        let of_key = |(key, entry): (&String, &Entry)| match entry {
            Entry::Inline(bytes) => Some((key.clone(), parsed(bytes).ok()?)),
            _ => None,
        };
        let metadata = self.entries.iter().filter(|(key, _)| is_metadata(key));
        let all: Option<serde_json::Map<String, serde_json::Value>> = metadata.map(of_key).collect();
        let Some(all) = all else {
            // Without it nothing is known as a store.
            let group = Entry::Inline(r#"{"zarr_format":2}"#.into());
            self.entries.entry(".zgroup".to_owned()).or_insert(group);
            return;
        };
        if !all.is_empty() {
            let document = serde_json::json!({"zarr_consolidated_format": 1, "metadata": all}).to_string();
            self.entries.insert(".zmetadata".to_owned(), Entry::Inline(document.into()));
        }
    }
}

#[async_trait]
impl Objects for References {
    fn address(&self) -> Address {
        self.address.clone()
    }

    async fn find(&self, key: &str) -> Result<Option<Place>> {
        match self.entries.get(key) {
            Some(entry) => self.places.place(key, entry).await.map(Some),
            None => Ok(None),
        }
    }

    async fn list(&self, prefix: &str) -> Result<Option<Vec<String>>> {
        let mut names = Vec::new();
        let mut from = prefix.to_owned();
        while let Some((key, _)) = self.entries.range(from..).next() {
            let Some(below) = key.strip_prefix(prefix) else { break };
            let name = below.split('/').next().unwrap_or(below);
            // `0` is the character behind `/`: what is below the name is skipped.
            from = if below.contains('/') { format!("{prefix}{name}0") } else { format!("{key}\0") };
            names.push(name.to_owned());
        }
        names.dedup();
        Ok(Some(names))
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;
    use std::sync::Mutex;

    use serde_json::json;
    use url::Url;

    use super::*;
    use crate::dataset::{Dataset, Extent, Selection};
    use crate::ranges::Ranges;

    /// An object in memory that remembers what it was asked for.
    #[derive(Debug)]
    struct Memory {
        bytes: Bytes,
        asked: Mutex<Vec<Vec<Range<u64>>>>,
    }

    #[async_trait]
    impl Ranges for Memory {
        fn address(&self) -> Address {
            Address::named("s3://bucket/granule".to_owned())
        }

        async fn length(&self) -> Result<u64> {
            Ok(self.bytes.len() as u64)
        }

        async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
            self.asked.lock().unwrap().push(ranges.to_vec());
            let slice = |range: &Range<u64>| {
                let (from, to) = (usize::try_from(range.start).unwrap(), usize::try_from(range.end).unwrap());
                if to <= self.bytes.len() {
                    Ok(self.bytes.slice(from..to))
                } else {
                    Err(damaged(&self.address(), "it ends".to_owned()))
                }
            };
            ranges.iter().map(slice).collect()
        }
    }

    #[derive(Debug)]
    struct Bucket(Arc<Memory>);

    #[async_trait]
    impl Opens for Bucket {
        async fn open(&self, url: &Url) -> Result<Arc<dyn Ranges>> {
            if url.as_str() == "s3://bucket/granule" {
                return Ok(Arc::clone(&self.0) as Arc<dyn Ranges>);
            }
            let address = Address::from(url);
            Err(Error::NotFound { address, status: 404 })
        }
    }

    /// References to an array of 4 × 6 numbers in chunks of 2 × 3, one of which was never written.
    fn granule(compressor: &serde_json::Value) -> (String, Arc<Memory>) {
        let array = json!({"zarr_format": 2, "shape": [4, 6], "chunks": [2, 3], "dtype": "<u2", "fill_value": 9, "order": "C",
            "filters": null, "compressor": compressor});
        let document = json!({"version": 1, "refs": {".zgroup": "{\"zarr_format\":2}", "a/.zarray": array.to_string(),
            "a/.zattrs": "{\"_ARRAY_DIMENSIONS\": [\"y\", \"x\"]}",
            "a/0.0": ["s3://bucket/granule", 0, 12], "a/1.0": ["s3://bucket/granule", 12, 12],
            "a/1.1": ["s3://bucket/granule", 24, 12]}});
        let numbers: Vec<u8> = (0u16..18).flat_map(u16::to_le_bytes).collect();
        (document.to_string(), Arc::new(Memory { bytes: numbers.into(), asked: Mutex::default() }))
    }

    async fn opened(document: &str, memory: &Arc<Memory>) -> Zarr {
        let base = Base::Remote("https://data.example.org/refs.json".parse().unwrap());
        open_json(document.as_bytes(), base, Arc::new(Bucket(Arc::clone(memory))), Limits::default())
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn metadata_that_python_writes_or_that_lies_elsewhere_does_not_disappear() {
        let (document, memory) = granule(&serde_json::Value::Null);
        let mut document: serde_json::Value = serde_json::from_str(&document).unwrap();
        document["refs"]["a/.zattrs"] = json!(r#"{"_ARRAY_DIMENSIONS": ["y", "x"], "missing": NaN}"#);
        let array =
            document["refs"]["a/.zarray"].as_str().unwrap().replace("\"fill_value\":9", "\"fill_value\":NaN");
        document["refs"]["b/.zarray"] = json!(array.replace("<u2", "<f4"));
        let group = opened(&document.to_string(), &memory).await.group("/", true).await.unwrap();
        let names: Vec<_> = group.variables.iter().map(|variable| variable.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(group.variables[0].attribute("missing").unwrap().as_text(), Some("NaN"));
        assert!(group.variables[1].fill.as_ref().unwrap().as_f64().unwrap()[0].is_nan());

        let array = document["refs"]["a/.zarray"].as_str().unwrap().to_owned();
        let there = Arc::new(Memory { bytes: array.clone().into(), asked: Mutex::default() });
        document["refs"]["a/.zarray"] = json!(["s3://bucket/granule", 0, array.len()]);
        document["refs"].as_object_mut().unwrap().remove(".zgroup");
        let group = opened(&document.to_string(), &there).await.group("/", true).await.unwrap();
        assert_eq!(group.variables[0].dimensions, ["y", "x"]);
        document["refs"]["b/.zarray"] = json!("{");
        let wrong =
            opened(&document.to_string(), &there).await.group("/", true).await.unwrap_err().to_string();
        assert!(wrong.contains("b/.zarray"), "{wrong}");
    }

    #[tokio::test]
    async fn chunks_of_one_object_are_fetched_together() {
        let (document, memory) = granule(&serde_json::Value::Null);
        let zarr = opened(&document, &memory).await;
        assert_eq!(zarr.format(), "Kerchunk");
        let group = zarr.group("/", true).await.unwrap();
        assert_eq!(group.variables[0].dimensions, ["y", "x"]);
        let values = zarr.read("/a", &Selection::All).await.unwrap();
        let expected = [
            0., 1., 2., 9., 9., 9., 3., 4., 5., 9., 9., 9., 6., 7., 8., 12., 13., 14., 9., 10., 11., 15.,
            16., 17.,
        ];
        assert_eq!(values.as_f64().unwrap(), expected);
        assert_eq!(*memory.asked.lock().unwrap(), [[0..12, 12..24, 24..36]]);
        let stored = zarr.ranges("a", &Selection::All).await.unwrap();
        let places: Vec<_> =
            stored.iter().map(|chunk| (chunk.from, chunk.length, chunk.origin.clone())).collect();
        assert_eq!(places, [(0, 12, vec![0, 0]), (12, 12, vec![2, 0]), (24, 12, vec![2, 3])]);
    }

    #[tokio::test]
    async fn of_a_chunk_that_is_not_compressed_only_its_rows_are_fetched() {
        let (document, memory) = granule(&serde_json::Value::Null);
        let zarr = opened(&document, &memory).await;
        let row = Selection::Box(vec![
            Extent { start: 3, count: 1, step: 1 },
            Extent { start: 1, count: 3, step: 2 },
        ]);
        assert_eq!(zarr.read("a", &row).await.unwrap().as_f64().unwrap(), [10.0, 15.0, 17.0]);
        assert_eq!(*memory.asked.lock().unwrap(), [[18..24, 30..36]]);
    }

    #[tokio::test]
    async fn a_chunk_that_is_damaged_is_named() {
        let (document, memory) = granule(&json!({"id": "zlib", "level": 1}));
        let error =
            opened(&document, &memory).await.read("a", &Selection::All).await.unwrap_err().to_string();
        assert!(error.contains("chunk a/0.0 from element [0, 0] on"), "{error}");
    }

    #[tokio::test]
    async fn an_object_that_is_not_there_is_no_empty_chunk() {
        let (document, memory) = granule(&serde_json::Value::Null);
        let zarr = opened(&document.replace("s3://bucket/granule", "s3://bucket/other"), &memory).await;
        assert!(zarr.read("a", &Selection::All).await.is_err());
        let zarr = opened(&document.replace("s3://bucket/granule", "file:///etc/passwd"), &memory).await;
        let error = zarr.read("a", &Selection::All).await.unwrap_err().to_string();
        assert!(error.contains("files of this machine"), "{error}");
    }

    #[tokio::test]
    async fn names_that_are_empty_lead_nowhere() {
        let (document, memory) = granule(&serde_json::Value::Null);
        let mut document: serde_json::Value = serde_json::from_str(&document).unwrap();
        let group = json!("{\"zarr_format\":2}");
        for key in ["/.zgroup", "/b/.zgroup", "c/.zgroup", "c//.zgroup", "c//d/.zgroup"] {
            document["refs"][key] = group.clone();
        }
        let zarr = opened(&document.to_string(), &memory).await;
        let root = zarr.group("/", true).await.unwrap();
        assert_eq!(root.groups.iter().map(|group| group.name.as_str()).collect::<Vec<_>>(), ["c"]);
        assert!(root.groups[0].groups.is_empty() && root.variables.len() == 1);
    }

    #[tokio::test]
    async fn names_below_a_key_are_listed_once() {
        let keys = ["a/.zarray", "a/0.0", "a-b/.zarray", "a/b/c/0", "d"];
        let entries = keys.into_iter().map(|key| (key.to_owned(), Entry::Inline(Bytes::new()))).collect();
        let (_, memory) = granule(&serde_json::Value::Null);
        let base = Base::File("/data/refs.json".into());
        let places = Places::new(base.clone(), Arc::new(Bucket(memory)));
        let references = References { address: base.address(), entries, places };
        assert_eq!(references.list("").await.unwrap().unwrap(), ["a-b", "a", "d"]);
        assert_eq!(references.list("a/").await.unwrap().unwrap(), [".zarray", "0.0", "b"]);
    }
}
