//! `frazil down`: take a hub down, and say what was kept.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Run, load};
use crate::cli::DownArgs;
use crate::config::{HubName, Provider};
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::provision::local::{Down, take_down};
use crate::provision::other_provider;
use crate::view::{Layout, Report};

/// Takes a hub down.
///
/// # Errors
/// When the person does not agree, or something cannot be stopped or removed.
pub(super) fn down(run: &Run<'_>, args: &DownArgs) -> Result<Outcome> {
    let name = &name(run, args)?;
    if args.data {
        confirm(run, args, name)?;
    }
    let mut progress = run.printer.progress();
    let down = take_down(run.context, name, args.data, &mut progress)?;
    let clean = down.left.is_empty();
    run.printer.report(&DownReport { name: name.clone(), down, elapsed: progress.elapsed() })?;
    Ok(if clean { Outcome::Done } else { Outcome::CheckFailed })
}

/// The hub's name: as given, or from its file.
fn name(run: &Run<'_>, args: &DownArgs) -> Result<String> {
    if let Some(name) = &args.name {
        let name: HubName =
            name.parse().map_err(|error| Error::usage("`--name` is no hub's name").because(error))?;
        return Ok(name.to_string());
    }
    let by_name = "a hub on this machine whose file is gone or broken: `frazil down --name NAME`";
    let document = load::usable(run, &args.hub.file).map_err(|error| error.hint(by_name))?;
    match document.hub.provider {
        Provider::Local(_) => Ok(document.hub.name.to_string()),
        other => Err(other_provider("down", other.key()).hint(by_name)),
    }
}

/// Removing people's files wants the hub's name typed.
fn confirm(run: &Run<'_>, args: &DownArgs, name: &str) -> Result<()> {
    let typed = match &args.confirm {
        Some(given) => given.clone(),
        None if run.context.interactive => {
            let question =
                format!("This removes the files of everyone on the hub `{name}`. Type its name to go on:");
            inquire::Text::new(&question).prompt().map_err(|_| Error::interrupted("nothing was removed"))?
        }
        None => {
            return Err(Error::failed(
                "`down --data` removes the files of everyone on the hub, and nobody can be asked here",
            )
            .hint(format!("say it in the call: `frazil down --data --confirm {name}`")));
        }
    };
    if typed == name {
        return Ok(());
    }
    Err(Error::failed(format!("`{typed}` is not the name of this hub, so nothing was removed"))
        .hint(format!("its name is `{name}`")))
}

struct DownReport {
    name: String,
    down: Down,
    elapsed: Duration,
}

impl Report for DownReport {
    fn schema(&self) -> &'static str {
        "frazil.down/v1"
    }

    fn data(&self) -> Value {
        let down = &self.down;
        let stopped: serde_json::Map<_, _> =
            down.stopped.iter().map(|(part, count)| (part.name().to_owned(), json!(count))).collect();
        let kept: Vec<_> = down
            .kept
            .iter()
            .map(|(folder, what, size)| json!({ "folder": folder, "what": what, "size_bytes": size.get() }))
            .collect();
        json!({
            "hub": self.name,
            "stopped_processes": stopped,
            "removed": down.removed,
            "kept": kept,
            "left": down.left,
            "elapsed_seconds": self.elapsed.as_secs_f64(),
        })
    }

    fn text(&self, _layout: Layout) -> String {
        let down = &self.down;
        let count: usize = down.stopped.iter().map(|(_, count)| count).sum();
        let mut text = if count == 0 {
            format!("the hub `{}` was not running\n", self.name)
        } else {
            let parts: Vec<_> =
                down.stopped.iter().map(|(part, count)| format!("{} {count}", part.name())).collect();
            format!(
                "the hub `{}` is down: {count} processes stopped ({}; {:.1} s)\n",
                self.name,
                parts.join(", "),
                self.elapsed.as_secs_f64()
            )
        };
        for folder in &down.removed {
            text += &format!("  removed  {}\n", folder.display());
        }
        for (folder, what, size) in &down.kept {
            text += &format!("  kept     {}   {what}, {size}\n", folder.display());
        }
        for folder in &down.left {
            text += &format!("  left     {}   a control group that is still in use\n", folder.display());
        }
        if !down.kept.is_empty() {
            text += "\nfrazil up brings it back with all of that; frazil down --data removes it\n";
        }
        text
    }
}
