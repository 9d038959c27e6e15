//! `frazil nodes --local` beside what this machine's own tools say.

use std::process::Command;

use serde_json::Value;

use super::scratch::{Scratch, stderr, stdout};
use crate::skips::skipped;

fn look(machine: &Scratch) -> Value {
    let output = machine.run(["nodes", "--local", "-o", "json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn this_machine_is_as_lscpu_says() {
    let machine = Scratch::new();
    let cpu = &look(&machine)["cpu"];
    let Some(told) =
        Command::new("lscpu").env("LC_ALL", "C").arg("-J").output().ok().filter(|out| out.status.success())
    else {
        skipped("no lscpu");
        return;
    };
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let mut all = Vec::new();
    collect(&told["lscpu"], &mut all);
    let field = |name: &str| {
        let found = all.iter().find(|(field, _)| field.trim_end_matches(':') == name);
        found.map(|(_, data)| data.clone())
    };
    let same = |name: &str, ours: &Value| {
        if let Some(theirs) = field(name) {
            assert_eq!(ours.to_string().trim_matches('"'), theirs, "{name}");
        }
    };
    same("Model name", &cpu["model"]);
    same("Socket(s)", &cpu["sockets"]);
    if let Some(threads) = field("On-line CPU(s) list").map(|list| count(&list)) {
        assert_eq!(cpu["threads"], threads);
    }
    if let (Some(cores), Some(sockets)) = (field("Core(s) per socket"), field("Socket(s)")) {
        let cores: u64 = cores.parse::<u64>().unwrap() * sockets.parse::<u64>().unwrap();
        assert_eq!(cpu["cores"], cores);
    }
    if let Some(nodes) = field("NUMA node(s)") {
        assert_eq!(cpu["numa_nodes"].as_array().unwrap().len().to_string(), nodes);
    }
    let flags: Vec<String> = field("Flags").unwrap_or_default().split(' ').map(str::to_owned).collect();
    let ours: Vec<_> =
        cpu["numeric_flags"].as_array().unwrap().iter().map(|flag| flag.as_str().unwrap()).collect();
    for flag in ["avx2", "fma", "avx512f", "f16c", "amx_tile", "sve"] {
        assert_eq!(ours.contains(&flag), flags.iter().any(|other| other == flag), "{flag}");
    }
    for cache in cpu["caches"].as_array().unwrap() {
        let theirs = field(&format!("{} cache", cache["name"].as_str().unwrap())).unwrap();
        let instances = format!("({} instance", cache["instances"]);
        assert!(theirs.contains(&instances), "{cache} {theirs}");
        let (amount, unit) = theirs.split_once(' ').unwrap();
        let factor = if unit.starts_with("KiB") { 1024.0 } else { 1024.0 * 1024.0 };
        let apart = cache["total_bytes"].as_f64().unwrap() - amount.parse::<f64>().unwrap() * factor;
        assert!(apart.abs() < 1.0, "{theirs}");
    }
    assert_eq!(cpu["virtualization"].is_null(), field("Hypervisor vendor").is_none());
}

/// Newer versions nest their fields.
fn collect(fields: &Value, all: &mut Vec<(String, String)>) {
    for field in fields.as_array().into_iter().flatten() {
        let text = |key: &str| field[key].as_str().unwrap_or_default().to_owned();
        all.push((text("field"), text("data")));
        collect(&field["children"], all);
    }
}

fn count(ranges: &str) -> u64 {
    let part = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        last.parse::<u64>().unwrap() - first.parse::<u64>().unwrap() + 1
    };
    ranges.split(',').map(part).sum()
}

#[test]
fn its_memory_is_as_free_says() {
    let machine = Scratch::new();
    let Some(free) = Command::new("free").args(["-b", "-w"]).output().ok().filter(|out| out.status.success())
    else {
        skipped("no free");
        return;
    };
    let free = stdout(&free);
    let numbers: Vec<f64> =
        free.lines().nth(1).unwrap().split_whitespace().skip(1).map(|word| word.parse().unwrap()).collect();
    let memory = &look(&machine)["memory"];
    let ours = |key: &str| memory[key].as_f64().unwrap();
    let near = |key: &str, theirs: f64| {
        let apart = (ours(key) - theirs).abs();
        assert!(apart < numbers[0] * 0.1, "{key}: {} and {theirs}", ours(key));
    };
    assert!((ours("total_bytes") - numbers[0]).abs() < 1.0);
    // total used free shared buffers cache available; other work goes on between the two looks.
    near("free_bytes", numbers[2]);
    near("page_cache_bytes", numbers[4] + numbers[5]);
    near("available_bytes", numbers[6]);
}

#[test]
fn it_needs_no_hub_file_and_has_every_form() {
    let machine = Scratch::new();
    let text = stdout(&machine.run(["nodes", "--local"]));
    for wanted in ["model", "threads", "clock", "numeric flags", "page cache", "available", "swap", "disks"] {
        assert!(text.contains(wanted), "no {wanted} in\n{text}");
    }
    let csv = stdout(&machine.run(["nodes", "--local", "-o", "csv"]));
    assert!(csv.starts_with("part,name,value\r\ncpu,model,"), "{csv}");
    let metrics = stdout(&machine.run(["nodes", "--local", "-o", "prometheus"]));
    assert!(metrics.contains("\nfrazil_machine_memory_available_bytes "), "{metrics}");
    assert_eq!(machine.run(["nodes", "--local", "hub.yaml"]).status.code(), Some(64));
    assert_eq!(machine.run(["nodes", "--interval", "1 s"]).status.code(), Some(64));
    assert_eq!(machine.run(["nodes", "--local", "--watch", "-o", "csv"]).status.code(), Some(64));
    machine.write(
        "hub.yaml",
        "name: lab\nprovider: local\nsizes: [{ name: small, memory: 1 GiB, default: true }]\n",
    );
    let on_one_machine = machine.run(["nodes"]);
    assert!(stderr(&on_one_machine).contains("--local"), "{}", stderr(&on_one_machine));
}
