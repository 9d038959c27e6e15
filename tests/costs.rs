//! `frazil cost` from end to end: a sheet worked by hand over jupyterhub-cost-monitoring's sample, and what the
//! program prints of ledgers.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise and says what it skips"
)]

#[path = "support/scratch.rs"]
mod scratch;
#[path = "support/skips.rs"]
mod skips;

use std::path::{Path, PathBuf};

use frazil::ledger::decimal::Decimal;
use frazil::ledger::{
    Charge, FileRead, Gather, Gathered, Ledger, LineKey, Lineage, Month, Prices, Source, SourceKind, Symbol,
};
use scratch::{Scratch, stderr, stdout};
use serde_json::Value;
use skips::skipped;

/// The first of September 2025.
const FIRST: i32 = 20_332;

/// The sample; `None` where it does not lie beside the checkout.
fn sample() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/bills/jupyterhub");
    if folder.exists() {
        return Some(folder);
    }
    skipped(format_args!("{} is missing", folder.display()));
    None
}

/// Rows of Cost Explorer, which knows no resources: day, service, tags, amount in USD.
fn sums(rows: &[(i32, &str, &str, &str)]) -> Gathered {
    let mut gather = Gather::default();
    let source =
        Source { kind: SourceKind::CostExplorer, provider: "aws".into(), payer: "123456789012".into() };
    let source = gather.source(&source);
    for (row, (day, service, tags, amount)) in (1..).zip(rows) {
        let key = LineKey {
            source,
            month: Month::from_number(202_509).unwrap(),
            day: *day,
            charge: Charge::Usage,
            account: Symbol::EMPTY,
            service: gather.symbols.add(service),
            usage_type: Symbol::EMPTY,
            operation: Symbol::EMPTY,
            region: gather.symbols.add("us-west-2"),
            resource: Symbol::EMPTY,
            unit: Symbol::EMPTY,
            tags: gather.symbols.add(tags),
            currency: gather.symbols.add("USD"),
        };
        let billed = Decimal::from_text(amount).unwrap();
        gather.line(key, 0, Prices { billed, effective: billed, list: billed }, Lineage { file: 0, row });
    }
    let rows = rows.len() as u64;
    gather.file(FileRead { name: "answers.json".into(), digest: "5e3d".repeat(16), rows });
    gather.finish()
}

const PROD: &str = r#"{"frazil:hub":"prod"}"#;
const HOMES: &str = r#"{"frazil:homes":"prod","frazil:hub":"prod"}"#;
const COMPUTE: &str = "Amazon Elastic Compute Cloud - Compute";

/// A machine whose ledger has the sample's first two days. Of "EC2 - Other" the homes' part stands in
/// `cost_component_home_storage.json`: 10.9546080266 less 7.2199712605 is 3.7346367661 on the first day,
/// 11.1292772771 less 7.2033867203 is 3.9258905568 on the second.
fn with_sample(folder: &Path) -> Scratch {
    let machine = Scratch::new();
    let rows = [
        (FIRST, COMPUTE, PROD, "13.843269972"),
        (FIRST, "EC2 - Other", HOMES, "7.2199712605"),
        (FIRST, "EC2 - Other", PROD, "3.7346367661"),
        (FIRST, "Amazon Elastic Container Service for Kubernetes", PROD, "2.4"),
        (FIRST, "Amazon Simple Storage Service", "", "0.1708161627"),
        (FIRST + 1, COMPUTE, PROD, "18.63063972"),
        (FIRST + 1, "EC2 - Other", HOMES, "7.2033867203"),
        (FIRST + 1, "EC2 - Other", PROD, "3.9258905568"),
    ];
    let mut ledger = Ledger::open(&machine.path().join("ledger.sqlite")).unwrap();
    ledger.take(&sums(&rows), "2025-09-03T00:00:00Z").unwrap();
    drop(ledger);
    for (option, file) in [
        ("--prometheus", "usage_compute.json"),
        ("--homes", "usage_home_storage.json"),
        ("--groups", "user_group_info.json"),
    ] {
        let output = machine.run([
            "cost".as_ref(),
            "read".as_ref(),
            option.as_ref(),
            folder.join(file).as_os_str(),
            "--ledger".as_ref(),
            "ledger.sqlite".as_ref(),
        ]);
        assert!(output.status.success(), "{}", stderr(&output));
    }
    machine
}

fn data(machine: &Scratch, arguments: &[&str]) -> Value {
    let output = machine
        .frazil()
        .arg("cost")
        .args(arguments)
        .args(["--ledger", "ledger.sqlite", "-o", "json"])
        .output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

/// Kind, name and amount of each part.
fn parts(data: &Value, by: &str) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let parts = data["currencies"][0]["parts"].as_array().unwrap();
    parts.iter().map(|part| (text(&part["kind"]), text(&part[by]), text(&part["amount"]))).collect()
}

fn amount<'a>(parts: &'a [(String, String, String)], kind: &str, name: &str) -> &'a str {
    &parts.iter().find(|part| (part.0.as_str(), part.1.as_str()) == (kind, name)).unwrap().2
}

/// jupyterhub-cost-monitoring's rule: a day's compute by memory requests, homes by their bytes, nothing idle.
///
/// First day. Samples of five minutes (user: samples × bytes):
///   `user_1`   15 ×  7,964,979,101                          =   119,474,686,515
///   `user_2`  288 × 15,929,958,203                          = 4,587,827,962,464
///   `user_3`   81 × 31,859,916,406                          = 2,580,653,228,886
///   `user_4`   42 ×  3,982,489,550 + 5 × 1,991,244,775      =   177,220,784,975
///                                                     sum = 7,465,176,662,840
/// Compute 13.843269972 USD by those: 0.221551399913, 8.507573757178, 4.785510238413, 0.328634576496.
/// Homes of the hub prod are 3,053,228 (`user_1`), 291,224,840 (`user_3`) and 17,466,688 (`user_4`) of 311,744,756
/// bytes; 7.2199712605 USD by those: 0.070712395277, 6.744732460371, 0.404526404852.
///
/// Second day. One sample each of `user_2`, `user_3` and `user_4`, of 49,781,119,384 bytes together; compute
/// 18.63063972 USD: 5.961804710445, 11.923609420890, 0.745225588665. Homes 7.2033867203 USD: 0.070549966298
/// (`user_1`), 6.729239561218 (`user_3`), 0.403597192784 (`user_4`).
///
/// Together:
///   `user_1`  0.221551399913 + 0.070712395277 + 0.070549966298                  =  0.362813761488
///   `user_2`  8.507573757178 + 5.961804710445                                  = 14.469378467623
///   `user_3`  4.785510238413 + 6.744732460371 + 11.923609420890 + 6.729239561218 = 30.183091680892
///   `user_4`  0.328634576496 + 0.404526404852 + 0.745225588665 + 0.403597192784  =  1.881983762797
///   shared  3.7346367661 + 2.4 + 3.9258905568                                 = 10.0605273229
///   foreign                                                                     0.1708161627
#[test]
fn the_sample_is_divided_as_by_hand() {
    let Some(folder) = sample() else { return };
    let machine = with_sample(&folder);
    let rule = ["--weights", "0:1", "--idle", "shared"];
    let found = data(&machine, &[&["--by", "user"][..], &rule].concat());
    let found = parts(&found, "user");
    for (kind, name, expected) in [
        ("person", "user_1", "0.362813761488"),
        ("person", "user_2", "14.469378467623"),
        ("person", "user_3", "30.183091680892"),
        ("person", "user_4", "1.881983762797"),
        ("shared", "", "10.0605273229"),
        ("foreign", "", "0.1708161627"),
    ] {
        assert_eq!(amount(&found, kind, name), expected, "{kind} {name}");
    }
    assert_eq!(found.len(), 6);

    // user_1 and user_3 of prod are of group_1; user_2 and user_4 are in groups of another hub only.
    let found = parts(&data(&machine, &[&["--by", "group"][..], &rule].concat()), "group");
    assert_eq!(amount(&found, "person", "group_1"), "30.54590544238");
    assert_eq!(amount(&found, "person", ""), "16.35136223042");
}

#[test]
fn the_table_is_what_an_organizer_reads() {
    let Some(folder) = sample() else { return };
    let machine = with_sample(&folder);
    let show = |arguments: &[&str]| {
        let output = machine
            .frazil()
            .arg("cost")
            .args(arguments)
            .args(["--ledger", "ledger.sqlite"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    let text = show(&["--by", "user", "--weights", "0:1", "--idle", "shared"]);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines[0],
        "2025-09, USD billed, by user: by requests (weights 0:1), idle shared, shared apart"
    );
    let first_words: Vec<_> = lines[2..].iter().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(
        first_words[..8],
        ["USER", "user_3", "user_2", "user_4", "user_1", "(shared)", "(foreign)", "total"],
        "{text}"
    );
    assert!(lines[3].contains("30.18   52.8 %"), "{text}");
    assert!(text.contains("57.13  100.0 %"), "{text}");
    assert!(text.contains("Bills: cost-explorer of aws 123456789012, 2025-09."), "{text}");

    // What a hub has is its own, idle or not; the second day of user_1 has no pod.
    assert!(show(&[]).contains("servers"));
    assert!(show(&["--by", "hub"]).contains("prod"));
    let csv = show(&["--by", "user,day", "-o", "csv"]);
    assert!(csv.starts_with("kind,user,day,currency,amount\r\n"), "{csv}");
    assert!(csv.contains("foreign,,2025-09-01,USD,0.1708161627\r\n"), "{csv}");

    let why = show(&["--by", "user", "--weights", "0:1", "--explain", "user_2"]);
    assert!(why.starts_with("user_2: 14.469378467623 USD, in 2 parts"), "{why}");
    assert!(why.contains("answers.json:1 (5e3d5e3d5e3d)"), "{why}");
    let output = machine.run(["cost", "--by", "user", "--explain", "user_22", "--ledger", "ledger.sqlite"]);
    assert!(stderr(&output).contains("`--explain user_2`"), "{}", stderr(&output));
}

#[test]
fn what_is_not_there_is_told() {
    let machine = Scratch::new();
    let output = machine.run(["cost"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("there is no ledger in"), "{}", stderr(&output));
    assert!(!machine.path().join("data").exists(), "asking makes nothing");
    for (arguments, code) in [
        (vec!["cost", "read"], 64),
        (vec!["cost", "--by", "planet"], 64),
        (vec!["cost", "--weights", "0:0"], 64),
        (vec!["cost", "--month", "2025"], 64),
        (vec!["cost", "read", "--prometheus", "memory=x.json"], 64),
        (vec!["cost", "read", "--prometheus", "http://127.0.0.1:9"], 64),
        (vec!["cost", "read", "--homes", "missing.csv"], 1),
    ] {
        assert_eq!(machine.run(&arguments).status.code(), Some(code), "{arguments:?}");
    }
}

#[test]
fn a_call_takes_in_all_or_nothing() {
    let machine = Scratch::new();
    machine.write("homes.csv", "user,bytes,day\nada,5,2026-10-01\n");
    machine.write("wrong.csv", "user,bytes,day\nada,5,2026-10-01\nbob,much,2026-10-01\n");
    let read = |files: &[&str]| {
        let mut call = machine.frazil();
        call.args(["cost", "read", "--hub", "lab", "--ledger", "ledger.sqlite"]);
        for file in files {
            call.args(["--homes", file]);
        }
        call.output().unwrap()
    };
    let output = read(&["homes.csv", "wrong.csv"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("wrong.csv, row 3: `much` is no number of bytes"),
        "{}",
        stderr(&output)
    );
    assert!(!machine.path().join("ledger.sqlite").exists());
    let homes = || Ledger::open(&machine.path().join("ledger.sqlite")).unwrap().told().unwrap().homes;
    assert!(read(&["homes.csv"]).status.success());
    let before = homes();
    assert_eq!(read(&["wrong.csv"]).status.code(), Some(1));
    assert!(read(&["homes.csv"]).status.success());
    assert_eq!((homes(), before.len()), (before.clone(), 1));
}

/// The two days of the sample, whose sums are in the comment above: compute 32.473909692, homes
/// 14.4233579808, the rest of "EC2 - Other" 7.6605273229, the control plane 2.4.
#[test]
fn what_was_billed_stands_beside_the_estimate() {
    let Some(folder) = sample() else { return };
    let machine = with_sample(&folder);
    let hub = "name: prod\nprovider: { aws: { account: \"123456789012\", region: us-west-2 } }\n\
               auth: native\nsizes: [{ name: small, memory: 4 GiB, default: true }]\n";
    machine.write("hub.yaml", hub);
    let estimate = |arguments: &[&str]| {
        let call = ["cost", "estimate", "hub.yaml", "--billed", "--ledger", "ledger.sqlite"];
        machine.frazil().args(call).args(arguments).output().unwrap()
    };
    let people = ["--attendees", "4", "--days", "2"];
    let output = estimate(&people);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("Billed from 2025-09-01 to 2025-09-02, 2 days; estimated for 2 days"), "{text}");
    let data = estimate(&[&people[..], &["-o", "json"]].concat());
    let data: Value = serde_json::from_slice(&data.stdout).unwrap();
    let components = data["items"][0]["sites"][0]["event"]["components"].as_array().unwrap();
    let billed = |name: &str| {
        components.iter().find(|each| each["component"] == name).unwrap()["billed_usd"].as_str().unwrap()
    };
    for (name, usd) in [("control-plane", "2.4"), ("servers", "32.473909692"), ("homes", "14.4233579808")] {
        let amount = |text: &str| Decimal::from_text(text).unwrap().pico;
        assert_eq!(amount(billed(name)), amount(usd), "{name}");
    }
    assert!(
        data["items"][0]["sites"][1]["event"]["components"][0]["billed_usd"].is_null(),
        "of the other cloud nothing"
    );
    assert_eq!(estimate(&[]).status.code(), Some(64), "an estimate without people has nothing to compare");
    let first = estimate(&[&people[..], &["--to", "2025-09-01"]].concat());
    assert!(stdout(&first).contains("Billed from 2025-09-01 to 2025-09-01, 1 day;"), "{}", stdout(&first));
}

/// Two days of 20 and 24 USD that the hub `lab` had on its people's nodes, of an event of five days.
#[test]
fn a_budget_that_ends_too_soon_is_told_by_the_code_of_the_exit() {
    let machine = Scratch::new();
    let lab = r#"{"frazil:hub":"lab"}"#;
    let mut ledger = Ledger::open(&machine.path().join("ledger.sqlite")).unwrap();
    ledger
        .take(&sums(&[(FIRST, COMPUTE, lab, "20"), (FIRST + 1, COMPUTE, lab, "24")]), "2025-09-03T00:00:00Z")
        .unwrap();
    drop(ledger);
    let check = |total: &str, arguments: &[&str]| {
        let hub = format!(
            "name: lab\nprovider: {{ aws: {{ account: \"123456789012\", region: us-west-2 }} }}\n\
             auth: native\nsizes: [{{ name: small, memory: 4 GiB, default: true }}]\n\
             event: {{ from: 2025-09-01, to: 2025-09-05, attendees: 20 }}\n{total}"
        );
        machine.write("hub.yaml", hub);
        let mut call = machine.frazil();
        call.args(["cost", "check", "hub.yaml", "--ledger", "ledger.sqlite"]).args(arguments);
        call.env("FRAZIL_TODAY", "2025-09-04").output().unwrap()
    };
    let scarce = "budget: { total: 80 USD, alert_at: [50, 100] }\n";
    let output = check(scarce, &[]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(3), "{text}{}", stderr(&output));
    for line in [
        "budget   80.00 USD for 2025-09-01 to 2025-09-05",
        "spent    44.00 USD, 55 % of it; bills are whole through 2025-09-02",
        "rate     22.00 USD a day",
        "lasts    at this rate the budget ends on 2025-09-04",
        "passed   50 % on 2025-09-02",
        "what to change",
    ] {
        assert!(text.to_lowercase().contains(&line.to_lowercase()), "{line}:\n{text}");
    }
    let data: Value = serde_json::from_slice(&check(scarce, &["-o", "json"]).stdout).unwrap();
    assert_eq!(data["hubs"][0]["ends_on"], "2025-09-04", "{data}");

    let ample = "budget: { total: 1000 USD, alert_at: [1, 50] }\n";
    assert_eq!(check(ample, &[]).status.code(), Some(3), "1 % is passed");
    assert_eq!(check(ample, &["--above", "1"]).status.code(), Some(0));
    let without = check("", &[]);
    assert_eq!(without.status.code(), Some(1));
    assert!(stderr(&without).contains("hub.yaml has no budget"), "{}", stderr(&without));
}
