//! The folder in which Terraform works for a hub: its root module, rendered anew for each call, and
//! beside it what Terraform fetches, and the state when the hub file keeps it on this machine.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::lock::LocalLock;
use super::orphans::{Adoption, blocks};
use crate::config::HubDocument;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::provision::journal::folder;
use crate::render::{Tree, write_changed};

/// Ends of the names of files that Terraform reads as a part of a module.
const READ_BY_TERRAFORM: [&str; 3] = [".tf", ".tf.json", ".tfvars.json"];

/// The file that names what is taken over. The next call writes the folder without it.
const ADOPT: &str = "adopt.tf";
/// A state that is kept in the folder.
const OWN_STATE: &str = "terraform.tfstate";

/// A folder of Terraform's.
#[derive(Clone, Debug)]
pub(super) struct Root {
    /// The folder.
    pub folder: PathBuf,
    /// The right to call Terraform there.
    pub lock: LocalLock,
}

impl Root {
    /// The folder of a hub's module, `what`, with these files and no others that Terraform reads.
    ///
    /// # Errors
    /// When it cannot be written, or another call is at work there for too long.
    pub(super) async fn write(
        context: &Context,
        document: &HubDocument,
        what: &str,
        files: &Tree,
        tell: &mut dyn FnMut(&str),
    ) -> Result<Self> {
        let own = folder(context, document)?;
        let lock = LocalLock::take(&own, tell).await?;
        let folder = own.join(what);
        let cannot = |error| Error::failed(format!("{} cannot be made", folder.display())).because(error);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(cannot)?;
        let mut names = BTreeSet::new();
        for (path, file) in files.files() {
            write_changed(&folder.join(path), &file.content, true)?;
            names.insert(path.to_owned());
        }
        remove_others(&folder, &names)?;
        Ok(Self { folder, lock })
    }

    /// Where Terraform writes its plan.
    pub(super) fn plan(&self) -> PathBuf {
        self.folder.join("frazil.tfplan")
    }

    /// Whether the state is kept in a bucket.
    pub(super) fn keeps_state_in_bucket(&self) -> bool {
        let backend = fs::read_to_string(self.folder.join("backend.tf")).unwrap_or_default();
        !backend.contains("\"local\"")
    }

    /// Has Terraform take over what is there, with the next plan; whether any of it is new.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn adopt(&self, adoptions: &[Adoption]) -> Result<bool> {
        let path = self.folder.join(ADOPT);
        let before = fs::read_to_string(&path).unwrap_or_default();
        let is_new = |one: &&Adoption| !before.contains(&format!("  to = {}\n", one.address));
        let new: Vec<_> = adoptions.iter().filter(is_new).cloned().collect();
        write_changed(&path, (before.clone() + &blocks(&new)).as_bytes(), true)?;
        Ok(!new.is_empty())
    }

    /// Whether there is a state here that an earlier call did not come to an end with.
    pub(super) fn has_own_state(&self) -> bool {
        self.folder.join(OWN_STATE).exists()
    }

    /// Removes the state that is kept here.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub(super) fn forget_state(&self) -> Result<()> {
        let state = self.folder.join(OWN_STATE);
        match fs::remove_file(&state) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::failed(format!("{} cannot be removed", state.display())).because(error))
            }
            _ => Ok(()),
        }
    }

    /// Forgets a plan: it holds values that nobody else is to read.
    pub(super) fn forget_plan(&self) {
        // What cannot be removed is written over by the next plan.
        drop(fs::remove_file(self.plan()));
    }

    /// Where what Terraform writes to its standard error goes.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.with_extension("log")
    }
}

/// Files of an earlier version of frazil would still be read.
fn remove_others(folder: &Path, names: &BTreeSet<PathBuf>) -> Result<()> {
    let cannot = |error| Error::failed(format!("{} cannot be read", folder.display())).because(error);
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let name = PathBuf::from(entry.map_err(cannot)?.file_name());
        let text = name.to_string_lossy();
        if READ_BY_TERRAFORM.iter().any(|end| text.ends_with(end)) && !names.contains(&name) {
            fs::remove_file(folder.join(&name)).map_err(cannot)?;
        }
    }
    Ok(())
}
