//! A hub in a stand-in of a cloud, on a person's machine of its own.

use std::process::{Command, Output, Stdio};

use super::clouds::{Kind, World};
use super::scratch::{Scratch, shared_cache, stderr, stdout};
use crate::skips::skipped;

const CHARTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/charts");

/// A hub file with further keys.
pub(crate) fn file(kind: Kind, further: &str) -> String {
    let provider = match kind {
        Kind::Aws => "aws: { account: \"123456789012\", region: us-west-2 }",
        Kind::Google => "gcp: { project: frazil-test, region: us-central1 }",
    };
    format!(
        "name: lab
provider: {{ {provider} }}
admins: [ada]
auth: native
sizes: [{{ name: small, memory: 1 GiB, default: true }}]
charts: {{ from: \"{CHARTS}\" }}
image: {{ name: well, tag: \"1\" }}
{further}"
    )
}

pub(crate) struct Hub {
    pub(crate) kind: Kind,
    pub(crate) world: World,
    pub(crate) machine: Scratch,
}

impl Hub {
    /// None, said on standard output, where something is missing.
    pub(crate) fn new(kind: Kind) -> Option<Self> {
        let mut world = World::start(kind, "lab")?;
        world.bring_nodes();
        let machine = Scratch::new();
        machine.write("hub.yaml", file(kind, ""));
        Some(Self { kind, world, machine })
    }

    /// The same, on AWS with the long checks alone (`FRAZIL_LONG=1`): moto is slow, and all tests together
    /// would take longer than a run may.
    pub(crate) fn seldom_on_aws(kind: Kind) -> Option<Self> {
        if kind == Kind::Aws && std::env::var_os("FRAZIL_LONG").is_none() {
            skipped("on AWS with the long checks only");
            return None;
        }
        Self::new(kind)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.machine.frazil();
        command.envs(self.world.environment());
        command.args(arguments).output().unwrap()
    }

    pub(crate) fn well(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}{}", stdout(&output), stderr(&output));
        stdout(&output)
    }

    /// The same program, to be started without waiting for it; what it writes goes to a file.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let told = self.machine.write("told", "");
        let told = std::fs::OpenOptions::new().append(true).open(told).unwrap();
        let mut command = Command::new(assert_cmd::cargo::cargo_bin("frazil"));
        command
            .args(arguments)
            .current_dir(self.machine.path())
            .env("HOME", self.machine.path())
            .env("XDG_STATE_HOME", self.machine.path().join("state"))
            .env("XDG_DATA_HOME", self.machine.path().join("data"))
            .env("XDG_CACHE_HOME", shared_cache())
            .env("NO_COLOR", "1")
            .env("FRAZIL_TODAY", "2026-11-02")
            .env("USER", "ada")
            .envs(self.world.environment())
            .stdin(Stdio::null())
            .stdout(told.try_clone().unwrap())
            .stderr(told);
        command
    }

    /// What the program of [`Hub::command`] wrote.
    pub(crate) fn told(&self) -> String {
        std::fs::read_to_string(self.machine.path().join("told")).unwrap_or_default()
    }

    /// The folder of the hub's journal, logs and Terraform.
    pub(crate) fn state(&self) -> std::path::PathBuf {
        self.machine.path().join("state/frazil/clusters/lab")
    }

    /// The program that is Terraform here.
    pub(crate) fn terraform(&self) -> std::path::PathBuf {
        self.world.environment().into_iter().find(|(name, _)| *name == "FRAZIL_TERRAFORM").unwrap().1
    }

    /// What that program's processes are called.
    pub(crate) fn terraform_name(&self) -> String {
        self.terraform().file_name().unwrap().to_string_lossy().into_owned()
    }

    /// The bucket of Terraform's state.
    pub(crate) const fn bucket(&self) -> &'static str {
        match self.kind {
            Kind::Aws => "lab-123456789012-state",
            Kind::Google => "lab-frazil-test-state",
        }
    }

    /// The names of what is in the bucket of the state.
    pub(crate) fn stored(&self) -> String {
        match self.kind {
            Kind::Aws => self.world.ask_as(
                super::clouds::SIGNED,
                "GET",
                &format!("/{}?list-type=2", self.bucket()),
                "",
            ),
            Kind::Google => {
                self.world.ask("GET", &format!("/_world/objects?path=/storage/v1/b/{}/o/", self.bucket()), "")
            }
        }
    }

    /// How many things of the hub are in the cloud.
    pub(crate) fn things(&self) -> usize {
        let output = self.run(&["down", "--audit", "-o", "json"]);
        let told: serde_json::Value = serde_json::from_str(&stdout(&output))
            .unwrap_or_else(|error| panic!("{error}: {}{}", stdout(&output), stderr(&output)));
        let all = told.pointer("/data/left").or_else(|| told.get("left")).unwrap();
        all.as_array().unwrap().len()
    }
}
