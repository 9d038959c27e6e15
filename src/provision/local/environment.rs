//! The programs of a hub on this machine: a Python environment and the proxy,
//! from the package registries, pinned, shared by all hubs of the same lock.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use frazil_units::Bytes;
use rustix::process::Signal;
use sha2::{Digest, Sha256};

use super::converge::{list, unstoppable};
use super::folders::{lock_file, private_folder};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::observe::{HUB_ID, PART, Part, free_space, signal_all};
use crate::render::{hex, write_changed};
use crate::tool::{Call, MIN_NODE, MIN_PYTHON, Node, Python, Started, ToolError, find_node, find_python};
use crate::view::Progress;

const REQUIREMENTS: &str = include_str!("../../../images/hub/requirements.txt");
const PACKAGE: &str = include_str!("../../../images/hub/package.json");
/// JupyterLab's settings for everyone: it asks nobody about news and looks for no newer version.
const LAB_SETTINGS: &str = include_str!("../../../images/hub/overrides.json");
/// What JupyterLab's Dask panel starts.
const DASK_SETTINGS: &str = include_str!("../../../images/hub/dask.yaml");
const PACKAGE_LOCK: &str = include_str!("../../../images/hub/package-lock.json");

/// Space that the environment takes, measured, and a little more.
pub const NEEDED_SPACE: Bytes = Bytes::mib(2600);
/// How long a killed installation may take to end.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often running installations are looked at.
const LOOK: Duration = Duration::from_millis(50);

/// The folder of the environment for this Python and these locks.
///
/// # Errors
/// When the environment does not say where files may go.
pub fn environment_folder(context: &Context, python: &Python) -> Result<PathBuf> {
    let mut hash = Sha256::new();
    for part in [REQUIREMENTS, PACKAGE, PACKAGE_LOCK, LAB_SETTINGS, DASK_SETTINGS, python.version.as_str()] {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hash.update(python.path.as_os_str().as_encoded_bytes());
    Ok(context.directories()?.cache.join("environments").join(&hex(&hash.finalize())[..12]))
}

/// The programs of an environment.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Its folder.
    pub folder: PathBuf,
    /// The Node.js that runs the proxy.
    pub node: PathBuf,
}

impl Environment {
    /// The folder of the Python programs.
    pub fn bin(&self) -> PathBuf {
        self.folder.join("python/bin")
    }

    /// The proxy's program text.
    pub fn proxy(&self) -> PathBuf {
        self.folder.join("node/node_modules/configurable-http-proxy/bin/configurable-http-proxy")
    }
}

/// Makes sure that the environment is there and complete.
///
/// # Errors
/// When Python, Node.js, the network or space is missing; the error says what to do.
pub fn ensure_environment(context: &Context, progress: &mut Progress) -> Result<Environment> {
    let python = usable_python(context)?;
    let node = usable_node(context)?;
    let folder = environment_folder(context, &python)?;
    let environment = Environment { folder: folder.clone(), node: node.path.clone() };
    if folder.join("complete").exists() {
        return Ok(environment);
    }
    let _lock = lock_file(&folder.with_extension("lock"), progress)?;
    if !folder.join("complete").exists() {
        build(&folder, &python, &node, progress)?;
    }
    Ok(environment)
}

fn usable_python(context: &Context) -> Result<Python> {
    let (major, minor) = MIN_PYTHON;
    let python = find_python(context).ok_or_else(|| {
        Error::failed(format!("Python {major}.{minor} or newer is not installed")).hint(python_hint())
    })?;
    if !python.new_enough {
        return Err(Error::failed(format!(
            "Python {} is too old: {major}.{minor} or newer is needed",
            python.version
        ))
        .hint(python_hint()));
    }
    if !python.has_venv {
        return Err(Error::failed(format!("{} cannot make virtual environments", python.path.display()))
            .hint("on Debian and Ubuntu: `apt install python3-venv`"));
    }
    Ok(python)
}

/// How to get Python.
pub fn python_hint() -> &'static str {
    "on Debian and Ubuntu: `apt install python3 python3-venv`; on macOS: `brew install python`; or with conda: `conda create -n hub python`"
}

fn usable_node(context: &Context) -> Result<Node> {
    let node = find_node(context).ok_or_else(|| {
        Error::failed(format!("Node.js {MIN_NODE} or newer is not installed")).hint(node_hint())
    })?;
    if !node.new_enough {
        return Err(Error::failed(format!(
            "Node.js {} is too old: {MIN_NODE} or newer is needed",
            node.version
        ))
        .hint(node_hint()));
    }
    if node.npm.is_none() {
        return Err(Error::failed("npm is not installed").hint(node_hint()));
    }
    Ok(node)
}

/// How to get Node.js.
pub fn node_hint() -> &'static str {
    "on Debian and Ubuntu: `apt install nodejs npm`; on macOS: `brew install node`; or with conda: `conda install nodejs`"
}

/// Fills the folder from nothing; what an interrupted call left is removed first.
fn build(folder: &Path, python: &Python, node: &Node, progress: &mut Progress) -> Result<()> {
    let mark = folder.file_name().map(|name| format!("build-{}", name.to_string_lossy())).unwrap_or_default();
    end_earlier(&mark)?;
    remove_folder(folder)?;
    check_space(folder)?;
    private_folder(folder)?;
    progress.step("make a Python environment");
    let venv = Call::new(&python.path).arguments(["-m", "venv"]).arguments([folder.join("python")]);
    marked_call(venv, &mark).log(folder.join("venv.log")).run().map_err(|error| explain(error, folder))?;
    progress.step("download and install JupyterHub, JupyterLab, Dask and the proxy");
    install(folder, &mark, node).inspect_err(|_| progress.abandon())?;
    progress.finish();
    let settings = folder.join("python/share/jupyter/lab/settings/overrides.json");
    write_changed(&settings, LAB_SETTINGS.as_bytes(), false)?;
    write_changed(&folder.join("python/etc/dask/frazil.yaml"), DASK_SETTINGS.as_bytes(), false)?;
    write_changed(&folder.join("complete"), b"", false)?;
    Ok(())
}

/// Variables with which people steer pip and Node.js for their own work, not for ours.
const NOT_FOR_US: [&str; 9] = [
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_USER",
    "PIP_REQUIRE_VIRTUALENV",
    "PIP_CONSTRAINT",
    "PIP_REQUIREMENT",
    "NODE_OPTIONS",
    "NODE_PATH",
];

fn marked_call(call: Call, mark: &str) -> Call {
    let call = NOT_FOR_US.iter().fold(call, |call, name| call.without(name));
    call.without_python_variables().variable(HUB_ID, mark).variable(PART, Part::Build.name())
}

/// Ends installations that an interrupted call left running.
fn end_earlier(mark: &str) -> Result<()> {
    let begin = Instant::now();
    loop {
        let earlier = list(mark)?;
        if earlier.is_empty() {
            return Ok(());
        }
        if begin.elapsed() > PATIENCE {
            return Err(unstoppable(&earlier));
        }
        signal_all(&earlier, Signal::KILL);
        thread::sleep(LOOK);
    }
}

fn remove_folder(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::failed(format!("an incomplete environment cannot be removed: {}", folder.display()))
                .because(error))
        }
        _ => Ok(()),
    }
}

fn check_space(folder: &Path) -> Result<()> {
    match free_space(folder) {
        Some(free) if free < NEEDED_SPACE => Err(Error::failed(format!(
            "the disk is too full: {} has {free} left and the environment needs {NEEDED_SPACE}",
            folder.display()
        ))
        .hint("free some space, or set XDG_CACHE_HOME to a folder on another disk")),
        _ => Ok(()),
    }
}

/// Installs the Python packages and the proxy side by side.
fn install(folder: &Path, mark: &str, node: &Node) -> Result<()> {
    write_changed(&folder.join("requirements.txt"), REQUIREMENTS.as_bytes(), false)?;
    write_changed(&folder.join("node/package.json"), PACKAGE.as_bytes(), false)?;
    write_changed(&folder.join("node/package-lock.json"), PACKAGE_LOCK.as_bytes(), false)?;
    let pip = Call::new(folder.join("python/bin/python"))
        .arguments(["-m", "pip", "install", "--require-hashes", "--only-binary", ":all:"])
        .arguments([
            "--disable-pip-version-check",
            "--no-input",
            "--progress-bar",
            "off",
            "-r",
            "requirements.txt",
        ])
        .folder(folder)
        .log(folder.join("pip.log"));
    let npm = Call::new(node.npm.clone().unwrap_or_default())
        .arguments(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev"])
        .folder(folder.join("node"))
        .log(folder.join("npm.log"));
    let mut running = Vec::new();
    for call in [pip, npm] {
        running.push(marked_call(call, mark).start()?);
    }
    let outcome = wait_all(running);
    if outcome.is_err() {
        end_earlier(mark)?;
    }
    outcome.map_err(|error| explain(error, folder))
}

/// Waits for all programs; the first that fails ends the wait.
fn wait_all(mut running: Vec<Started>) -> std::result::Result<(), ToolError> {
    while !running.is_empty() {
        let mut next = Vec::new();
        for mut program in running {
            match program.ended() {
                None => next.push(program),
                Some(outcome) => outcome?,
            }
        }
        running = next;
        thread::sleep(LOOK);
    }
    Ok(())
}

/// Says what a failed installation most likely means.
fn explain(error: ToolError, folder: &Path) -> Error {
    let text = match &error {
        ToolError::Failed { lines, .. } => lines.join("\n"),
        _ => String::new(),
    };
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let logs = format!("the whole logs are in {}", folder.display());
    let named = |message: &str| {
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        Error::failed(message).output(lines)
    };
    if has(&["No space left on device", "ENOSPC", "Errno 28"]) {
        return named("the disk became full while the environment was filled")
            .hint("free some space and call it again, or set XDG_CACHE_HOME to a folder on another disk");
    }
    let offline = [
        "NewConnectionError",
        "Temporary failure in name resolution",
        "Name or service not known",
        "Connection refused",
        "ENOTFOUND",
        "ECONNREFUSED",
        "EAI_AGAIN",
        "Network is unreachable",
        "No matching distribution found",
        "Could not find a version",
    ];
    if has(&offline) {
        return named("the package registries cannot be reached")
            .hint("connect this machine to the network, or set the proxy or mirror in pip's and npm's own configuration; then call it again")
            .hint(logs);
    }
    if has(&["THESE PACKAGES DO NOT MATCH THE HASHES", "EINTEGRITY"]) {
        return named("a package is not what the lock says")
            .hint("the mirror in use serves changed packages: use another one")
            .hint(logs);
    }
    Error::from(error).hint(logs)
}
