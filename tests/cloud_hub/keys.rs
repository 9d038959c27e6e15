//! Keys that make more in a cloud than a hub needs at least, and pools whose bounds change.

use std::net::IpAddr;

use serde_json::Value;

use super::clouds::Kind;
use super::hub::{Hub, file};

/// EKS takes no bounds that leave the number of nodes out, and the autoscaler has moved that number.
#[test]
fn on_aws_a_pool_takes_other_bounds() {
    let Some(hub) = Hub::seldom_on_aws(Kind::Aws) else { return };
    hub.well(&["up", "--auto-approve"]);
    for bounds in ["min: 2, max: 4", "min: 0, max: 3", "min: 0, max: 1"] {
        hub.machine.write("hub.yaml", file(Kind::Aws, &format!("pools: {{ user: {{ {bounds} }} }}\n")));
        let up = hub.well(&["up", "--auto-approve"]);
        assert!(up.contains("aws_eks_node_group.pool[\"user\"]"), "{bounds}: {up}");
        let again = hub.well(&["up", "--auto-approve"]);
        assert!(again.contains("nothing to do"), "{bounds}: {again}");
    }
}

const EIP: &str = "service.beta.kubernetes.io/aws-load-balancer-eip-allocations";
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
    hub.has_zone();
    hub.machine.write("hub.yaml", file(kind, &format!("{FURTHER}{further}")));
    let up = hub.well(&["up", "--auto-approve"]);
    let service = ["--namespace", "lab", "get", "service", "proxy-public", "-o", "json"];
    let service: Value = serde_json::from_str(&hub.world.kubernetes.run("kubectl", &service)).unwrap();
    let address = match kind {
        Kind::Aws => &service["metadata"]["annotations"][EIP],
        Kind::Google => &service["spec"]["loadBalancerIP"],
    };
    let known =
        address.as_str().is_some_and(|text| text.starts_with("eipalloc-") || text.parse::<IpAddr>().is_ok());
    assert!(known, "the balancer's address is {address}");
    for each in made {
        assert!(up.contains(each), "no {each}: {up}");
    }
    assert!(hub.well(&["up", "--auto-approve"]).contains("nothing to do"));
    let down = hub.well(&["down", "--confirm", "lab"]);
    assert!(down.contains("nothing of it is billed any more"), "{down}");
    Some(up)
}
