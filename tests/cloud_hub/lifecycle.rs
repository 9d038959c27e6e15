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

/// EKS takes no bounds that leave the number of nodes out, and the autoscaler has moved that number.
#[test]
fn on_aws_a_pool_takes_other_bounds() {
    let Some(hub) = Hub::new(Kind::Aws) else { return };
    hub.well(&["up", "--auto-approve"]);
    for bounds in ["min: 2, max: 4", "min: 0, max: 3", "min: 0, max: 1"] {
        hub.machine.write("hub.yaml", file(Kind::Aws, &format!("pools: {{ user: {{ {bounds} }} }}\n")));
        let up = hub.well(&["up", "--auto-approve"]);
        assert!(up.contains("aws_eks_node_group.pool[\"user\"]"), "{bounds}: {up}");
        let again = hub.well(&["up", "--auto-approve"]);
        assert!(again.contains("nothing to do"), "{bounds}: {again}");
    }
}

const FURTHER: &str = "domain: hub.example.org\nbilling: { exports: true }\n";

#[test]
fn on_aws_a_zone_gets_the_record_and_the_balancer_its_address() {
    let further = "dns: { zone: example.org }\n\
                   kubernetes: { administrators: [\"arn:aws:iam::123456789012:role/hub-admins\"] }\n";
    let made = [
        "aws_eip.balancer[0]",
        "aws_route53_record.hub[0]",
        "aws_bcmdataexports_export.bills[\"focus\"]",
        "aws_eks_access_entry.administrator",
    ];
    let Some(up) = with_further_keys(Kind::Aws, further, &made) else { return };
    assert!(!up.contains("Billing export"), "{up}");
}

#[test]
fn on_google_a_zone_gets_the_record_and_the_balancer_its_address() {
    let further = "dns: { zone: example-org }\nkubernetes: { administrators: [\"user:ada@example.org\"] }\n";
    let made = [
        "google_compute_address.balancer[0]",
        "google_dns_record_set.hub[0]",
        "google_bigquery_dataset.bills[0]",
        "google_project_iam_member.administrator[\"user:ada@example.org\"]",
    ];
    let Some(up) = with_further_keys(Kind::Google, further, &made) else { return };
    assert!(up.contains("Billing export") && up.contains("dataset lab_bills"), "{up}");
}

/// What `up` says of a hub with further keys; none where the stand-ins are missing.
fn with_further_keys(kind: Kind, further: &str, made: &[&str]) -> Option<String> {
    let hub = Hub::new(kind)?;
    if kind == Kind::Google {
        let zone = r#"{ "name": "example-org", "dnsName": "example.org.", "visibility": "public" }"#;
        hub.world.ask("POST", "/_world/seed?path=/dns/v1/projects/frazil-test/managedZones", zone);
    }
    hub.machine.write("hub.yaml", file(kind, &format!("{FURTHER}{further}")));
    let up = hub.well(&["up", "--auto-approve"]);
    for each in made {
        assert!(up.contains(each), "no {each}: {up}");
    }
    assert!(hub.well(&["up", "--auto-approve"]).contains("nothing to do"));
    let down = hub.well(&["down", "--confirm", "lab"]);
    assert!(down.contains("nothing of it is billed any more"), "{down}");
    Some(up)
}
