//! Which hub this is: an ID that its processes carry, and its ports.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::folders::Folders;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::observe::marked;
use crate::render::local::Ports;
use crate::render::write_changed;

/// What stays the same from one `up` to the next.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Identity {
    /// The hub's ID: 16 hexadecimal digits.
    pub id: String,
    /// The port of its address, as it was last brought up.
    pub port: u16,
    /// The ports behind it.
    pub ports: Ports,
    /// Whether the last call was `up`, so that what does not run has died.
    pub wanted: bool,
    /// The hub file that it was last brought up from.
    #[serde(default)]
    pub file: PathBuf,
    /// Fingerprints of generated passwords that have been shown.
    #[serde(default)]
    pub shown: Vec<String>,
    /// The control group in which the hub's limits were first made.
    #[serde(default)]
    pub limits: Option<PathBuf>,
}

/// Reads a hub's identity; `None` when there was never such a hub here. One
/// that is damaged or lost is made out from the hub's configuration.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn read_identity(folders: &Folders) -> Result<Option<Identity>> {
    let path = folders.identity();
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            return Err(Error::failed(format!("{} cannot be read", path.display())).because(error));
        }
    };
    Ok(serde_json::from_str(&text).ok().or_else(|| from_configuration(folders)))
}

/// The identity as the hub's configuration has it.
fn from_configuration(folders: &Folders) -> Option<Identity> {
    let hub: Value = serde_json::from_slice(&fs::read(folders.hub_config().join("hub.json")).ok()?).ok()?;
    let port = |key: &str| hub[key].as_u64().and_then(|port| u16::try_from(port).ok());
    let fresh = free_ports(port("port")?).ok()?;
    Some(Identity {
        id: hub["id"].as_str()?.to_owned(),
        port: port("port")?,
        ports: Ports {
            hub: port("hub_port").unwrap_or(fresh.hub),
            proxy_api: port("proxy_api_port").unwrap_or(fresh.proxy_api),
            gateway: port("gateway_port").unwrap_or(fresh.gateway),
            gateway_api: fresh.gateway_api,
            report: port("report_port").unwrap_or(fresh.report),
        },
        wanted: true,
        file: PathBuf::new(),
        shown: Vec::new(),
        limits: None,
    })
}

/// Writes a hub's identity.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn write_identity(folders: &Folders, identity: &Identity) -> Result<()> {
    let text = serde_json::to_string_pretty(identity)
        .map_err(|error| Error::failed("the identity cannot be written").because(error))?;
    write_changed(&folders.identity(), text.as_bytes(), true)?;
    Ok(())
}

/// A new identity with ports that are free now.
///
/// # Errors
/// When the system gives no random bytes or no ports.
pub(super) fn new_identity(port: u16) -> Result<Identity> {
    let ports = free_ports(port)?;
    Ok(Identity {
        id: random_hex(8)?,
        port,
        ports,
        wanted: false,
        file: PathBuf::new(),
        shown: Vec::new(),
        limits: None,
    })
}

/// Random bytes as hexadecimal digits.
pub(in crate::provision) fn random_hex(bytes: usize) -> Result<String> {
    let mut buffer = vec![0; bytes];
    getrandom::fill(&mut buffer)
        .map_err(|error| Error::failed(format!("the system gives no random bytes: {error}")))?;
    Ok(crate::render::hex(&buffer))
}

/// Five free ports of the loopback interface, none of them the given one.
pub(super) fn free_ports(except: u16) -> Result<Ports> {
    let fail = |error| Error::failed("no free port on 127.0.0.1").because(error);
    let mut held = Vec::new();
    let mut ports = BTreeSet::new();
    while ports.len() < 5 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(fail)?;
        let port = listener.local_addr().map_err(fail)?.port();
        if port != except {
            ports.insert(port);
        }
        held.push(listener);
    }
    let mut next = ports.into_iter();
    let mut take = || next.next().unwrap_or_default();
    Ok(Ports { hub: take(), proxy_api: take(), gateway: take(), gateway_api: take(), report: take() })
}

/// Whether a port of the loopback interface is free.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Makes sure that a port can be taken by this account.
///
/// # Errors
/// Why it cannot, and what to write instead.
pub(super) fn check_port(context: &Context, port: u16) -> Result<()> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(Error::failed(format!("this account may not listen on port {port}"))
                .because(error)
                .hint("choose one from 1024 on: `provider: { local: { port: 8000 } }`"))
        }
        Err(_) => Err(match holder(context, port) {
            Some(name) => taken_port(port)
                .hint(format!("the hub `{name}` holds it: `frazil down --name {name}` stops that one")),
            None => taken_port(port),
        }),
    }
}

/// The name of another hub of this account that runs on a port.
fn holder(context: &Context, port: u16) -> Option<String> {
    let hubs = context.directories().ok()?.data.join("hubs");
    let names =
        fs::read_dir(hubs).ok()?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.into_iter().find(|name| {
        let identity = Folders::new(context, name).and_then(|folders| read_identity(&folders)).ok().flatten();
        identity.is_some_and(|identity| {
            identity.port == port && marked(&identity.id, None).is_ok_and(|running| !running.is_empty())
        })
    })
}

/// The error of an address that another program holds.
pub(super) fn taken_port(port: u16) -> Error {
    let other =
        (port.max(1023)..=port.max(1023).saturating_add(100)).skip(1).find(|candidate| is_free(*candidate));
    let error = Error::failed(format!("port {port} of this machine is taken by another program"));
    let error = match other {
        Some(free) => {
            error.hint(format!("choose another in the hub file: `provider: {{ local: {{ port: {free} }} }}`"))
        }
        None => error,
    };
    error.hint(format!("or stop the program that holds it: `ss -ltnp 'sport = :{port}'` tells which (on macOS: `lsof -i :{port}`)"))
}
