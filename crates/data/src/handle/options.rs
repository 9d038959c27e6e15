//! How much a handle keeps, and where.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::cache::{Folder, Pool};
use crate::surroundings::Surroundings;

/// How a handle reads. All sizes are in bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Most that is kept in memory for this object: 64 MiB. Beside it are what a reader was given and still
    /// holds, and the answers that are on their way: at most [`Options::in_flight`] of 4 MiB each.
    pub memory: u64,
    /// The memory that is shared with other objects; a pool of its own where none is given. It is not
    /// written into descriptions: who opens one again gives the pool of that process.
    #[serde(skip)]
    pub pool: Pool,
    /// Most requests at a time: 8. Those for what nobody waits for yet leave two for others.
    pub in_flight: usize,
    /// What is kept on disk for other processes and later; nothing by default.
    pub on_disk: Option<OnDisk>,
}

/// A folder that processes of a user share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OnDisk {
    /// The folder; `frazil/blocks` in the user's folder for caches where none is named.
    pub folder: Option<PathBuf>,
    /// Most that all processes together keep in it: 10 GiB.
    pub bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { memory: 64 << 20, pool: Pool::default(), in_flight: 8, on_disk: None }
    }
}

impl Default for OnDisk {
    fn default() -> Self {
        Self { folder: None, bytes: 10 << 30 }
    }
}

impl Options {
    /// The folder, if one is wanted and it is known where.
    pub(super) fn folder(&self, surroundings: &Surroundings) -> Option<Folder> {
        let on_disk = self.on_disk.as_ref()?;
        let usual = || surroundings.cache().map(|cache| cache.join("blocks"));
        let path = on_disk.folder.clone().or_else(usual)?;
        Some(Folder::new(&path, on_disk.bytes, surroundings))
    }
}
