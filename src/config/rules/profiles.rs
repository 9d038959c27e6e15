//! Profiles and KubeSpawner's settings among the overrides, where the chart's
//! own schema does not look.

use serde_json::{Map, Value};

use super::Subject;
use super::table::overrides::{KUBESPAWNER_KEY, PROFILE_LIST, PROFILE_NAME};
use crate::config::lower::{MOST_GUESSES, clip};
use crate::config::problem::Problem;
use crate::nearest::nearest;
use crate::render::chart_keys::kubespawner_traits;

/// The chart whose KubeSpawner the table of its settings is of.
const CHART: &str = "4.4.0";

const LIST: &str = "overrides.jupyterhub.singleuser.profileList";

/// The profiles that the overrides write, each with its path; none where they have no effect.
fn profiles<'a>(subject: &Subject<'a>) -> Vec<(String, &'a Value)> {
    let list = subject.hub.overrides.jupyterhub.get("singleuser").and_then(|user| user.get("profileList"));
    let list = list.filter(|_| !subject.is_local()).and_then(Value::as_array);
    let list = list.into_iter().flatten().enumerate();
    list.map(|(index, profile)| (format!("{LIST}[{index}]"), profile)).collect()
}

/// The choices of a profile's options, each with its path.
fn choices<'a>(path: &str, profile: &'a Value) -> Vec<(String, &'a Value)> {
    let options = profile.get("profile_options").and_then(Value::as_object).into_iter().flatten();
    options
        .flat_map(|(option, value)| {
            let path = format!("{path}.profile_options.{option}.choices");
            let choices = value.get("choices").and_then(Value::as_object).into_iter().flatten();
            choices.map(move |(choice, value)| (format!("{path}.{choice}"), value))
        })
        .collect()
}

/// Profiles and choices with their paths.
fn entries<'a>(subject: &Subject<'a>) -> Vec<(String, &'a Value)> {
    let profiles = profiles(subject);
    let below: Vec<_> = profiles.iter().flat_map(|(path, profile)| choices(path, profile)).collect();
    profiles.into_iter().chain(below).collect()
}

/// Profiles have names, and are made from `sizes`.
pub(super) fn names(subject: &Subject<'_>) -> Vec<Problem> {
    let entries = entries(subject);
    let nameless = entries.iter().filter(|(_, entry)| entry.get("display_name").is_none());
    let mut problems: Vec<_> = nameless
        .map(|(path, _)| {
            let problem = subject.value(&PROFILE_NAME, path, "this has no `display_name` to be shown by");
            problem.label("without a name").help("write for example `display_name: Small`")
        })
        .collect();
    if !entries.is_empty() {
        let message = "the hub makes its profiles from `sizes`: this list has no effect";
        let problem = subject.key(&PROFILE_LIST, LIST, message);
        problems.push(problem.label("replaced by `sizes`").help("write the profiles as `sizes`"));
    }
    problems
}

/// Settings of KubeSpawner have its own names.
pub(super) fn settings(subject: &Subject<'_>) -> Vec<Problem> {
    if subject.hub.charts.jupyterhub != CHART || subject.is_local() {
        return Vec::new();
    }
    let values = &subject.hub.overrides.jupyterhub;
    let own = values.get("hub").and_then(|hub| hub.pointer("/config/KubeSpawner"));
    let own = own.map(|own| ("overrides.jupyterhub.hub.config.KubeSpawner".to_owned(), own));
    let of_profiles = entries(subject).into_iter().filter_map(|(path, entry)| {
        Some((format!("{path}.kubespawner_override"), entry.get("kubespawner_override")?))
    });
    let known: Vec<_> = kubespawner_traits().collect();
    own.into_iter()
        .chain(of_profiles)
        .filter_map(|(path, value)| Some((path, value.as_object()?)))
        .flat_map(|(path, settings)| misnamed(subject, &path, settings, &known))
        .collect()
}

fn misnamed(
    subject: &Subject<'_>,
    path: &str,
    settings: &Map<String, Value>,
    known: &[&str],
) -> Vec<Problem> {
    let wrong = settings.keys().filter(|key| !known.contains(&key.as_str()));
    wrong
        .enumerate()
        .map(|(index, key)| {
            let snake = snake_case(&clip(key));
            let near = known
                .iter()
                .find(|name| **name == snake)
                .copied()
                .or_else(|| nearest(&snake, if index < MOST_GUESSES { known } else { &[] }));
            let help = near.map_or_else(
                || "KubeSpawner's documentation lists its settings".to_owned(),
                |name| format!("did you mean `{name}`?"),
            );
            let message = format!("KubeSpawner has no setting `{}`, and would ignore it", clip(key));
            let problem = subject.key(&KUBESPAWNER_KEY, &format!("{path}.{key}"), message);
            problem.label("unknown to KubeSpawner").help(help)
        })
        .collect()
}

/// `cpuLimit` as `cpu_limit`.
fn snake_case(key: &str) -> String {
    let mut snake = String::with_capacity(key.len() + 4);
    for c in key.chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn camel_case_becomes_snake_case() {
        assert_eq!(snake_case("cpuLimit"), "cpu_limit");
        assert_eq!(snake_case("memGuarantee"), "mem_guarantee");
        assert_eq!(snake_case("image"), "image");
    }
}
