//! Up, status, open, down: what a hub does when all is well.

use std::net::TcpListener;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::hub::{self as support, Hub, environment_is_there};
use crate::scratch::{stderr, stdout};

#[test]
fn up_status_open_down() {
    let Some(hub) = Hub::start("first") else {
        return;
    };
    let status = hub.status();
    assert_eq!(status["missing"], json!([]), "{status}");
    let parts: Vec<_> =
        status["running"].as_array().unwrap().iter().map(|row| row["part"].as_str().unwrap()).collect();
    assert_eq!(parts, ["proxy", "hub", "gateway", "report"]);
    assert!(status["running"][1]["memory_bytes"].as_u64().unwrap() > 10 << 20);

    let again = hub.up();
    assert_eq!(again["started"], json!([]), "a second up changes nothing: {again}");
    assert_eq!(again["admin_password"], Value::Null, "the password is shown once");

    let address = hub.json(["open"])["address"].as_str().unwrap().to_owned();
    let (code, location) = support::get(&address);
    assert_eq!(code, 302, "the address logs in");
    assert!(location.contains("/hub/") || location.contains("/user/"), "{location}");
    assert_eq!(support::get(&address).0, 403, "and works once");
    let refused = hub.machine.run(["open", "--user", "stranger"]);
    let address = stdout(&refused).trim().to_owned();
    assert_eq!(support::get(&address).0, 403, "a person who may not log in has no way around");

    let down = hub.json(["down"]);
    assert!(down["kept"].as_array().unwrap().len() == 2, "{down}");
    assert_eq!(hub.processes(), 0);
    assert_eq!(hub.json(["status"])["wanted"], json!(false));
    let up = hub.up();
    assert_eq!(up["started"], json!(["proxy", "hub", "gateway", "report"]));
    assert_eq!(up["admin_password"], Value::Null);
    hub.remove();
}

#[test]
fn a_changed_file_changes_only_what_differs() {
    let Some(hub) = Hub::start("changes") else {
        return;
    };
    hub.write("gateway: { idle_timeout: 40 min }\n");
    assert_eq!(hub.up()["started"], json!(["gateway"]));
    hub.write("gateway: { idle_timeout: 40 min }\nwelcome: Good morning.\n");
    assert_eq!(hub.up()["started"], json!(["hub"]));
    assert!(support::get_text(&format!("{}/hub/login", hub.address())).contains("Good morning."));
    hub.write("gateway: { enabled: false }\n");
    assert_eq!(hub.up()["started"], json!(["hub"]));
    assert_eq!(hub.status()["running"].as_array().unwrap().len(), 3, "the gateway is gone");
    hub.write("gateway: { enabled: false }\nsupport: { report: false }\n");
    assert_eq!(hub.up()["started"], json!(["hub"]));
    assert_eq!(hub.status()["running"].as_array().unwrap().len(), 2, "the page of costs is gone");
    hub.remove();
}

#[test]
fn a_part_that_died_is_told_and_mended() {
    let Some(hub) = Hub::start("deaths") else {
        return;
    };
    for part in ["proxy", "hub", "gateway", "report"] {
        hub.kill(part);
        let output = hub.machine.run(["status"]);
        assert_eq!(output.status.code(), Some(3), "{part}: {}", stdout(&output));
        let text = stdout(&output);
        assert!(text.contains(&format!("the {part}")) && text.contains("`frazil up` mends it"), "{text}");
        assert_eq!(hub.up()["started"], json!([part]));
        assert_eq!(hub.status()["missing"], json!([]), "{part}");
    }
    hub.remove();
}

#[test]
fn a_port_that_changes_moves_the_hub() {
    let Some(mut hub) = Hub::start("moves") else {
        return;
    };
    let old = hub.port;
    hub.port = support::free_port();
    hub.write("");
    hub.up();
    assert_eq!(support::get(&format!("{}/hub/health", hub.address())).0, 200);
    assert!(TcpListener::bind(("127.0.0.1", old)).is_ok(), "the old port is free again");
    hub.remove();
}

#[test]
fn the_hub_outlives_the_terminal() {
    let Some(hub) = Hub::start("terminal") else {
        return;
    };
    for pid in hub.pids() {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        assert_eq!(fields[4], "0", "process {pid} has no terminal");
        let own = std::fs::read_to_string("/proc/self/stat").unwrap();
        let own_session = own.rsplit(')').next().unwrap().split_whitespace().nth(3).unwrap().to_owned();
        assert_ne!(fields[3], own_session, "process {pid} has a session of its own");
    }
    hub.remove();
}

#[test]
fn secrets_stay_in_files_of_their_owner() {
    use std::os::unix::fs::PermissionsExt;
    let Some(hub) = Hub::start("secrets") else {
        return;
    };
    let path = hub.machine.path().join("data/frazil/hubs/secrets/secrets.json");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let secrets: serde_json::Map<String, Value> =
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let secrets: Vec<_> = secrets.values().filter_map(Value::as_str).collect();
    assert!(secrets.len() >= 6);
    for pid in hub.pids() {
        let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap();
        let arguments = String::from_utf8_lossy(&arguments);
        assert!(secrets.iter().all(|secret| !arguments.contains(secret)), "{arguments}");
    }
    let state = hub.machine.path().join("state");
    for file in support::files_below(&state) {
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        assert!(secrets.iter().all(|secret| !text.contains(secret)), "a secret is in {}", file.display());
    }
    hub.remove();
}

#[test]
fn down_data_asks_and_leaves_nothing() {
    let Some(hub) = Hub::start("proof") else {
        return;
    };
    let output = hub.machine.run(["down", "--data"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("--confirm proof"), "{}", stderr(&output));
    let output = hub.machine.run(["down", "--data", "--confirm", "other"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(hub.status()["missing"], json!([]), "it still runs");
    hub.remove();
    assert_eq!(support::files_below(&hub.machine.path().join("state")), Vec::<PathBuf>::new());
    assert_eq!(support::files_below(&hub.machine.path().join("data")), Vec::<PathBuf>::new());
}

#[test]
fn two_calls_at_once_make_one_hub() {
    if !environment_is_there() {
        return;
    }
    let hub = Hub::new("twice");
    let calls: Vec<_> = (0..2)
        .map(|_| {
            let mut command = hub.machine.frazil();
            std::thread::spawn(move || command.args(["up", "-o", "json"]).output().unwrap())
        })
        .collect();
    for call in calls {
        let output = call.join().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
    assert_eq!(
        hub.status()["running"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["processes"].as_u64().unwrap())
            .collect::<Vec<_>>(),
        [1, 1, 2, 1]
    );
    hub.remove();
}
