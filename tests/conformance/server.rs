//! The servers that stand in for clouds: programs that print their address and end with their input.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::tools::cache;
use crate::skips::skipped;

/// A running server; it ends when this is dropped, and when the test is killed.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    pub(crate) http: reqwest::Client,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its standard input closes with this, which ends it too; the wait leaves no zombie.
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

impl Server {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        let address = told["address"].as_str().unwrap().to_owned();
        Self { child, address, http: reqwest::Client::new() }
    }

    /// Moto with what it lacks; None, said on standard output, where it is not installed.
    pub(crate) fn aws() -> Option<Self> {
        let program = root().join("tests/clouds/aws/server.py");
        let python = std::env::var_os("CLOUDS_PYTHON")
            .map_or_else(|| cache().join("clouds/moto/bin/python"), PathBuf::from);
        if !program.exists() || !python.exists() {
            skipped(format_args!("no {} with {}", program.display(), python.display()));
            return None;
        }
        // Small pages show whether the next one is read.
        Some(Self::start(Command::new(python).arg(program).args(["--max-page", "1"])))
    }

    /// The stand-in for Google Cloud; None, said on standard output, where it cannot be built.
    pub(crate) fn google(more: &[&str]) -> Option<Self> {
        static BUILT: Built = Built::new();
        let program = or_skip("google", BUILT.get_or_init(|| build("google")).as_ref())?;
        let arguments = ["--max-page", "2", "--cluster-endpoint", "127.0.0.1:6443"];
        Some(Self::start(Command::new(program).args(arguments).args(more)))
    }

    /// The authenticator that a cluster asks whose a token is; None, said on standard output, where it
    /// cannot be built.
    pub(crate) fn webhook(arguments: &[&str], environment: &[(&str, &str)]) -> Option<Self> {
        static BUILT: Built = Built::new();
        let program = or_skip("webhook", BUILT.get_or_init(|| build("webhook")).as_ref())?;
        Some(Self::start(Command::new(program).args(arguments).envs(environment.iter().copied())))
    }

    /// What the authenticator says of a token: the name of who asks, or why not.
    pub(crate) async fn review(&self, token: &str) -> Result<String, String> {
        let review = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": { "token": token } });
        let answer = self.http.post(&self.address).body(review.to_string()).send().await.unwrap();
        let told: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        match told["status"]["user"]["username"].as_str() {
            Some(name) => Ok(name.to_owned()),
            None => Err(told["status"]["error"].to_string()),
        }
    }

    /// Asks at the tests' own door.
    pub(crate) async fn door(&self, method: reqwest::Method, path: &str, body: &Value) -> Value {
        let url = format!("{}/_world/{path}", self.address);
        let answer = self.http.request(method, url).body(body.to_string()).send().await.unwrap();
        let fine = answer.status().is_success();
        let text = answer.text().await.unwrap();
        assert!(fine, "{path}: {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Lets requests fail.
    pub(crate) async fn fault(&self, fault: Value) {
        self.door(reqwest::Method::POST, "faults", &Value::Array(vec![fault])).await;
    }
}

type Built = std::sync::OnceLock<Option<PathBuf>>;

/// Builds one of the servers that are written in Go.
fn build(name: &str) -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let source = root().join("tests/clouds").join(name);
    let build = Command::new("go").args(["build", "-o"]).arg(&program).arg(".").current_dir(source).output();
    build.is_ok_and(|build| build.status.success()).then_some(program)
}

/// The built server, or a word on why the test is left out.
fn or_skip<'a>(name: &str, built: Option<&'a PathBuf>) -> Option<&'a PathBuf> {
    if built.is_none() {
        skipped(format_args!("tests/clouds/{name} cannot be built, or there is no go"));
    }
    built
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// An environment of these variables, and no other.
pub(crate) fn context(variables: &[(&str, &str)]) -> frazil::context::Context {
    let mut context = frazil::context::Context::from_process();
    context.environment = variables.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    context
}
