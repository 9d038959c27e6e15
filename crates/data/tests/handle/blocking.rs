use frazil_data::handle::{Blocking, Handle, Options};
use frazil_data::ranges::Ranges;

use crate::object::{content, handle, served};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn threads_that_are_not_async_read_too() {
    let all = content(2 << 20);
    let server = served(all.clone()).await;
    let file = Blocking::new(handle(&server, Options::default()), tokio::runtime::Handle::current());
    let threads: Vec<_> = (0..4_u64)
        .map(|thread| {
            let (file, all) = (file.clone(), all.clone());
            std::thread::spawn(move || {
                assert_eq!(file.length().unwrap(), 2 << 20);
                for step in 0..300 {
                    let at = thread * 400_000 + step * 1_000;
                    let from = usize::try_from(at).unwrap();
                    assert_eq!(file.read_at(at, 1_000).unwrap(), all[from..from + 1_000]);
                }
                assert_eq!(file.read_at(2 << 20, 10).unwrap().len(), 0);
                assert_eq!(file.read(&[0..3, 7..9]).unwrap(), [&all[0..3], &all[7..9]]);
            })
        })
        .collect();
    let inner = file.clone();
    let blocked = tokio::task::spawn_blocking(move || inner.read_at(5, 5).unwrap());
    assert_eq!(blocked.await.unwrap(), all[5..10]);
    tokio::task::spawn_blocking(|| threads.into_iter().for_each(|thread| thread.join().unwrap()))
        .await
        .unwrap();
}

#[test]
fn who_waits_for_a_runtime_that_ended_is_told() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(served(content(1000)));
    let file = Blocking::new(handle(&server, Options::default()), runtime.handle().clone());
    drop(runtime);
    let error = file.read_at(0, 10).unwrap_err();
    assert!(error.to_string().contains("the runtime ended"), "{error}");
}

#[tokio::test]
async fn files_of_this_machine_are_read_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.nc");
    std::fs::write(&path, content(1000)).unwrap();
    let handle = Handle::local(&path).unwrap();
    assert_eq!(handle.length().await.unwrap(), 1000);
    assert_eq!(handle.read(&[0..10, 990..1000]).await.unwrap(), [&content(10)[..], &content(1000)[990..]]);
    assert_eq!(handle.read_at(995, 10).await.unwrap(), content(1000)[995..]);
    assert!(handle.read(std::slice::from_ref(&(0..1001))).await.is_err());
    let file = Blocking::new(handle.clone(), tokio::runtime::Handle::current());
    assert_eq!(std::thread::spawn(move || file.read_at(1, 2).unwrap()).join().unwrap(), content(3)[1..]);
    let counters = handle.counters();
    assert_eq!((counters.reads, counters.requested, counters.fetched, counters.misses), (4, 27, 0, 0));
    let file = Blocking::new(handle.clone(), tokio::runtime::Handle::current());
    let read = tokio::task::spawn_blocking(move || file.read_at(1, 2).unwrap());
    assert_eq!(read.await.unwrap(), content(3)[1..]);
    assert!(handle.at_once(1, 2).unwrap().is_none());
    assert_eq!((handle.counters().reads, handle.counters().requested), (5, 29), "a runtime was entered");
}
