//! `frazil image`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};

use crate::error::{Error, Result};
use crate::render::hub_image::native_platform;
use crate::tool::ContainerKind;

/// Arguments of `frazil image`.
#[derive(Clone, Debug, Args)]
pub struct ImageArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: ImageVerb,
}

/// What is done with the image.
#[derive(Clone, Debug, Subcommand)]
pub enum ImageVerb {
    /// Build the hub image from a checkout of frazil, for the machine that it is built on.
    #[command(after_help = "\
Examples:
  frazil image build                   localhost/frazil-hub, or as hub.yaml in this folder names it
  frazil image build lab.yaml          under the name and tag of a hub file
  frazil image build --base debian:trixie-slim
                                       on another base: Debian or its kin, with Python 3.11 or newer
  frazil image build --secret pip=/etc/pip.conf --secret certificates=/etc/ssl/certs/ca-certificates.crt
                                       by the mirror of pip's own settings; neither is in the image

The tag is frazil's version and the digest of the locked packages. Other platforms than this machine's
are built there: an arm64 image on an arm64 machine.")]
    Build(BuildArgs),

    /// Push the image to the registry in its name, with the credentials that docker, podman or buildah has.
    #[command(after_help = "\
Examples:
  frazil image push                    as hub.yaml in this folder names it
  frazil image push --name ghcr.io/lab/frazil-hub
  frazil image push --auth-file ~/.config/containers/auth.json lab.yaml")]
    Push(PushArgs),

    /// Run the image and look: packages as locked, a notebook with a Dask cluster, equal versions everywhere.
    #[command(after_help = "\
Examples:
  frazil image check                   the image that `frazil image build` made
  frazil image check --image ghcr.io/lab/frazil-hub:2026.03
  frazil image check -o json           for CI; exit code 3 when a check says no")]
    Check(CheckArgs),
}

/// Which image, and by which program.
#[derive(Clone, Debug, Args)]
pub struct ImageName {
    /// The hub file that names the image. Default: hub.yaml, if it is in this folder.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// The image's name without a tag, instead of the hub file's.
    #[arg(long, value_name = "NAME", conflicts_with = "file")]
    pub name: Option<crate::config::ImageName>,

    /// The program that does it. Default: the first of these that works.
    #[arg(long, value_enum, value_name = "PROGRAM")]
    pub tool: Option<Tool>,
}

/// Arguments of `frazil image build`.
#[derive(Clone, Debug, Args)]
pub struct BuildArgs {
    /// Which image, and by which program.
    #[command(flatten)]
    pub image: ImageName,

    /// The checkout of frazil.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub source: PathBuf,

    /// The image that it is made on. Default: what the recipe names, Debian's slim image.
    #[arg(long, value_name = "IMAGE")]
    pub base: Option<String>,

    /// The image with the Rust that compiles the program and the Python package.
    #[arg(long, value_name = "IMAGE")]
    pub rust: Option<String>,

    /// The platform; only this machine's own can be built.
    #[arg(long, value_name = "OS/ARCH")]
    pub platform: Option<String>,

    /// A file that the build sees and the image does not have: pip (its settings), cargo (its settings)
    /// or certificates (in PEM).
    #[arg(long, value_name = "ID=FILE")]
    pub secret: Vec<Secret>,

    /// Where the bill of materials goes, beside the one in the image. Default: frazil-hub-TAG.cdx.json.
    #[arg(long, value_name = "PATH")]
    pub sbom: Option<PathBuf>,
}

/// Arguments of `frazil image push`.
#[derive(Clone, Debug, Args)]
pub struct PushArgs {
    /// Which image, and by which program.
    #[command(flatten)]
    pub image: ImageName,

    /// The file with the registry's credentials. Default: the tool's own; docker's is called config.json.
    #[arg(long, value_name = "FILE")]
    pub auth_file: Option<PathBuf>,
}

/// Arguments of `frazil image check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// Which image, and by which program.
    #[command(flatten)]
    pub image: ImageName,

    /// An image by its whole name, as it is here.
    #[arg(long = "image", value_name = "IMAGE", conflicts_with_all = ["file", "name"])]
    pub reference: Option<String>,
}

/// Programs that make images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Tool {
    /// Docker.
    Docker,
    /// Podman.
    Podman,
    /// Buildah.
    Buildah,
}

impl From<Tool> for ContainerKind {
    fn from(tool: Tool) -> Self {
        match tool {
            Tool::Docker => Self::Docker,
            Tool::Podman => Self::Podman,
            Tool::Buildah => Self::Buildah,
        }
    }
}

/// A file that the build sees, by the ID that the recipe knows it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// The ID.
    pub id: &'static str,
    /// The file.
    pub path: PathBuf,
}

impl FromStr for Secret {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (id, path) = text.split_once('=').ok_or("write it as ID=FILE, such as pip=/etc/pip.conf")?;
        let known = ["cargo", "certificates", "pip"];
        match known.iter().find(|known| **known == id) {
            // Tools read the option as fields between commas.
            Some(_) if path.contains(',') => {
                Err("a path with a comma cannot be told to the build".to_owned())
            }
            Some(id) => Ok(Self { id: *id, path: PathBuf::from(path) }),
            None => Err(format!("the recipe knows {}", known.join(", "))),
        }
    }
}

impl ImageArgs {
    /// Refuses what cannot be built here.
    pub(super) fn check(&self) -> Result<()> {
        match &self.verb {
            ImageVerb::Build(args) => platform(args.platform.as_deref(), std::env::consts::ARCH),
            _ => Ok(()),
        }
    }
}

fn platform(wanted: Option<&str>, architecture: &str) -> Result<()> {
    let native = native_platform(architecture);
    match (wanted, native) {
        (_, None) => Err(Error::usage(format!("there is no hub image for {architecture}"))
            .hint("images are built on amd64 and arm64 machines")),
        (Some(wanted), Some(native)) if wanted != native => Err(Error::usage(format!(
            "this machine builds {native} and not {wanted}"
        ))
        .hint(format!("build it on a {wanted} machine: the programs in it are compiled, not emulated"))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Secret, platform};
    use crate::outcome::Outcome;

    #[test]
    fn only_this_machines_platform_is_built() {
        assert!(platform(None, "x86_64").is_ok());
        assert!(platform(Some("linux/arm64"), "aarch64").is_ok());
        for (wanted, architecture) in [("linux/arm64", "x86_64"), ("windows/amd64", "x86_64")] {
            let error = platform(Some(wanted), architecture).unwrap_err();
            assert_eq!(error.outcome(), Outcome::Usage);
            assert!(error.to_string().contains("linux/amd64"), "{error}");
        }
        assert!(platform(None, "s390x").is_err());
    }

    #[test]
    fn secrets_are_those_of_the_recipe() {
        let secret: Secret = "pip=/etc/pip.conf".parse().unwrap();
        assert_eq!((secret.id, secret.path.to_str()), ("pip", Some("/etc/pip.conf")));
        let recipe = include_str!("../../images/hub/Containerfile");
        for id in ["pip", "cargo", "certificates"] {
            assert!(recipe.contains(&format!("type=secret,id={id},")), "{id}");
        }
        for bad in ["/etc/pip.conf", "npm=/etc/npmrc", "pip=/a,src=/etc/shadow"] {
            assert!(bad.parse::<Secret>().is_err(), "{bad}");
        }
    }
}
