//! Processors: what they are, how they share cores and caches, how fast they run now.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Tree;

const CPUS: &str = "sys/devices/system/cpu";
const NODES: &str = "sys/devices/system/node";

/// Flags that decide how fast numbers are computed with: vectors, multiply-add, half precision,
/// matrices. As Linux names them (`arch/x86/include/asm/cpufeatures.h`, `arch/arm64` "ELF hwcaps").
const NUMERIC: [&str; 50] = [
    "sse2",
    "ssse3",
    "sse4_1",
    "sse4_2",
    "popcnt",
    "avx",
    "f16c",
    "fma",
    "avx2",
    "bmi1",
    "bmi2",
    "avx_vnni",
    "avx_ifma",
    "avx_ne_convert",
    "avx_vnni_int8",
    "avx_vnni_int16",
    "avx512f",
    "avx512dq",
    "avx512cd",
    "avx512bw",
    "avx512vl",
    "avx512ifma",
    "avx512vbmi",
    "avx512_vbmi2",
    "avx512_vnni",
    "avx512_bitalg",
    "avx512_vpopcntdq",
    "avx512_bf16",
    "avx512_fp16",
    "avx512_vp2intersect",
    "avx10",
    "amx_tile",
    "amx_int8",
    "amx_bf16",
    "amx_fp16",
    "amx_complex",
    "asimd",
    "asimdhp",
    "asimdfhm",
    "asimddp",
    "fphp",
    "sve",
    "sve2",
    "i8mm",
    "bf16",
    "svei8mm",
    "svebf16",
    "sme",
    "sme2",
    "neon",
];

/// The processors of a machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Cpu {
    /// The model; empty when nothing tells.
    pub model: String,
    /// The architecture, as Rust names it.
    pub architecture: &'static str,
    /// Sockets.
    pub sockets: usize,
    /// Cores of all sockets.
    pub cores: usize,
    /// Threads: what the system runs at once.
    pub threads: usize,
    /// Clock rates.
    pub clock: Clock,
    /// NUMA nodes.
    pub numa_nodes: Vec<NumaNode>,
    /// Flags that matter for computing with numbers.
    pub numeric_flags: Vec<String>,
    /// Caches, by level.
    pub caches: Vec<Cache>,
    /// What it runs in: a hypervisor, by its name where that is known; `None` on bare metal.
    pub virtualization: Option<String>,
}

/// Clock rates in megahertz; `None` where the machine hides them, as most virtual ones do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Clock {
    /// The lowest.
    pub min_mhz: Option<f64>,
    /// The mean of all threads now.
    pub now_mhz: Option<f64>,
    /// The highest.
    pub max_mhz: Option<f64>,
}

/// Memory and the threads next to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NumaNode {
    /// Its number.
    pub node: u32,
    /// Its threads, as Linux lists them: `0-7,16-23`.
    pub threads: String,
    /// Its memory.
    pub memory_bytes: Option<u64>,
}

/// Caches of one level and kind together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cache {
    /// `L1d`, `L1i`, `L2`, `L3`.
    pub name: String,
    /// Of all together.
    pub total_bytes: u64,
    /// How many there are.
    pub instances: usize,
}

impl Cpu {
    pub(super) fn look(tree: &Tree<'_>) -> Self {
        let info = tree.text("proc/cpuinfo").unwrap_or_default();
        let online = list(&tree.text(&format!("{CPUS}/online")).unwrap_or_default());
        let all = tree.numbered(CPUS, "cpu");
        let folders: Vec<_> =
            all.into_iter().filter(|(number, _)| online.is_empty() || online.contains(number)).collect();
        let topology = |what: &str| -> BTreeSet<String> {
            folders.iter().filter_map(|(_, folder)| tree.text(&format!("{folder}/topology/{what}"))).collect()
        };
        let cores = [topology("core_cpus_list"), topology("thread_siblings_list")];
        let threads = folders.len().max(field(&info, "processor").count()).max(1);
        Self {
            model: model(tree, &info),
            architecture: std::env::consts::ARCH,
            sockets: topology("physical_package_id").len().max(1),
            cores: cores.iter().map(BTreeSet::len).find(|cores| *cores > 0).unwrap_or(threads),
            threads,
            clock: clock(tree, &folders, &info),
            numa_nodes: numa(tree),
            numeric_flags: flags(&info),
            caches: caches(tree, &folders),
            virtualization: virtualization(tree, &info),
        }
    }
}

/// Values of a field of /proc/cpuinfo.
fn field<'a>(info: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    info.lines().filter_map(move |line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })
}

fn model(tree: &Tree<'_>, info: &str) -> String {
    let named = ["model name", "Model", "cpu model", "cpu"].iter().find_map(|name| field(info, name).next());
    if let Some(named) = named.filter(|name| !name.is_empty()) {
        return named.to_owned();
    }
    // ARM cores have numbers only (Arm, "Main ID Register"); those that clouds sell.
    let part = |name| field(info, name).next().unwrap_or_default().to_owned();
    let known = match (part("CPU implementer").as_str(), part("CPU part").as_str()) {
        ("0x41", "0xd0c") => "Arm Neoverse N1",
        ("0x41", "0xd40") => "Arm Neoverse V1",
        ("0x41", "0xd49") => "Arm Neoverse N2",
        ("0x41", "0xd4f") => "Arm Neoverse V2",
        _ => "",
    };
    if known.is_empty() {
        tree.text("sys/firmware/devicetree/base/model").unwrap_or_default()
    } else {
        known.to_owned()
    }
}

fn clock(tree: &Tree<'_>, folders: &[(u32, String)], info: &str) -> Clock {
    let megahertz = |file: &str| -> Vec<f64> {
        let read = |(_, folder): &(u32, String)| tree.number::<f64>(&format!("{folder}/cpufreq/{file}"));
        folders.iter().filter_map(read).map(|kilohertz| kilohertz / 1000.0).collect()
    };
    let told: Vec<f64> = field(info, "cpu MHz").filter_map(|text| text.parse().ok()).collect();
    let now = [megahertz("scaling_cur_freq"), told];
    Clock {
        min_mhz: megahertz("cpuinfo_min_freq").into_iter().reduce(f64::min),
        now_mhz: now.iter().find(|rates| !rates.is_empty()).map(|rates| mean(rates)),
        max_mhz: megahertz("cpuinfo_max_freq").into_iter().reduce(f64::max),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a number of threads")]
fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

fn numa(tree: &Tree<'_>) -> Vec<NumaNode> {
    let node = |(node, folder): (u32, String)| {
        let meminfo = tree.text(&format!("{folder}/meminfo")).unwrap_or_default();
        let total = meminfo.lines().find(|line| line.contains("MemTotal:"));
        let kibibytes = total.and_then(|line| line.split_whitespace().rev().nth(1)?.parse::<u64>().ok());
        NumaNode {
            node,
            threads: tree.text(&format!("{folder}/cpulist")).unwrap_or_default(),
            memory_bytes: kibibytes.map(|kibibytes| kibibytes << 10),
        }
    };
    tree.numbered(NODES, "node").into_iter().map(node).collect()
}

fn flags(info: &str) -> Vec<String> {
    let all: BTreeSet<_> = ["flags", "Features"]
        .iter()
        .filter_map(|name| field(info, name).next())
        .flat_map(str::split_whitespace)
        .collect();
    NUMERIC.iter().filter(|flag| all.contains(*flag)).map(|flag| (*flag).to_owned()).collect()
}

/// Caches that threads share are listed by each of them, and counted once.
fn caches(tree: &Tree<'_>, folders: &[(u32, String)]) -> Vec<Cache> {
    let mut found: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for (_, folder) in folders {
        for (_, index) in tree.numbered(&format!("{folder}/cache"), "index") {
            let text = |what: &str| tree.text(&format!("{index}/{what}"));
            let kind = match text("type").as_deref() {
                Some("Data") => "d",
                Some("Instruction") => "i",
                _ => "",
            };
            let (Some(level), Some(size)) = (text("level"), text("size").and_then(|size| bytes(&size)))
            else {
                continue;
            };
            let shared = text("shared_cpu_list").unwrap_or_else(|| folder.clone());
            found.entry(format!("L{level}{kind}")).or_default().insert(shared, size);
        }
    }
    let cache = |(name, each): (String, BTreeMap<String, u64>)| Cache {
        name,
        total_bytes: each.values().sum(),
        instances: each.len(),
    };
    found.into_iter().map(cache).collect()
}

/// `32K`, `1024K`, `16M`.
fn bytes(size: &str) -> Option<u64> {
    let (digits, factor) = match (size.strip_suffix('K'), size.strip_suffix('M')) {
        (Some(digits), _) => (digits, 1 << 10),
        (_, Some(digits)) => (digits, 1 << 20),
        _ => (size, 1),
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

/// A list of numbers as Linux writes it: `0-3,8`.
pub(super) fn list(text: &str) -> BTreeSet<u32> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.trim().parse::<u32>().ok()?..=last.trim().parse::<u32>().ok()?)
    };
    text.split(',').filter_map(range).flat_map(|range| range.take(1 << 16)).collect()
}

/// What the machine runs in: the clock that the hypervisor offers, and the maker's name of the machine.
fn virtualization(tree: &Tree<'_>, info: &str) -> Option<String> {
    let clocks = tree.text("sys/devices/system/clocksource/clocksource0/available_clocksource");
    let clocks = clocks.unwrap_or_default();
    let by_clock =
        [("kvm-clock", "KVM"), ("hyperv_clocksource", "Hyper-V"), ("xen", "Xen"), ("vmware", "VMware")];
    let hypervisor = by_clock.iter().find(|(clock, _)| clocks.contains(clock)).map(|(_, name)| *name);
    let flagged =
        field(info, "flags").next().is_some_and(|flags| flags.split(' ').any(|flag| flag == "hypervisor"));
    let made = ["sys_vendor", "product_name"].map(|what| tree.text(&format!("sys/class/dmi/id/{what}")));
    let mut made: Vec<_> = made.into_iter().flatten().filter(|name| !name.is_empty()).collect();
    made.dedup();
    if hypervisor.is_none() && !flagged {
        return None;
    }
    let maker = if made.is_empty() { String::new() } else { format!(" ({})", made.join(" ")) };
    Some(format!("{}{maker}", hypervisor.unwrap_or("hypervisor")))
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
    fn threads_share_cores_and_caches() {
        let cpu = |number: u32, core: &str, cache: &str| {
            let folder = format!("{CPUS}/cpu{number}");
            [
                (format!("{folder}/topology/physical_package_id"), "0".to_owned()),
                (format!("{folder}/topology/core_cpus_list"), core.to_owned()),
                (format!("{folder}/cache/index0/level"), "1".to_owned()),
                (format!("{folder}/cache/index0/type"), "Data".to_owned()),
                (format!("{folder}/cache/index0/size"), "32K".to_owned()),
                (format!("{folder}/cache/index0/shared_cpu_list"), core.to_owned()),
                (format!("{folder}/cache/index3/level"), "3".to_owned()),
                (format!("{folder}/cache/index3/type"), "Unified".to_owned()),
                (format!("{folder}/cache/index3/size"), "16M".to_owned()),
                (format!("{folder}/cache/index3/shared_cpu_list"), cache.to_owned()),
                (format!("{folder}/cpufreq/cpuinfo_min_freq"), "800000".to_owned()),
                (format!("{folder}/cpufreq/cpuinfo_max_freq"), "3500000".to_owned()),
                (format!("{folder}/cpufreq/scaling_cur_freq"), format!("{}", 1_000_000 * (number + 1))),
            ]
        };
        let files: Vec<_> =
            [cpu(0, "0,2", "0-3"), cpu(1, "1,3", "0-3"), cpu(2, "0,2", "0-3"), cpu(3, "1,3", "0-3")].concat();
        let mut all: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        all.push(("sys/devices/system/cpu/online", "0-3\n"));
        all.push((
            "proc/cpuinfo",
            "processor : 0\nmodel name : A CPU\nflags : fpu avx2 fma avx512f hypervisor zzz\n",
        ));
        all.push(("sys/devices/system/node/node0/meminfo", "Node 0 MemTotal:       1024 kB\n"));
        all.push(("sys/devices/system/node/node0/cpulist", "0-3"));
        let folder = tree(&all);
        let cpu = Cpu::look(&Tree(folder.path()));
        assert_eq!((cpu.sockets, cpu.cores, cpu.threads, cpu.model.as_str()), (1, 2, 4, "A CPU"));
        assert_eq!(cpu.clock, Clock { min_mhz: Some(800.0), now_mhz: Some(2500.0), max_mhz: Some(3500.0) });
        assert_eq!(cpu.numeric_flags, ["fma", "avx2", "avx512f"]);
        let caches: Vec<_> =
            cpu.caches.iter().map(|each| (each.name.as_str(), each.total_bytes, each.instances)).collect();
        assert_eq!(caches, [("L1d", 64 << 10, 2), ("L3", 16 << 20, 1)]);
        assert_eq!(cpu.numa_nodes[0].memory_bytes, Some(1 << 20));
        assert_eq!(cpu.virtualization.as_deref(), Some("hypervisor"));
    }

    #[test]
    fn an_arm_machine_of_a_cloud_has_a_name_and_vectors() {
        let folder = tree(&[(
            "proc/cpuinfo",
            "processor\t: 0\nFeatures\t: fp asimd sve i8mm bf16\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n\n\
             processor\t: 1\n",
        )]);
        let cpu = Cpu::look(&Tree(folder.path()));
        assert_eq!((cpu.model.as_str(), cpu.threads), ("Arm Neoverse V1", 2));
        assert_eq!(cpu.numeric_flags, ["asimd", "sve", "i8mm", "bf16"]);
        assert_eq!(cpu.virtualization, None);
    }

    #[test]
    fn lists_of_threads_may_have_gaps() {
        assert_eq!(list("0-2,8,x").into_iter().collect::<Vec<_>>(), [0, 1, 2, 8]);
        assert!(list("").is_empty() && list("0-4294967295").len() <= 1 << 16);
    }
}
