//! Files made to be slow or to write much, and what is no file.

use crate::cases::with;
use crate::scratch::{Scratch, stderr};

/// Most that a file's problems may write.
const MOST_BYTES: usize = 100_000;

fn many(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect::<Vec<_>>().join(", ")
}

#[test]
fn many_problems_are_told_in_few_words() {
    let names = many(9000, |index| format!("A{index}"));
    let keys = many(9000, |index| format!("key{index}: 1"));
    let sizes = many(2000, |_| "{ name: a, memory: 1 GiB }".to_owned());
    let lines: String = (0..6000).map(|index| format!("key{index}: 1\n")).collect();
    for (text, words) in [
        (with(&format!("admins: [{names}]")), "and 8950 more"),
        (with(&lines), "and 5950 more"),
        (format!("{{ name: lab, provider: local, {keys} }}"), "and 8950 more"),
        (with(&format!("sizes: [{sizes}]")), "and 1949 more"),
        (with(&format!("name{}: 1", "x".repeat(900))), "has no key `namexxx"),
        (with(&format!("? {}\n: 1", "k".repeat(900_000))), "error"),
        (with(&format!("welcome: [{}]", "k".repeat(900_000))), "a text"),
        (with(&format!("domain: {}", "k".repeat(900_000))), "`domain` cannot be `kkk"),
        (with(&format!("silence: [{{ rule: {}, because: x }}]", "k".repeat(900_000))), "unknown rule"),
    ] {
        let machine = Scratch::new();
        machine.write("hub.yaml", &text);
        let output = machine.run(["validate"]);
        let drawn = stderr(&output);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            drawn.contains(words),
            "no `{words}` in {} ... {}",
            &text[..80],
            &drawn[..drawn.len().min(2000)]
        );
        assert!(drawn.len() <= MOST_BYTES, "{} bytes", drawn.len());
    }
}

#[test]
fn rules_stay_fast_on_files_made_to_be_slow() {
    let aws = "name: lab\nprovider: { aws: { account: \"123456789012\", region: us-west-2 } }\n";
    let key = "k".repeat(300_000);
    for lines in [
        format!("sizes: [{}]", many(8000, |i| format!("{{ name: a{i}, memory: 900 TiB, groups: ['a:b'] }}"))),
        format!(
            "pools: {{ user: {{ machines: [{}] }} }}",
            many(60_000, |i| format!("r{}i.large", 6 + i % 2))
        ),
        format!(
            "zones: [{}]\npools: {{ core: {{ zones: [{}] }} }}",
            many(20_000, |i| format!("us-west-{i}")),
            many(20_000, |i| format!("us-west-x{i}"))
        ),
        format!("data: {{ regions: [{}] }}", many(60_000, |_| "eu-west-1".to_owned())),
        format!("silence: [{}]", many(20_000, |i| format!("{{ rule: no-efect{i}, because: x }}"))),
        format!(
            "overrides: {{ jupyterhub: {{ singleuser: {{ {} }} }} }}",
            many(40_000, |i| format!("startTimeot{i}: 1"))
        ),
        format!(
            "overrides: {{ jupyterhub: {{ hub: {{ config: {{ KubeSpawner: {{ {} }} }} }} }} }}",
            many(40_000, |i| format!("cpuLimit{i}: 1"))
        ),
        format!("overrides: {{ jupyterhub: {{ {key}: [{}] }} }}", many(40_000, |_| "{ a: 1 }".to_owned())),
        format!("gateways: [{}]", many(9000, |i| format!("{{ name: g{i}, file: hub.yaml, buckets: [A] }}"))),
        format!(
            "auth: {{ github: {{ allow: [{}], client_id: x, client_secret: {{ env: X }} }} }}",
            many(20_000, |i| format!("Org{i}:Team.{i}"))
        ),
    ] {
        let machine = Scratch::new();
        machine.write("hub.yaml", format!("{aws}{lines}\n"));
        let begin = std::time::Instant::now();
        let output =
            machine.frazil().arg("validate").timeout(std::time::Duration::from_mins(1)).output().unwrap();
        assert!(output.status.code().is_some(), "stopped after a minute: {}", &lines[..60]);
        assert!(begin.elapsed().as_secs() < 20, "{:?}: {}", begin.elapsed(), &lines[..60]);
        assert!(stderr(&output).len() <= MOST_BYTES, "{} bytes: {}", stderr(&output).len(), &lines[..60]);
    }
}

#[test]
fn a_clipped_line_keeps_its_place_and_its_mark() {
    let machine = Scratch::new();
    let names = many(2000, |index| if index == 1000 { "Ada".to_owned() } else { format!("ada{index}") });
    let text = with(&format!("admins: [{names}]"));
    let column = text.lines().last().and_then(|line| line.find("Ada")).unwrap() + 1;
    machine.write("hub.yaml", &text);
    let drawn = stderr(&machine.run(["validate"]));
    assert!(drawn.contains(&format!("--> hub.yaml:3:{column}\n")), "{drawn}");
    let line = drawn.lines().find(|line| line.starts_with("3 |")).unwrap();
    let mark = drawn.lines().find(|line| line.contains("^^^")).unwrap();
    let start = mark.find("^^^").unwrap();
    let marked: String = line.chars().skip(start).take(3).collect();
    assert_eq!(marked, "Ada", "{drawn}");
    assert!(line.chars().count() < 200, "{drawn}");
}

#[test]
#[cfg(unix)]
fn what_is_no_regular_file_is_not_read() {
    let machine = Scratch::new();
    let made = std::process::Command::new("mkfifo").arg(machine.path().join("pipe")).status();
    let pipe = made.is_ok_and(|status| status.success());
    for file in ["/dev/zero", "pipe"].into_iter().take(if pipe { 2 } else { 1 }) {
        let output =
            machine.frazil().args(["validate", file]).timeout(std::time::Duration::from_secs(20)).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains("is no regular file"), "{}", stderr(&output));
    }
}
