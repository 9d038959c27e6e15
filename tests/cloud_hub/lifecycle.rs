//! A hub comes up in a cloud, stays as it is, changes with its file, and goes.

use std::process::Output;

use super::clouds::{Kind, World, bring_nodes};
use super::scratch::{Scratch, stderr, stdout};

const CHARTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/charts");

fn file(kind: Kind, further: &str) -> String {
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

struct Hub {
    world: World,
    machine: Scratch,
}

impl Hub {
    fn new(kind: Kind) -> Option<Self> {
        let mut world = World::start(kind, "lab")?;
        bring_nodes(&mut world.kubernetes);
        let machine = Scratch::new();
        machine.write("hub.yaml", file(kind, ""));
        Some(Self { world, machine })
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.machine.frazil();
        command.envs(self.world.environment());
        command.args(arguments).output().unwrap()
    }

    fn well(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}{}", stdout(&output), stderr(&output));
        stdout(&output)
    }
}

#[test]
fn on_aws_up_makes_cloud_and_cluster_and_down_leaves_nothing() {
    there_and_back(Kind::Aws, "aws_eks_cluster.hub");
}

#[test]
fn on_google_up_makes_cloud_and_cluster_and_down_leaves_nothing() {
    there_and_back(Kind::Google, "google_container_cluster.hub");
}

fn there_and_back(kind: Kind, cluster: &str) {
    let Some(hub) = Hub::new(kind) else { return };
    let plan = hub.well(&["plan"]);
    assert!(plan.contains(cluster) && plan.contains("USD a month"), "{plan}");
    let up = hub.well(&["up", "--auto-approve"]);
    assert!(up.contains(cluster) && up.contains("release lab-jupyterhub"), "{up}");
    let again = hub.well(&["up", "--auto-approve"]);
    assert!(again.contains("nothing to do"), "{again}");
    println!("{}", hub.well(&["status"]));
    assert!(hub.well(&["drift"]).contains("as its file says"));
    let down = hub.well(&["down", "--confirm", "lab"]);
    assert!(down.contains("nothing of it is billed any more"), "{down}");
    assert!(hub.well(&["down", "--audit"]).contains("nothing of the hub `lab` is left"));
}
