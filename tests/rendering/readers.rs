//! A sample of the hostile hub files as the tools read them that the files are for: Helm,
//! Terraform and OpenTofu, PyYAML.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use frazil::render::chart::Release;
use frazil::render::cluster::Cluster;
use frazil::render::{Tree, hub_files, releases, values_path, variables};
use serde_json::{Number, Value};

use super::corpus::Numbers;
use super::hostile::{file, hostile, read, yaml};
use super::tools::{cache, helm, runs};
use crate::skips::skipped;

/// Hub files of the sample.
const HUBS: usize = 200;

/// A hub file rendered, with what its files were made from.
struct Rendered {
    tree: Tree,
    releases: Vec<Release>,
    variables: Option<Value>,
}

static SAMPLE: LazyLock<Vec<Rendered>> = LazyLock::new(|| {
    let mut numbers = Numbers(0x4ead);
    (0..HUBS).map(|_| rendered(&hostile(&mut numbers))).collect()
});

fn rendered(typed: &Value) -> Rendered {
    let hub = read(typed);
    let cluster = Cluster::new(&hub).unwrap();
    Rendered {
        tree: hub_files(&Cluster::new(&hub).unwrap()).unwrap(),
        releases: releases(&cluster).unwrap(),
        variables: variables(&cluster),
    }
}

/// Does something with each on both of two cores.
fn each<T: Sync>(all: &[T], work: impl Fn(&T) + Sync) {
    std::thread::scope(|scope| {
        for half in all.chunks(all.len().div_ceil(2).max(1)) {
            scope.spawn(|| half.iter().for_each(&work));
        }
    });
}

/// The same value with whole numbers as integers, exactly: some readers know floating numbers only.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => whole(number).map_or_else(|| value.clone(), Value::from),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(items) => items.iter().map(|(key, value)| (key.clone(), plain(value))).collect(),
        _ => value.clone(),
    }
}

fn whole(number: &Number) -> Option<i64> {
    let float = number.is_f64().then(|| number.as_f64()).flatten()?;
    (float.fract() == 0.0).then(|| format!("{float:.0}").parse().ok()).flatten()
}

/// Runs a program with a text as its input.
fn run(command: &mut Command, input: &str) -> Output {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input.as_bytes()).unwrap());
        child.wait_with_output().unwrap()
    })
}

/// The JSON in the base64 behind a mark at a line's start.
fn decoded(output: &Output, mark: &str) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix(mark));
    let line = line.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    serde_json::from_slice(&STANDARD.decode(line.trim_end_matches('"')).unwrap()).unwrap()
}

#[test]
fn helm_reads_the_values_as_they_are() {
    let Some(helm) = helm() else { return };
    let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rendering/reader-chart");
    let with_files = |hub: &'static Rendered| {
        hub.releases.iter().map(|release| (&file(&hub.tree, &values_path(release)).content, &release.values))
    };
    let distinct: BTreeMap<_, _> = SAMPLE.iter().flat_map(with_files).collect();
    println!("{} values files", distinct.len());
    assert!(distinct.len() >= HUBS);
    each(&Vec::from_iter(distinct), |(content, values)| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("values.yaml");
        std::fs::write(&path, content).unwrap();
        let mut command = Command::new(&helm);
        command.args(["template", "reader"]).arg(&chart).arg("--values").arg(&path);
        assert_eq!(decoded(&run(&mut command, ""), "values: "), plain(values));
    });
}

/// Terraform and OpenTofu, whichever are there.
pub(crate) fn terraforms() -> Vec<PathBuf> {
    let own = cache().join("bin/tofu");
    let tofu = if own.exists() { own } else { PathBuf::from("tofu") };
    let all = [PathBuf::from("terraform"), tofu].into_iter().filter(|program| {
        let runs = runs(program, &["version"]);
        if !runs {
            skipped(format_args!("no {}", program.display()));
        }
        runs
    });
    all.collect()
}

/// The variables that a root declares.
fn declared(tree: &Tree) -> Vec<String> {
    let text = &file(tree, Path::new("terraform/variables.tf")).content;
    let lines = std::str::from_utf8(text).unwrap().lines();
    lines.filter_map(|line| Some(line.strip_prefix("variable \"")?.split('"').next()?.to_owned())).collect()
}

/// Terraform composes letters with their marks (Unicode's NFC); among the pieces there is one of them.
fn composed(value: &Value) -> Value {
    serde_json::from_str(&value.to_string().replace("e\u{301}", "\u{e9}")).unwrap()
}

fn assert_terraform_reads(tools: &[PathBuf], tree: &Tree, variables: &Value) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["variables.tf", "hub.auto.tfvars.json"] {
        let content = &file(tree, &Path::new("terraform").join(name)).content;
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    let declared = declared(tree);
    let mut expected = composed(&plain(variables));
    // Tags are AWS's and labels Google's; the sample overrides both, and Terraform takes what it declares.
    expected
        .as_object_mut()
        .unwrap()
        .retain(|key, _| !["tags", "labels"].contains(&key.as_str()) || declared.contains(key));
    assert!(["tags", "labels"].iter().any(|key| expected.get(key).is_some()));
    let all: String = declared.iter().map(|name| format!("{name}=var.{name},")).collect();
    for tool in tools {
        let mut command = Command::new(tool);
        command.arg("console").current_dir(folder.path()).env("CHECKPOINT_DISABLE", "1");
        let output = run(&mut command, &format!("base64encode(jsonencode({{{all}}}))\n"));
        assert_eq!(plain(&decoded(&output, "\"")), expected, "{}", tool.display());
    }
}

#[test]
fn terraform_reads_the_variables_as_they_are() {
    let tools = terraforms();
    let clouds: Vec<_> = SAMPLE.iter().filter_map(|hub| Some((&hub.tree, hub.variables.as_ref()?))).collect();
    println!("{} hubs on clouds", clouds.len());
    assert!(clouds.len() > HUBS / 2);
    each(&clouds, |(tree, variables)| assert_terraform_reads(&tools, tree, variables));
}

/// A Python with PyYAML: the one that is named, which has to have it, or the tests' own.
fn python() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("PYTHON") {
        return Some(named.into());
    }
    let own = std::fs::read_dir(cache()).into_iter().flatten().flatten();
    let own = own.map(|entry| entry.path().join("bin/python"));
    let found = own.chain([PathBuf::from("python3")]).find(|python| runs(python, &["-c", "import yaml"]));
    if found.is_none() {
        skipped("no Python with PyYAML");
    }
    found
}

/// Every YAML file of the sample, each once, in a folder: where it is and what serde reads.
fn yaml_files(folder: &Path) -> Vec<(String, Value)> {
    let of = |hub: &'static Rendered| hub.tree.files();
    let is_yaml = |path: &Path| path.extension().is_some_and(|end| end == "yaml");
    let all = SAMPLE.iter().flat_map(of).filter(|(path, _)| is_yaml(path));
    let distinct: BTreeMap<_, _> = all.map(|(_, file)| (&file.content, file)).collect();
    let written = distinct.into_values().enumerate().map(|(index, file)| {
        let path = folder.join(format!("{index}.yaml"));
        std::fs::write(&path, &file.content).unwrap();
        (path.to_str().unwrap().to_owned(), plain(&yaml(file)))
    });
    written.collect()
}

#[test]
fn pyyaml_reads_every_yaml_file_as_it_is() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let files = yaml_files(folder.path());
    println!("{} files", files.len());
    assert!(files.len() > HUBS);
    let paths: String = files.iter().map(|(path, _)| format!("{path}\n")).collect();
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rendering/read_yaml.py");
    let output = run(Command::new(python).arg(program), &paths);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<_> = std::str::from_utf8(&output.stdout).unwrap().lines().collect();
    assert_eq!(lines.len(), files.len());
    for (line, (_, expected)) in lines.into_iter().zip(files) {
        let documents: Value = serde_json::from_str(line).unwrap();
        assert_eq!(plain(&documents), Value::Array(vec![expected]));
    }
}
