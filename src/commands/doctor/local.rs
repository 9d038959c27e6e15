//! What a hub on this machine needs.

use super::{Check, Verdict, ok_if, program};
use crate::config::{HubDocument, Provider};
use crate::context::Context;
use crate::observe::{LimitsKind, free_space, marked, prepare_limits, remove_limits};
use crate::provision::local::{
    Folders, NEEDED_SPACE, environment_folder, is_free, node_hint, python_hint, read_identity,
};
use crate::tool::{MIN_NODE, MIN_PYTHON, find_node, find_python};

/// Checks this machine.
pub(super) fn checks(context: &Context, document: Option<&HubDocument>) -> Vec<Check> {
    let mut checks = vec![python(context), node(context), npm(context), space(context)];
    if let Some(document) = document {
        checks.push(port(context, document));
    }
    checks.push(limits());
    checks
}

fn python(context: &Context) -> Check {
    let (major, minor) = MIN_PYTHON;
    let needed = format!("runs the hub ({major}.{minor} or newer, with venv)");
    match find_python(context) {
        None => Check::new("Python", &needed, Verdict::Missing, "not found", python_hint()),
        Some(python) => {
            let venv = if python.has_venv { "" } else { ", without venv" };
            let good = python.new_enough && python.has_venv;
            Check::new("Python", &needed, ok_if(good), format!("{}{venv}", python.version), python_hint())
        }
    }
}

fn node(context: &Context) -> Check {
    let needed = format!("runs the hub's proxy ({MIN_NODE} or newer)");
    match find_node(context) {
        None => Check::new("Node.js", &needed, Verdict::Missing, "not found", node_hint()),
        Some(node) => Check::new("Node.js", &needed, ok_if(node.new_enough), node.version, node_hint()),
    }
}

fn npm(context: &Context) -> Check {
    program(context, "npm", &["--version"], "installs the hub's proxy", node_hint())
}

fn space(context: &Context) -> Check {
    let Ok(directories) = context.directories() else {
        return Check::new(
            "HOME",
            "a place for files",
            Verdict::Missing,
            "not set",
            "set HOME to your home directory",
        );
    };
    let cache = &directories.cache;
    let folder = find_python(context).and_then(|python| environment_folder(context, &python).ok());
    let there = folder.is_some_and(|folder| folder.join("complete").exists());
    let needed = format!("the hub's environment ({NEEDED_SPACE})");
    match free_space(cache) {
        _ if there => Check::new("environment", &needed, Verdict::Ok, "installed", ""),
        Some(free) => {
            let fix = format!(
                "free space at {}, or set XDG_CACHE_HOME to a folder on another disk",
                cache.display()
            );
            Check::new("disk", &needed, ok_if(free >= NEEDED_SPACE), format!("{free} free"), fix)
        }
        None => Check::new("disk", &needed, Verdict::Note, "unknown", "check that the disk is not full"),
    }
}

fn port(context: &Context, document: &HubDocument) -> Check {
    let Provider::Local(local) = &document.hub.provider else {
        return Check::new("port", "", Verdict::Ok, "", "");
    };
    let what = format!("port {}", local.port);
    let folders = Folders::new(context, document.hub.name.as_str());
    let identity = folders.and_then(|folders| read_identity(&folders)).ok().flatten();
    let ours = identity.is_some_and(|identity| {
        identity.port == local.port && marked(&identity.id, None).is_ok_and(|all| !all.is_empty())
    });
    let found = match (ours, is_free(local.port)) {
        (true, _) => "in use by this hub",
        (_, true) => "free",
        _ => "taken",
    };
    let fix = "choose another: `provider: { local: { port: 8001 } }`";
    Check::new(&what, "the hub's address", ok_if(found != "taken"), found, fix)
}

fn limits() -> Check {
    let probe = format!("doctor-{}", std::process::id());
    let limits = prepare_limits(&probe, None);
    drop(remove_limits(&probe, None));
    let needed = "memory and CPU limits of sizes";
    match limits.kind {
        LimitsKind::None => Check::new("control groups", needed, Verdict::Note, "none", limits.reason),
        LimitsKind::V1 => Check::new("control groups", needed, Verdict::Ok, "version 1", ""),
        LimitsKind::V2 => Check::new("control groups", needed, Verdict::Ok, "version 2", ""),
    }
}
