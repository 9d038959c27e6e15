//! Eight writers, fifty kills: what was acknowledged is there once, and nothing is torn.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use frazil_byte_ledger::{Why, Writer, files};

use super::made::{Numbers, ada, all, record};

const WRITERS: usize = 8;
const KILLS: usize = 50;
const THREADS: u64 = 2;
/// What the child is told by.
const FOLDER: &str = "FRAZIL_TEST_FOLDER";
const RUN: &str = "FRAZIL_TEST_RUN";

/// The child: appends by two threads, and acknowledges each record in its standard output.
#[test]
#[ignore = "started by the test below, to be killed"]
fn child() {
    let (Some(folder), Ok(run)) = (std::env::var_os(FOLDER), std::env::var(RUN)) else { return };
    let writer = &Writer::open(Path::new(&folder), &ada()).unwrap();
    let append = |thread: u64| {
        let name = format!("{run}-{thread}");
        for number in 0.. {
            writer.append(&record(&name, number)).unwrap();
            std::io::stdout().write_all(format!("ack {name} {number}\n").as_bytes()).unwrap();
        }
    };
    std::thread::scope(|scope| (0..THREADS).for_each(|thread| drop(scope.spawn(move || append(thread)))));
}

/// A child, and what it acknowledged.
struct Run {
    child: Child,
    count: Arc<AtomicU64>,
    acks: JoinHandle<BTreeMap<String, u64>>,
}

impl Run {
    fn start(folder: &Path, run: usize) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "kills::child", "--ignored", "--nocapture"]);
        command.env(FOLDER, folder).env(RUN, run.to_string());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let output = child.stdout.take().unwrap();
        let count = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&count);
        let acks = std::thread::spawn(move || {
            // How many of each thread: they come in order.
            let mut acks = BTreeMap::new();
            let mut output = BufReader::new(output);
            let mut line = String::new();
            while output.read_line(&mut line).unwrap() > 0 {
                let ack = line.strip_suffix('\n').and_then(|line| line.strip_prefix("ack ")?.split_once(' '));
                if let Some((name, number)) = ack {
                    let next = acks.entry(name.to_owned()).or_insert(0);
                    assert_eq!(number.parse(), Ok(*next));
                    *next += 1;
                    counted.fetch_add(1, Ordering::Relaxed);
                }
                line.clear();
            }
            acks
        });
        Self { child, count, acks }
    }

    fn wait_for(&self, acks: u64) {
        let start = Instant::now();
        while self.count.load(Ordering::Relaxed) < acks {
            assert!(start.elapsed() < Duration::from_mins(1), "a writer acknowledges nothing");
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    fn kill(mut self) -> BTreeMap<String, u64> {
        self.child.kill().unwrap();
        assert!(!self.child.wait().unwrap().success(), "it ends by the kill alone");
        self.acks.join().unwrap()
    }
}

#[test]
fn after_fifty_kills_each_acknowledged_record_is_there_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Numbers(8);
    let mut acknowledged = BTreeMap::new();
    let mut runs: Vec<_> = (0..WRITERS).map(|run| Run::start(folder.path(), run)).collect();
    for kill in 0..KILLS {
        let at = usize::try_from(random.below(WRITERS as u64)).unwrap();
        runs[at].wait_for(1 + random.below(200));
        std::thread::sleep(Duration::from_micros(random.below(3_000)));
        acknowledged
            .extend(std::mem::replace(&mut runs[at], Run::start(folder.path(), WRITERS + kill)).kill());
    }
    for run in runs {
        run.wait_for(1);
        acknowledged.extend(run.kill());
    }

    let (entries, faults) = all(folder.path());
    let mut found: BTreeMap<&str, u64> = BTreeMap::new();
    for entry in &entries {
        let name = entry.record.dataset.as_str();
        let next = found.entry(name).or_default();
        assert_eq!(entry.record, record(name, *next), "in order, once, and as it was appended");
        assert_eq!(*entry.who, ada());
        *next += 1;
    }
    for (name, count) in &acknowledged {
        let found = found.get(name.as_str()).copied().unwrap_or_default();
        // One more of each thread may be written and not yet acknowledged.
        assert!(found == *count || found == count + 1, "{name}: {count} acknowledged, {found} found");
    }
    assert!(faults.iter().all(|fault| matches!(fault.why, Why::Cut)), "{faults:?}");
    let count: u64 = acknowledged.values().sum();
    let files = files(folder.path()).unwrap().len();
    println!(
        "{count} records acknowledged, {} found in {files} files, {} last lines cut",
        entries.len(),
        faults.len()
    );
    assert_eq!(files, WRITERS + KILLS);
    assert!(
        count >= 2_000 && acknowledged.len() >= files,
        "{count} records of {} threads",
        acknowledged.len()
    );
}
