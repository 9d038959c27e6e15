//! `up` on this machine: what runs and is right stays, the rest is started.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::environment::ensure_environment;
use super::folders::Folders;
use super::health::{Health, client, probe, resync_routes};
use super::identity::{Identity, free_ports, is_free, new_identity, read_identity, write_identity};
use super::parts::{Program, Sources};
use super::secrets::{self, Resolved};
use crate::config::{HubDocument, Provider};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::observe::{Limits, Part, Process, machine, marked, prepare_limits, signal_all};
use crate::render::local::{self as render, Placement};
use crate::tool::Started;
use crate::view::Progress;

/// How long the parts may take to answer.
const START_PATIENCE: Duration = Duration::from_secs(60);
/// How long a part may take to stop by itself.
const STOP_PATIENCE: Duration = Duration::from_secs(10);
/// How often parts are looked at while one waits.
const LOOK: Duration = Duration::from_millis(50);

/// What `up` did.
#[derive(Debug)]
pub struct Up {
    /// The hub's address.
    pub address: String,
    /// Parts that were started, in order.
    pub started: Vec<Part>,
    /// Parts that ran and stayed.
    pub kept: Vec<Part>,
    /// How sizes are limited.
    pub limits: Limits,
    /// The passwords that were generated and not shown before.
    pub login: Login,
    /// The admins.
    pub admins: Vec<String>,
}

/// Passwords to show once.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// The admins' password.
    pub admin_password: Option<String>,
    /// Everyone else's password.
    pub user_password: Option<String>,
}

/// Brings a hub up on this machine, or changes it to what its file says.
///
/// # Errors
/// What stopped it; the next call goes on from there.
pub async fn bring_up(context: &Context, document: &HubDocument, progress: &mut Progress) -> Result<Up> {
    let folders = Folders::new(&context.directories, document.hub.name.as_str());
    let _lock = folders.lock()?;
    let environment = ensure_environment(context, progress)?;
    folders.create()?;
    let port = public_port(document);
    let mut identity = match read_identity(&folders)? {
        Some(identity) => identity,
        None => new_identity(port)?,
    };
    identity.wanted = true;
    identity.port = port;
    write_identity(&folders, &identity)?;
    let resolved = secrets::ensure(context, &folders, document)?;
    let running = list(&identity.id)?;
    choose_ports(&mut identity, &running)?;
    write_identity(&folders, &identity)?;
    let limits = prepare_limits(&identity.id);
    let plan = Plan { context, document, folders: &folders, identity: &identity, resolved: &resolved, limits: &limits };
    let (hub, gateway) = plan.configuration()?;
    let sources = Sources {
        context,
        folders: &folders,
        environment: &environment,
        identity: &identity,
        secrets: &resolved.secrets,
        hub: &hub,
        gateway: gateway.as_ref(),
    };
    let (started, kept) = converge(&sources, &running, progress).await?;
    let up = Up {
        address: format!("http://127.0.0.1:{port}"),
        started,
        kept,
        admins: render::admins(&document.hub, &context.person()),
        login: login(&resolved, &identity, document),
        limits,
    };
    Ok(up)
}

/// Remembers that the generated passwords have been shown.
///
/// # Errors
/// When it cannot be written down.
pub fn remember_shown(context: &Context, document: &HubDocument) -> Result<()> {
    let folders = Folders::new(&context.directories, document.hub.name.as_str());
    match read_identity(&folders)? {
        Some(identity) => write_identity(&folders, &Identity { passwords_shown: true, ..identity }),
        None => Ok(()),
    }
}

fn public_port(document: &HubDocument) -> u16 {
    match &document.hub.provider {
        Provider::Local(local) => local.port,
        _ => crate::config::Local::default().port,
    }
}

fn login(resolved: &Resolved, identity: &Identity, document: &HubDocument) -> Login {
    let by_password = !matches!(document.hub.auth, Some(crate::config::Auth::Pam(_)));
    if identity.passwords_shown || !by_password {
        return Login::default();
    }
    let secrets = &resolved.secrets;
    Login {
        admin_password: resolved.generated_admin.then(|| secrets.admin_password.clone()),
        user_password: secrets.user_password.clone().filter(|_| resolved.generated_user),
    }
}

/// What a hub's configuration is made from.
struct Plan<'a> {
    context: &'a Context,
    document: &'a HubDocument,
    folders: &'a Folders,
    identity: &'a Identity,
    resolved: &'a Resolved,
    limits: &'a Limits,
}

impl Plan<'_> {
    /// Renders and writes the configuration.
    fn configuration(&self) -> Result<(crate::render::Tree, Option<crate::render::Tree>)> {
        let machine = machine().map_err(|error| Error::failed("this machine does not tell its memory").because(error))?;
        let person = self.context.person();
        let tokens = self.folders.tokens();
        let place = Placement {
            id: &self.identity.id,
            ports: self.identity.ports,
            data: &self.folders.data,
            tokens: &tokens,
            limits: self.limits,
            machine,
            person: &person,
            root: self.context.is_root(),
        };
        let hub = render::hub(&self.document.hub, self.identity.port, &place);
        let gateway = self.document.hub.gateway.enabled.then(|| render::gateway(&self.document.hub, &place));
        hub.write(&self.folders.hub_config())?;
        if let Some(gateway) = &gateway {
            gateway.write(&self.folders.gateway_config())?;
        }
        debug_assert!(!self.resolved.secrets.proxy_token.is_empty());
        Ok((hub, gateway))
    }
}

/// The processes of a hub.
pub fn list(id: &str) -> Result<Vec<Process>> {
    marked(id, None).map_err(|error| Error::failed("the processes of this machine cannot be listed").because(error))
}

/// Keeps the ports of parts that run; gives parts that do not run ports that are free.
fn choose_ports(identity: &mut Identity, running: &[Process]) -> Result<()> {
    let runs = |part: Part| running.iter().any(|process| process.part == part);
    if !runs(Part::Proxy) && !is_free(identity.port) {
        return Err(taken_port(identity.port));
    }
    let fresh = free_ports(identity.port)?;
    let keep = |part: Part, port: u16, new: u16| if runs(part) || is_free(port) { port } else { new };
    let ports = identity.ports;
    identity.ports = crate::render::local::Ports {
        hub: keep(Part::Hub, ports.hub, fresh.hub),
        proxy_api: keep(Part::Proxy, ports.proxy_api, fresh.proxy_api),
        gateway: keep(Part::Gateway, ports.gateway, fresh.gateway),
        gateway_api: keep(Part::Gateway, ports.gateway_api, fresh.gateway_api),
    };
    Ok(())
}

fn taken_port(port: u16) -> Error {
    let other = (port..port.saturating_add(100)).find(|candidate| is_free(*candidate));
    let error = Error::failed(format!("port {port} of this machine is taken by another program"));
    let error = match other {
        Some(free) => error.hint(format!("choose another in the hub file: `provider: {{ local: {{ port: {free} }} }}`")),
        None => error,
    };
    error.hint(format!("or stop the program that holds it: `ss -ltnp 'sport = :{port}'` tells which (on macOS: `lsof -i :{port}`)"))
}

/// Starts what does not run or runs from something else; returns what was started and what was kept.
async fn converge(sources: &Sources<'_>, running: &[Process], progress: &mut Progress) -> Result<(Vec<Part>, Vec<Part>)> {
    let programs = sources.programs();
    let right = |program: &&Program| {
        let roots: Vec<_> = running.iter().filter(|process| process.part == program.part && process.is_root(running)).collect();
        roots.len() == 1 && roots[0].digest == program.digest
    };
    let (kept, wrong): (Vec<_>, Vec<_>) = programs.iter().partition(|program| right(program));
    let http = client()?;
    let kept = keep_if_well(&http, sources.identity, kept).await;
    let to_start: Vec<_> = programs.iter().filter(|program| !kept.contains(&program.part)).collect();
    let _ = wrong;
    let superseded = running.iter().filter(|process| !kept.contains(&process.part) && is_own_part(process.part));
    stop(superseded.cloned().collect(), &sources.identity.id)?;
    if to_start.is_empty() {
        return Ok((Vec::new(), kept));
    }
    progress.step(&format!("start {}", names(&to_start)));
    let mut started = Vec::new();
    for program in &to_start {
        started.push((program.part, program.call.detach()?));
    }
    let ready = wait_ready(&http, sources, &mut started).await;
    if ready.is_err() {
        progress.abandon();
    }
    ready?;
    let parts: Vec<_> = started.iter().map(|(part, _)| *part).collect();
    progress.finish();
    Ok((parts, kept))
}

fn is_own_part(part: Part) -> bool {
    matches!(part, Part::Proxy | Part::Hub | Part::Gateway)
}

fn names(programs: &[&Program]) -> String {
    programs.iter().map(|program| program.part.name()).collect::<Vec<_>>().join(", ")
}

/// Of the parts that run from the right things, those that answer.
async fn keep_if_well(http: &reqwest::Client, identity: &Identity, kept: Vec<&Program>) -> Vec<Part> {
    if kept.is_empty() {
        return Vec::new();
    }
    let health = probe(http, identity).await;
    kept.iter().map(|program| program.part).filter(|part| answers(*part, &health)).collect()
}

fn answers(part: Part, health: &Health) -> bool {
    match part {
        Part::Proxy => health.proxy,
        Part::Hub => health.hub,
        Part::Gateway => health.gateway,
        _ => false,
    }
}

/// Stops processes: asks, waits, then insists.
pub fn stop(processes: Vec<Process>, id: &str) -> Result<()> {
    if processes.is_empty() {
        return Ok(());
    }
    let pids: Vec<_> = processes.iter().map(|process| process.pid).collect();
    let left = || -> Result<Vec<Process>> { Ok(list(id)?.into_iter().filter(|process| pids.contains(&process.pid)).collect()) };
    signal_all(&processes, Signal::TERM);
    let asked = Instant::now();
    loop {
        let left = left()?;
        if left.is_empty() {
            return Ok(());
        }
        if asked.elapsed() > STOP_PATIENCE {
            signal_all(&left, Signal::KILL);
        }
        thread::sleep(LOOK);
    }
}

/// Waits until all parts answer, and tells the proxy about servers that still run.
async fn wait_ready(http: &reqwest::Client, sources: &Sources<'_>, started: &mut [(Part, Started)]) -> Result<()> {
    let begin = Instant::now();
    let gateway_wanted = sources.gateway.is_some();
    let mut synced = false;
    loop {
        for (part, program) in started.iter_mut() {
            if let Some(outcome) = program.ended() {
                return Err(ended_early(*part, outcome, program, sources));
            }
        }
        let health = probe(http, sources.identity).await;
        if health.proxy && health.hub && !synced {
            resync_routes(http, sources.identity, sources.secrets).await?;
            synced = true;
        }
        let gateway_ready = !gateway_wanted || (health.gateway && health.gateway_address);
        if synced && health.address && gateway_ready {
            return Ok(());
        }
        if begin.elapsed() > START_PATIENCE {
            return Err(too_slow(&health, gateway_wanted, sources));
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn ended_early(part: Part, outcome: std::result::Result<(), crate::tool::ToolError>, program: &Started, sources: &Sources<'_>) -> Error {
    let log = sources.folders.logs().join(format!("{}.log", part.name()));
    let text = program.written();
    if text.contains("EADDRINUSE") || text.contains("Address already in use") {
        return taken_port(sources.identity.port).hint(format!("the log is {}", log.display()));
    }
    let error = match outcome {
        Err(error) => Error::from(error),
        Ok(()) => Error::failed("it ended without an error"),
    };
    let lines = crate::tool::last_lines(&text);
    let full = text.contains("No space left on device") || text.contains("database or disk is full");
    let hint = if full { "the disk is full: free some space and call `frazil up` again" } else { "call `frazil up` again once the cause is mended" };
    Error::failed(format!("the {} ended while it was started", part.name()))
        .because(error)
        .output(lines)
        .hint(hint)
        .hint(format!("the whole log is {}", log.display()))
}

fn too_slow(health: &Health, gateway_wanted: bool, sources: &Sources<'_>) -> Error {
    let silent = [
        ("proxy", !health.proxy),
        ("hub", !health.hub),
        ("gateway", gateway_wanted && !health.gateway),
        ("hub through the proxy", !health.address),
        ("gateway through the proxy", gateway_wanted && !health.gateway_address),
    ];
    let silent: Vec<_> = silent.iter().filter(|(_, silent)| *silent).map(|(name, _)| *name).collect();
    Error::failed(format!("no answer after {} s from: {}", START_PATIENCE.as_secs(), silent.join(", ")))
        .hint(format!("look at the logs in {}, then call `frazil up` again", sources.folders.logs().display()))
}
