//! The programs that run in hub and gateway: static text, each beside its data.

use serde_json::{Map, Value, json};

use super::cluster::Cluster;
use super::dask_gateway::settings;
use super::jupyterhub::sizes;
use super::quote::ascii_json_lines;
use super::templates::{Template, TemplateError, fill};
use crate::config::Auth;

/// Where the hub's programs and data are mounted.
const HUB_FOLDER: &str = "/usr/local/etc/jupyterhub/frazil";
/// Where its pages are mounted.
pub(super) const PAGES_FOLDER: &str = "/usr/local/etc/jupyterhub/frazil/pages";
/// The block of configuration that starts the programs.
pub(super) const HUB_CONFIG: &str = include_str!("../../templates/hub/extra_config.py");

/// The hub's programs, by the name they get beside `hub.json`.
const HUB_PROGRAMS: [(&str, &str); 7] = [
    ("discovery.py", include_str!("../../templates/hub/discovery.py")),
    ("kube_server.py", include_str!("../../templates/hub/kube_server.py")),
    ("kubernetes_hub.py", include_str!("../../templates/hub/kubernetes_hub.py")),
    ("login.py", include_str!("../../templates/hub/login.py")),
    ("people.py", include_str!("../../templates/hub/people.py")),
    ("plain_text.py", include_str!("../../templates/hub/plain_text.py")),
    ("sizes.py", include_str!("../../templates/hub/sizes.py")),
];
/// The hub's pages.
const PAGES: [(&str, &str); 4] = [
    ("login.html", include_str!("../../templates/hub/pages/login.html")),
    ("page.html", include_str!("../../templates/hub/pages/page.html")),
    ("frame.html", include_str!("../../templates/local/page.html")),
    ("spawn.html", include_str!("../../templates/local/spawn.html")),
];

/// Files that the chart mounts into the hub.
pub(super) fn hub_files(cluster: &Cluster<'_>) -> Value {
    let file = |folder: &str, name: &str, text: &str| {
        (name.to_owned(), json!({ "mountPath": format!("{folder}/{name}"), "stringData": text }))
    };
    let data = ascii_json_lines(&hub_data(cluster));
    let mut files = Map::from_iter([file(HUB_FOLDER, "hub.json", &data)]);
    files.extend(HUB_PROGRAMS.iter().map(|(name, text)| file(HUB_FOLDER, name, text)));
    files.extend(PAGES.iter().map(|(name, text)| file(PAGES_FOLDER, name, text)));
    Value::Object(files)
}

fn hub_data(cluster: &Cluster<'_>) -> Value {
    let hub = cluster.hub;
    json!({
        "name": hub.name,
        "title": hub.name,
        "welcome": hub.welcome,
        "terms": hub.terms,
        "auth": hub.auth.as_ref().map(auth_data),
        "admins": hub.admins,
        "groups": hub.groups,
        "sizes": sizes(cluster),
        "gateway": cluster.has_gateway(),
    })
}

fn auth_data(auth: &Auth) -> Value {
    match auth {
        Auth::Github(github) => {
            let mut orgs: Vec<_> =
                github.allow.iter().map(|allow| allow.split(':').next().unwrap_or(allow)).collect();
            orgs.sort_unstable();
            orgs.dedup();
            json!({ "kind": auth.key(), "orgs": orgs })
        }
        Auth::Oidc(oidc) => json!({ "kind": auth.key(), "issuer": oidc.issuer }),
        Auth::Cilogon(_) | Auth::Native(_) | Auth::Password(_) | Auth::Pam(_) | Auth::Hub(_) => {
            json!({ "kind": auth.key() })
        }
    }
}

/// Blocks of the gateway's configuration, run in the order of their keys.
pub(super) fn gateway_blocks(cluster: &Cluster<'_>) -> Result<Value, TemplateError> {
    let settings = fill(Template::GatewaySettings, &json!({ "settings": settings(cluster) }))?;
    Ok(json!({
        "10-limits": include_str!("../../templates/gateway/limits.py"),
        "20-kubernetes": include_str!("../../templates/gateway/kubernetes.py"),
        "30-frazil": settings,
    }))
}
