//! `frazil image check`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Run, explained, folder, named, tool};
use crate::cli::image::CheckArgs;
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::render::hub_image::lock_digest;
use crate::tool::ToolError;
use crate::view::{Align, Layout, Report, Table};

/// What is asked inside the image.
const PROGRAM: &str = include_str!("../../../images/hub/check.py");

/// Runs the image, and tells what was looked at.
///
/// # Errors
/// When the image is not here, or nothing in it answers.
pub(super) fn check(run: &Run<'_>, args: &CheckArgs) -> Result<Outcome> {
    let image = match &args.reference {
        Some(reference) => reference.clone(),
        None => named(run, &args.image)?.swap_remove(0),
    };
    let tool = tool(run, &args.image)?;
    let log = folder(run)?.join("check.log");
    let mut progress = run.printer.progress();
    progress.step(&format!("run {image} by {}", tool.kind));
    let mut checks = Vec::new();
    let lock = lock_digest();
    let program = ["python", "-", lock.as_str(), env!("CARGO_PKG_VERSION")];
    let each = |line: &str| {
        if let Ok(check) = serde_json::from_str::<Check>(line) {
            progress.detail(&format!("{}: {}", check.what, check.verdict()));
            checks.push(check);
        }
    };
    tool.inside(&image, &program, PROGRAM.as_bytes(), each, &log)
        .inspect_err(|_| progress.abandon())
        .map_err(|error| match error {
            ToolError::Interrupted { .. } => {
                Error::interrupted("interrupted").hint("the same call again begins anew")
            }
            error => explained(error, &log)
                .hint("build it with `frazil image build`, or pull it and name it with `--image`"),
        })?;
    progress.finish();
    if checks.is_empty() {
        return Err(Error::failed(format!("nothing in {image} answered"))
            .hint(format!("the whole log is {}", log.display())));
    }
    let well = checks.iter().all(|check| check.ok);
    run.printer.report(&Checked { image, checks })?;
    Ok(if well { Outcome::Done } else { Outcome::CheckFailed })
}

/// What one check found.
#[derive(Debug, Deserialize, Serialize)]
struct Check {
    what: String,
    ok: bool,
    found: String,
}

impl Check {
    const fn verdict(&self) -> &'static str {
        if self.ok { "ok" } else { "wrong" }
    }
}

struct Checked {
    image: String,
    checks: Vec<Check>,
}

impl Report for Checked {
    fn schema(&self) -> &'static str {
        "frazil.image-check/v1"
    }

    fn data(&self) -> Value {
        json!({ "image": self.image, "checks": self.checks })
    }

    fn text(&self, layout: Layout) -> String {
        let wrong = self.checks.iter().filter(|check| !check.ok).count();
        let last = match wrong {
            0 => format!("\n{} is well\n", self.image),
            1 => format!("\n1 check of {} says no\n", self.image),
            _ => format!("\n{wrong} checks of {} say no\n", self.image),
        };
        self.rows().render(layout.width) + &last
    }

    fn table(&self) -> Option<Table> {
        Some(self.rows())
    }
}

impl Checked {
    fn rows(&self) -> Table {
        let mut table =
            Table::new([("check", Align::Left), ("verdict", Align::Left), ("found", Align::Left)]);
        for check in &self.checks {
            table.row([check.what.as_str(), check.verdict(), &check.found]);
        }
        table
    }
}
