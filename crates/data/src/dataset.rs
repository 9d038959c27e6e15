//! What a file or store of arrays holds, whatever its format: a tree of groups with variables, and
//! the values of a part of a variable.

mod chunk;
mod data_type;
mod json;
mod selection;
mod values;

use std::fmt;

use async_trait::async_trait;

pub use chunk::{Arrived, Chunk};
pub use data_type::{DataType, Field};
pub use selection::{Extent, Selection};
pub use values::{Texts, Values};

use crate::address::Address;
use crate::error::Result;

/// A group of a file: its attributes, variables and groups, in the file's order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// Its name in the group above; empty for the file's root.
    pub name: String,
    /// What is said of it.
    pub attributes: Vec<Attribute>,
    /// Dimensions that are declared in this group.
    pub dimensions: Vec<Dimension>,
    /// Arrays.
    pub variables: Vec<Variable>,
    /// Groups below.
    pub groups: Vec<Self>,
}

/// A named length that variables share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// Its name.
    pub name: String,
    /// How many elements it has now.
    pub length: u64,
    /// Whether it may grow.
    pub is_unlimited: bool,
}

/// An array of a file, without its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// Its name in its group.
    pub name: String,
    /// What an element is, as it is stored.
    pub data_type: DataType,
    /// Whether its texts are single characters, of which netCDF makes words along the last dimension.
    pub is_char: bool,
    /// Elements along each dimension.
    pub shape: Vec<u64>,
    /// A name for each dimension; those that a file does not name are `phony_dim_0` and on, as
    /// netCDF-C and h5netcdf count them.
    pub dimensions: Vec<String>,
    /// Elements of a chunk along each dimension; none where all is in one piece.
    pub chunks: Option<Vec<u64>>,
    /// What was done to a chunk before it was stored, in that order, such as `big-endian`, `shuffle`,
    /// `deflate 6`.
    pub filters: Vec<String>,
    /// The value of what was never written, as the file declares it.
    pub fill: Option<Values>,
    /// What is said of it.
    pub attributes: Vec<Attribute>,
}

/// Something said of a group or a variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// What is said: one value, or a row of them.
    pub value: Values,
}

/// A file or store of arrays that is open.
#[async_trait]
pub trait Dataset: fmt::Debug + Send + Sync {
    /// What it is called, without secrets.
    fn address(&self) -> Address;

    /// A format's name, such as `HDF5`, `NetCDF classic`, `Zarr v3`, `GeoTIFF`.
    fn format(&self) -> &'static str;

    /// A group with all its variables and attributes, and, when `deep`, all groups below; else only
    /// their names. `/` is the root. Reads headers only.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] where there is no such group, with names that are near;
    /// [`crate::Error::Damaged`] for what cannot be read, with the byte where it was looked for.
    async fn group(&self, path: &str, deep: bool) -> Result<Group>;

    /// Where the bytes of a part of a variable lie: a range for each stored chunk that it touches, for
    /// plans and prices. Chunks that were never written have none.
    ///
    /// # Errors
    /// As [`Dataset::read`].
    async fn ranges(&self, path: &str, selection: &Selection) -> Result<Vec<Stored>>;

    /// The values of a part of a variable as they are stored (not unpacked by CF), each touched
    /// chunk fetched once, all of them together.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] for a variable that there is not, or a part outside it;
    /// [`crate::Error::Damaged`] for what cannot be decoded, with chunk and byte.
    async fn read(&self, path: &str, selection: &Selection) -> Result<Values>;

    /// Whether [`Dataset::arrive`] gives chunks of a variable, where it can, before they are decoded.
    ///
    /// # Errors
    /// As [`Dataset::read`].
    async fn has_strips(&self, path: &str) -> Result<bool> {
        let _ = path;
        Ok(false)
    }

    /// As [`Dataset::read`]; a part that lies in one chunk without gaps may come as it is stored, and is decoded by whoever
    /// computes with it, strip after strip.
    ///
    /// # Errors
    /// As [`Dataset::read`].
    async fn arrive(&self, path: &str, selection: &Selection) -> Result<Arrived> {
        self.read(path, selection).await.map(Arrived::Values)
    }
}

/// Where a chunk is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The object: the file itself, or one of a store's; `inline bytes` for what stands in references themselves.
    pub address: Address,
    /// Its first byte.
    pub from: u64,
    /// How many bytes.
    pub length: u64,
    /// The first element of the chunk along each dimension.
    pub origin: Vec<u64>,
    /// Which of the variable's filters were left out for this chunk, a bit each, as HDF5 does where one
    /// would not make it smaller.
    pub skipped: u32,
}

impl Group {
    /// A variable by its name in this group.
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().find(|variable| variable.name == name)
    }

    /// An attribute by its name.
    pub fn attribute(&self, name: &str) -> Option<&Values> {
        self.attributes.iter().find(|attribute| attribute.name == name).map(|attribute| &attribute.value)
    }
}

impl Variable {
    /// An attribute by its name.
    pub fn attribute(&self, name: &str) -> Option<&Values> {
        self.attributes.iter().find(|attribute| attribute.name == name).map(|attribute| &attribute.value)
    }
}
