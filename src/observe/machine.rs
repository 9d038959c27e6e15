//! The machine in front of us.

use std::io;
use std::path::Path;

use frazil_units::Bytes;
use sysinfo::{MemoryRefreshKind, System};

/// What a hub on this machine can share out.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// Processors that this process may use.
    pub cores: usize,
    /// Memory of the machine, or of the control group this process lives in if that is less.
    pub memory: Bytes,
}

/// Looks at the machine.
///
/// # Errors
/// On a system that tells nothing of itself.
pub fn machine() -> io::Result<Machine> {
    let mut system = System::new().map_err(io::Error::other)?;
    system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
    let limit = system.cgroup_limits().map(|limits| limits.total_memory).filter(|limit| *limit > 0);
    let memory = limit.map_or(system.total_memory(), |limit| limit.min(system.total_memory()));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(Machine { cores, memory: Bytes::new(memory) })
}

/// Free space of the file system that a path, or its nearest folder that exists, lies on.
pub fn free_space(path: &Path) -> Option<Bytes> {
    let there = path.ancestors().find(|folder| folder.exists())?;
    let stat = rustix::fs::statvfs(there).ok()?;
    Some(Bytes::new(stat.f_bavail.saturating_mul(stat.f_frsize)))
}
