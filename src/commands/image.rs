//! `frazil image`: the hub image, built, pushed and looked at.

mod build;
mod check;
mod push;

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::{Run, load};
use crate::cli::image::{ImageArgs, ImageName, ImageVerb};
use crate::config::HubDocument;
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::render::cluster::Cluster;
use crate::render::hub_image::{LOCAL_NAME, references};
use crate::tool::{ContainerTool, NoContainerTool, find_container_tool, last_lines};

/// Builds, pushes or checks the hub image.
///
/// # Errors
/// When no program makes images, or it fails.
pub(super) fn image(run: &Run<'_>, args: &ImageArgs) -> Result<Outcome> {
    match &args.verb {
        ImageVerb::Build(args) => build::build(run, args),
        ImageVerb::Push(args) => push::push(run, args),
        ImageVerb::Check(args) => check::check(run, args),
    }
}

/// What the image is called, first by its lock: as its own name says, the hub file, or neither.
fn named(run: &Run<'_>, image: &ImageName) -> Result<Vec<String>> {
    let of_folder = Path::new("hub.yaml");
    let file = image.file.as_deref().or_else(|| of_folder.exists().then_some(of_folder));
    Ok(match (&image.name, file) {
        (Some(name), _) => references(&name.to_string(), None),
        (None, Some(file)) => of_hub(&load::usable(run, file)?),
        (None, None) => references(LOCAL_NAME, None),
    })
}

fn of_hub(document: &HubDocument) -> Vec<String> {
    let cluster = Cluster::without_pools(&document.hub);
    let (name, tag) = cluster.image();
    // Without a registry the image stays here, and container tools say so in the name.
    let name = if name.contains('/') { name } else { format!("localhost/{name}") };
    references(&name, Some(tag))
}

fn tool(run: &Run<'_>, image: &ImageName) -> Result<ContainerTool> {
    find_container_tool(run.context, image.tool.map(Into::into)).map_err(|error| match error {
        NoContainerTool::NotFound(_) => Error::failed(error.to_string())
            .hint("on Debian and Ubuntu: `apt install buildah`; or install Podman or Docker"),
        NoContainerTool::Silent { kind, source } => Error::from(source)
            .about(&format!("{kind} does not work"))
            .hint("start its daemon or machine, or name another program with `--tool`"),
    })
}

/// Where the words of image tools go; and beside it, what they answer by files.
fn folder(run: &Run<'_>) -> Result<PathBuf> {
    let folder = run.context.directories()?.state.join("image");
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(|error| {
        Error::failed(format!("the folder {} cannot be made", folder.display())).because(error)
    })?;
    Ok(folder)
}

/// A file that a tool wrote an answer to, and that is of no use afterwards.
fn answer(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    // The next call writes it anew.
    let _gone = fs::remove_file(path);
    text.trim().to_owned()
}

/// What a failed tool most likely lacks.
fn explained(error: impl Into<Error>, log: &Path) -> Error {
    error.into().hint(format!("the whole log is {}", log.display()))
}

/// The last line of a text.
fn last_line(text: &str) -> String {
    last_lines(text).pop().unwrap_or_default()
}
