//! A hub for a test: a Kubernetes of its own, a hub file, and the program.

use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;

use super::kubernetes::{Kubernetes, Pool};
use super::scratch::{Scratch, stderr, stdout};

/// Charts of our own that take the values of the upstream ones.
pub(crate) const CHARTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/charts");
const NODES: Pool<'_> = Pool { name: "node", cpu: "16", memory: "64Gi", labels: &[] };

/// A cluster with a hub file for it. The hub is not up yet.
pub(crate) struct Hub {
    pub(crate) kubernetes: Kubernetes,
    pub(crate) machine: Scratch,
}

/// A hub file for the context `lab`.
pub(crate) fn file(further: &str) -> String {
    let charts = std::env::var("FRAZIL_CHARTS").unwrap_or_else(|_| CHARTS.to_owned());
    format!(
        "name: lab
provider: {{ kubernetes: {{ context: lab }} }}
domain: hub.lab.example.edu
contact: hub@lab.example.edu
admins: [ada]
auth:
  github: {{ allow: [\"lab\"], client_id: Iv1.8a61, client_secret: {{ env: LAB_CLIENT_SECRET }} }}
sizes: [{{ name: small, memory: 1 GiB, default: true }}]
charts: {{ from: \"{charts}\" }}
image: {{ name: well, tag: \"1\" }}
{further}"
    )
}

/// What the hub file's reference leads to; it must not be found anywhere else.
pub(crate) const CLIENT_SECRET: &str = "planted-0123456789abcdef-secret";

impl Hub {
    /// A cluster with nodes and storage; `None`, said, where its programs are missing.
    pub(crate) fn new() -> Option<Self> {
        let mut kubernetes = Kubernetes::start("lab")?;
        kubernetes.nodes(&NODES, 2);
        kubernetes.storage();
        let machine = Scratch::new();
        machine.write("hub.yaml", file(""));
        Some(Self { kubernetes, machine })
    }

    /// The program with this cluster's kubeconfig.
    pub(crate) fn frazil(&self) -> assert_cmd::Command {
        let mut command = self.machine.frazil();
        command
            .env("KUBECONFIG", self.kubernetes.kubeconfig())
            .env("FRAZIL_HELM", self.kubernetes.tool("helm").get_program())
            .env("LAB_CLIENT_SECRET", CLIENT_SECRET);
        command
    }

    /// Runs the program.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.frazil().args(arguments).output().unwrap()
    }

    /// Runs the program, which has to end with 0; what it says.
    pub(crate) fn well(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}{}", stdout(&output), stderr(&output));
        stdout(&output)
    }

    pub(crate) fn up(&self) -> String {
        self.well(&["up", "--auto-approve"])
    }

    pub(crate) fn down(&self) -> String {
        self.well(&["down", "--confirm", "lab"])
    }

    /// What `drift -o json` names: object and field.
    pub(crate) fn drift(&self) -> Vec<(String, String, String)> {
        let output = self.run(&["drift", "-o", "json"]);
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", stdout(&output), stderr(&output)));
        let rows = report["differences"].as_array().unwrap().clone();
        assert_eq!(output.status.code(), Some(if rows.is_empty() { 0 } else { 2 }));
        let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
        rows.iter().map(|row| (text(row, "object"), text(row, "field"), text(row, "who"))).collect()
    }

    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        self.kubernetes.run("kubectl", arguments)
    }

    /// The folder of the journal and of Helm's logs.
    pub(crate) fn state(&self) -> PathBuf {
        self.machine.path().join("state/frazil/clusters/lab")
    }

    /// Everything that `down` and a fresh cluster have in common: nothing of the hub.
    pub(crate) fn assert_gone(&self) {
        let audit = self.run(&["down", "--audit"]);
        assert_eq!(audit.status.code(), Some(0), "{}{}", stdout(&audit), stderr(&audit));
        let names = "--output=name";
        let everywhere = self.kubectl(&["get", "namespace,crd,clusterrole,priorityclass,pv", names]);
        for mark in ["namespace/lab", "dask.org", "traefik.io", "lab-jupyterhub", "lab-dask-gateway"] {
            assert!(!everywhere.contains(mark), "{everywhere}");
        }
        assert!(!self.kubectl(&["get", "pods", "--all-namespaces", names]).contains("hub"));
    }
}
