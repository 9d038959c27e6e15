//! The control group of this process: what it may take of the machine, and what it takes
//! (kernel.org, "Control Group v2" and "Control Groups version 1"). A limit of a group above holds
//! for this one too, so the least of all that can be seen counts.

use std::path::Path;

use serde::Serialize;

use super::Tree;
use super::cpu::list;

const ROOT: &str = "sys/fs/cgroup";
/// Version 1 has no word for "no limit", only a number that no machine reaches.
const NO_LIMIT: u64 = 1 << 60;

/// Limits and use of a control group.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Cgroup {
    /// `v1` or `v2`.
    pub version: &'static str,
    /// Its path, as this process sees it.
    pub path: String,
    /// CPU that it may take, in cores; `None` without a limit.
    pub cpu_limit_cores: Option<f64>,
    /// Threads of the machine that it may run on.
    pub cpuset_threads: Option<usize>,
    /// CPU time that it took so far, in seconds.
    pub cpu_used_seconds: Option<f64>,
    /// How often it had to wait because its CPU limit was reached.
    pub throttled_count: Option<u64>,
    /// For how long altogether, in seconds.
    pub throttled_seconds: Option<f64>,
    /// Memory that it may take; `None` without a limit.
    pub memory_limit_bytes: Option<u64>,
    /// Memory that it takes, page cache included.
    pub memory_used_bytes: Option<u64>,
    /// The part of that which cannot be given back at once (working set): what counts against the limit.
    pub memory_working_set_bytes: Option<u64>,
    /// The most memory that it ever took.
    pub memory_peak_bytes: Option<u64>,
    /// Swap that it may take; `None` without a limit.
    pub swap_limit_bytes: Option<u64>,
    /// How often a process of it was killed for want of memory.
    pub oom_kills: Option<u64>,
}

impl Cgroup {
    /// The control group of this process.
    pub(super) fn look(tree: &Tree<'_>) -> Option<Self> {
        let membership = tree.text("proc/self/cgroup")?;
        if tree.text(&format!("{ROOT}/cgroup.controllers")).is_some() {
            return Some(version_2(tree, &membership));
        }
        tree.0.join(ROOT).join("memory").is_dir().then(|| version_1(tree, &membership))
    }
}

/// A group's folder and those above it, the group's own first. In a namespace of its own the path may
/// not be there: then the mounted root is the group.
fn folders(tree: &Tree<'_>, mounted: &str, path: &str) -> Vec<String> {
    let there = |path: &Path| tree.0.join(mounted).join(path).is_dir();
    let path = Path::new(path.trim_start_matches('/'));
    let own = if there(path) { path } else { Path::new("") };
    let folder = |path: &Path| format!("{mounted}/{}", path.display()).trim_end_matches('/').to_owned();
    own.ancestors().map(folder).collect()
}

/// The least of a limit in a group and those above.
fn least<T: PartialOrd>(folders: &[String], limit: impl Fn(&str) -> Option<T>) -> Option<T> {
    folders.iter().filter_map(|folder| limit(folder)).reduce(|a, b| if b < a { b } else { a })
}

/// A line `KEY NUMBER` of a file.
fn entry(tree: &Tree<'_>, path: &str, key: &str) -> Option<u64> {
    let text = tree.text(path)?;
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse().ok())
}

#[expect(clippy::cast_precision_loss, reason = "times of a machine")]
fn seconds(amount: u64, of_a_second: f64) -> f64 {
    amount as f64 / of_a_second
}

fn version_2(tree: &Tree<'_>, membership: &str) -> Cgroup {
    let path = membership.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("/").to_owned();
    let folders = folders(tree, ROOT, &path);
    let own = folders.first().cloned().unwrap_or_default();
    let cpu = |folder: &str| {
        let text = tree.text(&format!("{folder}/cpu.max"))?;
        let (quota, period) = text.split_once(' ')?;
        Some(quota.parse::<f64>().ok()? / period.parse::<f64>().ok().filter(|period| *period > 0.0)?)
    };
    let number = |what: &'static str| move |folder: &str| tree.number::<u64>(&format!("{folder}/{what}"));
    let stat = |file: &str, key: &str| entry(tree, &format!("{own}/{file}"), key);
    let used = number("memory.current")(&own);
    let inactive = stat("memory.stat", "inactive_file").unwrap_or(0);
    Cgroup {
        version: "v2",
        cpu_limit_cores: least(&folders, cpu),
        cpuset_threads: tree.text(&format!("{own}/cpuset.cpus.effective")).map(|text| list(&text).len()),
        cpu_used_seconds: stat("cpu.stat", "usage_usec").map(|used| seconds(used, 1e6)),
        throttled_count: stat("cpu.stat", "nr_throttled"),
        throttled_seconds: stat("cpu.stat", "throttled_usec").map(|time| seconds(time, 1e6)),
        memory_limit_bytes: least(&folders, number("memory.max")),
        memory_used_bytes: used,
        memory_working_set_bytes: used.map(|used| used.saturating_sub(inactive)),
        memory_peak_bytes: number("memory.peak")(&own),
        swap_limit_bytes: least(&folders, number("memory.swap.max")),
        oom_kills: stat("memory.events", "oom_kill"),
        path,
    }
}

fn version_1(tree: &Tree<'_>, membership: &str) -> Cgroup {
    let path = |controller: &str| {
        let line = membership.lines().find(|line| {
            line.split(':').nth(1).is_some_and(|names| names.split(',').any(|name| name == controller))
        });
        line.and_then(|line| line.splitn(3, ':').nth(2)).unwrap_or("/").to_owned()
    };
    let mounted = |controller: &str| {
        let joined = format!("{ROOT}/cpu,cpuacct");
        if tree.0.join(ROOT).join(controller).is_dir() { format!("{ROOT}/{controller}") } else { joined }
    };
    let all = |controller: &str| folders(tree, &mounted(controller), &path(controller));
    let own = |controller: &str, file: &str| {
        format!("{}/{file}", all(controller).first().cloned().unwrap_or_default())
    };
    let quota = |folder: &str| {
        let quota = tree.number::<f64>(&format!("{folder}/cpu.cfs_quota_us")).filter(|quota| *quota > 0.0)?;
        Some(
            quota
                / tree
                    .number::<f64>(&format!("{folder}/cpu.cfs_period_us"))
                    .filter(|period| *period > 0.0)?,
        )
    };
    let limit = |what: &'static str| {
        move |folder: &str| tree.number::<u64>(&format!("{folder}/{what}")).filter(|limit| *limit < NO_LIMIT)
    };
    let memory = all("memory");
    let used = tree.number::<u64>(&own("memory", "memory.usage_in_bytes"));
    let inactive = entry(tree, &own("memory", "memory.stat"), "total_inactive_file").unwrap_or(0);
    let cpuset = tree
        .text(&own("cpuset", "cpuset.effective_cpus"))
        .or_else(|| tree.text(&own("cpuset", "cpuset.cpus")));
    Cgroup {
        version: "v1",
        path: path("memory"),
        cpu_limit_cores: least(&all("cpu"), quota),
        cpuset_threads: cpuset.map(|text| list(&text).len()).filter(|threads| *threads > 0),
        cpu_used_seconds: tree.number::<u64>(&own("cpuacct", "cpuacct.usage")).map(|used| seconds(used, 1e9)),
        throttled_count: entry(tree, &own("cpu", "cpu.stat"), "nr_throttled"),
        throttled_seconds: entry(tree, &own("cpu", "cpu.stat"), "throttled_time")
            .map(|time| seconds(time, 1e9)),
        memory_limit_bytes: least(&memory, limit("memory.limit_in_bytes")),
        memory_used_bytes: used,
        memory_working_set_bytes: used.map(|used| used.saturating_sub(inactive)),
        memory_peak_bytes: tree.number(&own("memory", "memory.max_usage_in_bytes")),
        swap_limit_bytes: None,
        oom_kills: entry(tree, &own("memory", "memory.oom_control"), "oom_kill"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn the_least_limit_of_a_group_and_those_above_holds() {
        let folder = tree(&[
            ("proc/self/cgroup", "0::/pod/server\n"),
            ("sys/fs/cgroup/cgroup.controllers", "cpu memory\n"),
            ("sys/fs/cgroup/pod/memory.max", "1000\n"),
            ("sys/fs/cgroup/pod/cpu.max", "150000 100000\n"),
            ("sys/fs/cgroup/pod/server/memory.max", "max\n"),
            ("sys/fs/cgroup/pod/server/cpu.max", "max 100000\n"),
            ("sys/fs/cgroup/pod/server/memory.current", "700\n"),
            ("sys/fs/cgroup/pod/server/memory.stat", "anon 1\ninactive_file 200\n"),
            ("sys/fs/cgroup/pod/server/memory.events", "oom 3\noom_kill 2\n"),
            (
                "sys/fs/cgroup/pod/server/cpu.stat",
                "usage_usec 2500000\nnr_throttled 7\nthrottled_usec 500000\n",
            ),
            ("sys/fs/cgroup/pod/server/cpuset.cpus.effective", "0-3,8\n"),
        ]);
        let group = Cgroup::look(&Tree(folder.path())).unwrap();
        assert_eq!(
            (group.version, group.cpu_limit_cores, group.memory_limit_bytes),
            ("v2", Some(1.5), Some(1000))
        );
        assert_eq!((group.memory_working_set_bytes, group.oom_kills), (Some(500), Some(2)));
        assert_eq!((group.cpuset_threads, group.cpu_used_seconds), (Some(5), Some(2.5)));
        assert_eq!((group.throttled_count, group.throttled_seconds), (Some(7), Some(0.5)));
    }

    #[test]
    fn no_limit_of_version_1_is_none() {
        let folder = tree(&[
            ("proc/self/cgroup", "4:memory:/gone\n3:cpu,cpuacct:/\n0::/\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "10\n"),
            ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n"),
            ("sys/fs/cgroup/cpu,cpuacct/cpuacct.usage", "3000000000\n"),
        ]);
        let group = Cgroup::look(&Tree(folder.path())).unwrap();
        assert_eq!((group.version, group.cpu_limit_cores, group.memory_limit_bytes), ("v1", None, None));
        assert_eq!((group.memory_used_bytes, group.cpu_used_seconds), (Some(10), Some(3.0)));
        assert!(Cgroup::look(&Tree(Path::new("/nowhere"))).is_none());
    }
}
