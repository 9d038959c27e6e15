//! A hub comes up in a cloud, stays as it is, changes with its file, and goes.

use std::process::Output;

use super::clouds::{Aws, bring_nodes};
use super::scratch::{Scratch, stderr, stdout};

const CHARTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/charts");

fn file(further: &str) -> String {
    format!(
        "name: lab
provider: {{ aws: {{ account: \"123456789012\", region: us-west-2 }} }}
admins: [ada]
auth: native
sizes: [{{ name: small, memory: 1 GiB, default: true }}]
charts: {{ from: \"{CHARTS}\" }}
image: {{ name: well, tag: \"1\" }}
{further}"
    )
}

struct Hub {
    cloud: Aws,
    machine: Scratch,
}

impl Hub {
    fn new() -> Option<Self> {
        let mut cloud = Aws::start("lab")?;
        bring_nodes(&mut cloud.kubernetes);
        let machine = Scratch::new();
        machine.write("hub.yaml", file(""));
        Some(Self { cloud, machine })
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.machine.frazil();
        command.envs(self.cloud.environment());
        command.args(arguments).output().unwrap()
    }

    fn well(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}{}", stdout(&output), stderr(&output));
        stdout(&output)
    }
}

#[test]
fn up_makes_cloud_and_cluster_and_down_leaves_nothing() {
    let Some(hub) = Hub::new() else { return };
    let plan = hub.well(&["plan"]);
    println!("{plan}");
    assert!(plan.contains("aws_eks_cluster.hub") && plan.contains("USD a month"), "{plan}");
    let up = hub.well(&["up", "--auto-approve"]);
    println!("{up}");
    let again = hub.well(&["up", "--auto-approve"]);
    assert!(again.contains("nothing to do"), "{again}");
    println!("{}", hub.well(&["status"]));
    println!("{}", hub.well(&["drift"]));
    let down = hub.well(&["down", "--confirm", "lab"]);
    println!("{down}");
    println!("{}", hub.well(&["down", "--audit"]));
}
