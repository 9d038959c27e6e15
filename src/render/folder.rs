//! A rendered tree in a folder, which may hold other files beside it: Terraform's
//! plugins and locks, notes of people. Only what was rendered before is ever removed.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::tree::{Tree, WriteError, write_changed};

/// The file that names what was rendered into a folder.
const LIST: &str = "frazil.json";

/// A tree with the hub that it is of.
#[derive(Clone, Debug)]
pub struct Rendered {
    tree: Tree,
    hub: String,
}

/// How a file of a folder differs from what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Difference {
    /// It is not there.
    Missing,
    /// It says something else.
    Changed,
    /// It was rendered earlier and is not rendered any more.
    Stale,
}

/// A folder that cannot be rendered into.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It holds files of somebody else.
    #[error("{folder} holds files that were not rendered by frazil")]
    NotOurs {
        /// The folder.
        folder: PathBuf,
    },
    /// It holds another hub.
    #[error("{folder} holds the hub `{hub}`")]
    OtherHub {
        /// The folder.
        folder: PathBuf,
        /// The hub that was rendered into it.
        hub: String,
    },
    /// It cannot be read.
    #[error("{path} cannot be read")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What was rendered into a folder.
#[derive(Serialize, Deserialize)]
struct List {
    hub: String,
    files: BTreeSet<PathBuf>,
}

impl Rendered {
    /// A tree of a hub.
    pub fn new(mut tree: Tree, hub: &str) -> Self {
        let mut files: BTreeSet<_> = tree.files().map(|(path, _)| path.to_owned()).collect();
        files.insert(LIST.into());
        let list = List { hub: hub.to_owned(), files };
        let text = serde_json::to_string_pretty(&list).unwrap_or_default();
        tree.add(LIST, text + "\n");
        Self { tree, hub: hub.to_owned() }
    }

    /// The files.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// What differs in a folder, by path, sorted. A folder that is not there lacks everything.
    ///
    /// # Errors
    /// When the folder is another's, or something cannot be read.
    pub fn differences(&self, folder: &Path) -> Result<Vec<(PathBuf, Difference)>, FolderError> {
        let earlier = self.earlier(folder)?;
        let mut found = Vec::new();
        for (path, file) in self.tree.files() {
            match fs::read(folder.join(path)) {
                Ok(old) if old == file.content => {}
                Ok(_) => found.push((path.to_owned(), Difference::Changed)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    found.push((path.to_owned(), Difference::Missing));
                }
                Err(source) => return Err(FolderError::Read { path: folder.join(path), source }),
            }
        }
        let rendered: BTreeSet<_> = self.tree.files().map(|(path, _)| path).collect();
        let stale = earlier.into_iter().filter(|path| !rendered.contains(path.as_path()));
        let stale = stale.filter(|path| folder.join(path).is_file());
        found.extend(stale.map(|path| (path, Difference::Stale)));
        found.sort();
        Ok(found)
    }

    /// Writes what differs, each file whole or not at all, and removes what is rendered no more.
    /// The list of files comes first, so that whatever stops this, the next call knows them all.
    ///
    /// # Errors
    /// When the folder is another's, or something cannot be written.
    pub fn write(&self, folder: &Path) -> Result<Vec<(PathBuf, Difference)>, FolderError> {
        let differences = self.differences(folder)?;
        let known = |path: &Path| self.tree.files().find(|(own, _)| *own == path).map(|(_, file)| file);
        let stale = differences.iter().filter(|(_, difference)| *difference == Difference::Stale);
        for (path, _) in stale {
            let full = folder.join(path);
            fs::remove_file(&full).map_err(|source| WriteError { path: full, source })?;
        }
        let list = Path::new(LIST);
        let paths = std::iter::once(list).chain(differences.iter().map(|(path, _)| path.as_path()));
        for path in paths {
            if let Some(file) = known(path) {
                write_changed(&folder.join(path), &file.content, file.secret)?;
            }
        }
        Ok(differences)
    }

    /// The files that were rendered into a folder earlier.
    fn earlier(&self, folder: &Path) -> Result<BTreeSet<PathBuf>, FolderError> {
        let path = folder.join(LIST);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return empty(folder),
            Err(source) => return Err(FolderError::Read { path, source }),
        };
        let not_ours = || FolderError::NotOurs { folder: folder.to_owned() };
        let list: List = serde_json::from_str(&text).map_err(|_| not_ours())?;
        if list.hub != self.hub {
            return Err(FolderError::OtherHub { folder: folder.to_owned(), hub: list.hub });
        }
        let inside = |path: &PathBuf| path.components().all(|part| matches!(part, Component::Normal(_)));
        if list.files.iter().all(inside) { Ok(list.files) } else { Err(not_ours()) }
    }
}

/// A folder that holds nothing, or is not there.
fn empty(folder: &Path) -> Result<BTreeSet<PathBuf>, FolderError> {
    match fs::read_dir(folder).map(Iterator::count) {
        Ok(0) => Ok(BTreeSet::new()),
        Ok(_) => Err(FolderError::NotOurs { folder: folder.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(source) => Err(FolderError::Read { path: folder.to_owned(), source }),
    }
}
