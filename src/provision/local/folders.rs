//! The folders of a hub on this machine.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use frazil_units::Bytes;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::view::Progress;

/// Where a hub on this machine keeps what.
#[derive(Clone, Debug)]
pub struct Folders {
    /// What people would miss: homes, accounts, secrets.
    pub data: PathBuf,
    /// Configuration, logs, login tokens.
    pub state: PathBuf,
}

impl Folders {
    /// The folders of the hub of a name.
    ///
    /// # Errors
    /// When the environment does not say where files may go.
    pub fn new(context: &Context, name: &str) -> Result<Self> {
        let directories = context.directories()?;
        Ok(Self {
            data: directories.data.join("hubs").join(name),
            state: directories.state.join("hubs").join(name),
        })
    }

    /// The hub's rendered configuration.
    pub fn hub_config(&self) -> PathBuf {
        self.state.join("config/hub")
    }

    /// The gateway's rendered configuration.
    pub fn gateway_config(&self) -> PathBuf {
        self.state.join("config/gateway")
    }

    /// What the page of costs reads.
    pub fn report_config(&self) -> PathBuf {
        self.state.join("config/report")
    }

    /// What the programs write.
    pub fn logs(&self) -> PathBuf {
        self.state.join("logs")
    }

    /// One-time login tokens.
    pub fn tokens(&self) -> PathBuf {
        self.state.join("tokens")
    }

    /// The hub's identity.
    pub fn identity(&self) -> PathBuf {
        self.data.join("identity.json")
    }

    /// The hub's secrets.
    pub fn secrets(&self) -> PathBuf {
        self.data.join("secrets.json")
    }

    /// Makes the folders, closed to everyone else.
    ///
    /// # Errors
    /// When one cannot be made.
    pub fn create(&self) -> Result<()> {
        for folder in [&self.data, &self.state, &self.logs(), &self.tokens()] {
            private_folder(folder)?;
        }
        Ok(())
    }

    /// Waits until no other call changes this hub.
    ///
    /// # Errors
    /// When the lock cannot be made.
    pub fn lock(&self, progress: &mut Progress) -> Result<File> {
        lock_file(&self.state.with_extension("lock"), progress)
    }
}

/// The first folder on the way to a path, as far as it exists, that other accounts may not enter.
pub(super) fn closed_to_others(path: &Path) -> Option<PathBuf> {
    let there = path.ancestors().find(|path| path.exists())?;
    let real = there.canonicalize().ok()?;
    let folders = real.ancestors().filter(|folder| folder.is_dir());
    let closed =
        folders.filter(|folder| folder.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o001 == 0));
    closed.last().map(Path::to_path_buf)
}

/// Lets other accounts pass through a folder without listing it.
pub(super) fn open_to_others(folder: &Path) -> Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o711)).map_err(|error| {
        Error::failed(format!("other accounts cannot be let into {}", folder.display())).because(error)
    })
}

/// Makes a folder that only its owner may enter.
pub(super) fn private_folder(folder: &Path) -> Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| {
        Error::failed(format!("the folder {} cannot be made", folder.display()))
            .because(error)
            .hint("check its permissions and that the disk is not full")
    })
}

/// Takes an exclusive lock, which ends with this process; says so when it has to wait.
pub(super) fn lock_file(path: &Path, progress: &mut Progress) -> Result<File> {
    if let Some(folder) = path.parent() {
        private_folder(folder)?;
    }
    let fail = |error| Error::failed(format!("the lock {} cannot be taken", path.display())).because(error);
    loop {
        let file = File::options().create(true).truncate(false).write(true).open(path).map_err(fail)?;
        if file.try_lock().is_err() {
            progress.step("wait for another frazil that is at work here");
            file.lock().map_err(fail)?;
            progress.finish();
        }
        // `down --data` removes the file: a lock on one that is gone keeps nobody out.
        let held = file.metadata().map_err(fail)?.ino();
        if fs::metadata(path).is_ok_and(|there| there.ino() == held) {
            return Ok(file);
        }
    }
}

/// The bytes of all files below a folder; links are not followed.
pub fn size_on_disk(folder: &Path) -> Bytes {
    fn size(path: &Path) -> u64 {
        let Ok(meta) = path.symlink_metadata() else {
            return 0;
        };
        if !meta.is_dir() {
            return meta.len();
        }
        fs::read_dir(path).into_iter().flatten().flatten().map(|entry| size(&entry.path())).sum()
    }
    Bytes::new(size(folder))
}
