//! What people do beside frazil: another hub file, the clouds' own tools.

use std::process::{Command, Output};

use serde_json::Value;

use super::clouds::Kind;
use super::hub::{Hub, file};
use super::scratch::{shared_cache, stderr, stdout};

/// What each snippet of Python begins with.
const PRELUDE: &str = "import boto3, json, sys
def client(name): return boto3.client(name, region_name='us-west-2')
";

/// Where the objects of a Google project are.
pub(crate) const COMPUTE: &str = "/compute/v1/projects/frazil-test";

/// The addresses that the local API server gives to Services, for files in which one is named.
pub(crate) const SERVICES: &str = "network: { services: 10.96.0.0/16 }";

/// Keys that make what a hub has only on request. The zone has to be there.
pub(crate) const fn on_request(kind: Kind) -> &'static str {
    match kind {
        Kind::Aws => {
            "domain: hub.example.org\ndns: { zone: example.org }\nbilling: { exports: true }\n\
             budget: { total: 400 USD }\nnetwork: { flow_logs: true }\nstorage: { homes: { backup: daily } }\n\
             kubernetes: { administrators: [\"arn:aws:iam::123456789012:role/hub-admins\"] }\n"
        }
        Kind::Google => {
            "domain: hub.example.org\ndns: { zone: example-org }\nbilling: { exports: true }\n\
             budget: { total: 400 USD }\ncontact: ada@example.org\n"
        }
    }
}

impl Hub {
    /// Adds these lines to the hub file, in place of those that were added before.
    pub(crate) fn says(&self, kind: Kind, further: &str) {
        self.machine.write("hub.yaml", file(kind, further));
    }

    /// Somebody has made the zone `example.org`, which Google Cloud calls `example-org`.
    pub(crate) fn has_zone(&self) {
        match self.kind {
            Kind::Aws => {
                self.boto(
                    "client('route53').create_hosted_zone(Name='example.org', CallerReference='once')",
                    &[],
                );
            }
            Kind::Google => {
                let zone = r#"{ "name": "example-org", "dnsName": "example.org.", "visibility": "public" }"#;
                self.world.ask("POST", "/_world/seed?path=/dns/v1/projects/frazil-test/managedZones", zone);
            }
        }
    }

    /// Runs the program and reads its report; the exit code has to be this one.
    pub(crate) fn report(&self, code: i32, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["-o", "json"]].concat());
        ended(&output, code, arguments);
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Runs the program, which has to refuse; what it says.
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        ended(&output, 1, arguments);
        stderr(&output)
    }

    /// Runs Python with boto3 against the stand-in of AWS; what it prints.
    pub(crate) fn boto(&self, code: &str, arguments: &[&str]) -> String {
        let python = shared_cache().join("frazil-tests/clouds/moto/bin/python");
        let mut command = Command::new(python);
        command.envs(self.world.environment()).args(["-c", &format!("{PRELUDE}{code}")]).args(arguments);
        let output = command.output().unwrap();
        ended(&output, 0, arguments);
        stdout(&output)
    }

    /// Changes an object of the stand-in of Google Cloud.
    pub(crate) fn alter(&self, path: &str, change: &Value) {
        self.world.ask("PATCH", &format!("/_world/objects?path={path}"), &change.to_string());
    }

    /// The objects of the stand-in of Google Cloud below a path.
    pub(crate) fn objects(&self, path: &str) -> serde_json::Map<String, Value> {
        serde_json::from_str(&self.world.ask("GET", &format!("/_world/objects?path={path}"), "")).unwrap()
    }
}

fn ended(output: &Output, code: i32, arguments: &[&str]) {
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}{}", stdout(output), stderr(output));
}
