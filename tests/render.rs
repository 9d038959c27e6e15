//! `frazil render` as a person runs it: what it writes, what it names, and what it leaves alone.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise and says what it skips"
)]

#[path = "support/scratch.rs"]
mod scratch;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use frazil::config::check_bytes;
use frazil::render::cluster::Cluster;
use frazil::render::secrets::{complete, secrets};
use scratch::{Scratch, stderr, stdout};

const HACKWEEK: &str = include_str!("../examples/hackweek-aws.yaml");

/// A machine with the hub file of a hackweek.
fn hackweek() -> Scratch {
    let machine = Scratch::new();
    machine.write("hub.yaml", HACKWEEK);
    machine
}

fn render(machine: &Scratch, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = machine.run(["render", "hub.yaml", "--out", "tree"].iter().chain(arguments));
    (output.status.code(), stdout(&output), stderr(&output))
}

/// Every file below a folder, with what it holds.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), fs::read(path).unwrap());
        }
    }
    found
}

#[test]
fn the_same_file_gives_the_same_bytes_wherever_it_is_rendered() {
    let trees: Vec<_> = [hackweek(), hackweek()]
        .iter()
        .map(|machine| {
            assert_eq!(render(machine, &[]).0, Some(0));
            let tree = machine.path().join("tree");
            let inside =
                |(path, content): (PathBuf, _)| (path.strip_prefix(&tree).unwrap().to_owned(), content);
            files(&tree).into_iter().map(inside).collect::<BTreeMap<_, _>>()
        })
        .collect();
    assert!(trees[0].len() > 15);
    assert_eq!(trees[0], trees[1]);
}

#[test]
fn nodes_that_are_kept_warm_are_named_with_their_days() {
    let machine = hackweek();
    assert_eq!(render(&machine, &[]).0, Some(0));
    let notes = fs::read_to_string(machine.path().join("tree/README.md")).unwrap();
    for wanted in ["8 x r5a.2xlarge", "2027-03-22", "2027-03-26", "userPlaceholder.replicas"] {
        assert!(notes.contains(wanted), "{wanted} is not in {notes}");
    }
}

#[test]
fn a_gateway_of_another_file_is_told_by_its_address() {
    let machine = Scratch::new();
    machine.write("hub.yaml", include_str!("../examples/every-key.yaml"));
    machine.write("gateway-gcp.yaml", include_str!("../examples/gateway-gcp.yaml"));
    assert_eq!(render(&machine, &[]).0, Some(0));
    let values = fs::read_to_string(machine.path().join("tree/helm/jupyterhub.yaml")).unwrap();
    assert!(values.contains("gcp/us-central1") && values.contains("https://gateway.example.org"));
    assert!(!values.contains("gateway-gcp.yaml"), "a path of the administrator's machine");
}

#[test]
fn check_names_what_differs_and_changes_nothing() {
    let machine = hackweek();
    let tree = machine.path().join("tree");
    let (code, text, _) = render(&machine, &["--check"]);
    assert_eq!(code, Some(2));
    assert!(text.contains("helm/jupyterhub.yaml") && text.contains("missing"), "{text}");
    assert!(!tree.exists());

    assert_eq!(render(&machine, &[]).0, Some(0));
    assert_eq!(render(&machine, &["--check"]).0, Some(0));
    let values = tree.join("helm/jupyterhub.yaml");
    fs::write(&values, "hub: {}\n").unwrap();
    fs::remove_file(tree.join("charts.yaml")).unwrap();
    machine.write("hub.yaml", HACKWEEK.replace("gpu: 1", "gpu: 0"));
    let before = files(&tree);
    let (code, text, _) = render(&machine, &["--check"]);
    assert_eq!(code, Some(2));
    let says = |file: &str, word: &str| text.lines().any(|line| line.contains(file) && line.contains(word));
    assert!(says("helm/jupyterhub.yaml", "differs"), "{text}");
    assert!(says("charts.yaml", "missing"), "{text}");
    assert!(says("helm/nvidia-device-plugin.yaml", "no longer rendered"), "{text}");
    assert_eq!(files(&tree), before);
}

#[test]
fn only_what_was_rendered_before_is_removed() {
    let machine = hackweek();
    render(&machine, &[]);
    let lock = machine.write("tree/terraform/.terraform.lock.hcl", "# of Terraform\n");
    let note = machine.write("tree/helm/mine.yaml", "hub: {}\n");
    let plugin = machine.path().join("tree/helm/nvidia-device-plugin.yaml");
    assert!(plugin.exists());
    machine.write("hub.yaml", HACKWEEK.replace("gpu: 1", "gpu: 0"));
    let (code, text, _) = render(&machine, &[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(!plugin.exists());
    assert!(lock.exists() && note.exists());
    assert_eq!(render(&machine, &["--check"]).0, Some(0));
}

#[test]
fn a_folder_of_somebody_else_is_left_alone() {
    let machine = hackweek();
    let thesis = machine.write("tree/thesis.tex", "");
    let (code, _, error) = render(&machine, &[]);
    assert_eq!(code, Some(1));
    assert!(error.contains("not rendered by frazil") && error.contains("--out"), "{error}");
    assert_eq!(files(&machine.path().join("tree")).into_keys().collect::<Vec<_>>(), [thesis]);
}

#[test]
fn a_folder_of_another_hub_is_left_alone() {
    let machine = hackweek();
    render(&machine, &[]);
    let before = files(&machine.path().join("tree"));
    machine.write("hub.yaml", HACKWEEK.replace("name: icesat2-2026", "name: other"));
    let (code, _, error) = render(&machine, &[]);
    assert_eq!(code, Some(1));
    assert!(error.contains("icesat2-2026"), "{error}");
    assert_eq!(files(&machine.path().join("tree")), before);
}

#[test]
fn a_list_of_files_outside_the_folder_removes_nothing() {
    let machine = hackweek();
    let outside = machine.write("thesis.tex", "");
    let list = r#"{"hub":"icesat2-2026","files":["../thesis.tex"]}"#;
    machine.write("tree/frazil.json", list);
    assert_eq!(render(&machine, &[]).0, Some(1));
    assert!(outside.exists());
}

/// What no output may repeat.
const PLANTED: &str = "gho_plantedPlantedPlanted0123456789";

#[test]
fn references_to_secrets_stay_references() {
    let machine = hackweek();
    let sops = "{ sops: \"secrets.yaml#github\" }";
    let file = "{ file: secret.txt }";
    machine.write("secret.txt", PLANTED);
    machine.write("secrets.yaml", format!("github: {PLANTED}\n"));
    for (reference, kept) in [
        ("{ env: GITHUB_CLIENT_SECRET }", r#""env": "GITHUB_CLIENT_SECRET""#),
        (file, r#""file": "secret.txt""#),
        (sops, r#""sops": "secrets.yaml#github""#),
    ] {
        machine.write("hub.yaml", HACKWEEK.replace("{ env: GITHUB_CLIENT_SECRET }", reference));
        let mut call = machine.frazil();
        call.args(["render", "hub.yaml", "--out", "tree"]).env("GITHUB_CLIENT_SECRET", PLANTED);
        let output = call.output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        let found = files(&machine.path().join("tree"));
        let names = String::from_utf8_lossy(&found[&machine.path().join("tree/secrets.json")]);
        assert!(names.contains(kept), "{names}");
        for (path, content) in &found {
            assert!(!String::from_utf8_lossy(content).contains(PLANTED), "{}", path.display());
        }
        assert!(!(stdout(&output) + &stderr(&output)).contains(PLANTED));
    }
}

#[test]
fn a_secret_in_an_override_is_refused_and_nothing_is_written() {
    for values in [
        "jupyterhub: { hub: { config: { GitHubOAuthenticator: { client_secret: PLANTED } } } }",
        "jupyterhub: { singleuser: { extraEnv: { AWS_SECRET_ACCESS_KEY: PLANTED } } }",
        "jupyterhub: { hub: { extraEnv: [{ name: LAB_TOKEN, value: PLANTED }] } }",
        "jupyterhub: { hub: { config: { CryptKeeper: { keys: [PLANTED] } } } }",
        "jupyterhub: { hub: { db: { url: \"postgres://hub:PLANTED@db/hub\" } } }",
        "dask-gateway: { gateway: { auth: { simple: { password: PLANTED } } } }",
    ] {
        let machine = Scratch::new();
        let values = values.replace("PLANTED", PLANTED);
        machine.write("hub.yaml", format!("{HACKWEEK}overrides:\n  {values}\n"));
        let (code, out, error) = render(&machine, &[]);
        assert_eq!(code, Some(1), "{values}");
        assert!(error.contains("secret-in-clear"), "{error}");
        assert!(!(out + &error).contains(PLANTED), "{error}");
        assert!(!machine.path().join("tree").exists());
    }
}

#[test]
fn random_secrets_are_made_once_and_kept() {
    let today = jiff::civil::date(2026, 11, 2);
    let checked = check_bytes(HACKWEEK.as_bytes().to_vec(), Path::new("hub.yaml"), today);
    let hub = checked.document.unwrap().hub;
    let needed = secrets(&Cluster::new(&hub).unwrap());
    let read = |_: &_| Ok::<_, String>("from the environment".to_owned());
    let first = complete(&needed, &BTreeMap::new(), read, |bytes| Ok("a".repeat(2 * bytes))).unwrap();
    assert_eq!(first.len(), needed.len());
    assert_eq!(first["cookie-secret"], "a".repeat(64));
    let rotated = |_: &_| Ok::<_, String>("changed since".to_owned());
    let second = complete(&needed, &first, rotated, |_| Err("nothing new is made".to_owned())).unwrap();
    assert_eq!(second["client-secret"], "changed since");
    for (key, kept) in first.iter().filter(|(key, _)| *key != "client-secret") {
        assert_eq!(&second[key], kept);
    }
}
