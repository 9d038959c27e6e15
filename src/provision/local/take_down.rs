//! `down` on this machine: everything that carries the hub's ID ends.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use frazil_units::Bytes;

use super::converge::{list, stop};
use super::folders::{Folders, size_on_disk};
use super::identity::{Identity, read_identity, write_identity};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::observe::{
    HUB_ID, Part, Process, in_sessions, kill_all, processes_in_limits, remove_limits, sessions_of,
};
use crate::view::Progress;

/// How long killed processes may take to end.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often they are looked at.
const LOOK: Duration = Duration::from_millis(50);

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
    let folders = Folders::new(context, name)?;
    let lock = folders.lock(progress)?;
    let mut down = Down { stopped: Vec::new(), removed: Vec::new(), kept: Vec::new(), left: Vec::new() };
    if let Some(identity) = read_identity(&folders)? {
        refuse_inside(context, &identity, name)?;
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

/// A terminal of the hub itself would end before the hub does.
fn refuse_inside(context: &Context, identity: &Identity, name: &str) -> Result<()> {
    if context.variable(HUB_ID) != Some(identity.id.as_str()) {
        return Ok(());
    }
    Err(Error::failed(format!("this terminal runs inside the hub `{name}` and would end with it"))
        .hint("call it from a terminal outside the hub"))
}

fn stop_all(folders: &Folders, identity: Identity, down: &mut Down, progress: &mut Progress) -> Result<()> {
    let identity = Identity { wanted: false, ..identity };
    let id = identity.id.as_str();
    write_identity(folders, &identity)?;
    let all = list(id)?;
    if !all.is_empty() {
        progress.step(&format!("stop {} processes", all.len()));
    }
    let sessions = sessions_of(&all);
    let mut seen: Vec<Process> = Vec::new();
    // The hub and the gateway first, so that neither starts anything while the rest ends.
    let (own, others): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|process| matches!(process.part, Part::Hub | Part::Gateway));
    for group in [own, others] {
        stop(&group, id)?;
        seen.extend(group);
    }
    loop {
        let late = list(id)?;
        if late.is_empty() {
            break;
        }
        stop(&late, id)?;
        seen.extend(late);
    }
    end_unmarked(id, identity.limits.as_deref(), &sessions)?;
    progress.finish();
    down.stopped = counts(&seen);
    down.left = remove_limits(id, identity.limits.as_deref());
    Ok(())
}

/// Ends what people's programs left behind without the hub's variables: it is
/// found by its control group or session.
fn end_unmarked(id: &str, limits: Option<&Path>, sessions: &[u32]) -> Result<()> {
    let begin = Instant::now();
    loop {
        let left: Vec<_> = processes_in_limits(id, limits).into_iter().chain(in_sessions(sessions)).collect();
        if left.is_empty() {
            return Ok(());
        }
        if begin.elapsed() > PATIENCE {
            return Err(Error::failed(format!("processes that people's servers left do not end: {left:?}"))
                .hint("look at them with `ps`, and call it again"));
        }
        kill_all(&left);
        thread::sleep(LOOK);
    }
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
