//! A hub comes up in a cloud, stays as it is, changes with its file, and goes.

use super::clouds::Kind;
use super::hub::Hub;

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
