//! A hub in a stand-in of a cloud, and a person's machine that reaches it.

use std::process::Output;

use super::clouds::{Kind, World, bring_nodes};
use super::scratch::{Scratch, stderr, stdout};

const CHARTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/charts");

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
    pub(crate) world: World,
    pub(crate) machine: Scratch,
}

impl Hub {
    pub(crate) fn new(kind: Kind) -> Option<Self> {
        let mut world = World::start(kind, "lab")?;
        bring_nodes(&mut world.kubernetes);
        let machine = Scratch::new();
        machine.write("hub.yaml", file(kind, ""));
        Some(Self { world, machine })
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
}
