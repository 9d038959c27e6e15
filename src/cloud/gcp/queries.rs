//! `BigQuery`: queries, billed by what they read.

use reqwest::Method;
use serde_json::{Value, json};

use super::session::{Ask, Gcp, is_missing, permission};
use crate::cloud::http::{Asked, Fault};
use crate::cloud::read::{each, flag, number, text};
use crate::error::{Error, Result};

/// How long one request waits for a query, in milliseconds; below the patience of a request.
const WAIT: u32 = 10_000;
/// Rows of one page.
const ROWS: u32 = 10_000;
/// Times that a query is started anew which failed for no reason of its own, and that pages are read anew.
const AGAIN: u32 = 2;
/// Reasons that ask to come again ("Error messages", `BigQuery` documentation).
const PASSING: [&str; 5] =
    ["backendError", "internalError", "jobBackendError", "jobInternalError", "rateLimitExceeded"];

/// A table of `BigQuery`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BigTable {
    /// The project that has it.
    pub project: String,
    /// The dataset.
    pub dataset: String,
    /// The table.
    pub table: String,
}

/// What `BigQuery` knows of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BigFacts {
    /// Names of its columns, those inside others with a dot: `invoice.month`.
    pub columns: Vec<String>,
    /// Where it lies, such as `US`.
    pub location: String,
    /// Whether its parts are told apart by the time that rows came.
    pub parted_by_arrival: bool,
    /// When it last changed, in milliseconds since 1970; empty where that is not told.
    pub modified: String,
}

/// A query with named parameters, all of them texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BigQuery {
    /// The text.
    pub text: String,
    /// Names and values.
    pub parameters: Vec<(&'static str, String)>,
}

/// What a query came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BigRows {
    /// `BigQuery`'s name of the job.
    pub id: String,
    /// Names of the columns.
    pub names: Vec<String>,
    /// The rows; nothing where a value is NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// Bytes that were read; 0 when the answer was kept from before.
    pub scanned: u64,
}

impl Gcp {
    /// What is known of a table (`BigQuery` API v2, `tables.get`).
    ///
    /// # Errors
    /// When there is no such table, or the cloud refuses or does not answer.
    pub async fn table_facts(&self, table: &BigTable) -> Result<BigFacts> {
        let BigTable { project, dataset, table: name } = table;
        let path = format!("/bigquery/v2/projects/{project}/datasets/{dataset}/tables/{name}");
        let answer = match self.get("bigquery", path, "bigquery.tables.get").await {
            Err(fault) if is_missing(&fault) => return Err(no_table(table)),
            answer => self.or_explain(answer)?,
        };
        let mut columns = Vec::new();
        fields(&answer, "/schema/fields", "", &mut columns);
        Ok(BigFacts {
            columns,
            location: text(&answer, "/location"),
            parted_by_arrival: answer.pointer("/timePartitioning/type").is_some()
                && text(&answer, "/timePartitioning/field").is_empty(),
            modified: text(&answer, "/lastModifiedTime"),
        })
    }

    /// How many bytes a query would read (`BigQuery` API v2, `jobs.query` with `dryRun`). That is free.
    ///
    /// # Errors
    /// When the query is refused, or the cloud does not answer.
    pub async fn query_bytes(&self, query: &BigQuery, location: &str) -> Result<u64> {
        let mut body = body(query, location);
        body["dryRun"] = json!(true);
        let answer = self.ask_query(body).await.map_err(|fault| self.explained_query(fault))?;
        Ok(number(&answer, "/totalBytesProcessed").unwrap_or(0))
    }

    /// Runs a query to its end, and reads its rows, page by page to the last (`BigQuery` API v2, `jobs.query`,
    /// `jobs.getQueryResults`). A query that would read more than `most` bytes fails, and is not billed.
    ///
    /// # Errors
    /// When the query fails, or the cloud refuses or does not answer.
    pub async fn query(&self, query: &BigQuery, location: &str, most: u64) -> Result<BigRows> {
        let mut left = AGAIN;
        loop {
            match self.query_once(query, location, most).await {
                Err(fault) if left > 0 && PASSING.contains(&fault.code()) => left -= 1,
                asked => return asked.map_err(|fault| self.explained_query(fault)),
            }
        }
    }

    async fn query_once(&self, query: &BigQuery, location: &str, most: u64) -> Asked<BigRows> {
        let mut body = body(query, location);
        body["maximumBytesBilled"] = json!(most.to_string());
        // The same request sent twice is one job.
        body["requestId"] = json!(request_id()?);
        let mut page = self.ask_query(body).await?;
        let (job, place) = (text(&page, "/jobReference/jobId"), text(&page, "/jobReference/location"));
        while !flag(&page, "/jobComplete") {
            page = self.result_page(&job, &place, "").await?;
        }
        let mut left = AGAIN;
        loop {
            match self.result(&job, &place, page.clone()).await {
                // The place in the pages was forgotten; BigQuery keeps answers for a day.
                Err(fault) if left > 0 && fault.code() == "invalid" => {
                    left -= 1;
                    page = self.result_page(&job, &place, "").await?;
                }
                rows => return rows,
            }
        }
    }

    async fn result(&self, job: &str, place: &str, mut page: Value) -> Asked<BigRows> {
        let names = each(&page, "/schema/fields").into_iter().map(|one| text(one, "/name")).collect();
        let scanned =
            if flag(&page, "/cacheHit") { 0 } else { number(&page, "/totalBytesProcessed").unwrap_or(0) };
        let mut all = BigRows { id: job.to_owned(), names, rows: Vec::new(), scanned };
        loop {
            all.rows.extend(each(&page, "/rows").into_iter().map(row));
            let token = text(&page, "/pageToken");
            if token.is_empty() {
                break;
            }
            page = self.result_page(job, place, &token).await?;
        }
        Ok(all)
    }

    async fn result_page(&self, job: &str, place: &str, token: &str) -> Asked<Value> {
        let mut query =
            vec![("maxResults".to_owned(), ROWS.to_string()), ("timeoutMs".to_owned(), WAIT.to_string())];
        query.extend((!place.is_empty()).then(|| ("location".to_owned(), place.to_owned())));
        query.extend((!token.is_empty()).then(|| ("pageToken".to_owned(), token.to_owned())));
        let path = format!("/bigquery/v2/projects/{}/queries/{job}", self.project());
        let (method, asked) = (Method::GET, "bigquery.jobs.getQueryResults");
        self.ask(Ask { method, api: "bigquery", path, query, asked, ..Ask::default() }).await
    }

    async fn ask_query(&self, body: Value) -> Asked<Value> {
        let path = format!("/bigquery/v2/projects/{}/queries", self.project());
        let (method, asked) = (Method::POST, "bigquery.jobs.create");
        self.ask(Ask { method, api: "bigquery", path, body: Some(body), asked, ..Ask::default() }).await
    }

    fn explained_query(&self, fault: Fault) -> Error {
        if let Fault::Refused(refusal) = &fault
            && refusal.code == "accessDenied"
        {
            let said = refusal.message.lines().next().unwrap_or_default().trim_end_matches('.');
            let needed = permission(said).unwrap_or(&refusal.asked);
            return Error::failed(format!("{} in the project {}: {said}", refusal.asked, self.project()))
                .hint(format!("these credentials lack the permission {needed}"))
                .hint("docs/costs.md, \"Asking the cloud\", lists the rights that asking BigQuery takes");
        }
        let (code, missing) = (fault.code().to_owned(), is_missing(&fault));
        let error = match self.or_explain::<()>(Err(fault)) {
            Err(error) => error,
            Ok(()) => Error::failed("BigQuery refused"),
        };
        match code.as_str() {
            "bytesBilledLimitExceeded" => error.hint("the table grew since it was looked at: ask again"),
            _ if missing => error.hint("check the name of the table, and where its dataset lies"),
            _ => error,
        }
    }
}

fn body(query: &BigQuery, location: &str) -> Value {
    let parameter = |(name, value): &(&str, String)| json!({ "name": name, "parameterType": { "type": "STRING" }, "parameterValue": { "value": value } });
    let mut body = json!({
        "query": query.text,
        "useLegacySql": false,
        "parameterMode": "NAMED",
        "queryParameters": query.parameters.iter().map(parameter).collect::<Vec<_>>(),
        "timeoutMs": WAIT,
        "maxResults": ROWS,
    });
    if !location.is_empty() {
        body["location"] = json!(location);
    }
    body
}

fn row(value: &Value) -> Vec<Option<String>> {
    let field = |one: &Value| one.get("v").and_then(Value::as_str).map(str::to_owned);
    value["f"].as_array().into_iter().flatten().map(field).collect()
}

fn fields(value: &Value, pointer: &str, before: &str, into: &mut Vec<String>) {
    for one in each(value, pointer) {
        let name = format!("{before}{}", text(one, "/name").to_lowercase());
        fields(one, "/fields", &format!("{name}."), into);
        into.push(name);
    }
}

fn no_table(table: &BigTable) -> Error {
    let BigTable { project, dataset, table } = table;
    Error::failed(format!("BigQuery knows no table {project}.{dataset}.{table}"))
        .hint("check the name: Google's exports are called gcp_billing_export_v1_ACCOUNT and gcp_billing_export_resource_v1_ACCOUNT")
}

/// Of the form that `BigQuery` takes: a UUID (RFC 9562, version 4).
fn request_id() -> Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::failed("no random numbers").because(error.to_string()))?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    Ok(parts.join("-"))
}
