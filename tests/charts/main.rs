//! A hub's values go through the real charts with the real Helm. The charts
//! are where `tests/charts.sh` put them; without them there is nothing to test.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise and says what it skips"
)]

mod definitions;
#[path = "../support/examples.rs"]
mod examples;
mod gateway;
mod guard;
mod hubs;
mod nodes;
mod placement;
mod secrets;
#[path = "../support/skips.rs"]
mod skips;
mod support;
#[path = "../support/tools.rs"]
mod tools;
mod values;

use std::path::{Path, PathBuf};
use std::process::Command;

use frazil::config::{HubFile, check_bytes};
use frazil::render::chart::Release;
use jiff::civil::{Date, date};
use serde_json::Value;
use skips::skipped;

/// The day on which the files are checked.
const TODAY: Date = date(2026, 11, 21);

/// Hubs that differ in what they need.
const HUBS: [(&str, &str); 6] = [
    ("aws", include_str!("aws.yaml")),
    ("aws-quota-gpu", include_str!("aws-quota-gpu.yaml")),
    ("gcp", include_str!("gcp.yaml")),
    ("gcp-quota", include_str!("gcp-quota.yaml")),
    ("kubernetes", include_str!("kubernetes.yaml")),
    ("gateway", include_str!("gateway.yaml")),
];

/// The version that charts are rendered for.
const KUBERNETES: &str = "1.35.0";

fn hub(text: &str) -> HubFile {
    let checked = check_bytes(text.as_bytes().to_vec(), Path::new("hub.yaml"), TODAY);
    checked.document.unwrap_or_else(|| panic!("{:?}", checked.problems)).hub
}

/// The folder of charts and the program, where both are there.
fn helm() -> Option<(PathBuf, PathBuf)> {
    let own = || tools::cache().join("charts");
    let charts = std::env::var_os("FRAZIL_CHARTS").map_or_else(own, PathBuf::from);
    if !charts.is_dir() {
        skipped(format_args!("no folder {} (tests/charts.sh fills it)", charts.display()));
        return None;
    }
    Some((charts, tools::helm()?))
}

/// What Helm writes of a release, with further values over its own.
fn template((charts, helm): &(PathBuf, PathBuf), release: &Release, further: &[&Value]) -> String {
    let chart = charts.join(format!("{}-{}", release.chart.name, release.version));
    assert!(chart.is_dir(), "{} is missing", chart.display());
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(helm);
    command.args(["template", &release.name, "--namespace", &release.namespace, "--include-crds"]);
    command.args(["--kube-version", KUBERNETES]).arg(&chart);
    for (index, values) in std::iter::once(&&release.values).chain(further).enumerate() {
        let path = folder.path().join(format!("{index}.json"));
        std::fs::write(&path, serde_json::to_vec(values).unwrap()).unwrap();
        command.arg("--values").arg(path);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}: {}", release.name, String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The objects in what Helm writes.
fn parsed(text: &str) -> Vec<Value> {
    let documents = text.split("\n---\n").map(|document| serde_yaml::from_str::<Value>(document).unwrap());
    documents.filter(Value::is_object).collect()
}

/// The objects that Helm makes of a release.
fn objects(helm: &(PathBuf, PathBuf), release: &Release) -> Vec<Value> {
    parsed(&template(helm, release, &[]))
}

fn text<'a>(object: &'a Value, path: &str) -> &'a str {
    object.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

/// A container's arguments, all pods' of a kind one after the other.
fn arguments(objects: &[Value], kind: &str) -> String {
    let containers = of_kind(objects, kind).into_iter().flat_map(|object| {
        object["spec"]["template"]["spec"]["containers"].as_array().cloned().unwrap_or_default()
    });
    containers.map(|container| format!("{} {}\n", container["command"], container["args"])).collect()
}
