//! `frazil image build`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Run, answer, explained, folder, named, tool};
use crate::cli::image::BuildArgs;
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::render::hub_image::{is_own_lock, lock_digest, lock_tag};
use crate::tool::{ContainerTool, RECIPE, Recipe, commit_of};
use crate::view::{Layout, Progress, Report};

/// Where the bill of materials is in the image.
const SBOM: &str = "/opt/hub/share/frazil/sbom.cdx.json";

/// Builds the image, and writes its bill of materials beside it.
///
/// # Errors
/// When the checkout is not of this frazil, or the build fails.
pub(super) fn build(run: &Run<'_>, args: &BuildArgs) -> Result<Outcome> {
    let references = named(run, &args.image)?;
    let source = checkout(&args.source)?;
    secrets_are_there(args)?;
    let tool = tool(run, &args.image)?;
    let folder = folder(run)?;
    let log = folder.join("build.log");
    let recipe = Recipe {
        arguments: arguments(args, commit_of(run.context, &source)),
        secrets: args.secret.iter().map(|secret| (secret.id, secret.path.clone())).collect(),
        references,
        id_file: folder.join("id"),
        source,
    };
    let mut progress = run.printer.progress();
    progress.step(&format!("build {} by {}", recipe.references[0], tool.kind));
    tool.build(&recipe, &log)
        .each_line(|line| tell(&mut progress, line))
        .inspect_err(|_| progress.abandon())
        .map_err(|error| explained(error, &log))?;
    progress.step("take out the bill of materials");
    let sbom = args.sbom.clone().unwrap_or_else(|| format!("frazil-hub-{}.cdx.json", lock_tag()).into());
    write_sbom(&tool, &recipe.references[0], &sbom, &log).inspect_err(|_| progress.abandon())?;
    progress.finish();
    let seconds = progress.elapsed().as_secs_f64();
    run.printer.report(&Built {
        references: recipe.references,
        id: answer(&recipe.id_file),
        sbom,
        seconds,
    })?;
    Ok(Outcome::Done)
}

/// The checkout, if its packages and version are this program's: both are in the tag.
fn checkout(source: &Path) -> Result<PathBuf> {
    let read = |path: &str| {
        fs::read_to_string(source.join(path)).map_err(|error| {
            Error::failed(format!("{} is no checkout of frazil", source.display()))
                .because(error)
                .hint("call it in the checkout, or name it with `--source`")
        })
    };
    read(RECIPE)?;
    let version = format!("version = \"{}\"", env!("CARGO_PKG_VERSION"));
    if is_own_lock(&read("images/hub/requirements.txt")?) && read("Cargo.toml")?.contains(&version) {
        return source.canonicalize().map_err(|error| {
            Error::failed(format!("{} cannot be reached", source.display())).because(error)
        });
    }
    Err(Error::failed(format!(
        "the checkout {} is not of this frazil: version or locked packages differ",
        source.display()
    ))
    .hint("install the checkout's own with `cargo install --path .`, or call it by `cargo run --release --`"))
}

fn secrets_are_there(args: &BuildArgs) -> Result<()> {
    match args.secret.iter().find(|secret| !secret.path.is_file()) {
        Some(secret) => Err(Error::failed(format!("there is no file {}", secret.path.display()))
            .hint(format!("it was named by `--secret {}=…`", secret.id))),
        None => Ok(()),
    }
}

/// The recipe's arguments; what is not said is the recipe's own.
fn arguments(args: &BuildArgs, commit: Option<String>) -> Vec<(&'static str, String)> {
    let said = [("BASE", &args.base), ("RUST", &args.rust)];
    let said = said.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
    let known = [
        ("VERSION", lock_tag()),
        ("LOCK", lock_digest()),
        ("REVISION", commit.unwrap_or_else(|| "unknown".to_owned())),
    ];
    said.chain(known).collect()
}

/// Tells the steps of the recipe, and nothing of what each writes.
fn tell(progress: &mut Progress, line: &str) {
    if line.starts_with('[') && line.contains(" STEP ") || line.starts_with("STEP ") {
        progress.detail(line);
    }
}

fn write_sbom(tool: &ContainerTool, image: &str, path: &Path, log: &Path) -> Result<()> {
    let mut text = String::new();
    let take = |line: &str| text += &format!("{line}\n");
    tool.inside(image, &["cat", SBOM], b"", take, log).map_err(|error| explained(error, log))?;
    fs::write(path, text)
        .map_err(|error| Error::failed(format!("{} cannot be written", path.display())).because(error))
}

struct Built {
    references: Vec<String>,
    id: String,
    sbom: PathBuf,
    seconds: f64,
}

impl Report for Built {
    fn schema(&self) -> &'static str {
        "frazil.image/v1"
    }

    fn data(&self) -> Value {
        json!({
            "references": self.references,
            "id": self.id,
            "lock": lock_digest(),
            "sbom": self.sbom,
            "duration_seconds": self.seconds,
        })
    }

    fn text(&self, _layout: Layout) -> String {
        let names = self.references.join("\n  ");
        format!(
            "built\n  {names}\nits bill of materials: {}\nlook whether it works: frazil image check\n",
            self.sbom.display()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::checkout;

    #[test]
    fn only_a_checkout_of_this_frazil_is_built() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(checkout(root).unwrap(), root.canonicalize().unwrap());
        assert!(checkout(&root.join("src")).unwrap_err().to_string().contains("no checkout"));
    }
}
