//! The stand-in for Earthdata as a running program, and what its door for tests can do.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use frazil_data::download::{Checksum, InS3, Item};
use frazil_data::http::{Client, Proxies, Settings, Url};
use frazil_data::login::{Earthdata, Entry, Session};
use frazil_data::{Clock, Surroundings};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::skips::skipped;

/// A running stand-in, with a home of its own. It ends when this is dropped.
pub(crate) struct World {
    pub(crate) told: Told,
    pub(crate) home: tempfile::TempDir,
    /// Seconds by which the clocks of both sides are ahead.
    ahead: Arc<AtomicI64>,
    control: reqwest::Client,
    child: Child,
}

/// What the stand-in says of itself.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) proxy: String,
    pub(crate) plain: String,
    control: String,
    pub(crate) ca: PathBuf,
    pub(crate) username: String,
    pub(crate) password: String,
}

impl World {
    /// Starts one, or says why not.
    pub(crate) fn start() -> Option<Self> {
        let program = program()?;
        let home = tempfile::tempdir().unwrap();
        let mut child = Command::new(program)
            .args(["-folder", home.path().to_str().unwrap()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let control = reqwest::Client::builder().no_proxy().build().unwrap();
        Some(Self { told: serde_json::from_str(&line).unwrap(), home, ahead: Arc::default(), control, child })
    }

    /// Surroundings with these variables and the stand-in's clock, and a home where nothing is yet.
    pub(crate) fn surroundings(&self, variables: &[(&str, &str)]) -> Surroundings {
        let home = self.home.path().to_str().unwrap();
        let all = variables.iter().copied().chain([("HOME", home)]);
        Surroundings::made(all).with_clock(Clock::Shifted(Arc::clone(&self.ahead)))
    }

    pub(crate) fn client_in(&self, surroundings: &Surroundings) -> Client {
        Client::new(self.told.settings(), surroundings).unwrap()
    }

    pub(crate) fn client(&self) -> Client {
        self.client_in(&self.surroundings(&[]))
    }

    /// The first user, by password.
    pub(crate) fn session(&self) -> Session {
        Session::with_password(self.client(), Earthdata::production(), self.told.entry())
    }

    /// Puts the clocks of both sides forward.
    pub(crate) async fn advance(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Ordering::Relaxed);
        self.post("clock", &json!({"seconds": seconds})).await;
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/{path}", self.told.control);
        let answer = self.control.post(url).json(body).send().await.unwrap();
        let (status, told) = (answer.status(), answer.json().await.unwrap());
        assert!(status.is_success(), "{path}: {told}");
        told
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let url = format!("{}/{path}", self.told.control);
        self.control.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// From now on nothing goes wrong.
    pub(crate) async fn clear_faults(&self) {
        self.control.delete(format!("{}/faults", self.told.control)).send().await.unwrap();
    }

    /// Makes an end of all tokens.
    pub(crate) async fn revoke_all(&self) {
        self.control.delete(format!("{}/tokens", self.told.control)).send().await.unwrap();
    }

    /// How many of something the stand-in has made: tokens, credentials, signed.
    pub(crate) async fn made(&self, what: &str) -> u64 {
        self.get("counters").await["made"][what].as_u64().unwrap_or(0)
    }

    /// Requests that the stand-in has seen, as `METHOD host/path status`.
    pub(crate) async fn requests(&self) -> Vec<String> {
        let all = self.get("requests").await;
        let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
        let line = |one: &Value| {
            format!("{} {}{} {}", text(one, "method"), text(one, "host"), text(one, "path"), one["status"])
        };
        all.as_array().unwrap().iter().map(line).collect()
    }

    /// Bytes of data that the stand-in has sent.
    pub(crate) async fn sent(&self) -> u64 {
        let objects = self.get("counters").await["objects"].clone();
        objects.as_object().unwrap().values().filter_map(Value::as_u64).sum()
    }

    /// Makes a collection of so many files of these sizes, and gives its files.
    pub(crate) async fn files(&self, name: &str, count: u64, sizes: (u64, u64), checksum: &str) -> Vec<Item> {
        let collection = json!([{
            "short_name": name, "provider": "POCLOUD", "host": "archive.podaac.earthdata.nasa.gov",
            "bucket": "podaac-ops-cumulus-protected", "granules": count, "min_size": sizes.0, "max_size": sizes.1,
            "extension": ".nc", "checksum": checksum,
        }]);
        self.post("collections", &collection).await;
        let items = self.found(&format!("short_name={name}&provider=POCLOUD&page_size=2000")).await;
        assert_eq!(items.len() as u64, count);
        self.post("reset", &json!({})).await;
        items
    }

    /// The files of the granules that a search finds.
    pub(crate) async fn found(&self, query: &str) -> Vec<Item> {
        let proxied = reqwest::Client::builder()
            .proxy(reqwest::Proxy::all(&self.told.proxy).unwrap())
            .tls_certs_merge(
                [reqwest::Certificate::from_pem(&std::fs::read(&self.told.ca).unwrap()).unwrap()],
            )
            .build()
            .unwrap();
        let url = format!("https://cmr.earthdata.nasa.gov/search/granules.umm_json?{query}");
        let found: Value = proxied.get(url).send().await.unwrap().json().await.unwrap();
        found["items"].as_array().unwrap().iter().map(|granule| item(&granule["umm"])).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Told {
    /// Settings that lead to the stand-in, with short pauses.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            proxies: Proxies { https: Some(self.proxy.clone()), ..Proxies::default() },
            authorities: std::fs::read(&self.ca).unwrap(),
            pause: Duration::from_millis(20),
            longest_pause: Duration::from_secs(1),
            read: Duration::from_secs(2),
            answer: Duration::from_secs(20),
            ..Settings::default()
        }
    }

    pub(crate) fn entry(&self) -> Entry {
        Entry { login: self.username.clone(), password: self.password.clone().into() }
    }
}

/// The file of a granule by its metadata.
fn item(umm: &Value) -> Item {
    let link = |kind: &str| {
        let links = umm["RelatedUrls"].as_array().unwrap().iter();
        links.filter(|link| link["Type"] == kind).map(|link| link["URL"].as_str().unwrap().to_owned()).next()
    };
    let keys = umm["RelatedUrls"].as_array().unwrap().iter().filter_map(|link| link["URL"].as_str());
    let keys = keys.filter(|link| link.ends_with("/s3credentials")).find_map(|link| link.parse().ok());
    let file = &umm["DataGranule"]["ArchiveAndDistributionInformation"][0];
    let checksum = &file["Checksum"];
    let checksum =
        Checksum::new(checksum["Algorithm"].as_str().unwrap_or(""), checksum["Value"].as_str().unwrap_or(""));
    let mut item = Item::https(link("GET DATA").unwrap().parse().unwrap()).unwrap().summed(checksum);
    item.size = file["SizeInBytes"].as_u64();
    item.s3 = link("GET DATA VIA DIRECT ACCESS").map(|link| {
        let url: Url = link.parse().unwrap();
        InS3 {
            bucket: url.host_str().unwrap().to_owned(),
            key: url.path().trim_start_matches('/').to_owned(),
            region: None,
            credentials: keys,
        }
    });
    item
}

/// The stand-in's program, built if it is older than its sources.
fn program() -> Option<PathBuf> {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    PROGRAM.get_or_init(build).clone()
}

fn build() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("earthdata");
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/earthdata");
    std::fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let program = folder.join("earthdata");
    let changed =
        |path: &Path| path.metadata().and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let newest = std::fs::read_dir(&sources).unwrap().map(|entry| changed(&entry.unwrap().path())).max();
    if program.exists() && newest.is_some_and(|newest| newest < changed(&program)) {
        return Some(program);
    }
    if !Command::new("go").arg("version").output().is_ok_and(|output| output.status.success()) {
        skipped("there is no go to build the stand-in for Earthdata");
        return None;
    }
    let built = Command::new("go")
        .args(["build", "-trimpath", "-o", program.to_str().unwrap(), "."])
        .current_dir(sources)
        .env("CGO_ENABLED", "0")
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    Some(program)
}
