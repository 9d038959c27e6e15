//! A hub file as the tree of files that everything else is made from.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Value, json};

use super::chart::Release;
use super::cluster::Cluster;
use super::manifests::{manifests, ops_manifests};
use super::outputs;
use super::placeholders::warm;
use super::quote::ascii_json_lines;
use super::secrets::{Secret, Source, secrets};
use super::templates::{Template, TemplateError, fill};
use super::terraform_root::{Backend, terraform_files};
use super::{Tree, dask_gateway, jupyterhub, support};
use crate::config::SecretRef;

/// A hub file that cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template cannot be filled.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Values cannot be written.
    #[error("the values of `{what}` cannot be written as YAML")]
    Yaml {
        /// Whose values.
        what: String,
        /// Why.
        #[source]
        source: serde_yaml::ser::Error,
    },
}

/// The Helm releases of a hub, in the order in which they are installed.
///
/// # Errors
/// When a template cannot be filled.
pub fn releases(cluster: &Cluster<'_>) -> Result<Vec<Release>, TemplateError> {
    let mut releases = support::releases(cluster);
    releases.extend(jupyterhub::release(cluster));
    releases.extend(dask_gateway::release(cluster)?);
    Ok(releases)
}

/// The files of a hub on a cluster.
///
/// # Errors
/// When a template cannot be filled, or values cannot be written.
pub fn hub_files(cluster: &Cluster<'_>) -> Result<Tree, RenderError> {
    let releases = releases(cluster)?;
    let secrets = secrets(cluster);
    let mut tree = Tree::default();
    tree.add_below("terraform", terraform_files(cluster, Backend::OfHub)?);
    for release in &releases {
        let head = format!("Values of the chart {} {}", release.chart.name, release.version);
        tree.add(values_path(release), yaml(&head, &release.values)?);
    }
    for manifest in manifests(cluster).into_iter().chain(ops_manifests(cluster)) {
        let name =
            [&manifest["kind"], &manifest["metadata"]["name"]].map(|text| text.as_str().unwrap_or_default());
        let path = format!("manifests/{}-{}.yaml", name[0].to_lowercase(), name[1]);
        tree.add(path, yaml("Applied server-side", &manifest)?);
    }
    tree.add("charts.yaml", yaml("Helm releases, in this order", &releases_data(cluster, &releases))?);
    tree.add("secrets.json", ascii_json_lines(&json!(secrets)));
    let notes = notes(cluster, &tree, &releases, &secrets)?;
    tree.add("README.md", notes);
    Ok(tree)
}

/// Where a release's values are.
pub fn values_path(release: &Release) -> PathBuf {
    PathBuf::from(format!("helm/{}.yaml", release.chart.name))
}

fn yaml(head: &str, value: &impl Serialize) -> Result<String, RenderError> {
    let text =
        serde_yaml::to_string(value).map_err(|source| RenderError::Yaml { what: head.to_owned(), source })?;
    Ok(format!("# {head}. Written by frazil: change the hub file, not this.\n{text}"))
}

fn releases_data(cluster: &Cluster<'_>, releases: &[Release]) -> Value {
    let from = Some(cluster.hub.charts.from.as_str()).filter(|from| *from != "upstream");
    let data = releases.iter().map(|release| {
        json!({
            "release": release.name,
            "namespace": release.namespace,
            "chart": release.chart.name,
            "version": release.version,
            "repository": from.unwrap_or(release.chart.repository),
            "source": release.chart.source,
            "why": release.chart.why,
            "values": values_path(release),
            "unless_served": release.unless_served,
            "shared": release.shared,
        })
    });
    data.collect()
}

fn notes(
    cluster: &Cluster<'_>,
    tree: &Tree,
    releases: &[Release],
    secrets: &[Secret],
) -> Result<String, RenderError> {
    let files: Vec<_> = tree
        .files()
        .map(|(path, _)| json!({ "path": path, "what": what(&path.to_string_lossy()) }))
        .collect();
    let releases: Vec<_> = releases
        .iter()
        .map(|release| {
            json!({
                "name": release.name,
                "chart": release.chart.name,
                "version": release.version,
                "namespace": release.namespace,
                "why": release.chart.why,
            })
        })
        .collect();
    let secrets: Vec<_> =
        secrets.iter().map(|secret| json!({ "key": secret.key, "from": origin(&secret.from) })).collect();
    let outputs = tree.files().any(|(_, file)| {
        let prefix = outputs::PREFIX.as_bytes();
        file.content.windows(prefix.len()).any(|window| window == prefix)
    });
    let context = json!({
        "name": cluster.hub.name,
        "files": files,
        "releases": releases,
        "secrets": secrets,
        "outputs": outputs,
        "warm": kept_warm(cluster),
    });
    Ok(fill(Template::Notes, &context)?)
}

/// Nodes that cost by the hour as long as the values are installed.
fn kept_warm(cluster: &Cluster<'_>) -> Option<Value> {
    let (warm, event) = (warm(cluster)?, cluster.hub.event.as_ref()?);
    Some(json!({
        "nodes": warm.nodes.to_string(),
        "machine": warm.machine.machine.name,
        "from": event.from,
        "to": event.to,
    }))
}

/// What a file of the tree is, in a few words.
fn what(path: &str) -> &'static str {
    match path {
        "charts.yaml" => "Helm releases: chart, version, where it comes from, why",
        "secrets.json" => "which secrets there are and where each comes from; none of them itself",
        "terraform/backend.tf" => "where Terraform keeps its state",
        "terraform/hub.auto.tfvars.json" => "what the hub file says, as Terraform's variables",
        _ if path.starts_with("terraform/") => "Terraform, the same for every hub of this cloud",
        _ if path.starts_with("helm/") => "values of a chart",
        _ => "an object of Kubernetes that no chart makes",
    }
}

fn origin(source: &Source) -> String {
    match source {
        Source::Random(_) => "random, made once when the hub comes up, and kept".to_owned(),
        Source::Reference(SecretRef::Env(name)) => format!("the environment variable {name}"),
        Source::Reference(SecretRef::File(path)) => format!("the file {path}"),
        Source::Reference(SecretRef::Sops(place)) => format!("sops, {place}"),
    }
}
