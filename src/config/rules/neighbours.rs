//! Further gateways that are described by hub files of their own.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Subject;
use super::table::gateways::{GATEWAY_AUTH, GATEWAY_DIFFERS, GATEWAY_FILE, GATEWAY_UNREACHABLE};
use crate::config::auth::Auth;
use crate::config::lower::clip;
use crate::config::model::{FurtherGateway, GatewayAuth, HubFile};
use crate::config::problem::Problem;
use crate::config::provider::Provider;
pub(super) use crate::render::neighbours::is_joined;
use crate::render::neighbours::{is_internal, same_place};

/// What came of reading the hub files of further gateways, by the path as it is written.
pub(in crate::config) type Neighbours = BTreeMap<String, Neighbour>;

/// The hub file of a further gateway.
#[derive(Clone, Debug)]
pub(in crate::config) enum Neighbour {
    /// It cannot be read: why.
    Unreadable(String),
    /// It has errors.
    Broken {
        /// Its path, as the program was called.
        path: PathBuf,
        /// How many.
        errors: usize,
    },
    /// It describes this hub.
    Hub(Box<HubFile>),
}

/// The gateways of other files can be read, reached and logged in to.
pub(super) fn can_be_used(subject: &Subject<'_>) -> Vec<Problem> {
    if subject.is_local() {
        return Vec::new();
    }
    let gateways = subject.hub.gateways.iter().enumerate();
    gateways.filter_map(|(index, gateway)| problem(subject, &format!("gateways[{index}]"), gateway)).collect()
}

fn problem(subject: &Subject<'_>, path: &str, gateway: &FurtherGateway) -> Option<Problem> {
    let file = gateway.file.as_deref()?;
    let at = format!("{path}.file");
    let unusable = |message: String, help: String| {
        Some(subject.value(&GATEWAY_FILE, &at, message).label("this file").help(help))
    };
    let found = subject.neighbours.get(file)?;
    let file = clip(file);
    match found {
        Neighbour::Unreadable(why) => unusable(
            format!("`{file}` cannot be read: {why}"),
            "write its path from the folder of this file".to_owned(),
        ),
        Neighbour::Broken { path, errors } => {
            let plural = if *errors == 1 { "error" } else { "errors" };
            let help =
                format!("`frazil validate {}` says what is wrong there", clip(&path.display().to_string()));
            unusable(format!("`{file}` has {errors} {plural}"), help)
        }
        Neighbour::Hub(other) => {
            let unreachable = unreachable(subject, &at, other);
            let login = || other_login(subject, path, gateway, other);
            unreachable.or_else(login).or_else(|| differs(subject, path, gateway, other))
        }
    }
}

/// Why people's servers do not reach a gateway, and what would help.
fn unreachable(subject: &Subject<'_>, at: &str, other: &HubFile) -> Option<Problem> {
    let name = &other.name;
    let public = "say `domain` and `gateway: { balancer: public }` in that file";
    let (why, help) = if !other.gateway.enabled {
        (format!("`{name}` has no gateway"), "leave `gateway.enabled` out of that file")
    } else if matches!(other.provider, Provider::Local(_)) {
        (format!("`{name}` runs on one machine, where only that machine reaches it"), "use another provider")
    } else if other.hub {
        (
            format!("the gateway of the hub `{name}` answers inside its own cluster only"),
            "say `hub: false` in that file, or make a file of its own for a gateway",
        )
    } else if is_internal(other) && !same_place(subject.hub, other) {
        (format!("`{name}` answers in its own network only, in {}", network_place(other)), public)
    } else {
        return None;
    };
    Some(subject.value(&GATEWAY_UNREACHABLE, at, why).label("nobody here reaches it").help(help))
}

/// Where a gateway's network is, with whose it is.
fn network_place(hub: &HubFile) -> String {
    let place = place(hub);
    match &hub.provider {
        Provider::Aws(aws) => format!("{place} of the account {}", aws.account),
        Provider::Gcp(gcp) => format!("{place} of the project {}", gcp.project),
        Provider::Kubernetes(cluster) => format!("the cluster of the context `{}`", clip(&cluster.context)),
        Provider::Local(_) => place,
    }
}

fn place(hub: &HubFile) -> String {
    let region = hub.provider.region().map(|region| format!("/{region}")).unwrap_or_default();
    format!("{}{region}", hub.provider.key())
}

/// Whether the entry says another name or region than the gateway's own file.
fn differs(subject: &Subject<'_>, path: &str, gateway: &FurtherGateway, other: &HubFile) -> Option<Problem> {
    let tokens = matches!(other.auth, Some(Auth::Hub(_))) && gateway.auth == GatewayAuth::Jupyterhub;
    if tokens && gateway.name.as_str() != other.name.as_str() {
        let name = &other.name;
        let message =
            format!("the gateway `{}` calls itself `{name}`, and its tokens would be refused", gateway.name);
        let problem = subject.value(&GATEWAY_DIFFERS, &format!("{path}.name"), message);
        return Some(problem.label("the other file differs").help(format!("write `name: {name}` here")));
    }
    let (said, place) = (gateway.region.as_ref()?, place(other));
    if *said == place || other.provider.region().is_none() {
        return None;
    }
    let message = format!("`{}` runs in {place}, not in {}", other.name, clip(said));
    let problem = subject.value(&GATEWAY_DIFFERS, &format!("{path}.region"), message);
    Some(problem.label("the other file differs").help(format!("write `region: {place}`, or leave it out")))
}

/// Whether this file and the other say different logins.
fn other_login(
    subject: &Subject<'_>,
    path: &str,
    gateway: &FurtherGateway,
    other: &HubFile,
) -> Option<Problem> {
    let at = format!("{path}.auth");
    let wrong = |message: String, help: String| {
        Some(subject.value(&GATEWAY_AUTH, &at, message).label("the other file differs").help(help))
    };
    match (&other.auth, gateway.auth) {
        (Some(Auth::Password(_)), GatewayAuth::Jupyterhub) => wrong(
            format!("`{}` takes a shared password, not this hub's tokens", other.name),
            "write `auth: password` with `password: { env: GATEWAY_PASSWORD }` here, or `auth: { hub: … }` there".to_owned(),
        ),
        (Some(Auth::Hub(_)), GatewayAuth::Password) => wrong(
            format!("`{}` takes a hub's tokens, not a password", other.name),
            "leave `auth` and `password` out here, or write `auth: password` there".to_owned(),
        ),
        (Some(Auth::Hub(hub)), GatewayAuth::Jupyterhub) => {
            let own = format!("https://{}", subject.hub.domain.as_ref().filter(|_| subject.trusts("domain"))?);
            let same = hub.address.trim_end_matches('/') == own;
            let message = format!("`{}` takes the tokens of {}, which is not this hub", other.name, clip(&hub.address));
            if same { None } else { wrong(message, format!("write `address: {own}` in that file's `auth.hub`")) }
        }
        _ => None,
    }
}
