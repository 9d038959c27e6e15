//! `frazil up`: bring a hub up, or change it to what its file says.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Run, load};
use crate::cli::UpArgs;
use crate::config::Provider;
use crate::error::{Error, Result};
use crate::observe::LimitsKind;
use crate::outcome::Outcome;
use crate::provision::local::{Up, bring_up, remember_shown};
use crate::view::{Layout, Report, Table};

/// Brings a hub up.
///
/// # Errors
/// What stopped it; the next call goes on from there.
pub(super) async fn up(run: &Run<'_>, args: &UpArgs) -> Result<Outcome> {
    let document = load::usable(run, &args.hub.file)?;
    if !matches!(document.hub.provider, Provider::Local(_)) {
        return Err(other_provider("up", document.hub.provider.key()));
    }
    let mut progress = run.printer.progress();
    let up = bring_up(run.context, &document, &mut progress).await?;
    let report = UpReport {
        name: document.hub.name.to_string(),
        file: document.path.display().to_string(),
        up,
        elapsed: progress.elapsed(),
        steps: progress.done,
    };
    let delivered = run.printer.report(&report)?;
    if delivered {
        remember_shown(run.context, &document, &report.up.login)?;
    }
    Ok(Outcome::Done)
}

/// The error of a verb that this version has for one machine only.
pub(super) fn other_provider(verb: &str, provider: &str) -> Error {
    Error::failed(format!(
        "`{verb}` works with `provider: local` in this version; the file says `{provider}`"
    ))
    .hint("`frazil validate` and `frazil explain` work with every provider")
}

struct UpReport {
    name: String,
    file: String,
    up: Up,
    elapsed: Duration,
    steps: Vec<(String, Duration)>,
}

impl Report for UpReport {
    fn schema(&self) -> &'static str {
        "frazil.up/v1"
    }

    fn data(&self) -> Value {
        let steps: Vec<_> = self
            .steps
            .iter()
            .map(|(step, time)| json!({ "step": step, "seconds": time.as_secs_f64() }))
            .collect();
        json!({
            "hub": self.name,
            "address": self.up.address,
            "admins": self.up.admins,
            "started": self.up.started,
            "kept": self.up.kept,
            "limits": self.up.limits,
            "admin_password": self.up.login.admin_password,
            "user_password": self.up.login.user_password,
            "elapsed_seconds": self.elapsed.as_secs_f64(),
            "steps": steps,
        })
    }

    fn text(&self, _layout: Layout) -> String {
        let up = &self.up;
        let mut text = if up.started.is_empty() {
            format!("nothing to do: the hub `{}` runs as its file says\n", self.name)
        } else {
            let parts: Vec<_> = up.started.iter().map(|part| part.name()).collect();
            format!(
                "the hub `{}` is up ({} started, {:.1} s)\n",
                self.name,
                parts.join(", "),
                self.elapsed.as_secs_f64()
            )
        };
        text += &format!("\n  address   {}\n  admin     {}\n", up.address, up.admins.join(", "));
        if let Some(password) = &up.login.admin_password {
            text += &format!("  password  {password}   (of the admin; shown only now)\n");
        }
        if let Some(password) = &up.login.user_password {
            text += &format!("  password  {password}   (of everyone else; shown only now)\n");
        }
        match up.limits.kind {
            LimitsKind::None => {
                text += &format!("  sizes     memory and CPU limits do not hold: {}\n", up.limits.reason);
            }
            LimitsKind::V1 | LimitsKind::V2 => text += "  sizes     memory and CPU limits hold\n",
        }
        let file = if self.file == "hub.yaml" { String::new() } else { format!(" {}", self.file) };
        text + &format!(
            "\nfrazil open{file} logs you in; frazil status{file} tells what runs; frazil down{file} stops it\n"
        )
    }

    fn table(&self) -> Option<Table> {
        None
    }
}
