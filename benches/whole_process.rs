//! Times of whole runs of the program, as a person waits for them, with the
//! largest resident memory. `cargo bench --bench whole_process`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, and stops at the first surprise"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4;

/// Runs of each command.
const RUNS: usize = 11;
/// Runs of `up`, each from a hub that is down.
const UPS: usize = 5;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let home = tempfile::tempdir().unwrap();
    println!("{:<44} {:>9} {:>9} {:>9} {:>10}", "command", "min ms", "median", "max", "peak MiB");
    for name in examples(root) {
        let file = root.join("examples").join(&name);
        report(&format!("frazil validate {name}"), RUNS, || run(home.path(), &["validate"], &file));
    }
    for name in examples(root) {
        let file = root.join("examples").join(&name);
        report(&format!("frazil render {name}"), RUNS, || render(home.path(), &file));
    }
    let aws = root.join("examples/hackweek-aws.yaml");
    report("frazil explain pools hackweek-aws.yaml", RUNS, || run(home.path(), &["explain", "pools"], &aws));
    up(home.path());
}

/// The names of all example hub files, sorted.
fn examples(root: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(root.join("examples")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut files: Vec<_> =
        names.filter(|name| Path::new(name).extension().is_some_and(|end| end == "yaml")).collect();
    files.sort();
    files
}

/// A hub rendered into a folder that is not there yet, every file written.
fn render(home: &Path, file: &Path) -> (Duration, u64) {
    let folder = home.join("rendered");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    run(home, &["render", "--out", folder.to_str().unwrap()], file)
}

/// `up` from a hub that is down to one that a person can log in to, everything already downloaded.
fn up(home: &Path) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let file = home.join("hub.yaml");
    std::fs::write(&file, format!("name: bench\nprovider: {{ local: {{ port: {port} }} }}\n")).unwrap();
    run(home, &["up"], &file);
    run(home, &["down"], &file);
    let mut times = Vec::new();
    for _ in 0..UPS {
        times.push(run(home, &["up"], &file));
        run(home, &["down"], &file);
    }
    print_row("frazil up (downloaded, to log-in)", times);
    run(home, &["up"], &file);
    report("frazil up (nothing to do)", UPS, || run(home, &["up"], &file));
    report("frazil status", UPS, || run(home, &["status"], &file));
    run(home, &["down", "--data", "--confirm", "bench"], &file);
}

fn report(name: &str, runs: usize, once: impl Fn() -> (Duration, u64)) {
    once();
    print_row(name, (0..runs).map(|_| once()).collect());
}

fn print_row(name: &str, mut times: Vec<(Duration, u64)>) {
    times.sort();
    let ms = |at: usize| times[at].0.as_secs_f64() * 1000.0;
    let peak = times.iter().map(|(_, peak)| *peak).max().unwrap_or(0);
    println!(
        "{name:<44} {:>9.1} {:>9.1} {:>9.1} {:>10.1}",
        ms(0),
        ms(times.len() / 2),
        ms(times.len() - 1),
        peak as f64 / f64::from(1 << 20)
    );
}

/// The time of one run and its largest resident memory in bytes.
fn run(home: &Path, verb: &[&str], file: &Path) -> (Duration, u64) {
    let start = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_frazil"));
    command.args(verb).arg(file);
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache"), PathBuf::from);
    command
        .env("XDG_CACHE_HOME", cache)
        .env("XDG_STATE_HOME", home.join("state"))
        .env("XDG_DATA_HOME", home.join("data"));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let ended = child.wait4().unwrap();
    assert!(ended.status.success(), "{verb:?} {}", file.display());
    (start.elapsed(), ended.rusage.maxrss)
}
