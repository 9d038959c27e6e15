//! `frazil doctor`: is everything there that a hub needs?

mod cloud;
mod cluster;
mod domain;
mod image;
mod local;
mod nodes;
mod policy;

use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Run, load};
use crate::cli::DoctorArgs;
use crate::config::{Auth, HubDocument, Provider, SecretRef};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::tool::{Call, MIN_HELM, find_helm};

use crate::view::{Align, Layout, Report, Table};

/// Checks what a hub needs. Without a file, what a hub on this machine needs.
///
/// # Errors
/// When the file is there and cannot be used, or a cluster stops answering in the middle.
pub(super) async fn doctor(run: &Run<'_>, args: &DoctorArgs) -> Result<Outcome> {
    let document = match &args.file {
        Some(file) => Some(load::usable(run, file)?),
        None if Path::new("hub.yaml").exists() => Some(load::usable(run, Path::new("hub.yaml"))?),
        None => None,
    };
    if let Some(purpose) = args.policy {
        let document = document.as_ref().ok_or_else(|| {
            Error::usage("`--policy` wants a hub file").hint("frazil doctor --policy deploy hub.yaml")
        })?;
        return policy::policy(run, document, purpose.into());
    }
    let mut checks = match (&document, document.as_ref().map(|document| &document.hub.provider)) {
        (Some(document), Some(Provider::Kubernetes(_))) => {
            let mut checks = vec![helm(run.context)];
            checks.extend(cluster::checks(run.context, document).await?);
            checks
        }
        (Some(document), Some(Provider::Aws(_) | Provider::Gcp(_))) => {
            Box::pin(cloud::checks(run.context, document)).await?
        }
        _ => local::checks(run.context, document.as_ref()),
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

/// What to do about what may not be looked at.
const ASK: &str = "ask who administers the cluster or the account";

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

/// Whether a program is there, and which version it says it is.
fn program(context: &Context, name: &str, version: &[&str], needed_for: &str, fix: &str) -> Check {
    let Some(path) = context.find_program(name) else {
        return Check::new(name, needed_for, Verdict::Missing, "not found", fix);
    };
    let answer = Call::new(path).arguments(version).output().unwrap_or_else(|_| "found".to_owned());
    Check::new(name, needed_for, Verdict::Ok, answer.lines().next().unwrap_or_default(), fix)
}

fn helm(context: &Context) -> Check {
    let needed = format!("installs the charts ({MIN_HELM} or newer)");
    let fix = "install Helm from https://helm.sh, or name it in FRAZIL_HELM";
    match find_helm(context) {
        None => Check::new("Helm", &needed, Verdict::Missing, "not found", fix),
        Some(helm) => Check::new("Helm", &needed, ok_if(helm.new_enough()), helm.version, fix),
    }
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
        let fixes: String =
            self.fixes().iter().map(|(what, fix)| format!("\n{}: {fix}\n", what.join(", "))).collect();
        let missing = self.checks.iter().any(|check| check.verdict == Verdict::Missing);
        let last = if missing { "" } else { "\nall that is needed is there\n" };
        self.rows().render(layout.width) + &fixes + last
    }

    fn table(&self) -> Option<Table> {
        Some(self.rows())
    }
}

impl Doctor {
    /// What to do, with the checks that it is for: the same is told once.
    fn fixes(&self) -> Vec<(Vec<&str>, &str)> {
        let mut fixes: Vec<(Vec<&str>, &str)> = Vec::new();
        for check in self.checks.iter().filter(|check| !check.fix.is_empty()) {
            match fixes.iter_mut().find(|(_, fix)| *fix == check.fix) {
                Some((what, _)) => what.push(&check.what),
                None => fixes.push((vec![&check.what], &check.fix)),
            }
        }
        fixes
    }

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
