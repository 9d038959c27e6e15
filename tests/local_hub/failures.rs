//! What goes wrong on people's machines: each a clear message, and the next call mends it.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::json;

use crate::hub::{self as support, Hub, environment_is_there};
use crate::scratch::{stderr, stdout};

#[test]
fn a_taken_port_is_told_with_a_free_one() {
    if !environment_is_there() {
        return;
    }
    let hub = Hub::new("taken");
    let held = TcpListener::bind(("127.0.0.1", hub.port)).unwrap();
    let output = hub.machine.run(["up"]);
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    assert!(text.contains(&format!("port {} of this machine is taken", hub.port)), "{text}");
    assert!(text.contains("provider: { local: { port: "), "{text}");
    assert_eq!(hub.processes(), 0);
    drop(held);
    assert_eq!(hub.up()["started"], json!(["proxy", "hub", "gateway", "report"]));
    hub.remove();
}

#[test]
fn missing_python_and_node_are_told() {
    let hub = Hub::new("tools");
    let empty = hub.machine.path().join("bin");
    std::fs::create_dir(&empty).unwrap();
    let output = hub.machine.frazil().env("PATH", &empty).arg("up").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("Python 3.11 or newer is not installed"), "{}", stderr(&output));
    let script = "#!/bin/sh\necho '3.12.1 True'\n";
    support::program(&empty.join("python3"), script);
    let output = hub.machine.frazil().env("PATH", &empty).arg("up").output().unwrap();
    assert!(stderr(&output).contains("Node.js 20 or newer is not installed"), "{}", stderr(&output));
    support::program(&empty.join("node"), "#!/bin/sh\necho v12.0.0\n");
    let output = hub.machine.frazil().env("PATH", &empty).arg("up").output().unwrap();
    assert!(stderr(&output).contains("Node.js 12.0.0 is too old"), "{}", stderr(&output));
    let output = hub.machine.frazil().env("PATH", &empty).arg("doctor").output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(stdout(&output).contains("Node.js, npm: on Debian"), "{}", stdout(&output));
}

#[test]
fn no_network_is_told_and_mended() {
    let hub = Hub::new("offline");
    let cache = hub.machine.path().join("cache");
    let mut command = hub.machine.frazil();
    let nowhere = "http://127.0.0.1:9";
    command
        .env("XDG_CACHE_HOME", &cache)
        .env("PIP_CACHE_DIR", cache.join("pip"))
        .env("npm_config_cache", cache.join("npm"));
    command
        .env("PIP_INDEX_URL", nowhere)
        .env("PIP_FIND_LINKS", "")
        .env("PIP_RETRIES", "0")
        .env("npm_config_registry", nowhere)
        .env("npm_config_fetch_retries", "0");
    let output = command.arg("up").timeout(Duration::from_mins(2)).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    assert!(
        text.contains("the package registries cannot be reached") && text.contains("call it again"),
        "{text}"
    );
    assert_eq!(hub.processes(), 0);
    assert!(
        support::files_below(&cache).iter().all(|file| !file.ends_with("complete")),
        "half an environment does not pass for one"
    );
}

#[test]
fn a_full_disk_is_told() {
    let hub = Hub::new("full");
    let Some(disk) = support::SmallDisk::mount(hub.machine.path(), "64m") else {
        return;
    };
    let output = hub.machine.frazil().env("XDG_CACHE_HOME", disk.path()).arg("up").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("the disk is too full"), "{}", stderr(&output));
    if !environment_is_there() {
        return;
    }
    disk.fill();
    let output = hub.machine.frazil().env("XDG_DATA_HOME", disk.path()).arg("up").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    assert!(text.contains("disk is full") || text.contains("disk is not full"), "{text}");
    disk.empty();
    let output = hub.machine.frazil().env("XDG_DATA_HOME", disk.path()).arg("up").output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let output = hub
        .machine
        .frazil()
        .env("XDG_DATA_HOME", disk.path())
        .args(["down", "--data", "--confirm", "full"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
}
