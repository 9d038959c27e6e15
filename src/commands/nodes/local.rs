//! `frazil nodes --local`: this machine as `lscpu` and `free` show it, and what the control group
//! leaves of it.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::Run;
use super::line::percent;
use super::watch::{blocks, live};
use crate::cli::NodesArgs;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::observe::computer::{Cgroup, Computer, Cpu, Disk, Memory};
use crate::outcome::Outcome;
use crate::view::{Align, Format, Kind, Layout, Metrics, Report, Table};

const GIB: f64 = 1_073_741_824.0;
/// Over what time CPU is measured, unless a view is drawn again and again.
const WINDOW: Duration = Duration::from_millis(250);

/// Shows this machine.
///
/// # Errors
/// When the system has no /proc, or the terminal goes away.
pub(super) async fn local(run: &Run<'_>, args: &NodesArgs) -> Result<Outcome> {
    let root = Path::new("/");
    if !root.join("proc/cpuinfo").exists() {
        return Err(Error::failed("this system has no /proc, from which the machine is read")
            .hint("`--local` works on Linux; on macOS, `sysctl hw` and `vm_stat` tell"));
    }
    let mut meter = Meter::begin(root);
    tokio::time::sleep(WINDOW).await;
    let mut look = || meter.look(root, run.context.machine_name());
    if !args.watch {
        run.printer.report(&look())?;
        return Ok(Outcome::Done);
    }
    let every = Duration::from_secs(args.interval.as_secs());
    let on_screen =
        run.printer.width.is_some() && run.context.interactive && run.printer.format != Format::Json;
    if !on_screen {
        return blocks(run, every, look).await;
    }
    let layout = Layout { wide: run.printer.format == Format::Wide, width: None };
    live(every, &format!("frazil nodes --local, every {}", args.interval), layout, look).await
}

/// This machine as metrics, CPU over a moment that the caller waits; nothing where the system has no /proc.
pub(in crate::commands) fn machine(context: &Context) -> Option<Metrics> {
    let root = Path::new("/");
    if !root.join("proc/cpuinfo").exists() {
        return None;
    }
    let mut meter = Meter::begin(root);
    std::thread::sleep(WINDOW);
    meter.look(root, context.machine_name()).metrics()
}

/// CPU time that was taken until now; two of them give a rate.
struct Meter {
    at: Instant,
    busy: Option<f64>,
    group: Option<f64>,
}

impl Meter {
    fn begin(root: &Path) -> Self {
        let computer = Computer::look(root);
        let group = computer.cgroup.as_ref().and_then(|group| group.cpu_used_seconds);
        Self { at: Instant::now(), busy: computer.cpu_busy_seconds, group }
    }

    /// The machine now, with the CPU that was used since the last look.
    fn look(&mut self, root: &Path, name: &str) -> Local {
        let computer = Computer::look(root).with_disks();
        let window = self.at.elapsed().as_secs_f64();
        let group = computer.cgroup.as_ref().and_then(|group| group.cpu_used_seconds);
        let rate = |before: Option<f64>, now: Option<f64>| {
            before.zip(now).map(|(before, now)| ((now - before) / window).max(0.0))
        };
        let local = Local {
            name: name.to_owned(),
            cpu_used_cores: rate(self.busy, computer.cpu_busy_seconds),
            cgroup_cpu_used_cores: rate(self.group, group),
            window_seconds: window,
            computer,
        };
        *self = Self { at: Instant::now(), busy: local.computer.cpu_busy_seconds, group };
        local
    }
}

/// This machine.
struct Local {
    name: String,
    computer: Computer,
    cpu_used_cores: Option<f64>,
    cgroup_cpu_used_cores: Option<f64>,
    window_seconds: f64,
}

impl Local {
    /// Name and value of each line, by part.
    fn parts(&self, wide: bool) -> Vec<(&'static str, Vec<(String, String)>)> {
        let Computer { cpu, memory, disks, cgroup, .. } = &self.computer;
        let mut parts = vec![("cpu", self.cpu(cpu)), ("memory", memory_lines(memory))];
        if let Some(group) = cgroup {
            parts.push(("control group", self.group(group, memory, cpu, wide)));
        }
        if !disks.is_empty() {
            parts.push(("disks", disks.iter().map(disk_line).collect()));
        }
        parts
    }

    fn cpu(&self, cpu: &Cpu) -> Vec<(String, String)> {
        let Cpu { sockets, cores, threads, .. } = cpu;
        let mut lines = vec![
            line("model", format!("{} ({})", named(&cpu.model), cpu.architecture)),
            line(
                "threads",
                format!("{threads} on {} in {}", counted(*cores, "core"), counted(*sockets, "socket")),
            ),
            line("used", cores_of(self.cpu_used_cores, Some(as_f64(*threads)), self.window_seconds)),
            line("clock", clock(cpu)),
        ];
        if let Some([one, five, fifteen]) = self.computer.load_average {
            lines.push(line("load", format!("{one} over 1 min, {five} over 5, {fifteen} over 15")));
        }
        let caches: Vec<_> = cpu
            .caches
            .iter()
            .map(|cache| format!("{} {}{}", cache.name, size(cache.total_bytes), times(cache.instances)))
            .collect();
        lines.push(line("caches", if caches.is_empty() { "unknown".to_owned() } else { caches.join(", ") }));
        for node in cpu.numa_nodes.iter().filter(|_| cpu.numa_nodes.len() > 1) {
            let memory = node.memory_bytes.map(|bytes| format!(", {}", size(bytes))).unwrap_or_default();
            lines.push(line(&format!("NUMA {}", node.node), format!("threads {}{memory}", node.threads)));
        }
        if cpu.numa_nodes.len() <= 1 {
            lines.push(line("NUMA", "1 node"));
        }
        lines.push(line("numeric flags", cpu.numeric_flags.join(" ")));
        lines.push(line("runs in", cpu.virtualization.clone().unwrap_or_else(|| "no hypervisor".to_owned())));
        lines
    }

    fn group(&self, group: &Cgroup, memory: &Memory, cpu: &Cpu, wide: bool) -> Vec<(String, String)> {
        let limit = group
            .cpu_limit_cores
            .map_or_else(|| "no limit".to_owned(), |cores| format!("limit {cores:.2} cores"));
        let most = group.cpu_limit_cores.unwrap_or(as_f64(cpu.threads));
        let used = cores_of(self.cgroup_cpu_used_cores, Some(most), self.window_seconds);
        let mut lines = vec![line("cpu", format!("{limit}; used {used}"))];
        if let Some(threads) = group.cpuset_threads.filter(|threads| *threads < cpu.threads) {
            lines.push(line("cpuset", format!("{threads} of {} threads", cpu.threads)));
        }
        if let (Some(count), Some(seconds)) = (group.throttled_count, group.throttled_seconds)
            && count > 0
        {
            lines
                .push(line("throttled", format!("{count} times, {seconds:.1} s: the CPU limit was reached")));
        }
        let all = group.memory_limit_bytes.filter(|limit| *limit < memory.total_bytes);
        let limit = all.map_or_else(|| "no limit".to_owned(), |limit| format!("limit {}", size(limit)));
        let whole = all.unwrap_or(memory.total_bytes);
        let share =
            |bytes: u64| percent(float(bytes), float(whole)).map_or(String::new(), |p| format!(", {p:.0} %"));
        let used = group.memory_working_set_bytes.map_or_else(
            || "use unknown".to_owned(),
            |bytes| format!("used {}{} (working set)", size(bytes), share(bytes)),
        );
        lines.push(line("memory", format!("{limit}; {used}")));
        if let (Some(all), Some(working)) = (group.memory_used_bytes, group.memory_working_set_bytes) {
            lines.push(line(
                "page cache",
                format!("{} that can be given back", size(all.saturating_sub(working))),
            ));
        }
        if let Some(kills) = group.oom_kills.filter(|kills| *kills > 0) {
            lines.push(line("killed", format!("{kills} for want of memory")));
        }
        if wide {
            lines.push(line("path", format!("{} ({})", group.path, group.version)));
            let peak = group.memory_peak_bytes.map_or_else(|| "unknown".to_owned(), size);
            lines.push(line("peak", peak));
        }
        lines
    }
}

impl Report for Local {
    fn schema(&self) -> &'static str {
        "frazil.nodes.local/v1"
    }

    fn data(&self) -> Value {
        let mut data = serde_json::to_value(&self.computer).unwrap_or_default();
        if let Some(object) = data.as_object_mut() {
            object.shift_insert(0, "machine".to_owned(), json!(self.name));
            object.insert("cpu_used_cores".to_owned(), json!(self.cpu_used_cores));
            object.insert("cgroup_cpu_used_cores".to_owned(), json!(self.cgroup_cpu_used_cores));
            object.insert("window_seconds".to_owned(), json!(self.window_seconds));
        }
        data
    }

    fn text(&self, layout: Layout) -> String {
        let mut text = format!("{}\n", self.name);
        for (part, lines) in self.parts(layout.wide) {
            text += &format!("\n{part}\n");
            let widest = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
            for (name, value) in lines {
                let room = layout.width.map(|width| width.saturating_sub(widest + 4).max(20));
                let value = crate::view::wrapped(&value, room);
                let indent = format!("\n{}", " ".repeat(widest + 4));
                text += &format!("  {name:<widest$}  {}\n", value.replace('\n', &indent));
            }
        }
        text
    }

    fn table(&self) -> Option<Table> {
        let mut table = Table::new([("part", Align::Left), ("name", Align::Left), ("value", Align::Left)]);
        for (part, lines) in self.parts(true) {
            for (name, value) in lines {
                table.row([part.to_owned(), name, value]);
            }
        }
        Some(table)
    }

    fn metrics(&self) -> Option<Metrics> {
        let Computer { cpu, memory, disks, cgroup, .. } = &self.computer;
        let mut metrics = Metrics::default();
        let mut one = |name, help, value: Option<f64>| {
            metrics.family(name, Kind::Gauge, help);
            if let Some(value) = value {
                metrics.sample(&[], value);
            }
        };
        let bytes = |value: Option<u64>| value.map(float);
        one(
            "frazil_machine_cpu_threads",
            "Threads that the machine runs at once.",
            Some(as_f64(cpu.threads)),
        );
        one("frazil_machine_cpu_cores", "Cores of the machine.", Some(as_f64(cpu.cores)));
        one("frazil_machine_cpu_used_cores", "CPU in use.", self.cpu_used_cores);
        one("frazil_machine_memory_bytes", "Memory of the machine.", bytes(Some(memory.total_bytes)));
        one("frazil_machine_memory_used_bytes", "Memory that cannot be had.", bytes(Some(memory.used_bytes)));
        one(
            "frazil_machine_memory_page_cache_bytes",
            "Memory that keeps files because there was room.",
            bytes(Some(memory.page_cache_bytes)),
        );
        one(
            "frazil_machine_memory_available_bytes",
            "Memory that a program can have without swapping.",
            bytes(Some(memory.available_bytes)),
        );
        one("frazil_machine_swap_used_bytes", "Swap in use.", bytes(Some(memory.swap_used_bytes)));
        let group = cgroup.clone().unwrap_or_default();
        one(
            "frazil_cgroup_cpu_limit_cores",
            "CPU limit of the control group; absent without one.",
            group.cpu_limit_cores,
        );
        one("frazil_cgroup_cpu_used_cores", "CPU that the control group uses.", self.cgroup_cpu_used_cores);
        one(
            "frazil_cgroup_memory_limit_bytes",
            "Memory limit of the control group; absent without one.",
            bytes(group.memory_limit_bytes),
        );
        one(
            "frazil_cgroup_memory_working_set_bytes",
            "Memory of the control group that cannot be given back at once.",
            bytes(group.memory_working_set_bytes),
        );
        disk_metrics(&mut metrics, disks);
        Some(metrics)
    }
}

fn disk_metrics(metrics: &mut Metrics, disks: &[Disk]) {
    type Family = (&'static str, &'static str, fn(&Disk) -> u64);
    let families: [Family; 2] = [
        ("frazil_machine_disk_bytes", "Size of the file system.", |disk| disk.total_bytes),
        ("frazil_machine_disk_available_bytes", "What people may still write.", |disk| disk.available_bytes),
    ];
    for (name, help, value) in families {
        metrics.family(name, Kind::Gauge, help);
        for disk in disks {
            let mounted = disk.mounted_at.display().to_string();
            metrics.sample(&[("device", &disk.device), ("mounted_at", &mounted)], float(value(disk)));
        }
    }
}

fn line(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

fn memory_lines(memory: &Memory) -> Vec<(String, String)> {
    let share = |bytes: u64| percent(float(bytes), float(memory.total_bytes)).unwrap_or(0.0);
    let part = |name: &str, bytes: u64, what: &str| {
        line(name, format!("{} ({:.0} %){what}", size(bytes), share(bytes)))
    };
    let mut lines = vec![
        line("total", size(memory.total_bytes)),
        part("used", memory.used_bytes, ", cannot be had"),
        part(
            "page cache",
            memory.page_cache_bytes,
            ", files kept while there is room; given back when asked for",
        ),
        part("available", memory.available_bytes, ", can be had without swapping"),
        part("free", memory.free_bytes, ", nothing in it"),
    ];
    lines.push(match memory.swap_total_bytes {
        0 => line("swap", "none"),
        total => line("swap", format!("{} of {} used", size(memory.swap_used_bytes), size(total))),
    });
    lines
}

fn disk_line(disk: &Disk) -> (String, String) {
    let used = disk.total_bytes.saturating_sub(disk.available_bytes);
    let share = percent(float(used), float(disk.total_bytes)).unwrap_or(0.0);
    let kind = disk.kind.map(|kind| format!(", {kind}")).unwrap_or_default();
    let Disk { device, file_system, .. } = disk;
    let room =
        format!("{} of {} left ({share:.0} % taken)", size(disk.available_bytes), size(disk.total_bytes));
    line(&disk.mounted_at.display().to_string(), format!("{room}, {file_system}{kind}, {device}"))
}

fn clock(cpu: &Cpu) -> String {
    let rate = |rate: Option<f64>| rate.map_or_else(|| "unknown".to_owned(), |mhz| format!("{mhz:.0} MHz"));
    let clock = cpu.clock;
    if clock.min_mhz.is_none() && clock.max_mhz.is_none() {
        return format!("{} now; the machine hides lowest and highest", rate(clock.now_mhz));
    }
    format!("{} now, {} to {}", rate(clock.now_mhz), rate(clock.min_mhz), rate(clock.max_mhz))
}

fn cores_of(used: Option<f64>, all: Option<f64>, window: f64) -> String {
    let Some(used) = used else { return "unknown".to_owned() };
    let share =
        all.and_then(|all| percent(used, all)).map(|share| format!(", {share:.0} %")).unwrap_or_default();
    format!("{used:.2} cores{share} (over {window:.2} s)")
}

fn named(name: &str) -> &str {
    if name.is_empty() { "unknown model" } else { name }
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn times(instances: usize) -> String {
    if instances == 1 { String::new() } else { format!(" in {instances}") }
}

/// Bytes in the unit that keeps the number short.
fn size(bytes: u64) -> String {
    let amount = float(bytes);
    match bytes {
        0..1_048_576 => format!("{:.0} KiB", amount / 1024.0),
        1_048_576..1_073_741_824 => format!("{:.0} MiB", amount / 1_048_576.0),
        _ => format!("{:.1} GiB", amount / GIB),
    }
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a machine")]
fn float(bytes: u64) -> f64 {
    bytes as f64
}

#[expect(clippy::cast_precision_loss, reason = "threads of a machine")]
fn as_f64(number: usize) -> f64 {
    number as f64
}
