//! Terraform's plans of generated hub files, with no cloud behind the provider: what Terraform would make
//! is what the file says, every argument is one that the real provider's schema has, and a second plan
//! has nothing to do.

mod bills;
mod expected;
mod made;
mod said;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use frazil::render::cluster::Cluster;
use frazil::render::{Backend, terraform_files};
use made::Made;
use serde_json::Value;

use super::clouds::on_paper;
use super::corpus::{checked, corpus};
use super::hubs::{Choice, hub, level};

/// Hub files of every run; `FRAZIL_LONG=1` takes the whole corpus.
const SAMPLE: usize = 20;
/// Calls of Terraform at once.
const AT_ONCE: usize = 2;

#[test]
fn what_terraform_makes_is_what_the_file_says_and_a_second_plan_is_empty() {
    let Some(environment) = on_paper() else { return };
    let corpus = corpus(|choice| level(choice, "provider") < 2);
    let count = if std::env::var_os("FRAZIL_LONG").is_some() { corpus.len() } else { SAMPLE };
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(choice) = corpus[..count].get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(difference) = tried(choice, &environment) {
                        failures.lock().unwrap().push(format!("{difference}\n{}", hub(choice)));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    println!("{count} hub files planned, applied and planned again in {} s", begun.elapsed().as_secs());
    let first: Vec<_> = failures.iter().take(5).cloned().collect();
    assert!(failures.is_empty(), "{} of {count}:\n{}", failures.len(), first.join("\n\n"));
}

/// One hub file, from its folder to the second plan.
fn tried(choice: &Choice, environment: &[(&'static str, PathBuf)]) -> Result<(), String> {
    let checked = checked(choice);
    let document = checked.document.ok_or_else(|| format!("{:?}", checked.problems))?;
    let cluster = Cluster::new(&document.hub).unwrap();
    let differences = expected::differences(&hub(choice), &cluster, &made_of(&cluster, environment)?);
    if differences.is_empty() { Ok(()) } else { Err(differences.join("\n")) }
}

/// What Terraform makes of a hub; an error where a second plan has something to do.
fn made_of(cluster: &Cluster<'_>, environment: &[(&'static str, PathBuf)]) -> Result<Made, String> {
    let folder = tempfile::tempdir().unwrap();
    for (path, file) in terraform_files(cluster, Backend::Local).unwrap().files() {
        std::fs::write(folder.path().join(path), &file.content).unwrap();
    }
    let tofu = Tofu { folder: folder.path(), environment };
    tofu.run(&["init", "-input=false"])?;
    tofu.run(&["validate"])?;
    tofu.run(&["plan", "-input=false", "-out=first.tfplan"])?;
    tofu.run(&["apply", "-input=false", "first.tfplan"])?;
    let state: Value = serde_json::from_str(&tofu.run(&["show", "-json"])?).unwrap();
    tofu.run(&["plan", "-input=false", "-detailed-exitcode"])?;
    Ok(Made::of(&state))
}

/// OpenTofu in a folder.
struct Tofu<'a> {
    folder: &'a Path,
    environment: &'a [(&'static str, PathBuf)],
}

impl Tofu<'_> {
    /// What it says on standard output; an error unless it ends with 0.
    fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new(super::kubernetes::tools().join("tofu"));
        for endpoint in ["AWS_ENDPOINT_URL", "FRAZIL_GOOGLE_ENDPOINT"] {
            command.env_remove(endpoint);
        }
        let environment = self.environment.iter().map(|(name, value)| (name, value));
        let output = command.current_dir(self.folder).envs(environment).args(arguments).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() {
            return Ok(text(&output.stdout));
        }
        Err(format!("tofu {arguments:?}: {}{}", text(&output.stdout), text(&output.stderr)))
    }
}
