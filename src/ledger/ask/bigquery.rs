//! Asks `BigQuery` for a month of Google's export.

use super::digest::of_rows;
use super::export_text;
use super::names::ExportTable;
use super::rows::{Of, export};
use super::{Answered, Expense, Told};
use crate::cloud::gcp::{BigQuery, BigTable, Gcp};
use crate::error::Result;
use crate::ledger::{FileRead, Gather, Month, SourceKind};

/// What a query may read beyond what it was said to, in percent: rows arrive in the meantime.
const SLACK: u64 = 10;
/// What a query is billed for at least, in bytes.
const LEAST: u64 = 10 << 20;

/// A table of Google's standard or detailed export.
#[derive(Clone, Debug)]
pub struct BigQueryExport {
    /// The table.
    pub table: ExportTable,
}

impl BigQueryExport {
    /// When rows last came, as `BigQuery` tells it; asking is free. None where it does not tell.
    ///
    /// # Errors
    /// When the table is missing, or the cloud refuses or does not answer.
    pub async fn modified(&self, gcp: &Gcp) -> Result<Option<String>> {
        let modified = gcp.table_facts(&self.named()).await?.modified;
        Ok(Some(modified).filter(|text| !text.is_empty()))
    }

    fn named(&self) -> BigTable {
        BigTable {
            project: self.table.project().to_owned(),
            dataset: self.table.dataset().to_owned(),
            table: self.table.table().to_owned(),
        }
    }

    /// Asks for the month of an invoice. `told` hears what that will cost, and may stop it; it costs no more.
    ///
    /// # Errors
    /// When the table is missing or no export, `told` stops it, or the cloud refuses or does not answer.
    pub async fn month(&self, gcp: &Gcp, month: Month, told: Told<'_>) -> Result<Answered> {
        let facts = gcp.table_facts(&self.named()).await?;
        let text = export_text::query(&self.table, &facts.columns, facts.parted_by_arrival, month)?;
        let query = BigQuery { text: text.text, parameters: text.parameters };
        let bytes = gcp.query_bytes(&query, &facts.location).await?;
        told(&Expense::bigquery(bytes))?;
        let most = bytes.saturating_add(bytes / 100 * SLACK).max(LEAST);
        let answer = gcp.query(&query, &facts.location, most).await?;
        let mut gather = Gather::default();
        let detailed = export_text::is_detailed(&facts.columns);
        let kind = if detailed { SourceKind::GcpDetailed } else { SourceKind::GcpStandard };
        let of = Of { kind, month, file: gather.next_file() };
        export::add(&mut gather, of, &answer.names, &answer.rows)?;
        gather.file(FileRead {
            name: format!("BigQuery, job {} of {}, {month}", answer.id, self.table),
            digest: of_rows(&query.text, &answer.names, &answer.rows),
            rows: answer.rows.len() as u64,
        });
        let nothing = answer.rows.is_empty();
        let notes = nothing.then(|| format!("{} has no line of {month}", self.table)).into_iter().collect();
        Ok(Answered { gathered: gather.finish(), expense: Expense::bigquery(answer.scanned), notes })
    }
}
