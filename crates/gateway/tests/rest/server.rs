//! A real Dask Gateway on loopback: its server, its proxy, and clusters as processes of this machine.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::canned::{Asked, Given};
use crate::{skips, tools};

/// Two options as in the recordings, at most four workers a cluster. distributed 2026.6 dropped the programs that
/// Dask Gateway starts by default.
const CONFIG: &str = r#"
from dask_gateway_server.options import Float, Integer, Options

c.DaskGateway.backend_class = "dask_gateway_server.backends.local.UnsafeLocalBackend"
c.DaskGateway.authenticator_class = "dask_gateway_server.auth.SimpleAuthenticator"
c.SimpleAuthenticator.password = "password"
c.DaskGateway.address = "127.0.0.1:API_PORT"
c.Proxy.address = "127.0.0.1:PORT"
c.UnsafeLocalBackend.clusters_directory = "FOLDER"
c.UnsafeLocalBackend.cluster_start_timeout = 300
c.UnsafeLocalBackend.worker_start_timeout = 300
c.UnsafeLocalBackend.cluster_heartbeat_timeout = 300
c.LocalBackend.inherited_environment = ["PATH", "FRAZIL_TEST_MARK"]
c.ClusterConfig.scheduler_cmd = SCHEDULER
c.ClusterConfig.worker_cmd = ["dask", "worker"]
c.ClusterConfig.cluster_max_workers = 4
c.Backend.cluster_options = Options(
    Integer("worker_cores", default=1, min=1, max=2, label="Worker Cores"),
    Float("worker_memory", default=1, min=0.5, max=4.0, label="Worker Memory (GiB)"),
    handler=lambda chosen: {
        "worker_cores": chosen.worker_cores,
        "worker_memory": int(chosen.worker_memory * 2**30),
    },
)
"#;

/// It ends with everything that it started when this is dropped, by a panic too.
pub(crate) struct Server {
    child: Child,
    /// Which processes are this one's: they all have it in their environment.
    mark: String,
    folder: tempfile::TempDir,
    /// Where it answers.
    pub(crate) base: String,
}

impl Server {
    /// A gateway whose schedulers are started so; none where there is no such server.
    pub(crate) fn start(scheduler: &str) -> Option<Self> {
        let python = python()?;
        let folder = tempfile::tempdir().unwrap();
        let (port, api_port) = ports();
        let config = folder.path().join("config.py");
        let clusters = folder.path().join("clusters");
        std::fs::create_dir(&clusters).unwrap();
        let text = CONFIG
            .replace("API_PORT", &api_port.to_string())
            .replace("PORT", &port.to_string())
            .replace("FOLDER", clusters.to_str().unwrap())
            .replace("SCHEDULER", scheduler);
        std::fs::write(&config, text).unwrap();
        let mark = folder.path().to_str().unwrap().to_owned();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new(&python)
            .args(["-m", "dask_gateway_server", "-f"])
            .arg(&config)
            .current_dir(folder.path())
            .env("PATH", path_with(python.parent().unwrap()))
            .env("FRAZIL_TEST_MARK", &mark)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let server = Self { child, mark, folder, base: format!("http://127.0.0.1:{port}") };
        server.wait_until_it_answers();
        Some(server)
    }

    fn wait_until_it_answers(&self) {
        let end = Instant::now() + Duration::from_mins(3);
        let asked = Asked {
            method: "GET".to_owned(),
            target: "/api/health".to_owned(),
            headers: [("host".to_owned(), String::new())].into(),
            body: String::new(),
        };
        while Instant::now() < end {
            if passed_on(&self.base, &asked).is_some_and(|given| given.status == 200) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the gateway does not answer: {}", self.log());
    }

    /// What it has said.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The processes that have its mark.
    pub(crate) fn processes(&self) -> Vec<Pid> {
        marked(&self.mark)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).ok();
        let end = Instant::now() + Duration::from_secs(30);
        while Instant::now() < end && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(50));
        }
        self.child.kill().ok();
        self.child.wait().ok();
        for _ in 0..20 {
            for pid in self.processes() {
                kill_process(pid, Signal::KILL).ok();
            }
            std::thread::sleep(Duration::from_millis(50));
            if self.processes().is_empty() {
                return;
            }
        }
    }
}

/// Processes that still run with this in their environment. One that has ended has none to read.
fn marked(mark: &str) -> Vec<Pid> {
    let wanted = format!("FRAZIL_TEST_MARK={mark}");
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let found = processes.filter_map(|entry| {
        let number: i32 = entry.file_name().to_str()?.parse().ok()?;
        let environment = std::fs::read(entry.path().join("environ")).ok()?;
        environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes()).then_some(())?;
        Pid::from_raw(number)
    });
    found.collect()
}

/// Two ports that were free a moment ago.
fn ports() -> (u16, u16) {
    let (one, other) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    (one.local_addr().unwrap().port(), other.local_addr().unwrap().port())
}

fn path_with(folder: &Path) -> std::ffi::OsString {
    let own = std::env::var_os("PATH").unwrap_or_default();
    let all = [PathBuf::from(folder)].into_iter().chain(std::env::split_paths(&own));
    std::env::join_paths(all).unwrap()
}

/// Gives a request on to a server, and its answer back; none, if it does not listen.
pub(crate) fn passed_on(base: &str, asked: &Asked) -> Option<Given> {
    let host = base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).ok()?;
    let mut head =
        format!("{} {} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n", asked.method, asked.target);
    for (name, value) in
        asked.headers.iter().filter(|(name, _)| !matches!(name.as_str(), "host" | "connection"))
    {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all((head + "\r\n" + &asked.body).as_bytes()).ok()?;
    let mut all = Vec::new();
    stream.read_to_end(&mut all).ok()?;
    let end = all.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8(all[..end].to_vec()).unwrap();
    let (first, headers) = head.split_once("\r\n")?;
    let status = first.split(' ').nth(1)?.parse().unwrap();
    let own = |name: &str| matches!(name.to_ascii_lowercase().as_str(), "connection" | "content-length");
    let headers = headers.lines().filter_map(|line| line.split_once(": ")).filter(|(name, _)| !own(name));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Some(Given { headers, body: all[end + 4..].to_vec(), ..Given::status(status) })
}

/// A Python with Dask Gateway's server: the one that is named, or the tests' own.
pub(crate) fn python() -> Option<PathBuf> {
    let has = ["-c", "import dask_gateway_server, dask_gateway, sqlalchemy"];
    let named = std::env::var_os("PYTHON").map(PathBuf::from);
    let own = std::fs::read_dir(tools::cache()).into_iter().flatten().flatten();
    let own = own.map(|entry| entry.path().join("bin/python"));
    let found = named.into_iter().chain(own).find(|python| tools::runs(python, &has));
    if found.is_none() {
        skips::skipped("no Python with dask-gateway-server (images/hub/requirements.txt); PYTHON names one");
    }
    found
}
