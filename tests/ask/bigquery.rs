//! `BigQuery`: the text on real rows, and the wire.

use std::path::PathBuf;
use std::sync::Mutex;

use frazil::cloud::gcp::Gcp;
use frazil::error::Result;
use frazil::ledger::Month;
use frazil::ledger::ask::{Answered, BigQueryExport, Expense};
use serde_json::{Value, json};

use super::engine::Engine;
use super::ledger::{assert_same, expected, lines};
use super::stand_in::{Answer, Faults, StandIn, context};
use crate::skips::skipped;

const PAGE: usize = 100;
const BYTES: u64 = 50_000_000;

/// `BigQuery` over the engine's table.
struct World {
    server: StandIn,
    gcp: Gcp,
    faults: Faults,
    truth: Value,
    month: Month,
    // Its file of credentials goes with it.
    folder: tempfile::TempDir,
}

impl World {
    fn start(mut make: Value, month: &str, parted: bool) -> Option<Self> {
        let engine = Engine::start()?;
        make["do"] = json!("make_export");
        make["month"] = json!(month);
        let rows = engine.ask(&make);
        let mut table = json!({ "kind": "bigquery#table", "location": "EU", "lastModifiedTime": "1795300000000",
                "schema": { "fields": rows["schema"] } });
        if parted {
            table["timePartitioning"] = json!({ "type": "DAY" });
        }
        let (faults, answers) = (Faults::default(), Mutex::new(Value::Null));
        let own = faults.clone();
        let server = StandIn::start(move |request| {
            let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
            let operation = match (request.method.as_str(), path) {
                (_, "/token") => "token",
                (_, "/bigquery/v2/projects/my-project/datasets/billing/tables/export") => "tables.get",
                ("POST", "/bigquery/v2/projects/payer-1/queries") if request.json()["dryRun"] == true => {
                    "dry run"
                }
                ("POST", "/bigquery/v2/projects/payer-1/queries") => "query",
                ("GET", "/bigquery/v2/projects/payer-1/queries/job-1") if query.contains("pageToken") => {
                    "later page"
                }
                ("GET", "/bigquery/v2/projects/payer-1/queries/job-1") => "results",
                _ => panic!("{} {}", request.method, request.path),
            };
            if let Some(fault) = own.take(operation) {
                return fault;
            }
            match operation {
                "token" => (200, json!({ "access_token": "ya29.x", "expires_in": 3599 }).to_string()),
                "tables.get" => (200, table.to_string()),
                "dry run" => (
                    200,
                    json!({ "totalBytesProcessed": BYTES.to_string(), "jobComplete": true }).to_string(),
                ),
                "query" => {
                    *answers.lock().unwrap() = engine.ask(&asked(&request.json()));
                    let reference = json!({ "projectId": "payer-1", "jobId": "job-1", "location": "EU" });
                    // It takes longer than a request waits.
                    (200, json!({ "jobReference": reference, "jobComplete": false }).to_string())
                }
                _ => page(&answers.lock().unwrap(), query),
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let gcp = open(&server, folder.path());
        let month = Month::from_text(month).unwrap();
        Some(Self { server, gcp, faults, truth: rows["truth"].clone(), month, folder })
    }

    async fn ask(&self) -> Result<(Answered, Vec<Expense>)> {
        let mut told = Vec::new();
        let mut hear = |expense: &Expense| {
            told.push(expense.clone());
            Ok(())
        };
        let export = BigQueryExport { table: "my-project.billing.export".parse().unwrap() };
        let answered = export.month(&self.gcp, self.month, &mut hear).await?;
        Ok((answered, told))
    }

    /// Bodies of what was asked for queries, the dry run first.
    fn bodies(&self) -> Vec<Value> {
        let all = self.server.requests().into_iter();
        all.filter(|request| request.path.ends_with("/queries")).map(|request| request.json()).collect()
    }
}

fn open(server: &StandIn, folder: &std::path::Path) -> Gcp {
    let path = folder.join("credentials.json");
    let person = json!({ "type": "authorized_user", "client_id": "x", "client_secret": "y", "refresh_token": "z",
        "token_uri": format!("{}/token", server.address) });
    std::fs::write(&path, person.to_string()).unwrap();
    let variables = [
        ("GOOGLE_APPLICATION_CREDENTIALS", path.to_str().unwrap()),
        ("FRAZIL_GOOGLE_ENDPOINT", &server.address),
    ];
    Gcp::open(&context(&variables), "payer-1", "us-central1").unwrap()
}

/// A query's request, as the engine is asked.
fn asked(body: &Value) -> Value {
    assert_eq!((&body["useLegacySql"], &body["parameterMode"]), (&json!(false), &json!("NAMED")));
    let pair = |one: &Value| {
        assert_eq!(one["parameterType"]["type"], "STRING");
        (one["name"].as_str().unwrap().to_owned(), one["parameterValue"]["value"].clone())
    };
    let parameters: serde_json::Map<_, _> =
        body["queryParameters"].as_array().unwrap().iter().map(pair).collect();
    json!({ "do": "query", "dialect": "bigquery", "sql": body["query"], "parameters": parameters })
}

/// `BigQuery` API v2, `jobs.getQueryResults`.
fn page(answer: &Value, query: &str) -> Answer {
    let token = query.split('&').find_map(|pair| pair.strip_prefix("pageToken=")).unwrap_or("0");
    let names =
        answer["names"].as_array().unwrap().iter().map(|name| json!({ "name": name, "type": "STRING" }));
    let field = |value: &Value| json!({ "v": value });
    let row =
        |values: &Value| json!({ "f": values.as_array().unwrap().iter().map(field).collect::<Vec<_>>() });
    let rows: Vec<_> = answer["rows"].as_array().unwrap().iter().map(row).collect();
    let start: usize = token.parse().unwrap();
    let end = rows.len().min(start + PAGE);
    let mut told = json!({ "jobComplete": true, "totalBytesProcessed": BYTES.to_string(), "cacheHit": false,
        "schema": { "fields": names.collect::<Vec<_>>() }, "rows": rows[start..end] });
    if end < rows.len() {
        told["pageToken"] = json!(end.to_string());
    }
    (200, told.to_string())
}

fn generated(count: usize, detailed: bool) -> Value {
    json!({ "seed": 11, "count": count, "detailed": detailed })
}

#[tokio::test]
async fn a_month_of_bigquery_is_the_sum_of_its_rows_to_the_last_decimal() {
    for (detailed, parted) in [(true, false), (false, false), (true, true)] {
        let Some(world) = World::start(generated(1_000, detailed), "202611", parted) else { return };
        let (answered, told) = world.ask().await.unwrap();
        assert_same(&lines(&answered.gathered), &expected(&world.truth, "lines", 5));
        assert!(answered.gathered.lines.len() > 300);
        assert_eq!((told.len(), told[0].bytes), (1, Some(BYTES)));
        assert_eq!(told[0].to_string(), "BigQuery: 50.0 MB read, 0.0003 USD");
        assert_eq!(answered.expense, told[0]);

        let bodies = world.bodies();
        assert_eq!(bodies.len(), 2);
        assert_eq!((&bodies[0]["dryRun"], &bodies[1]["dryRun"]), (&json!(true), &Value::Null));
        assert_eq!(
            (&bodies[1]["location"], &bodies[1]["maximumBytesBilled"]),
            (&json!("EU"), &json!("55000000"))
        );
        assert_eq!(bodies[1]["query"].as_str().unwrap().contains("_PARTITIONTIME"), parted);
    }
}

/// Rows of the public samples: every month of each.
#[tokio::test]
async fn public_samples_are_summed_to_the_last_decimal() {
    let shared = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/bills/gcp");
    let samples = [
        ("cud_billing_export_10_1.json", false, vec!["201901", "201903"]),
        ("detailed_export_synthetic.csv", true, vec!["202603", "202604", "202605"]),
    ];
    for (name, detailed, months) in samples {
        let file = shared.join(name);
        if !file.exists() {
            skipped(format_args!("no {}", file.display()));
            return;
        }
        for month in months {
            let make = json!({ "seed": 0, "count": 0, "detailed": detailed, "file": file.to_str().unwrap() });
            let Some(world) = World::start(make, month, false) else { return };
            let (answered, _) = world.ask().await.unwrap();
            assert_same(&lines(&answered.gathered), &expected(&world.truth, "lines", 5));
            assert!(!answered.gathered.lines.is_empty(), "{name} {month}");
        }
    }
}

#[tokio::test]
async fn what_passes_is_asked_again() {
    let Some(world) = World::start(generated(400, true), "202611", false) else { return };
    let refusal = |status: u16, reason: &str| {
        json!({ "error": { "code": status, "message": "x", "errors": [{ "reason": reason }] } }).to_string()
    };
    world.faults.next("tables.get", 503, "");
    world.faults.next("dry run", 429, "");
    world.faults.next("query", 500, "");
    // The job fails for no reason of its own, then its pages are forgotten.
    world.faults.next("results", 400, &refusal(400, "jobBackendError"));
    world.faults.next("later page", 400, &refusal(400, "invalid"));
    let (answered, _) = world.ask().await.unwrap();
    assert_same(&lines(&answered.gathered), &expected(&world.truth, "lines", 5));
    let bodies = world.bodies();
    let ids: Vec<_> = bodies.iter().filter_map(|body| body["requestId"].as_str()).collect();
    // The same request sent again is the same job; a job started anew is another.
    assert_eq!((ids.len(), ids[0] == ids[1], ids[1] == ids[2]), (3, true, false), "{ids:?}");
    assert_eq!(ids[0].len(), 36);
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let Some(world) = World::start(generated(20, true), "202611", false) else { return };
    let refusal = |status: u16, reason: &str, message: &str| {
        json!({ "error": { "code": status, "message": message, "errors": [{ "reason": reason }] } })
            .to_string()
    };
    let cases = [
        (
            "query",
            403,
            "accessDenied",
            "Access Denied: Project payer-1: User does not have bigquery.jobs.create permission in project payer-1.",
            "bigquery.jobs.create in the project payer-1",
            "the permission bigquery.jobs.create",
        ),
        (
            "tables.get",
            404,
            "notFound",
            "Not found: Table my-project:billing.export",
            "BigQuery knows no table my-project.billing.export",
            "gcp_billing_export_v1_ACCOUNT",
        ),
        (
            "dry run",
            404,
            "notFound",
            "Not found: Dataset my-project:billing was not found in location US",
            "was not found in location US",
            "where its dataset lies",
        ),
        (
            "results",
            400,
            "bytesBilledLimitExceeded",
            "Query exceeded limit for bytes billed: 55000000. 99000000 or higher required.",
            "Query exceeded limit for bytes billed",
            "ask again",
        ),
    ];
    for (operation, status, reason, message, expected, hint) in cases {
        world.faults.next(operation, status, &refusal(status, reason, message));
        let error = world.ask().await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(error.hints().iter().any(|one| one.contains(hint)), "{error}: {:?}", error.hints());
    }
}

/// The page's program, which nobody asks for a page here.
struct Serving(std::process::Child);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Serving {
    fn start(world: &World, ledger: &std::path::Path) -> Self {
        let mut call = std::process::Command::new(env!("CARGO_BIN_EXE_frazil"));
        call.args(["serve", "--hub", "lab", "--listen", "127.0.0.1:0", "--every", "60 s"])
            .args(["--bigquery", "my-project.billing.export", "--project", "payer-1", "--ledger"])
            .arg(ledger)
            .env("HOME", world.folder.path())
            .env("GOOGLE_APPLICATION_CREDENTIALS", world.folder.path().join("credentials.json"))
            .env("FRAZIL_GOOGLE_ENDPOINT", &world.server.address)
            .env("FRAZIL_TODAY", "2026-11-22")
            .env("JUPYTERHUB_API_TOKEN", "x")
            .env("JUPYTERHUB_API_URL", "http://127.0.0.1:9/hub/api");
        Self(call.spawn().unwrap())
    }
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !is() {
        assert!(begun.elapsed().as_secs() < 150, "not yet: {what}");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}

/// Blocks, as it waits for a program.
#[test]
fn the_page_takes_a_table_into_its_ledger_and_asks_again_only_when_it_has_changed() {
    let Some(world) = World::start(generated(400, true), "202611", false) else { return };
    let ledger = world.folder.path().join("ledger.sqlite");
    let serving = Serving::start(&world, &ledger);
    let billed = || -> i128 {
        let Ok(ledger) = frazil::ledger::Ledger::open(&ledger) else { return 0 };
        let bills = ledger.bills().unwrap();
        let november = bills.iter().filter(|bill| bill.month.to_string() == "2026-11");
        let sums = november.flat_map(|bill| ledger.rows(bill).unwrap().lines);
        sums.map(|(_, sums)| sums.billed).sum()
    };
    let truth = expected(&world.truth, "lines", 5);
    let truth: i128 = truth.values().map(|sums| sums[1].as_ref().unwrap().parse::<i128>().unwrap()).sum();
    assert_ne!(truth, 0);
    until("the ledger has the bill", || billed() != 0);
    assert_eq!(billed(), truth);
    let queries = world.bodies();
    let months: Vec<_> = queries.iter().map(|body| body["queryParameters"].to_string()).collect();
    assert_eq!(queries.len(), 4, "a dry run and a query for this month and the last: {months:?}");
    let mut later = Vec::new();
    until("it looks at the table again", || {
        later.extend(world.server.requests());
        later.iter().any(|one| one.path.ends_with("tables/export"))
    });
    std::thread::sleep(std::time::Duration::from_secs(1));
    later.extend(world.server.requests());
    assert!(!later.iter().any(|one| one.path.ends_with("/queries")), "the table has not changed");
    drop(serving);
    assert_eq!(billed(), truth);
}
