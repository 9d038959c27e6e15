//! Memory and CPU limits of a person's server: Linux control groups, where
//! this account may make some.
//!
//! Version 1 has a folder for each controller, version 2 one for all
//! (kernel.org, "Control Group v2"). The folder of a hub holds one folder for
//! each server or Dask process; those are made by the hub and the gateway.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::tool::Call;

/// How long the kernel may take to let go of a group.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is asked.
const LOOK: Duration = Duration::from_millis(50);

const ROOT: &str = "/sys/fs/cgroup";

/// Which control groups limit servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum LimitsKind {
    /// Version 1: a folder for each controller.
    #[serde(rename = "v1")]
    V1,
    /// Version 2: one folder.
    #[serde(rename = "v2")]
    V2,
    /// None: sizes are only what people agree on.
    #[serde(rename = "none")]
    None,
}

/// How servers are limited on this machine.
#[derive(Clone, Debug, Serialize)]
pub struct Limits {
    /// Which control groups there are.
    pub kind: LimitsKind,
    /// Why there are none; empty when there are.
    pub reason: String,
    /// The hub's folder for memory limits.
    pub memory: Option<PathBuf>,
    /// The hub's folder for CPU limits.
    pub cpu: Option<PathBuf>,
}

impl Limits {
    /// No limits, and why.
    pub fn none(reason: impl Into<String>) -> Self {
        Self { kind: LimitsKind::None, reason: reason.into(), memory: None, cpu: None }
    }
}

/// Makes the folders under which a hub's servers are limited, or says why it cannot be done.
///
/// In version 2 a group that was `remembered` from an earlier call is used again, as what a session may
/// do differs from one to the next.
pub fn prepare_limits(hub_id: &str, remembered: Option<&Path>) -> Limits {
    if !cfg!(target_os = "linux") {
        return Limits::none("this system has no control groups");
    }
    let name = format!("frazil-{hub_id}");
    let root = Path::new(ROOT);
    if root.join("memory/cgroup.procs").exists() {
        return version_1(root, &name);
    }
    if root.join("cgroup.controllers").exists() {
        return version_2(root, &name, remembered);
    }
    Limits::none("control groups are not mounted at /sys/fs/cgroup")
}

fn version_1(root: &Path, name: &str) -> Limits {
    let cpu = ["cpu", "cpu,cpuacct"]
        .iter()
        .map(|folder| root.join(folder))
        .find(|folder| folder.join("cgroup.procs").exists());
    let memory = root.join("memory").join(name);
    if let Err(error) = make(&memory) {
        return Limits::none(refused("version 1", &error));
    }
    let cpu = cpu.map(|cpu| cpu.join(name)).filter(|cpu| make(cpu).is_ok());
    Limits { kind: LimitsKind::V1, reason: String::new(), memory: Some(memory), cpu }
}

fn version_2(root: &Path, name: &str, remembered: Option<&Path>) -> Limits {
    let mut last = None;
    let known = remembered.and_then(Path::parent).map(Path::to_owned);
    for parent in known.into_iter().chain(parents(root)) {
        match delegate(&parent, name) {
            Ok((folder, cpu)) => {
                let cpu = cpu.then(|| folder.clone());
                return Limits { kind: LimitsKind::V2, reason: String::new(), memory: Some(folder), cpu };
            }
            Err(error) => last = Some(error),
        }
    }
    last.map_or_else(
        || Limits::none("this process is in no control group"),
        |error| Limits::none(refused("version 2", &error)),
    )
}

/// Groups in which ours could be made: this process's own ancestors, the top first.
fn parents(root: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let own = text.lines().find_map(|line| line.strip_prefix("0::/")).unwrap_or_default();
    let mut parents: Vec<_> =
        root.join(own).ancestors().filter(|path| path.starts_with(root)).map(Path::to_owned).collect();
    parents.reverse();
    parents
}

/// Makes a group whose children have memory limits and, where it can be had, CPU limits; tries that a
/// process may join. Returns the group and whether it has CPU limits.
fn delegate(parent: &Path, name: &str) -> io::Result<(PathBuf, bool)> {
    let folder = parent.join(name);
    make(&folder)?;
    let tried = [parent, folder.as_path()]
        .iter()
        .try_for_each(|group| enable(group, "memory"))
        .and_then(|()| try_joining(&folder));
    if let Err(error) = tried {
        drop(fs::remove_dir(&folder));
        return Err(error);
    }
    let cpu = [parent, folder.as_path()].iter().try_for_each(|group| enable(group, "cpu"));
    Ok((folder, cpu.is_ok()))
}

fn enable(folder: &Path, controller: &str) -> io::Result<()> {
    let file = folder.join("cgroup.subtree_control");
    let enabled = fs::read_to_string(&file)?;
    if enabled.split_whitespace().any(|word| word == controller) {
        return Ok(());
    }
    fs::write(file, format!("+{controller}"))
}

fn try_joining(folder: &Path) -> io::Result<()> {
    let probe = folder.join("probe");
    make(&probe)?;
    let joined = Call::new("/bin/sh")
        .arguments(["-c", "echo $$ > \"$0\""])
        .arguments([probe.join("cgroup.procs")])
        .output();
    drop(fs::remove_dir(&probe));
    joined.map(|_| ()).map_err(|_| io::Error::from(io::ErrorKind::PermissionDenied))
}

fn make(folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn refused(version: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            let delegated = if version == "version 2" {
                ", and so may sessions that systemd delegates to you"
            } else {
                ""
            };
            format!("this account may make no control groups ({version}); root may{delegated}")
        }
        _ => format!("control groups ({version}) cannot be made: {error}"),
    }
}

/// Processes in the groups of a hub's limits, whatever their environment says.
pub fn processes_in_limits(hub_id: &str, remembered: Option<&Path>) -> Vec<u32> {
    let folders = folders_of(hub_id, remembered).into_iter();
    let mut pids: Vec<_> = folders.flat_map(|folder| processes_below(&folder)).collect();
    pids.sort_unstable();
    pids.dedup();
    pids
}

fn processes_below(folder: &Path) -> Vec<u32> {
    let text = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
    // The kernel writes 0 for a process outside our PID namespace.
    let own = text.lines().filter_map(|line| line.parse().ok()).filter(|pid| *pid != 0);
    let below = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    own.chain(below.filter(|path| path.is_dir()).flat_map(|path| processes_below(&path))).collect()
}

/// The folders of a hub's limits that there are.
fn folders_of(hub_id: &str, remembered: Option<&Path>) -> Vec<PathBuf> {
    let name = format!("frazil-{hub_id}");
    let root = Path::new(ROOT);
    let version_1 = ["memory", "cpu", "cpu,cpuacct"].iter().map(|controller| root.join(controller));
    let candidates = version_1.chain(parents(root)).map(|parent| parent.join(&name));
    let remembered = remembered.map(Path::to_owned).filter(|folder| folder.ends_with(&name));
    let mut folders: Vec<_> = candidates.chain(remembered).filter(|folder| folder.is_dir()).collect();
    folders.sort();
    folders.dedup();
    folders
}

/// Removes the folders of a hub's limits; returns those that could not be removed.
pub fn remove_limits(hub_id: &str, remembered: Option<&Path>) -> Vec<PathBuf> {
    folders_of(hub_id, remembered).into_iter().filter(|folder| !remove_patiently(folder)).collect()
}

/// The kernel lets go of a group a moment after its last process has ended.
fn remove_patiently(folder: &Path) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if remove_tree(folder) {
            return true;
        }
        thread::sleep(LOOK);
    }
    false
}

/// Control groups are removed folder by folder; their files cannot be.
fn remove_tree(folder: &Path) -> bool {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_tree(&entry.path());
        }
    }
    fs::remove_dir(folder).is_ok()
}
