//! Whatever stops `up` or `down`, the next `up` heals it, and a `down` after that leaves nothing.
//! Eight faults in every run, forty with the long checks.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::hub::{CLIENT_SECRET, Hub, file};
use super::scratch::{stderr, stdout};
use crate::skips::skipped;

/// How long a stage may take to come before a fault gives up on it.
const PATIENCE: Duration = Duration::from_mins(2);

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// `up` is killed when the journal says that a stage began, some milliseconds later.
    KillUp(&'static str, u64),
    /// `down` is killed so.
    KillDown(&'static str, u64),
    /// Helm is killed some milliseconds after its nth upgrade began.
    KillHelm(usize, u64),
    /// The API server goes away when a stage begins.
    ApiAway(&'static str),
    /// A webhook refuses these objects.
    Webhook(&'static str),
    /// The image of the hub is not there.
    ImageMissing,
    /// A quota of the namespace leaves no room for this.
    Quota(&'static str),
    /// The certificate of the kubeconfig has ended.
    Expired,
    /// The disk of the journal is full.
    DiskFull,
}

use Fault::{ApiAway, DiskFull, Expired, ImageMissing, KillDown, KillHelm, KillUp, Quota, Webhook};

/// In every run.
const EIGHT: [Fault; 8] = [
    KillUp("releases", 300),
    KillHelm(2, 150),
    ApiAway("releases"),
    Webhook("deployments"),
    ImageMissing,
    Quota("pods"),
    Expired,
    DiskFull,
];

/// With the long checks too.
const MORE: [Fault; 32] = [
    KillUp("access", 0),
    KillUp("access", 50),
    KillUp("crds", 0),
    KillUp("crds", 100),
    KillUp("crds", 400),
    KillUp("support", 0),
    KillUp("support", 200),
    KillUp("releases", 0),
    KillUp("releases", 100),
    KillUp("releases", 800),
    KillUp("releases", 1500),
    KillUp("checks", 0),
    KillUp("checks", 200),
    KillDown("releases", 0),
    KillDown("support", 0),
    KillDown("support", 200),
    KillDown("support", 600),
    KillDown("access", 0),
    KillDown("access", 500),
    KillDown("crds", 0),
    KillHelm(1, 20),
    KillHelm(1, 200),
    KillHelm(2, 50),
    KillHelm(2, 400),
    KillHelm(3, 20),
    KillHelm(3, 300),
    ApiAway("access"),
    ApiAway("crds"),
    ApiAway("checks"),
    Webhook("services"),
    Quota("services"),
    Quota("persistentvolumeclaims"),
];

#[test]
fn every_fault_is_healed_by_one_up() {
    let Some(mut hub) = Hub::new() else { return };
    let long = std::env::var_os("FRAZIL_LONG").is_some();
    let faults = EIGHT.iter().chain(MORE.iter().filter(|_| long));
    for fault in faults {
        let begun = Instant::now();
        fault.happen(&mut hub);
        hub.machine.write("hub.yaml", file(""));
        hub.up();
        assert_eq!(hub.drift(), [], "{fault:?}");
        hub.down();
        hub.assert_gone();
        println!("{fault:?}: healed, {:.0} s", begun.elapsed().as_secs_f64());
    }
}

impl Fault {
    fn happen(self, hub: &mut Hub) {
        match self {
            KillUp(stage, after) => kill(hub, &["up", "--auto-approve"], stage, after),
            KillDown(stage, after) => {
                hub.up();
                kill(hub, &["down", "--confirm", "lab"], stage, after);
            }
            KillHelm(which, after) => kill_helm(hub, which, after),
            ApiAway(stage) => api_away(hub, stage),
            Webhook(resource) => webhook(hub, resource),
            ImageMissing => image_missing(hub),
            Quota(resource) => quota(hub, resource),
            Expired => expired(hub),
            DiskFull => disk_full(hub),
        }
    }
}

/// Starts the program without waiting for it.
fn start(hub: &Hub, arguments: &[&str]) -> Child {
    Command::new(assert_cmd::cargo::cargo_bin("frazil"))
        .args(arguments)
        .current_dir(hub.machine.path())
        .env("HOME", hub.machine.path())
        .env("XDG_STATE_HOME", hub.machine.path().join("state"))
        .env("FRAZIL_TODAY", "2026-11-02")
        .env("KUBECONFIG", hub.kubernetes.kubeconfig())
        .env("FRAZIL_HELM", hub.kubernetes.tool("helm").get_program())
        .env("LAB_CLIENT_SECRET", CLIENT_SECRET)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Events of the journal: what happened to a stage, by verb.
fn events(hub: &Hub) -> Vec<Value> {
    let text = fs::read_to_string(hub.state().join("journal.jsonl")).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Waits until a stage has begun, or the program has ended.
fn wait_for(hub: &Hub, child: &mut Child, verb: &str, stage: &str, before: usize) {
    let since = Instant::now();
    while child.try_wait().unwrap().is_none() {
        let begun =
            |event: &Value| event["verb"] == verb && event["stage"] == stage && event["what"] == "began";
        if events(hub).iter().skip(before).any(begun) {
            return;
        }
        assert!(since.elapsed() < PATIENCE, "{verb} never came to {stage}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn kill(hub: &Hub, arguments: &[&str], stage: &str, after: u64) {
    let before = events(hub).len();
    let mut child = start(hub, arguments);
    wait_for(hub, &mut child, arguments[0], stage, before);
    std::thread::sleep(Duration::from_millis(after));
    drop(child.kill());
    child.wait().unwrap();
}

/// A Helm that is killed in the middle of one of its upgrades.
fn kill_helm(hub: &Hub, which: usize, after: u64) {
    let helm = hub.kubernetes.tool("helm").get_program().to_owned();
    let script = hub.machine.write(
        "helm",
        format!(
            "#!/bin/bash
helm={}
count() {{ flock {count}.lock sh -c 'echo >> {count}; wc -l < {count}'; }}
if [ \"$1\" = upgrade ] && [ \"$(count)\" = {which} ]; then
  \"$helm\" \"$@\" <&0 & pid=$!
  sleep {seconds}
  kill -9 $pid
  exit 137
fi
exec \"$helm\" \"$@\"
",
            helm.display(),
            count = hub.machine.path().join("count").display(),
            seconds = Duration::from_millis(after).as_secs_f64(),
        ),
    );
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    drop(fs::remove_file(hub.machine.path().join("count")));
    let stopped = hub.frazil().env("FRAZIL_HELM", &script).args(["up", "--auto-approve"]).output().unwrap();
    assert_eq!(stopped.status.code(), Some(1), "{}", stderr(&stopped));
}

fn api_away(hub: &mut Hub, stage: &str) {
    let before = events(hub).len();
    let mut child = start(hub, &["up", "--auto-approve"]);
    wait_for(hub, &mut child, "up", stage, before);
    hub.kubernetes.stop_api();
    let ended = child.wait().unwrap();
    hub.kubernetes.start_api();
    // With nothing left to ask, `checks` may have ended before the API server did.
    assert!(ended.code() == Some(1) || stage == "checks", "{stage}: {ended}");
}

/// A webhook that nobody answers, for objects of the hub's namespace.
fn webhook(hub: &Hub, resource: &str) {
    let group = if resource == "services" { "" } else { "apps" };
    hub.kubernetes.create(&json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": { "name": "refuses" },
        "webhooks": [{
            "name": "refuses.example.org",
            "clientConfig": { "url": "https://127.0.0.1:1/refuse" },
            "rules": [{ "apiGroups": [group], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": [resource] }],
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "lab" } },
            "failurePolicy": "Fail", "sideEffects": "None", "admissionReviewVersions": ["v1"], "timeoutSeconds": 1,
        }],
    }));
    let refused = hub.run(&["up", "--auto-approve"]);
    assert_eq!(refused.status.code(), Some(1), "{}", stdout(&refused));
    assert!(stderr(&refused).contains("refuses.example.org"), "{}", stderr(&refused));
    hub.kubectl(&["delete", "validatingwebhookconfiguration", "refuses"]);
}

fn image_missing(hub: &Hub) {
    let further = "overrides: { jupyterhub: { hub: { image: { name: missing, tag: \"1\" } } } }\n";
    hub.machine.write("hub.yaml", file(further));
    let late = hub.run(&["up", "--auto-approve", "--ready-within", "8s"]);
    assert_eq!(late.status.code(), Some(1), "{}", stdout(&late));
    assert!(stderr(&late).contains("cannot pull missing"), "{}", stderr(&late));
}

/// A quota in the namespace that leaves no room.
fn quota(hub: &Hub, resource: &str) {
    hub.kubernetes.create(&json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "lab", "labels": { "frazil/hub": "lab" } },
    }));
    hub.kubernetes.create(&json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "none", "namespace": "lab" },
        "spec": { "hard": { format!("count/{resource}"): "0" } },
    }));
    let since = Instant::now();
    let used = ["get", "resourcequota/none", "-n", "lab", "--output=jsonpath={.status.used}"];
    while hub.kubectl(&used).is_empty() {
        assert!(since.elapsed() < PATIENCE, "the quota never counted");
        std::thread::sleep(Duration::from_millis(50));
    }
    let refused = hub.run(&["up", "--auto-approve", "--ready-within", "8s"]);
    assert_eq!(refused.status.code(), Some(1), "{}", stdout(&refused));
    assert!(stderr(&refused).contains("exceeded quota"), "{}", stderr(&refused));
    hub.kubectl(&["delete", "resourcequota/none", "-n", "lab"]);
}

fn expired(hub: &Hub) {
    let eve = hub.kubernetes.expired_user("eve", &["system:masters"]);
    let refused = hub.frazil().env("KUBECONFIG", eve).args(["up", "--auto-approve"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("expired"), "{}", stderr(&refused));
}

/// A state folder on a disk of some kilobytes, where this machine lets one be mounted.
fn disk_full(hub: &Hub) {
    let disk = hub.machine.path().join("disk");
    fs::create_dir_all(&disk).unwrap();
    let mounted = run("mount", &["-t", "tmpfs", "-o", "size=8k", "tmpfs"], &disk);
    if !mounted {
        skipped("a full disk, as nothing can be mounted here");
        return;
    }
    fs::write(disk.join("filler"), vec![0; 8192]).unwrap();
    let refused = hub.frazil().env("XDG_STATE_HOME", &disk).args(["up", "--auto-approve"]).output().unwrap();
    assert!(run("umount", &[], &disk));
    assert_eq!(refused.status.code(), Some(1), "{}{}", stdout(&refused), stderr(&refused));
    assert!(stderr(&refused).contains("disk is full"), "{}", stderr(&refused));
}

fn run(program: &str, arguments: &[&str], folder: &Path) -> bool {
    let status = Command::new(program).args(arguments).arg(folder).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
