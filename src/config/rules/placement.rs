//! Pods of the charts against the nodes of the pools, after the overrides.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Subject;
use super::table::overrides::{SELECTOR_POOL, TAINT_POOL};
use crate::config::lower::clip;
use crate::config::problem::Problem;
use crate::render::cluster::Cluster;
use crate::render::placement::{Misfit, Nodes, Pods, Wanted, misfit, nodes, pods};
use crate::render::releases;

/// Every pod finds a pool that has its labels and whose taints it tolerates.
pub(super) fn pods_find_nodes(subject: &Subject<'_>) -> Vec<Problem> {
    let overrides = &subject.hub.overrides;
    // Without overrides they do, whatever else the file says.
    let charts = overrides.jupyterhub.is_empty() && overrides.dask_gateway.is_empty();
    if charts && !overrides.terraform.contains_key("pools") {
        return Vec::new();
    }
    let cluster = subject.cluster().filter(Cluster::is_ours);
    let Some((cluster, releases)) = cluster.and_then(|cluster| {
        let releases = releases(&cluster).ok()?;
        Some((cluster, releases))
    }) else {
        return Vec::new();
    };
    let pools = nodes(&cluster);
    let mut told = BTreeSet::new();
    let pods = pods(&cluster, &releases);
    let problems = pods.iter().filter_map(|pods| match misfit(pods, &pools)? {
        Misfit::NoNodes(missing) => Some(no_nodes(subject, pods, &missing, &pools)),
        Misfit::Tainted(nodes, taint) => Some(tainted(subject, pods, nodes, taint)),
    });
    problems.filter(|problem| told.insert((problem.rule, problem.path.clone()))).collect()
}

/// The place to blame: the first that the file says, or else the likeliest.
fn blamed(subject: &Subject<'_>, paths: impl Iterator<Item = String>) -> String {
    let paths: Vec<_> = paths.map(|path| format!("overrides.{path}")).collect();
    let said = paths.iter().find(|path| subject.says(path)).or_else(|| paths.first());
    said.cloned().unwrap_or_else(|| "overrides".to_owned())
}

fn no_nodes(subject: &Subject<'_>, pods: &Pods, missing: &[&Wanted], pools: &[Nodes]) -> Problem {
    let paths = missing.iter().copied().chain(&pods.wanted).filter_map(|wanted| wanted.path.clone());
    let path = blamed(subject, paths.chain(["terraform.pools".to_owned()]));
    let labels: Vec<_> = missing.iter().map(|wanted| label(&wanted.key, &wanted.value)).collect();
    let message = format!("no pool has nodes with {}, for {}", labels.join(" and "), pods.what);
    let help = missing.first().map_or_else(String::new, |wanted| known(wanted, pools));
    subject.value(&SELECTOR_POOL, &path, message).label("no such nodes").help(help)
}

/// The values that a label has, or how to give nodes one.
fn known(wanted: &Wanted, pools: &[Nodes]) -> String {
    let values: BTreeSet<_> = pools.iter().filter_map(|nodes| nodes.labels.get(&wanted.key)).collect();
    if !values.is_empty() {
        let values: Vec<_> = values.into_iter().map(|value| format!("`{}`", clip(value))).collect();
        return format!("`{}` is {} on the nodes of the pools", clip(&wanted.key), values.join(" or "));
    }
    let labels = format!("{{ {}: {} }}", clip(&wanted.key), clip(&wanted.value));
    format!("leave it out, or give a pool the label: `overrides.terraform.pools.NAME.labels: {labels}`")
}

fn tainted(subject: &Subject<'_>, pods: &Pods, nodes: &Nodes, taint: &Value) -> Problem {
    let text = |key: &str| clip(taint[key].as_str().unwrap_or_default());
    let selected = pods.wanted.iter().filter_map(|wanted| wanted.path.clone());
    let terraform =
        [format!("terraform.pools.{}.taints", nodes.pool), format!("terraform.pools.{}", nodes.pool)];
    let path = blamed(subject, pods.tolerated_at.iter().cloned().chain(selected).chain(terraform));
    let (key, value, effect) = (text("key"), text("value"), text("effect"));
    let message = format!(
        "the taint `{key}={value}:{effect}` of the pool `{}` keeps away {}",
        clip(&nodes.pool),
        pods.what
    );
    let toleration = format!("{{ key: {key}, operator: Equal, value: {value}, effect: {effect} }}");
    let help = format!("tolerate it too: `{toleration}`, or select nodes without it");
    subject.value(&TAINT_POOL, &path, message).label("kept away").help(help)
}

fn label(key: &str, value: &str) -> String {
    format!("`{}: {}`", clip(key), clip(value))
}
