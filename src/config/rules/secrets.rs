//! Secrets typed in clear among the overrides, which are written out as they are.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Subject;
use super::table::overrides::SECRET_IN_CLEAR;
use crate::config::lower::{clip, join};
use crate::config::problem::Problem;
use crate::config::secrecy::sounds_secret;

/// Places of the charts that take a secret under a key that does not sound like one.
const PLACES: [&str; 2] =
    ["overrides.jupyterhub.hub.config.CryptKeeper.keys", "overrides.jupyterhub.proxy.https.manual.key"];

/// Secrets that are made at random, by frazil or for other services by the chart.
const MADE: [&str; 4] = [".secretToken", ".cookieSecret", "CryptKeeper.keys", ".apiToken"];

/// Ends of keys that name a secret or say something of it, without being one.
const ABOUT: [&str; 21] = [
    "name",
    "ref",
    "fromsecretkey",
    "existingsecretkey",
    "existingsecret",
    "pullsecrets",
    "url",
    "uri",
    "file",
    "path",
    "template",
    "length",
    "days",
    "seconds",
    "expiresin",
    "scopes",
    "timeout",
    "account",
    "claim",
    "method",
    "env",
];

/// Overrides hold no secret in clear.
pub(super) fn by_reference(subject: &Subject<'_>) -> Vec<Problem> {
    let overrides = &subject.hub.overrides;
    let all = [
        ("jupyterhub", &overrides.jupyterhub),
        ("dask-gateway", &overrides.dask_gateway),
        ("terraform", &overrides.terraform),
    ];
    let mut found = Vec::new();
    for (name, values) in all {
        entries(values, &format!("overrides.{name}"), &mut found);
    }
    found.iter().map(|path| in_clear(subject, path)).collect()
}

fn entries(values: &BTreeMap<String, Value>, path: &str, found: &mut Vec<String>) {
    for (key, value) in values {
        entry(key, value, &join(path, key), found);
    }
}

/// One key: a secret itself, or what holds more.
fn entry(key: &str, value: &Value, at: &str, found: &mut Vec<String>) {
    let secret = is_secret_key(key) || PLACES.contains(&at);
    if secret && is_text(value) || value.as_str().is_some_and(holds_secret) {
        found.push(at.to_owned());
        return;
    }
    // A variable of an environment, in either of the two ways that charts write them.
    let named = value.get("name").and_then(Value::as_str).is_some_and(is_secret_key);
    if (secret || named) && value.get("value").is_some_and(is_text) {
        found.push(format!("{at}.value"));
        return;
    }
    below(value, at, found);
}

fn below(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                entry(key, value, &join(at, key), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                entry("", item, &format!("{at}[{index}]"), found);
            }
        }
        _ => {}
    }
}

fn is_secret_key(key: &str) -> bool {
    let plain = key.to_lowercase().replace(['_', '-'], "");
    sounds_secret(key) && !ABOUT.iter().any(|end| plain.ends_with(end))
}

/// A private key, or an address with a password, as of a database.
fn holds_secret(text: &str) -> bool {
    let rest = text.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let person = rest.and_then(|host| host.rsplit_once('@')).and_then(|(person, _)| person.split_once(':'));
    text.contains("PRIVATE KEY-----") || person.is_some_and(|(_, password)| !password.is_empty())
}

/// Something that can be a secret; switches and what was left empty cannot.
fn is_text(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Number(_) => true,
        Value::Array(items) => items.iter().any(is_text),
        Value::Null | Value::Bool(_) | Value::Object(_) => false,
    }
}

fn in_clear(subject: &Subject<'_>, path: &str) -> Problem {
    let message = format!("`{}` is a secret, and overrides are written out as they are", clip(path));
    subject.value(&SECRET_IN_CLEAR, path, message).label("in clear").help(instead(path))
}

/// Where the secret of a place can be said by reference.
fn instead(path: &str) -> &'static str {
    let last = path.rsplit('.').next().unwrap_or(path);
    if MADE.iter().any(|end| path.ends_with(end)) || path.contains("CryptKeeper") {
        "leave it out: it is made at random when the hub first comes up, and kept"
    } else if last == "client_secret" {
        "write `client_secret: { env: NAME }` below `auth`, or `file` or `sops` instead of `env`"
    } else if path.to_lowercase().contains("env") || last == "value" {
        "put it into a Kubernetes Secret and write `valueFrom: { secretKeyRef: { name: SECRET, key: KEY } }`"
    } else if path.starts_with("overrides.terraform") {
        "leave it out: none of the Terraform variables takes a secret"
    } else if path.contains(".auth.") {
        "write it below `auth` of the hub file, by `env`, `file` or `sops`"
    } else {
        "put it into a Kubernetes Secret, and name that where the chart takes a name"
    }
}
