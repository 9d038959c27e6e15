//! Names that must be unique, and references that must lead somewhere.

use std::collections::BTreeMap;

use super::Subject;
use crate::config::auth::Auth;
use crate::config::model::{FurtherGateway, GatewayAuth};
use crate::config::names::GroupName;
use crate::config::problem::Problem;
use crate::nearest::nearest;

/// Two sizes of one name could not be told apart.
pub(super) fn sizes_are_unique(subject: &Subject<'_>) -> Vec<Problem> {
    let names = subject.hub.sizes.iter().map(|size| size.name.as_str());
    repeated(subject, "sizes", names)
}

fn repeated<'a>(subject: &Subject<'_>, list: &str, names: impl Iterator<Item = &'a str>) -> Vec<Problem> {
    let mut seen = BTreeMap::new();
    let mut problems = Vec::new();
    for (index, name) in names.enumerate() {
        let path = format!("{list}[{index}].name");
        match seen.get(name) {
            None => drop(seen.insert(name, path)),
            Some(first) => {
                let mut problem =
                    subject.value("repeated-name", &path, format!("`{name}` names two entries of `{list}`"));
                if let Some(span) = subject.span(first) {
                    problem = problem.also(span, "first here");
                }
                problems.push(problem.label("a second time").help("give each its own name"));
            }
        }
    }
    problems
}

/// At most one size is preselected.
pub(super) fn one_default_size(subject: &Subject<'_>) -> Vec<Problem> {
    let marked: Vec<_> = subject.hub.sizes.iter().enumerate().filter(|(_, size)| size.default).collect();
    let (Some((first, _)), true) = (marked.first(), marked.len() > 1) else {
        return Vec::new();
    };
    let first = subject.span(&format!("sizes[{first}].default"));
    marked[1..]
        .iter()
        .map(|(index, size)| {
            let path = format!("sizes[{index}].default");
            let problem =
                subject.value("several-defaults", &path, format!("`{}` is a second default size", size.name));
            let problem =
                first.clone().into_iter().fold(problem, |problem, span| problem.also(span, "the first one"));
            problem.label("a second default").help("mark one size only")
        })
        .collect()
}

/// A group of a size has members, or the login brings it.
pub(super) fn groups_exist(subject: &Subject<'_>) -> Vec<Problem> {
    let hub = subject.hub;
    if hub.auth.as_ref().is_some_and(Auth::brings_groups) {
        return Vec::new();
    }
    let known: Vec<_> = hub.groups.keys().map(GroupName::as_str).collect();
    let named = hub.sizes.iter().enumerate().flat_map(|(index, size)| {
        let groups = size.groups.iter().enumerate();
        groups.map(move |(at, group)| (format!("sizes[{index}].groups[{at}]"), group))
    });
    named
        .filter(|(_, group)| !known.contains(&group.as_str()))
        .map(|(path, group)| unknown_group(subject, &path, group, &known))
        .collect()
}

fn unknown_group(subject: &Subject<'_>, path: &str, group: &GroupName, known: &[&str]) -> Problem {
    let help = nearest(group.as_str(), known).map_or_else(
        || format!("say who is in it: `groups: {{ {group}: [ada] }}`"),
        |name| format!("did you mean `{name}`?"),
    );
    let message = format!("nobody is in the group `{group}`");
    subject.value("unknown-group", path, message).label("unknown group").help(help)
}

/// Further gateways have their own names and one way to be reached.
pub(super) fn gateways(subject: &Subject<'_>) -> Vec<Problem> {
    let gateways = &subject.hub.gateways;
    let mut problems = repeated(subject, "gateways", gateways.iter().map(|gateway| gateway.name.as_str()));
    for (index, gateway) in gateways.iter().enumerate() {
        let path = format!("gateways[{index}]");
        problems.extend(way(subject, &path, gateway));
        problems.extend(password(subject, &path, gateway));
    }
    problems
}

fn way(subject: &Subject<'_>, path: &str, gateway: &FurtherGateway) -> Option<Problem> {
    let ways = match (gateway.file.is_some(), gateway.address.is_some()) {
        (true, true) => "both a `file` and an `address`",
        (false, false) => "neither a `file` nor an `address`",
        _ => return None,
    };
    let problem = subject.value("one-of", path, format!("the gateway `{}` has {ways}", gateway.name));
    Some(problem.help("name the hub file that describes it, or its address"))
}

fn password(subject: &Subject<'_>, path: &str, gateway: &FurtherGateway) -> Option<Problem> {
    if gateway.auth != GatewayAuth::Password || gateway.password.is_some() {
        return None;
    }
    let message = format!("the gateway `{}` has no `password` to log in with", gateway.name);
    let problem = subject.value("gateway-password", &format!("{path}.auth"), message);
    Some(problem.label("needs a password").help("write for example `password: { env: GATEWAY_PASSWORD }`"))
}

/// Without a size for everyone, people outside all groups can start nothing.
pub(super) fn some_size_is_open(subject: &Subject<'_>) -> Vec<Problem> {
    let hub = subject.hub;
    if !hub.hub || hub.sizes.is_empty() || hub.sizes.iter().any(|size| size.groups.is_empty()) {
        return Vec::new();
    }
    let problem = subject.key("no-open-size", "sizes", "all sizes are kept for groups").warning();
    vec![problem.label("nobody else can start anything").help("leave `groups` out of one size")]
}
