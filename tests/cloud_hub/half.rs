//! Half an `up`, after which nobody knows any more what was made: neither Terraform's state nor frazil's
//! own folder is there. `down` finds it all the same.

use std::collections::BTreeSet;

use serde_json::json;

use super::clouds::Kind;
use super::hands::on_request;
use super::hub::Hub;
use super::scratch::stderr;

/// Where Terraform kept its state.
#[derive(Clone, Copy)]
enum State {
    Bucket,
    Local,
}

/// Everything that is there, as the stand-in itself knows it.
pub(crate) fn listed(hub: &Hub, kind: Kind) -> BTreeSet<String> {
    match kind {
        Kind::Google => {
            let objects = hub.objects("/");
            // What was done, and what is switched on in the project, stays.
            // So does a policy that gives nobody anything: a project always has one.
            let stays = |path: &str| {
                path.contains("/operations/") || path.contains("/services/") || path.ends_with(":policy []")
            };
            objects.iter().map(|(path, body)| lasting(path, body)).filter(|path| !stays(path)).collect()
        }
        Kind::Aws => {
            let told = hub.boto(include_str!("../clouds/aws/everything.py"), &[]);
            told.lines().map(str::to_owned).collect()
        }
    }
}

/// Policies are told with their members.
fn lasting(path: &str, body: &serde_json::Value) -> String {
    if path.ends_with(":policy") { format!("{path} {}", body["bindings"]) } else { path.to_owned() }
}

fn half(kind: Kind, state: State, resource: &str) {
    let further = if matches!(state, State::Local) { "state: local" } else { "" };
    drop(half_of(kind, state, resource, further));
}

/// What `down` says of half a hub; none where the stand-ins are missing.
fn half_of(kind: Kind, state: State, resource: &str, further: &str) -> Option<String> {
    let hub = match state {
        State::Local => Hub::seldom_on_aws(kind)?,
        State::Bucket => Hub::new(kind)?,
    };
    hub.has_zone();
    hub.says(kind, further);
    let before = listed(&hub, kind);
    let fault = json!([{ "resource": resource, "step": "create", "kind": "error", "times": -1, "message": "planted" }]);
    let faults = hub.machine.write("faults.json", fault.to_string());
    let mut command = hub.machine.frazil();
    command.envs(hub.world.environment()).env("FRAZIL_WORLD_FAULTS", faults);
    let failed = command.args(["up", "--auto-approve"]).output().unwrap();
    assert_eq!(failed.status.code(), Some(1), "{}", stderr(&failed));
    assert!(stderr(&failed).contains("planted"), "{}", stderr(&failed));
    let half = listed(&hub, kind);
    assert!(half.len() > before.len() + 10, "{half:?}");

    forget(&hub, kind, state);
    let down = hub.well(&["down", "--confirm", "lab"]);
    assert!(down.contains("nothing of it is billed any more"), "{down}");
    assert!(hub.well(&["down", "--audit"]).contains("nothing of the hub `lab` is left"));
    let after = listed(&hub, kind);
    assert_eq!(after.difference(&before).collect::<Vec<_>>(), Vec::<&String>::new());
    assert_eq!(before.difference(&after).collect::<Vec<_>>(), Vec::<&String>::new());
    Some(down)
}

/// Things that carry no tag which a search of all things would find.
fn on_request_too(kind: Kind, resource: &str, things: &[&str]) {
    let Some(down) = half_of(kind, State::Bucket, resource, on_request(kind)) else { return };
    for thing in things {
        assert!(down.contains(thing), "no {thing}: {down}");
    }
}

#[test]
fn on_aws_with_a_record_exports_and_backups() {
    let things = [
        "DNS record hub.example.org",
        "export of bills lab-cur2",
        "export of bills lab-focus",
        "plan of copies lab-homes",
        "backup lab-homes",
        "budget lab",
        "flow log lab",
        "bucket lab-123456789012-bills",
        "bucket lab-123456789012-flows",
    ];
    on_request_too(Kind::Aws, "aws_eks_node_group", &things);
}

#[test]
fn on_google_with_a_record_a_dataset_and_a_budget() {
    let things = [
        "DNS record hub.example.org",
        "dataset lab_bills",
        "budget frazil lab",
        "notification channel frazil lab: contact",
    ];
    on_request_too(Kind::Google, "google_container_node_pool", &things);
}

/// The state is gone, and what frazil noted on this machine.
fn forget(hub: &Hub, kind: Kind, state: State) {
    std::fs::remove_dir_all(hub.machine.path().join("state")).unwrap();
    match (state, kind) {
        (State::Local, _) => {}
        (State::Bucket, Kind::Aws) => {
            let told = hub.boto(
                "
bucket = boto3.resource('s3').Bucket('lab-123456789012-state')
print(len(bucket.object_versions.delete()))
",
                &[],
            );
            assert_ne!(told.trim(), "0");
        }
        (State::Bucket, Kind::Google) => {
            let objects = hub.objects("/storage/v1/b/lab-frazil-test-state/o/");
            assert!(!objects.is_empty());
            hub.boto(
                "
import os, urllib.parse, urllib.request
for name in sys.argv[1:]:
    path = '/storage/v1/b/lab-frazil-test-state/o/' + urllib.parse.quote(name, safe='')
    request = urllib.request.Request(os.environ['FRAZIL_GOOGLE_ENDPOINT'] + path, method='DELETE')
    request.add_header('Authorization', 'Bearer ' + os.environ['GOOGLE_OAUTH_ACCESS_TOKEN'])
    urllib.request.urlopen(request)
",
                &objects.keys().map(|path| path.split_once("/o/").unwrap().1).collect::<Vec<_>>(),
            );
            assert!(hub.objects("/storage/v1/b/lab-frazil-test-state/o/").is_empty());
        }
    }
}

#[test]
fn on_aws_with_the_state_in_a_bucket() {
    half(Kind::Aws, State::Bucket, "aws_eks_node_group");
}

#[test]
fn on_aws_with_the_state_on_this_machine() {
    half(Kind::Aws, State::Local, "aws_eks_node_group");
}

#[test]
fn on_google_with_the_state_in_a_bucket() {
    half(Kind::Google, State::Bucket, "google_container_node_pool");
}

#[test]
fn on_google_with_the_state_on_this_machine() {
    half(Kind::Google, State::Local, "google_container_node_pool");
}
