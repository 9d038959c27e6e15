//! No credential is written or shown: not in the journal, logs, plans and states, not in the list of
//! processes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::clouds::Kind;
use super::hub::Hub;

#[test]
fn on_aws_no_credential_is_written_or_shown() {
    nothing_shown(Kind::Aws);
}

#[test]
fn on_google_no_credential_is_written_or_shown() {
    nothing_shown(Kind::Google);
}

fn nothing_shown(kind: Kind) {
    let Some(hub) = Hub::seldom_on_aws(kind) else { return };
    let over = Arc::new(AtomicBool::new(false));
    let watch = {
        let over = Arc::clone(&over);
        std::thread::spawn(move || arguments_until(&over))
    };
    hub.well(&["plan"]);
    hub.well(&["up", "--auto-approve"]);
    over.store(true, Ordering::Relaxed);
    let seen = watch.join().unwrap();
    let terraform = hub.terraform_name();
    assert!(
        seen.iter().any(|line| line.contains(&terraform) && line.contains("apply")),
        "{terraform} was seen"
    );
    for secret in secrets(&hub) {
        assert!(!seen.iter().any(|line| line.contains(&secret)), "a credential in a list of arguments");
    }
    assert_no_secret(&hub);
    assert!(hub.state().join("journal.jsonl").exists() && hub.state().join("terraform.log").exists());
    hub.well(&["down", "--confirm", "lab"]);
}

/// The arguments of all processes, looked at again and again (`proc_pid_cmdline(5)`).
fn arguments_until(over: &AtomicBool) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    while !over.load(Ordering::Relaxed) {
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            seen.insert(String::from_utf8_lossy(&line).replace('\0', " "));
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    seen
}

/// What nobody is to see: keys and tokens of the person's environment.
fn secrets(hub: &Hub) -> Vec<String> {
    let environment = hub.world.environment();
    let of = |name: &str| environment.iter().find(|(each, _)| *each == name).map(|(_, value)| value.clone());
    match hub.kind {
        Kind::Aws => vec![of("AWS_SECRET_ACCESS_KEY").unwrap().display().to_string()],
        Kind::Google => {
            let file = of("GOOGLE_APPLICATION_CREDENTIALS").unwrap();
            let key: serde_json::Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
            let line = key["private_key"].as_str().unwrap().lines().nth(3).unwrap().to_owned();
            vec![line, of("GOOGLE_OAUTH_ACCESS_TOKEN").unwrap().display().to_string()]
        }
    }
}

/// Neither the person's files nor the state of Terraform have a credential in them.
pub(crate) fn assert_no_secret(hub: &Hub) {
    let secrets: Vec<_> = secrets(hub);
    let mut files = 0;
    visit(hub.machine.path(), &mut |path| {
        let content = fs::read(path).unwrap_or_default();
        files += 1;
        for secret in &secrets {
            let found = content.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "a credential in {}", path.display());
        }
    });
    assert!(files > 5, "there are files to look at");
    let state = state(hub);
    assert!(state.contains("\"outputs\""), "{state}");
    for secret in &secrets {
        assert!(!state.contains(secret.as_str()), "a credential in the state");
    }
}

fn state(hub: &Hub) -> String {
    let bucket = hub.bucket();
    match hub.kind {
        Kind::Aws => {
            hub.world.ask_as(super::clouds::SIGNED, "GET", &format!("/{bucket}/lab/terraform.tfstate"), "")
        }
        Kind::Google => {
            let token =
                hub.world.environment().into_iter().find(|(name, _)| *name == "GOOGLE_OAUTH_ACCESS_TOKEN");
            let token = token.unwrap().1.display().to_string();
            let path = format!("/storage/v1/b/{bucket}/o/lab%2Fdefault.tfstate?alt=media");
            hub.world.ask_as(&format!("Bearer {token}"), "GET", &path, "")
        }
    }
}

fn visit(folder: &Path, look: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            visit(&entry.path(), look);
        } else if kind.is_file() {
            look(&entry.path());
        }
    }
}
