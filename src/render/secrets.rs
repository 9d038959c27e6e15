//! Secrets by reference: what a hub on a cluster needs, where each comes from, and who uses it.
//! No secret is ever part of what is rendered.

use std::collections::BTreeMap;

use serde::Serialize;

use super::cluster::Cluster;
use super::gateways::{password_key, service_name, token_key, with_our_tokens};
use super::{dask_gateway, jupyterhub, ops};
use crate::config::{Auth, SecretRef};
use crate::serve::NAME;

/// The Kubernetes Secret that keeps a hub's secrets, made once, in the hub's namespace.
pub const HUB_SECRET: &str = "frazil-secrets";

/// Random bytes of a generated secret: what cookies and encryption of 256 bits want.
const RANDOM_BYTES: usize = 32;

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Random, made when the hub first comes up and kept from then on: a number of bytes, as hexadecimal digits.
    Random(usize),
    /// Where the hub file says.
    Reference(SecretRef),
}

/// Who uses a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Use {
    /// A value of a chart, given to Helm beside the rendered ones: release and path.
    Value {
        /// The Helm release.
        release: String,
        /// Keys and list positions from the values' root.
        path: Vec<String>,
    },
    /// Pods read it from the hub's Secret themselves.
    Secret,
}

/// A secret of a hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Secret {
    /// Its key in the hub's Secret.
    pub key: String,
    /// Where it comes from.
    pub from: Source,
    /// Who uses it.
    pub used_by: Use,
}

/// The secrets of a hub, by key.
///
/// Four of them JupyterHub's chart would make at random at every rendering (its
/// `_helpers-passwords.tpl` looks for earlier ones in the cluster only).
pub fn secrets(cluster: &Cluster<'_>) -> Vec<Secret> {
    let mut secrets = Vec::new();
    if cluster.hub.hub {
        secrets.extend(of_hub(cluster));
    } else {
        secrets.extend(gateway_login(cluster));
    }
    let further = cluster.hub.gateways.iter().filter_map(|gateway| {
        let from = Source::Reference(gateway.password.clone()?);
        Some(Secret { key: password_key(gateway), from, used_by: Use::Secret })
    });
    secrets.extend(further);
    secrets.sort_by(|a, b| a.key.cmp(&b.key));
    secrets
}

/// What the hub itself needs.
fn of_hub(cluster: &Cluster<'_>) -> Vec<Secret> {
    let release = cluster.release(jupyterhub::CHART.name);
    let mut secrets: Vec<_> = client_secret(cluster, &release).into_iter().collect();
    let mut random = |key: String, path: &[&str]| {
        secrets.push(Secret { key, from: Source::Random(RANDOM_BYTES), used_by: value(&release, path) });
    };
    random("proxy-token".to_owned(), &["proxy", "secretToken"]);
    random("cookie-secret".to_owned(), &["hub", "cookieSecret"]);
    random("crypt-key".to_owned(), &["hub", "config", "CryptKeeper", "keys", "0"]);
    if cluster.has_gateway() {
        random("gateway-token".to_owned(), &["hub", "services", dask_gateway::CHART.name, "apiToken"]);
    }
    if ops::hub_values(cluster).is_some() {
        random(ops::TOKEN.to_owned(), &["hub", "services", NAME, "apiToken"]);
    }
    for gateway in with_our_tokens(cluster.hub) {
        random(token_key(gateway), &["hub", "services", &service_name(&gateway.name), "apiToken"]);
    }
    if let Some(reference) = ops::credentials(cluster) {
        let from = Source::Reference(reference.clone());
        secrets.push(Secret { key: ops::CREDENTIALS.to_owned(), from, used_by: Use::Secret });
    }
    secrets
}

fn value(release: &str, path: &[&str]) -> Use {
    Use::Value { release: release.to_owned(), path: path.iter().map(|key| (*key).to_owned()).collect() }
}

fn client_secret(cluster: &Cluster<'_>, release: &str) -> Option<Secret> {
    let auth = cluster.hub.auth.as_ref()?;
    let class = match auth {
        Auth::Github(_) => "GitHubOAuthenticator",
        Auth::Cilogon(_) => "CILogonOAuthenticator",
        Auth::Oidc(_) => "GenericOAuthenticator",
        Auth::Native(_) | Auth::Password(_) | Auth::Pam(_) | Auth::Hub(_) => return None,
    };
    Some(Secret {
        key: "client-secret".to_owned(),
        from: Source::Reference(auth.client_secret()?.clone()),
        used_by: value(release, &["hub", "config", class, "client_secret"]),
    })
}

/// The key of the gateway's password, on a cluster without a hub.
pub(super) const GATEWAY_PASSWORD: &str = "gateway-password";
/// The key of its token at the hub whose people it serves.
pub(super) const OTHER_HUB_TOKEN: &str = "other-hub-token";

/// What a gateway of its own needs to know people: a password, or its token at another hub.
fn gateway_login(cluster: &Cluster<'_>) -> Option<Secret> {
    let (key, from) = match cluster.hub.auth.as_ref()? {
        Auth::Password(password) => {
            let said = password.user_password.clone().map(Source::Reference);
            (GATEWAY_PASSWORD, said.unwrap_or(Source::Random(RANDOM_BYTES)))
        }
        Auth::Hub(other) => (OTHER_HUB_TOKEN, Source::Reference(other.token.clone())),
        _ => return None,
    };
    Some(Secret { key: key.to_owned(), from, used_by: Use::Secret })
}

/// All of a hub's secrets: those that are kept already as they are, references as they read
/// now, and new random ones for the rest. So what is random is made once.
///
/// # Errors
/// Whatever reading a reference or making a random secret said.
pub fn complete<E>(
    secrets: &[Secret],
    kept: &BTreeMap<String, String>,
    read: impl Fn(&SecretRef) -> Result<String, E>,
    random: impl Fn(usize) -> Result<String, E>,
) -> Result<BTreeMap<String, String>, E> {
    let text = |secret: &Secret| match (&secret.from, kept.get(&secret.key)) {
        (Source::Reference(reference), _) => read(reference),
        (Source::Random(_), Some(kept)) => Ok(kept.clone()),
        (Source::Random(bytes), None) => random(*bytes),
    };
    secrets.iter().map(|secret| Ok((secret.key.clone(), text(secret)?))).collect()
}
