//! Keys against the provider: what it ignores, and names of its own.

use super::Subject;
use crate::config::problem::Problem;
use crate::config::provider::Provider;

/// Keys that do nothing on one machine.
const NOT_LOCAL: [&str; 10] =
    ["domain", "kubernetes", "zones", "network", "pools", "state", "charts", "support", "budget", "storage"];
/// Keys that do nothing on a cluster that already exists.
const NOT_KUBERNETES: [&str; 3] = ["network", "pools", "state"];

/// A key that does nothing here is told, so that nobody relies on it.
pub fn keys_have_an_effect(subject: &Subject<'_>) -> Vec<Problem> {
    let provider = &subject.hub.provider;
    let (idle, place): (&[&str], _) = match provider {
        Provider::Local(_) => (&NOT_LOCAL, "on one machine"),
        Provider::Kubernetes(_) => (&NOT_KUBERNETES, "on a cluster that already exists"),
        Provider::Aws(_) | Provider::Gcp(_) => return Vec::new(),
    };
    idle.iter()
        .filter(|key| subject.says(key))
        .map(|key| {
            subject
                .key("no-effect", key, format!("`{key}` has no effect {place}"))
                .warning()
                .help(format!("it is kept for other providers; with `provider: {}` you can leave it out", provider.key()))
        })
        .collect()
}

/// Regions and machine types are in the catalog.
pub fn catalog_names(_subject: &Subject<'_>) -> Vec<Problem> {
    Vec::new()
}
