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
