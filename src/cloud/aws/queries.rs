//! Athena: queries over tables in buckets, billed by what they read.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::endpoints::{ATHENA, S3};
use super::session::{Ask, Aws};
use crate::cloud::http::{Asked, Fault};
use crate::cloud::read::{each, number, text};
use crate::error::{Error, Result};

/// Rows of one page; the most that there may be.
const ROWS: u32 = 1_000;
/// Pauses between questions whether a query is done: the first, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(3)];
/// Times that a query is started anew which failed for no reason of its own, and that pages are read anew.
const AGAIN: u32 = 2;
/// Pages of a bucket's list that are looked at to tell a size.
const MOST_LISTED: usize = 20;

/// A table of Athena: in which catalog and database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AthenaTable {
    /// The data catalog, such as `AwsDataCatalog`.
    pub catalog: String,
    /// The database.
    pub database: String,
    /// The table.
    pub table: String,
}

/// What Athena knows of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableFacts {
    /// Names and types of its columns, those by which it is parted included.
    pub columns: Vec<(String, String)>,
    /// Names of the columns by which it is parted.
    pub parted_by: Vec<String>,
    /// Where it lies, `s3://…`; empty when that is not told.
    pub location: String,
}

/// A query, and where it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AthenaQuery {
    /// The text.
    pub text: String,
    /// Literals for its question marks.
    pub parameters: Vec<String>,
    /// The workgroup; `primary` without one.
    pub workgroup: Option<String>,
    /// Where Athena writes the answer, `s3://…`; without one, where the workgroup says.
    pub output: Option<String>,
}

/// What a query came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AthenaRows {
    /// Athena's name of the run.
    pub id: String,
    /// Names of the columns.
    pub names: Vec<String>,
    /// The rows; nothing where a value is NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// Bytes that were read, by which it is billed.
    pub scanned: u64,
}

/// Names of columns, and rows.
type Told = (Vec<String>, Vec<Vec<Option<String>>>);

/// Whether a query is done.
enum State {
    Running,
    Done(u64),
    Failed { reason: String, again: bool },
}

impl Aws {
    /// What is known of a table (Athena API, `GetTableMetadata`).
    ///
    /// # Errors
    /// When there is no such table in this region, or the cloud refuses or does not answer.
    pub async fn table_facts(&self, table: &AthenaTable) -> Result<TableFacts> {
        let asked = json!({
            "CatalogName": table.catalog, "DatabaseName": table.database, "TableName": table.table,
        });
        let answer = self.athena("GetTableMetadata", &asked).await.map_err(|fault| {
            if fault.code() == "MetadataException" && !fault.message().contains("not authorized") {
                return no_table(table, self.region_name(), fault.message());
            }
            self.explained_query(fault)
        })?;
        let column = |one: &Value| (text(one, "/Name").to_lowercase(), text(one, "/Type").to_lowercase());
        let mut facts = TableFacts {
            columns: each(&answer, "/TableMetadata/Columns").into_iter().map(column).collect(),
            parted_by: Vec::new(),
            location: text(&answer, "/TableMetadata/Parameters/location"),
        };
        for (name, kind) in each(&answer, "/TableMetadata/PartitionKeys").into_iter().map(column) {
            facts.parted_by.push(name.clone());
            facts.columns.push((name, kind));
        }
        Ok(facts)
    }

    /// Bytes of the objects of a table whose keys `wanted` takes: what a query reads at most. `None` where
    /// that may not be seen (S3 API, `ListObjectsV2`).
    ///
    /// # Errors
    /// When the cloud does not answer.
    pub async fn table_bytes(
        &self,
        location: &str,
        wanted: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<Option<u64>> {
        let Some((bucket, prefix)) = location.strip_prefix("s3://").and_then(|rest| rest.split_once('/'))
        else {
            return Ok(None);
        };
        let (mut bytes, mut token) = (0, String::new());
        for _ in 0..MOST_LISTED {
            let mut query =
                vec![("list-type".to_owned(), "2".to_owned()), ("prefix".to_owned(), prefix.to_owned())];
            if !token.is_empty() {
                query.push(("continuation-token".to_owned(), token));
            }
            let (method, path) = (Method::GET, format!("/{bucket}"));
            let ask = Ask { method, path, query, operation: "ListObjectsV2", ..Ask::default() };
            let page = match self.xml(S3, ask).await {
                Ok(page) => page,
                Err(Fault::Refused(_)) => return Ok(None),
                Err(Fault::Failed(error)) => return Err(error),
            };
            let objects = each(&page, "/Contents").into_iter().filter(|one| wanted(&text(one, "/Key")));
            bytes += objects.filter_map(|one| number(one, "/Size")).sum::<u64>();
            token = text(&page, "/NextContinuationToken");
            if token.is_empty() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    /// Runs a query to its end and reads its rows, page by page to the last (Athena API,
    /// `StartQueryExecution`, `GetQueryExecution`, `GetQueryResults`).
    ///
    /// # Errors
    /// When the query fails, or the cloud refuses or does not answer.
    pub async fn query(&self, table: &AthenaTable, query: &AthenaQuery) -> Result<AthenaRows> {
        let mut left = AGAIN;
        let (id, scanned) = loop {
            let id = self.started(table, query).await.map_err(|fault| self.explained_query(fault))?;
            match self.ended(&id).await.map_err(|fault| self.explained_query(fault))? {
                State::Done(scanned) => break (id, scanned),
                State::Failed { again: true, .. } if left > 0 => left -= 1,
                State::Failed { reason, .. } => return Err(failed(&id, &reason)),
                State::Running => {}
            }
        };
        let (names, rows) = self.result(&id).await.map_err(|fault| self.explained_query(fault))?;
        Ok(AthenaRows { id, names, rows, scanned })
    }

    async fn started(&self, table: &AthenaTable, query: &AthenaQuery) -> Asked<String> {
        let mut body = json!({
            "QueryString": query.text,
            // The same request sent twice is one query.
            "ClientRequestToken": token()?,
            "QueryExecutionContext": { "Catalog": table.catalog, "Database": table.database },
            "ExecutionParameters": query.parameters,
        });
        if let Some(workgroup) = &query.workgroup {
            body["WorkGroup"] = json!(workgroup);
        }
        if let Some(output) = &query.output {
            body["ResultConfiguration"] = json!({ "OutputLocation": output });
        }
        Ok(text(&self.athena("StartQueryExecution", &body).await?, "/QueryExecutionId"))
    }

    async fn ended(&self, id: &str) -> Asked<State> {
        let [mut pause, longest] = PAUSES;
        loop {
            let answer = self.athena("GetQueryExecution", &json!({ "QueryExecutionId": id })).await?;
            match state(&answer) {
                State::Running => sleep(pause).await,
                state => return Ok(state),
            }
            pause = (pause * 2).min(longest);
        }
    }

    async fn result(&self, id: &str) -> Asked<Told> {
        let mut left = AGAIN;
        loop {
            match self.result_once(id).await {
                // The place in the pages was forgotten. The answer lies in a bucket: reading it again is free.
                Err((fault, true)) if left > 0 && fault.code() == "InvalidRequestException" => left -= 1,
                Err((fault, _)) => return Err(fault),
                Ok(pages) => return Ok(pages),
            }
        }
    }

    /// An error tells whether it came of a later page.
    async fn result_once(&self, id: &str) -> std::result::Result<Told, (Fault, bool)> {
        let (mut names, mut rows, mut token) = (Vec::new(), Vec::new(), String::new());
        loop {
            let mut body = json!({ "QueryExecutionId": id, "MaxResults": ROWS });
            let later = !token.is_empty();
            if later {
                body["NextToken"] = json!(token);
            }
            let page = self.athena("GetQueryResults", &body).await.map_err(|fault| (fault, later))?;
            let mut found = each(&page, "/ResultSet/Rows").into_iter().map(row);
            if !later {
                // The first row of a query's answer is its header.
                names = found.next().unwrap_or_default().into_iter().map(Option::unwrap_or_default).collect();
            }
            rows.extend(found);
            token = text(&page, "/NextToken");
            if token.is_empty() {
                return Ok((names, rows));
            }
        }
    }

    async fn athena(&self, operation: &str, body: &Value) -> Asked<Value> {
        self.json(ATHENA, operation, body).await
    }

    fn explained_query(&self, fault: Fault) -> Error {
        let (code, message) = (fault.code().to_owned(), fault.message().to_owned());
        let told = |error: Error| match code.as_str() {
            "AccessDeniedException" => {
                error.hint("docs/costs.md, \"Asking the cloud\", lists the rights that asking Athena takes")
            }
            "InvalidRequestException" if message.to_lowercase().contains("output location") => {
                error.hint("name a place for answers, `s3://BUCKET/FOLDER/`, or a workgroup that has one")
            }
            _ => error,
        };
        match fault {
            Fault::Refused(refusal) if refusal.code == "AccessDeniedException" => told(
                Error::failed(format!("{}: {}", refusal.asked, refusal.message.trim_end_matches('.')))
                    .hint(format!("these credentials lack the right {}", refusal.asked)),
            ),
            fault => match self.or_explain::<()>(Err(fault)) {
                Err(error) => told(error),
                Ok(()) => Error::failed("Athena refused"),
            },
        }
    }
}

fn row(value: &Value) -> Vec<Option<String>> {
    let field = |one: &Value| one.get("VarCharValue").and_then(Value::as_str).map(str::to_owned);
    value["Data"].as_array().into_iter().flatten().map(field).collect()
}

fn state(answer: &Value) -> State {
    let status = "/QueryExecution/Status";
    match text(answer, &format!("{status}/State")).as_str() {
        "SUCCEEDED" => {
            State::Done(number(answer, "/QueryExecution/Statistics/DataScannedInBytes").unwrap_or(0))
        }
        "FAILED" | "CANCELLED" => State::Failed {
            reason: text(answer, &format!("{status}/StateChangeReason")),
            again: text(answer, &format!("{status}/AthenaError/Retryable")) == "true",
        },
        _ => State::Running,
    }
}

fn failed(id: &str, reason: &str) -> Error {
    let said = reason.lines().next().unwrap_or_default().trim_end_matches('.');
    let failed = Error::failed(format!("the query {id} failed: {said}"));
    let low = reason.to_lowercase();
    if low.contains("bytes scanned limit") {
        return failed
            .hint("the workgroup limits what a query may read: raise that, or name another workgroup");
    }
    if low.contains("access denied") || low.contains("not authorized") {
        return failed
            .hint("these credentials have to read the bucket of the table, and write where answers lie: s3:GetObject, s3:ListBucket, s3:PutObject");
    }
    if low.contains("permanentredirect") || low.contains("wrong endpoint") {
        return failed.hint("the bucket is in another region: ask Athena in the region of the bucket");
    }
    failed
}

fn no_table(table: &AthenaTable, region: &str, said: &str) -> Error {
    let AthenaTable { catalog, database, table } = table;
    Error::failed(format!("Athena knows no table {database}.{table} in {catalog} of {region}"))
        .hint("check the name; Athena sees tables of its own region only: name the region of the table")
        .because(said.trim_end_matches('.').to_owned())
}

/// 64 hexadecimal digits that nobody had before.
fn token() -> Result<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::failed("no random numbers").because(error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
