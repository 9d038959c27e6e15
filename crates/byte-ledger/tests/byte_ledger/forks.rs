//! Forked children.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fork::{Fork, fork, waitpid_nohang};
use frazil_byte_ledger::{Error, Record, Who, Writer, files};

use super::made::{records, short};

/// Ends a child without what the parent's test would do next.
#[expect(clippy::exit, reason = "a forked child must not go on with the parent's tests")]
fn end(well: bool) -> ! {
    std::process::exit(i32::from(!well))
}

/// Whether a child ends well within a minute.
fn ends_well(child: i32) -> bool {
    let start = Instant::now();
    while start.elapsed() < Duration::from_mins(1) {
        if let Some(status) = waitpid_nohang(child).unwrap() {
            return status == 0;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let pid = rustix::process::Pid::from_raw(child).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    false
}

fn named(name: &str, number: u64) -> Record {
    Record { dataset: name.to_owned(), ..short(number) }
}

#[test]
fn children_of_a_busy_writer_begin_files_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let writer = Writer::open(folder.path(), &Who::default()).unwrap();
    writer.append(&named("parent", 0)).unwrap();
    let over = AtomicBool::new(false);
    let (written, failed) = std::thread::scope(|scope| {
        // This thread holds the lock at nearly every fork.
        let busy = scope.spawn(|| {
            let long = Record { bucket: "b".repeat(60_000), ..named("parent", 1) };
            let mut written = 1;
            while !over.load(Ordering::Relaxed) {
                writer.append(&long).unwrap();
                written += 1;
                std::thread::sleep(Duration::from_micros(50));
            }
            written
        });
        let failed = (0..20).find(|child| match fork().unwrap() {
            Fork::Child => {
                let name = format!("child {child}");
                end((0..5).all(|number| writer.append(&named(&name, number)).is_ok()));
            }
            Fork::Parent(pid) => !ends_well(pid),
        });
        over.store(true, Ordering::Relaxed);
        (busy.join().unwrap(), failed)
    });
    assert_eq!(failed, None, "a child waits or fails");
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for record in records(folder.path()) {
        *counts.entry(record.dataset).or_default() += 1;
    }
    assert_eq!(counts.remove("parent"), Some(written));
    assert_eq!(counts.into_values().collect::<Vec<_>>(), [5; 20]);
    assert_eq!(files(folder.path()).unwrap().len(), 21);
}

/// Appends in each generation; whether the eighth is refused by name, and only it.
fn descend(writer: &Writer, generation: u64) -> bool {
    let appended = writer.append(&named("generation", generation));
    if generation == 8 {
        return matches!(appended, Err(Error::Forks));
    }
    match fork() {
        Ok(Fork::Child) => end(descend(writer, generation + 1)),
        Ok(Fork::Parent(pid)) => appended.is_ok() && ends_well(pid),
        Err(_) => false,
    }
}

#[test]
fn seven_generations_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let writer = Writer::open(folder.path(), &Who::default()).unwrap();
    assert!(descend(&writer, 0));
    let mut found: Vec<_> = records(folder.path()).into_iter().map(|record| record.requests).collect();
    found.sort_unstable();
    assert_eq!(found, (0..8).collect::<Vec<_>>());
    assert_eq!(files(folder.path()).unwrap().len(), 8);
}
