//! Which hub this is: an ID that its processes carry, and its ports.

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};

use serde::{Deserialize, Serialize};

use super::folders::Folders;
use crate::error::{Error, Result};
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
    /// Whether generated passwords have been shown.
    pub passwords_shown: bool,
}

/// Reads a hub's identity; `None` when there was never such a hub here.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn read_identity(folders: &Folders) -> Result<Option<Identity>> {
    let path = folders.identity();
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(Error::failed(format!("{} cannot be read", path.display())).because(error));
        }
    };
    serde_json::from_str(&text).map(Some).map_err(|error| {
        Error::failed(format!("{} is damaged", path.display()))
            .because(error)
            .hint("`frazil down --data` removes this hub and what belongs to it")
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
    Ok(Identity { id: random_hex(8)?, port, ports, wanted: false, passwords_shown: false })
}

/// Random bytes as hexadecimal digits.
pub(super) fn random_hex(bytes: usize) -> Result<String> {
    let mut buffer = vec![0; bytes];
    getrandom::fill(&mut buffer)
        .map_err(|error| Error::failed(format!("the system gives no random bytes: {error}")))?;
    Ok(crate::render::hex(&buffer))
}

/// Four free ports of the loopback interface, none of them the given one.
pub(super) fn free_ports(except: u16) -> Result<Ports> {
    let fail = |error| Error::failed("no free port on 127.0.0.1").because(error);
    let mut held = Vec::new();
    let mut ports = BTreeSet::new();
    while ports.len() < 4 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(fail)?;
        let port = listener.local_addr().map_err(fail)?.port();
        if port != except {
            ports.insert(port);
        }
        held.push(listener);
    }
    let mut next = ports.into_iter();
    let mut take = || next.next().unwrap_or_default();
    Ok(Ports { hub: take(), proxy_api: take(), gateway: take(), gateway_api: take() })
}

/// Whether a port of the loopback interface is free.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// The error of an address that another program holds.
pub(super) fn taken_port(port: u16) -> Error {
    let other = (port..port.saturating_add(100)).find(|candidate| is_free(*candidate));
    let error = Error::failed(format!("port {port} of this machine is taken by another program"));
    let error = match other {
        Some(free) => {
            error.hint(format!("choose another in the hub file: `provider: {{ local: {{ port: {free} }} }}`"))
        }
        None => error,
    };
    error.hint(format!("or stop the program that holds it: `ss -ltnp 'sport = :{port}'` tells which (on macOS: `lsof -i :{port}`)"))
}
