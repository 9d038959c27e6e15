//! Docker, Podman or Buildah: found, and asked to build, push and run an image.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use super::{Call, ToolError};
use crate::context::Context;

/// The recipe of the hub image, in a checkout.
pub const RECIPE: &str = "images/hub/Containerfile";

/// A program that makes images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerKind {
    /// Docker, with its daemon.
    Docker,
    /// Podman.
    Podman,
    /// Buildah, which needs neither a daemon nor a runtime where `BUILDAH_ISOLATION=chroot` is set.
    Buildah,
}

impl ContainerKind {
    /// All of them, in the order in which they are looked for.
    pub const ALL: [Self; 3] = [Self::Docker, Self::Podman, Self::Buildah];

    /// The program's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Buildah => "buildah",
        }
    }

    /// What it answers only when it can work: Docker's client is often there without its daemon.
    const fn question(self) -> &'static [&'static str] {
        match self {
            Self::Docker => &["version", "--format", "{{.Server.Version}}"],
            Self::Podman => &["info", "--format", "{{.Version.Version}}"],
            Self::Buildah => &["--version"],
        }
    }
}

impl fmt::Display for ContainerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A program that makes images, and works.
#[derive(Clone, Debug)]
pub struct ContainerTool {
    /// Which one.
    pub kind: ContainerKind,
    path: PathBuf,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum NoContainerTool {
    /// None is installed.
    #[error("{} not installed", words(.0))]
    NotFound(Vec<ContainerKind>),
    /// One is there and does not work.
    #[error("{kind} does not work")]
    Silent {
        /// Which one.
        kind: ContainerKind,
        /// What it said.
        #[source]
        source: ToolError,
    },
}

fn words(kinds: &[ContainerKind]) -> String {
    let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
    match names.as_slice() {
        [one] => format!("{one} is"),
        _ => format!("none of {} is", names.join(", ")),
    }
}

/// Looks for a program that makes images; a wanted one, or the first that works.
///
/// # Errors
/// When none works.
pub fn find_container_tool(
    context: &Context,
    wanted: Option<ContainerKind>,
) -> Result<ContainerTool, NoContainerTool> {
    let kinds = wanted.map_or_else(|| ContainerKind::ALL.to_vec(), |kind| vec![kind]);
    let mut silent = None;
    for &kind in &kinds {
        let Some(path) = context.find_program(kind.name()) else { continue };
        match Call::new(&path).arguments(kind.question()).output() {
            Ok(_) => return Ok(ContainerTool { kind, path }),
            Err(source) => silent = silent.or(Some(NoContainerTool::Silent { kind, source })),
        }
    }
    Err(silent.unwrap_or(NoContainerTool::NotFound(kinds)))
}

/// What an image is built from.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// The checkout.
    pub source: PathBuf,
    /// Arguments of the recipe.
    pub arguments: Vec<(&'static str, String)>,
    /// Files that steps of the build see and the image does not have, by their ID.
    pub secrets: Vec<(&'static str, PathBuf)>,
    /// What the image is called.
    pub references: Vec<String>,
    /// Where the tool writes the image's ID.
    pub id_file: PathBuf,
}

impl ContainerTool {
    fn call(&self) -> Call {
        // The recipe mounts secrets and caches, which Docker's older builder does not know.
        Call::new(&self.path).variable("DOCKER_BUILDKIT", "1")
    }

    /// A call that builds an image; it tells its steps, and all else goes to the log.
    pub fn build(&self, recipe: &Recipe, log: &Path) -> Call {
        self.call().arguments(build_arguments(self.kind, recipe)).log(log)
    }

    /// A call that pushes an image to the registry in its name, with the credentials that the tool has or
    /// those of a file; the registry's digest goes to another file, or with Docker to standard output.
    pub fn push(&self, reference: &str, credentials: Option<&Path>, digest_file: &Path, log: &Path) -> Call {
        self.call().arguments(push_arguments(self.kind, reference, credentials, digest_file)).log(log)
    }

    /// Runs a program in a new container of an image that is here, which ends with it, by Ctrl-C too, and
    /// hands over the lines that it writes.
    ///
    /// # Errors
    /// When the image is not here, or the program fails.
    pub fn inside(
        &self,
        image: &str,
        program: &[&str],
        input: &[u8],
        line: impl FnMut(&str),
        log: &Path,
    ) -> Result<(), ToolError> {
        if self.kind != ContainerKind::Buildah {
            let call = self.call().arguments(run_arguments(image, program)).input(input).log(log);
            return call.each_line(line);
        }
        let container = self.call().arguments(["from", "--quiet", "--pull=never", image]).output()?;
        let run = self.call().arguments(["run", &container, "--"]).arguments(program).input(input).log(log);
        // Buildah keeps its container: this process has to live until it is removed.
        let outcome = run.gently().each_line(line);
        let removed = self.call().arguments(["rm", &container]).output();
        outcome.and(removed.map(drop))
    }
}

fn word(text: &str) -> OsString {
    OsString::from(text)
}

fn build_arguments(kind: ContainerKind, recipe: &Recipe) -> Vec<OsString> {
    let file = recipe.source.join(RECIPE);
    let mut all = vec![word("build"), word("--file"), file.clone().into()];
    match kind {
        ContainerKind::Docker => all.extend([word("--progress"), word("plain")]),
        ContainerKind::Podman | ContainerKind::Buildah => {
            // OCI's own format has no health check. Docker finds the list of what to leave out by its name.
            all.extend([word("--format"), word("docker"), word("--ignorefile")]);
            all.push(file.with_extension("dockerignore").into());
        }
    }
    for (name, value) in &recipe.arguments {
        all.extend([word("--build-arg"), word(&format!("{name}={value}"))]);
    }
    for (id, path) in &recipe.secrets {
        let mut option = OsString::from(format!("id={id},src="));
        option.push(path);
        all.extend([word("--secret"), option]);
    }
    for reference in &recipe.references {
        all.extend([word("--tag"), word(reference)]);
    }
    all.extend([word("--iidfile"), recipe.id_file.clone().into(), recipe.source.clone().into()]);
    all
}

/// Docker takes a folder of settings, the others a file; Docker tells the digest in words, the others by a file.
fn push_arguments(
    kind: ContainerKind,
    reference: &str,
    credentials: Option<&Path>,
    digest_file: &Path,
) -> Vec<OsString> {
    let mut all = Vec::new();
    if kind == ContainerKind::Docker {
        if let Some(folder) = credentials.and_then(Path::parent) {
            all.extend([word("--config"), folder.into()]);
        }
        all.push(word("push"));
    } else {
        all.push(word("push"));
        if let Some(file) = credentials {
            all.extend([word("--authfile"), file.into()]);
        }
        all.extend([word("--digestfile"), digest_file.into()]);
    }
    all.push(word(reference));
    all
}

fn run_arguments(image: &str, program: &[&str]) -> Vec<OsString> {
    let (first, rest) = program.split_first().unwrap_or((&"true", &[]));
    let fixed = ["run", "--rm", "--interactive", "--pull=never", "--entrypoint", *first, image];
    fixed.iter().chain(rest).map(OsString::from).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{ContainerKind, Recipe, build_arguments, push_arguments, run_arguments};

    fn text(arguments: &[std::ffi::OsString]) -> String {
        arguments.iter().map(|argument| argument.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    fn recipe() -> Recipe {
        Recipe {
            source: "/checkout".into(),
            arguments: vec![("BASE", "debian:12".to_owned())],
            secrets: vec![("pip", "/etc/pip.conf".into())],
            references: vec!["localhost/hub:1".to_owned(), "localhost/hub:2".to_owned()],
            id_file: "/tmp/id".into(),
        }
    }

    #[test]
    fn each_tool_is_told_the_same_in_its_words() {
        let end = "--build-arg BASE=debian:12 --secret id=pip,src=/etc/pip.conf \
                   --tag localhost/hub:1 --tag localhost/hub:2 --iidfile /tmp/id /checkout";
        let file = "build --file /checkout/images/hub/Containerfile";
        let ignore = "--format docker --ignorefile /checkout/images/hub/Containerfile.dockerignore";
        let of = |kind| text(&build_arguments(kind, &recipe()));
        assert_eq!(of(ContainerKind::Docker), format!("{file} --progress plain {end}"));
        assert_eq!(of(ContainerKind::Podman), format!("{file} {ignore} {end}"));
        assert_eq!(of(ContainerKind::Buildah), of(ContainerKind::Podman));
    }

    #[test]
    fn credentials_are_named_and_never_told() {
        let file = Some(Path::new("/home/ada/.docker/config.json"));
        let of =
            |kind, file| text(&push_arguments(kind, "ghcr.io/lab/hub:1", file, Path::new("/tmp/digest")));
        assert_eq!(of(ContainerKind::Docker, file), "--config /home/ada/.docker push ghcr.io/lab/hub:1");
        assert_eq!(of(ContainerKind::Docker, None), "push ghcr.io/lab/hub:1");
        assert_eq!(
            of(ContainerKind::Buildah, file),
            "push --authfile /home/ada/.docker/config.json --digestfile /tmp/digest ghcr.io/lab/hub:1"
        );
        assert_eq!(of(ContainerKind::Podman, None), "push --digestfile /tmp/digest ghcr.io/lab/hub:1");
    }

    #[test]
    fn a_container_of_an_image_that_is_here_ends_with_its_program() {
        assert_eq!(
            text(&run_arguments("localhost/hub:1", &["python", "-", "abc"])),
            "run --rm --interactive --pull=never --entrypoint python localhost/hub:1 - abc"
        );
    }
}
