//! The computer in front of us as `lscpu` and `free` show it, and what its control group leaves of
//! it: read below /proc and /sys, so that it works in a container too.

mod cgroup;
mod cpu;
mod memory;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sysinfo::{DiskKind, Disks};

pub use cgroup::Cgroup;
pub use cpu::{Cache, Clock, Cpu, NumaNode};
pub use memory::Memory;

/// What a look finds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Computer {
    /// The processors.
    pub cpu: Cpu,
    /// The memory, all of the machine's.
    pub memory: Memory,
    /// The file systems that are on disks or network storage.
    pub disks: Vec<Disk>,
    /// The control group of this process; `None` where there is none.
    pub cgroup: Option<Cgroup>,
    /// Tasks that ran or wanted to, over 1, 5 and 15 minutes.
    pub load_average: Option<[f64; 3]>,
    /// Seconds since the machine was started.
    pub uptime_seconds: Option<f64>,
    /// CPU time that was spent on anything since then, in seconds of one core.
    pub cpu_busy_seconds: Option<f64>,
}

/// A file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disk {
    /// The device, or where it comes from.
    pub device: String,
    /// Where it is mounted.
    pub mounted_at: PathBuf,
    /// Its file system.
    pub file_system: String,
    /// `SSD`, `HDD`, or nothing when the system does not say.
    pub kind: Option<&'static str>,
    /// Its size.
    pub total_bytes: u64,
    /// What people may still write.
    pub available_bytes: u64,
}

impl Computer {
    /// Looks at the machine below a folder that is `/`, except in tests.
    pub fn look(root: &Path) -> Self {
        let tree = Tree(root);
        let load = tree.text("proc/loadavg").unwrap_or_default();
        let mut loads = load.split(' ').filter_map(|word| word.parse().ok());
        let load_average = loads.next().zip(loads.next()).zip(loads.next());
        let uptime = tree.text("proc/uptime").unwrap_or_default();
        Self {
            cpu: Cpu::look(&tree),
            memory: Memory::look(&tree),
            disks: Vec::new(),
            cgroup: Cgroup::look(&tree),
            load_average: load_average.map(|((one, five), fifteen)| [one, five, fifteen]),
            cpu_busy_seconds: busy(&tree.text("proc/stat").unwrap_or_default()),
            uptime_seconds: uptime.split(' ').next().and_then(|word| word.parse().ok()),
        }
    }

    /// The same with its disks.
    #[must_use]
    pub fn with_disks(mut self) -> Self {
        self.disks = disks();
        self
    }
}

/// Time that was neither idle nor waiting for disks, from `/proc/stat`, which counts in hundredths
/// of a second (proc(5): user, nice, system, idle, iowait, irq, softirq, steal; guests are in user).
fn busy(stat: &str) -> Option<f64> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<f64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let counted = [0, 1, 2, 5, 6].map(|index| ticks.get(index).copied().unwrap_or(0.0));
    (ticks.len() >= 4).then(|| counted.iter().sum::<f64>() / 100.0)
}

/// Each device once, where it is mounted first; bind mounts of a container repeat it.
fn disks() -> Vec<Disk> {
    let mut seen = BTreeSet::new();
    let Ok(all) = Disks::new_with_refreshed_list() else { return Vec::new() };
    let mut disks: Vec<_> = all
        .iter()
        .filter(|disk| disk.total_space() > 0)
        .map(|disk| Disk {
            device: disk.name().to_string_lossy().into_owned(),
            mounted_at: disk.mount_point().to_owned(),
            file_system: disk.file_system().to_string_lossy().into_owned(),
            kind: match disk.kind() {
                DiskKind::SSD => Some("SSD"),
                DiskKind::HDD => Some("HDD"),
                DiskKind::Unknown(_) => None,
            },
            total_bytes: disk.total_space(),
            available_bytes: disk.available_space(),
        })
        .collect();
    disks.sort_by(|a, b| a.mounted_at.cmp(&b.mounted_at));
    disks.retain(|disk| seen.insert((disk.device.clone(), disk.total_bytes)));
    disks
}

/// Files below a folder, which is `/` except in tests.
pub(crate) struct Tree<'a>(pub &'a Path);

impl Tree<'_> {
    /// A file's text without the spaces around it.
    fn text(&self, path: &str) -> Option<String> {
        Some(fs::read_to_string(self.0.join(path)).ok()?.trim().to_owned())
    }

    /// A file that is one number.
    fn number<T: std::str::FromStr>(&self, path: &str) -> Option<T> {
        self.text(path)?.parse().ok()
    }

    /// The entries of a folder whose names are a word and a number, by number.
    fn numbered(&self, folder: &str, word: &str) -> Vec<(u32, String)> {
        let entries = fs::read_dir(self.0.join(folder)).into_iter().flatten().flatten();
        let mut found: Vec<_> = entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let number = name.strip_prefix(word)?.parse().ok()?;
                Some((number, format!("{folder}/{name}")))
            })
            .collect();
        found.sort();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::{Computer, busy};
    use std::path::Path;

    #[test]
    fn what_is_idle_or_waits_is_not_busy() {
        assert_eq!(busy("cpu  100 50 30 9999 77 10 10 5 3 0\ncpu0 1 2 3 4\n"), Some(2.0));
        assert_eq!(busy("intr 5\n"), None);
    }

    #[test]
    fn a_machine_that_tells_nothing_is_unknown() {
        let computer = Computer::look(Path::new("/nowhere"));
        assert_eq!((computer.cpu.threads, computer.memory.total_bytes), (1, 0));
        assert_eq!((computer.load_average, computer.cgroup), (None, None));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machine_has_threads_memory_and_a_clock_that_runs() {
        let computer = Computer::look(Path::new("/")).with_disks();
        let threads = std::thread::available_parallelism().unwrap().get();
        assert!(computer.cpu.threads >= threads, "{:?}", computer.cpu);
        assert!(computer.cpu.cores <= computer.cpu.threads && computer.cpu.sockets <= computer.cpu.cores);
        assert!(computer.memory.available_bytes <= computer.memory.total_bytes);
        assert!(computer.cpu_busy_seconds.is_some_and(|seconds| seconds > 0.0));
    }
}
