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
use crate::zarr::Zarr;
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
    /// Gathers the metadata of Zarr v2, which is all here, so that nothing is listed.
    fn consolidate(&mut self) {
        if self.entries.contains_key(".zmetadata") || self.entries.contains_key("zarr.json") {
            return;
        }
        let is_metadata =
            |key: &str| [".zarray", ".zattrs", ".zgroup"].contains(&key.rsplit('/').next().unwrap_or(key));
        let all =
            self.entries.iter().filter(|(key, _)| is_metadata(key)).filter_map(|(key, entry)| match entry {
                Entry::Inline(bytes) => Some((key.clone(), serde_json::from_slice(bytes).ok()?)),
                _ => None,
            });
        let all: serde_json::Map<String, serde_json::Value> = all.collect();
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
        self.entries.get(key).map(|entry| self.places.place(key, entry)).transpose()
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
