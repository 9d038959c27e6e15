//! Gateways: further ones by what this file says of them, and this cluster's own.

use super::Subject;
use super::names::repeated;
use super::table::gateways::{
    GATEWAY_IN_CLEAR, GATEWAY_NO_AUTH, GATEWAY_NO_DOMAIN, GATEWAY_PASSWORD, GATEWAY_WAY,
};
use crate::config::lower::clip;
use crate::config::model::{Balancer, FurtherGateway, GatewayAuth};
use crate::config::problem::Problem;

/// Further gateways have their own names, one way to be reached, and no password in clear.
pub(super) fn further(subject: &Subject<'_>) -> Vec<Problem> {
    let gateways = &subject.hub.gateways;
    let mut problems = repeated(subject, "gateways", gateways.iter().map(|gateway| gateway.name.as_str()));
    for (index, gateway) in gateways.iter().enumerate() {
        let path = format!("gateways[{index}]");
        problems.extend(way(subject, &path, gateway));
        problems.extend(password(subject, &path, gateway));
        problems.extend(in_clear(subject, &path, gateway));
    }
    problems
}

fn way(subject: &Subject<'_>, path: &str, gateway: &FurtherGateway) -> Option<Problem> {
    let ways = match (gateway.file.is_some(), gateway.address.is_some()) {
        (true, true) => "both a `file` and an `address`",
        (false, false) => "neither a `file` nor an `address`",
        _ => return None,
    };
    let problem = subject.value(&GATEWAY_WAY, path, format!("the gateway `{}` has {ways}", gateway.name));
    Some(problem.help("name the hub file that describes it, or its address"))
}

fn password(subject: &Subject<'_>, path: &str, gateway: &FurtherGateway) -> Option<Problem> {
    if gateway.auth != GatewayAuth::Password || gateway.password.is_some() {
        return None;
    }
    let message = format!("the gateway `{}` has no `password` to log in with", gateway.name);
    let problem = subject.value(&GATEWAY_PASSWORD, &format!("{path}.auth"), message);
    Some(problem.label("needs a password").help("write for example `password: { env: GATEWAY_PASSWORD }`"))
}

/// Passwords and tokens go over https.
fn in_clear(subject: &Subject<'_>, path: &str, gateway: &FurtherGateway) -> Option<Problem> {
    let address = gateway.address.as_ref().filter(|address| address.starts_with("http://"))?;
    let what = match gateway.auth {
        GatewayAuth::Password => "the password",
        GatewayAuth::Jupyterhub => "people's tokens",
    };
    let message = format!("{what} would go to `{}` in clear", gateway.name);
    let problem = subject.value(&GATEWAY_IN_CLEAR, &format!("{path}.address"), message);
    let secure = clip(&address.replacen("http://", "https://", 1));
    Some(problem.label("without TLS").help(format!("write `{secure}`, if the gateway has a certificate")))
}

/// The gateway of a cluster without a hub has a login, and TLS where the public reaches it.
pub(super) fn own(subject: &Subject<'_>) -> Vec<Problem> {
    let hub = subject.hub;
    if hub.hub || !hub.gateway.enabled || subject.is_local() {
        return Vec::new();
    }
    let mut problems = Vec::new();
    if hub.auth.is_none() && subject.trusts("auth") {
        let message = "everyone who reaches this gateway could start workers: the file has no `auth`";
        problems.push(subject.value(&GATEWAY_NO_AUTH, "auth", message).help(
            "write `auth: { password: { user_password: { env: GATEWAY_PASSWORD } } }`, or `auth: { hub: … }`",
        ));
    }
    let public = hub.gateway.balancer == Some(Balancer::Public);
    if public && hub.domain.is_none() && subject.trusts("domain") {
        let message = "a public gateway without a `domain` has no certificate";
        let problem = subject.value(&GATEWAY_NO_DOMAIN, "gateway.balancer", message);
        let help = "write for example `domain: gateway.example.org`, or `balancer: internal`";
        problems.push(problem.label("in clear").help(help));
    }
    problems
}
