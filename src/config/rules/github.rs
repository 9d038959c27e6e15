//! Organizations and teams of the GitHub login.

use std::collections::{BTreeMap, BTreeSet};

use super::Subject;
use super::table::login::{GITHUB_NAME, GROUP_NEVER, REPEATED_ALLOW};
use crate::config::auth::{Auth, Github};
use crate::config::lower::clip;
use crate::config::names::GroupName;
use crate::config::problem::Problem;

/// Characters that an organization's name may have (GitHub's sign-up form).
const LONGEST_ORGANIZATION: usize = 39;

fn github<'a>(subject: &Subject<'a>) -> Option<&'a Github> {
    match subject.hub.auth.as_ref()? {
        Auth::Github(github) if subject.trusts("auth.github.allow") => Some(github),
        _ => None,
    }
}

/// Each entry with its path.
fn entries<'a>(subject: &Subject<'a>) -> impl Iterator<Item = (String, &'a str)> {
    let allow = github(subject).map(|github| github.allow.as_slice()).unwrap_or_default();
    allow.iter().enumerate().map(|(index, entry)| (format!("auth.github.allow[{index}]"), entry.as_str()))
}

/// Names are ones that GitHub gives.
pub(super) fn names(subject: &Subject<'_>) -> Vec<Problem> {
    entries(subject).filter_map(|(path, entry)| name(subject, &path, entry)).collect()
}

fn name(subject: &Subject<'_>, path: &str, entry: &str) -> Option<Problem> {
    let (organization, team) = entry.split_once(':').map_or((entry, None), |(org, team)| (org, Some(team)));
    let length = organization.chars().count();
    if length > LONGEST_ORGANIZATION {
        let message = format!(
            "an organization of GitHub has at most {LONGEST_ORGANIZATION} characters; `{}` has {length}",
            clip(organization)
        );
        let help = "take it from the organization's address: github.com/ORG";
        return Some(subject.value(&GITHUB_NAME, path, message).label("no organization").help(help));
    }
    let team = team?;
    let slug = slug(team);
    if slug == team {
        return None;
    }
    let (team, slug) = (clip(team), clip(&slug));
    let message = format!("GitHub has no team `{team}`: the slug that it makes of such a name is `{slug}`");
    let problem = subject.value(&GITHUB_NAME, path, message).label("no team's slug");
    Some(problem.help(format!("write `{organization}:{slug}`, as in the address of the team's page")))
}

/// What GitHub makes of a team's name: lower case, and one hyphen for every run
/// of other signs; underscores stay (REST API, "Get a team by name").
fn slug(team: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let lower = team.to_ascii_lowercase();
    let words = lower.split(|c: char| !plain(c)).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// No organization or team stands twice; GitHub does not tell upper from lower case.
pub(super) fn each_once(subject: &Subject<'_>) -> Vec<Problem> {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut problems = Vec::new();
    for (path, entry) in entries(subject) {
        match seen.get(&entry.to_ascii_lowercase()) {
            None => drop(seen.insert(entry.to_ascii_lowercase(), path)),
            Some(first) => {
                let problem =
                    subject.value(&REPEATED_ALLOW, &path, format!("`{}` is allowed twice", clip(entry)));
                let problem =
                    subject.span(first).into_iter().fold(problem, |p, span| p.also(span, "first here"));
                problems.push(problem.label("a second time").help("remove it, or write the team you meant"));
            }
        }
    }
    problems
}

/// A size's `ORG:TEAM` is a team of an organization that people get in by. A bare
/// name may be a team of any of those.
pub(super) fn groups_can_come(subject: &Subject<'_>) -> Vec<Problem> {
    let Some(github) = github(subject).filter(|_| subject.trusts("groups")) else {
        return Vec::new();
    };
    let organizations: BTreeSet<_> =
        github.allow.iter().map(|entry| organization(entry).to_ascii_lowercase()).collect();
    let named = subject.hub.sizes.iter().enumerate().flat_map(|(index, size)| {
        let groups = size.groups.iter().enumerate();
        groups.map(move |(at, group)| (format!("sizes[{index}].groups[{at}]"), group))
    });
    let example = github.allow.first().map(|entry| clip(organization(entry))).unwrap_or_default();
    let never = |group: &GroupName| {
        group.as_str().contains(':')
            && !subject.hub.groups.contains_key(group)
            && !organizations.contains(&organization(group.as_str()).to_ascii_lowercase())
    };
    named
        .filter(|(_, group)| never(group))
        .map(|(path, group)| {
            let own = organization(group.as_str());
            let message = format!("nobody gets in by the organization `{own}` of the group `{group}`");
            subject.value(&GROUP_NEVER, &path, message).label("never brought by the login").help(format!(
                "allow `{group}` too, or take a team of an allowed organization, such as {example}"
            ))
        })
        .collect()
}

fn organization(entry: &str) -> &str {
    entry.split(':').next().unwrap_or(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_lower_case_with_single_hyphens() {
        for (team, expected) in
            [("2026", "2026"), ("My.Team", "my-team"), ("a_b", "a_b"), ("-a--b-", "a-b"), ("v1.0", "v1-0")]
        {
            assert_eq!(slug(team), expected);
        }
    }
}
