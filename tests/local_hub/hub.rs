//! A hub on this machine under test, taken down whatever happens.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::scratch::{Scratch, stderr, stdout};
use crate::skips::skipped;

/// A hub with its own folders and port.
pub(crate) struct Hub {
    pub machine: Scratch,
    pub port: u16,
    name: String,
}

/// Whether the hub's programs can be had here; says so when not.
pub(crate) fn environment_is_there() -> bool {
    let there = ["python3", "node", "npm"]
        .iter()
        .all(|name| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success()));
    if !there {
        skipped("needs Python, Node.js and npm");
    }
    there
}

/// A port of the loopback interface that is free now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

impl Hub {
    /// A hub file, not brought up.
    pub(crate) fn new(name: &str) -> Self {
        let hub = Self { machine: Scratch::new(), port: free_port(), name: name.to_owned() };
        hub.write("");
        hub
    }

    /// A hub that is up.
    pub(crate) fn start(name: &str) -> Option<Self> {
        if !environment_is_there() {
            return None;
        }
        let hub = Self::new(name);
        let up = hub.up();
        assert!(up["admin_password"].as_str().is_some_and(|password| password.len() >= 32), "{up}");
        Some(hub)
    }

    /// Writes the hub file with more lines.
    pub(crate) fn write(&self, more: &str) {
        let text = format!("name: {}\nprovider: {{ local: {{ port: {} }} }}\n{more}", self.name, self.port);
        self.machine.write("hub.yaml", text);
    }

    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Runs a verb that has to succeed and returns its data.
    pub(crate) fn json<const N: usize>(&self, arguments: [&str; N]) -> Value {
        let output = self.machine.frazil().args(arguments).args(["-o", "json"]).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}{}", stdout(&output), stderr(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    pub(crate) fn up(&self) -> Value {
        self.json(["up"])
    }

    pub(crate) fn status(&self) -> Value {
        self.json(["status"])
    }

    /// The hub's ID, once it has one.
    pub(crate) fn id(&self) -> Option<String> {
        let path = self.machine.path().join("data/frazil/hubs").join(&self.name).join("identity.json");
        let identity: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        identity["id"].as_str().map(str::to_owned)
    }

    /// Processes whose environment has a text.
    fn with_variable(text: &str) -> Vec<u32> {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter(|pid: &u32| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|entry| entry == text.as_bytes())
        })
        .collect()
    }

    /// All processes of the hub.
    pub(crate) fn pids(&self) -> Vec<u32> {
        self.id().map(|id| Self::with_variable(&format!("FRAZIL_HUB_ID={id}"))).unwrap_or_default()
    }

    /// How many processes the hub has, also when its folders are gone.
    pub(crate) fn processes(&self) -> usize {
        let folder = self.machine.path().to_string_lossy().into_owned();
        let by_folder = Self::with_variable(&format!("HOME={folder}"));
        by_folder.len()
    }

    /// Kills one part with its processes, as `kill -9` would.
    pub(crate) fn kill(&self, part: &str) {
        let of_part = Self::with_variable(&format!("FRAZIL_PART={part}"));
        for pid in self.pids().into_iter().filter(|pid| of_part.contains(pid)) {
            Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }

    /// Starts the server of the person who runs the hub, as a browser does.
    pub(crate) fn start_server(&self) {
        let address = self.json(["open"])["address"].as_str().unwrap().to_owned();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/local_hub/start_server.py");
        let output = Command::new("python3").arg(script).arg(&address).output().unwrap();
        assert!(output.status.success(), "{}{}", stdout(&output), stderr(&output));
        assert!(self.pids_of("server") > 0, "{}", stdout(&output));
    }

    /// How many processes a part has.
    fn pids_of(&self, part: &str) -> usize {
        let of_part = Self::with_variable(&format!("FRAZIL_PART={part}"));
        self.pids().into_iter().filter(|pid| of_part.contains(pid)).count()
    }

    /// Takes it down with everything, and sees that nothing runs.
    pub(crate) fn remove(&self) {
        self.json(["down", "--data", "--confirm", &self.name]);
        assert_eq!(self.processes(), 0, "something still runs");
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        if self.processes() > 0 {
            drop(self.machine.run(["down", "--data", "--confirm", &self.name]));
        }
    }
}

/// The status and the `Location` of an address.
pub(crate) fn get(address: &str) -> (u16, String) {
    let text = get_text(address);
    let status = text.split_whitespace().nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    let location =
        text.lines().find_map(|line| line.strip_prefix("Location: ").or(line.strip_prefix("location: ")));
    (status, location.unwrap_or_default().to_owned())
}

/// The whole answer of an address, header and body.
pub(crate) fn get_text(address: &str) -> String {
    let rest = address.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// All files below a folder.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| if entry.path().is_dir() { files_below(&entry.path()) } else { vec![entry.path()] })
        .collect()
}

/// Writes a program that can be run.
pub(crate) fn program(path: &Path, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, script).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A file system of a few megabytes.
pub(crate) struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one; where this account may not, says so.
    pub(crate) fn mount(below: &Path, size: &str) -> Option<Self> {
        let folder = below.join("disk");
        std::fs::create_dir(&folder).unwrap();
        let options = format!("size={size},mode=0700");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&folder).status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(folder));
        }
        skipped("a small disk needs the right to mount one");
        None
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes until nothing fits any more.
    pub(crate) fn fill(&self) {
        let mut file = std::fs::File::create(self.0.join("filling")).unwrap();
        while file.write_all(&[0; 8_192]).is_ok() {}
        while file.write_all(&[0]).is_ok() {}
    }

    pub(crate) fn empty(&self) {
        std::fs::remove_file(self.0.join("filling")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}
