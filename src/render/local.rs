//! The configuration of a hub on one machine: data as JSON beside programs
//! that never change.

use std::path::Path;

use serde_json::{Value, json};

use super::Tree;
use crate::config::{Auth, Gateway, HubFile, Size};
use crate::observe::{Limits, Machine};

/// The hub's own program text, by the name it gets beside `hub.json`.
const HUB_PROGRAMS: [(&str, &str); 6] = [
    ("jupyterhub_config.py", include_str!("../../templates/local/jupyterhub_config.py")),
    ("server.py", include_str!("../../templates/local/server.py")),
    ("signin.py", include_str!("../../templates/local/signin.py")),
    ("sizes.py", include_str!("../../templates/hub/sizes.py")),
    ("plain_text.py", include_str!("../../templates/hub/plain_text.py")),
    ("machine.py", include_str!("../../templates/local/machine.py")),
];

/// The hub's page templates.
const PAGES: [(&str, &str); 3] = [
    ("login.html", include_str!("../../templates/local/login.html")),
    ("page.html", include_str!("../../templates/local/page.html")),
    ("spawn.html", include_str!("../../templates/local/spawn.html")),
];

/// The gateway's program text, by the name it gets beside `gateway.json`.
const GATEWAY_PROGRAMS: [(&str, &str); 4] = [
    ("dask_gateway_config.py", include_str!("../../templates/local/dask_gateway_config.py")),
    ("clusters.py", include_str!("../../templates/local/clusters.py")),
    ("limits.py", include_str!("../../templates/gateway/limits.py")),
    ("machine.py", include_str!("../../templates/local/machine.py")),
];

/// The file that the page of costs reads.
pub const REPORT_FILE: &str = "hub.json";

/// Ports on the loopback interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Ports {
    /// The hub's own port, behind the proxy.
    pub hub: u16,
    /// The proxy's control port.
    pub proxy_api: u16,
    /// Dask Gateway's port for clients: HTTP and Dask's own protocol.
    pub gateway: u16,
    /// Dask Gateway's own port, behind its proxy.
    pub gateway_api: u16,
    /// The port of the page of costs, behind the proxy; 0 where it was never wanted.
    #[serde(default)]
    pub report: u16,
}

/// Where and for whom a hub runs on this machine.
#[derive(Clone, Copy, Debug)]
pub struct Placement<'a> {
    /// The hub's ID, which its processes carry.
    pub id: &'a str,
    /// The ports behind the hub's address.
    pub ports: Ports,
    /// The folder of what people would miss.
    pub data: &'a Path,
    /// The folder of one-time login tokens.
    pub tokens: &'a Path,
    /// How servers are limited.
    pub limits: &'a Limits,
    /// What there is to share out.
    pub machine: Machine,
    /// The person who runs it: the admin, if the file names none.
    pub person: &'a str,
    /// Whether it runs as root.
    pub root: bool,
}

/// The configuration of hub and gateway as `up` writes it, without what only `up` decides:
/// ports are 0, folders relative, sizes not limited.
pub fn preview(hub_file: &HubFile, port: u16, machine: Machine) -> Tree {
    let limits = Limits::none("decided when the hub comes up");
    let place = Placement {
        id: "",
        ports: Ports { hub: 0, proxy_api: 0, gateway: 0, gateway_api: 0, report: 0 },
        data: Path::new("data"),
        tokens: Path::new("tokens"),
        limits: &limits,
        machine,
        person: "admin",
        root: false,
    };
    let mut tree = Tree::default();
    tree.add_below("local/hub", hub(hub_file, port, &place));
    if hub_file.gateway.enabled {
        tree.add_below("local/gateway", gateway(hub_file, &place));
    }
    tree
}

/// The hub's configuration.
pub fn hub(hub: &HubFile, port: u16, place: &Placement<'_>) -> Tree {
    let mut tree = programs(&HUB_PROGRAMS);
    for (name, text) in PAGES {
        tree.add(name, text);
    }
    tree.add("hub.json", pretty(&hub_data(hub, port, place)));
    tree
}

/// The gateway's configuration.
pub fn gateway(hub: &HubFile, place: &Placement<'_>) -> Tree {
    let mut tree = programs(&GATEWAY_PROGRAMS);
    tree.add("gateway.json", pretty(&gateway_data(hub, place)));
    tree
}

/// What the page of costs reads: the hub file without what only the hub needs.
///
/// # Errors
/// When a value cannot be written as JSON.
pub fn report(hub: &HubFile) -> serde_json::Result<Tree> {
    let mut tree = Tree::default();
    tree.add(REPORT_FILE, pretty(&serde_json::to_value(hub.for_report())?));
    Ok(tree)
}

fn programs(programs: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::default();
    for (name, text) in programs {
        tree.add(*name, *text);
    }
    tree
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// The people who administer a hub: the file's, or the person who runs it.
pub fn admins(hub: &HubFile, person: &str) -> Vec<String> {
    if hub.admins.is_empty() {
        return vec![person.to_owned()];
    }
    hub.admins.iter().map(ToString::to_string).collect()
}

fn hub_data(hub: &HubFile, port: u16, place: &Placement<'_>) -> Value {
    let default = hub.sizes.iter().position(|size| size.default).unwrap_or(0);
    let sizes: Vec<_> = hub
        .sizes
        .iter()
        .enumerate()
        .map(|(index, size)| size_data(size, index == default, place.machine))
        .collect();
    json!({
        "id": place.id,
        "name": hub.name,
        "title": hub.name,
        "region": "local",
        "ip": "127.0.0.1",
        "port": port,
        "hub_port": place.ports.hub,
        "proxy_api_port": place.ports.proxy_api,
        "gateway_port": hub.gateway.enabled.then_some(place.ports.gateway),
        "report_port": hub.support.report.then_some(place.ports.report),
        "data_dir": place.data,
        "tokens_dir": place.tokens,
        "welcome": hub.welcome,
        "terms": hub.terms,
        "auth": auth_data(hub.auth.as_ref()),
        "admins": admins(hub, place.person),
        "groups": hub.groups,
        "sizes": sizes,
        "limits": place.limits,
        "named_servers": false,
    })
}

fn auth_data(auth: Option<&Auth>) -> Value {
    match auth {
        Some(Auth::Pam(pam)) => {
            json!({ "kind": "pam", "allow": (!pam.allow.is_empty()).then_some(&pam.allow) })
        }
        Some(Auth::Password(password)) => {
            let everyone = password.allow.is_empty() && password.user_password.is_some();
            json!({ "kind": "password", "allow": (!everyone).then_some(&password.allow) })
        }
        _ => json!({ "kind": "password", "allow": [] }),
    }
}

fn size_data(size: &Size, default: bool, machine: Machine) -> Value {
    json!({
        "name": size.name,
        "description": size.description,
        "memory_bytes": size.memory.get(),
        "cpu": size.cpu.unwrap_or_else(|| cpu_share(size, machine)),
        "gpu": size.gpu,
        "groups": size.groups,
        "default": default,
    })
}

/// The size's share of the machine's cores by memory, in tenths, at least one core.
fn cpu_share(size: &Size, machine: Machine) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a machine has few cores")]
    let cores = machine.cores as f64;
    let share = size.memory.as_gib() / machine.memory.as_gib().max(f64::MIN_POSITIVE) * cores;
    ((share * 10.0).round() / 10.0).clamp(1.0, cores.max(1.0))
}

fn gateway_data(hub: &HubFile, place: &Placement<'_>) -> Value {
    let gateway = &hub.gateway;
    let pam = matches!(hub.auth, Some(Auth::Pam(_)));
    json!({
        "id": place.id,
        "gateway_port": place.ports.gateway,
        "gateway_api_port": place.ports.gateway_api,
        "hub_api_url": format!("http://127.0.0.1:{}/hub/api", place.ports.hub),
        "data_dir": place.data,
        "workers": {
            "cores": gateway.workers.cores,
            "memory_bytes": gateway.workers.memory.get(),
            "max": gateway.workers.max,
        },
        "scheduler": { "cores": Gateway::SCHEDULER_CORES, "memory_bytes": Gateway::SCHEDULER_MEMORY.get() },
        "per_user": gateway.per_user.as_ref().map(|limit| json!({ "cores": limit.cores, "memory_bytes": limit.memory.get() })),
        "idle_timeout_seconds": gateway.idle_timeout.as_secs(),
        "limits": place.limits,
        "switch_user": pam && place.root,
    })
}
