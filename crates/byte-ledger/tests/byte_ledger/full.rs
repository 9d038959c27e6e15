//! Disks that are full.

use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

use frazil_byte_ledger::{Error, Record, Why, Writer, files};
use rustix::process::{Resource, getrlimit, setrlimit};

use super::made::{ada, all, record, records, short};
use super::skips::skipped;

const FOLDER: &str = "FRAZIL_TEST_FULL";

/// Appends until one is refused; what was acknowledged.
fn fill(writer: &Writer) -> (Vec<Record>, Error) {
    let mut taken = Vec::new();
    for number in 0..100_000 {
        let record = record("full", number);
        match writer.append(&record) {
            Ok(()) => taken.push(record),
            Err(error) => return (taken, error),
        }
    }
    panic!("nothing is refused");
}

fn run(program: &str, arguments: &[&str]) -> bool {
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// A file system of 256 KiB.
struct Small(tempfile::TempDir);

impl Small {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        run("mount", &["-t", "tmpfs", "-o", "size=256k", "frazil", path]).then_some(Self(folder))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        run("umount", &[self.0.path().to_str().unwrap()]);
    }
}

#[test]
fn a_full_disk_refuses_and_with_room_again_it_goes_on() {
    let Some(disk) = Small::mount() else { return skipped("a small file system cannot be mounted") };
    let (folder, filler) = (disk.0.path().join("bytes"), disk.0.path().join("filler"));
    std::fs::write(&filler, vec![0; 64 * 1024]).unwrap();
    let writer = Writer::open(&folder, &ada()).unwrap();
    let (mut taken, error) = fill(&writer);
    let Error::Write { source, .. } = error else { panic!("{error}") };
    assert!(matches!(source.kind(), ErrorKind::StorageFull | ErrorKind::WriteZero), "{source}");
    for number in 0..50 {
        // Short ones may still have room.
        taken.extend(Some(record("squeezed", number)).filter(|record| writer.append(record).is_ok()));
    }
    assert_eq!(records(&folder), taken);
    std::fs::remove_file(filler).unwrap();
    let after: Vec<_> = (0..20).map(short).collect();
    for record in &after {
        writer.append(record).unwrap();
    }
    writer.sync().unwrap();
    taken.extend(after);
    assert_eq!(records(&folder), taken);
    assert_eq!(files(&folder).unwrap().len(), 1);
}

/// Runs a child that is not killed for writing more than its limit.
fn limited(test: &str, folder: &Path) {
    let script = "trap '' XFSZ; exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored"]).env(FOLDER, folder);
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    // A name that is no test's would run nothing, and succeed.
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

fn limit(bytes: Option<u64>) {
    let old = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, rustix::process::Rlimit { current: bytes, ..old }).unwrap();
}

/// The child: fills a file up to its limit, is given more, and goes on.
#[test]
#[ignore = "started by the test below, with SIGXFSZ ignored"]
fn limited_child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    let writer = Writer::open(folder, &ada()).unwrap();
    limit(Some(100_000));
    let (mut taken, error) = fill(&writer);
    assert!(
        matches!(&error, Error::Write { source, .. } if source.kind() == ErrorKind::WriteZero),
        "{error:?}"
    );
    limit(None);
    assert_eq!(records(folder), taken);
    let after = short(1);
    writer.append(&after).unwrap();
    taken.push(after);
    assert_eq!(records(folder), taken);
    assert_eq!(files(folder).unwrap().len(), 1);
}

#[test]
fn a_short_write_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    limited("full::limited_child", folder.path());
    assert!(records(folder.path()).len() > 10);
}

/// The child: as above, in a file that cannot be cut.
#[test]
#[ignore = "started by the test below, with SIGXFSZ ignored"]
fn stuck_child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    let writer = Writer::open(folder, &ada()).unwrap();
    writer.append(&short(0)).unwrap();
    let file = files(folder).unwrap()[0].path.clone();
    if !run("chattr", &["+a", file.to_str().unwrap()]) {
        return skipped("a file cannot be made append-only here");
    }
    limit(Some(100_000));
    let (mut taken, _) = fill(&writer);
    limit(None);
    writer.append(&short(1)).unwrap();
    assert!(run("chattr", &["-a", file.to_str().unwrap()]));
    taken.splice(0..0, [short(0)]);
    taken.push(short(1));
    let (entries, faults) = all(folder);
    let found: Vec<_> = entries.into_iter().map(|entry| entry.record).collect();
    // Names of one day and process have no order.
    assert!(taken.iter().all(|record| found.contains(record)) && found.len() == taken.len());
    assert!(matches!(faults.as_slice(), [fault] if matches!(fault.why, Why::Cut)), "{faults:?}");
    assert_eq!(files(folder).unwrap().len(), 2);
}

#[test]
fn where_it_cannot_be_taken_back_the_next_begins_a_file() {
    let folder = tempfile::tempdir().unwrap();
    limited("full::stuck_child", folder.path());
}
