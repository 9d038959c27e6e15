//! What the examples become: values that the charts' own schemas take, and Terraform as its
//! own formatter writes it.

use std::path::Path;
use std::process::Command;

use frazil::config::{HubFile, Provider};
use frazil::render::chart::Release;
use frazil::render::cluster::Cluster;
use frazil::render::{Tree, hub_files, releases};
use serde_json::Value;

use super::examples::examples;
use super::hubs::TODAY;
use super::readers::terraforms;
use crate::skips::skipped;

/// Where the charts' schemas are, beside a checkout.
const SCHEMAS: &str = "../shared/charts";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A schema of all of a chart's values as one of those that are set: what must be there is in the
/// chart's own. Alternatives differ by what they require and stay.
fn of_some(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else { return };
    object.remove("required");
    for (keyword, below) in object {
        match keyword.as_str() {
            "properties" | "patternProperties" => {
                below.as_object_mut().unwrap().values_mut().for_each(of_some);
            }
            "items" | "additionalProperties" => of_some(below),
            _ => {}
        }
    }
}

/// What a schema says against a release's values; nothing where there is no schema of its version.
fn refused(release: &Release) -> Option<Vec<String>> {
    let name = format!("{}-{}.values.schema.json", release.chart.name, release.version);
    let text = std::fs::read_to_string(root().join(SCHEMAS).join(name)).ok()?;
    let mut schema = serde_json::from_str(&text).unwrap();
    of_some(&mut schema);
    let validator = jsonschema::validator_for(&schema).unwrap();
    let error = |error: jsonschema::ValidationError<'_>| format!("{}: {error}", error.instance_path());
    Some(validator.iter_errors(&release.values).map(error).collect())
}

#[test]
fn charts_take_the_values_of_the_examples() {
    for (name, hub) in examples(TODAY) {
        let mut ours = releases(&Cluster::new(&hub).unwrap()).unwrap();
        ours.retain(|release| ["jupyterhub", "dask-gateway"].contains(&release.chart.name));
        assert!(!ours.is_empty());
        for release in ours {
            match refused(&release) {
                Some(errors) => assert_eq!(errors, Vec::<String>::new(), "{name}: {}", release.name),
                None => skipped(format_args!("{name}: {}: no schema in {SCHEMAS}", release.name)),
            }
        }
    }
}

#[test]
fn examples_are_rendered_to_the_same_bytes_twice() {
    let digests = || {
        let digest = |(name, hub): (String, HubFile)| {
            (name, hub_files(&Cluster::new(&hub).unwrap()).unwrap().digest())
        };
        examples(TODAY).into_iter().map(digest).collect::<Vec<_>>()
    };
    assert_eq!(digests(), digests());
}

/// Runs Terraform in a folder; what it said where it failed.
fn failed(tool: &Path, arguments: &[&str], folder: &Path) -> Option<String> {
    let mut command = Command::new(tool);
    let output = command.args(arguments).current_dir(folder).env("CHECKPOINT_DISABLE", "1").output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (!output.status.success()).then(|| String::from_utf8_lossy(&said).into_owned())
}

/// A tree's Terraform in a folder, and beside it the part that needs no provider: where the state is, and
/// the variables with their values.
fn written(tree: &Tree) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, file) in tree.files() {
        let Ok(name) = path.strip_prefix("terraform") else { continue };
        let plain =
            ["backend.tf", "variables.tf", "hub.auto.tfvars.json"].iter().any(|one| name == Path::new(one));
        for (part, wanted) in [("whole", true), ("part", plain)] {
            if wanted {
                let path = folder.path().join(part).join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, &file.content).unwrap();
            }
        }
    }
    folder
}

#[test]
fn terraform_would_write_our_files_as_they_are() {
    let format = ["fmt", "-check", "-diff", "-recursive"];
    for tool in terraforms() {
        assert_eq!(failed(&tool, &format, &root().join("terraform")), None);
        for (name, hub) in examples(TODAY) {
            if matches!(hub.provider, Provider::Kubernetes(_)) {
                continue;
            }
            let folder = written(&hub_files(&Cluster::new(&hub).unwrap()).unwrap());
            assert_eq!(failed(&tool, &format, &folder.path().join("whole")), None, "{name}");
            // What needs a provider is validated with stand-ins of theirs (tests/cloud_hub/plans.rs).
            let part = folder.path().join("part");
            for arguments in [&["init", "-backend=false", "-input=false"][..], &["validate"]] {
                assert_eq!(failed(&tool, arguments, &part), None, "{name}");
            }
        }
    }
}
