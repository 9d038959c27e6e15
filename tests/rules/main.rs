//! Every rule: a file that breaks it and no other, the same file mended, and
//! its documentation. `FRAZIL_WRITE=1 cargo test --test rules` rewrites docs/rules.md.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise and may read its environment"
)]

mod cases;
mod effect;
mod overrides;
mod placement;
mod room;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use frazil::config::{Checked, Rule, Severity, all_rules, check_bytes, check_file, rule_themes};
use jiff::civil::{Date, date};

/// The day on which the examples are checked.
pub(crate) const TODAY: Date = date(2026, 11, 2);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn example(rule: &Rule, name: &str) -> PathBuf {
    root().join("examples/rules").join(rule.name).join(name)
}

pub(crate) fn check(path: &Path) -> Checked {
    check_file(path, TODAY).unwrap()
}

pub(crate) fn found(checked: &Checked) -> Vec<String> {
    let line = |at: usize| checked.text[..at].matches('\n').count() + 1;
    let place = |span: &Option<std::ops::Range<usize>>| span.as_ref().map_or(0, |span| line(span.start));
    let problems = checked.problems.iter();
    problems
        .map(|problem| format!("{} in line {}: {}", problem.rule, place(&problem.span), problem.message))
        .collect()
}

#[test]
fn every_bad_example_breaks_its_rule_and_no_other() {
    let mut wrong = Vec::new();
    for rule in all_rules() {
        let checked = check(&example(rule, "bad.yaml"));
        let right = checked.problems.iter().all(|problem| {
            let told = problem.help.is_some() && !problem.message.is_empty();
            problem.rule == rule.name && problem.severity == rule.severity && problem.span.is_some() && told
        });
        let usable = rule.severity == Severity::Warning;
        if !right || checked.problems.is_empty() || checked.document.is_some() != usable {
            wrong.push(format!("{}: {:#?}", rule.name, found(&checked)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_good_example_passes_and_differs_little() {
    let mut wrong = Vec::new();
    for rule in all_rules() {
        let checked = check(&example(rule, "good.yaml"));
        if !checked.problems.is_empty() {
            wrong.push(format!("{}: {:#?}", rule.name, found(&checked)));
        }
        let (bad, good): (BTreeSet<_>, BTreeSet<_>) =
            (rule.bad.lines().collect(), rule.good.lines().collect());
        let changed = bad.symmetric_difference(&good).count();
        assert!(changed <= 6 && rule.bad.lines().count() <= 15, "{}: {changed} lines differ", rule.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_silence_takes_away_what_it_may() {
    for rule in all_rules() {
        let path = example(rule, "bad.yaml");
        let entry = format!("{{ rule: {}, because: a test }}", rule.name);
        let text = match rule.bad.replacen("silence: [", &format!("silence: [{entry}, "), 1) {
            text if text == rule.bad => format!("{text}silence: [{entry}]\n"),
            text => text,
        };
        let beside = path.with_file_name("silenced.yaml");
        let silenced = match std::fs::read_dir(path.parent().unwrap()).unwrap().count() {
            2 => check_bytes(text.into_bytes(), &beside, TODAY),
            _ => with_neighbours(&path, &text),
        };
        if rule.silenceable {
            assert!(silenced.problems.is_empty(), "{}: {:?}", rule.name, found(&silenced));
        } else {
            let rules: BTreeSet<_> = silenced.problems.iter().map(|problem| problem.rule).collect();
            assert_eq!(rules, BTreeSet::from([rule.name, "unknown-rule"]), "{:?}", found(&silenced));
        }
    }
}

/// Checks a text as if it stood beside an example's other files.
fn with_neighbours(path: &Path, text: &str) -> Checked {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let from = entry.unwrap().path();
        std::fs::copy(&from, folder.path().join(from.file_name().unwrap())).unwrap();
    }
    let file = folder.path().join("silenced.yaml");
    std::fs::write(&file, text).unwrap();
    check(&file)
}

#[test]
fn names_are_unique_and_texts_are_whole_sentences() {
    let mut names = BTreeSet::new();
    for rule in all_rules() {
        assert!(names.insert(rule.name), "{} twice", rule.name);
        let kebab = rule.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        assert!(kebab && rule.name.len() <= 24, "{}", rule.name);
        for text in [rule.summary, rule.why, rule.action] {
            assert!(text.ends_with('.') && text.len() > 15, "{}: {text}", rule.name);
        }
        assert!(rule.summary.len() <= 100, "{}: {}", rule.name, rule.summary);
    }
}

#[test]
fn no_folder_is_without_its_rule() {
    let rules: BTreeSet<_> = all_rules().map(|rule| rule.name.to_owned()).collect();
    let folders = std::fs::read_dir(root().join("examples/rules")).unwrap();
    let folders: BTreeSet<_> =
        folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(rules, folders);
}

#[test]
fn the_documentation_is_that_of_the_table() {
    let path = root().join("docs/rules.md");
    let expected = documentation();
    if std::env::var_os("FRAZIL_WRITE").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == expected, "docs/rules.md is stale: FRAZIL_WRITE=1 cargo test --test rules");
}

/// The text of docs/rules.md.
fn documentation() -> String {
    let mut text = String::from(
        "# Rules\n\nWhat `frazil validate` checks between the values of a hub file, offline: no network, no\n\
         credentials. `frazil explain RULE` prints one of these entries. Where a rule rests on a\n\
         judgement, `silence: [{ rule: RULE, because: … }]` takes it away.\n\n\
         This page is made from `src/config/rules/table/`; `FRAZIL_WRITE=1 cargo test --test rules`\n\
         writes it again.\n",
    );
    for (heading, rules) in rule_themes() {
        text += &format!("\n## {heading}\n");
        text.extend(rules.iter().map(|rule| entry(rule)));
    }
    text
}

fn entry(rule: &Rule) -> String {
    let severity = if rule.severity == Severity::Error { "error" } else { "warning" };
    let silence = if rule.silenceable { "can be silenced" } else { "cannot be silenced" };
    format!(
        "\n### {}\n\n{} ({severity}, {silence})\n\n{}\n\n{}\n\nBreaks it:\n\n```yaml\n{}```\n\nPasses:\n\n```yaml\n{}```\n",
        rule.name, rule.summary, rule.why, rule.action, rule.bad, rule.good
    )
}

#[test]
fn the_examples_of_whole_hubs_pass() {
    let mut count = 0;
    for entry in std::fs::read_dir(root().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "yaml") {
            let checked = check(&path);
            assert!(checked.problems.is_empty(), "{}: {:#?}", path.display(), found(&checked));
            count += 1;
        }
    }
    assert!(count >= 4);
}
