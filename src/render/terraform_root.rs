//! Terraform's root modules: their files, which are the same for every hub of a cloud, with the
//! hub's variables and the place of the state.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Tree;
use super::cluster::Cluster;
use super::hub_files::RenderError;
use super::templates::{Template, fill};
use super::terraform_types::{Type, declared};
use super::tfvars::variables;
use crate::config::{Provider, State};

/// The files of each module below `terraform/`, by the module's path; see `build.rs`.
const MODULES: &[(&str, &[(&str, &str)])] = include!(concat!(env!("OUT_DIR"), "/terraform_modules.rs"));

/// Where a root module keeps its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Where the hub file says.
    OfHub,
    /// In the folder of the module.
    Local,
}

/// The files of a cloud's root module; none where Terraform has nothing to do.
///
/// # Errors
/// When a template cannot be filled.
pub fn terraform_files(cluster: &Cluster<'_>, backend: Backend) -> Result<Tree, RenderError> {
    let mut tree = Tree::default();
    let Some(variables) = variables(cluster) else { return Ok(tree) };
    add_module(&mut tree, cluster.hub.provider.key());
    let place = match backend {
        Backend::OfHub => place(cluster),
        Backend::Local => local(),
    };
    tree.add("backend.tf", fill(Template::Backend, &place)?);
    tree.add("hub.auto.tfvars.json", format!("{variables:#}\n"));
    Ok(tree)
}

/// The files of the module that makes the bucket for the state.
///
/// # Errors
/// When a template cannot be filled.
pub fn state_files(cluster: &Cluster<'_>, bucket: &str) -> Result<Tree, RenderError> {
    let mut tree = Tree::default();
    let Some(all) = variables(cluster) else { return Ok(tree) };
    let module = format!("state/{}", cluster.hub.provider.key());
    add_module(&mut tree, &module);
    let wanted = declared(file(&module, "variables.tf"));
    let mut own: serde_json::Map<String, Value> =
        wanted.keys().filter_map(|name| Some((name.clone(), all.get(name)?.clone()))).collect();
    own.insert("bucket".to_owned(), bucket.into());
    tree.add("backend.tf", fill(Template::Backend, &local())?);
    tree.add("hub.auto.tfvars.json", format!("{:#}\n", Value::Object(own)));
    Ok(tree)
}

/// The variables that Terraform has on a provider; none where it has nothing to do.
pub fn terraform_variables(provider: &Provider) -> Option<BTreeMap<String, Type>> {
    match provider {
        Provider::Aws(_) | Provider::Gcp(_) => Some(declared(file(provider.key(), "variables.tf"))),
        Provider::Kubernetes(_) | Provider::Local(_) => None,
    }
}

fn files(module: &str) -> &'static [(&'static str, &'static str)] {
    MODULES.iter().find(|(name, _)| *name == module).map_or(&[], |(_, files)| files)
}

fn file(module: &str, name: &str) -> &'static str {
    files(module).iter().find(|(file, _)| *file == name).map_or("", |(_, text)| text)
}

fn add_module(tree: &mut Tree, module: &str) {
    for (name, text) in files(module) {
        tree.add(*name, *text);
    }
}

/// Where the hub file says that the state is.
fn place(cluster: &Cluster<'_>) -> Value {
    let hub = cluster.hub;
    let name = |said: &str| cluster.state().unwrap_or_else(|| said.to_owned());
    match (&hub.state, &hub.provider) {
        (State::Bucket(bucket), Provider::Aws(aws)) => {
            let key = format!("{}/terraform.tfstate", hub.name);
            let s3 = json!({ "bucket": name(bucket), "key": key, "region": aws.region });
            json!({ "s3": s3, "gcs": null, "local": null })
        }
        (State::Bucket(bucket), Provider::Gcp(_)) => {
            json!({ "s3": null, "gcs": { "bucket": name(bucket), "prefix": hub.name }, "local": null })
        }
        _ => local(),
    }
}

fn local() -> Value {
    json!({ "s3": null, "gcs": null, "local": { "path": "terraform.tfstate" } })
}
