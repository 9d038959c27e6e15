//! How long `up` takes where there is nothing to do, beyond the time of Terraform and Helm, on a hub in
//! a stand-in of each cloud. `cargo bench --bench second_up`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints, and stops at the first surprise"
)]

#[expect(dead_code, reason = "what tests of hubs in clouds need, and this does not")]
#[path = "../tests/support/clouds.rs"]
mod clouds;
#[expect(dead_code, reason = "the same")]
#[path = "../tests/cloud_hub/hub.rs"]
mod hub;
#[expect(dead_code, reason = "the same")]
#[path = "../tests/support/kubernetes.rs"]
mod kubernetes;
#[expect(dead_code, reason = "the same")]
#[path = "../tests/support/scratch.rs"]
mod scratch;
#[path = "../tests/support/skips.rs"]
mod skips;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Instant;

use clouds::Kind;
use hub::Hub;

const RUNS: usize = 5;
const UP: [&str; 2] = ["up", "--auto-approve"];

fn main() {
    println!("{:<10} {:>9} {:>9} {:>9} {:>6}", "cloud", "whole s", "tools s", "beyond s", "calls");
    for kind in [Kind::Aws, Kind::Google] {
        let Some(hub) = Hub::new(kind) else { continue };
        hub.well(&UP);
        let tools = timed_tools(&hub);
        let mut rows: Vec<_> = (0..RUNS).map(|_| once(&hub, &tools)).collect();
        rows.sort_by(|one, other| one.2.total_cmp(&other.2));
        for (whole, within, beyond, calls) in rows {
            println!("{kind:<10?} {whole:>9.2} {within:>9.2} {beyond:>9.2} {calls:>6}");
        }
        hub.well(&["down", "--confirm", "lab"]);
    }
}

/// Seconds of a call as a whole, within its tools, beyond them; and how often it called one.
fn once(hub: &Hub, tools: &[(&'static str, PathBuf)]) -> (f64, f64, f64, usize) {
    let log = hub.machine.write("tools.log", "");
    let mut command = hub.machine.frazil();
    command.envs(hub.world.environment()).envs(tools.iter().cloned()).args(UP);
    let begun = Instant::now();
    let output = command.output().unwrap();
    let whole = begun.elapsed().as_secs_f64();
    assert!(scratch::stdout(&output).contains("nothing to do"), "{}", scratch::stderr(&output));
    let log = std::fs::read_to_string(log).unwrap();
    let mut spans: Vec<(f64, f64)> = log.lines().filter_map(span).collect();
    spans.sort_by(|one, other| one.0.total_cmp(&other.0));
    let within = union(&spans);
    (whole, within, whole - within, spans.len())
}

fn span(line: &str) -> Option<(f64, f64)> {
    let (begin, end) = line.split_once(' ')?;
    Some((begin.parse().ok()?, end.parse().ok()?))
}

/// How long any of the spans lasted; several may at once.
fn union(spans: &[(f64, f64)]) -> f64 {
    let mut end = 0.0_f64;
    let mut sum = 0.0;
    for (begin, ended) in spans {
        sum += (ended - begin.max(end)).max(0.0);
        end = end.max(*ended);
    }
    sum
}

/// Terraform and Helm, each call of which is written down with its begin and end.
fn timed_tools(hub: &Hub) -> Vec<(&'static str, PathBuf)> {
    let log = hub.machine.path().join("tools.log");
    let tools = hub.world.environment().into_iter();
    let tools = tools.filter(|(name, _)| ["FRAZIL_TERRAFORM", "FRAZIL_HELM"].contains(name));
    let timed = tools.map(|(name, path)| {
        // The programs are told apart by their names.
        let called = path.file_name().unwrap().to_str().unwrap();
        let script = format!(
            "#!/bin/bash\nbegin=$EPOCHREALTIME\n{} \"$@\"\ncode=$?\necho $begin $EPOCHREALTIME >> {}\nexit $code\n",
            path.display(),
            log.display()
        );
        let script = hub.machine.write(&format!("timed/{called}"), script);
        std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
        (name, script)
    });
    timed.collect()
}
