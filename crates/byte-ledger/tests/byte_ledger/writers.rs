//! Writers in one process.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use frazil_byte_ledger::{Error, Record, Route, Who, Writer, files};

use super::made::{DAY, MORNING, ada, all, record, records, short};

#[test]
fn eight_threads_share_a_writer_and_readers_look_on() {
    let folder = tempfile::tempdir().unwrap();
    let writer = &Writer::open(folder.path(), &ada()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                let name = format!("thread {thread}");
                (0..1_000).for_each(|number| writer.append(&record(&name, number)).unwrap());
            });
        }
        let mut seen = 0;
        while seen < 8_000 {
            let (entries, faults) = all(folder.path());
            assert!(entries.len() >= seen, "what was read once is read again");
            assert!(faults.iter().all(|fault| fault.why.is_normal()), "{faults:?}");
            seen = entries.len();
        }
    });
    let mut next: BTreeMap<String, u64> = BTreeMap::new();
    for found in records(folder.path()) {
        let number = next.entry(found.dataset.clone()).or_default();
        assert_eq!(found, record(&found.dataset, *number));
        *number += 1;
    }
    assert_eq!(next.into_values().collect::<Vec<_>>(), [1_000; 8]);
    assert_eq!(files(folder.path()).unwrap().len(), 1);
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn folder_and_files_are_their_owners_alone() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("state/bytes");
    let host = Who { host: "a/../b c".to_owned() + &"x".repeat(300), ..Who::default() };
    let writer = Writer::open(&folder, &host).unwrap();
    assert_eq!(files(&folder).unwrap(), [], "who reads nothing leaves no file");
    writer.append(&short(1)).unwrap();
    writer.sync().unwrap();
    let files = files(&folder).unwrap();
    let name = files[0].path.file_name().unwrap().to_str().unwrap();
    let start = format!("2026-11-22_a-..-b-c{}_{}_", "x".repeat(56), std::process::id());
    assert!(name.starts_with(&start) && name.len() == start.len() + 16 + 6, "{name}");
    assert_eq!((mode(&folder), mode(&files[0].path)), (0o700, 0o600));
    // Somebody tidies up while the writer is open.
    std::fs::remove_dir_all(&folder).unwrap();
    writer.append(&Record { time: MORNING + DAY, ..short(2) }).unwrap();
    assert_eq!(records(&folder).len(), 1);
}

#[test]
fn a_file_holds_what_ended_on_its_day_or_before() {
    let folder = tempfile::tempdir().unwrap();
    let writer = Writer::open(folder.path(), &ada()).unwrap();
    // The third comes late, by another thread.
    let times = [MORNING, MORNING + DAY, MORNING + 1_000, MORNING + 3 * DAY];
    for time in times {
        writer.append(&Record { time, ..short(0) }).unwrap();
    }
    let days: Vec<_> = files(folder.path()).unwrap().into_iter().map(|file| file.day).collect();
    assert_eq!(days, ["2026-11-22", "2026-11-23", "2026-11-25"]);
    let read: Vec<_> = records(folder.path()).into_iter().map(|record| record.time).collect();
    assert_eq!(read, times);
    writer.sync().unwrap();
}

#[test]
fn what_no_reader_would_take_is_refused_and_the_next_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let long = "x".repeat(65_536);
    let who = Who { user: long.clone(), ..Who::default() };
    assert!(matches!(Writer::open(folder.path(), &who), Err(Error::TooLong { .. })));
    let writer = Writer::open(folder.path(), &ada()).unwrap();
    let refused = writer.append(&Record { dataset: long.clone(), ..short(0) });
    assert!(matches!(refused, Err(Error::TooLong { .. })), "{refused:?}");
    let nanoseconds = writer.append(&Record { time: MORNING * 1_000_000, ..short(0) });
    assert!(matches!(nanoseconds, Err(Error::Time { .. })), "{nanoseconds:?}");
    assert_eq!(files(folder.path()).unwrap(), []);
    // The longest that is taken: found by going down from what is not.
    let longest = (0..400).map(|less| Record { dataset: long[less..].to_owned(), ..short(1) });
    let taken = longest.clone().find(|record| writer.append(record).is_ok()).unwrap();
    assert_eq!(records(folder.path()), std::slice::from_ref(&taken));
    let line = std::fs::metadata(&files(folder.path()).unwrap()[0].path).unwrap().len();
    assert!(line > 65_536 && taken.dataset.len() > 65_200, "{line}");
    writer.append(&Record { route: Route::LocalCache, ..short(2) }).unwrap();
    assert_eq!(records(folder.path()).len(), 2);
}

#[test]
fn a_folder_that_cannot_be_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Writer::open(&file.join("bytes"), &ada()).unwrap_err();
    assert!(error.to_string().contains("file/bytes cannot be made"), "{error}");
    assert!(Writer::open(&file, &ada()).is_err());
}
