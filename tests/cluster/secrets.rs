//! Secrets are where they belong and nowhere else.

use std::collections::BTreeMap;
use std::path::Path;

use super::hub::{CLIENT_SECRET, Hub};
use super::scratch::{stderr, stdout};

/// Every file below a folder with what it holds.
fn files(folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            found.insert(path.display().to_string(), text);
        }
    }
}

#[test]
fn no_secret_is_told_or_written_down() {
    let Some(hub) = Hub::new() else { return };
    let mut told = String::new();
    for arguments in [
        &["plan", "-o", "json", "--out", "plan.json"][..],
        &["up", "--auto-approve"],
        &["drift", "-o", "json"],
        &["plan", "-o", "json"],
    ] {
        let output = hub.run(arguments);
        told += &(stdout(&output) + &stderr(&output));
    }
    let kept = hub.kubectl(&["get", "secret/frazil-secrets", "-n", "lab", "--output=json"]);
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    let data = kept["data"].as_object().unwrap();
    assert!(data.len() >= 4, "{:?}", data.keys());
    let decode = |text: &str| {
        use base64::Engine;
        String::from_utf8(base64::engine::general_purpose::STANDARD.decode(text).unwrap()).unwrap()
    };
    let mut secrets: Vec<_> = data.values().map(|value| decode(value.as_str().unwrap())).collect();
    assert!(secrets.iter().any(|secret| secret == CLIENT_SECRET));
    secrets.extend(data.values().map(|value| value.as_str().unwrap().to_owned()));
    let mut places = BTreeMap::from([("output".to_owned(), told)]);
    files(hub.machine.path(), &mut places);
    assert!(places.keys().any(|path| path.ends_with("journal.jsonl")), "{:?}", places.keys());
    let notes = hub.kubernetes.run("helm", &["get", "notes", "lab-jupyterhub", "-n", "lab"]);
    places.insert("notes".to_owned(), notes);
    for (place, text) in &places {
        let found = secrets.iter().position(|secret| text.contains(secret.as_str()));
        assert_eq!(found, None, "a secret is in {place}");
    }
}

#[test]
fn random_secrets_outlive_every_up() {
    let Some(hub) = Hub::new() else { return };
    hub.up();
    let kept = || hub.kubectl(&["get", "secret/frazil-secrets", "-n", "lab", "--output=jsonpath={.data}"]);
    let before = kept();
    hub.machine.write("hub.yaml", super::hub::file("welcome: Hello\n"));
    hub.up();
    assert_eq!(kept(), before);
}
