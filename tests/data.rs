//! `frazil data` as a program, against what stands in for Earthdata.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests start programs, and stop at the first surprise"
)]

#[path = "support/google.rs"]
mod google;
#[path = "support/skips.rs"]
mod skips;
#[expect(dead_code, reason = "other tests start other tools")]
#[path = "support/tools.rs"]
mod tools;

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use assert_cmd::assert::Assert;
use serde_json::{Value, json};

use google::Google;
use skips::skipped;

/// A running stand-in. It ends when this is dropped.
struct World {
    child: Child,
    told: Value,
    home: tempfile::TempDir,
}

impl World {
    fn start() -> Option<Self> {
        Self::with(&json!({}))
    }

    fn with(settings: &Value) -> Option<Self> {
        let program = built()?;
        let home = tempfile::tempdir().unwrap();
        let mut child = Command::new(program)
            .arg("-folder")
            .arg(home.path())
            .args(["-settings", &settings.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Some(Self { child, told: serde_json::from_str(&line).unwrap(), home })
    }

    fn frazil(&self, arguments: &[&str]) -> Assert {
        let text = |name: &str| self.told[name].as_str().unwrap();
        assert_cmd::Command::new(assert_cmd::cargo::cargo_bin("frazil"))
            .env_clear()
            .env("HOME", self.home.path())
            .env("HTTPS_PROXY", text("proxy"))
            .env("FRAZIL_CA_BUNDLE", text("ca"))
            .env("EARTHDATA_USERNAME", text("username"))
            .env("EARTHDATA_PASSWORD", text("password"))
            .env("FRAZIL_REGION", "aws/eu-central-1")
            .current_dir(self.home.path())
            .arg("data")
            .args(arguments)
            .assert()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let whole: Vec<&str> = arguments.iter().copied().chain(["-o", "json"]).collect();
        serde_json::from_slice(&self.frazil(&whole).success().get_output().stdout).unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The stand-in's program, built by the toolchain if there is one.
fn built() -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("earthdata-for-verbs");
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/earthdata");
    let built = Command::new("go")
        .args(["build", "-trimpath", "-o", program.to_str().unwrap(), "."])
        .current_dir(sources)
        .env("CGO_ENABLED", "0")
        .output();
    match built {
        Ok(output) if output.status.success() => Some(program),
        Ok(output) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
        Err(_) => {
            skipped("there is no go to build the stand-in for Earthdata");
            None
        }
    }
}

fn stdout(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

fn stderr(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

const PLACE: [&str; 4] = ["--bbox", "-74,40,-50,60", "--time", "2018-10/2019-01"];

#[test]
fn finds_are_shown_in_every_form() {
    let Some(world) = World::start() else { return };
    let found = world.json(&[&["search", "ATL08", "--all"], PLACE.as_slice()].concat());
    assert_eq!(found["schema"], "frazil.data.search/v1");
    let items = found["items"].as_array().unwrap();
    assert_eq!(found["matched"], items.len());
    assert!(!items.is_empty() && items.iter().all(|item| item["cloud_hosted"] == true));
    let table =
        stdout(&world.frazil(&[&["search", "ATL08", "--limit", "2"], PLACE.as_slice()].concat()).success());
    assert!(table.starts_with("NAME") && table.contains(&format!("2 of {} found", items.len())), "{table}");
    let csv = stdout(
        &world.frazil(&[&["search", "ATL08", "--all", "-o", "csv"], PLACE.as_slice()].concat()).success(),
    );
    assert_eq!(csv.lines().count(), items.len() + 1);
    for (form, version) in [("geojson", None), ("stac", Some("1.1.0"))] {
        let arguments = [&["search", "ATL08", "--all", "-o", form], PLACE.as_slice()].concat();
        let collection: Value = serde_json::from_str(&stdout(&world.frazil(&arguments).success())).unwrap();
        let features = collection["features"].as_array().unwrap();
        assert_eq!(features.len(), items.len());
        assert_eq!(features[0]["stac_version"].as_str(), version);
        assert_eq!(features[0]["geometry"]["type"], "Polygon");
    }
    let file = world.home.path().join("found.parquet");
    let told =
        world.frazil(&[&["search", "ATL08", "--out", "found.parquet"], PLACE.as_slice()].concat()).success();
    assert!(stderr(&told).contains(&format!("{} found, in found.parquet", items.len())), "{}", stderr(&told));
    assert_eq!(&std::fs::read(file).unwrap()[..4], b"PAR1");
    assert_eq!(
        world.json(&[&["search", "ATL08", "--count"], PLACE.as_slice()].concat())["matched"],
        items.len()
    );
}

#[test]
fn everything_wrong_is_told_before_anything_is_asked() {
    let Some(world) = World::start() else { return };
    let told =
        world.frazil(&["search", "ATL08", "-p", "shortname=x", "--bbox", "1,2,3", "--time", "2020-13"]);
    let told = stderr(&told.code(64));
    for part in ["did you mean `short_name`?", "it has 3 numbers", "`2020-13` is no moment"] {
        assert!(told.contains(part), "{told}");
    }
    for arguments in [
        &["search", "ATL08", "--out", "found.csv"][..],
        &["search", "--datasets", "-o", "stac"],
        &["where", "ATL08", "-o", "geojson"],
        &["search", "ATL08", "--all", "--limit", "3"],
    ] {
        world.frazil(arguments).code(64);
    }
    assert!(stderr(&world.frazil(&["info", "NO_SUCH_DATA"]).code(1)).contains("knows no `NO_SUCH_DATA`"));
}

#[test]
fn files_of_catalogues_in_files_are_brought_without_a_login() {
    let Some(world) = World::start() else { return };
    let esm = json!({"esmcat_version": "0.1.0", "assets": {"column_name": "path", "format": "netcdf"},
        "catalog_dict": [{"path": "https://open.example.org/sized/1/1000.nc", "v": "tos"},
            {"path": "https://open.example.org/sized/2/2000.nc", "v": "o2"}]});
    std::fs::write(world.home.path().join("esm.json"), esm.to_string()).unwrap();
    std::fs::write(
        world.home.path().join("c.yaml"),
        "sources:\n  a: {driver: netcdf, args: {urlpath: 'https://open.example.org/sized/3/3000.nc'}}\n",
    )
    .unwrap();
    for (arguments, sizes) in [
        (&["--from", "esm.json", "--all"][..], &[1000, 2000][..]),
        (&["--from", "esm.json", "-p", "v=o2"], &[2000]),
        (&["--from", "c.yaml"], &[3000]),
    ] {
        let folder = tempfile::tempdir_in(world.home.path()).unwrap();
        let out = folder.path().to_str().unwrap();
        let brought = world.json(&[&["download", "--out", out], arguments].concat());
        assert_eq!(brought["complete"], true, "{brought}");
        let mut came: Vec<u64> = Vec::new();
        for item in brought["items"].as_array().unwrap() {
            came.push(folder.path().join(item["path"].as_str().unwrap()).metadata().unwrap().len());
        }
        assert_eq!(came, sizes, "{brought}");
    }
}

#[test]
fn files_are_brought_by_their_addresses() {
    let Some(world) = World::start() else { return };
    let found = world.frazil(&["search", "SCATTERED_POINTS", "--limit", "1", "-o", "stac"]).success();
    let found: Value = serde_json::from_str(&stdout(&found)).unwrap();
    let assets = found["features"][0]["assets"].as_object().unwrap().values();
    let mut data = assets.filter(|asset| asset["roles"][0] == "data");
    let behind_login = data.next().unwrap()["href"].as_str().unwrap();
    assert!(behind_login.starts_with("https://archive.podaac.earthdata.nasa.gov/"), "{behind_login}");
    let open = "https://open.example.org/sized/1/1000.nc";
    let brought = world.json(&["download", open, behind_login, "--out", "files"]);
    assert_eq!(brought["complete"], true, "{brought}");
    assert_eq!(brought["items"].as_array().unwrap().len(), 2);
    assert_eq!(world.home.path().join("files/1000.nc").metadata().unwrap().len(), 1000);
    let told = stderr(&world.frazil(&["download", open, "https://doi.org/10.5067/ATLAS/ATL08.006"]).code(64));
    assert!(told.contains("`https://doi.org/10.5067/ATLAS/ATL08.006` is no address"), "{told}");
}

#[test]
fn a_login_is_kept_for_its_owner_only() {
    let Some(world) = World::start() else { return };
    let kept = world.json(&["login", "--keep"]);
    let path = world.home.path().join(".netrc");
    assert_eq!(kept["kept"], path.display().to_string());
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("machine urs.earthdata.nasa.gov"), "it has no entry");
    assert!(text.contains(world.told["username"].as_str().unwrap()), "it has no user");
    assert!(!kept.to_string().contains(world.told["password"].as_str().unwrap()));
}

#[test]
fn datasets_are_described_and_placed() {
    let Some(world) = World::start() else { return };
    let found = world.json(&["search", "ATL03", "--datasets"]);
    assert_eq!(found["items"].as_array().unwrap().len(), 2);
    let one = world.json(&["info", "10.5067/ATLAS/ATL08.006"]);
    assert_eq!((&one["dataset"]["short_name"], &one["dataset"]["granules"]), (&json!("ATL08"), &json!(4000)));
    let places = world.json(&["where", "ATL03"]);
    assert_eq!(places["here"]["region"], "aws/eu-central-1");
    let clouds: Vec<&Value> =
        places["items"].as_array().unwrap().iter().map(|item| &item["cloud_hosted"]).collect();
    assert!(clouds.contains(&&json!(true)) && clouds.contains(&&json!(false)), "{places}");
    let cloud = places["items"].as_array().unwrap().iter().find(|item| item["cloud_hosted"] == true).unwrap();
    assert_eq!((&cloud["region"], &cloud["way"]), (&json!("us-west-2"), &json!("https")));
    let granule = world.json(&["search", "ATL08", "--limit", "1"])["items"][0]["id"].clone();
    let granule = world.json(&["info", granule.as_str().unwrap()]);
    assert!(
        granule["item"]["assets"][0]["checksum"]["value"].is_string() && granule["raw"]["umm"].is_object()
    );
}

#[test]
fn stac_and_files_are_searched_by_the_same_verb() {
    let Some(world) = World::start() else { return };
    let found = world.json(&["search", "naip", "--from", "planetary-computer", "--limit", "3"]);
    assert_eq!(found["items"].as_array().unwrap().len(), 3);
    assert_eq!(found["items"][0]["source"], "stac");
    let item = json!({"type": "Feature", "stac_version": "1.0.0", "id": "i", "geometry": null, "links": [],
        "properties": {"datetime": "2020-01-01T00:00:00Z"}, "assets": {}});
    let catalog = json!({"type": "Catalog", "id": "c", "stac_version": "1.0.0",
        "links": [{"rel": "item", "href": "gone.json"}, {"rel": "item", "href": "i.json"}]});
    let esm = json!({"esmcat_version": "0.1.0", "assets": {"column_name": "path", "format": "zarr"},
        "catalog_dict": [{"path": "gs://b/1.zarr", "v": "tos"}, {"path": "gs://b/2.zarr", "v": "o2"}]});
    for (name, value) in [("i.json", item), ("catalog.json", catalog), ("esm.json", esm)] {
        std::fs::write(world.home.path().join(name), value.to_string()).unwrap();
    }
    std::fs::write(
        world.home.path().join("c.yaml"),
        "sources:\n  a: {driver: zarr, args: {urlpath: s3://b/a.zarr}}\n",
    )
    .unwrap();
    let walked = world.frazil(&["search", "--from", "catalog.json", "-o", "json"]).success();
    assert_eq!(serde_json::from_str::<Value>(&stdout(&walked)).unwrap()["items"][0]["id"], "i");
    assert!(stderr(&walked).contains("gone.json"), "what is left out is told: {}", stderr(&walked));
    let rows = world.json(&["search", "--from", "esm.json", "-p", "v=o*"]);
    assert_eq!((&rows["matched"], &rows["items"][0]["id"]), (&json!(1), &json!("gs://b/2.zarr")));
    assert_eq!(world.json(&["search", "--from", "c.yaml"])["items"][0]["name"], "a");
    for (from, id) in [("esm.json", "gs://b/2.zarr"), ("c.yaml", "a"), ("catalog.json", "i")] {
        assert_eq!(world.json(&["info", id, "--from", from])["item"]["name"], id.rsplit('/').next().unwrap());
        assert!(stderr(&world.frazil(&["info", "none", "--from", from]).code(1)).contains("knows no `none`"));
    }
    let placed = world.json(&["where", "gs://b/2.zarr", "--from", "esm.json"]);
    let placed = &placed["items"][0];
    assert_eq!(
        (&placed["buckets"][0], &placed["way"], &placed["region"]),
        (&json!("b"), &json!("gs"), &Value::Null)
    );
    assert!(placed["because"].as_str().unwrap().contains("its region is not told"), "{placed}");
    assert_eq!(world.json(&["search", "--from", "esm.json", "--count"])["matched"], 2);
    assert!(stderr(&world.frazil(&["search", "--from", "nowhere.json"]).code(1)).contains("nowhere.json"));
}

#[test]
fn files_are_brought_and_the_same_call_brings_none_again() {
    let Some(world) = World::start() else { return };
    let arguments = ["download", "SCATTERED_POINTS", "--limit", "5", "--out", "data"];
    let brought = world.json(&arguments);
    assert_eq!((&brought["complete"], brought["items"].as_array().unwrap().len()), (&json!(true), 5));
    assert!(brought["came_bytes"].as_u64().unwrap() > 0);
    for item in brought["items"].as_array().unwrap() {
        let path = world.home.path().join("data").join(item["path"].as_str().unwrap());
        assert_eq!(item["size_bytes"], path.metadata().unwrap().len());
    }
    assert_eq!(world.json(&arguments)["came_bytes"], 0);
    let told = world.frazil(&["download", "SCATTERED_POINTS", "--out", "data"]).code(64);
    assert!(stderr(&told).contains("1000 granules are found"), "{}", stderr(&told));
    let login = world.json(&["login"]);
    assert_eq!(login["user"], world.told["username"]);
    assert!(!login.to_string().contains(world.told["password"].as_str().unwrap()));
}

#[test]
fn files_of_stac_items_are_signed_and_have_folders_by_their_ids() {
    let Some(world) = World::start() else { return };
    let search = ["naip", "--from", "planetary-computer"];
    let told = stderr(&world.frazil(&[&["download"], search.as_slice()].concat()).code(64));
    assert!(told.contains("21 or more granules are found"), "the catalogue does not count: {told}");
    let found = world.json(&[&["search", "--limit", "2"], search.as_slice()].concat());
    let arguments = [&["download", "--limit", "2", "--out", "naip"], search.as_slice()].concat();
    let brought = world.json(&arguments);
    assert_eq!(brought["complete"], true, "{brought}");
    let ids: Vec<&str> =
        found["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    let mut folders = std::collections::BTreeSet::new();
    for file in brought["items"].as_array().unwrap() {
        let path = file["path"].as_str().unwrap();
        let folder = path.split_once('/').unwrap().0;
        assert!(ids.contains(&folder), "{path}");
        folders.insert(folder);
        let there = world.home.path().join("naip").join(path).metadata().unwrap();
        assert_eq!(file["size_bytes"], there.len());
    }
    assert_eq!(folders.len(), 2);
    let one = [&["download", "--limit", "1", "--out", "naip"], search.as_slice()].concat();
    assert_eq!(world.json(&one)["came_bytes"], 0, "the path of a file is the same whatever else is found");
    assert_eq!(world.json(&arguments)["came_bytes"], 0);
}

#[test]
fn finds_without_number_are_one_document() {
    let Some(world) = World::start() else { return };
    let all =
        |form: &str| stdout(&world.frazil(&["search", "SCATTERED_POINTS", "--all", "-o", form]).success());
    let found: Value = serde_json::from_str(&all("json")).unwrap();
    let items = found["items"].as_array().unwrap();
    let ids: std::collections::BTreeSet<&str> =
        items.iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert_eq!((&found["matched"], items.len(), ids.len()), (&json!(1000), 1000, 1000));
    for form in ["geojson", "stac"] {
        let collection: Value = serde_json::from_str(&all(form)).unwrap();
        assert_eq!(collection["features"].as_array().unwrap().len(), 1000, "{form}");
    }
    assert_eq!(all("csv").lines().count(), 1001);
    assert_eq!(all("yaml").matches("source: cmr").count(), 1000);
    let table = all("table");
    assert_eq!(table.lines().filter(|line| line.starts_with("NAME")).count(), 1);
    assert_eq!(table.lines().count(), 1002);
    assert!(table.lines().last().unwrap().starts_with("1000 found"), "{table}");
}

#[test]
fn files_that_do_not_come_are_told_with_their_reasons() {
    let Some(world) = World::with(&json!({"rates": {"egress": {"html": 1.0}}})) else { return };
    let failed = world.frazil(&["download", "SCATTERED_POINTS", "--limit", "2", "-o", "json"]).code(1);
    let failed: Value = serde_json::from_str(&stdout(&failed)).unwrap();
    assert_eq!(failed["complete"], false);
    for item in failed["items"].as_array().unwrap() {
        assert_eq!(item["state"], "failed");
        assert!(item["why"].as_str().unwrap().contains("a page for people"), "{item}");
        assert!(!world.home.path().join(item["path"].as_str().unwrap()).exists());
    }
}

#[test]
fn what_a_search_would_not_heed_is_refused() {
    let Some(world) = World::start() else { return };
    for (arguments, told) in [
        (&["search", "naip", "--from", "planetary-computer", "--login"][..], "--login is for CMR"),
        (&["info", "x", "--from", "planetary-computer", "--login"], "--login is for CMR"),
        (&["search", "ATL08", "--filter", "eo:cloud_cover < 10"], "--filter is for STAC"),
        (&["search", "--services", "--bbox", "1,2,3,4", "--time", "2020"], "--bbox and --time"),
        (&["download", "ATL08", "--connections", "0"], "1..=256"),
    ] {
        let said = stderr(&world.frazil(arguments).code(64));
        assert!(said.contains(told), "{said}");
    }
}

/// Small files of each format.
const SEEDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds");

/// The program, with fake-gcs-server in Google's place and no way to any other.
fn beside(google: &Google, home: &Path, arguments: &[&str]) -> Assert {
    assert_cmd::Command::new(assert_cmd::cargo::cargo_bin("frazil"))
        .env_clear()
        .env("HOME", home)
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .env("STORAGE_EMULATOR_HOST", &google.endpoint)
        .env("FRAZIL_REGION", "google/us-central1")
        .current_dir(home)
        .arg("data")
        .args(arguments)
        .args(["-o", "json"])
        .assert()
}

/// The program by itself, with a variable and nothing else.
fn alone(variable: (&str, &str), arguments: &[&str]) -> Assert {
    assert_cmd::Command::new(assert_cmd::cargo::cargo_bin("frazil"))
        .env_clear()
        .env("HOME", env!("CARGO_TARGET_TMPDIR"))
        .env("FRAZIL_REGION", "aws/us-west-2")
        .env(variable.0, variable.1)
        .arg("data")
        .args(arguments)
        .assert()
}

#[test]
fn files_in_google_cloud_storage_are_told_of_and_brought() {
    let hdf5 = std::fs::read(format!("{SEEDS}/arrays/latest.h5")).unwrap();
    let objects: [(_, _, &[u8]); 3] =
        [("data", "a/x.nc", b"abc"), ("data", "b/y.nc", b"defg"), ("data", "z.h5", &hdf5)];
    let Some(google) = Google::start(&objects) else { return };
    let home = tempfile::tempdir().unwrap();
    let json = |arguments: &[&str]| -> Value {
        let told = beside(&google, home.path(), arguments).success();
        serde_json::from_slice(&told.get_output().stdout).unwrap()
    };
    let place = &json(&["where", "gs://data/a/x.nc"])["items"][0];
    assert_eq!((&place["way"], &place["region"]), (&json!("gs"), &json!("us-central1")), "{place}");
    let info = json(&["info", "gs://data/a/x.nc"]);
    let asset = &info["item"]["assets"][0];
    assert_eq!(asset["size_bytes"], 3, "{info}");
    assert_eq!(asset["checksum"]["value"], "900150983cd24fb0d6963f7d28e17f72", "{info}");
    let contents = json(&["info", "gs://data/z.h5"]);
    assert_eq!(contents["format"], "HDF5", "{contents}");
    assert!(contents["opening"]["received_bytes"].as_u64() > Some(0), "{contents}");
    std::fs::write(home.path().join("prices.json"), r#"[{"usd_per_gib": "1"}]"#).unwrap();
    let priced = json(&["info", "gs://data/z.h5", "--stored", "--prices", "prices.json"]);
    let costs = |told: &Value| told["usd"].as_str().is_some_and(|usd| usd.parse::<f64>().unwrap() > 0.0);
    assert!(costs(&priced["opening"]) && !costs(&contents["opening"]), "{priced}");
    assert!(priced["stored"].as_object().unwrap().values().any(costs), "{priced}");
    let references = r#"{".zgroup": "{\"zarr_format\": 2}", "a/0": ["gs://data/z.h5", 0, 100],
        "a/.zarray": "{\"zarr_format\": 2, \"shape\": [100], \"chunks\": [100], \"dtype\": \"|u1\",
            \"fill_value\": 0, \"order\": \"C\", \"compressor\": null, \"filters\": null}"}"#;
    let references = references.replace('\n', " ");
    std::fs::write(home.path().join("references.json"), references).unwrap();
    let elsewhere = json(&["info", "references.json", "--stored", "--prices", "prices.json"]);
    assert!(
        costs(&elsewhere["stored"]["/a"]) && elsewhere["stored"]["/a"]["stored_bytes"] == 100,
        "{elsewhere}"
    );
    let brought = json(&["download", "gs://data/a/x.nc", "gs://data/b/y.nc", "--out", "files"]);
    let files = brought["items"].as_array().unwrap();
    assert!(files.iter().all(|file| file["route"] == "gs" && file["checked"] == "checksum"), "{brought}");
    assert_eq!(std::fs::read(home.path().join("files/y.nc")).unwrap(), b"defg");
    let table = r#"{"esmcat_version":"0.1.0","assets":{"column_name":"path","format":"netcdf"},
        "catalog_dict":[{"path":"gs://data/a/x.nc"}]}"#;
    std::fs::write(home.path().join("esm.json"), table).unwrap();
    let brought = json(&["download", "--from", "esm.json", "--out", "rows"]);
    assert_eq!(brought["items"][0]["route"], "gs", "{brought}");
    std::fs::write(
        home.path().join("intake.yaml"),
        "sources:\n  y: {driver: netcdf, args: {urlpath: 'gs://data/b/y.nc'}}\n",
    )
    .unwrap();
    let place = &json(&["where", "y", "--from", "intake.yaml"])["items"][0];
    assert_eq!((&place["way"], &place["region"]), (&json!("gs"), &json!("us-central1")), "{place}");
    let told = beside(&google, home.path(), &["download", "gs://data/none.nc", "--out", "files"]).failure();
    assert!(stdout(&told).contains("there is nothing at gs://data/none.nc (404)"), "{}", stdout(&told));
    let mixed = beside(&google, home.path(), &["download", "gs://data/a/x.nc", "ATL08"]).failure();
    assert!(stderr(&mixed).contains("`ATL08` is no address"), "{}", stderr(&mixed));
}

#[test]
fn a_file_tells_what_it_holds() {
    let file = &format!("{SEEDS}/arrays/latest.h5");
    let whole = stdout(&alone(("A", "b"), &["info", file, "--stored", "-o", "json"]).success());
    let told: Value = serde_json::from_str(&whole).unwrap();
    assert_eq!(
        (told["schema"].as_str(), told["format"].as_str()),
        (Some("frazil.data.contents/v1"), Some("HDF5"))
    );
    assert!(told["opening"]["requests"].as_u64() > Some(0) && told["opening"]["local"] == true, "{told}");
    let stored = told["stored"].as_object().unwrap();
    assert!(stored.values().any(|planned| planned["stored_bytes"].as_u64() > Some(0)), "{stored:?}");
    let table = stdout(&alone(("A", "b"), &["info", file]).success());
    assert!(
        table.contains("HDF5") && table.contains("VARIABLE") && table.contains("opening it read"),
        "{table}"
    );
    let error = stderr(&alone(("A", "b"), &["info", file, "--group", "/none"]).failure());
    assert!(error.contains("/none"), "{error}");
    let error = stderr(&alone(("A", "b"), &["info", "ftp://a/b.h5"]).failure());
    assert!(error.contains("ftp"), "{error}");
}

#[test]
fn the_byte_ledger_tells_what_was_read_and_what_it_cost() {
    use frazil_byte_ledger::{Record, Route, Who, Writer};
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("bytes");
    let writer = Writer::open(&ledger, &Who { user: "ada".into(), ..Who::default() }).unwrap();
    let record = Record {
        dataset: "ATL03.006".into(),
        bucket: "nsidc".into(),
        region: "aws/us-west-2".into(),
        route: Route::Internet,
        requester_pays: true,
        requests: 3,
        requested: 2 << 30,
        received: 2 << 30,
        time: 1,
        ..Record::default()
    };
    writer.append(&record).unwrap();
    writer.append(&record).unwrap();
    let prices = folder.path().join("prices.json");
    std::fs::write(&prices, r#"[{"route": "internet", "usd_per_gib": "0.09"}]"#).unwrap();
    let named = ("FRAZIL_BYTE_LEDGER", ledger.to_str().unwrap());
    let whole = alone(named, &["stats", "--prices", prices.to_str().unwrap(), "-o", "json"]).success();
    let told: Value = serde_json::from_str(&stdout(&whole)).unwrap();
    let row = &told["rows"][0];
    assert_eq!((row["requests"].as_u64(), row["received_bytes"].as_u64()), (Some(6), Some(4 << 30)));
    assert_eq!((row["cost_usd"].as_str(), row["route"].as_str()), (Some("0.36"), Some("internet")));
    let table = stdout(&alone(named, &["stats"]).success());
    assert!(table.contains("ATL03.006") && table.contains("4.29 GB"), "{table}");
    let error = stderr(&alone(("A", "b"), &["stats"]).failure());
    assert!(error.contains("FRAZIL_BYTE_LEDGER"), "{error}");
}
