//! Zarr v2 and v3: groups and arrays that lie in objects by keys.
//!
//! Metadata and keys follow the [specifications](https://zarr-specs.readthedocs.io) of v2 and v3.
//! Consolidated metadata is used where there is some: `.zmetadata` of v2, and what zarr-python writes
//! into the root's `zarr.json` of v3. Elements are decoded by zarrs; what was compressed is
//! decompressed within the bounds that the metadata sets. Dimensions have names as xarray writes them:
//! `_ARRAY_DIMENSIONS` in v2, `dimension_names` in v3.

mod array;
mod blosc;
mod data_type;
mod decompress;
mod narrow;
mod read;
mod shards;
mod strips;
mod tree;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

use crate::address::Address;
use crate::dataset::{Arrived, Dataset, Group, Selection, Stored, Values};
use crate::error::Result;
use crate::limits::Limits;
use crate::objects::{Folder, Objects};
use array::Decoder;
use tree::Tree;
pub(crate) use tree::parsed;

/// A name in metadata that is made of another format's: why an array's values cannot be read.
pub(crate) const UNREADABLE: &str = "frazil:unreadable";

/// A Zarr store that is open.
#[derive(Debug)]
pub struct Zarr {
    objects: Arc<dyn Objects>,
    tree: Tree,
    limits: Limits,
    format: Option<&'static str>,
}

impl Zarr {
    /// Opens the group or array that objects hold at their root.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] where there is neither; [`crate::Error::Damaged`] for metadata that
    /// cannot be read, with its key.
    pub async fn open(objects: Arc<dyn Objects>, limits: Limits) -> Result<Self> {
        let tree = Tree::open(Arc::clone(&objects), limits).await?;
        Ok(Self { objects, tree, limits, format: None })
    }

    /// Opens a folder.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_folder(path: impl Into<PathBuf>, limits: Limits) -> Result<Self> {
        Self::open(Arc::new(Folder::new(path)), limits).await
    }

    /// Whether it has the metadata of references in Parquet, which hold no chunks themselves.
    pub(crate) fn is_of_references(&self) -> bool {
        self.tree.is_of_references
    }

    /// The same under another name of its format: what only looks like Zarr.
    #[must_use]
    pub(crate) fn called(mut self, format: &'static str) -> Self {
        self.format = Some(format);
        self
    }
}

#[async_trait]
impl Dataset for Zarr {
    fn address(&self) -> Address {
        self.objects.address()
    }

    fn format(&self) -> &'static str {
        self.format.unwrap_or_else(|| self.tree.format())
    }

    async fn group(&self, path: &str, deep: bool) -> Result<Group> {
        self.tree.group(path, deep).await
    }

    async fn ranges(&self, path: &str, selection: &Selection) -> Result<Vec<Stored>> {
        let (key, array) = self.tree.array(path).await?;
        read::ranges(&self.objects, &key, &array, selection, &self.limits).await
    }

    async fn read(&self, path: &str, selection: &Selection) -> Result<Values> {
        let (key, array) = self.tree.array(path).await?;
        read::read(&self.objects, &key, array, selection, self.limits).await
    }

    async fn has_strips(&self, path: &str) -> Result<bool> {
        let (_, array) = self.tree.array(path).await?;
        Ok(array.decoder.as_ref().is_ok_and(Decoder::has_strips))
    }

    async fn arrive(&self, path: &str, selection: &Selection) -> Result<Arrived> {
        let (key, array) = self.tree.array(path).await?;
        match strips::chunk(&self.objects, &key, &array, selection, &self.limits).await? {
            Some(chunk) => Ok(Arrived::Chunk(Box::new(chunk))),
            None => read::read(&self.objects, &key, array, selection, self.limits).await.map(Arrived::Values),
        }
    }
}
