//! Hub files that are wrong: each a clear error at the right place, exit 1,
//! nothing written.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise and says what it skips"
)]

#[path = "support/scratch.rs"]
mod scratch;

use scratch::{Scratch, stderr, stdout};
use serde_json::Value;

/// A file, the place and rule of a problem, and words its message or help must have.
struct Case {
    name: &'static str,
    content: Vec<u8>,
    at: Option<(u64, u64)>,
    rule: &'static str,
    words: &'static str,
}

const GOOD: &str = "name: lab\nprovider: local\n";

fn case(
    name: &'static str,
    content: impl Into<Vec<u8>>,
    at: (u64, u64),
    rule: &'static str,
    words: &'static str,
) -> Case {
    Case { name, content: content.into(), at: Some(at), rule, words }
}

fn whole(name: &'static str, content: impl Into<Vec<u8>>, rule: &'static str, words: &'static str) -> Case {
    Case { name, content: content.into(), at: None, rule, words }
}

/// A good file with one more line; the problem is in line 3.
fn with(line: &str) -> String {
    format!("{GOOD}{line}\n")
}

fn bomb() -> String {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let below = format!("*a{}", level - 1);
        let aliases = vec![below; 10].join(", ");
        text += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    text
}

fn unreadable() -> Vec<Case> {
    vec![
        whole("empty", "", "empty", "the file is empty"),
        whole("only white space", " \n\n", "empty", "frazil init"),
        whole("only a comment", "# nothing yet\n", "empty", "frazil init"),
        whole("null", "null\n", "empty", "frazil init"),
        case("a list", "- name: lab\n", (1, 1), "wrong-type", "a mapping of keys and values"),
        case("a word", "hello\n", (1, 1), "wrong-type", "a mapping of keys and values"),
        case(
            "not YAML",
            "name: lab\nprovider: {local: \n",
            (2, 11),
            "syntax",
            "missing quote, bracket or colon",
        ),
        case("an open quote", "name: \"lab\nprovider: local\n", (2, 1), "syntax", "not YAML"),
        case("tabs", "name: lab\nprovider:\n\tlocal: {}\n", (3, 2), "syntax", "use spaces"),
        case("bomb", bomb(), (5, 10), "too-many-values", "write out less"),
        case(
            "deep nesting",
            format!("name: {}{}", "[".repeat(200), "]".repeat(200)),
            (1, 70),
            "too-deep",
            "brackets",
        ),
        case("an alias to nothing", "name: *lab\n", (1, 7), "syntax", "not YAML"),
        case(
            "two documents",
            "name: lab\nprovider: local\n---\nname: other\n",
            (3, 1),
            "several-documents",
            "a file of its own",
        ),
        case(
            "a key twice",
            "name: lab\nprovider: local\nname: other\n",
            (3, 1),
            "duplicate-key",
            "first here",
        ),
        case(
            "a key twice below",
            "name: lab\nprovider: local\nsizes:\n  - name: a\n    memory: 1 GiB\n    memory: 2 GiB\n",
            (6, 5),
            "duplicate-key",
            "keep one",
        ),
        whole("10 MB", vec![b'#'; 10_000_000], "too-long", "at most 1 MiB"),
        whole("not UTF-8", b"name: lab\nprovider: \xff\xfe\n".to_vec(), "not-text", "line 2"),
        whole("UTF-16", b"n\0a\0m\0e\0:\0 \0\xff\xd8".to_vec(), "not-text", "UTF-8"),
        case("a null byte", b"name: l\0ab\nprovider: local\n".to_vec(), (1, 8), "syntax", "not YAML"),
        case("a mapping as key", "{a: b}: c\nname: lab\n", (1, 1), "syntax", "single word"),
    ]
}

fn unknown_keys() -> Vec<Case> {
    vec![
        case("at the top", with("siezs: []"), (3, 1), "unknown-key", "did you mean `sizes`?"),
        case("nothing like it", with("xyzzy: 1"), (3, 1), "unknown-key", "known here: name, provider"),
        case(
            "in the provider",
            "name: lab\nprovider: { local: { prot: 1 } }\n",
            (2, 22),
            "unknown-key",
            "did you mean `port`?",
        ),
        case(
            "in a size",
            with("sizes: [{ name: a, memory: 1 GiB, ram: 2 }]"),
            (3, 35),
            "unknown-key",
            "known here: name, memory",
        ),
        case(
            "in the gateway",
            with("gateway: { worker: {} }"),
            (3, 12),
            "unknown-key",
            "did you mean `workers`?",
        ),
        case(
            "in the workers",
            with("gateway: { workers: { spots: true } }"),
            (3, 23),
            "unknown-key",
            "did you mean `spot`?",
        ),
        case(
            "in the limits",
            with("gateway: { per_user: { cores: 1, memory: 1 GiB, gpus: 1 } }"),
            (3, 49),
            "unknown-key",
            "known here: cores, memory",
        ),
        case(
            "in a further gateway",
            with("gateways: [{ name: a, adress: b }]"),
            (3, 23),
            "unknown-key",
            "did you mean `address`?",
        ),
        case(
            "in the homes",
            with("storage: { homes: { qouta: 1 GiB } }"),
            (3, 21),
            "unknown-key",
            "did you mean `quota`?",
        ),
        case(
            "in the budget",
            with("budget: { total: 1 USD, alerts_at: [1] }"),
            (3, 25),
            "unknown-key",
            "did you mean `alert_at`?",
        ),
        case(
            "in the event",
            with("event: { from: 2026-03-21, to: 2026-03-22, attendees: 2, people: 3 }"),
            (3, 58),
            "unknown-key",
            "known here: from, to",
        ),
        case(
            "in the login",
            with("auth: { password: { allowed: [] } }"),
            (3, 21),
            "unknown-key",
            "did you mean `allow`?",
        ),
        case(
            "in a secret",
            with("auth: { password: { admin_password: { enviroment: X } } }"),
            (3, 39),
            "one-of",
            "`env`, `file` or `sops`",
        ),
        case(
            "in a pool",
            with("pools: { core: { machin: r5.large } }"),
            (3, 18),
            "unknown-key",
            "did you mean `machine`?",
        ),
        case("a pool", with("pools: { users: {} }"), (3, 10), "unknown-key", "did you mean `user`?"),
        case(
            "a key of elsewhere",
            with("idle_timeout: 30 min"),
            (3, 1),
            "unknown-key",
            "stands in `gateway`",
        ),
        case(
            "an unknown chart",
            with("overrides: { jupyterhb: {} }"),
            (3, 14),
            "unknown-key",
            "did you mean `jupyterhub`?",
        ),
        case(
            "an unknown rule",
            with("silence: [{ rule: no-efect, because: x }]"),
            (3, 19),
            "unknown-rule",
            "did you mean `no-effect`?",
        ),
    ]
}

fn wrong_values() -> Vec<Case> {
    vec![
        case("no unit", with("sizes: [{ name: a, memory: 8 }]"), (3, 28), "unit", "memory: 8 GiB"),
        case(
            "a Kubernetes unit",
            with("sizes: [{ name: a, memory: 8Gi }]"),
            (3, 28),
            "unit",
            "memory: 8 GiB",
        ),
        case(
            "a unit of time for memory",
            with("sizes: [{ name: a, memory: 8 min }]"),
            (3, 28),
            "unit",
            "memory: 8 MiB",
        ),
        case(
            "negative memory",
            with("sizes: [{ name: a, memory: -8 GiB }]"),
            (3, 28),
            "unit",
            "not negative",
        ),
        case(
            "absurd memory",
            with("sizes: [{ name: a, memory: 99999999999 PiB }]"),
            (3, 28),
            "unit",
            "below 16 EiB",
        ),
        case(
            "no memory at all",
            with("sizes: [{ name: a, memory: 0 GiB }]"),
            (3, 28),
            "no-memory",
            "at least",
        ),
        case("minutes as m", with("gateway: { idle_timeout: 30m }"), (3, 26), "unit", "idle_timeout: 30 min"),
        case("money without currency", with("budget: { total: 1000 }"), (3, 18), "unit", "total: 1000 USD"),
        case("money in dollars", with("budget: { total: $1000 }"), (3, 18), "unit", "total: 1000 USD"),
        case(
            "a rate",
            with("event: { from: 2026-03-21, to: 2026-03-22, attendees: 2, login_burst: 80 per hour }"),
            (3, 71),
            "unit",
            "80 in 15 min",
        ),
        case(
            "a negative number",
            with("gateway: { workers: { max: -1 } }"),
            (3, 28),
            "out-of-range",
            "between 1 and 100000",
        ),
        case(
            "an absurd number",
            with("gateway: { workers: { max: 99999999999999999999 } }"),
            (3, 28),
            "out-of-range",
            "between 1 and 100000",
        ),
        case(
            "not a number",
            with("gateway: { workers: { cores: .nan } }"),
            (3, 30),
            "wrong-type",
            "a number",
        ),
        case("infinity", with("gateway: { workers: { cores: .inf } }"), (3, 30), "wrong-type", "a number"),
        case(
            "a fraction of a worker",
            with("gateway: { workers: { max: 1.5 } }"),
            (3, 28),
            "wrong-type",
            "a whole number",
        ),
        case(
            "a quoted number",
            with("gateway: { workers: { max: \"4\" } }"),
            (3, 28),
            "wrong-type",
            "a whole number",
        ),
        case(
            "a port beyond",
            "name: lab\nprovider: { local: { port: 70000 } }\n",
            (2, 28),
            "out-of-range",
            "between 1 and 65535",
        ),
        case("yes for true", with("hub: yes"), (3, 6), "wrong-type", "write `hub: true`"),
        case("a name in capitals", "name: Lab\nprovider: local\n", (1, 7), "name", "lower-case"),
        case(
            "a name too long",
            format!("name: {}\nprovider: local\n", "x".repeat(33)),
            (1, 7),
            "name",
            "at most 32",
        ),
        case(
            "a provider that is none",
            "name: lab\nprovider: azure\n",
            (2, 11),
            "one-of",
            "`aws`, `gcp`, `kubernetes` or `local`",
        ),
        case(
            "two providers",
            "name: lab\nprovider: { local: {}, aws: {} }\n",
            (2, 24),
            "one-of",
            "not several",
        ),
        case(
            "a missing key",
            "name: lab\nprovider: { aws: { account: \"123456789012\" } }\n",
            (2, 13),
            "missing-key",
            "region: us-west-2",
        ),
        case("no name", "provider: local\n", (1, 1), "missing-key", "name: icesat2-2026"),
        case(
            "an account of eleven digits",
            "name: lab\nprovider: { aws: { account: 12345678901, region: us-west-2 } }\n",
            (2, 29),
            "name",
            "twelve digits",
        ),
        case(
            "a region that is none",
            "name: lab\nprovider: { aws: { account: \"123456789012\", region: us-west-9 } }\n",
            (2, 53),
            "unknown-region",
            "did you mean `us-west-",
        ),
        case(
            "a machine that is none",
            "name: lab\nprovider: { aws: { account: \"123456789012\", region: us-west-2 } }\npools: { user: { machine: r5.xlrge } }\n",
            (3, 27),
            "unknown-machine",
            "did you mean",
        ),
        case("a word for a list", with("admins: ada"), (3, 9), "wrong-type", "write `admins: [ada]`"),
        case("a list for a word", with("domain: [a.org]"), (3, 9), "wrong-type", "a text"),
        case("no sizes", with("sizes: []"), (3, 8), "too-few", "at least 1"),
        case(
            "two sizes of one name",
            with("sizes: [{ name: a, memory: 1 GiB }, { name: a, memory: 2 GiB }]"),
            (3, 45),
            "repeated-name",
            "its own name",
        ),
        case(
            "two default sizes",
            with(
                "sizes: [{ name: a, memory: 1 GiB, default: true }, { name: b, memory: 2 GiB, default: true }]",
            ),
            (3, 87),
            "several-defaults",
            "one size only",
        ),
        case(
            "a group of nobody",
            with("sizes: [{ name: a, memory: 1 GiB, groups: [gurus] }]"),
            (3, 44),
            "unknown-group",
            "say who is in it",
        ),
        case("a gateway without a way", with("gateways: [{ name: a }]"), (3, 12), "one-of", "its address"),
        case(
            "an address that is none",
            with("gateways: [{ name: a, address: gateway.org }]"),
            (3, 32),
            "name",
            "https://",
        ),
        case(
            "an end before the beginning",
            with("event: { from: 2026-03-25, to: 2026-03-21, attendees: 2 }"),
            (3, 32),
            "event-days",
            "swap",
        ),
        case(
            "a day that is none",
            with("event: { from: 2026-02-30, to: 2026-03-21, attendees: 2 }"),
            (3, 16),
            "name",
            "YEAR-MONTH-DAY",
        ),
        case("a public network", with("network: { cidr: 8.8.0.0/16 }"), (3, 18), "name", "private IPv4"),
        case("a gateway alone", with("hub: false"), (3, 6), "local-hub", "for clusters"),
        case(
            "a login of the cloud",
            with("auth: { native: {} }"),
            (3, 9),
            "auth-provider",
            "`password` and `pam`",
        ),
    ]
}

#[test]
fn every_bad_file_is_refused_at_the_right_place() {
    let mut failures = Vec::new();
    for case in unreadable().into_iter().chain(unknown_keys()).chain(wrong_values()) {
        if let Err(difference) = check(&case) {
            failures.push(format!("{}: {difference}", case.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn check(case: &Case) -> Result<(), String> {
    let machine = Scratch::new();
    let file = machine.write("hub.yaml", &case.content);
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
    ensure(std::fs::read(file).unwrap() == case.content, "the file was changed")?;
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
fn the_examples_can_be_used() {
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let machine = Scratch::new();
    let mut count = 0;
    for entry in std::fs::read_dir(examples).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "yaml") {
            let output = machine.run([std::ffi::OsStr::new("validate"), path.as_os_str()]);
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
            assert_eq!(stderr(&output), "", "{path:?}");
            count += 1;
        }
    }
    assert!(count >= 4);
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
