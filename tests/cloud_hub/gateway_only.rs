//! A cluster with a gateway and no hub.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use super::clouds::Kind;
use super::hub::Hub;

fn there_and_back(kind: Kind) {
    let Some(hub) = Hub::seldom_on_aws(kind) else { return };
    let text = std::fs::read_to_string(hub.machine.path().join("hub.yaml")).unwrap();
    let lines =
        text.lines().filter(|line| !["auth:", "sizes:", "admins:"].iter().any(|key| line.starts_with(key)));
    let alone = "hub: false\ndomain: gateway.example.org\nauth: { password: { user_password: { file: secret.txt } } }\n";
    let secret = hub.machine.write("secret.txt", "planted-gateway-password");
    hub.machine.write("hub.yaml", lines.chain([alone]).collect::<Vec<_>>().join("\n"));
    // A reference that leads nowhere is told before anything is made, not after the cluster.
    let refused = hub.refused(&["up", "--auto-approve"]);
    assert!(
        refused.contains("chmod 600") && !refused.contains("where Terraform keeps its state"),
        "{refused}"
    );
    std::fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    let up = hub.well(&["up", "--auto-approve"]);
    assert!(up.contains("release lab-dask-gateway") && !up.contains("lab-jupyterhub"), "{up}");
    assert!(!up.contains("homes") && !up.contains("pool[\"user\"]"), "{up}");
    let status = hub.well(&["status"]);
    assert!(status.contains("dask-gateway"), "{status}");
    assert!(hub.well(&["up", "--auto-approve"]).contains("nothing to do"));
    assert!(hub.well(&["drift"]).contains("as its file says"));
    let down = hub.well(&["down", "--confirm", "lab"]);
    assert!(down.contains("nothing of it is billed any more"), "{down}");
    assert!(hub.well(&["down", "--audit"]).contains("nothing of the hub `lab` is left"));
}

#[test]
fn on_aws_a_gateway_alone_comes_and_goes() {
    there_and_back(Kind::Aws);
}

#[test]
fn on_google_a_gateway_alone_comes_and_goes() {
    there_and_back(Kind::Google);
}
