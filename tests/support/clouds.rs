//! A cloud for a test: a stand-in that real Terraform and our own calls reach, with a real Kubernetes
//! as its cluster. See tests/clouds/README.md.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::kubernetes::{Kubernetes, Pool};

const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "planted-aws-secret-key-0123456789";

/// A program that tells its address and ends with its standard input.
struct StandIn {
    child: Child,
    address: String,
}

impl StandIn {
    fn start(command: &mut Command, log: &Path) -> Self {
        let errors = File::create(log).unwrap();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: serde_json::Value = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("{line}: {error}: {}", std::fs::read_to_string(log).unwrap()));
        Self { child, address: told["address"].as_str().unwrap().to_owned() }
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let ended = self.child.wait();
        assert!(ended.is_ok() || std::thread::panicking(), "{ended:?}");
    }
}

/// AWS with one cluster's name to give: every cluster of that account is the same Kubernetes.
pub(crate) struct Aws {
    pub(crate) kubernetes: Kubernetes,
    moto: StandIn,
    _webhook: StandIn,
    folder: PathBuf,
}

impl Aws {
    /// Starts it for a hub of this name; None, said on standard output, where something is missing.
    pub(crate) fn start(hub: &str) -> Option<Self> {
        let folder = clouds()?;
        schemas()?;
        let kubernetes = Kubernetes::prepare(hub)?;
        let moto = StandIn::start(
            Command::new(folder.join("moto/bin/python"))
                .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clouds/aws/server.py"))
                .env("FRAZIL_WORLD_CLUSTER_ENDPOINT", kubernetes.address())
                .env("FRAZIL_WORLD_CLUSTER_CA", kubernetes.authority())
                .env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true"),
            &kubernetes.folder().join("moto.log"),
        );
        let config = kubernetes.folder().join("webhook.yaml");
        let webhook = StandIn::start(
            Command::new(folder.join("webhook"))
                .args(["--cluster", hub, "--sts", &moto.address, "--kubeconfig"])
                .arg(&config)
                .env("AWS_ACCESS_KEY_ID", KEY)
                .env("AWS_SECRET_ACCESS_KEY", SECRET),
            &kubernetes.folder().join("webhook.log"),
        );
        let kubernetes = kubernetes.begin(Some(config));
        Some(Self { kubernetes, moto, _webhook: webhook, folder })
    }

    /// What a person's environment has who works there.
    pub(crate) fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        let text = |text: &str| PathBuf::from(text);
        vec![
            ("AWS_ENDPOINT_URL", text(&self.moto.address)),
            ("AWS_ACCESS_KEY_ID", text(KEY)),
            ("AWS_SECRET_ACCESS_KEY", text(SECRET)),
            ("AWS_EC2_METADATA_DISABLED", text("true")),
            ("TF_CLI_CONFIG_FILE", self.folder.join("mirror/tools.tfrc")),
            ("FRAZIL_WORLD_SCHEMAS", schemas().unwrap_or_default()),
            ("FRAZIL_TERRAFORM", super::kubernetes::tools().join("tofu")),
            ("FRAZIL_HELM", super::kubernetes::tools().join("helm")),
        ]
    }

    /// Where it answers.
    pub(crate) fn address(&self) -> &str {
        &self.moto.address
    }
}

/// Nodes as the pools of a hub would bring them: the stand-in has groups and no machines.
pub(crate) fn bring_nodes(kubernetes: &mut Kubernetes) {
    let purposes = [
        ("core", vec![("hub.jupyter.org/node-purpose", "core"), ("k8s.dask.org/node-purpose", "core"), ("frazil/pool", "core")]),
        ("user", vec![("hub.jupyter.org/node-purpose", "user"), ("k8s.dask.org/node-purpose", "scheduler"), ("frazil/pool", "user")]),
    ];
    for (name, labels) in &purposes {
        kubernetes.nodes(&Pool { name, cpu: "16", memory: "64Gi", labels }, 1);
    }
    kubernetes.storage();
}

/// The folder that tests/clouds/build.sh fills.
fn clouds() -> Option<PathBuf> {
    let folder = super::scratch::shared_cache().join("frazil-tests/clouds");
    let missing = ["google", "webhook", "moto/bin/python", "mirror/tools.tfrc"].map(|name| folder.join(name));
    match missing.iter().find(|path| !path.exists()) {
        None => Some(folder),
        Some(path) => {
            println!("skipped: no {}; tests/clouds/build.sh makes it", path.display());
            None
        }
    }
}

/// The schemas of the real providers.
fn schemas() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/schemas");
    let named = std::env::var_os("FRAZIL_WORLD_SCHEMAS").map(PathBuf::from);
    let found = named.into_iter().chain([folder]).find(|folder| folder.join("aws.json").exists());
    if found.is_none() {
        println!("skipped: no schemas of Terraform's providers beside the checkout (../shared/schemas)");
    }
    found
}
