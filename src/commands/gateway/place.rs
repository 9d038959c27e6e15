//! Which gateway the arguments name, and where it answers: an address, the environment of a hub's terminal, a hub
//! file's own gateway or a further one of it.

use std::path::Path;
use std::time::Duration;

use frazil_gateway::{Address, Login};
use serde::Deserialize;

use super::login::{by_password, by_token, given, named, no_password, of_reference, of_variable};
use super::told;
use crate::cli::gateway::Which;
use crate::commands::{Run, load};
use crate::config::{Auth, FurtherGateway, GatewayAuth, HubDocument, Provider};
use crate::error::{Error, Result};
use crate::provision::kubernetes::gateways::address as balancer;
use crate::provision::local::{Folders, Lent, client, probe, read_identity};
use crate::render::cluster::Cluster;
use crate::render::gateways::service_name;
use crate::render::local::admins;
use crate::render::neighbours::{domain_address, known_address};

/// The hub file that is read where nothing else is said.
const FILE: &str = "hub.yaml";
/// Where a hub has its gateway, and by which name it knows it.
const PREFIX: &str = "/services/dask-gateway";
const SERVICE: &str = "dask-gateway";

/// A gateway and the login for it.
pub(super) struct Place {
    pub address: Address,
    pub login: Login,
    /// The file that it is of, where that is known.
    pub hub: Option<HubDocument>,
    /// A token that has to be given back.
    pub lent: Option<Lent>,
}

/// A further gateway as a hub's terminal is told of it, by `FRAZIL_GATEWAYS`.
#[derive(Deserialize)]
struct Told {
    name: String,
    address: Option<String>,
    address_variable: Option<String>,
    auth: GatewayAuth,
    password_variable: Option<String>,
}

impl Place {
    /// Finds the gateway that the arguments name.
    ///
    /// # Errors
    /// When there is none, it has no address yet, or no login is found.
    pub(super) async fn find(run: &Run<'_>, which: &Which, lasts: Duration) -> Result<Self> {
        if let (Some(address), None) = (&which.address, &which.file) {
            return Self::of_address(run, which, address);
        }
        let variable = |name: &str| run.context.variable(name).filter(|text| !text.is_empty());
        let file = match (&which.file, &which.gateway) {
            (Some(file), _) => file.as_path(),
            (None, Some(name)) => match variable("FRAZIL_GATEWAYS") {
                Some(told) => return Self::told_of(run, which, told, name),
                None => Path::new(FILE),
            },
            (None, None) => match variable("DASK_GATEWAY__ADDRESS") {
                Some(address) => return Self::of_address(run, which, address),
                None => Path::new(FILE),
            },
        };
        let document = load::usable(run, file)?;
        match &which.gateway {
            Some(name) => Self::further(run, which, &document, name).await,
            None => Self::own(run, which, document, lasts).await,
        }
    }

    /// At an address: by password if a user is named or the environment says so, else by a token.
    fn of_address(run: &Run<'_>, which: &Which, address: &str) -> Result<Self> {
        // Of another gateway than its own the environment tells nothing.
        let kind = run.context.variable("DASK_GATEWAY__AUTH__TYPE").filter(|_| which.address.is_none());
        let login = if which.user.is_some() || kind == Some("basic") {
            by_password(run, which, || Err(no_password()))?
        } else {
            by_token(run, which, None)?
        };
        Self::at(address, login, None)
    }

    fn at(address: &str, login: Login, hub: Option<HubDocument>) -> Result<Self> {
        Ok(Self { address: address.parse().map_err(told)?, login, hub, lent: None })
    }

    /// A further gateway that the environment tells of.
    fn told_of(run: &Run<'_>, which: &Which, told: &str, name: &str) -> Result<Self> {
        let gateways: Vec<Told> = serde_json::from_str(told).map_err(|error| {
            Error::failed("FRAZIL_GATEWAYS is not what a hub sets")
                .because(error)
                .hint("unset it, or name the gateway by `--address URL`")
        })?;
        let names = || gateways.iter().map(|gateway| gateway.name.as_str());
        let gateway =
            gateways.iter().find(|gateway| gateway.name == name).ok_or_else(|| unknown(name, names()))?;
        let later = gateway.address_variable.as_deref().and_then(|name| run.context.variable(name));
        let address = gateway.address.as_deref().or(later);
        let address =
            address.ok_or_else(|| Error::failed(format!("the gateway `{name}` has no address yet")))?;
        let login = match gateway.auth {
            GatewayAuth::Jupyterhub => by_token(run, which, Some(service_name(&name)))?,
            GatewayAuth::Password => by_password(run, which, || {
                let variable = gateway.password_variable.as_deref().ok_or_else(no_password)?;
                of_variable(run, variable)
            })?,
        };
        Self::at(address, login, None)
    }

    /// A further gateway of a hub file.
    async fn further(run: &Run<'_>, which: &Which, document: &HubDocument, name: &str) -> Result<Self> {
        let gateways = &document.hub.gateways;
        let names = || gateways.iter().map(|gateway| gateway.name.as_str());
        let found = gateways.iter().find(|gateway| gateway.name.as_str() == name);
        let gateway = found.ok_or_else(|| unknown(name, names()))?;
        let other = gateway.file.as_ref().and_then(|file| document.neighbour(file));
        let address = further_address(run, document, gateway, other.as_ref()).await?;
        let login = match gateway.auth {
            GatewayAuth::Jupyterhub => by_token(run, which, Some(service_name(&gateway.name)))?,
            GatewayAuth::Password => by_password(run, which, || {
                let reference = gateway.password.as_ref().ok_or_else(no_password)?;
                of_reference(run, document, reference, "gateways.password")
            })?,
        };
        Self::at(&address, login, other)
    }

    /// The gateway of a hub file itself.
    async fn own(run: &Run<'_>, which: &Which, document: HubDocument, lasts: Duration) -> Result<Self> {
        if !document.hub.gateway.enabled {
            return Err(Error::failed(format!("`{}` has no gateway", document.hub.name))
                .hint("`gateway: { enabled: true }` gives it one; `--gateway NAME` names a further one"));
        }
        if matches!(document.hub.provider, Provider::Local(_)) {
            return Self::local(run, which, document, lasts).await;
        }
        let address = match &which.address {
            Some(address) => address.clone(),
            None => own_address(run, &document).await?,
        };
        let login = match (&document.hub.auth, document.hub.hub) {
            (_, true) => by_token(run, which, Some(SERVICE.to_owned()))?,
            (Some(Auth::Password(password)), false) => by_password(run, which, || {
                let reference = password.user_password.as_ref().ok_or_else(no_password)?;
                of_reference(run, &document, reference, "auth.password.user_password")
            })?,
            _ => by_token(run, which, Some(service_name(&document.hub.name)))?,
        };
        Self::at(&address, login, Some(document))
    }

    /// The gateway of a hub on this machine: whoever runs the hub is let in, as by `frazil open`.
    async fn local(run: &Run<'_>, which: &Which, document: HubDocument, lasts: Duration) -> Result<Self> {
        let not_up = || {
            Error::failed(format!("the hub `{}` does not run", document.hub.name))
                .hint(format!("frazil up {}", document.path.display()))
        };
        let folders = Folders::new(run.context, document.hub.name.as_str())?;
        let identity = read_identity(&folders)?.ok_or_else(not_up)?;
        let own = format!("http://127.0.0.1:{}{PREFIX}", identity.port);
        let address = which.address.clone().unwrap_or(own);
        if let Some(token) = named(run, which)? {
            let login = Login::JupyterHub { token, service: Some(SERVICE.to_owned()) };
            return Self::at(&address, login, Some(document));
        }
        if !probe(&client()?, &identity).await.address {
            return Err(not_up());
        }
        let first = || admins(&document.hub, &run.context.person()).into_iter().next().unwrap_or_default();
        let person = which.user.clone().unwrap_or_else(first);
        let lent = Lent::make(&folders, &identity, &person, lasts).await?;
        let token = given(format!("the hub, for {person}"), lent.token());
        let login = Login::JupyterHub { token, service: Some(SERVICE.to_owned()) };
        Ok(Self { lent: Some(lent), ..Self::at(&address, login, Some(document))? })
    }
}

/// Where the gateway of a hub on a cluster answers.
async fn own_address(run: &Run<'_>, document: &HubDocument) -> Result<String> {
    let hub = &document.hub;
    let found = match domain_address(hub) {
        Some(address) => Some(address),
        None => Box::pin(balancer(run.context, document, "gateway")).await?,
    };
    let base = found.ok_or_else(|| no_address(hub.name.as_str()))?;
    Ok(if hub.hub { base + PREFIX } else { base })
}

async fn further_address(
    run: &Run<'_>,
    document: &HubDocument,
    gateway: &FurtherGateway,
    other: Option<&HubDocument>,
) -> Result<String> {
    let cluster = Cluster::new(&document.hub).map_err(|error| Error::failed("no machines").because(error))?;
    let known = known_address(&cluster.beside(&document.neighbours), gateway);
    let found = match (known, other) {
        (Some(address), _) => Some(address),
        (None, Some(other)) => Box::pin(balancer(run.context, other, "gateway")).await?,
        (None, None) => None,
    };
    found.ok_or_else(|| no_address(gateway.name.as_str()))
}

fn no_address(name: &str) -> Error {
    Error::failed(format!("the gateway of `{name}` has no address: no domain, and no load balancer's")).hint(
        "let a port of this machine lead to it by `kubectl port-forward`, and name that: `--address URL`",
    )
}

fn unknown<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Error {
    let names: Vec<_> = names.collect();
    let failed = Error::usage(format!("the hub has no further gateway `{name}`"));
    match crate::nearest::nearest(name, &names) {
        Some(near) => failed.hint(format!("did you mean `{near}`? It has: {}", names.join(", "))),
        None if names.is_empty() => failed.hint("its file names none in `gateways:`"),
        None => failed.hint(format!("it has: {}", names.join(", "))),
    }
}
