use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use frazil_data::Surroundings;
use frazil_data::download::{Downloader, Item, Options, Silent};
use frazil_data::http::Client;
use frazil_data::login::{Earthdata, Session};
use frazil_data::region::Whereabouts;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::download::{assert_whole, downloader};
use crate::world::{Told, World};

/// Where the killed process finds its task.
const TASK: &str = "FRAZIL_TEST_TASK";
/// How often it is killed.
const KILLS: u64 = 20;
/// Most bytes that a kill may cost: of each of eight transfers the two batches that are on their way to the disk
/// (2 MB in all), and what is in sockets. Twenty such kills are half a percent of 500 files of 8 to 40 MB.
const COST: u64 = 3_000_000;

#[derive(Serialize, Deserialize)]
struct Task {
    told: Told,
    home: PathBuf,
    items: Vec<Item>,
    folder: PathBuf,
}

/// Downloads what its task says; a process of its own, for another test to kill.
#[tokio::test]
#[ignore = "is run by the test that kills it"]
async fn a_process_that_downloads() {
    let Some(path) = std::env::var_os(TASK) else { return };
    let task: Task = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let surroundings = Surroundings::made([("HOME", task.home.to_str().unwrap())]);
    let client = Client::new(task.told.settings(), &surroundings).unwrap();
    let session = Session::with_password(client.clone(), Earthdata::production(), task.told.entry());
    let downloader = Downloader::new(&session, &Whereabouts::new(client), Options::default());
    let items: Vec<_> = task.items.into_iter().map(|item| Item { s3: None, ..item }).collect();
    let report = downloader.download(&items, &task.folder, &Silent).await.unwrap();
    assert!(report.is_complete());
}

fn start(task: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kills::a_process_that_downloads", "--ignored"])
        .env(TASK, task)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn what_was_killed_goes_on_where_it_was() {
    let Some(world) = World::start() else { return };
    let items = world.files("KILLED", 40, (5_000_000, 10_000_000), "SHA-256").await;
    let bytes: u64 = items.iter().filter_map(|item| item.size).sum();
    let rates =
        json!({"s3": {"status": 0.01, "drop": 0.01, "reset": 0.01, "cut": 0.01, "reset_midway": 0.01}});
    world.post("settings", &json!({"rates": rates, "bandwidth": 40_000_000})).await;
    let folder = tempfile::tempdir().unwrap();
    let task = world.home.path().join("task.json");
    let plan = Task {
        told: world.told.clone(),
        home: world.home.path().to_owned(),
        items: items.clone(),
        folder: folder.path().to_owned(),
    };
    std::fs::write(&task, serde_json::to_vec(&plan).unwrap()).unwrap();
    for kill in 1..=KILLS {
        let mut child = start(&task);
        while world.sent().await < bytes * kill / (KILLS + 1) {
            assert!(child.try_wait().unwrap().is_none(), "it ended before kill {kill}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(start(&task).wait().unwrap().success());
    let sent = world.sent().await;
    let items: Vec<_> = items.into_iter().map(|item| Item { s3: None, ..item }).collect();
    let again =
        downloader(&world, Options::default()).download(&items, folder.path(), &Silent).await.unwrap();
    assert_whole(&again, &items, folder.path());
    let twice = sent - bytes;
    println!("{KILLS} kills: {sent} bytes sent for {bytes}, {} a kill twice", twice / KILLS);
    assert!(twice <= KILLS * COST, "{twice} bytes were sent twice");
}
