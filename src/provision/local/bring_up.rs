//! `up` on this machine: what runs and is right stays, the rest is started.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::converge::{converge, list, stop};
use super::environment::{Environment, ensure_environment};
use super::folders::{Folders, closed_to_others, open_to_others};
use super::identity::{
    Identity, check_port, free_ports, is_free, new_identity, read_identity, write_identity,
};
use super::parts::Sources;
use super::secrets::{self, Resolved, fingerprint};
use crate::config::{Auth, BillsFrom, HubDocument, Local, Provider};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::observe::{Limits, Part, Process, machine, prepare_limits};
use crate::render::Tree;
use crate::render::local::{self as render, Placement, Ports};
use crate::render::ops::bills_options;
use crate::tool::find_python;
use crate::view::Progress;

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
    let folders = Folders::new(context, document.hub.name.as_str())?;
    let _lock = folders.lock(progress)?;
    let own_accounts = own_accounts(context, document);
    if own_accounts {
        check_reach(context)?;
    }
    let environment = ensure_environment(context, progress)?;
    folders.create()?;
    if own_accounts {
        let_accounts_in(&folders, &environment)?;
    }
    let mut identity = ensure_identity(context, document, &folders)?;
    let resolved = secrets::ensure(context, &folders, document)?;
    if resolved.fresh {
        forget_dask_clusters(&folders, &identity)?;
    }
    let limits = prepare_limits(&identity.id, identity.limits.as_deref());
    identity.limits.clone_from(&limits.memory);
    write_identity(&folders, &identity)?;
    let plan = Plan { context, document, folders: &folders, identity: &identity, limits: &limits };
    let (hub, gateway) = plan.configuration()?;
    let bills = bills(document);
    let sources = Sources {
        context,
        folders: &folders,
        environment: &environment,
        identity: &identity,
        secrets: &resolved.secrets,
        hub: &hub,
        gateway: gateway.as_ref(),
        report: document.hub.support.report,
        bills: &bills,
    };
    let (started, kept) = converge(&sources, &list(&identity.id)?, progress).await?;
    Ok(Up {
        address: format!("http://127.0.0.1:{}", identity.port),
        started,
        kept,
        admins: render::admins(&document.hub, &context.person()),
        login: login(&resolved, &identity, document),
        limits,
    })
}

/// Where the page reads bills; a folder is that beside the hub file, wherever the page's program runs.
fn bills(document: &HubDocument) -> Vec<OsString> {
    let Some(from) = &document.hub.billing.from else { return Vec::new() };
    let [option, place] = bills_options(from);
    let place = match from {
        BillsFrom::Folder(folder) => {
            let path = document.folder().join(folder);
            std::path::absolute(&path).unwrap_or(path).into_os_string()
        }
        BillsFrom::Bucket(_) | BillsFrom::Bigquery(_) => place.into(),
    };
    vec![option.into(), place]
}

/// Dask clusters whose keys can no longer be read end, so that the gateway can begin anew.
fn forget_dask_clusters(folders: &Folders, identity: &Identity) -> Result<()> {
    let database = folders.data.join("gateway.sqlite");
    if !database.exists() {
        return Ok(());
    }
    let of_dask = |part| matches!(part, Part::Gateway | Part::DaskScheduler | Part::DaskWorker);
    let processes: Vec<_> = list(&identity.id)?.into_iter().filter(|process| of_dask(process.part)).collect();
    stop(&processes, &identity.id)?;
    fs::remove_file(&database)
        .map_err(|error| Error::failed(format!("{} cannot be removed", database.display())).because(error))
}

/// Whether servers run under the accounts of their people.
fn own_accounts(context: &Context, document: &HubDocument) -> bool {
    context.is_root() && matches!(document.hub.auth, Some(Auth::Pam(_)))
}

/// Before anything is made: whether programs and data will lie where all accounts can reach them.
fn check_reach(context: &Context) -> Result<()> {
    let python = find_python(context).map(|python| python.path);
    let directories = context.directories()?;
    let roots = [&directories.cache, &directories.data];
    let outside = roots.into_iter().filter_map(|folder| folder.parent().map(Path::to_owned));
    let closed = outside.chain(python).find_map(|path| closed_to_others(&path));
    closed.map_or(Ok(()), |closed| Err(out_of_reach(&closed)))
}

fn out_of_reach(closed: &Path) -> Error {
    Error::failed(format!(
        "people's servers run under their own accounts, and those cannot enter {}",
        closed.display()
    ))
    .hint("keep the hub where all accounts can reach it: `XDG_CACHE_HOME=/var/cache XDG_DATA_HOME=/var/lib XDG_STATE_HOME=/var/lib/state frazil up`")
    .hint("use a Python of the system, such as /usr/bin/python3, not one in a home directory")
}

/// Lets all accounts pass through our own folders to programs and data.
fn let_accounts_in(folders: &Folders, environment: &Environment) -> Result<()> {
    for folder in [&environment.folder, &folders.data] {
        for own in folder
            .ancestors()
            .take_while(|path| path.ends_with("frazil") || path.parent().is_some_and(is_ours))
        {
            open_to_others(own)?;
        }
    }
    let needed = [environment.bin().join("python"), folders.data.clone()];
    let closed = needed.iter().find_map(|path| closed_to_others(path));
    closed.map_or(Ok(()), |closed| Err(out_of_reach(&closed)))
}

/// Whether a path lies in a folder of this program's own.
fn is_ours(path: &Path) -> bool {
    path.ancestors().any(|folder| folder.ends_with("frazil"))
}

/// The hub's identity with ports that its parts hold or can take.
fn ensure_identity(context: &Context, document: &HubDocument, folders: &Folders) -> Result<Identity> {
    let port = public_port(document);
    let known = read_identity(folders)?;
    let old_port = known.as_ref().map(|identity| identity.port);
    let mut identity = known.map_or_else(|| new_identity(port), Ok)?;
    let file = document.path.canonicalize().unwrap_or_else(|_| document.path.clone());
    refuse_other_file(&identity, &file, document.hub.name.as_str())?;
    let running = list(&identity.id)?;
    let ours = old_port == Some(port) && runs(&running, Part::Proxy);
    if !ours {
        check_port(context, port)?;
    }
    identity.port = port;
    identity.wanted = true;
    identity.file = file;
    choose_ports(&mut identity, &running)?;
    write_identity(folders, &identity)?;
    Ok(identity)
}

/// Two files of one hub name would take people's files from each other.
fn refuse_other_file(identity: &Identity, file: &Path, name: &str) -> Result<()> {
    let other = &identity.file;
    if other.as_os_str().is_empty() || other == file || !other.exists() {
        return Ok(());
    }
    Err(Error::failed(format!(
        "the hub `{name}` on this machine belongs to another file: {}",
        other.display()
    ))
    .hint("give one of the two another `name:`")
    .hint(format!("or take that hub down with everything: frazil down --data --name {name}")))
}

fn runs(running: &[Process], part: Part) -> bool {
    running.iter().any(|process| process.part == part)
}

/// Remembers that generated passwords have been shown.
///
/// # Errors
/// When it cannot be written down.
pub fn remember_shown(context: &Context, document: &HubDocument, login: &Login) -> Result<()> {
    let folders = Folders::new(context, document.hub.name.as_str())?;
    let Some(mut identity) = read_identity(&folders)? else { return Ok(()) };
    let shown = [&login.admin_password, &login.user_password].into_iter().flatten();
    identity.shown.extend(shown.map(|password| fingerprint(&identity.id, &[password])));
    write_identity(&folders, &identity)
}

fn public_port(document: &HubDocument) -> u16 {
    match &document.hub.provider {
        Provider::Local(local) => local.port,
        _ => Local::default().port,
    }
}

fn login(resolved: &Resolved, identity: &Identity, document: &HubDocument) -> Login {
    if matches!(document.hub.auth, Some(Auth::Pam(_))) {
        return Login::default();
    }
    let is_new = |password: &String| !identity.shown.contains(&fingerprint(&identity.id, &[password]));
    let secrets = &resolved.secrets;
    let admin = Some(secrets.admin_password.clone()).filter(|_| resolved.generated_admin);
    let user = secrets.user_password.clone().filter(|_| resolved.generated_user);
    Login { admin_password: admin.filter(is_new), user_password: user.filter(is_new) }
}

/// What a hub's configuration is made from.
struct Plan<'a> {
    context: &'a Context,
    document: &'a HubDocument,
    folders: &'a Folders,
    identity: &'a Identity,
    limits: &'a Limits,
}

impl Plan<'_> {
    /// Renders and writes the configuration.
    fn configuration(&self) -> Result<(Tree, Option<Tree>)> {
        let machine = machine()
            .map_err(|error| Error::failed("this machine does not tell its memory").because(error))?;
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
        if self.document.hub.support.report {
            let report = render::report(&self.document.hub)
                .map_err(|error| Error::bug("the hub file cannot be written as JSON").because(error))?;
            report.write(&self.folders.report_config())?;
        }
        Ok((hub, gateway))
    }
}

/// Keeps the ports of parts that run; gives parts that do not run ports that are free.
fn choose_ports(identity: &mut Identity, running: &[Process]) -> Result<()> {
    let fresh = free_ports(identity.port)?;
    let keep = |part: Part, port: u16, new: u16| {
        if port != 0 && port != identity.port && (runs(running, part) || is_free(port)) { port } else { new }
    };
    let ports = identity.ports;
    identity.ports = Ports {
        hub: keep(Part::Hub, ports.hub, fresh.hub),
        proxy_api: keep(Part::Proxy, ports.proxy_api, fresh.proxy_api),
        gateway: keep(Part::Gateway, ports.gateway, fresh.gateway),
        gateway_api: keep(Part::Gateway, ports.gateway_api, fresh.gateway_api),
        report: keep(Part::Report, ports.report, fresh.report),
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::check_bytes;

    #[test]
    fn the_page_is_told_where_bills_are_beside_the_hub_file() {
        let told = |from: &str| {
            let text = format!("name: lab\nprovider: local\n{from}\n");
            let day = jiff::civil::date(2026, 11, 2);
            let checked = check_bytes(text.into_bytes(), Path::new("/hubs/lab/hub.yaml"), day);
            bills(&checked.document.unwrap())
        };
        assert!(told("").is_empty());
        assert_eq!(told("billing: { from: { folder: bills } }"), ["--bills", "/hubs/lab/bills"]);
        assert_eq!(told("billing: { from: { bucket: gs://our-bills/a } }"), ["--bills", "gs://our-bills/a"]);
        assert_eq!(told("billing: { from: { bigquery: ice-2026.a.b } }"), ["--bigquery", "ice-2026.a.b"]);
    }
}
