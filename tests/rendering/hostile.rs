//! Strings that one language or another takes for something else, in every place that takes
//! free text: what is rendered reads back as what was typed.

use std::path::Path;

use frazil::config::{HubFile, check_bytes};
use frazil::render::cluster::Cluster;
use frazil::render::{File, Tree, hub_files, manifests, ops_manifests, releases, values_path, variables};
use serde_json::{Value, json};

use super::corpus::Numbers;
use super::hubs::{TODAY, hub};

/// How many hub files are made: five hundred, or ten thousand with the long checks.
fn hubs() -> usize {
    if std::env::var_os("FRAZIL_LONG").is_some() { 10_000 } else { 500 }
}

/// Pieces that have bitten somebody: templates of four languages, YAML 1.1's booleans and
/// numbers, quotes, line ends of Unicode, what looks like an anchor, a tag, a comment.
pub(crate) const PIECES: [&str; 64] = [
    "${jndi}",
    "$${a}",
    "$$${",
    "%{if true}",
    "%%{",
    "{{ .Values.x }}",
    "{{",
    "}}",
    "{% raw %}",
    "{username}",
    "{",
    "}",
    "\"",
    "'",
    "\\",
    "\\n",
    "`id`",
    "$(id)",
    "\n",
    "\r\n",
    "\n\n  x: y\n",
    "\t",
    " ",
    "  ",
    "\u{85}",
    "\u{2028}",
    "\u{2029}",
    "\u{feff}",
    "\u{a0}",
    "\u{7f}",
    "😀",
    "👩‍🚀",
    "é",
    "e\u{301}",
    "漢字",
    "NO",
    "no",
    "on",
    "y",
    "Yes",
    "off",
    "null",
    "~",
    "true",
    "012",
    "0o14",
    "0x1F",
    "1_000",
    "1e3",
    ".inf",
    "1:30:00",
    "2026-03-21",
    "=",
    "<<",
    "- a",
    "a: b",
    "#c",
    "&x",
    "*x",
    "!t",
    "|",
    ">-",
    "%TAG",
    "@at",
];

/// Numbers that readers write or round in ways of their own: the largest whole one that a floating
/// number holds with all below it, and those that are written with an exponent.
const NUMBERS: [f64; 6] = [1_000_000.0, 9_007_199_254_740_991.0, -0.5, 1e-7, 1.5e21, 1e300];

/// A string of some pieces.
fn string(numbers: &mut Numbers) -> String {
    (0..=numbers.below(4)).map(|_| PIECES[numbers.below(PIECES.len())]).collect()
}

/// A hub file in which everything that takes free text has a hostile one.
pub(crate) fn hostile(numbers: &mut Numbers) -> Value {
    let mut hub = hub(&numbers.choice());
    let mut text = || string(numbers);
    hub["silence"] = json!([{ "rule": "no-effect", "because": text() }]);
    let marks = if hub["provider"].get("gcp").is_some() { "labels" } else { "tags" };
    hub["overrides"] = json!({
        "jupyterhub": { "custom": { text(): text(), "list": [text(), 1, 2.5, true, null], "numbers": NUMBERS } },
        "dask-gateway": { "gateway": { "backend": { "environment": { text(): text() } } } },
        "terraform": { marks: { text(): text(), text(): text() } },
    });
    if hub["hub"] == true {
        hub["welcome"] = text().into();
        hub["terms"] = text().into();
    }
    for size in hub.get_mut("sizes").and_then(Value::as_array_mut).into_iter().flatten() {
        size["description"] = text().into();
    }
    for login in ["github", "cilogon", "oidc"] {
        if let Some(client) = hub["auth"].get_mut(login) {
            client["client_id"] = text().into();
        }
    }
    if let Some(kubernetes) = hub["provider"].get_mut("kubernetes") {
        kubernetes["context"] = text().into();
    }
    hub
}

/// A hostile hub file as YAML, read as a hub.
pub(crate) fn read(typed: &Value) -> HubFile {
    let text = serde_yaml::to_string(typed).unwrap();
    let checked = check_bytes(text.clone().into_bytes(), Path::new("hub.yaml"), TODAY);
    let found: Vec<_> = checked.problems.iter().map(|problem| &problem.message).collect();
    checked.document.unwrap_or_else(|| panic!("{found:?}\n{text}")).hub
}

fn text(file: &File) -> &str {
    std::str::from_utf8(&file.content).unwrap()
}

/// A file of YAML as serde reads it.
pub(crate) fn yaml(file: &File) -> Value {
    serde_yaml::from_str(text(file)).unwrap_or_else(|error| panic!("{error}\n{}", text(file)))
}

/// A file of a tree.
pub(crate) fn file<'a>(tree: &'a Tree, path: &Path) -> &'a File {
    tree.files().find(|(own, _)| *own == path).map(|(_, file)| file).unwrap()
}

/// The JSON that a literal of Python in the gateway's last block holds, by reading it as JSON twice:
/// what is pure ASCII in JSON's quotes means the same to Python.
fn settings(block: &str) -> Value {
    let start = block.find('"').unwrap();
    let end = block.rfind('"').unwrap();
    let inner: String = serde_json::from_str(&block[start..=end]).unwrap();
    serde_json::from_str(&inner).unwrap()
}

fn assert_reads_back(hub: &HubFile) {
    let tree = hub_files(&Cluster::new(hub).unwrap()).unwrap();
    let cluster = Cluster::new(hub).unwrap();
    for release in releases(&cluster).unwrap() {
        assert_eq!(yaml(file(&tree, &values_path(&release))), release.values);
        if let Some(data) = release.values.pointer("/hub/extraFiles/hub.json/stringData") {
            let data: Value = serde_json::from_str(data.as_str().unwrap()).unwrap();
            assert_eq!((&data["welcome"], &data["terms"]), (&json!(hub.welcome), &json!(hub.terms)));
            let described = hub.sizes.iter().map(|size| size.description.clone().unwrap_or_default());
            let read = data["sizes"].as_array().unwrap().iter().map(|size| size["description"].clone());
            assert!(read.eq(described.map(Value::from)));
        }
        if let Some(block) = release.values.pointer("/gateway/extraConfig/30-frazil") {
            assert!(settings(block.as_str().unwrap())["image"].is_string());
        }
    }
    if let Some(variables) = variables(&cluster) {
        let written = file(&tree, Path::new("terraform/hub.auto.tfvars.json"));
        assert_eq!(serde_json::from_slice::<Value>(&written.content).unwrap(), variables);
    }
    let objects: Vec<Value> =
        tree.files().filter(|(path, _)| path.starts_with("manifests")).map(|(_, file)| yaml(file)).collect();
    let wanted = [manifests(&cluster), ops_manifests(&cluster)].concat();
    assert_eq!(objects.len(), wanted.len());
    assert!(wanted.iter().all(|object| objects.contains(object)));
}

#[test]
fn what_people_type_reads_back_unchanged() {
    let thread = |seed: u64| {
        move || {
            let mut numbers = Numbers(seed);
            for _ in 0..hubs() / 2 {
                let typed = hostile(&mut numbers);
                let hub = read(&typed);
                let said = serde_json::to_value(&hub).unwrap();
                for key in ["welcome", "terms", "overrides", "silence"] {
                    assert!(typed[key].is_null() || said[key] == typed[key], "{key}: {typed:#}");
                }
                assert_reads_back(&hub);
            }
        }
    };
    let other = std::thread::spawn(thread(0xf2a5));
    thread(0x1ce)();
    other.join().unwrap();
}
