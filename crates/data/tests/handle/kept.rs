//! What is kept on disk.

use std::path::Path;

use frazil_data::Surroundings;
use frazil_data::handle::{Handle, OnDisk, Options};

use crate::object::{content, remote, sent, served};

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
    assert_eq!((counters.fetched, counters.from_disk), (1, 1 << 20), "the version is asked for, by one byte");
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
