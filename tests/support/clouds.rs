//! A cloud for a test: a stand-in that real Terraform and our own calls reach, with a real Kubernetes
//! as its cluster. See tests/clouds/README.md.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::kubernetes::{Kubernetes, Pool};
use crate::skips::skipped;

const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "planted-aws-secret-key-0123456789";

/// What requests to the stand-in of S3 are signed with: it looks at the form only.
pub(crate) const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261121/us-west-2/s3/aws4_request, \
    SignedHeaders=host, Signature=0";

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

/// Which cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Aws,
    Google,
}

/// A cloud with one cluster's name to give: every cluster that is made there is the same Kubernetes.
pub(crate) struct World {
    pub(crate) kubernetes: Kubernetes,
    kind: Kind,
    cloud: StandIn,
    _webhook: StandIn,
    folder: PathBuf,
    schemas: PathBuf,
}

impl World {
    /// Starts it for a hub of this name; None, said on standard output, where something is missing.
    pub(crate) fn start(kind: Kind, hub: &str) -> Option<Self> {
        let (folder, schemas) = (clouds()?, schemas()?);
        let kubernetes = Kubernetes::prepare(hub)?;
        let cloud = match kind {
            Kind::Aws => aws(&folder, &kubernetes),
            Kind::Google => google(&folder, &kubernetes),
        };
        let config = kubernetes.folder().join("webhook.yaml");
        let told = match kind {
            Kind::Aws => "--sts",
            Kind::Google => "--google",
        };
        let webhook = StandIn::start(
            Command::new(folder.join("webhook"))
                .args(["--cluster", hub, told, &cloud.address, "--kubeconfig"])
                .arg(&config)
                .env("AWS_ACCESS_KEY_ID", KEY)
                .env("AWS_SECRET_ACCESS_KEY", SECRET),
            &kubernetes.folder().join("webhook.log"),
        );
        let kubernetes = kubernetes.begin(Some(config));
        Some(Self { kubernetes, kind, cloud, _webhook: webhook, folder, schemas })
    }

    /// What a person's environment has who works there.
    pub(crate) fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        let text = |text: &str| PathBuf::from(text);
        let mut all = vec![
            ("TF_CLI_CONFIG_FILE", self.folder.join("mirror/tools.tfrc")),
            ("FRAZIL_WORLD_SCHEMAS", self.schemas.clone()),
            ("FRAZIL_TERRAFORM", self.terraform()),
            ("FRAZIL_HELM", super::kubernetes::tools().join("helm")),
        ];
        match self.kind {
            Kind::Aws => all.extend([
                ("AWS_ENDPOINT_URL", text(&self.cloud.address)),
                ("AWS_ACCESS_KEY_ID", text(KEY)),
                ("AWS_SECRET_ACCESS_KEY", text(SECRET)),
                ("AWS_EC2_METADATA_DISABLED", text("true")),
            ]),
            Kind::Google => all.extend(self.google_environment()),
        }
        all
    }

    /// OpenTofu on AWS; on Google Cloud Terraform, where this machine has it.
    fn terraform(&self) -> PathBuf {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&path).map(|folder| folder.join("terraform"));
        let terraform = found.filter(|_| self.kind == Kind::Google).find(|program| program.exists());
        terraform.unwrap_or_else(|| super::kubernetes::tools().join("tofu"))
    }

    fn google_environment(&self) -> Vec<(&'static str, PathBuf)> {
        let path = self.kubernetes.folder().join("credentials.json");
        std::fs::write(&path, self.ask("GET", "/_world/credentials?type=service_account", "")).unwrap();
        let token = self.ask("GET", "/computeMetadata/v1/instance/service-accounts/default/token", "");
        let token: serde_json::Value = serde_json::from_str(&token).unwrap();
        let storage = format!("{}/storage/v1/", self.cloud.address);
        vec![
            ("FRAZIL_GOOGLE_ENDPOINT", PathBuf::from(&self.cloud.address)),
            ("GOOGLE_APPLICATION_CREDENTIALS", path),
            ("GOOGLE_OAUTH_ACCESS_TOKEN", PathBuf::from(token["access_token"].as_str().unwrap())),
            ("GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT", PathBuf::from(storage)),
        ]
    }

    /// A request to the stand-in, which has to go well; the answer's body.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> String {
        self.ask_as("", method, path, body)
    }

    /// The same as somebody: the value of the header `Authorization`.
    pub(crate) fn ask_as(&self, who: &str, method: &str, path: &str, body: &str) -> String {
        let who = if who.is_empty() { String::new() } else { format!("Authorization: {who}\r\n") };
        let host = self.cloud.address.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).unwrap();
        let length = body.len();
        let form = if body.starts_with('<') { "text/xml" } else { "application/json" };
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: {host}\r\nMetadata-Flavor: Google\r\n\
             {who}Content-Type: {form}\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(
            head.split(' ').nth(1).is_some_and(|code| code.starts_with('2')),
            "{method} {path}: {answer}"
        );
        body.to_owned()
    }
}

fn aws(folder: &Path, kubernetes: &Kubernetes) -> StandIn {
    StandIn::start(
        Command::new(folder.join("moto/bin/python"))
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clouds/aws/server.py"))
            .env("FRAZIL_WORLD_CLUSTER_ENDPOINT", kubernetes.address())
            .env("FRAZIL_WORLD_CLUSTER_CA", kubernetes.authority())
            .env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true"),
        &kubernetes.folder().join("moto.log"),
    )
}

fn google(folder: &Path, kubernetes: &Kubernetes) -> StandIn {
    let endpoint = kubernetes.address();
    StandIn::start(
        Command::new(folder.join("google"))
            .args(["--cluster-endpoint", endpoint.trim_start_matches("https://"), "--cluster-ca"])
            .arg(kubernetes.authority()),
        &kubernetes.folder().join("google.log"),
    )
}

impl World {
    /// Nodes as the pools of a hub would bring them, in the first zone: the stand-ins have groups and
    /// no machines.
    pub(crate) fn bring_nodes(&mut self) {
        let zone = match self.kind {
            Kind::Aws => "us-west-2a",
            Kind::Google => "us-central1-a",
        };
        let purposes = [("core", "core", "core"), ("user", "user", "scheduler")];
        for (pool, hub, dask) in purposes {
            let labels = [
                ("hub.jupyter.org/node-purpose", hub),
                ("k8s.dask.org/node-purpose", dask),
                ("frazil/pool", pool),
                ("topology.kubernetes.io/zone", zone),
            ];
            self.kubernetes.nodes(&Pool { name: pool, cpu: "16", memory: "64Gi", labels: &labels }, 1);
        }
        self.kubernetes.storage();
    }
}

/// The environment of Terraform with no cloud behind its providers: what they make is in the state alone.
pub(crate) fn on_paper() -> Option<Vec<(&'static str, PathBuf)>> {
    let (folder, schemas) = (clouds()?, schemas()?);
    let tofu = super::kubernetes::tools().join("tofu");
    if !tofu.exists() {
        skipped(format_args!("no {}; tests/tools.sh builds it", tofu.display()));
        return None;
    }
    Some(vec![
        ("TF_CLI_CONFIG_FILE", folder.join("mirror/tools.tfrc")),
        ("FRAZIL_WORLD_SCHEMAS", schemas),
        ("TF_IN_AUTOMATION", PathBuf::from("1")),
    ])
}

/// The folder that tests/clouds/build.sh fills.
fn clouds() -> Option<PathBuf> {
    let folder = super::scratch::shared_cache().join("frazil-tests/clouds");
    let missing = ["google", "webhook", "moto/bin/python", "mirror/tools.tfrc"].map(|name| folder.join(name));
    match missing.iter().find(|path| !path.exists()) {
        None => Some(folder),
        Some(path) => {
            skipped(format_args!("no {}; tests/clouds/build.sh makes it", path.display()));
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
        skipped("no schemas of Terraform's providers beside the checkout (../shared/schemas)");
    }
    found
}
