//! `frazil kubeconfig`: the way to a hub's cluster, for kubectl and other programs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use super::{Run, load};
use crate::cli::KubeconfigArgs;
use crate::config::HubDocument;
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::provision::cloud as provisioned;
use crate::provision::kubernetes::kubeconfig::{Minimal, minimal};
use crate::render::write_changed;
use crate::view::{Format, Layout, Printer, Report};

/// Prints a kubeconfig, or writes it to a file and prints the file's path.
///
/// # Errors
/// When the cluster is another one than the hub's, or the file cannot be written.
pub(super) async fn kubeconfig(run: &Run<'_>, args: &KubeconfigArgs) -> Result<Outcome> {
    let document = load::usable(run, &args.hub.file)?;
    if args.credential {
        return credential(run, &document).await;
    }
    let minimal = minimal(run.context, &document).await?;
    let Some(out) = &args.out else {
        Printer::result(&minimal.text(run.printer.format == Format::Json)?)?;
        return Ok(Outcome::Done);
    };
    let path = std::path::absolute(out).unwrap_or_else(|_| out.clone());
    write(&path, &minimal)?;
    let Minimal { context, server, .. } = minimal;
    run.printer.report(&Written { path: path.display().to_string(), context, server })?;
    Ok(Outcome::Done)
}

/// The token that kubectl asks for.
async fn credential(run: &Run<'_>, document: &HubDocument) -> Result<Outcome> {
    let credential = provisioned::credential(run.context, document).await?;
    Printer::result(&credential.to_string())?;
    Ok(Outcome::Done)
}

/// A file that is there with the same content may be one that others can read.
fn write(path: &Path, minimal: &Minimal) -> Result<()> {
    if !write_changed(path, minimal.text(false)?.as_bytes(), true)? {
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(|error| {
            Error::failed(format!("{} cannot be closed to others", path.display()))
                .because(error)
                .hint("choose a file of your own")
        })?;
    }
    Ok(())
}

/// A kubeconfig that was written: where, not what.
struct Written {
    path: String,
    context: String,
    server: String,
}

impl Report for Written {
    fn schema(&self) -> &'static str {
        "frazil.kubeconfig/v1"
    }

    fn data(&self) -> Value {
        json!({ "path": self.path, "context": self.context, "server": self.server })
    }

    fn text(&self, _layout: Layout) -> String {
        format!("{}\n", self.path)
    }
}
