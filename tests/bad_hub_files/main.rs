//! Hub files that are wrong: each a clear error at the right place, exit 1,
//! nothing written.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise and says what it skips"
)]

mod agreement;
mod bombs;
mod cases;
#[path = "../support/scratch.rs"]
mod scratch;
mod secrets;

use cases::{Case, with};
use scratch::{Scratch, stderr, stdout};
use serde_json::Value;

#[test]
fn every_bad_file_is_refused_at_the_right_place() {
    let mut failures = Vec::new();
    for case in cases::all() {
        if let Err(difference) = check(case) {
            failures.push(format!("{}: {difference}", case.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn check(case: &Case) -> Result<(), String> {
    let machine = Scratch::new();
    let content = case.bytes();
    let file = machine.write("hub.yaml", &content);
    let output = machine.run(["validate", "-o", "json"]);
    let ensure = |good: bool, what: &str| {
        if good { Ok(()) } else { Err(format!("{what}\n{}{}", stdout(&output), stderr(&output))) }
    };
    ensure(output.status.code() == Some(1), "exit code")?;
    let report: Value = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let problems = report["files"][0]["problems"].as_array().cloned().unwrap_or_default();
    let matching = problems.iter().find(|problem| {
        let at = problem["start"]
            .as_object()
            .map(|start| (start["line"].as_u64().unwrap(), start["column"].as_u64().unwrap()));
        problem["rule"] == case.rule && at == case.at
    });
    ensure(matching.is_some(), &format!("no `{}` at {:?}", case.rule, case.at))?;
    let drawn = stderr(&machine.run(["validate"]));
    ensure(drawn.contains(case.words), &format!("no `{}` in\n{drawn}", case.words))?;
    ensure(!drawn.contains("panicked"), "panic")?;
    for verb in [vec!["up"], vec!["down", "--data", "--confirm", "lab"], vec!["open"]] {
        ensure(machine.run(verb).status.code() == Some(1), "another verb goes on")?;
    }
    ensure(std::fs::read(file).unwrap() == content, "the file was changed")?;
    let entries = std::fs::read_dir(machine.path()).unwrap().count();
    ensure(entries == 1, "something was written")
}

#[test]
fn a_folder_and_a_missing_file_are_told() {
    let machine = Scratch::new();
    std::fs::create_dir(machine.path().join("hub.yaml")).unwrap();
    let output = machine.run(["validate"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("hub.yaml/hub.yaml"), "{}", stderr(&output));
    let output = machine.run(["validate", "nowhere.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("frazil init"), "{}", stderr(&output));
}

#[test]
fn all_problems_come_at_once() {
    let machine = Scratch::new();
    let text =
        "nam: lab\nprovider: { aws: { account: 1, regoin: x } }\nsizes: [{ name: A, memory: 8 }]\nhub: yes\n";
    machine.write("hub.yaml", text);
    let drawn = stderr(&machine.run(["validate"]));
    for words in [
        "did you mean `name`?",
        "twelve digits",
        "did you mean `region`?",
        "lower-case",
        "memory: 8 GiB",
        "hub: true",
        "6 errors",
    ] {
        assert!(drawn.contains(words), "no `{words}` in\n{drawn}");
    }
}

#[test]
fn the_offending_text_is_underlined() {
    let machine = Scratch::new();
    machine.write("hub.yaml", with("sizes: [{ name: a, memory: 8 G }]"));
    let drawn = stderr(&machine.run(["validate"]));
    assert!(drawn.contains(" --> hub.yaml:3:28\n"), "{drawn}");
    assert!(
        drawn.contains(
            "3 | sizes: [{ name: a, memory: 8 G }]\n  |                            ^^^ not an amount"
        ),
        "{drawn}"
    );
}

#[test]
fn a_key_without_effect_is_a_warning_that_can_be_silenced() {
    let machine = Scratch::new();
    machine.write("hub.yaml", with("zones: [us-west-2a]\nsizes: [{ name: a, memory: 1 GiB, gpu: 1 }]"));
    let output = machine.run(["validate"]);
    assert_eq!(output.status.code(), Some(0));
    let text = stderr(&output);
    assert!(text.contains("warning[no-effect]: `zones` has no effect on one machine"), "{text}");
    assert!(
        text.contains("`sizes[0].gpu` has no effect on one machine") && text.contains("2 warnings"),
        "{text}"
    );
    machine.write(
        "hub.yaml",
        with("zones: [us-west-2a]\nsilence: [{ rule: no-effect, because: moved here for a day }]"),
    );
    assert_eq!(stderr(&machine.run(["validate"])), "");
}

#[test]
fn what_would_leave_people_outside_is_told_and_can_be_silenced() {
    let cloud = "name: lab\nprovider: { kubernetes: { context: kind } }\nadmins: [octocat]\nimage: { name: quay.io/a/b }\n";
    let closed = "groups: { a: [ada] }\nsizes: [{ name: a, memory: 1 GiB, groups: [a] }]\n";
    for (text, rule, words, exit) in [
        (cloud.to_owned(), "error[no-auth]", "`github`, `cilogon`, `oidc` or `native`", 1),
        (with(closed), "warning[no-open-size]", "nobody else can start anything", 0),
    ] {
        let machine = Scratch::new();
        machine.write("hub.yaml", &text);
        let output = machine.run(["validate"]);
        let drawn = stderr(&output);
        assert_eq!(output.status.code(), Some(exit), "{drawn}");
        assert!(drawn.contains(rule) && drawn.contains(words), "{drawn}");
        let name = rule.split(['[', ']']).nth(1).unwrap();
        machine.write("hub.yaml", format!("{text}silence: [{{ rule: {name}, because: a test }}]\n"));
        let output = machine.run(["validate"]);
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    }
}

#[test]
fn a_rule_that_cannot_be_silenced_says_what_to_do_instead() {
    let machine = Scratch::new();
    machine.write("hub.yaml", with("hub: false\nsilence: [{ rule: local-hub, because: a test }]"));
    let drawn = stderr(&machine.run(["validate"]));
    assert!(
        drawn.contains("the rule `local-hub` cannot be silenced") && drawn.contains("error[local-hub]"),
        "{drawn}"
    );
    assert!(drawn.contains("Leave `hub` out"), "{drawn}");
}

#[test]
fn examples_say_no_keys_that_say_nothing() {
    let machine = Scratch::new();
    machine.write("hub.yaml", with("sizes: 3"));
    let drawn = stderr(&machine.run(["validate"]));
    assert!(drawn.contains("write for example `sizes: [") && !drawn.contains("null"), "{drawn}");
}

#[test]
fn a_group_is_explained() {
    let machine = Scratch::new();
    machine.write("hub.yaml", with("groups: { g: [ada] }"));
    let output = machine.run(["explain", "groups.g", "hub.yaml"]);
    assert!(
        stdout(&output).contains("value:    [ada]   (hub.yaml:3:14)"),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
}
