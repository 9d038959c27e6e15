//! `frazil render`: the files that a hub file becomes.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Run, load};
use crate::cli::RenderArgs;
use crate::config::{HubDocument, Provider};
use crate::error::{Error, Result};
use crate::observe::machine;
use crate::outcome::Outcome;
use crate::render::cluster::Cluster;
use crate::render::{Difference, FolderError, Rendered, Tree, hub_files, local};
use crate::view::{Align, Layout, Report, Table};

/// Writes a hub's files, or compares them with those on disk.
///
/// # Errors
/// When the hub file cannot be used, or the folder is another's.
pub(super) fn render(run: &Run<'_>, args: &RenderArgs) -> Result<Outcome> {
    let document = load::usable(run, &args.hub.file)?;
    let name = document.hub.name.as_str();
    let rendered = Rendered::new(tree(&document)?, name);
    let folder = args.out.clone().unwrap_or_else(|| Path::new("rendered").join(name));
    let found = if args.check { rendered.differences(&folder) } else { rendered.write(&folder) };
    let report = RenderReport {
        folder,
        check: args.check,
        files: rendered.tree().files().map(|(path, _)| path.to_owned()).collect(),
        differences: found.map_err(refused)?,
    };
    run.printer.report(&report)?;
    let differs = args.check && !report.differences.is_empty();
    Ok(if differs { Outcome::Difference } else { Outcome::Done })
}

fn tree(document: &HubDocument) -> Result<Tree> {
    match &document.hub.provider {
        Provider::Local(place) => {
            let machine = machine()
                .map_err(|error| Error::failed("this machine tells nothing of itself").because(error))?;
            Ok(local::preview(&document.hub, place.port, machine))
        }
        _ => cluster_tree(document),
    }
}

fn cluster_tree(document: &HubDocument) -> Result<Tree> {
    let cluster = Cluster::new(&document.hub).map_err(|error| failed(document).because(error))?;
    let cluster = cluster.beside(&document.neighbours);
    hub_files(&cluster).map_err(|error| failed(document).because(error))
}

fn failed(document: &HubDocument) -> Error {
    Error::failed(format!("{} cannot be rendered", document.path.display()))
}

fn refused(error: FolderError) -> Error {
    let hint = match &error {
        FolderError::NotOurs { .. } | FolderError::OtherHub { .. } => {
            "name another folder with `--out`; nothing was changed"
        }
        FolderError::Read { .. } | FolderError::Write(_) => "check the folder's permissions",
    };
    Error::failed("the files cannot be rendered there").because(error).hint(hint)
}

/// What was rendered, and what differed.
#[derive(Debug)]
struct RenderReport {
    folder: PathBuf,
    check: bool,
    files: Vec<PathBuf>,
    differences: Vec<(PathBuf, Difference)>,
}

impl RenderReport {
    fn words(&self, difference: Difference) -> &'static str {
        match (self.check, difference) {
            (true, Difference::Missing) => "missing",
            (true, Difference::Changed) => "differs",
            (true, Difference::Stale) => "no longer rendered",
            (false, Difference::Missing) => "new",
            (false, Difference::Changed) => "changed",
            (false, Difference::Stale) => "removed",
        }
    }

    fn rows(&self) -> Table {
        let mut table = Table::new([("file", Align::Left), ("what", Align::Left)]);
        for (path, difference) in &self.differences {
            table.row([path.display().to_string(), self.words(*difference).to_owned()]);
        }
        table
    }
}

impl Report for RenderReport {
    fn schema(&self) -> &'static str {
        "frazil.render/v1"
    }

    fn data(&self) -> Value {
        let differences: Vec<_> = self
            .differences
            .iter()
            .map(|(path, difference)| json!({ "file": path, "difference": difference }))
            .collect();
        json!({ "folder": self.folder, "written": !self.check, "files": self.files, "differences": differences })
    }

    fn text(&self, layout: Layout) -> String {
        let (folder, count) = (self.folder.display(), self.files.len());
        let differ = self.differences.len();
        if differ == 0 {
            return format!("{folder}: all {count} files are as the hub file says\n");
        }
        let head = if self.check {
            format!("{folder}: {differ} of {count} files differ; `frazil render` writes them\n")
        } else {
            format!("{folder}: {count} files, {differ} of them new or changed\n")
        };
        head + "\n" + &self.rows().render(layout.width)
    }

    fn table(&self) -> Option<Table> {
        Some(self.rows())
    }
}
