//! Overrides of Terraform's variables: keys that the modules have, and none that the rest of the hub relies on.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Subject;
use super::table::overrides::{TERRAFORM_FIXED, TERRAFORM_VARIABLE};
use crate::config::lower::{MOST_GUESSES, clip, join};
use crate::config::problem::Problem;
use crate::nearest::nearest;
use crate::render::terraform_types::Type;
use crate::render::terraform_variables;

/// Variables that charts, manifests or frazil itself go by too, and where the hub file says them.
const FIXED: [(&str, &str); 19] = [
    ("name", "`name`"),
    ("account", "`provider.aws.account`"),
    ("project", "`provider.gcp.project`"),
    ("region", "`region` below `provider`"),
    ("domain", "`domain`"),
    ("dns", "`dns`"),
    ("administrators", "`kubernetes.administrators`"),
    ("nodes", "`pools`"),
    ("registry", "`image.name`"),
    ("scratch.bucket", "`storage.scratch`"),
    ("homes.kind", "`storage.homes.quota`"),
    ("kubernetes.version", "`kubernetes.version`"),
    ("network.services", "`network.services`"),
    ("tags.frazil:hub", "`name`"),
    ("labels.frazil-hub", "`name`"),
    ("identities.user", "`name`"),
    ("identities.autoscaler", "`name`"),
    ("identities.homes", "`name`"),
    ("identities.certificates", "`name`"),
];

const ROOT: &str = "overrides.terraform";

/// Overrides are variables that Terraform has.
pub(super) fn variables_exist(subject: &Subject<'_>) -> Vec<Problem> {
    let values = &subject.hub.overrides.terraform;
    let Some(variables) = terraform_variables(&subject.hub.provider).filter(|_| !values.is_empty()) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    let walk = Walk { subject };
    walk.entries(&variables, values, ROOT, &mut problems);
    problems
}

struct Walk<'a> {
    subject: &'a Subject<'a>,
}

impl Walk<'_> {
    fn entries<'v>(
        &self,
        known: &BTreeMap<String, Type>,
        values: impl IntoIterator<Item = (&'v String, &'v Value)>,
        path: &str,
        found: &mut Vec<Problem>,
    ) {
        for (key, value) in values {
            let at = join(path, key);
            match known.get(key) {
                Some(kind) => self.value(kind, value, &at, found),
                None => found.push(self.unknown(key, &at, known, found.len() < MOST_GUESSES)),
            }
        }
    }

    fn value(&self, kind: &Type, value: &Value, at: &str, found: &mut Vec<Problem>) {
        if !kind.takes(value) {
            found.push(self.other_kind(kind, at));
            return;
        }
        match (kind, value) {
            (Type::Object(known), Value::Object(values)) => self.entries(known, values, at, found),
            (Type::Map(inner), Value::Object(values)) => {
                for (key, value) in values {
                    self.value(inner, value, &join(at, key), found);
                }
            }
            (Type::List(inner), Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(inner, item, &format!("{at}[{index}]"), found);
                }
            }
            _ => {}
        }
    }

    fn unknown(&self, key: &str, at: &str, known: &BTreeMap<String, Type>, guesses: bool) -> Problem {
        let names: Vec<_> = known.keys().map(String::as_str).collect();
        let guess = if guesses { nearest(&clip(key), &names) } else { None };
        let help = guess.map_or_else(
            || format!("known here: {}", names.join(", ")),
            |name| format!("did you mean `{name}`?"),
        );
        let message =
            format!("Terraform has no variable `{}` here, and would leave it out", clip(&below(at)));
        self.subject.key(&TERRAFORM_VARIABLE, at, message).label("unknown to Terraform").help(help)
    }

    fn other_kind(&self, kind: &Type, at: &str) -> Problem {
        let message = format!("Terraform takes {} for `{}`", kind.words(), clip(&below(at)));
        let help = format!("write {}", kind.words());
        self.subject.value(&TERRAFORM_VARIABLE, at, message).label("of another kind").help(help)
    }
}

/// A path without what all of them begin with.
fn below(at: &str) -> String {
    at.strip_prefix(ROOT).unwrap_or(at).trim_start_matches('.').to_owned()
}

/// What charts and Terraform must agree on is said once.
pub(super) fn agreed_values(subject: &Subject<'_>) -> Vec<Problem> {
    let values = &subject.hub.overrides.terraform;
    let Some(variables) = terraform_variables(&subject.hub.provider).filter(|_| !values.is_empty()) else {
        return Vec::new();
    };
    let fixed = FIXED
        .iter()
        .filter(|(path, _)| path.split('.').next().is_some_and(|first| variables.contains_key(first)));
    let mut problems = Vec::new();
    for (path, instead) in fixed {
        let Some(at) = replaced(values, path).map(|at| format!("{ROOT}.{at}")) else { continue };
        let message =
            format!("`{path}` of Terraform alone would differ from what the rest of the hub goes by");
        let problem = subject.key(&TERRAFORM_FIXED, &at, message).label("said in two places");
        problems.push(problem.help(format!("leave it out; it follows from {instead} of the hub file")));
    }
    problems
}

/// The part of a path at which the overrides replace its value, if they do.
fn replaced(values: &BTreeMap<String, Value>, path: &str) -> Option<String> {
    let Some((first, second)) = path.split_once('.') else {
        return values.contains_key(path).then(|| path.to_owned());
    };
    match values.get(first)? {
        Value::Object(below) => below.contains_key(second).then(|| path.to_owned()),
        _ => Some(first.to_owned()),
    }
}
