//! Whatever stops `up` or `down` in a cloud, the next `up` heals it by itself: nothing is made twice, no
//! lock is left, and a `down` after that leaves nothing. Four faults a cloud in every run, twenty-four
//! with the long checks.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::clouds::Kind;
use super::half::listed;
use super::hands::on_request;
use super::hub::{Hub, file};
use super::scratch::{stderr, stdout};
use super::secrets::assert_no_secret;
use crate::skips::skipped;

/// How long something may take to come before a fault gives up on it.
const PATIENCE: Duration = Duration::from_mins(3);
const UP: [&str; 2] = ["up", "--auto-approve"];
const DOWN: [&str; 3] = ["down", "--confirm", "lab"];

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// The provider meets this at a step of a resource: error, quota, or a crash after it was made.
    Provider { resource: &'static str, step: &'static str, what: &'static str, when: &'static str },
    /// The same in `down`.
    InDown { resource: &'static str, what: &'static str },
    /// A pool of the hub that is up becomes larger, and the provider meets an error.
    InChange { resource: &'static str },
    /// Requests fail: frazil's own, or the provider's. With `true` a call still goes through.
    Requests(&'static str, bool),
    /// While a resource is made, or a moment after it was, somebody is killed.
    Kill { who: Who, resource: &'static str, when: &'static str },
    /// Ctrl-C once or twice while a resource is made.
    Interrupt { times: usize, resource: &'static str },
    /// The credentials have expired.
    Expired,
    /// The disk of the state folder is full.
    DiskFull,
    /// The bucket of the state is there, bare and empty, as a call left it.
    BareBucket,
    /// A lock of the state is another machine's.
    ForeignLock,
    /// The plan is gone before it is applied.
    PlanLost,
    /// Half of the hub is made, and the folder of Terraform is deleted.
    FolderGone,
}

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Frazil,
    Terraform,
    Both,
}

use Fault::{
    BareBucket, DiskFull, Expired, FolderGone, ForeignLock, InChange, InDown, Interrupt, Kill, PlanLost,
    Provider, Requests,
};

const fn crash(resource: &'static str) -> Fault {
    Provider { resource, step: "create", what: "crash", when: "after" }
}

const fn error(resource: &'static str, when: &'static str) -> Fault {
    Provider { resource, step: "create", what: "error", when }
}

const fn kill(who: Who, resource: &'static str, when: &'static str) -> Fault {
    Kill { who, resource, when }
}

const AWS_FOUR: [Fault; 4] = [
    crash("aws_eks_node_group"),
    kill(Who::Terraform, "aws_eks_cluster", "after"),
    Interrupt { times: 1, resource: "aws_vpc" },
    ForeignLock,
];

const AWS_MORE: [Fault; 20] = [
    crash("aws_eks_cluster"),
    crash("aws_vpc"),
    crash("aws_kms_alias"),
    crash("aws_efs_access_point"),
    crash("aws_backup_selection"),
    crash("aws_dlm_lifecycle_policy"),
    crash("aws_route53_record"),
    crash("aws_bcmdataexports_export"),
    error("aws_eks_cluster", "after"),
    error("aws_efs_file_system", "after"),
    Provider { resource: "aws_eks_node_group", step: "create", what: "quota", when: "before" },
    InChange { resource: "aws_eks_node_group" },
    InDown { resource: "aws_vpc", what: "error" },
    Requests("eks", true),
    Requests("dropped", false),
    kill(Who::Frazil, "aws_eks_cluster", "before"),
    kill(Who::Both, "aws_s3_bucket:lab-123456789012-state", "after"),
    Interrupt { times: 2, resource: "aws_eks_cluster" },
    Expired,
    FolderGone,
];

/// The server of homes has an address of its own, in the range of the cluster that is there.
const DISK: &str =
    "network: { services: 10.96.0.0/16 }\nstorage: { homes: { quota: 10 GiB, backup: daily } }\n";
/// What makes the resources that a hub has only on request.
const FURTHER: [(&str, &[&str]); 3] = [
    (
        on_request(Kind::Aws),
        &[
            "aws_backup_plan",
            "aws_backup_selection",
            "aws_route53_record",
            "aws_bcmdataexports_export",
            "aws_budgets_budget",
            "aws_flow_log",
            "aws_eks_access_entry",
        ],
    ),
    (DISK, &["aws_dlm_lifecycle_policy", "google_compute_resource_policy"]),
    (
        on_request(Kind::Google),
        &[
            "google_compute_address",
            "google_dns_record_set",
            "google_bigquery_dataset",
            "google_billing_budget",
            "google_monitoring_notification_channel",
        ],
    ),
];

const GOOGLE_FOUR: [Fault; 4] = [
    crash("google_container_cluster"),
    kill(Who::Frazil, "google_container_cluster", "before"),
    Interrupt { times: 2, resource: "google_compute_network" },
    BareBucket,
];

const GOOGLE_MORE: [Fault; 20] = [
    crash("google_container_node_pool"),
    crash("google_compute_network"),
    crash("google_filestore_instance"),
    crash("google_compute_resource_policy"),
    crash("google_dns_record_set"),
    crash("google_bigquery_dataset"),
    crash("google_billing_budget"),
    crash("google_monitoring_notification_channel"),
    error("google_container_cluster", "after"),
    error("google_container_node_pool", "after"),
    Provider { resource: "google_container_node_pool", step: "create", what: "quota", when: "before" },
    InChange { resource: "google_container_node_pool" },
    InDown { resource: "google_compute_network", what: "error" },
    Requests("container", true),
    Requests("dropped", false),
    kill(Who::Terraform, "google_container_node_pool", "after"),
    kill(Who::Both, "google_storage_bucket:lab-frazil-test-state", "after"),
    Expired,
    DiskFull,
    PlanLost,
];

#[test]
fn on_aws_every_fault_is_healed_by_one_up() {
    every_fault(Kind::Aws, &AWS_FOUR, &AWS_MORE);
}

#[test]
fn on_google_every_fault_is_healed_by_one_up() {
    every_fault(Kind::Google, &GOOGLE_FOUR, &GOOGLE_MORE);
}

fn every_fault(kind: Kind, four: &[Fault], more: &[Fault]) {
    let long = std::env::var_os("FRAZIL_LONG").is_some();
    let only = std::env::var("FRAZIL_FAULT").unwrap_or_default();
    let faults = four.iter().chain(more.iter().filter(|_| long || !only.is_empty()));
    let chosen = |fault: &&Fault| format!("{fault:?}").contains(&only);
    let Some(mut hub) = Hub::new(kind) else { return };
    hub.has_zone();
    // What there is when nothing went wrong, by what the hub file says.
    let mut usual: BTreeMap<&str, There> = BTreeMap::new();
    let mut failed = Vec::new();
    for fault in faults.filter(chosen) {
        let there = usual.entry(fault.further()).or_insert_with_key(|further| {
            hub.machine.write("hub.yaml", file(kind, further));
            hub.well(&UP);
            let there = There::look(&hub);
            hub.well(&DOWN);
            there
        });
        let done = catch_unwind(AssertUnwindSafe(|| heals(&mut hub, *fault, there)));
        if done.is_err() {
            failed.push(fault);
            // What is left of this one is no start for the next.
            hub = Hub::new(kind).unwrap();
            hub.has_zone();
        }
    }
    assert!(failed.is_empty(), "not healed: {failed:?}");
}

/// What there is of a hub: as frazil tells it, and as the stand-in itself knows it. The first leaves out
/// parts of others, the second tells nothing of how they belong together.
#[derive(Debug, PartialEq, Eq)]
struct There {
    told: usize,
    kinds: BTreeMap<String, usize>,
}

impl There {
    fn look(hub: &Hub) -> Self {
        let mut kinds = BTreeMap::new();
        for line in listed(hub, hub.kind) {
            // IDs differ from one `up` to the next.
            let kind = match hub.kind {
                Kind::Aws => line.split(' ').take(2).collect::<Vec<_>>().join(" "),
                Kind::Google => {
                    let path = line.split(' ').next().unwrap_or_default();
                    path.rsplit_once('/').map_or_else(String::new, |(path, _)| path.to_owned())
                }
            };
            *kinds.entry(kind).or_insert(0) += 1;
        }
        Self { told: hub.things(), kinds }
    }
}

/// Lets a fault happen and has the next `up` heal it.
fn heals(hub: &mut Hub, fault: Fault, usual: &There) {
    let begun = Instant::now();
    hub.machine.write("hub.yaml", file(hub.kind, fault.further()));
    println!("{:?} {fault:?}", hub.kind);
    fault.happen(hub);
    let broken = begun.elapsed();
    hub.well(&UP);
    assert!(hub.well(&["drift"]).contains("as its file says"), "{fault:?}");
    assert!(!hub.stored().contains("tflock"), "{fault:?}: a lock is left: {}", hub.stored());
    assert_eq!(There::look(hub), *usual, "{fault:?}: something was made twice");
    assert_no_secret(hub);
    let healed = begun.elapsed().saturating_sub(broken);
    hub.well(&DOWN);
    assert!(hub.well(&["down", "--audit"]).contains("nothing of the hub `lab` is left"), "{fault:?}");
    let [broken, healed, all] = [broken, healed, begun.elapsed()].map(|time| time.as_secs());
    println!("{:?} {fault:?}: broken after {broken} s, healed in {healed} s, {all} s in all", hub.kind);
}

impl Fault {
    /// What of the hub file makes the resource that the fault strikes.
    fn further(self) -> &'static str {
        let Provider { resource, .. } = self else { return "" };
        FURTHER.iter().find(|(_, resources)| resources.contains(&resource)).map_or("", |(further, _)| further)
    }

    fn happen(self, hub: &mut Hub) {
        match self {
            Provider { resource, step, what, when } => {
                let fault = json!([{ "resource": resource, "step": step, "kind": what, "when": when }]);
                struck(hub, &UP, &fault, 1);
            }
            InDown { resource, what } => in_down(hub, resource, what),
            InChange { resource } => in_change(hub, resource),
            Requests(which, goes_through) => requests(hub, which, goes_through),
            Kill { who, resource, when } => killed(hub, who, resource, when),
            Interrupt { times, resource } => interrupted(hub, times, resource),
            Expired => expired(hub),
            DiskFull => disk_full(hub),
            BareBucket => bare_bucket(hub),
            ForeignLock => foreign_lock(hub),
            PlanLost => plan_lost(hub),
            FolderGone => folder_gone(hub),
        }
    }
}

/// The file of the provider's faults, written anew.
fn provider_faults(hub: &Hub, faults: &Value) -> PathBuf {
    for end in ["used", "lock", "new"] {
        drop(fs::remove_file(hub.machine.path().join(format!("faults.json.{end}"))));
    }
    hub.machine.write("faults.json", faults.to_string())
}

/// A call that meets the provider's faults, and its exit code; the fault has to have struck.
fn struck(hub: &Hub, arguments: &[&str], faults: &Value, code: i32) {
    let path = provider_faults(hub, faults);
    let mut command = hub.machine.frazil();
    command.envs(hub.world.environment()).env("FRAZIL_WORLD_FAULTS", &path);
    let output = command.args(arguments).output().unwrap();
    assert!(path.with_extension("json.used").exists(), "{faults} never struck: {}", stderr(&output));
    assert_eq!(output.status.code(), Some(code), "{faults}: {}{}", stdout(&output), stderr(&output));
    println!("  {}", stderr(&output).lines().find(|line| line.contains("error")).unwrap_or_default());
}

fn in_down(hub: &Hub, resource: &str, what: &str) {
    hub.well(&UP);
    // Both of Terraform's attempts fail; the sweep may have removed it all the same.
    let path =
        provider_faults(hub, &json!([{ "resource": resource, "step": "delete", "kind": what, "times": 2 }]));
    let mut command = hub.machine.frazil();
    command.envs(hub.world.environment()).env("FRAZIL_WORLD_FAULTS", &path);
    command.args(DOWN).output().unwrap();
    assert!(path.with_extension("json.used").exists());
}

fn in_change(hub: &Hub, resource: &str) {
    hub.well(&UP);
    hub.machine.write("hub.yaml", file(hub.kind, "pools: { user: { max: 7 } }\n"));
    struck(hub, &UP, &json!([{ "resource": resource, "step": "update", "kind": "error" }]), 1);
    hub.well(&UP);
    hub.machine.write("hub.yaml", file(hub.kind, ""));
}

fn requests(hub: &Hub, which: &str, goes_through: bool) {
    let faults = match (hub.kind, which) {
        (Kind::Aws, "eks") => json!([
            { "service": "eks", "action": "DescribeCluster", "fault": "status", "status": 429, "times": 2 },
            { "service": "ec2", "fault": "status", "status": 503, "code": "Unavailable", "times": 1 },
        ]),
        (Kind::Aws, _) => {
            json!([{ "service": "ec2", "action": "CreateVpc", "fault": "drop", "after": true, "times": 9 }])
        }
        (Kind::Google, "container") => json!([
            { "path": "/clusters/lab$", "fault": "status", "status": 429, "times": 2 },
            { "path": "/global/networks", "method": "GET", "fault": "status", "status": 503, "times": 1 },
        ]),
        (Kind::Google, _) => {
            json!([{ "path": "/global/networks$", "method": "POST", "fault": "drop", "after": true, "times": 9 }])
        }
    };
    hub.world.ask("POST", "/_world/faults", &faults.to_string());
    let output = hub.run(&UP);
    let met: Value = serde_json::from_str(&hub.world.ask("GET", "/_world/faults", "")).unwrap();
    assert!(met.as_array().unwrap().iter().any(|fault| fault["hits"].as_u64() > Some(0)), "{met}");
    hub.world.ask("DELETE", "/_world/faults", "");
    // Whether a call gets through is the clients' patience; that it is healed is frazil's.
    println!(
        "  {which}: {:?} {}",
        output.status.code(),
        stderr(&output).lines().next_back().unwrap_or_default()
    );
    assert!(goes_through || output.status.code() == Some(1), "{}", stdout(&output));
}

/// Starts a call in whose middle a resource hangs, and waits until it does.
fn hanging(hub: &Hub, resource: &str, when: &str, seconds: u64) -> Child {
    let faults =
        json!([{ "resource": resource, "step": "create", "kind": "hang", "when": when, "seconds": seconds }]);
    let path = provider_faults(hub, &faults);
    let mut child = hub.command(&UP).env("FRAZIL_WORLD_FAULTS", &path).spawn().unwrap();
    let since = Instant::now();
    while !path.with_extension("json.used").exists() {
        assert_eq!(child.try_wait().unwrap(), None, "{}", hub.told());
        assert!(since.elapsed() < PATIENCE, "{resource} was never made");
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(300));
    child
}

fn killed(hub: &Hub, who: Who, resource: &str, when: &str) {
    // A Terraform that is left alone comes to its end; a provider whose Terraform is gone never does.
    let seconds = if who == Who::Frazil { 5 } else { 600 };
    let mut child = hanging(hub, resource, when, seconds);
    let tools = children(child.id(), &hub.terraform_name());
    assert_eq!(tools.len(), 1, "one Terraform is at work");
    if who != Who::Terraform {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    if who != Who::Frazil {
        signal("KILL", tools[0]);
    }
    let ended = child.wait().unwrap();
    assert_ne!(ended.code(), Some(0));
}

fn interrupted(hub: &Hub, times: usize, resource: &str) {
    let mut child = hanging(hub, resource, "before", 600);
    for _ in 0..times {
        signal("INT", child.id());
        std::thread::sleep(Duration::from_secs(1));
    }
    let ended = child.wait().unwrap();
    assert_eq!(ended.code(), Some(130), "{}", hub.told());
    if times == 1 {
        assert!(!hub.stored().contains("tflock"), "Terraform gave its lock back: {}", hub.stored());
    }
}

/// The children of a process that run a program of this name (proc(5)).
fn children(parent: u32, name: &str) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_child = |pid: &u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let (head, rest) = stat.rsplit_once(')').unwrap_or_default();
        head.ends_with(&format!("({name}")) && rest.split_whitespace().nth(1) == Some(&parent.to_string())
    };
    pids.filter(is_child).collect()
}

fn signal(what: &str, process: u32) {
    assert!(Command::new("kill").args([format!("-{what}"), process.to_string()]).status().unwrap().success());
}

/// What the cloud says to credentials that have ended; Google's of Terraform are a token, frazil gets
/// itself another one.
fn expired(hub: &Hub) {
    let environment = hub.world.environment();
    match hub.kind {
        Kind::Google => drop(hub.world.ask("POST", "/_world/expire", "")),
        Kind::Aws => {
            let fault = json!([{ "service": "sts", "fault": "status", "status": 403, "code": "ExpiredToken", "times": -1 }]);
            hub.world.ask("POST", "/_world/faults", &fault.to_string());
        }
    }
    let mut command = hub.machine.frazil();
    let output = command.envs(environment).args(UP).output().unwrap();
    hub.world.ask("DELETE", "/_world/faults", "");
    assert_eq!(output.status.code(), Some(1), "{}{}", stdout(&output), stderr(&output));
    println!("  {}", stderr(&output).lines().next_back().unwrap_or_default());
}

/// A state folder on a disk of some kilobytes, where this machine lets one be mounted.
fn disk_full(hub: &Hub) {
    let disk = hub.machine.path().join("disk");
    fs::create_dir_all(&disk).unwrap();
    if !run("mount", &["-t", "tmpfs", "-o", "size=64k", "tmpfs"], &disk) {
        skipped("a full disk, as nothing can be mounted here");
        return;
    }
    let mut command = hub.machine.frazil();
    command.envs(hub.world.environment()).env("XDG_STATE_HOME", &disk);
    let refused = command.args(UP).output().unwrap();
    assert!(run("umount", &[], &disk));
    assert_eq!(refused.status.code(), Some(1), "{}{}", stdout(&refused), stderr(&refused));
    println!("  {}", stderr(&refused).lines().next_back().unwrap_or_default());
}

fn run(program: &str, arguments: &[&str], folder: &Path) -> bool {
    let status = Command::new(program).args(arguments).arg(folder).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn bare_bucket(hub: &Hub) {
    let name = hub.bucket();
    match hub.kind {
        Kind::Aws => drop(hub.world.ask_as(super::clouds::SIGNED, "PUT", &format!("/{name}"), "")),
        Kind::Google => {
            let bucket = json!({ "name": name, "location": "US-CENTRAL1" }).to_string();
            hub.world.ask("POST", "/_world/seed?path=/storage/v1/b", &bucket);
        }
    }
}

/// A call that is killed leaves a lock; told to be of another machine, it is not touched.
fn foreign_lock(hub: &Hub) {
    killed(hub, Who::Both, "aws_vpc", "before");
    let path = hub.state().join("terraform.lock");
    let record = fs::read_to_string(&path).unwrap();
    assert!(record.contains("doubtful_since"), "{record}");
    // Nothing here says any more that a call of this machine left it.
    fs::write(&path, "{\"holder\": 0}").unwrap();
    let refused = hub.run(&UP);
    assert_eq!(refused.status.code(), Some(1), "{}", stdout(&refused));
    let told = stderr(&refused);
    assert!(told.contains("state is locked by") && told.contains("force-unlock"), "{told}");
    assert!(hub.stored().contains("tflock"), "somebody else's lock was broken");
    fs::write(&path, record).unwrap();
}

/// The plan that a call wrote is gone when it is to be applied.
fn plan_lost(hub: &Hub) {
    let tool = hub.terraform();
    let script = format!(
        "#!/bin/bash\nif [ \"$1\" = apply ]; then rm -f frazil.tfplan; fi\nexec {} \"$@\"\n",
        tool.display()
    );
    let script = hub.machine.write("lossy", script);
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = hub.machine.frazil();
    command.envs(hub.world.environment()).env("FRAZIL_TERRAFORM", &script);
    let output = command.args(UP).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
}

fn folder_gone(hub: &Hub) {
    struck(hub, &UP, &json!([{ "resource": "aws_eks_node_group", "step": "create", "kind": "error" }]), 1);
    fs::remove_dir_all(hub.state().join("terraform")).unwrap();
}
