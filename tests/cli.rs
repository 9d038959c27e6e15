//! The command line: help, exit codes, formats, and the verbs that need no hub.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise and says what it skips"
)]

#[path = "support/scratch.rs"]
mod scratch;

use clap::CommandFactory;
use scratch::{Scratch, stderr, stdout};
use serde_json::Value;

#[test]
fn every_verb_has_help_with_examples_before_its_options() {
    let machine = Scratch::new();
    let verbs: Vec<_> =
        frazil::cli::Cli::command().get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    assert!(verbs.len() >= 11);
    for verb in verbs.iter().filter(|verb| !["schema", "man", "catalog"].contains(&verb.as_str())) {
        let text = stdout(&machine.run([verb, "--help"]));
        let example = text.find("frazil ").unwrap_or(usize::MAX);
        let options = text.find("Options:").unwrap_or(0);
        assert!(text.contains("Example"), "{verb} has no example:\n{text}");
        assert!(example < options, "{verb}: examples come first:\n{text}");
    }
}

#[test]
fn images_are_built_where_they_run_and_pushed_where_their_name_says() {
    let machine = Scratch::new();
    let other = if cfg!(target_arch = "x86_64") { "linux/arm64" } else { "linux/amd64" };
    let refused = machine.run(["image", "build", "--platform", other]);
    assert_eq!(refused.status.code(), Some(64));
    assert!(stderr(&refused).contains(other), "{}", stderr(&refused));
    let nowhere = machine.run(["image", "push"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(stderr(&nowhere).contains("names no registry"), "{}", stderr(&nowhere));
    let elsewhere = machine.run(["image", "build"]);
    assert!(stderr(&elsewhere).contains("no checkout of frazil"), "{}", stderr(&elsewhere));
}

#[test]
fn bad_usage_is_64() {
    let machine = Scratch::new();
    for arguments in [vec!["upp"], vec!["validate", "--nope"], vec![], vec!["up", "-o", "xml"]] {
        assert_eq!(machine.run(&arguments).status.code(), Some(64), "{arguments:?}");
    }
    assert!(stderr(&machine.run(["upp"])).contains("up"), "the nearest verb is named");
    assert_eq!(machine.run(["--help"]).status.code(), Some(0));
    assert_eq!(machine.run(["--version"]).status.code(), Some(0));
}

#[test]
fn colour_is_off_where_it_does_not_belong_and_on_when_asked() {
    let machine = Scratch::new();
    machine.write("hub.yaml", "name: Lab\n");
    assert!(!stderr(&machine.run(["validate"])).contains('\u{1b}'));
    let coloured = stderr(&machine.run(["validate", "--color", "always"]));
    assert!(coloured.contains('\u{1b}'), "{coloured}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let machine = Scratch::new();
    let program = assert_cmd::cargo::cargo_bin("frazil");
    let script = format!("{} schema | head -n 1; echo ${{PIPESTATUS[0]}}", program.display());
    let output = std::process::Command::new("bash")
        .arg("-c")
        .arg(script)
        .current_dir(machine.path())
        .output()
        .unwrap();
    assert_eq!(stdout(&output), "{\n0\n", "{}", stderr(&output));
}

#[test]
fn the_committed_schema_is_the_current_one_and_fits_the_examples() {
    let machine = Scratch::new();
    let printed = stdout(&machine.run(["schema"]));
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let committed = std::fs::read_to_string(examples.join("hub.schema.json")).unwrap();
    assert_eq!(printed, committed, "run `frazil schema > examples/hub.schema.json`");
    let schema: Value = serde_json::from_str(&printed).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for name in ["laptop", "hackweek-aws", "gateway-gcp", "every-key"] {
        let text = std::fs::read_to_string(examples.join(format!("{name}.yaml"))).unwrap();
        let value: Value = from_yaml(&text);
        let problems: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{name}: {problems:?}");
    }
    for wrong in [
        "name: x\nprovider: azure\n",
        "name: x\n",
        "name: x\nprovider: local\nsizes: [{name: a, memory: '8'}]\n",
    ] {
        assert!(!validator.is_valid(&from_yaml(wrong)), "{wrong}");
    }
}

/// YAML as an editor reads it.
fn from_yaml(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

#[test]
fn init_writes_a_file_that_can_be_used() {
    let machine = Scratch::new();
    let calls: [&[&str]; 4] = [
        &["--name", "lab", "--provider", "local"],
        &[
            "--name",
            "lab",
            "--provider",
            "kubernetes",
            "--context",
            "kind-kind",
            "--domain",
            "hub.example.org",
        ],
        &[
            "--name",
            "lab",
            "--provider",
            "gcp",
            "--project",
            "my-project",
            "--region",
            "us-central1",
            "--budget",
            "1000 USD",
        ],
        &[
            "--name",
            "icesat2",
            "--provider",
            "aws",
            "--account",
            "012345678901",
            "--region",
            "us-west-2",
            "--admin",
            "octocat",
            "--github-allow",
            "ICESAT-2HackWeek:2026",
            "--github-client-id",
            "Iv1.8a61",
        ],
    ];
    for call in calls {
        let output = machine.frazil().arg("init").args(call).arg("--overwrite").output().unwrap();
        assert!(output.status.success(), "{call:?}: {}", stderr(&output));
        assert_eq!(machine.run(["validate"]).status.code(), Some(0));
    }
    let account = machine.run(["explain", "provider.aws.account"]);
    assert!(stdout(&account).contains("value:    \"012345678901\"   (hub.yaml:3:"), "{}", stdout(&account));
}

#[test]
fn init_asks_nobody_without_a_terminal_and_keeps_what_is_there() {
    let machine = Scratch::new();
    let output = machine.run(["init", "--name", "lab"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("`--provider` is missing"), "{}", stderr(&output));
    let file = machine.write("hub.yaml", "mine");
    let output = machine.run(["init", "--name", "lab", "--provider", "local"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("is there already"), "{}", stderr(&output));
    let output = machine.run(["init", "--name", "Lab", "--provider", "local", "--overwrite"]);
    assert_eq!(output.status.code(), Some(1), "a bad name makes no file");
    assert_eq!(std::fs::read_to_string(file).unwrap(), "mine");
}

#[test]
fn explain_tells_type_default_example_and_value() {
    let machine = Scratch::new();
    machine.write("hub.yaml", "name: lab\nprovider: local\ngateway:\n  idle_timeout: 1 h\n");
    let text = stdout(&machine.run(["explain", "gateway.idle_timeout"]));
    for words in [
        "length of time with unit",
        "default:  30 min",
        "example:  idle_timeout: 30 min",
        "value:    1 h   (hub.yaml:4:17)",
    ] {
        assert!(text.contains(words), "no `{words}` in\n{text}");
    }
    let text = stdout(&machine.run(["explain", "gateway.workers.memory"]));
    assert!(text.contains("value:    4 GiB   (default)"), "{text}");
    let output = machine.run(["explain", "gateway.idle"]);
    assert_eq!(output.status.code(), Some(1));
    let all = stdout(&machine.run(["explain"]));
    assert!(all.contains("provider") && all.contains("(required)"), "{all}");
}

#[test]
fn explain_pools_says_which_machines_and_why() {
    let machine = Scratch::new();
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hackweek-aws.yaml");
    let output = machine.frazil().args(["explain", "pools"]).arg(example).output().unwrap();
    let text = stdout(&output);
    for words in [
        "\nuser\n",
        "an empty node holds",
        "of `small`, or 1 of `large`",
        "USD an hour dearer",
        "g4dn.xlarge",
        "no spot price of",
    ] {
        assert!(text.contains(words), "no `{words}` in\n{text}");
    }
}

#[test]
fn completions_and_manual_pages_are_made() {
    let machine = Scratch::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = stdout(&machine.run(["completions", shell]));
        assert!(script.contains("validate"), "{shell}");
    }
    assert!(machine.run(["man", "--out", "pages"]).status.success());
    let page = std::fs::read_to_string(machine.path().join("pages/frazil-up.1")).unwrap();
    assert!(page.contains("hub"), "{page}");
}

#[test]
fn a_cloud_without_credentials_is_told_with_what_to_do() {
    let machine = Scratch::new();
    let cloud = "provider: { gcp: { project: my-project, region: us-central1 } }";
    machine.write("hub.yaml", format!("name: lab\n{cloud}\nauth: native\n"));
    let key = machine.path().join("nowhere.json");
    for verb in [&["status"][..], &["open"], &["kubeconfig"], &["down", "--audit"]] {
        let mut command = machine.frazil();
        let output = command.args(verb).env("GOOGLE_APPLICATION_CREDENTIALS", &key).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{verb:?}");
        let told = stderr(&output);
        assert!(told.contains("nowhere.json") && told.contains("GOOGLE_APPLICATION_CREDENTIALS"), "{told}");
    }
}

#[test]
fn a_cluster_that_cannot_be_reached_is_told_with_what_to_do() {
    let machine = Scratch::new();
    machine.write("hub.yaml", "name: lab\nprovider: { kubernetes: { context: kind } }\nauth: native\n");
    let run = |verb: &str| {
        machine.frazil().arg(verb).env("KUBECONFIG", machine.path().join("none")).output().unwrap()
    };
    for verb in ["status", "kubeconfig", "open"] {
        let output = run(verb);
        assert_eq!(output.status.code(), Some(1), "{verb}");
        let told = stderr(&output);
        assert!(told.contains("no kubeconfig") && told.contains("export KUBECONFIG"), "{verb}: {told}");
    }
    let output = run("doctor");
    assert_eq!(output.status.code(), Some(3));
    let told = stdout(&output);
    for words in ["Helm", "no kubeconfig", "name yours", "the hub file names no registry"] {
        assert!(told.contains(words), "no `{words}` in\n{told}");
    }
}

#[test]
fn a_hub_with_a_domain_is_opened_without_asking_the_cluster() {
    let machine = Scratch::new();
    let file =
        "name: lab\nprovider: { kubernetes: { context: kind } }\ndomain: hub.example.org\nauth: native\n";
    machine.write("hub.yaml", file);
    let output = machine.run(["open", "--print"]);
    assert_eq!(stdout(&output), "https://hub.example.org\n", "{}", stderr(&output));
    assert_eq!(machine.run(["open", "--user", "ada"]).status.code(), Some(64));
}

#[test]
fn explain_tells_of_rules() {
    let machine = Scratch::new();
    machine.write("hub.yaml", "broken: [");
    let all = stdout(&machine.run(["explain", "rules"]));
    assert!(all.contains("no-auth") && all.contains("SILENCEABLE"), "{all}");
    let document: Value =
        serde_json::from_slice(&machine.run(["explain", "rules", "-o", "json"]).stdout).unwrap();
    assert_eq!(document["schema"], "frazil.explain.rules/v1");
    assert!(document["rules"].as_array().unwrap().iter().all(|rule| rule["why"].is_string()));
    let one = stdout(&machine.run(["explain", "core-zone"]));
    for words in
        ["core-zone: error", "Breaks it:", "zones: [us-west-2b]", "Passes:", "silence: [{ rule: core-zone"]
    {
        assert!(one.contains(words), "no `{words}` in\n{one}");
    }
    machine.write("hub.yaml", "name: lab\nprovider: local\n");
    let hint = stderr(&machine.run(["explain", "core-zon"]));
    assert!(hint.contains("there is a rule `core-zone`"), "{hint}");
}

#[test]
fn the_day_can_be_chosen_and_has_to_be_one() {
    let machine = Scratch::new();
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/hackweek-aws.yaml");
    let on =
        |day: &str| machine.frazil().args(["validate", example]).env("FRAZIL_TODAY", day).output().unwrap();
    assert_eq!(stderr(&on("2026-11-02")), "");
    let drawn = stderr(&on("2027-03-27"));
    assert!(
        drawn.contains("warning[event-over]") && drawn.contains("warning[near-end-of-support]"),
        "{drawn}"
    );
    let output = on("soon");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("which is no day"), "{}", stderr(&output));
}
