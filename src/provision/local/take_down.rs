//! `down` on this machine: everything that carries the hub's ID ends.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use frazil_units::Bytes;

use super::converge::{list, stop};
use super::folders::{Folders, size_on_disk};
use super::identity::{Identity, read_identity, write_identity};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::observe::{Part, Process, remove_limits};
use crate::view::Progress;

/// What `down` did.
#[derive(Debug)]
pub struct Down {
    /// How many processes of each part were stopped.
    pub stopped: Vec<(Part, usize)>,
    /// Folders that were removed.
    pub removed: Vec<PathBuf>,
    /// Folders that were kept, with their size.
    pub kept: Vec<(PathBuf, &'static str, Bytes)>,
    /// What could not be removed.
    pub left: Vec<PathBuf>,
}

/// Stops a hub of a name on this machine; with `data`, removes all that belongs to it.
///
/// # Errors
/// When processes cannot be listed or folders cannot be removed.
pub fn take_down(context: &Context, name: &str, data: bool, progress: &mut Progress) -> Result<Down> {
    let folders = Folders::new(&context.directories, name);
    let lock = folders.lock()?;
    let mut down = Down { stopped: Vec::new(), removed: Vec::new(), kept: Vec::new(), left: Vec::new() };
    if let Some(identity) = known_identity(&folders, data)? {
        stop_all(&folders, identity, &mut down, progress)?;
    }
    for token in fs::read_dir(folders.tokens()).into_iter().flatten().flatten() {
        discard(fs::remove_file(token.path()));
    }
    if data {
        progress.step("remove files");
        for folder in [&folders.state, &folders.data] {
            if remove(folder)? {
                down.removed.push(folder.clone());
            }
        }
        discard(fs::remove_file(folders.state.with_extension("lock")));
        for folder in
            [&folders.state, &folders.data].iter().flat_map(|folder| folder.ancestors().skip(1).take(2))
        {
            // A folder that another hub still uses is not empty and stays.
            discard(fs::remove_dir(folder));
        }
        progress.finish();
    } else {
        let what = [
            (&folders.data, "people's files, accounts and secrets"),
            (&folders.state, "configuration and logs"),
        ];
        down.kept = what
            .iter()
            .filter(|(folder, _)| folder.exists())
            .map(|(folder, what)| ((*folder).clone(), *what, size_on_disk(folder)))
            .collect();
    }
    drop(lock);
    Ok(down)
}

/// The identity, or nothing when it is damaged and everything is to go anyway.
fn known_identity(folders: &Folders, data: bool) -> Result<Option<Identity>> {
    match read_identity(folders) {
        Err(_) if data => Ok(None),
        other => other,
    }
}

fn stop_all(folders: &Folders, identity: Identity, down: &mut Down, progress: &mut Progress) -> Result<()> {
    let id = identity.id.clone();
    write_identity(folders, &Identity { wanted: false, ..identity })?;
    let all = list(&id)?;
    if !all.is_empty() {
        progress.step(&format!("stop {} processes", all.len()));
    }
    let mut seen: Vec<Process> = Vec::new();
    // The hub and the gateway first, so that neither starts anything while the rest ends.
    let (own, others): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|process| matches!(process.part, Part::Hub | Part::Gateway));
    for group in [own, others] {
        seen.extend(group.iter().cloned());
        stop(&group, &id)?;
    }
    loop {
        let late = list(&id)?;
        if late.is_empty() {
            break;
        }
        seen.extend(late.iter().cloned());
        stop(&late, &id)?;
    }
    progress.finish();
    down.stopped = counts(&seen);
    down.left = remove_limits(&id);
    Ok(())
}

fn counts(processes: &[Process]) -> Vec<(Part, usize)> {
    let mut counts = std::collections::BTreeMap::new();
    for process in processes {
        *counts.entry(process.part).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}

fn remove(folder: &Path) -> Result<bool> {
    match fs::remove_dir_all(folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::failed(format!("{} cannot be removed", folder.display()))
            .because(error)
            .hint("files that people made under other accounts need root: call it again with sudo")),
    }
}

/// What is gone already, or has to stay, is no error.
fn discard(_outcome: io::Result<()>) {}
