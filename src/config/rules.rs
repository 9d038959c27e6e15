//! What must hold between the values of a hub file, beyond each one's type.

mod auth;
mod names;
mod plans;
mod provider;

use std::ops::Range;

use super::lower::{Lowered, clip};
use super::model::HubFile;
use super::problem::{Problem, Severity};
use crate::nearest::nearest;

/// The names of all rules that can be silenced.
pub(super) const SILENCEABLE: [&str; 3] = ["no-effect", "no-auth", "no-open-size"];

/// What a rule sees: the hub, and where its values stand.
pub(super) struct Subject<'a> {
    /// The hub.
    pub hub: &'a HubFile,
    lowered: &'a Lowered,
}

impl Subject<'_> {
    /// A problem about the value of a key; about the start of the file when the key is not written there.
    pub(super) fn value(&self, rule: &'static str, path: &str, message: impl Into<String>) -> Problem {
        match self.lowered.places.get(path) {
            Some(place) => Problem::at(rule, place.value.clone(), message).path(path),
            None => Problem::file(rule, message).path(path),
        }
    }

    /// A problem about a key rather than its value.
    pub(super) fn key(&self, rule: &'static str, path: &str, message: impl Into<String>) -> Problem {
        match self.lowered.places.get(path) {
            Some(place) => Problem::at(rule, place.key.clone(), message).path(path),
            None => Problem::file(rule, message).path(path),
        }
    }

    /// Where the value of a key stands.
    pub(super) fn span(&self, path: &str) -> Option<Range<usize>> {
        self.lowered.places.get(path).map(|place| place.value.clone())
    }

    /// Whether a value is the file's own or a default, rather than a stand-in.
    pub(super) fn trusts(&self, path: &str) -> bool {
        trusted(self.lowered, path)
    }

    /// Whether the file itself says a key.
    pub(super) fn says(&self, path: &str) -> bool {
        self.lowered.places.contains_key(path)
    }
}

type Rule = fn(&Subject<'_>) -> Vec<Problem>;

const RULES: [Rule; 17] = [
    names::sizes_are_unique,
    names::one_default_size,
    names::groups_exist,
    names::gateways,
    names::some_size_is_open,
    auth::fits_provider,
    auth::somebody_can_log_in,
    provider::keys_have_an_effect,
    provider::local_has_a_hub,
    provider::catalog_names,
    plans::event_days,
    plans::pools,
    provider::zones_are_of_the_region,
    plans::memory_to_start_in,
    plans::some_budget,
    plans::room_at_home,
    plans::a_cluster_fits_its_limit,
];

/// Applies all rules. Problems about a value that stands in for a wrong one are left out.
pub(super) fn check(hub: &HubFile, lowered: &Lowered) -> Vec<Problem> {
    let subject = Subject { hub, lowered };
    let found = RULES.iter().flat_map(|rule| rule(&subject));
    let mut problems: Vec<_> = found.filter(|problem| trusted(lowered, &problem.path)).collect();
    problems.retain(|problem| !silenced(hub, problem));
    problems.extend(silences(&subject));
    problems
}

fn trusted(lowered: &Lowered, path: &str) -> bool {
    let within = |outer: &str, inner: &str| {
        outer.is_empty()
            || inner == outer
            || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with(['.', '[']))
    };
    let below = |stand_in: &str| !path.is_empty() && within(path, stand_in);
    !lowered.stand_ins.iter().any(|stand_in| within(stand_in, path) || below(stand_in))
}

fn silenced(hub: &HubFile, problem: &Problem) -> bool {
    problem.severity == Severity::Warning && hub.silence.iter().any(|silence| silence.rule == problem.rule)
}

fn silences(subject: &Subject<'_>) -> Vec<Problem> {
    let unknown = subject
        .hub
        .silence
        .iter()
        .enumerate()
        .filter(|(_, silence)| !SILENCEABLE.contains(&silence.rule.as_str()));
    unknown
        .map(|(index, silence)| {
            let path = format!("silence[{index}].rule");
            let help = nearest(&clip(&silence.rule), &SILENCEABLE).map_or_else(
                || format!("rules that can be silenced: {}", SILENCEABLE.join(", ")),
                |name| format!("did you mean `{name}`?"),
            );
            subject
                .value("unknown-rule", &path, format!("no rule `{}` can be silenced", clip(&silence.rule)))
                .label("unknown rule")
                .help(help)
        })
        .collect()
}
