//! Files of 8 to 40 MB from the stand-in for Earthdata over a link of a given bandwidth: without faults, beside
//! earthaccess where `FRAZIL_EARTHACCESS` names a Python that has it; then with faults in 5 % of the requests
//! and 20 kills, where the bytes count that the stand-in sent twice.
//!
//!     FRAZIL_EARTHACCESS=PYTHON cargo bench -p frazil-data --bench download
//!
//! `FRAZIL_FILES` (500) and `FRAZIL_LINK` (bytes a second, 200,000,000) make it smaller.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, and stops at the first surprise"
)]

#[path = "../../../tests/support/skips.rs"]
mod skips;
#[expect(dead_code, reason = "what tests need, and a benchmark does not")]
#[path = "../tests/support/world.rs"]
mod world;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use frazil_data::Surroundings;
use frazil_data::download::{Downloader, Item, Options, Silent};
use frazil_data::http::Client;
use frazil_data::login::{Earthdata, Session};
use frazil_data::region::Whereabouts;
use serde::{Deserialize, Serialize};
use serde_json::json;
use world::{Told, World};

/// How often the download is killed.
const KILLS: u64 = 20;

#[derive(Serialize, Deserialize)]
struct Task {
    told: Told,
    home: PathBuf,
    items: Vec<Item>,
    folder: PathBuf,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    match std::env::var("FRAZIL_BENCH_TASK") {
        Ok(task) => runtime.block_on(bring(Path::new(&task))),
        Err(_) => runtime.block_on(compare()),
    }
}

/// A process of its own: downloads what its task says.
async fn bring(task: &Path) {
    let task: Task = serde_json::from_slice(&std::fs::read(task).unwrap()).unwrap();
    let surroundings = Surroundings::made([("HOME", task.home.to_str().unwrap())]);
    let client = Client::new(task.told.settings(), &surroundings).unwrap();
    let session = Session::with_password(client.clone(), Earthdata::production(), task.told.entry());
    let downloader = Downloader::new(&session, &Whereabouts::new(client), Options::default());
    let report = downloader.download(&task.items, &task.folder, &Silent).await.unwrap();
    let failures: Vec<_> =
        report.failures().map(|(path, error)| format!("{}: {error}", path.display())).collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

async fn compare() {
    let (files, link) = (number("FRAZIL_FILES", 500), number("FRAZIL_LINK", 200_000_000));
    let Some(world) = World::start() else { return };
    let found = world.found(&format!("short_name=FIVE_HUNDRED&page_size={files}")).await;
    let items: Vec<_> = found.into_iter().map(|item| Item { s3: None, ..item }).collect();
    let bytes: u64 = items.iter().filter_map(|item| item.size).sum();
    world.post("settings", &json!({"bandwidth": link})).await;
    println!("{files} files, {bytes} bytes; the link takes {:.1} s", bytes as f64 / link as f64);
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    start(&world, &items, folder.path()).wait().unwrap();
    tell("frazil", begun.elapsed(), bytes, world.sent().await);
    folder.close().unwrap();
    earthaccess(&world, files, bytes).await;
    let rates = json!({"status": 0.01, "drop": 0.01, "reset": 0.01, "cut": 0.01, "reset_midway": 0.01});
    world.post("settings", &json!({"rates": {"s3": rates}})).await;
    world.post("reset", &json!({})).await;
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    for kill in 1..=KILLS {
        let mut child = start(&world, &items, folder.path());
        while world.sent().await < bytes * kill / (KILLS + 1) {
            assert!(child.try_wait().unwrap().is_none(), "it ended before kill {kill}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(start(&world, &items, folder.path()).wait().unwrap().success());
    tell(&format!("frazil, 5 % faults, {KILLS} kills"), begun.elapsed(), bytes, world.sent().await);
}

fn tell(what: &str, took: Duration, bytes: u64, sent: u64) {
    let twice = 100.0 * (sent as f64 / bytes as f64 - 1.0);
    println!("{what:<34} {:>7.1} s   {sent} bytes sent, {twice:.2} % twice", took.as_secs_f64());
}

fn start(world: &World, items: &[Item], folder: &Path) -> Child {
    let task = world.home.path().join("task.json");
    let plan = Task {
        told: world.told.clone(),
        home: world.home.path().to_owned(),
        items: items.to_vec(),
        folder: folder.to_owned(),
    };
    std::fs::write(&task, serde_json::to_vec(&plan).unwrap()).unwrap();
    Command::new(std::env::current_exe().unwrap()).env("FRAZIL_BENCH_TASK", task).spawn().unwrap()
}

/// The same files by earthaccess with eight threads, its search included: it has no other way.
async fn earthaccess(world: &World, files: u64, bytes: u64) {
    let Ok(python) = std::env::var("FRAZIL_EARTHACCESS") else {
        return skips::skipped("earthaccess: FRAZIL_EARTHACCESS names no Python that has it");
    };
    world.post("reset", &json!({})).await;
    let folder = tempfile::tempdir().unwrap();
    let program = format!(
        "import earthaccess\nearthaccess.login(strategy='environment')\n\
         found = earthaccess.search_data(short_name='FIVE_HUNDRED', count={files})\n\
         print(len(earthaccess.download(found, '{}', threads=8)))",
        folder.path().display()
    );
    let begun = Instant::now();
    let output = Command::new(python)
        .args(["-c", &program])
        .env("HOME", world.home.path())
        .env("HTTPS_PROXY", &world.told.proxy)
        .env("HTTP_PROXY", &world.told.proxy)
        .env("SSL_CERT_FILE", &world.told.ca)
        .env("REQUESTS_CA_BUNDLE", &world.told.ca)
        .env("EARTHDATA_USERNAME", &world.told.username)
        .env("EARTHDATA_PASSWORD", &world.told.password)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let took = begun.elapsed();
    let lengths =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len());
    let there: u64 = lengths.sum();
    tell("earthaccess", took, bytes, world.sent().await);
    if !output.status.success() || there != bytes {
        println!("earthaccess brought {there} of {bytes} bytes ({})", output.status);
    }
}
