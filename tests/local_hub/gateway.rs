//! `frazil gateway` at a hub on this machine: whoever runs the hub is let in, and so is a server's terminal.

use serde_json::{Value, json};

use crate::hub::Hub;
use crate::scratch::{stderr, stdout};

const LIMITS: &str =
    "gateway: { per_user: { cores: 3, memory: 6 GiB }, workers: { cores: 1, memory: 1 GiB, max: 4 } }\n";

impl Hub {
    /// A call that is refused, by these words.
    fn refused(&self, arguments: &[&str], words: &[&str]) {
        let output = self.machine.run(arguments);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{}{text}", stdout(&output));
        assert!(words.iter().all(|word| text.contains(word)), "{words:?}: {text}");
    }

    /// How many tokens of this program's the hub knows.
    fn tokens(&self) -> i64 {
        let path = self.machine.path().join("data/frazil/hubs").join("gateway").join("hub.sqlite");
        let hub = rusqlite::Connection::open(path).unwrap();
        let count = "select count(*) from api_tokens where note = 'frazil gateway'";
        hub.query_row(count, [], |row| row.get(0)).unwrap()
    }
}

#[test]
fn clusters_live_within_their_limits_and_failures_are_explained() {
    let Some(hub) = Hub::start("gateway") else { return };
    hub.write(LIMITS);
    hub.up();
    assert_eq!(hub.json(["gateway", "list"])["clusters"], json!([]));
    let options = hub.json(["gateway", "options"]);
    assert_eq!(options["options"][0]["field"], json!("worker_cores"), "{options}");
    let created = hub.json(["gateway", "create", "--wait", "--option", "worker_memory=0.5"]);
    assert_eq!(created["status"], json!("RUNNING"), "{created}");
    let name = created["name"].as_str().unwrap();
    assert_eq!(hub.json(["gateway", "scale", name, "1"])["limited"], Value::Null);
    hub.refused(&["gateway", "scale", name, "4"], &["your Dask clusters may use 3 cores together"]);
    let bounded = hub.machine.run(["gateway", "adapt", name, "0", "2"]);
    assert!(bounded.status.success(), "{}", stderr(&bounded));
    assert_eq!(hub.tokens(), 0, "tokens are given back");
    from_a_terminal(&hub, name);
    let stopped = hub.json(["gateway", "stop", name, "--wait"]);
    assert_eq!(stopped["clusters"][0]["status"], json!("STOPPED"));

    hub.refused(&["gateway", "list", "--user", "stranger"], &["gives stranger no token", "--secret-file"]);
    let wrong = hub
        .machine
        .frazil()
        .env("WRONG", "tell-no-one")
        .args(["gateway", "list", "--secret-env", "WRONG"])
        .output()
        .unwrap();
    assert_eq!(wrong.status.code(), Some(1));
    assert!(stderr(&wrong).contains("the variable WRONG is not accepted"), "{}", stderr(&wrong));
    assert!(!stderr(&wrong).contains("tell-no-one"));

    failing(&hub);
    assert_eq!(hub.tokens(), 0, "tokens are given back whatever happens");
    hub.json(["down"]);
    hub.refused(&["gateway", "list"], &["does not run", "frazil up"]);
    hub.remove();
}

/// What a server's terminal sees, by its own variables alone.
fn from_a_terminal(hub: &Hub, name: &str) {
    hub.start_server();
    let is_of_server = |variables: &[(String, String)]| {
        let has = |wanted: &str| variables.iter().any(|(key, _)| key == wanted);
        has("JUPYTERHUB_API_TOKEN") && has("DASK_GATEWAY__ADDRESS")
    };
    let variables = hub.pids().into_iter().map(variables).find(|found| is_of_server(found)).unwrap();
    let mut terminal = hub.machine.frazil();
    terminal.env_clear().envs(variables).current_dir("/").args(["gateway", "list", "-o", "json"]);
    let output = terminal.output().unwrap();
    assert!(output.status.success(), "{}{}", stdout(&output), stderr(&output));
    let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(listed["clusters"][0]["name"], json!(name));
    assert_ne!(listed["address"], hub.json(["gateway", "list"])["address"], "by the gateway's own port");
}

fn variables(pid: u32) -> Vec<(String, String)> {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let entries =
        environment.split(|byte| *byte == 0).map(|entry| String::from_utf8_lossy(entry).into_owned());
    entries
        .filter_map(|entry| entry.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned())))
        .collect()
}

/// A cluster for which the gateway finds no folder.
fn failing(hub: &Hub) {
    let folder = hub.machine.path().join("data/frazil/hubs/gateway/clusters");
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "no folder").unwrap();
    hub.refused(&["gateway", "create", "--wait"], &["is FAILED", "NotADirectoryError"]);
    let failed = hub.json(["gateway", "list", "--status", "failed"]);
    let name = failed["clusters"][0]["name"].as_str().unwrap().to_owned();
    let told = hub.json(["gateway", "explain", &name]);
    assert_eq!((&told["status"], &told["cause"]), (&json!("FAILED"), &json!("scheduler")), "{told}");
    assert!(told["what"].as_str().unwrap().contains("NotADirectoryError"), "{told}");
    std::fs::remove_file(&folder).unwrap();
    std::fs::create_dir(&folder).unwrap();
}
