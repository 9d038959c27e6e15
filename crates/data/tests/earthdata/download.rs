use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use frazil_data::Error;
use frazil_data::download::{
    Algorithm, Downloader, Event, Item, Meter, Options, Outcome, Progress, Report, Silent, Verified,
};
use frazil_data::found::Files;
use frazil_data::http::{Client, Settings};
use frazil_data::region::{Access, Whereabouts};
use frazil_data::stac::{Api, StacQuery};
use md5::Digest;
use serde_json::json;

use crate::world::World;

pub(crate) fn downloader(world: &World, options: Options) -> Downloader {
    let whereabouts = Whereabouts::new(world.client_in(
        &world.surroundings(&[("AWS_EC2_METADATA_DISABLED", "true"), ("GCE_METADATA_HOST", "127.0.0.1:1")]),
    ));
    Downloader::new(&world.session(), &whereabouts, options)
}

/// Every file complete, with the checksum of its metadata; nothing beside them but the record.
pub(crate) fn assert_whole(report: &Report, items: &[Item], folder: &Path) {
    let failures: Vec<_> =
        report.failures().map(|(path, error)| format!("{}: {error}", path.display())).collect();
    assert!(failures.is_empty(), "{failures:#?}");
    for item in items {
        let bytes = std::fs::read(folder.join(&item.to)).unwrap();
        assert_eq!(bytes.len() as u64, item.size.unwrap());
        if let Some(due) = &item.checksum {
            assert_eq!(summed(due.algorithm(), &bytes), due.value(), "{}", item.to.display());
        }
    }
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.retain(|name| name.to_str().unwrap().starts_with('.'));
    assert_eq!(names, [".frazil-downloads.jsonl"]);
}

/// A checksum, computed by others than the crate.
fn summed(algorithm: Algorithm, bytes: &[u8]) -> String {
    let sum = match algorithm {
        Algorithm::Md5 => md5::Md5::digest(bytes).to_vec(),
        Algorithm::Sha256 => digest(&SHA256, bytes).as_ref().to_vec(),
        Algorithm::Sha512 => digest(&SHA512, bytes).as_ref().to_vec(),
        other => panic!("{other:?}"),
    };
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Keeps the events.
#[derive(Default)]
struct Heard(Mutex<Vec<Event>>);

impl Progress for Heard {
    fn heard(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

#[tokio::test]
async fn files_come_whole_and_the_same_call_again_asks_for_nothing() {
    let Some(world) = World::start() else { return };
    let items = world.files("MIXED", 12, (100_000, 900_000), "mixed").await;
    let folder = tempfile::tempdir().unwrap();
    let meter = Meter::default();
    let downloader = downloader(&world, Options::default());
    let report = downloader.download(&items, folder.path(), &meter).await.unwrap();
    assert_whole(&report, &items, folder.path());
    let bytes: u64 = items.iter().filter_map(|item| item.size).sum();
    let sent = world.sent().await;
    assert_eq!((report.came(), meter.look().there, meter.look().total, sent), (bytes, bytes, bytes, bytes));
    for file in &report.files {
        assert!(matches!(&file.outcome, Outcome::Done(done) if done.verified == Verified::Checksum));
    }
    assert_eq!(world.made("signed").await, 12);
    let asked = world.requests().await.len();
    let again = downloader.download(&items, folder.path(), &Silent).await.unwrap();
    assert!(again.files.iter().all(|file| matches!(file.outcome, Outcome::There { .. })));
    assert_eq!(world.requests().await.len(), asked);
    std::fs::remove_file(folder.path().join(&items[3].to)).unwrap();
    std::fs::write(
        folder.path().join(&items[5].to),
        vec![0; usize::try_from(items[5].size.unwrap()).unwrap()],
    )
    .unwrap();
    let third = downloader.download(&items, folder.path(), &Silent).await.unwrap();
    assert_whole(&third, &items, folder.path());
    assert_eq!(third.came(), items[3].size.unwrap() + items[5].size.unwrap());
}

#[tokio::test]
async fn no_more_connections_than_were_allowed_are_open() {
    let Some(world) = World::start() else { return };
    let items = world.files("FEW", 12, (300_000, 400_000), "MD5").await;
    world.post("settings", &json!({"latency_ms": 10})).await;
    let folder = tempfile::tempdir().unwrap();
    let downloader = downloader(&world, Options { connections: 3, ..Options::default() });
    let (mut active, most) = (BTreeSet::new(), Mutex::new(0));
    let heard = Heard::default();
    let report = downloader.download(&items, folder.path(), &heard).await.unwrap();
    assert_whole(&report, &items, folder.path());
    for event in heard.0.lock().unwrap().iter() {
        match event {
            Event::Started { path, .. } => {
                active.insert(path.clone());
            }
            Event::Done { path } => {
                active.remove(path);
            }
            _ => {}
        }
        let mut most = most.lock().unwrap();
        *most = active.len().max(*most);
    }
    assert_eq!(*most.lock().unwrap(), 3);
    let opened = world.get("counters").await["all"]["connections"].as_u64().unwrap();
    assert!(opened <= 3 * 3, "{opened} connections to three hosts");
}

#[tokio::test]
async fn a_page_for_people_is_never_saved_as_data() {
    let Some(world) = World::start() else { return };
    let mut items = world.files("PAGES", 3, (1000, 2000), "none").await;
    items[0].size = None;
    world.post("faults", &json!([{"role": "egress", "fault": "html", "times": -1}])).await;
    let folder = tempfile::tempdir().unwrap();
    let report =
        downloader(&world, Options::default()).download(&items, folder.path(), &Silent).await.unwrap();
    assert_eq!(report.failures().count(), 3);
    for (_, error) in report.failures() {
        assert!(matches!(error, Error::Answer { what, .. } if what.contains("HTML")), "{error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_file_that_fails_stops_no_other_and_is_told_with_its_reason() {
    let Some(world) = World::start() else { return };
    let mut items = world.files("SOME", 4, (1000, 2000), "SHA-256").await;
    let missing =
        "https://archive.podaac.earthdata.nasa.gov/podaac-ops-cumulus-protected/none.nc".parse().unwrap();
    items.push(Item::https(missing).unwrap());
    items[1].checksum = items[2].checksum.clone();
    items[3].size = Some(5);
    let folder = tempfile::tempdir().unwrap();
    let report =
        downloader(&world, Options::default()).download(&items, folder.path(), &Silent).await.unwrap();
    let told: Vec<_> = report.failures().map(|(path, error)| (path.clone(), error.to_string())).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].1.contains("checksum"), "{told:?}");
    assert!(told[1].1.contains("its metadata says 5"), "{told:?}");
    assert!(told[2].0.ends_with("none.nc") && told[2].1.contains("404"), "{told:?}");
    let mut left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    let mut due = vec![
        ".frazil-downloads.jsonl".into(),
        items[0].to.clone().into_os_string(),
        items[2].to.clone().into_os_string(),
    ];
    due.sort();
    assert_eq!(left, due, "nothing is left of what failed");
}

#[tokio::test]
async fn what_changes_at_its_host_is_begun_again_and_never_mixed() {
    let Some(world) = World::start() else { return };
    let items = world.files("CHANGING", 1, (3_000_000, 3_000_000), "none").await;
    let place = items[0].s3.clone().unwrap();
    world.post("settings", &json!({"bandwidth": 3_000_000})).await;
    world.post("faults", &json!([{"role": "s3", "method": "GET", "fault": "cut", "after": 0.5}])).await;
    let folder = tempfile::tempdir().unwrap();
    let touching = Touching {
        world: &world,
        object: format!("{}/{}", place.bucket, place.key),
        heard: Heard::default(),
    };
    let downloader = downloader(&world, Options::default());
    let report = touching.run(&downloader, &items, folder.path()).await;
    assert_whole(&report, &items, folder.path());
    let lost = touching
        .heard
        .0
        .lock()
        .unwrap()
        .iter()
        .map(|event| if let Event::Again { lost, .. } = event { *lost } else { 0 })
        .max();
    assert!(lost.unwrap() > 1_000_000, "what came of the old one is thrown away");
    let fresh = tempfile::tempdir().unwrap();
    downloader.download(&items, fresh.path(), &Silent).await.unwrap();
    let same = |folder: &Path| std::fs::read(folder.join(&items[0].to)).unwrap();
    assert!(same(folder.path()) == same(fresh.path()));
}

/// Changes the object as soon as its transfer is cut.
struct Touching<'a> {
    world: &'a World,
    object: String,
    heard: Heard,
}

impl Touching<'_> {
    async fn run(&self, downloader: &Downloader, items: &[Item], folder: &Path) -> Report {
        let cut = Arc::new(tokio::sync::Notify::new());
        let progress = Cut { heard: &self.heard, cut: Arc::clone(&cut) };
        let touching = async {
            cut.notified().await;
            self.world.post("touch", &json!({"object": self.object})).await;
        };
        let bringing = downloader.download(items, folder, &progress);
        let (report, ()) = futures::join!(bringing, touching);
        report.unwrap()
    }
}

struct Cut<'a> {
    heard: &'a Heard,
    cut: Arc<tokio::sync::Notify>,
}

impl Progress for Cut<'_> {
    fn heard(&self, event: &Event) {
        if matches!(event, Event::Came { .. }) {
            self.cut.notify_one();
        }
        self.heard.heard(event);
    }
}

#[tokio::test]
async fn signed_addresses_and_tokens_that_end_during_the_work_fail_nothing() {
    let Some(world) = World::start() else { return };
    let items = world.files("ENDING", 6, (400_000, 600_000), "SHA-256").await;
    world.post("settings", &json!({"signed_life": 3, "token_life": 6, "bandwidth": 200_000})).await;
    let cuts = json!([{"role": "s3", "method": "GET", "fault": "cut", "times": 12, "after": 0.4}]);
    world.post("faults", &cuts).await;
    let folder = tempfile::tempdir().unwrap();
    let options = Options { connections: 2, ..Options::default() };
    let report = downloader(&world, options).download(&items, folder.path(), &Silent).await.unwrap();
    assert_whole(&report, &items, folder.path());
    assert!(world.made("tokens").await > 1, "tokens ended");
    assert_eq!(report.came(), items.iter().filter_map(|item| item.size).sum::<u64>());
}

/// Files of the Planetary Computer, unsigned.
async fn stored_in_azure(world: &World, count: usize) -> Vec<Item> {
    let root = "https://planetarycomputer.microsoft.com/api/stac/v1".parse().unwrap();
    let api = Api::open(&world.client(), &root).await.unwrap();
    let query = StacQuery { collections: vec!["naip".to_owned()], ..StacQuery::new() };
    let mut search = api.search(&query).unwrap().limit(count);
    let mut files = Files::new();
    while let Some(item) = search.next().await.unwrap() {
        assert!(files.add(&item, None).is_empty());
    }
    let files = files.finish();
    assert!(files.len() >= count && files.iter().all(|file| file.https.as_ref().unwrap().query().is_none()));
    world.post("reset", &json!({})).await;
    files
}

fn open_to_all(world: &World) -> Downloader {
    let client = world.client();
    let options = Options { access: Access::Https, ..Options::default() };
    Downloader::open_to_all(&client, &Whereabouts::new(client.clone()), options)
}

#[tokio::test]
async fn what_the_planetary_computer_keeps_is_signed_when_it_is_opened() {
    let Some(world) = World::start() else { return };
    let files = stored_in_azure(&world, 4).await;
    let folder = tempfile::tempdir().unwrap();
    let downloader = open_to_all(&world);
    let (first, others) = files.split_at(2);
    let report = downloader.download(first, folder.path(), &Silent).await.unwrap();
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(world.made("shared_access").await, 1, "one for the container");
    // By the clocks of both sides it has ended.
    world.advance(2 * 86_400).await;
    let report = downloader.download(&others[..1], folder.path(), &Silent).await.unwrap();
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(world.made("shared_access").await, 2);
    // By the store's clock alone, in the middle of a file.
    let cuts = json!([{"role": "blob", "method": "GET", "fault": "cut", "after": 0.4}]);
    world.post("faults", &cuts).await;
    let cut = Arc::new(tokio::sync::Notify::new());
    let heard = Heard::default();
    let progress = Cut { heard: &heard, cut: Arc::clone(&cut) };
    let ending = async {
        cut.notified().await;
        world.post("clock", &json!({"seconds": 2 * 86_400})).await;
    };
    let (report, ()) = futures::join!(downloader.download(&others[1..], folder.path(), &progress), ending);
    let report = report.unwrap();
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(world.made("shared_access").await, 3);
}

#[tokio::test]
async fn a_container_that_is_refused_stops_no_other() {
    let Some(world) = World::start() else { return };
    let mut files = stored_in_azure(&world, 2).await;
    files[0].https.as_mut().unwrap().set_path("/closed/x.tif");
    let refusal = json!([{"role": "stac", "path": "/sas/v1/token/.*/closed", "fault": "status", "status": 404, "times": -1}]);
    world.post("faults", &refusal).await;
    let folder = tempfile::tempdir().unwrap();
    let report = open_to_all(&world).download(&files, folder.path(), &Silent).await.unwrap();
    assert_eq!(report.failures().count(), 1, "{report:?}");
    assert!(folder.path().join(&files[1].to).exists());
}

#[tokio::test]
async fn in_region_it_is_s3_and_where_s3_says_no_it_is_https_for_all() {
    let Some(world) = World::start() else { return };
    let items = world.files("INSIDE", 5, (10_000, 20_000), "MD5").await;
    for in_region in [true, false] {
        world.post("settings", &json!({"in_region": in_region})).await;
        world.post("reset", &json!({})).await;
        let folder = tempfile::tempdir().unwrap();
        let whereabouts =
            Whereabouts::new(world.client_in(&world.surroundings(&[("FRAZIL_REGION", "us-west-2")])));
        let options = Options { connections: 1, ..Options::default() };
        let heard = Heard::default();
        let downloader = Downloader::new(&world.session(), &whereabouts, options);
        let report = downloader.download(&items, folder.path(), &heard).await.unwrap();
        assert_whole(&report, &items, folder.path());
        assert_eq!(world.made("signed").await, if in_region { 0 } else { 5 });
        let told: Vec<_> = heard
            .0
            .lock()
            .unwrap()
            .iter()
            .filter_map(|event| match event {
                Event::Chosen { because, .. } => Some(because.clone()),
                _ => None,
            })
            .collect();
        assert!(told[0].starts_with("S3: ") && told[0].contains("FRAZIL_REGION"), "{told:?}");
        assert_eq!(told.len(), if in_region { 1 } else { 2 }, "{told:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let forced = downloader(&world, Options { access: Access::S3, ..Options::default() });
    let report = forced.download(&items, folder.path(), &Silent).await.unwrap();
    assert_eq!(report.failures().count(), 5, "what was chosen is not changed");
}

#[tokio::test]
async fn in_region_https_will_do_where_no_keys_are_to_be_had() {
    let Some(world) = World::start() else { return };
    let items = world.files("KEYLESS", 3, (10_000, 20_000), "MD5").await;
    let inside = Whereabouts::new(world.client_in(&world.surroundings(&[("FRAZIL_REGION", "us-west-2")])));
    let no_keys =
        json!([{"role": "egress", "path": "s3credentials", "fault": "status", "status": 404, "times": -1}]);
    world.post("faults", &no_keys).await;
    let folder = tempfile::tempdir().unwrap();
    let heard = Heard::default();
    let downloader = Downloader::new(&world.session(), &inside, Options::default());
    let report = downloader.download(&items, folder.path(), &heard).await.unwrap();
    assert_whole(&report, &items, folder.path());
    let told =
        |event: &Event| matches!(event, Event::Chosen { because, .. } if because.contains("no way into S3"));
    assert_eq!(heard.0.lock().unwrap().iter().filter(|event| told(event)).count(), 1);
    let public: Vec<Item> = items
        .iter()
        .map(|item| {
            let mut item = item.clone();
            item.https = item.https.map(|url| url.as_str().replace("protected", "public").parse().unwrap());
            let s3 = item.s3.as_mut().unwrap();
            s3.bucket = s3.bucket.replace("protected", "public");
            item
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let downloader = Downloader::open_to_all(&world.client(), &inside, Options::default());
    let report = downloader.download(&public, folder.path(), &Silent).await.unwrap();
    assert_whole(&report, &public, folder.path());
    let only_s3 = Options { access: Access::S3, ..Options::default() };
    let downloader = Downloader::open_to_all(&world.client(), &inside, only_s3);
    let report = downloader.download(&public, tempfile::tempdir().unwrap().path(), &Silent).await.unwrap();
    assert_eq!(report.failures().count(), 3, "what was chosen is not changed");
}

#[tokio::test]
async fn the_login_services_page_is_no_data_whatever_the_file_is_called() {
    let Some(world) = World::start() else { return };
    // It shows its form to browsers, with 200.
    let settings = Settings { user_agent: "Mozilla/5.0".to_owned(), ..world.told.settings() };
    let client = Client::new(settings, &world.surroundings(&[])).unwrap();
    let url = "https://archive.podaac.earthdata.nasa.gov/sized/1/1000.nc".parse().unwrap();
    let item = Item { to: "page.html".into(), ..Item::https(url).unwrap() };
    let options = Options { access: Access::Https, ..Options::default() };
    let folder = tempfile::tempdir().unwrap();
    let downloader = Downloader::open_to_all(&client, &Whereabouts::new(client.clone()), options);
    let report = downloader.download(&[item], folder.path(), &Silent).await.unwrap();
    let told: Vec<_> = report.failures().map(|(_, error)| error.to_string()).collect();
    assert!(told.len() == 1 && told[0].contains("the login service's page"), "{told:?}");
}

#[tokio::test]
async fn a_file_that_another_has_is_waited_for_without_asking_for_it() {
    let Some(world) = World::start() else { return };
    let url = "https://archive.podaac.earthdata.nasa.gov/sized/3/70000.nc".parse().unwrap();
    let items = [Item::https(url).unwrap()];
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join(&items[0].to);
    std::fs::write(&target, "another").unwrap();
    let other = std::fs::File::create(folder.path().join(".70000.nc.part")).unwrap();
    other.lock().unwrap();
    let heard = Heard::default();
    let downloader = downloader(&world, Options::default());
    let ended = async {
        tokio::time::sleep(std::time::Duration::from_millis(3500)).await;
        let asked = world.requests().await;
        let looks = asked.iter().filter(|line| line.contains("amazonaws.com/3/70000.nc")).count();
        assert_eq!(looks, 1, "{asked:#?}");
        std::fs::write(&target, vec![0; 70_000]).unwrap();
        drop(other);
    };
    let (report, ()) = futures::join!(downloader.download(&items, folder.path(), &heard), ended);
    assert!(matches!(report.unwrap().files[0].outcome, Outcome::There { bytes: 70_000 }));
    assert!(heard.0.lock().unwrap().iter().any(|event| matches!(event, Event::Waiting { .. })));
    assert!(!folder.path().join(".70000.nc.part").exists());
}

#[tokio::test]
async fn limits_out_of_their_bounds_are_refused() {
    let Some(world) = World::start() else { return };
    let usual = Options::default;
    for options in [
        Options { connections: 0, ..usual() },
        Options { connections: usize::MAX, ..usual() },
        Options { bandwidth: Some(0), ..usual() },
    ] {
        let error = downloader(&world, options).download(&[], world.home.path(), &Silent).await.unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{error}");
    }
}

#[tokio::test]
async fn empty_files_and_files_without_metadata_come_too() {
    let Some(world) = World::start() else { return };
    let base = "https://archive.podaac.earthdata.nasa.gov/sized";
    let items: Vec<_> = ["1/0.nc", "2/1.nc", "3/70000.nc"]
        .map(|key| Item::https(format!("{base}/{key}").parse().unwrap()).unwrap())
        .into_iter()
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let downloader = downloader(&world, Options::default());
    let report = downloader.download(&items, folder.path(), &Silent).await.unwrap();
    assert!(report.is_complete(), "{report:?}");
    let lengths: Vec<_> =
        items.iter().map(|item| folder.path().join(&item.to).metadata().unwrap().len()).collect();
    assert_eq!(lengths, [0, 1, 70_000]);
    assert!(
        report
            .files
            .iter()
            .all(|file| matches!(&file.outcome, Outcome::Done(done) if done.verified == Verified::Length))
    );
    std::fs::remove_file(folder.path().join(".frazil-downloads.jsonl")).unwrap();
    let sent = world.sent().await;
    let again = downloader.download(&items[1..], folder.path(), &Silent).await.unwrap();
    assert!(again.files.iter().all(|file| matches!(file.outcome, Outcome::There { .. })), "{again:?}");
    assert_eq!(world.sent().await, sent + 2, "one byte each, to learn the length");
}

#[tokio::test]
async fn two_calls_for_the_same_files_do_each_once() {
    let Some(world) = World::start() else { return };
    let items = world.files("TWICE", 6, (300_000, 500_000), "SHA-256").await;
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (downloader(&world, Options::default()), downloader(&world, Options::default()));
    let (first, second) = futures::join!(
        one.download(&items, folder.path(), &Silent),
        other.download(&items, folder.path(), &Silent)
    );
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_whole(&first, &items, folder.path());
    assert!(second.is_complete());
    let bytes: u64 = items.iter().filter_map(|item| item.size).sum();
    assert_eq!((first.came() + second.came(), world.sent().await), (bytes, bytes));
}

#[tokio::test]
async fn what_is_counted_here_is_what_the_server_counts() {
    let Some(world) = World::start() else { return };
    let items = world.files("COUNTED", 5, (100_000, 200_000), "MD5").await;
    let session = world.session();
    let whereabouts = Whereabouts::new(session.client().clone());
    let options = Options { access: Access::Https, ..Options::default() };
    let folder = tempfile::tempdir().unwrap();
    let downloader = Downloader::new(&session, &whereabouts, options);
    downloader.download(&items, folder.path(), &Silent).await.unwrap();
    let totals = session.client().totals();
    let counters = world.get("counters").await["all"].clone();
    assert_eq!(counters["requests"], totals.requests());
    assert_eq!(counters["body_bytes"], totals.received());
}

#[tokio::test]
async fn a_limit_on_bandwidth_is_kept() {
    let Some(world) = World::start() else { return };
    let items = world.files("LIMITED", 4, (125_000, 125_000), "MD5").await;
    let folder = tempfile::tempdir().unwrap();
    let options = Options { bandwidth: Some(125_000), ..Options::default() };
    let begun = std::time::Instant::now();
    let report = downloader(&world, options).download(&items, folder.path(), &Silent).await.unwrap();
    assert_whole(&report, &items, folder.path());
    assert!(begun.elapsed().as_millis() >= 3900, "half a megabyte came within {:?}", begun.elapsed());
}
