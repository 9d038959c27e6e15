//! `frazil doctor`: is everything there that a hub needs?

use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Run, load};
use crate::cli::DoctorArgs;
use crate::config::{Auth, HubDocument, Provider, SecretRef};
use crate::context::Context;
use crate::error::Result;
use crate::observe::{LimitsKind, free_space, marked, prepare_limits, remove_limits};
use crate::outcome::Outcome;
use crate::provision::local::{
    Folders, NEEDED_SPACE, environment_folder, is_free, node_hint, python_hint, read_identity,
};
use crate::tool::{Call, MIN_NODE, MIN_PYTHON, find_node, find_python};
use crate::view::{Align, Layout, Report, Table};

/// Checks what a hub needs. Without a file, what a hub on this machine needs.
///
/// # Errors
/// When the file is there and cannot be used.
pub(super) fn doctor(run: &Run<'_>, args: &DoctorArgs) -> Result<Outcome> {
    let document = match &args.file {
        Some(file) => Some(load::usable(run, file)?),
        None if Path::new("hub.yaml").exists() => Some(load::usable(run, Path::new("hub.yaml"))?),
        None => None,
    };
    let mut checks = match document.as_ref().map(|document| &document.hub.provider) {
        None | Some(Provider::Local(_)) => local_checks(run.context, document.as_ref()),
        Some(provider) => cluster_checks(run.context, provider),
    };
    if document.as_ref().is_some_and(needs_sops) {
        checks.push(program(
            run.context,
            "sops",
            &["--version"],
            "decrypts the secrets that the file refers to",
            "install sops from your package manager",
        ));
    }
    let well = checks.iter().all(|check| check.verdict != Verdict::Missing);
    run.printer.report(&Doctor { checks })?;
    Ok(if well { Outcome::Done } else { Outcome::CheckFailed })
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// All is well.
    Ok,
    /// It works, with less.
    Note,
    /// It does not work without.
    Missing,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Missing => "missing",
        }
    }
}

#[derive(Debug, Serialize)]
struct Check {
    what: String,
    verdict: Verdict,
    found: String,
    needed_for: String,
    fix: String,
}

impl Check {
    fn new(
        what: &str,
        needed_for: &str,
        verdict: Verdict,
        found: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let fix = if verdict == Verdict::Ok { String::new() } else { fix.into() };
        Self { what: what.to_owned(), verdict, found: found.into(), needed_for: needed_for.to_owned(), fix }
    }
}

fn ok_if(good: bool) -> Verdict {
    if good { Verdict::Ok } else { Verdict::Missing }
}

fn local_checks(context: &Context, document: Option<&HubDocument>) -> Vec<Check> {
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

/// Whether a program is there, and which version it says it is.
fn program(context: &Context, name: &str, version: &[&str], needed_for: &str, fix: &str) -> Check {
    let Some(path) = context.find_program(name) else {
        return Check::new(name, needed_for, Verdict::Missing, "not found", fix);
    };
    let answer = Call::new(path).arguments(version).output().unwrap_or_else(|_| "found".to_owned());
    Check::new(name, needed_for, Verdict::Ok, answer.lines().next().unwrap_or_default(), fix)
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

fn cluster_checks(context: &Context, provider: &Provider) -> Vec<Check> {
    let mut checks = Vec::new();
    if matches!(provider, Provider::Aws(_) | Provider::Gcp(_)) {
        let name = if context.find_program("terraform").is_some() { "terraform" } else { "tofu" };
        checks.push(program(
            context,
            name,
            &["version"],
            "makes the cluster",
            "install Terraform or OpenTofu from your package manager",
        ));
    }
    checks.push(program(
        context,
        "helm",
        &["version", "--short"],
        "installs the charts",
        "install Helm from your package manager",
    ));
    checks
}

fn needs_sops(document: &HubDocument) -> bool {
    let sops = |secret: &SecretRef| matches!(secret, SecretRef::Sops(_));
    let of_gateways = document.hub.gateways.iter().filter_map(|gateway| gateway.password.as_ref()).any(sops);
    let of_auth = match &document.hub.auth {
        Some(Auth::Password(password)) => {
            password.admin_password.iter().chain(&password.user_password).any(sops)
        }
        Some(auth) => auth.client_secret().is_some_and(sops),
        None => false,
    };
    of_gateways || of_auth
}

struct Doctor {
    checks: Vec<Check>,
}

impl Report for Doctor {
    fn schema(&self) -> &'static str {
        "frazil.doctor/v1"
    }

    fn data(&self) -> Value {
        json!({ "checks": self.checks })
    }

    fn text(&self, layout: Layout) -> String {
        let fixes = self.checks.iter().filter(|check| !check.fix.is_empty());
        let fixes: String = fixes.map(|check| format!("\n{}: {}\n", check.what, check.fix)).collect();
        let missing = self.checks.iter().any(|check| check.verdict == Verdict::Missing);
        let last = if missing { "" } else { "\nall that is needed is there\n" };
        self.rows().render(layout.width) + &fixes + last
    }

    fn table(&self) -> Option<Table> {
        Some(self.rows())
    }
}

impl Doctor {
    fn rows(&self) -> Table {
        let mut table = Table::new([
            ("check", Align::Left),
            ("verdict", Align::Left),
            ("found", Align::Left),
            ("for", Align::Left),
        ]);
        for check in &self.checks {
            table.row([check.what.as_str(), check.verdict.word(), &check.found, &check.needed_for]);
        }
        table
    }
}
