//! A real Kubernetes for a test: etcd, API server, controllers and scheduler on
//! loopback ports. Its nodes and pods are kwok's: they say what a kubelet would
//! say and run nothing; kubernetes/stages.yaml tells which image makes a pod fail.

#[path = "kubernetes/keys.rs"]
pub(crate) mod keys;
#[path = "kubernetes/program.rs"]
mod program;

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use keys::{Keys, kubeconfig};
use program::Program;
use serde_json::json;

use crate::skips::skipped;

const PROGRAMS: [&str; 7] =
    ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok", "helm"];
const STAGES: &str = include_str!("kubernetes/stages.yaml");
/// Whoever waits longer than this waits for ever.
const PATIENCE: Duration = Duration::from_mins(3);

/// A control plane of its own, with a folder of its own; both gone when dropped, or when the test is killed.
pub(crate) struct Kubernetes {
    // Dropped in this order: the last one takes the folder with it.
    programs: Vec<Program>,
    api: Option<Program>,
    etcd: Option<Program>,
    folder: PathBuf,
    tools: PathBuf,
    keys: Keys,
    context: String,
    etcd_port: u16,
    api_port: u16,
    /// Who says whose a token is, beside the API server itself.
    authenticator: Option<PathBuf>,
    node_count: usize,
}

/// Nodes of one kind.
pub(crate) struct Pool<'a> {
    pub(crate) name: &'a str,
    /// What pods may have of each node: as Kubernetes writes it, "4" and "16Gi".
    pub(crate) cpu: &'a str,
    pub(crate) memory: &'a str,
    pub(crate) labels: &'a [(&'a str, &'a str)],
}

impl Kubernetes {
    /// Starts one whose kubeconfig calls it `context`; None, said on standard output, where the programs are missing.
    pub(crate) fn start(context: &str) -> Option<Self> {
        Some(Self::prepare(context)?.begin(None))
    }

    /// The same, not started yet: its address and authority are known.
    pub(crate) fn prepare(context: &str) -> Option<Self> {
        let tools = tools();
        if let Some(missing) = PROGRAMS.iter().find(|program| !tools.join(program).exists()) {
            skipped(format_args!("no {missing} in {}; tests/tools.sh builds it", tools.display()));
            return None;
        }
        if Command::new("openssl").arg("version").output().is_err() {
            skipped("no openssl, which makes the keys");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("frazil-kubernetes-").tempdir().unwrap().keep();
        let keys = Keys::new(folder.join("keys"));
        keys.server("server", "IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:kubernetes.default.svc");
        Some(Self {
            programs: Vec::new(),
            api: None,
            etcd: None,
            folder,
            tools,
            keys,
            context: context.to_owned(),
            etcd_port: free_port(),
            api_port: free_port(),
            authenticator: None,
            node_count: 0,
        })
    }

    /// Starts what was prepared; `authenticator` is the configuration of a webhook that says whose a token is.
    pub(crate) fn begin(mut self, authenticator: Option<PathBuf>) -> Self {
        self.authenticator = authenticator;
        self.user("admin", &["system:masters"]);
        self.start_etcd();
        self.start_api();
        self.start_controllers();
        self.wait_for("the default ServiceAccount", &["get", "serviceaccount", "default"], |_| true);
        self
    }

    /// The certificate of the authority that the API server's own is of.
    pub(crate) fn authority(&self) -> PathBuf {
        self.keys.certificate("ca")
    }

    /// A folder that goes with it.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The administrator's.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.join("admin.kubeconfig")
    }

    /// Where the API server answers.
    pub(crate) fn address(&self) -> String {
        format!("https://127.0.0.1:{}", self.api_port)
    }

    /// A kubeconfig for a person, who may do what RBAC lets them: at first nothing.
    pub(crate) fn user(&self, name: &str, groups: &[&str]) -> PathBuf {
        self.person(name, groups, 2)
    }

    /// A kubeconfig whose certificate has ended: the API server answers 401.
    pub(crate) fn expired_user(&self, name: &str, groups: &[&str]) -> PathBuf {
        self.person(name, groups, -1)
    }

    /// The connection to the API server is refused from now on; its data stay.
    pub(crate) fn stop_api(&mut self) {
        self.api = None;
    }

    /// Starts the API server, where it was before, and waits until it is ready.
    pub(crate) fn start_api(&mut self) {
        self.api = Some(self.program("kube-apiserver", &self.api_arguments()));
        self.wait_for("the API server", &["get", "--raw", "/readyz"], |_| true);
    }

    /// Adds nodes and waits until pods may run on them. Pods on them get Running and Ready, Jobs
    /// complete, load balancers get an address.
    pub(crate) fn nodes(&mut self, pool: &Pool, count: usize) {
        if self.node_count == 0 {
            self.start_kwok();
        }
        let range = self.node_count..self.node_count + count;
        self.node_count = range.end;
        let nodes: Vec<_> = range.map(|index| node(pool, index)).collect();
        self.create(&json!({ "apiVersion": "v1", "kind": "List", "items": nodes }));
        let ready = r#"{.items[*].status.conditions[?(@.type=="Ready")].status}"#;
        let output = format!("--output=jsonpath={ready} {{.items[*].spec.taints[*].key}}");
        self.wait_for("the nodes", &["get", "nodes", &output], |answer| {
            answer.matches("True").count() == self.node_count && !answer.contains("not-ready")
        });
    }

    /// Adds a default `StorageClass`, "standard", whose claims are bound at once. It needs `nodes`.
    pub(crate) fn storage(&self) {
        let default = json!({ "storageclass.kubernetes.io/is-default-class": "true" });
        self.create(&json!({
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": { "name": "standard", "annotations": default },
            "provisioner": "frazil-test",
        }));
    }

    /// Creates an object, or a List of some.
    pub(crate) fn create(&self, object: &serde_json::Value) {
        let mut kubectl = self.tool("kubectl");
        let mut child =
            kubectl.args(["create", "-f", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(object.to_string().as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "{object}");
    }

    /// kubectl or helm as the administrator: what it says on standard output. Panics if it fails.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.tool(program).args(arguments).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{program} {arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// kubectl, helm or another of the tools, as the administrator, with nothing of this machine's own settings.
    pub(crate) fn tool(&self, program: &str) -> Command {
        let mut command = Command::new(self.tools.join(program));
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", &self.folder)
            .env("KUBECONFIG", self.kubeconfig());
        command
    }

    fn person(&self, name: &str, groups: &[&str], days: i32) -> PathBuf {
        self.keys.person(name, groups, days);
        let path = self.folder.join(format!("{name}.kubeconfig"));
        std::fs::write(&path, kubeconfig(&self.keys, &self.address(), &self.context, name)).unwrap();
        path
    }

    fn start_etcd(&mut self) {
        let client = format!("http://127.0.0.1:{}", self.etcd_port);
        let peer = format!("http://127.0.0.1:{}", free_port());
        let arguments = [
            flag("data-dir", self.folder.join("etcd").display()),
            flag("listen-client-urls", &client),
            flag("advertise-client-urls", &client),
            flag("listen-peer-urls", &peer),
            flag("initial-advertise-peer-urls", &peer),
            flag("initial-cluster", format!("default={peer}")),
            flag("unsafe-no-fsync", true),
        ];
        let program = self.tools.join("etcd");
        self.etcd = Some(Program::start_owning(&program, &arguments, &self.log("etcd"), &self.folder));
    }

    fn api_arguments(&self) -> Vec<String> {
        let authority = self.keys.certificate("ca");
        let (certificate, key) = (self.keys.certificate("server"), self.keys.key("server"));
        let webhook = self.authenticator.iter().flat_map(|config| {
            [
                flag("authentication-token-webhook-config-file", config.display()),
                flag("authentication-token-webhook-version", "v1"),
                // An expired token is seen at once.
                flag("authentication-token-webhook-cache-ttl", "0s"),
            ]
        });
        let mut arguments: Vec<_> = webhook.collect();
        arguments.extend([
            flag("etcd-servers", format!("http://127.0.0.1:{}", self.etcd_port)),
            flag("bind-address", "127.0.0.1"),
            flag("secure-port", self.api_port),
            flag("service-cluster-ip-range", "10.96.0.0/16"),
            flag("client-ca-file", authority.display()),
            flag("tls-cert-file", certificate.display()),
            flag("tls-private-key-file", key.display()),
            flag("service-account-issuer", "https://kubernetes.default.svc"),
            flag("service-account-key-file", certificate.display()),
            flag("service-account-signing-key-file", key.display()),
            flag("authorization-mode", "RBAC"),
            flag("allow-privileged", true),
            // On loopback there is no other node's address to tell in the `kubernetes` Service.
            flag("endpoint-reconciler-type", "none"),
        ]);
        arguments
    }

    fn start_controllers(&mut self) {
        let kubeconfig = self.kubeconfig();
        let shared = ["kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig"];
        let mut arguments = shared.map(|name| flag(name, kubeconfig.display())).to_vec();
        arguments.extend([flag("leader-elect", false), flag("secure-port", 0)]);
        // Nothing else of this API server needs sparing.
        arguments.extend([flag("kube-api-qps", 1000), flag("kube-api-burst", 1000)]);
        self.programs.push(self.program("kube-scheduler", &arguments));
        arguments.extend([
            flag("service-account-private-key-file", self.keys.key("server").display()),
            flag("root-ca-file", self.keys.certificate("ca").display()),
            // kwok's nodes send no sign of life; however slow the machine, they are well.
            flag("node-monitor-grace-period", "24h"),
        ]);
        self.programs.push(self.program("kube-controller-manager", &arguments));
    }

    fn start_kwok(&mut self) {
        let stages = self.folder.join("stages.yaml");
        std::fs::write(&stages, STAGES).unwrap();
        let arguments = [
            flag("kubeconfig", self.kubeconfig().display()),
            flag("config", stages.display()),
            flag("manage-all-nodes", true),
        ];
        self.programs.push(self.program("kwok", &arguments));
    }

    fn program(&self, name: &str, arguments: &[String]) -> Program {
        Program::start(&self.tools.join(name), arguments, &self.folder, &self.log(name))
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    /// Waits until kubectl succeeds with an answer that will do; panics with the logs' ends if it never does.
    fn wait_for(&self, what: &str, question: &[&str], will_do: impl Fn(&str) -> bool) {
        let since = Instant::now();
        loop {
            let output = self.tool("kubectl").args(question).output().unwrap();
            if output.status.success() && will_do(&String::from_utf8_lossy(&output.stdout)) {
                return;
            }
            assert!(since.elapsed() < PATIENCE, "{what} never came\n{}", self.logs());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn logs(&self) -> String {
        let end = |name: &&str| {
            let text = std::fs::read_to_string(self.log(name)).unwrap_or_default();
            let from = text.len().saturating_sub(1500);
            format!("{name}: {}\n", text.get(from..).unwrap_or(&text))
        };
        PROGRAMS.iter().map(end).collect()
    }
}

fn flag(name: &str, value: impl std::fmt::Display) -> String {
    format!("--{name}={value}")
}

fn node(pool: &Pool, index: usize) -> serde_json::Value {
    let name = format!("{}-{index}", pool.name);
    let mut labels =
        json!({ "kubernetes.io/hostname": name, "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux" });
    for (key, value) in pool.labels {
        labels[*key] = json!(value);
    }
    let room = json!({ "cpu": pool.cpu, "memory": pool.memory, "pods": "110", "ephemeral-storage": "100Gi" });
    let about = json!({
        "architecture": "amd64", "operatingSystem": "linux", "kubeletVersion": "v1.36.3",
        "kubeProxyVersion": "", "containerRuntimeVersion": "kwok", "kernelVersion": "", "osImage": "kwok",
        "machineID": "", "systemUUID": "", "bootID": "",
    });
    let address = format!("10.64.{}.{}", index / 256, index % 256);
    let addresses =
        json!([{ "type": "InternalIP", "address": address }, { "type": "Hostname", "address": name }]);
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": { "name": name, "labels": labels },
        "status": { "allocatable": room, "capacity": room, "nodeInfo": about, "addresses": addresses },
    })
}

/// A port that nobody listens on, below those that the system gives to connections: a server that
/// comes back finds it free again.
fn free_port() -> u16 {
    static TRIED: AtomicU32 = AtomicU32::new(0);
    loop {
        let step = std::process::id().wrapping_mul(16) + TRIED.fetch_add(1, Ordering::Relaxed);
        let port = 20_000 + u16::try_from(step % 12_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The folder of the programs that tests/tools.sh built.
pub(crate) fn tools() -> PathBuf {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    variable("FRAZIL_TEST_TOOLS").unwrap_or_else(|| {
        let cache = variable("XDG_CACHE_HOME")
            .unwrap_or_else(|| Path::new(&variable("HOME").unwrap()).join(".cache"));
        cache.join("frazil-tests/bin")
    })
}
