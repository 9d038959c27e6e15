//! `frazil report` from end to end: a ledger made by hand, and jupyterhub-cost-monitoring's sample.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise and says what it skips"
)]

#[path = "support/scratch.rs"]
mod scratch;
#[path = "support/skips.rs"]
mod skips;

use std::path::Path;
use std::sync::Arc;

use frazil::ledger::decimal::Decimal;
use frazil::ledger::told::{HubLife, Origin, PodDay, Told};
use frazil::ledger::{
    Charge, ClientFile, Counted, FileRead, Gather, Gathered, Ledger, LineKey, Lineage, Month, Prices, Source,
    SourceKind, Symbol,
};
use frazil::observe::history::{Life, NodeLife, PodLife};
use frazil::observe::traffic::Moved;
use frazil_byte_ledger::{Entry, Record, Route, Who};
use scratch::{Scratch, stderr, stdout};
use serde_json::Value;
use skips::skipped;

/// The first of September 2025.
const FIRST: i32 = 20_332;
const USER: &str = r#"{"frazil:hub":"lab","frazil:pool":"user"}"#;
const LAB: &str = r#"{"frazil:hub":"lab"}"#;
const COMPUTE: &str = "Amazon Elastic Compute Cloud - Compute";
const EKS: &str = "Amazon Elastic Container Service for Kubernetes";

/// Rows of Cost Explorer, which knows no resources: day, charge, service, tags, amount in USD.
fn sums(rows: &[(i32, Charge, &str, &str, &str)]) -> Gathered {
    let mut gather = Gather::default();
    let source =
        Source { kind: SourceKind::CostExplorer, provider: "aws".into(), payer: "123456789012".into() };
    let source = gather.source(&source);
    for (row, (day, charge, service, tags, amount)) in (1..).zip(rows) {
        let key = LineKey {
            source,
            month: Month::from_number(202_509).unwrap(),
            day: *day,
            charge: *charge,
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

fn pod(user: &str, cores: u64, from: &str, to: &str) -> HubLife {
    let life = PodLife {
        uid: format!("{user} {from}"),
        namespace: "lab".into(),
        name: format!("jupyter-{user}"),
        node: "n1".into(),
        labels: [("hub.jupyter.org/username".to_owned(), user.to_owned())].into(),
        cpu_millis: cores * 1_000,
        created: from.into(),
        scheduled: Some(from.into()),
        ended: Some(to.into()),
        ..PodLife::default()
    };
    HubLife { hub: "lab".into(), life: Life::Pod(life) }
}

fn node(name: &str, pool: &str, from: &str, to: &str) -> HubLife {
    let life = NodeLife {
        uid: name.into(),
        name: name.into(),
        machine: "r7i.2xlarge".into(),
        pool: pool.into(),
        cpu_millis: 8_000,
        memory_bytes: 64 << 30,
        created: from.into(),
        ended: Some(to.into()),
        ..NodeLife::default()
    };
    HubLife { hub: "lab".into(), life: Life::Node(life) }
}

const HUB: &str = "name: lab\nprovider: { aws: { account: \"123456789012\", region: us-west-2 } }\n\
                   auth: native\nsizes: [{ name: small, memory: 4 GiB, default: true }]\n\
                   budget: { total: 80 USD, alert_at: [50, 100] }\n\
                   event: { from: 2025-09-01, to: 2025-09-05, attendees: 20 }\n";

/// Two days: 20 and 24 USD of people's nodes, 2.4 of the control plane each, 3 of tax and 1 given back on the second.
/// On the first day ada has 6 cores and grace 2 for as long: 15 and 5 USD; on the second grace is alone.
fn machine() -> Scratch {
    let machine = Scratch::new();
    let rows = [
        (FIRST, Charge::Usage, COMPUTE, USER, "20"),
        (FIRST, Charge::Usage, EKS, LAB, "2.4"),
        (FIRST + 1, Charge::Usage, COMPUTE, USER, "24.00000000001"),
        (FIRST + 1, Charge::Usage, EKS, LAB, "2.4"),
        (FIRST + 1, Charge::Tax, COMPUTE, LAB, "3"),
        (FIRST + 1, Charge::Credit, COMPUTE, LAB, "-1"),
    ];
    let lives = vec![
        node("n1", "user", "2025-09-01T08:00:00Z", "2025-09-03T00:00:00Z"),
        node("core", "core", "2025-08-31T00:00:00Z", "2025-09-03T00:00:00Z"),
        pod("ada", 6, "2025-09-01T08:00:00Z", "2025-09-01T20:00:00Z"),
        pod("grace", 2, "2025-09-01T08:00:00Z", "2025-09-01T20:00:00Z"),
        pod("grace", 2, "2025-09-02T21:00:00Z", "2025-09-02T23:00:00Z"),
    ];
    let mut ledger = Ledger::open(&machine.path().join("ledger.sqlite")).unwrap();
    let told = Told { lives, ..Told::default() };
    ledger.take_with(&[sums(&rows)], &told, "2025-09-03T00:00:00Z").unwrap();
    machine.write("hub.yaml", HUB);
    machine
}

fn report(machine: &Scratch, arguments: &[&str]) -> std::process::Output {
    let mut call = machine.frazil();
    call.args(["report", "--ledger", "ledger.sqlite"]).args(arguments).env("FRAZIL_TODAY", "2025-09-04");
    call.output().unwrap()
}

fn data(machine: &Scratch, arguments: &[&str]) -> Value {
    let output = report(machine, &[arguments, &["-o", "json"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

/// Exact amounts of a list, by a name.
fn amounts(list: &Value, name: &str) -> Vec<(String, i128)> {
    let pico = |text: &Value| Decimal::from_text(text.as_str().unwrap()).unwrap().pico;
    let each = |one: &Value| (one[name].as_str().unwrap_or_default().to_owned(), pico(&one["amount"]));
    list.as_array().unwrap().iter().map(each).collect()
}

fn owned(list: &[(&str, i128)]) -> Vec<(String, i128)> {
    list.iter().map(|(name, milli)| ((*name).to_owned(), milli * 1_000_000_000)).collect()
}

#[test]
fn a_page_has_the_sums_that_were_made_by_hand() {
    let machine = machine();
    let data = data(&machine, &[]);
    assert_eq!((&data["schema"], &data["path"]), (&"frazil.report/v1".into(), &"report.html".into()));
    let hub = &data["hubs"][0];
    assert_eq!(hub["total"], "50.80000000001");
    assert_eq!((&hub["from"], &hub["to"]), (&"2025-09-01".into(), &"2025-09-02".into()));
    let people = amounts(&hub["people"], "person");
    assert_eq!(people, [("grace".to_owned(), 29_000_000_000_010), ("ada".to_owned(), 15_000_000_000_000)]);
    assert_eq!(
        amounts(&hub["apart"], "kind"),
        owned(&[("shared", 4_800), ("tax", 3_000), ("credit", -1_000)])
    );
    let components = amounts(&hub["components"], "name");
    assert_eq!(components[1..], owned(&[("control-plane", 4_800), ("tax", 3_000), ("credit", -1_000)]));
    assert_eq!(components[0], ("servers".to_owned(), 44_000_000_000_010));
    assert_eq!(hub["days"][0]["amount"], "22.40");
    // Of the budget counts all but the credit: 22.4 and 29.4 of 80.
    let budget = &hub["budget"];
    assert_eq!(
        (&budget["spent"], &budget["billed_whole_through"]),
        (&"51.80000000001".into(), &"2025-09-02".into())
    );
    assert_eq!(budget["passed"][0]["day"], "2025-09-02");
    assert_eq!(hub["estimate"]["people"], 20);
    let billed = hub["estimate"]["components"].as_array().unwrap().iter();
    let billed: i128 =
        billed.map(|row| Decimal::from_text(row["billed_usd"].as_str().unwrap()).unwrap().pico).sum();
    assert_eq!(billed, 50_800_000_000_010);

    let html = std::fs::read_to_string(machine.path().join("report.html")).unwrap();
    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n"), "{html}");
    for shown in ["50.80", "29.00", "15.00", "51.80 USD, 64.8\u{a0}% of it, are spent", "2025-09"] {
        assert!(html.contains(shown), "{shown}");
    }
    assert!(!html.contains("123456789012"), "the account is nobody's business");
}

/// The bill has no transfer; counters and a byte ledger tell of the hub, and of another one that is nobody's here.
#[test]
fn bytes_that_moved_are_told_by_each_meter_that_was_counted() {
    let machine = machine();
    let day = |hub: &str, pod: &str, received: u64| PodDay {
        hub: hub.into(),
        day: FIRST,
        origin: Origin::Recorder,
        pod: pod.into(),
        labels: String::new(),
        moved: Moved { received, sent: 1 },
    };
    let pod_days = vec![day("lab", "ada 2025-09-01T08:00:00Z", 7_000_000_000), day("other", "x", 5)];
    let entry = |hub: &str, received: u64| Entry {
        who: Arc::new(Who { hub: hub.into(), ..Who::default() }),
        record: Record {
            time: u64::try_from(FIRST).unwrap() * 86_400_000,
            route: Route::InRegion,
            received,
            ..Record::default()
        },
    };
    let entries = vec![entry("lab", 5_000_000_000), entry("other", 3)];
    let client = ClientFile { name: "a.bytes".into(), size: 1, entries };
    let counted = Counted { clients: vec![client], ..Counted::default() };
    let mut ledger = Ledger::open(&machine.path().join("ledger.sqlite")).unwrap();
    let told = Told { pod_days, ..Told::default() };
    ledger.take_all_of(&[], &told, &counted, "2025-09-03T00:00:00Z").unwrap();
    let found = data(&machine, &[]);
    let rows: Vec<_> = found["hubs"][0]["egress"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            format!("{} {} {} {}", row["way"], row["bill_bytes"], row["cluster_bytes"], row["client_bytes"])
        })
        .collect();
    let expected = [r#""store-in-region" null null 5000000000"#, r#""all" null 7000000001 null"#];
    assert_eq!(rows, expected);
    let html = std::fs::read_to_string(machine.path().join("report.html")).unwrap();
    assert!(html.contains("7.00 GB") && html.contains("5.00 GB"), "{html}");
    assert!(html.contains("no bill counts it"), "why the bill has none");
}

/// n1 is there through both nights from 22 on: 8 hours of the first without anybody, 2 of the second, of which grace
/// has one.
#[test]
fn nodes_and_nights_are_those_of_the_history() {
    let machine = machine();
    let found = data(&machine, &[]);
    let hub = &found["hubs"][0];
    assert_eq!(hub["nodes"]["days"][0]["most_in_each_3_hours"], serde_json::json!([1, 1, 2, 2, 2, 2, 2, 2]));
    assert_eq!(hub["nodes"]["days"][0]["node_seconds"], 40 * 3_600);
    let nights = &hub["nights"]["nights"];
    assert_eq!(
        (&nights[0]["busy_node_seconds"], &nights[0]["empty_node_seconds"]),
        (&0.into(), &(8 * 3_600).into())
    );
    assert_eq!(
        (&nights[1]["busy_node_seconds"], &nights[1]["empty_node_seconds"]),
        (&3_600.into(), &3_600.into())
    );
    assert_eq!(
        hub["nights"]["people"],
        serde_json::json!([
            { "person": "grace", "server_nights": 1, "server_seconds": 3_600, "dask_nights": 0, "dask_seconds": 0 }
        ])
    );
}

#[test]
fn people_are_called_as_asked_everywhere() {
    let machine = machine();
    for (how, grace) in [("numbers", "person 1"), ("initials", "G.")] {
        let data = data(&machine, &["--people", how]);
        assert_eq!(data["hubs"][0]["people"][0]["person"], grace);
        assert_eq!(data["hubs"][0]["nights"]["people"][0]["person"], grace);
        let html = std::fs::read_to_string(machine.path().join("report.html")).unwrap();
        for text in [data.to_string(), html] {
            assert!(!text.contains("grace") && !text.contains("ada\""), "{how}");
        }
    }
}

#[test]
fn the_days_are_those_that_were_asked_for() {
    let machine = machine();
    assert_eq!(data(&machine, &["--to", "2025-09-01"])["hubs"][0]["total"], "22.40");
    assert_eq!(data(&machine, &["--month", "2025-09"])["hubs"][0]["total"], "50.80000000001");
    let alone = &data(&machine, &["--hub", "lab"])["hubs"][0];
    assert!(alone["budget"].is_null() && alone["estimate"].is_null() && alone["event"].is_null());
    for (arguments, code, told) in [
        (vec!["--month", "2025-08"], 1, "the ledger has no bill of 2025-08"),
        (vec!["--from", "2025-10-01"], 1, "the ledger has nothing of the hub `lab` on these days"),
        (vec!["--hub", "other"], 1, "the ledger has nothing of the hub `other`"),
        (vec!["--from", "2025-09-02", "--to", "2025-09-01"], 64, "`--to` is before `--from`"),
        (vec!["--zone", "Atlantis"], 64, "no time zone `Atlantis`"),
        (vec!["hub.yaml", "hub.yaml"], 64, "as another file is"),
        (vec!["--out", "-", "-o", "json"], 64, "`--out -` prints the page"),
    ] {
        let output = report(&machine, &arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(told), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn a_page_is_written_whole_or_not_at_all() {
    let machine = machine();
    let output = report(&machine, &["--out", "pages/a.html"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("pages/a.html\n  lab: 50.80 USD, 2025-09-01 to 2025-09-02"), "{text}");
    let first = std::fs::read(machine.path().join("pages/a.html")).unwrap();
    assert_eq!(report(&machine, &["--out", "-"]).stdout, first, "the same again, on standard output");
    assert!(!machine.path().join("report.html").exists());
    // Where a folder stands, no file can be: what is there stays, and nothing half is left.
    std::fs::create_dir_all(machine.path().join("taken.html/x")).unwrap();
    assert_eq!(report(&machine, &["--out", "taken.html"]).status.code(), Some(1));
    let left: Vec<_> =
        std::fs::read_dir(machine.path()).unwrap().map(|each| each.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains(".new")), "{left:?}");
}

#[test]
fn without_a_file_everything_is_on_the_page() {
    let machine = machine();
    std::fs::remove_file(machine.path().join("hub.yaml")).unwrap();
    let data = data(&machine, &[]);
    assert!(data["hubs"][0]["hub"].is_null());
    assert_eq!(data["hubs"][0]["total"], "50.80000000001");
    let none = Scratch::new();
    let output = none.run(["report"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("there is no ledger in"), "{}", stderr(&output));
    assert!(!none.path().join("report.html").exists());
}

/// The sample's people on the page have what `frazil cost --by user` says they have.
#[test]
fn the_sample_s_page_is_what_cost_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/bills/jupyterhub");
    if !folder.exists() {
        return skipped(format_args!("{} is missing", folder.display()));
    }
    let machine = Scratch::new();
    let prod = r#"{"frazil:hub":"prod"}"#;
    let rows = [
        (FIRST, Charge::Usage, COMPUTE, prod, "13.843269972"),
        (FIRST, Charge::Usage, "Amazon Simple Storage Service", "", "0.1708161627"),
        (FIRST + 1, Charge::Usage, COMPUTE, prod, "18.63063972"),
    ];
    let mut ledger = Ledger::open(&machine.path().join("ledger.sqlite")).unwrap();
    ledger.take(&sums(&rows), "2025-09-03T00:00:00Z").unwrap();
    drop(ledger);
    let samples = folder.join("usage_compute.json");
    let samples = samples.to_str().unwrap();
    let output = machine.run(["cost", "read", "--prometheus", samples, "--ledger", "ledger.sqlite"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let page = data(&machine, &[]);
    let hub = &page["hubs"][0];
    let output = machine.run(["cost", "--by", "user", "--ledger", "ledger.sqlite", "-o", "json"]);
    let cost: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let parts = cost["currencies"][0]["parts"].as_array().unwrap();
    let of_people = Value::Array(parts.iter().filter(|part| part["kind"] == "person").cloned().collect());
    let (mut expected, mut found) = (amounts(&of_people, "user"), amounts(&hub["people"], "person"));
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    assert_eq!(found.len(), 4);
    assert_eq!(hub["total"], "32.6447258547");
    assert!(amounts(&hub["components"], "name").contains(&("foreign".to_owned(), 170_816_162_700)));
}
