//! The processes of a hub on this machine, found by the variables that every
//! one of them carries. No file of process IDs can lie about them: what was
//! started a moment before a crash is found as well.

use std::ffi::OsString;
use std::io;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

/// The variable that names the hub a process belongs to, by its ID.
pub const HUB_ID: &str = "FRAZIL_HUB_ID";
/// The variable that names the part of the hub that a process is.
pub const PART: &str = "FRAZIL_PART";
/// The variable that holds the digest of what a part was started from.
pub const DIGEST: &str = "FRAZIL_DIGEST";
/// The variable that names the person a server or Dask cluster belongs to.
pub(super) const USER: &str = "FRAZIL_USER";
/// The variable that names the size of a server.
pub(super) const SIZE: &str = "FRAZIL_SIZE";
/// The variable that names a Dask cluster.
pub(super) const CLUSTER: &str = "FRAZIL_CLUSTER";

/// A part of a hub on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The proxy in front: configurable-http-proxy.
    Proxy,
    /// JupyterHub.
    Hub,
    /// Dask Gateway's server.
    Gateway,
    /// The page of costs: `frazil serve`.
    Report,
    /// A person's server.
    Server,
    /// The scheduler of a Dask cluster.
    DaskScheduler,
    /// A worker of a Dask cluster.
    DaskWorker,
    /// A program that fills the environment.
    Build,
}

impl Part {
    const NAMES: [(&'static str, Self); 8] = [
        ("proxy", Self::Proxy),
        ("hub", Self::Hub),
        ("gateway", Self::Gateway),
        ("report", Self::Report),
        ("server", Self::Server),
        ("dask-scheduler", Self::DaskScheduler),
        ("dask-worker", Self::DaskWorker),
        ("build", Self::Build),
    ];

    /// The part's name, as processes carry it.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, part)| *part == self).map_or("", |(name, _)| name)
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, part)| *part)
    }
}

/// A process of a hub.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its ID.
    pub pid: u32,
    /// The ID of the process that started it.
    pub parent: Option<u32>,
    /// Which part of the hub it is.
    pub part: Part,
    /// The digest of what it was started from; empty for servers and clusters.
    pub digest: String,
    /// Whose server or Dask cluster it is; empty for the hub's own parts.
    pub user: String,
    /// The server's size; empty for others.
    pub size: String,
    /// The Dask cluster's name; empty for others.
    pub cluster: String,
    /// When it began, in seconds since 1970.
    pub started: u64,
    /// Its resident memory in bytes.
    pub memory: u64,
    /// The share of one core that it used since the last look, in percent; 0 at the first.
    pub cpu: f32,
}

impl Process {
    /// Whether its parent is no process of the same part: the process that was started, not a child of it.
    pub fn is_root(&self, all: &[Self]) -> bool {
        let parent = self.parent.and_then(|parent| all.iter().find(|other| other.pid == parent));
        parent.is_none_or(|parent| parent.part != self.part || parent.digest != self.digest)
    }
}

/// The processes that carry a hub's ID. With a window, CPU is measured over it.
///
/// # Errors
/// On a system that does not list its processes.
pub fn marked(hub_id: &str, window: Option<Duration>) -> io::Result<Vec<Process>> {
    let mut system = System::new().map_err(io::Error::other)?;
    let kind = ProcessRefreshKind::nothing()
        .with_environ(UpdateKind::Always)
        .with_memory()
        .with_cpu()
        .without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
    if let Some(window) = window {
        std::thread::sleep(window);
        system.refresh_processes_specifics(
            ProcessesToUpdate::All,
            true,
            ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks(),
        );
    }
    let mut found: Vec<_> = system.processes().values().filter_map(|process| ours(process, hub_id)).collect();
    found.sort_by_key(|process| (process.part, process.started, process.pid));
    Ok(found)
}

fn ours(process: &sysinfo::Process, hub_id: &str) -> Option<Process> {
    let alive = !matches!(process.status(), sysinfo::ProcessStatus::Zombie | sysinfo::ProcessStatus::Dead);
    if process.thread_kind().is_some() || !alive {
        return None;
    }
    let environment = process.environ();
    let get = |name: &str| variable(environment, name).unwrap_or_default();
    if get(HUB_ID) != hub_id {
        return None;
    }
    Some(Process {
        pid: process.pid().as_u32(),
        parent: process.parent().map(sysinfo::Pid::as_u32),
        part: Part::from_name(&get(PART))?,
        digest: get(DIGEST),
        user: get(USER),
        size: get(SIZE),
        cluster: get(CLUSTER),
        started: process.start_time(),
        memory: process.memory(),
        cpu: process.cpu_usage(),
    })
}

fn variable(environment: &[OsString], name: &str) -> Option<String> {
    environment.iter().filter_map(|entry| entry.to_str()).find_map(|entry| {
        let (key, value) = entry.split_once('=')?;
        (key == name).then(|| value.to_owned())
    })
}

/// Sends a signal to processes; one that is gone already is no error.
pub fn signal_all<'a>(processes: impl IntoIterator<Item = &'a Process>, signal: Signal) {
    let pids =
        processes.into_iter().filter_map(|process| i32::try_from(process.pid).ok().and_then(Pid::from_raw));
    for pid in pids {
        let _gone = kill_process(pid, signal);
    }
}

fn raw(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// All processes of this machine that run, each with its session (`getsid(2)`).
fn with_sessions() -> Vec<(u32, u32)> {
    let Ok(mut system) = System::new() else { return Vec::new() };
    let kind = ProcessRefreshKind::nothing().without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
    let running = system.processes().values().filter(|process| {
        !matches!(process.status(), sysinfo::ProcessStatus::Zombie | sysinfo::ProcessStatus::Dead)
    });
    running.filter_map(|process| Some((process.pid().as_u32(), process.session_id()?.as_u32()))).collect()
}

/// The sessions of processes, this program's own left out.
pub fn sessions_of(processes: &[Process]) -> Vec<u32> {
    let all = with_sessions();
    let session = |pid: u32| all.iter().find(|(other, _)| *other == pid).map(|(_, session)| *session);
    let own = session(std::process::id());
    let mut sessions: Vec<_> = processes.iter().filter_map(|process| session(process.pid)).collect();
    sessions.retain(|session| *session > 1 && Some(*session) != own);
    sessions.sort_unstable();
    sessions.dedup();
    sessions
}

/// Processes of some sessions.
pub fn in_sessions(sessions: &[u32]) -> Vec<u32> {
    let all = with_sessions().into_iter();
    all.filter(|(_, session)| sessions.contains(session)).map(|(pid, _)| pid).collect()
}

/// Whether a process of this machine is there.
pub fn is_alive(process: i32) -> bool {
    rustix::process::Pid::from_raw(process)
        .is_some_and(|process| rustix::process::test_kill_process(process) != Err(rustix::io::Errno::SRCH))
}

/// Kills processes at once; one that is gone already is no error.
pub fn kill_all(pids: &[u32]) {
    for pid in pids.iter().filter_map(|pid| raw(*pid)) {
        let _gone = kill_process(pid, Signal::KILL);
    }
}
