//! What people and accidents do to a hub's files and processes.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::hub::{self as support, Hub, environment_is_there};
use crate::scratch::{stderr, stdout};

fn data(hub: &Hub, name: &str, file: &str) -> PathBuf {
    hub.machine.path().join("data/frazil/hubs").join(name).join(file)
}

#[test]
fn a_damaged_identity_is_made_out_again() {
    let Some(hub) = Hub::start("damaged") else { return };
    fs::write(data(&hub, "damaged", "identity.json"), "{").unwrap();
    assert_eq!(
        hub.up()["started"].as_array().map(Vec::len),
        Some(1),
        "only the gateway gets another inner port"
    );
    assert_eq!(hub.status()["missing"], json!([]));
    fs::remove_file(data(&hub, "damaged", "identity.json")).unwrap();
    hub.json(["down", "--data", "--confirm", "damaged"]);
    assert_eq!(hub.processes(), 0, "nothing runs on without its files");
}

#[test]
fn lost_secrets_are_made_anew_and_shown() {
    let Some(hub) = Hub::start("lost") else { return };
    fs::remove_file(data(&hub, "lost", "secrets.json")).unwrap();
    let up = hub.up();
    assert!(up["admin_password"].is_string(), "the new password is shown: {up}");
    assert_eq!(hub.status()["missing"], json!([]));
    fs::write(data(&hub, "lost", "secrets.json"), "{").unwrap();
    let output = hub.machine.run(["up"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("secrets.json is damaged"), "{}", stderr(&output));
    hub.remove();
}

#[test]
fn each_generated_password_is_shown_once_and_a_given_one_never() {
    let Some(hub) = Hub::start("passwords") else { return };
    hub.write("auth: { password: { allow: [grace] } }\n");
    let up = hub.up();
    assert!(up["user_password"].is_string() && up["admin_password"].is_null(), "{up}");
    assert!(hub.up()["user_password"].is_null());
    hub.write("auth: { password: { allow: [grace], user_password: { env: GIVEN } } }\n");
    let given = |hub: &Hub| {
        let output = hub
            .machine
            .frazil()
            .env("GIVEN", "a given password")
            .args(["up", "-o", "json"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    assert!(!given(&hub).contains("a given password"));
    hub.write("auth: { password: { allow: [grace] } }\n");
    assert!(!given(&hub).contains("a given password"), "nor after the reference is gone");
    let secrets: Value =
        serde_json::from_slice(&fs::read(data(&hub, "passwords", "secrets.json")).unwrap()).unwrap();
    assert_ne!(secrets["user_password"], "a given password");
    hub.remove();
}

#[test]
fn a_second_file_of_the_same_name_is_refused() {
    let Some(hub) = Hub::start("twins") else { return };
    let text = format!("name: twins\nprovider: {{ local: {{ port: {} }} }}\n", support::free_port());
    hub.machine.write("other/hub.yaml", text);
    let output = hub.machine.run(["up", "other/hub.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("belongs to another file"), "{}", stderr(&output));
    assert_eq!(hub.status()["missing"], json!([]));
    hub.remove();
}

#[test]
fn a_hub_whose_file_is_broken_is_taken_down_by_name() {
    let Some(hub) = Hub::start("broken") else { return };
    hub.machine.write("hub.yaml", "name: [");
    let output = hub.machine.run(["down"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("frazil down --name NAME"), "{}", stderr(&output));
    hub.json(["down", "--name", "broken", "--data", "--confirm", "broken"]);
    assert_eq!(hub.processes(), 0);
}

#[test]
fn a_port_of_another_hub_is_told_by_its_name() {
    let Some(hub) = Hub::start("holder") else { return };
    hub.machine
        .write("second.yaml", format!("name: second\nprovider: {{ local: {{ port: {} }} }}\n", hub.port));
    let output = hub.machine.run(["up", "second.yaml"]);
    assert!(stderr(&output).contains("the hub `holder` holds it"), "{}", stderr(&output));
    hub.remove();
}

#[test]
fn a_process_without_the_hubs_variables_ends_with_it() {
    let Some(hub) = Hub::start("unmarked") else { return };
    // As a person's terminal does: in the session of a process of the hub, with nothing of its environment.
    let script = "import os, subprocess; os.setsid(); subprocess.Popen(['/bin/sleep', '7777'], env={}); \
                  print(flush=True); import time; time.sleep(7777)";
    let id = hub.id().unwrap();
    let mut server = Command::new("python3")
        .args(["-c", script])
        .env("FRAZIL_HUB_ID", id)
        .env("FRAZIL_PART", "server")
        .env("HOME", hub.machine.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = [0];
    std::io::Read::read_exact(server.stdout.as_mut().unwrap(), &mut line).unwrap();
    // Its command line is there a moment after it has started.
    let begin = std::time::Instant::now();
    while sleepers() == 0 {
        assert!(begin.elapsed().as_secs() < 10, "it did not start");
    }
    let reaper = std::thread::spawn(move || server.wait());
    hub.remove();
    assert_eq!(reaper.join().unwrap().unwrap().signal(), Some(15));
    assert_eq!(sleepers(), 0, "it ends with its session");
}

fn sleepers() -> usize {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let commands = processes.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    commands.filter(|command| command == b"/bin/sleep\x007777\x00").count()
}

#[test]
fn down_from_inside_the_hub_is_refused() {
    let Some(hub) = Hub::start("inside") else { return };
    let output = hub.machine.frazil().env("FRAZIL_HUB_ID", hub.id().unwrap()).arg("down").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("from a terminal outside the hub"), "{}", stderr(&output));
    assert_eq!(hub.status()["missing"], json!([]));
    hub.remove();
}

#[test]
fn ctrl_c_ends_a_call_that_waits_and_nothing_is_lost() {
    if !environment_is_there() {
        return;
    }
    let hub = Hub::new("waiting");
    hub.up();
    let lock = hub.machine.path().join("state/frazil/hubs/waiting.lock");
    let held = fs::File::open(&lock).unwrap();
    held.lock().unwrap();
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("frazil"));
    command.arg("up").current_dir(hub.machine.path()).stdout(Stdio::null()).stderr(Stdio::piped());
    for (name, value) in hub.machine.frazil().get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    let waiting = command.spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(700));
    Command::new("kill").args(["-INT", &waiting.id().to_string()]).status().unwrap();
    let output = waiting.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(stderr(&output).contains("interrupted"), "{}", stderr(&output));
    drop(held);
    assert_eq!(hub.up()["started"], json!([]));
    hub.remove();
}

#[test]
fn variables_for_other_pythons_do_no_harm() {
    if !environment_is_there() {
        return;
    }
    let hub = Hub::new("variables");
    hub.machine.write("traps/tornado.py", "raise SystemExit('not this one')");
    let output = hub
        .machine
        .frazil()
        .env("PYTHONPATH", hub.machine.path().join("traps"))
        .env("NODE_OPTIONS", "--require=/nowhere.js")
        .arg("up")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    hub.remove();
}
