//! What is kept on disk.

use std::path::Path;

use frazil_data::Surroundings;
use frazil_data::handle::{Handle, OnDisk, Options};
use frazil_data::ranges::Ranges;
use frazil_data::remote::{HttpsObject, Remote};

use crate::object::{client, content, remote, sent, served};

fn on_disk(folder: &Path) -> Options {
    let on_disk = OnDisk { folder: Some(folder.to_owned()), ..OnDisk::default() };
    Options { on_disk: Some(on_disk), ..Options::default() }
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = |path: &Path| {
        std::fs::read_dir(path).into_iter().flatten().map(|entry| entry.unwrap().path()).collect::<Vec<_>>()
    };
    entries(folder).iter().flat_map(|path| entries(path)).collect()
}

/// Waits until so many pieces are there: they are written when the reader has its bytes.
async fn until_written(folder: &Path, count: usize) {
    for _ in 0..500 {
        if files(folder).iter().filter(|path| !path.to_string_lossy().contains(".new-")).count() >= count {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{:?}", files(folder));
}

#[tokio::test]
async fn what_one_handle_brought_another_finds() {
    let folder = tempfile::tempdir().unwrap();
    let all = content(4 << 20);
    let server = served(all.clone()).await;
    let surroundings = Surroundings::made([("HOME", "/nowhere")]);
    let open = || Handle::new(remote(&server), on_disk(folder.path()), &surroundings);
    let first = open();
    first.read_at(2 << 20, 1_000_000).await.unwrap();
    until_written(folder.path(), 1).await;
    let second = open();
    assert_eq!(
        second.read_at((2 << 20) + 5_000, 900_000).await.unwrap(),
        all[(2 << 20) + 5_000..(2 << 20) + 905_000]
    );
    let counters = second.counters();
    assert_eq!((counters.fetched, counters.from_disk), (1, 917_504), "the version is asked for, by one byte");
    assert_eq!(second.read_at(0, 10).await.unwrap(), all[..10]);
    assert_eq!(sent(&server, 4 << 20), first.counters().fetched + second.counters().fetched);
}

#[tokio::test]
async fn what_was_damaged_is_fetched_again() {
    let folder = tempfile::tempdir().unwrap();
    let all = content(4 << 20);
    let server = served(all.clone()).await;
    let surroundings = Surroundings::made([("HOME", "/nowhere")]);
    let open = || Handle::new(remote(&server), on_disk(folder.path()), &surroundings);
    let first = open();
    first.read_at(0, 10).await.unwrap();
    first.read_at(2 << 20, 1_000_000).await.unwrap();
    until_written(folder.path(), 2).await;
    for path in files(folder.path()) {
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[7] ^= 0x55;
        std::fs::write(&path, bytes).unwrap();
    }
    let second = open();
    second.read_at(0, 10).await.unwrap();
    assert_eq!(second.read_at(2 << 20, 1_000_000).await.unwrap(), all[2 << 20..(2 << 20) + 1_000_000]);
    assert_eq!(second.counters().from_disk, 0);
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_changes_nothing() {
    let all = content(1 << 20);
    let server = served(all.clone()).await;
    let surroundings = Surroundings::made([("HOME", "/nowhere")]);
    let handle = Handle::new(remote(&server), on_disk(Path::new("/proc/none")), &surroundings);
    assert_eq!(handle.read_at(900_000, 10).await.unwrap(), all[900_000..900_010]);
}

/// Where a process that is killed finds the server and the folder.
const TASK: &str = "FRAZIL_TEST_READS";
const LENGTH: usize = 6 << 20;

/// Reads an object again and again, and checks what it got; a process of its own, for another test to kill.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "is run by the test that kills it"]
async fn a_process_that_reads() {
    let Some(task) = std::env::var(TASK).ok() else { return };
    let (url, folder) = task.split_once(' ').unwrap();
    let right = content(LENGTH);
    for _ in 0..1000 {
        let remote = Remote::Https(HttpsObject::open_to_all(&client(), url.parse().unwrap()));
        let handle =
            Handle::new(remote, small(Path::new(folder)), &Surroundings::made([("HOME", "/nowhere")]));
        let mut at = 0;
        while at < LENGTH {
            let bytes = handle.read_at(at as u64, 300_000).await.unwrap();
            assert!(bytes == right[at..at + bytes.len()], "byte {at}");
            at += bytes.len();
        }
    }
}

/// Room for half of the object, so that pieces go while others read them.
fn small(folder: &Path) -> Options {
    let on_disk = OnDisk { folder: Some(folder.to_owned()), bytes: LENGTH as u64 / 2 };
    Options { on_disk: Some(on_disk), ..Options::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_share_a_folder_and_may_be_killed_at_any_time() {
    let folder = tempfile::tempdir().unwrap();
    let server = served(content(LENGTH)).await;
    let task = format!("{} {}", server.base.join("x.h5").unwrap(), folder.path().display());
    let start = || {
        std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kept::a_process_that_reads", "--ignored"])
            .env(TASK, &task)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut children = [start(), start()];
    for kill in 0_usize..12 {
        let before = server.asked().len();
        while server.asked().len() < before + 3 + kill {
            for child in &mut children {
                assert!(child.try_wait().unwrap().is_none(), "it read something wrong");
            }
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        children[kill % 2].kill().unwrap();
        children[kill % 2].wait().unwrap();
        children[kill % 2] = start();
    }
    for child in &mut children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let handle =
        Handle::new(remote(&server), small(folder.path()), &Surroundings::made([("HOME", "/nowhere")]));
    assert!(handle.read(std::slice::from_ref(&(0..LENGTH as u64))).await.unwrap()[0] == content(LENGTH));
}
