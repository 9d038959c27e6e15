//! Athena: the text on real rows, and the wire.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use frazil::cloud::aws::Aws;
use frazil::error::{Error, Result};
use frazil::ledger::ask::{Answered, Athena, Expense};
use frazil::ledger::decimal::Decimal;
use frazil::ledger::{Ledger, Month};
use serde_json::{Value, json};

use super::engine::Engine;
use super::ledger::{assert_same, expected, lines, uses};
use super::scratch::{Scratch, stderr};
use super::stand_in::{Answer, Faults, KEYS, Request, StandIn, context};

/// Rows of one page: few, so that there are many pages.
const PAGE: usize = 80;
const SCANNED: u64 = 123_456_789;

/// Athena over the engine's table. Each query is running once before it is done.
struct World {
    server: StandIn,
    aws: Aws,
    faults: Faults,
    truth: Value,
}

impl World {
    async fn start(rows: usize, without: &[&str]) -> Option<Self> {
        let engine = Engine::start()?;
        let made = engine.ask(&json!({ "do": "make_cur", "seed": 7, "count": rows, "without": without }));
        let (faults, columns) = (Faults::default(), made["columns"].clone());
        let answers = Arc::new(std::sync::Mutex::new(Value::Null));
        let (waits, own) = (AtomicBool::new(true), faults.clone());
        let server = StandIn::start(move |request| {
            if let Some(fault) = own.take(request.operation()) {
                return fault;
            }
            match request.operation() {
                "GetTableMetadata" => (200, metadata(&columns).to_string()),
                "StartQueryExecution" => {
                    let body = request.json();
                    assert!(body["ClientRequestToken"].as_str().unwrap().len() >= 32);
                    let asked = json!({ "do": "query", "dialect": "athena", "sql": body["QueryString"],
                        "parameters": body["ExecutionParameters"] });
                    *answers.lock().unwrap() = engine.ask(&asked);
                    (200, json!({ "QueryExecutionId": "q-1" }).to_string())
                }
                "GetQueryExecution" => {
                    let state = if waits.swap(false, Ordering::Relaxed) { "RUNNING" } else { "SUCCEEDED" };
                    let told = json!({ "QueryExecution": { "QueryExecutionId": "q-1", "Status": { "State": state },
                        "Statistics": { "DataScannedInBytes": SCANNED } } });
                    (200, told.to_string())
                }
                "GetQueryResults" => {
                    let asked = request.json();
                    let later = asked["NextToken"].is_string().then(|| own.take("later page")).flatten();
                    later.unwrap_or_else(|| page(&answers.lock().unwrap(), &asked))
                }
                _ => listing(request),
            }
        });
        let aws = open(&server).await;
        Some(Self { server, aws, faults, truth: made["truth"].clone() })
    }

    async fn ask(&self) -> Result<(Answered, Vec<Expense>)> {
        let mut told = Vec::new();
        let mut hear = |expense: &Expense| {
            told.push(expense.clone());
            Ok(())
        };
        let answered = athena().month(&self.aws, month(), &mut hear).await?;
        Ok((answered, told))
    }

    fn operations(&self) -> Vec<String> {
        self.server.requests().iter().map(|request| request.operation().to_owned()).collect()
    }
}

fn athena() -> Athena {
    Athena {
        table: "bills.cur2".parse().unwrap(),
        workgroup: Some("lab".to_owned()),
        output: Some("s3://lab-bills/answers/".to_owned()),
    }
}

fn month() -> Month {
    Month::new(2026, 11).unwrap()
}

async fn open(server: &StandIn) -> Aws {
    let [key, secret] = KEYS;
    let context = context(&[key, secret, ("AWS_ENDPOINT_URL", &server.address)]);
    Aws::open(&context, "us-west-2").await.unwrap()
}

/// Athena API Reference, `GetTableMetadata`.
fn metadata(columns: &Value) -> Value {
    let column = |one: &Value| json!({ "Name": one[0], "Type": one[1] });
    let all = columns.as_array().unwrap();
    let (parts, own): (Vec<_>, Vec<_>) = all.iter().partition(|one| one[0] == "billing_period");
    json!({ "TableMetadata": { "Name": "cur2", "TableType": "EXTERNAL_TABLE",
        "Columns": own.into_iter().map(column).collect::<Vec<_>>(),
        "PartitionKeys": parts.into_iter().map(column).collect::<Vec<_>>(),
        "Parameters": { "location": "s3://lab-bills/exports/lab-cur2/data" } } })
}

/// S3 API Reference, `ListObjectsV2`: two pages.
fn listing(request: &Request) -> Answer {
    assert!(
        request.path.starts_with("/lab-bills?list-type=2&prefix=exports%2Flab-cur2%2Fdata"),
        "{}",
        request.path
    );
    let object = |part: &str, size: u64| {
        format!(
            "<Contents><Key>exports/lab-cur2/data/BILLING_PERIOD={part}/x.parquet</Key><Size>{size}</Size></Contents>"
        )
    };
    let (objects, more) = if request.path.contains("continuation-token=next") {
        (object("2026-11", 200_000_000), "")
    } else {
        (
            format!("{}{}", object("2026-11", 400_000_000), object("2026-10", 7_000_000)),
            "<NextContinuationToken>next</NextContinuationToken>",
        )
    };
    (200, format!("<ListBucketResult>{objects}{more}</ListBucketResult>"))
}

/// Athena API Reference, `GetQueryResults`: the header is the first row.
fn page(answer: &Value, asked: &Value) -> Answer {
    let field = |value: &Value| if value.is_null() { json!({}) } else { json!({ "VarCharValue": value }) };
    let row =
        |values: &Value| json!({ "Data": values.as_array().unwrap().iter().map(field).collect::<Vec<_>>() });
    let mut rows = vec![row(&answer["names"])];
    rows.extend(answer["rows"].as_array().unwrap().iter().map(row));
    let start: usize = asked["NextToken"].as_str().map_or(0, |token| token.parse().unwrap());
    let end = rows.len().min(start + PAGE);
    let mut told = json!({ "ResultSet": { "Rows": rows[start..end] } });
    if end < rows.len() {
        told["NextToken"] = json!(end.to_string());
    }
    (200, told.to_string())
}

#[tokio::test]
async fn a_month_of_athena_is_the_sum_of_its_rows_to_the_last_decimal() {
    let Some(world) = World::start(2_000, &[]).await else { return };
    let (answered, told) = world.ask().await.unwrap();
    assert_same(&lines(&answered.gathered), &expected(&world.truth, "lines", 5));
    assert_same(&uses(&answered.gathered), &expected(&world.truth, "uses", 7));
    assert!(answered.gathered.lines.len() > 500 && answered.gathered.uses.len() > 20);
    assert!(lines(&answered.gathered).keys().any(|key| key[5] == "rounding"), "nothing was rounded");

    // What it would read at most was told before, what it read afterwards.
    assert_eq!(
        told,
        [Expense { of: "Athena", bytes: Some(600_000_000), usd: told[0].usd, ..Expense::default() }]
    );
    assert_eq!(told[0].to_string(), "Athena: 600.0 MB read, 0.0030 USD");
    assert_eq!(answered.expense.bytes, Some(SCANNED));
    let asked = world.server.requests();
    let started = asked.iter().find(|request| request.operation() == "StartQueryExecution").unwrap().json();
    assert_eq!(started["WorkGroup"], "lab");
    assert_eq!(started["ResultConfiguration"]["OutputLocation"], "s3://lab-bills/answers/");
    assert_eq!(started["QueryExecutionContext"], json!({ "Catalog": "AwsDataCatalog", "Database": "bills" }));
    assert_eq!(
        started["ExecutionParameters"],
        json!(["'2026-11'", "'2026-11'"]),
        "the files of the month alone are read"
    );
    let pages = asked.iter().filter(|request| request.operation() == "GetQueryResults").count();
    assert!(pages > 10, "{pages}");
    assert!(asked.iter().all(|request| request.headers["authorization"].contains("/us-west-2/")));

    // The ledger takes it, and twice is once.
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(&folder.path().join("ledger.sqlite")).unwrap();
    let once = ledger.take(&answered.gathered, "2026-11-22T00:00:00Z").unwrap();
    let (again, _) = world.ask().await.unwrap();
    let twice = ledger.take(&again.gathered, "2026-11-22T00:00:00Z").unwrap();
    let sums: Vec<_> = once.iter().map(|taken| Some(taken.billed.clone())).collect();
    assert_eq!(sums, twice.iter().map(|taken| taken.before.clone()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_report_without_pods_and_tags_is_asked_for_what_it_has() {
    let few = [
        "split_line_item_parent_resource_id",
        "split_line_item_reserved_usage",
        "split_line_item_actual_usage",
        "split_line_item_split_usage",
        "billing_period",
        "pricing_unit",
    ];
    let Some(world) = World::start(300, &few).await else { return };
    let (answered, _) = world.ask().await.unwrap();
    assert!(answered.gathered.uses.is_empty());
    let total: i128 = answered.gathered.lines.values().map(|sums| sums.billed).sum();
    let rows = world.truth["lines"].as_array().unwrap().iter();
    let truth: i128 = rows.map(|row| row[16].as_str().unwrap().parse::<i128>().unwrap()).sum();
    assert_eq!(total, truth);
}

#[tokio::test]
async fn what_passes_is_asked_again() {
    let Some(world) = World::start(300, &[]).await else { return };
    let faults = &world.faults;
    faults.next("GetTableMetadata", 400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#);
    faults.next("StartQueryExecution", 500, "");
    faults.next("StartQueryExecution", 429, "");
    faults.next("GetQueryResults", 503, "");
    let retry = json!({ "QueryExecution": { "Status": { "State": "FAILED",
        "StateChangeReason": "Internal error", "AthenaError": { "Retryable": true } } } });
    faults.next("GetQueryExecution", 200, &retry.to_string());
    let (answered, _) = world.ask().await.unwrap();
    assert_same(&lines(&answered.gathered), &expected(&world.truth, "lines", 5));
    let asked = world.operations();
    let count = |name: &str| asked.iter().filter(|operation| *operation == name).count();
    assert_eq!((count("GetTableMetadata"), count("StartQueryExecution")), (2, 4));
}

/// The place in the pages is forgotten between two of them: they are read anew, none twice.
#[tokio::test]
async fn a_forgotten_page_does_not_count_twice() {
    let Some(world) = World::start(300, &[]).await else { return };
    let (first, _) = world.ask().await.unwrap();
    let pages = world.operations().iter().filter(|operation| *operation == "GetQueryResults").count();
    assert!(pages > 2, "{pages}");
    let fault = r#"{"__type":"InvalidRequestException","message":"Invalid next token"}"#;
    world.faults.next("later page", 400, fault);
    let (second, _) = world.ask().await.unwrap();
    assert_eq!(lines(&first.gathered), lines(&second.gathered));
    assert_eq!(
        world.operations().iter().filter(|operation| *operation == "GetQueryResults").count(),
        pages + 2
    );
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let Some(world) = World::start(20, &[]).await else { return };
    let refusal = |kind: &str, message: &str| json!({ "__type": kind, "message": message }).to_string();
    let failure = |reason: &str| {
        json!({ "QueryExecution": { "Status": { "State": "FAILED", "StateChangeReason": reason } } })
            .to_string()
    };
    let cases = [
        (
            "StartQueryExecution",
            (
                400,
                refusal(
                    "AccessDeniedException",
                    "You are not authorized to perform: athena:StartQueryExecution",
                ),
            ),
            "athena:StartQueryExecution: You are not authorized to perform: athena:StartQueryExecution",
            "the right athena:StartQueryExecution",
        ),
        (
            "GetTableMetadata",
            (400, refusal("MetadataException", "EntityNotFoundException: Table cur2 not found")),
            "Athena knows no table bills.cur2 in AwsDataCatalog of us-west-2",
            "its own region",
        ),
        (
            "StartQueryExecution",
            (
                400,
                refusal(
                    "InvalidRequestException",
                    "No output location provided. An output location is required",
                ),
            ),
            "No output location provided",
            "s3://BUCKET/FOLDER/",
        ),
        (
            "GetQueryExecution",
            (200, failure("Bytes scanned limit was exceeded: 10 MB")),
            "the query q-1 failed: Bytes scanned limit was exceeded",
            "workgroup limits",
        ),
        (
            "GetQueryExecution",
            (200, failure("Access denied when writing output to url: s3://x")),
            "the query q-1 failed: Access denied",
            "s3:PutObject",
        ),
        (
            "GetQueryExecution",
            (200, failure("PermanentRedirect: The bucket is in this region: eu-west-1")),
            "the query q-1 failed",
            "the region of the bucket",
        ),
    ];
    for (operation, (status, body), message, hint) in cases {
        world.faults.next(operation, status, &body);
        let error = world.ask().await.unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.hints().iter().any(|one| one.contains(hint)), "{error}: {:?}", error.hints());
    }
}

#[tokio::test]
async fn whoever_says_no_pays_nothing() {
    let Some(world) = World::start(20, &[]).await else { return };
    let mut no = |_: &Expense| Err(Error::failed("too much"));
    let error = athena().month(&world.aws, month(), &mut no).await.unwrap_err();
    assert_eq!(error.to_string(), "too much");
    assert!(!world.operations().contains(&"StartQueryExecution".to_owned()));
}

#[tokio::test]
async fn the_command_line_asks_and_keeps_to_what_it_may_cost() {
    let Some(world) = World::start(300, &[]).await else { return };
    let machine = Scratch::new();
    let read = |most: &str| {
        let call = ["cost", "read", "--athena", "bills.cur2", "--region", "us-west-2", "--month", "2026-11"];
        let mut command = machine.frazil();
        command.args(call).args(["--most", most, "--ledger", "ledger.sqlite", "-o", "json"]);
        command.envs(KEYS).env("AWS_ENDPOINT_URL", &world.server.address).output().unwrap()
    };
    let refused = read("0.002");
    assert_eq!(refused.status.code(), Some(1));
    let told = stderr(&refused);
    assert!(told.contains("Athena: 600.0 MB read, 0.0030 USD"), "{told}");
    assert!(told.contains("`--most 0.0030`") && told.contains("nothing was taken in"), "{told}");
    assert!(!world.operations().contains(&"StartQueryExecution".to_owned()));

    let read = read("0.003");
    assert!(read.status.success(), "{}", stderr(&read));
    let data: Value = serde_json::from_slice(&read.stdout).unwrap();
    let rows = world.truth["lines"].as_array().unwrap().iter();
    let truth: i128 = rows.map(|row| row[16].as_str().unwrap().parse::<i128>().unwrap()).sum();
    let (one, _) = world.ask().await.unwrap();
    assert_eq!(super::ledger::billed(&one.gathered), truth);
    let pico = |sum: &Value| Decimal::from_text(sum["billed"].as_str().unwrap()).unwrap().pico;
    let sums = data["bills"].as_array().unwrap().iter().flat_map(|bill| bill["sums"].as_array().unwrap());
    assert_eq!(sums.map(pico).sum::<i128>(), truth, "of all currencies");
    assert_eq!(
        data["asked"][0],
        json!({ "of": "Athena", "requests": 0, "cached_requests": 0,
        "bytes": SCANNED, "usd": data["asked"][0]["usd"] })
    );
}
