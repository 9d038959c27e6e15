//! `frazil image push`.

use std::path::Path;

use serde_json::{Value, json};

use super::{Run, answer, explained, folder, last_line, named, tool};
use crate::cli::image::PushArgs;
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::render::hub_image::has_registry;
use crate::tool::ContainerKind;
use crate::view::{Layout, Report};

/// Pushes the image under all its names.
///
/// # Errors
/// When a name has no registry, or the registry does not take it.
pub(super) fn push(run: &Run<'_>, args: &PushArgs) -> Result<Outcome> {
    let references = named(run, &args.image)?;
    if let Some(reference) = references.first().filter(|reference| !has_registry(reference)) {
        return Err(Error::failed(format!("{reference} names no registry"))
            .hint("say `image: { name: REGISTRY/frazil-hub }` in the hub file, or `--name`; then build it under that name"));
    }
    let tool = tool(run, &args.image)?;
    if let Some(file) = &args.auth_file {
        fits(tool.kind, file)?;
    }
    let folder = folder(run)?;
    let (log, digest_file) = (folder.join("push.log"), folder.join("digest"));
    let mut progress = run.printer.progress();
    let mut pushed = Vec::new();
    for reference in references {
        progress.step(&format!("push {reference} by {}", tool.kind));
        let mut told = String::new();
        let call = tool.push(&reference, args.auth_file.as_deref(), &digest_file, &log);
        call.each_line(|line| told += &format!("{line}\n")).inspect_err(|_| progress.abandon()).map_err(
            |error| {
                explained(error, &log)
                    .hint(format!("log in to the registry with `{} login`, or name `--auth-file`", tool.kind))
            },
        )?;
        let digest = digest(&answer(&digest_file)).or_else(|| digest(&last_line(&told)));
        pushed.push((reference, digest));
    }
    progress.finish();
    run.printer.report(&Pushed(pushed))?;
    Ok(Outcome::Done)
}

/// Docker reads the file from a folder of settings, by its name.
fn fits(kind: ContainerKind, file: &Path) -> Result<()> {
    if !file.is_file() {
        return Err(Error::failed(format!("there is no file {}", file.display())));
    }
    if kind == ContainerKind::Docker && file.file_name().is_none_or(|name| name != "config.json") {
        return Err(Error::failed(format!("docker reads no credentials from {}", file.display()))
            .hint("its file is called config.json; or push with `--tool podman` or `--tool buildah`"));
    }
    Ok(())
}

/// The digest in an answer.
fn digest(text: &str) -> Option<String> {
    let found = text.split_whitespace().find(|word| word.starts_with("sha256:") && word.len() == 71);
    found.map(str::to_owned)
}

struct Pushed(Vec<(String, Option<String>)>);

impl Report for Pushed {
    fn schema(&self) -> &'static str {
        "frazil.image-push/v1"
    }

    fn data(&self) -> Value {
        let rows =
            self.0.iter().map(|(reference, digest)| json!({ "reference": reference, "digest": digest }));
        json!({ "pushed": rows.collect::<Vec<_>>() })
    }

    fn text(&self, _layout: Layout) -> String {
        let rows = self.0.iter().map(|(reference, digest)| match digest {
            Some(digest) => format!("pushed {reference}\n       {digest}\n"),
            None => format!("pushed {reference}\n"),
        });
        rows.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn digests_are_found_in_what_tools_say() {
        let digest_text = format!("sha256:{}", "a".repeat(64));
        assert_eq!(digest(&digest_text).as_ref(), Some(&digest_text));
        let of_docker = format!("0.1.0-abc: digest: {digest_text} size: 1990");
        assert_eq!(digest(&of_docker), Some(digest_text));
        assert_eq!(digest("sha256:short"), None);
    }
}
