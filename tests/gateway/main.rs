//! `frazil gateway` against a real Dask Gateway on loopback: each verb, each way to name a gateway, and what is refused.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise and says what it skips"
)]

#[expect(dead_code, reason = "other tests make answers up")]
#[path = "../../crates/data/tests/search/canned.rs"]
mod canned;
#[expect(dead_code, reason = "other tests run verbs without a gateway")]
#[path = "../support/scratch.rs"]
mod scratch;
#[path = "../../crates/gateway/tests/rest/server.rs"]
mod server;
#[path = "../support/skips.rs"]
mod skips;
#[expect(dead_code, reason = "other tests start other tools")]
#[path = "../support/tools.rs"]
mod tools;

use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use scratch::{Scratch, stderr, stdout};
use serde_json::{Value, json};
use server::Server;

/// A person's machine with a password in a file, and a gateway.
struct World {
    machine: Scratch,
    server: Server,
}

impl World {
    fn new(scheduler: &str) -> Option<Self> {
        let server = Server::start(scheduler)?;
        let machine = Scratch::new();
        let path = machine.write("password", "password\n");
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
        Some(Self { machine, server })
    }

    /// A call as alice, at the gateway's address.
    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments)
            .args(["--address", &self.server.base, "--user", "alice", "--secret-file", "password"])
            .output()
            .unwrap()
    }

    fn command(&self, arguments: &[&str]) -> assert_cmd::Command {
        let mut command = self.machine.frazil();
        command.arg("gateway").args(arguments);
        command
    }

    fn well(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}{}", stdout(&output), stderr(&output));
        stdout(&output)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.well(&[arguments, &["-o", "json"]].concat())).unwrap()
    }

    /// A call that is refused with this exit code, by these words.
    fn refused(&self, arguments: &[&str], code: i32, words: &[&str]) {
        told_no(&self.run(arguments), code, words);
    }
}

fn told_no(output: &Output, code: i32, words: &[&str]) {
    let text = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{}{text}", stdout(output));
    assert!(words.iter().all(|word| text.contains(word)), "{words:?}: {text}");
}

const SCHEDULER: &str = r#"["dask", "scheduler"]"#;

#[test]
fn each_verb_does_what_it_says() {
    let Some(world) = World::new(SCHEDULER) else { return };
    assert!(world.well(&["list"]).contains("no clusters"));
    let options = world.well(&["options"]);
    assert!(options.contains("worker_cores") && options.contains("whole number"), "{options}");
    let rows = world.well(&["options", "-o", "csv"]);
    assert!(rows.contains("worker_memory,number,0.5,4.0,1,Worker Memory (GiB),"), "{rows}");

    let created = world.run(&["create", "--option", "worker_cores=2", "--wait"]);
    let progress = stderr(&created);
    let name = stdout(&created).trim().to_owned();
    assert!(created.status.success() && !name.contains(' '), "{name} {progress}");
    assert!(progress.contains("create a cluster") && progress.contains(&format!("wait until {name} runs")));
    let listed = world.json(&["list"]);
    assert_eq!(
        (&listed["schema"], &listed["clusters"][0]["status"]),
        (&json!("frazil.gateway.list/v1"), &json!("RUNNING"))
    );
    assert_eq!(listed["clusters"][0]["options"]["worker_cores"], json!(2));
    let page = listed["clusters"][0]["dashboard"].as_str().unwrap();
    assert!(page.starts_with(&world.server.base) && page.ends_with("/status"), "{page}");
    let table = world.well(&["list"]);
    assert!(
        table.contains(&name) && table.contains("worker_cores=2") && !table.contains("/status"),
        "{table}"
    );
    assert!(world.well(&["list", "-o", "wide"]).contains(page));
    assert_eq!(world.json(&["wait", &name])["status"], json!("RUNNING"));

    assert_eq!(world.well(&["scale", &name, "1"]), format!("{name} gets 1 worker\n"));
    let less = world.json(&["scale", &name, "200"]);
    assert!(less["limited"].as_str().unwrap().contains("limit of 4 workers"), "{less}");
    assert!(world.well(&["adapt", &name, "0", "3"]).contains("between 0 and 3 workers"));
    assert!(world.well(&["adapt", &name, "1", "200"]).contains("the gateway says"));
    assert_eq!(world.json(&["adapt", &name, "off"])["limited"], Value::Null);

    let told = world.json(&["explain", &name]);
    assert_eq!(
        (&told["status"], &told["cause"], &told["what"]),
        (&json!("RUNNING"), &Value::Null, &Value::Null)
    );
    let stopped = world.json(&["stop", "--all", "--wait"]);
    assert_eq!(stopped["clusters"], json!([{ "name": name, "status": "STOPPED", "problem": null }]));
    assert!(world.well(&["stop", &name]).contains("asked to stop"), "a stopped one stays so");
    assert!(world.well(&["stop", "--all"]).contains("no cluster to stop"));
    assert!(world.well(&["list", "--status", "stopped", "-o", "csv"]).contains(&format!("{name},STOPPED,2")));
    world.refused(&["wait", &name], 1, &["is STOPPED", "create another"]);
    world.refused(&["scale", &name, "1"], 1, &["not running"]);
}

#[test]
fn what_is_wrong_is_told_and_no_secret_with_it() {
    let Some(world) = World::new(SCHEDULER) else { return };
    world.refused(
        &["create", "--option", "worker_core=1", "--option", "worker_memory=99"],
        64,
        &["perhaps worker_cores", "at most 4"],
    );
    world.refused(&["create", "--option", "worker_cores"], 64, &["NAME=VALUE"]);
    assert!(world.well(&["list", "--all"]).contains("no clusters"), "nothing was started");
    world.refused(&["adapt", "a1", "3"], 64, &["LEAST MOST"]);
    world.refused(&["adapt", "a1", "off", "3"], 64, &["no number"]);
    world.refused(&["adapt", "a1", "3", "1"], 64, &["at least 3 and at most 1"]);
    world.refused(&["scale", "a1", "1"], 1, &["has no cluster a1", "frazil gateway list --all"]);
    world.refused(&["list", "--status", "runing"], 64, &["perhaps running"]);
    world.refused(&["wait", "a/b"], 64, &["no name of a cluster"]);
    world.refused(&["wait", "a1", "-o", "csv"], 64, &["-o csv"]);
    world.refused(&["stop"], 64, &["--all"]);

    let base = world.server.base.as_str();
    let at = |more: &[&str]| {
        let mut command = world.command(&[&["list", "--address", base], more].concat());
        command.env("SECRET", "tell-no-one").output().unwrap()
    };
    let wrong = at(&["--user", "alice", "--secret-env", "SECRET"]);
    told_no(&wrong, 1, &["does not take the login from the variable SECRET"]);
    assert!(!stderr(&wrong).contains("tell-no-one"));
    told_no(&at(&["--secret-env", "SECRET"]), 1, &["wants Basic"]);
    told_no(&at(&["--user", "alice"]), 1, &["no password is named", "--secret-file"]);
    told_no(&at(&["--user", "alice", "--secret-env", "NONE"]), 1, &["NONE is not set", "read -rs NONE"]);
    told_no(&at(&[]), 1, &["JUPYTERHUB_API_TOKEN is not set"]);
    let path = world.machine.path().join("password");
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o644)).unwrap();
    world.refused(&["list"], 1, &["0644", "chmod 600"]);
    told_no(&world.command(&["list"]).output().unwrap(), 1, &["hub.yaml cannot be read"]);
    let mut in_address = world.command(&["list", "--address", "https://ada:tell-no-one@x.org"]);
    let in_address = in_address.env("JUPYTERHUB_API_TOKEN", "x").output().unwrap();
    told_no(&in_address, 64, &["holds a user or a password"]);
    assert!(!stderr(&in_address).contains("tell-no-one"));
}

#[test]
fn a_gateway_is_found_in_the_environment_and_in_hub_files() {
    let Some(world) = World::new(SCHEDULER) else { return };
    let base = world.server.base.as_str();
    let basic = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        command.env("USER", "alice").env("FAR", "password").env("LATER", base);
        command
    };
    let well = |command: &mut assert_cmd::Command| {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}{}", stdout(&output), stderr(&output));
        assert_eq!(stdout(&output), format!("no clusters at {base}\n"));
    };
    let mut of_terminal = basic(&["list", "--secret-env", "FAR"]);
    well(of_terminal.env("DASK_GATEWAY__ADDRESS", base).env("DASK_GATEWAY__AUTH__TYPE", "basic"));

    // On a hub the person is who the hub says, whatever the system calls them.
    let name = basic(&["create", "--address", base, "--secret-env", "FAR"])
        .env("JUPYTERHUB_USER", "ada")
        .env("DASK_GATEWAY__ADDRESS", base)
        .args(["--user", "ada"])
        .output()
        .unwrap();
    let name = stdout(&name).trim().to_owned();
    let mut of_hub = basic(&["stop", "--all", "--wait", "--secret-env", "FAR"]);
    of_hub.env("JUPYTERHUB_USER", "ada").env("DASK_GATEWAY__ADDRESS", base);
    let stopped = of_hub.env("DASK_GATEWAY__AUTH__TYPE", "basic").output().unwrap();
    assert!(!name.is_empty() && stdout(&stopped).contains(&name), "{name}: {}", stderr(&stopped));

    let told = json!([
        { "name": "far", "address": null, "address_variable": "LATER", "proxy_address": null,
          "auth": "password", "password_variable": "FAR", "region": null, "buckets": [] },
    ]);
    let gateways = told.to_string();
    well(basic(&["list", "--gateway", "far"]).env("FRAZIL_GATEWAYS", &gateways));
    let unknown = basic(&["list", "--gateway", "fat"]).env("FRAZIL_GATEWAYS", &gateways).output().unwrap();
    told_no(&unknown, 64, &["no further gateway `fat`", "did you mean `far`"]);

    let hub = format!(
        "name: lab\nprovider: {{ kubernetes: {{ context: kind }} }}\nimage: {{ name: quay.io/a/b }}\n\
         domain: hub.example.org\nadmins: [octocat]\nauth: native\n\
         gateways: [{{ name: far, address: \"{base}\", auth: password, password: {{ env: FAR }} }}]\n"
    );
    world.machine.write("hub.yaml", hub);
    well(&mut basic(&["list", "--gateway", "far"]));
    told_no(
        &basic(&["list", "--gateway", "near"]).output().unwrap(),
        64,
        &["no further gateway", "it has: far"],
    );
    told_no(&basic(&["list"]).output().unwrap(), 1, &["JUPYTERHUB_API_TOKEN is not set"]);
}

#[test]
fn a_cluster_that_fails_says_where_to_look() {
    let Some(world) = World::new(r#"["dask-scheduler"]"#) else { return };
    let output = world.run(&["create", "--wait"]);
    told_no(&output, 1, &["is FAILED", "log of the gateway"]);
    let failed = world.json(&["list", "--status", "failed"]);
    let name = failed["clusters"][0]["name"].as_str().unwrap();
    assert!(world.well(&["list", "--all"]).contains("frazil gateway explain NAME"));
    let told = world.well(&["explain", name]);
    assert!(told.contains("is FAILED") && told.contains("name its hub file by `--file`"), "{told}");
}
