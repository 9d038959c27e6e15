//! Cost Explorer, by a server that filters, groups and pages as its API reference says.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use frazil::cloud::aws::Aws;
use frazil::error::{Error, Result};
use frazil::ledger::ask::{Answered, CostExplorer, Expense};
use frazil::ledger::{Charge, Gathered, Month};
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use super::ledger::billed;
use super::stand_in::{Answer, Faults, KEYS, Request, StandIn, context};
use crate::skips::skipped;

const ACCOUNT: &str = "123456789012";
const PICO: i128 = 1_000_000_000_000;

/// What an account used on a day.
#[derive(Clone, Debug, Default)]
struct Used {
    day: String,
    words: BTreeMap<&'static str, String>,
    tags: BTreeMap<&'static str, String>,
    /// In 10⁻¹².
    billed: i128,
    amortized: i128,
    quantity: i128,
    unit: &'static str,
}

impl Used {
    fn new(day: &str, service: &str, usage_type: &str, record: &str, billed: i128) -> Self {
        let words = [
            ("LINKED_ACCOUNT", ACCOUNT),
            ("SERVICE", service),
            ("USAGE_TYPE", usage_type),
            ("RECORD_TYPE", record),
            ("REGION", if usage_type.starts_with("USW2-") { "us-west-2" } else { "us-east-1" }),
        ];
        Self {
            day: day.to_owned(),
            words: words.map(|(key, value)| (key, value.to_owned())).into(),
            billed,
            amortized: billed,
            quantity: PICO,
            unit: "Hrs",
            ..Self::default()
        }
    }

    fn tagged(mut self, hub: &str, pool: &str) -> Self {
        self.tags =
            [("frazil:hub", hub), ("frazil:pool", pool)].map(|(key, value)| (key, value.to_owned())).into();
        self.tags.retain(|_, value| !value.is_empty());
        self
    }

    fn word(&self, key: &str) -> &str {
        self.words.get(key).map_or("", String::as_str)
    }

    /// `Expression`: `And`, a dimension's values, a tag's value or absence.
    fn fits(&self, filter: &Value) -> bool {
        if let Some(all) = filter["And"].as_array() {
            assert!(all.len() > 1, "And takes two expressions at least");
            return all.iter().all(|one| self.fits(one));
        }
        let values = |filter: &Value| -> Vec<String> {
            filter["Values"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|one| one.as_str().unwrap().to_owned())
                .collect()
        };
        if let Some(dimension) = filter.get("Dimensions") {
            return values(dimension)
                .iter()
                .any(|value| value == self.word(dimension["Key"].as_str().unwrap()));
        }
        let tag = &filter["Tags"];
        let own = self.tags.get(tag["Key"].as_str().unwrap());
        match tag["MatchOptions"][0].as_str() {
            Some("ABSENT") => own.is_none(),
            _ => values(tag).iter().any(|value| Some(value) == own),
        }
    }

    fn key(&self, group: &Value) -> String {
        let name = group["Key"].as_str().unwrap();
        match group["Type"].as_str().unwrap() {
            "DIMENSION" => self.word(name).to_owned(),
            _ => format!("{name}${}", self.tags.get(name).map_or("", String::as_str)),
        }
    }
}

/// Amounts have ten decimals.
fn amount(pico: i128) -> String {
    let unit = 100;
    let rounded = (pico + pico.signum() * unit / 2) / unit;
    let sign = if rounded < 0 { "-" } else { "" };
    let digits = rounded.unsigned_abs();
    format!("{sign}{}.{:010}", digits / 10_000_000_000, digits % 10_000_000_000)
}

/// `GetCostAndUsage`: every group of a page is of `most`, whatever its day.
fn answer(all: &[Used], asked: &Value, most: usize, open: &str) -> Answer {
    let text = |pointer: &str| asked.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (start, end, daily) =
        (text("/TimePeriod/Start"), text("/TimePeriod/End"), text("/Granularity") == "DAILY");
    let keys = asked["GroupBy"].as_array().unwrap();
    assert_eq!((keys.len(), asked["Metrics"].as_array().unwrap().len()), (2, 3));
    let mut sums = BTreeMap::new();
    for used in all.iter().filter(|used| used.day >= start && used.day < end && used.fits(&asked["Filter"])) {
        let period = if daily { used.day.clone() } else { start.clone() };
        let sum =
            sums.entry((period, [used.key(&keys[0]), used.key(&keys[1])])).or_insert((0, 0, 0, used.unit));
        *sum = (
            sum.0 + used.billed,
            sum.1 + used.amortized,
            sum.2 + used.quantity,
            if sum.3 == used.unit { sum.3 } else { "N/A" },
        );
    }
    let mut periods: Vec<Value> = Vec::new();
    let (first, last): (Date, Date) = (start.parse().unwrap(), end.parse().unwrap());
    let days = if daily { first.until(last).unwrap().get_days() } else { 1 };
    let from: usize = asked["NextPageToken"].as_str().map_or(0, |token| token.parse().unwrap());
    for day in 0..days {
        let day = (first + day.days()).to_string();
        periods.push(json!({ "TimePeriod": { "Start": day, "End": day }, "Total": {}, "Groups": [],
            "Estimated": day.as_str() >= open }));
    }
    let groups: Vec<_> = sums.iter().collect();
    let to = groups.len().min(from + most);
    for ((period, keys), (billed, amortized, quantity, unit)) in &groups[from..to] {
        let metric = |pico: i128, unit: &str| json!({ "Amount": amount(pico), "Unit": unit });
        let metrics = json!({ "UnblendedCost": metric(*billed, "USD"), "AmortizedCost": metric(*amortized, "USD"),
            "UsageQuantity": metric(*quantity, unit) });
        let place = periods.iter_mut().find(|one| one["TimePeriod"]["Start"] == *period).unwrap();
        place["Groups"].as_array_mut().unwrap().push(json!({ "Keys": keys, "Metrics": metrics }));
    }
    // A page tells only of days that it has groups of.
    if groups.len() > most {
        periods.retain(|one| !one["Groups"].as_array().unwrap().is_empty());
    }
    let mut told = json!({ "GroupDefinitions": asked["GroupBy"], "ResultsByTime": periods, "DimensionValueAttributes": [] });
    if to < groups.len() {
        told["NextPageToken"] = json!(to.to_string());
    }
    (200, told.to_string())
}

/// Cost Explorer over an account's use, numbers from the day `open` on being estimates.
struct World {
    server: StandIn,
    aws: Aws,
    faults: Faults,
    folder: tempfile::TempDir,
    paid: Arc<AtomicUsize>,
}

impl World {
    async fn start(all: Vec<Used>, most: usize, open: &'static str) -> Self {
        let (faults, paid) = (Faults::default(), Arc::new(AtomicUsize::new(0)));
        let (own, count) = (faults.clone(), Arc::clone(&paid));
        let server = StandIn::start(move |request: &Request| {
            assert_eq!(request.headers["x-amz-target"], "AWSInsightsIndexService.GetCostAndUsage");
            own.take("any").unwrap_or_else(|| {
                count.fetch_add(1, Ordering::Relaxed);
                answer(&all, &request.json(), most, open)
            })
        });
        let [key, secret] = KEYS;
        let context = context(&[key, secret, ("AWS_ENDPOINT_URL", &server.address)]);
        let aws = Aws::open(&context, "us-west-2").await.unwrap();
        Self { server, aws, faults, folder: tempfile::tempdir().unwrap(), paid }
    }

    async fn ask_at(&self, month: Month, now: &str) -> Result<(Answered, Vec<Expense>)> {
        let now: Timestamp = now.parse().unwrap();
        let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        let costs = CostExplorer::at(ACCOUNT, self.folder.path().to_owned(), now, today)?;
        let mut told = Vec::new();
        let mut hear = |expense: &Expense| {
            told.push(expense.clone());
            Ok(())
        };
        let answered = costs.month(&self.aws, month, &mut hear).await?;
        Ok((answered, told))
    }

    async fn ask(&self, month: Month) -> Result<(Answered, Vec<Expense>)> {
        self.ask_at(month, "2026-11-22T12:00:00Z").await
    }

    fn paid(&self) -> usize {
        self.paid.swap(0, Ordering::Relaxed)
    }
}

/// Two hubs, things of nobody, credits and tax, numbers with more decimals than are told.
fn account() -> Vec<Used> {
    let mut all = Vec::new();
    for day in 1..=31 {
        let day = format!("2026-10-{day:02}");
        for (number, (hub, pool)) in (1_i128..).zip([
            ("lab", "core"),
            ("lab", "user"),
            ("lab", ""),
            ("other", "user"),
            ("", ""),
            ("", "user"),
        ]) {
            let ec2 = Used::new(
                &day,
                "Amazon Elastic Compute Cloud - Compute",
                "USW2-BoxUsage:r7i.large",
                "Usage",
                6_350_400_000_030 * number,
            );
            let transfer = |service: &str| {
                Used::new(&day, service, "DataTransfer-Out-Bytes", "Usage", 12_345_678_901 * number)
            };
            let mut planned = Used::new(
                &day,
                "Amazon Elastic Compute Cloud - Compute",
                "USW2-BoxUsage:m5.large",
                "SavingsPlanCoveredUsage",
                2 * PICO,
            );
            planned.amortized = PICO;
            all.extend(
                [ec2, transfer("EC2 - Other"), transfer("Amazon Simple Storage Service"), planned]
                    .map(|used| used.tagged(hub, pool)),
            );
        }
        let mut negation =
            Used::new(&day, "Savings Plans for AWS Compute usage", "", "SavingsPlanNegation", -12 * PICO);
        negation.amortized = 0;
        all.push(negation);
        all.push(Used::new(&day, "Amazon Elastic Compute Cloud - Compute", "", "Credit", -PICO / 3));
    }
    all.push(Used::new("2026-10-01", "Tax", "", "Tax", 42 * PICO));
    all
}

fn october() -> Month {
    Month::new(2026, 10).unwrap()
}

/// What the invoice says, in ten decimals a day, as Cost Explorer tells sums.
fn truth(all: &[Used], of: impl Fn(&Used) -> bool, sum: impl Fn(&Used) -> i128) -> i128 {
    let mut sums: BTreeMap<(&str, &str, &str), i128> = BTreeMap::new();
    for used in all.iter().filter(|used| of(used)) {
        *sums.entry((&used.day, used.word("SERVICE"), used.word("RECORD_TYPE"))).or_default() += sum(used);
    }
    sums.values().map(|pico| (pico + pico.signum() * 50) / 100 * 100).sum()
}

fn of_charge(gathered: &Gathered, charge: Charge) -> i128 {
    gathered.lines.iter().filter(|(key, _)| key.charge == charge).map(|(_, sums)| sums.billed).sum()
}

#[tokio::test]
async fn a_month_has_hubs_pools_services_and_sums_to_the_invoice() {
    let world = World::start(account(), 100, "2026-11-01").await;
    let (answered, told) = world.ask(october()).await.unwrap();
    let gathered = &answered.gathered;
    assert_eq!(billed(gathered), truth(&account(), |_| true, |used| used.billed));
    let effective: i128 = gathered.lines.values().map(|sums| sums.effective).sum();
    assert_eq!(effective, truth(&account(), |_| true, |used| used.amortized));
    assert_eq!(of_charge(gathered, Charge::Tax), 42 * PICO);
    assert_eq!(of_charge(gathered, Charge::Discount), -12 * 31 * PICO);
    assert_eq!(
        of_charge(gathered, Charge::Credit),
        truth(&account(), |used| used.word("RECORD_TYPE") == "Credit", |used| used.billed)
    );
    assert!(of_charge(gathered, Charge::Rounding).abs() > 0);

    let text = |symbol| gathered.symbols.text(symbol);
    let found = gathered.lines.iter().find(|(key, _)| {
        text(key.tags) == r#"{"frazil:hub":"lab","frazil:pool":"user"}"#
            && text(key.usage_type).starts_with("USW2-BoxUsage:r7i")
    });
    let (key, sums) = found.unwrap();
    assert_eq!((text(key.region), text(key.unit), text(key.account)), ("us-west-2", "Hrs", ACCOUNT));
    assert_eq!((sums.quantity, sums.billed), (PICO, 12_700_800_000_100));
    // The same usage type of two services stays apart.
    let transfer = gathered.lines.keys().filter(|key| text(key.usage_type) == "DataTransfer-Out-Bytes");
    assert_eq!(transfer.map(|key| text(key.service)).collect::<std::collections::BTreeSet<_>>().len(), 2);

    // 31 days of 4 record types and services and a tax: 156 groups; 6 pairs; 3 regions; 6 parts of 124 groups.
    let pages = 2 + 1 + 1 + 6 * 2;
    assert_eq!(world.paid(), pages);
    assert_eq!(answered.expense.to_string(), format!("Cost Explorer: {pages} requests, 0.{pages} USD"));
    let before: Vec<_> = told.iter().map(|expense| (expense.requests, expense.cached)).collect();
    assert_eq!(before, [(4, 0), (10, 0)], "at least so much, told before");
    assert!(answered.notes.is_empty(), "{:?}", answered.notes);
    let signed = |request: &Request| request.headers["authorization"].contains("/ce/aws4_request");
    assert!(world.server.requests().iter().all(signed));
}

#[tokio::test]
async fn a_final_month_is_asked_for_once() {
    let world = World::start(account(), 1_000, "2026-11-01").await;
    let (first, _) = world.ask(october()).await.unwrap();
    let asked = world.paid();
    assert_eq!(asked, 9);
    let (again, told) = world.ask_at(october(), "2027-03-01T00:00:00Z").await.unwrap();
    assert_eq!(world.paid(), 0);
    assert_eq!(again.expense.to_string(), "Cost Explorer: 0 requests, 0.00 USD; 9 known from before");
    assert_eq!(told[0].requests, 0);
    assert_eq!(super::ledger::lines(&first.gathered), super::ledger::lines(&again.gathered));
    let files: Vec<_> = std::fs::read_dir(world.folder.path()).unwrap().map(|file| file.unwrap()).collect();
    assert_eq!(files.len(), asked);
    for file in files {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        // A damaged file is no answer.
        std::fs::write(file.path(), "{").unwrap();
    }
    world.ask(october()).await.unwrap();
    assert_eq!(world.paid(), asked);
}

#[tokio::test]
async fn an_open_month_is_asked_for_again_after_a_while() {
    let world = World::start(account(), 1_000, "2026-10-30").await;
    let (first, _) = world.ask_at(october(), "2026-11-01T00:00:00Z").await.unwrap();
    assert_eq!(first.notes, ["2026-10 is not final: its numbers may change until the invoice is made"]);
    assert!(world.paid() > 0);
    world.ask_at(october(), "2026-11-01T07:59:00Z").await.unwrap();
    assert_eq!(world.paid(), 0);
    world.ask_at(october(), "2026-11-01T08:01:00Z").await.unwrap();
    assert!(world.paid() > 0);
}

#[tokio::test]
async fn throttling_is_waited_for_and_refusals_say_what_to_do() {
    let world = World::start(account(), 1_000, "2026-11-01").await;
    let refusal = |kind: &str, message: &str| json!({ "__type": kind, "message": message }).to_string();
    world.faults.next("any", 400, &refusal("LimitExceededException", "Rate exceeded"));
    world.faults.next("any", 400, &refusal("ThrottlingException", "Rate exceeded"));
    world.faults.next("any", 500, "");
    let (answered, _) = world.ask(october()).await.unwrap();
    assert_eq!(billed(&answered.gathered), truth(&account(), |_| true, |used| used.billed));
    assert_eq!((world.paid(), world.server.requests().len()), (9, 12), "only answers are billed");

    let world = World::start(account(), 1_000, "2026-11-01").await;
    let cases = [
        (
            "AccessDeniedException",
            "User: x is not authorized to perform: ce:GetCostAndUsage",
            "the right ce:GetCostAndUsage",
        ),
        ("DataUnavailableException", "Data is not available", "open it once in the console"),
        ("BillExpirationException", "The requested report expired", "Cost and Usage Report"),
    ];
    for (kind, message, hint) in cases {
        world.faults.next("any", 400, &refusal(kind, message));
        let error = world.ask(october()).await.unwrap_err();
        assert_eq!(error.to_string(), format!("ce:GetCostAndUsage: {message}"));
        assert!(error.hints().iter().any(|one| one.contains(hint)), "{:?}", error.hints());
    }
}

#[tokio::test]
async fn what_is_not_there_costs_nothing() {
    let world = World::start(account(), 1_000, "2026-11-01").await;
    for (year, month) in [(2025, 9), (2026, 12)] {
        assert!(world.ask(Month::new(year, month).unwrap()).await.is_err());
    }
    let at =
        |account: &str| CostExplorer::at(account, PathBuf::new(), Timestamp::UNIX_EPOCH, date(2026, 11, 22));
    for wrong in ["", "12345678901", "12345678901x", "1234567890123"] {
        assert_eq!(at(wrong).unwrap_err().to_string(), format!("`{wrong}` is no account of AWS"));
    }
    let mut no = |_: &Expense| Err(Error::failed("too much"));
    assert_eq!(
        at(ACCOUNT).unwrap().month(&world.aws, october(), &mut no).await.unwrap_err().to_string(),
        "too much"
    );
    assert_eq!(world.paid(), 0);
}

#[tokio::test]
async fn an_account_without_numbers_or_tags_hears_why() {
    let world = World::start(Vec::new(), 1_000, "2026-11-01").await;
    let (answered, _) = world.ask(october()).await.unwrap();
    assert!(answered.gathered.lines.is_empty());
    assert!(answered.notes[0].starts_with("Cost Explorer knows nothing of 2026-10"), "{:?}", answered.notes);
    assert_eq!(world.paid(), 3);

    let untagged = account().into_iter().map(|used| Used { tags: BTreeMap::new(), ..used }).collect();
    let world = World::start(untagged, 1_000, "2026-11-01").await;
    let (answered, _) = world.ask(october()).await.unwrap();
    assert_eq!(billed(&answered.gathered), truth(&account(), |_| true, |used| used.billed));
    assert!(answered.notes[0].contains("activate frazil:hub and frazil:pool"), "{:?}", answered.notes);
    assert_eq!(world.paid(), 4);
}

/// Numbers that are renewed between two questions do not become a bill.
#[tokio::test]
async fn answers_of_different_times_are_not_put_together() {
    let world = World::start(account(), 1_000, "2026-11-01").await;
    world.ask(october()).await.unwrap();
    let folder = world.folder.path().to_owned();
    let mut more = account();
    more[0].billed += PICO;
    let renewed = World::start(more.clone(), 1_000, "2026-11-01").await;
    // Half of the answers are of before.
    for file in std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()) {
        if std::fs::read_to_string(&file).unwrap().contains("RECORD")
            || std::fs::read_to_string(&file).unwrap().contains(r#""Tax""#)
        {
            std::fs::copy(&file, renewed.folder.path().join(file.file_name().unwrap())).unwrap();
        }
    }
    let error = renewed.ask(october()).await.unwrap_err();
    assert!(error.to_string().contains("do not belong together"), "{error}");
    let (answered, _) = renewed.ask(october()).await.unwrap();
    assert_eq!(billed(&answered.gathered), truth(&more, |_| true, |used| used.billed));
}

/// Recorded answers by service, of an account in September 2025.
#[tokio::test]
async fn recorded_answers_are_summed_to_the_last_decimal() {
    let shared = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/bills/jupyterhub");
    for name in ["cost_component_all.json", "cost_component_home_storage.json"] {
        let Ok(text) = std::fs::read_to_string(shared.join(name)) else {
            skipped(format_args!("no {}", shared.join(name).display()));
            return;
        };
        let recorded: Value = serde_json::from_str(&text).unwrap();
        let (mut all, mut total) = (Vec::new(), 0_i128);
        for period in recorded["ResultsByTime"].as_array().unwrap() {
            for group in period["Groups"].as_array().unwrap() {
                let text = group["Metrics"]["UnblendedCost"]["Amount"].as_str().unwrap();
                let (whole, part) = text.split_once('.').unwrap_or((text, ""));
                let pico: i128 = format!("{whole}{part:0<12}").parse().unwrap();
                total += pico;
                let (day, service) =
                    (period["TimePeriod"]["Start"].as_str().unwrap(), group["Keys"][0].as_str().unwrap());
                all.push(Used::new(day, service, "USW2-x", "Usage", pico));
            }
        }
        let world = World::start(all, 5, "2025-09-01").await;
        let month = Month::new(2025, 9).unwrap();
        let (answered, _) = world.ask_at(month, "2025-09-23T12:00:00Z").await.unwrap();
        assert!(total > 0);
        assert_eq!(billed(&answered.gathered), total, "{name}");
        assert_eq!(of_charge(&answered.gathered, Charge::Rounding), 0);
    }
}
