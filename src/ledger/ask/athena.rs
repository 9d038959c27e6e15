//! Asks Athena for a month of CUR 2.0.

use super::cur_text::{self, Column};
use super::digest::of_rows;
use super::names::CurTable;
use super::rows::{Of, cur};
use super::{Answered, Expense, Told};
use crate::cloud::aws::{AthenaQuery, AthenaTable, Aws};
use crate::error::Result;
use crate::ledger::{FileRead, Gather, Month, SourceKind};

/// A table of CUR 2.0, and where its answers go.
#[derive(Clone, Debug)]
pub struct Athena {
    /// The table.
    pub table: CurTable,
    /// The workgroup; `primary` without one.
    pub workgroup: Option<String>,
    /// Where Athena writes answers, `s3://…`; without one, where the workgroup says.
    pub output: Option<String>,
}

impl Athena {
    /// Asks for a month. `told` hears what that will cost at most, and may stop it.
    ///
    /// # Errors
    /// When the table is missing or no report, `told` stops it, or the cloud refuses or does not answer.
    pub async fn month(&self, aws: &Aws, month: Month, told: Told<'_>) -> Result<Answered> {
        let table = AthenaTable {
            catalog: self.table.catalog().to_owned(),
            database: self.table.database().to_owned(),
            table: self.table.table().to_owned(),
        };
        let facts = aws.table_facts(&table).await?;
        let columns: Vec<_> = facts.columns.into_iter().map(|(name, kind)| Column { name, kind }).collect();
        let text = cur_text::query(&self.table, &columns, &facts.parted_by, month)?;
        let bytes = aws.table_bytes(&facts.location, &|key| cur_text::is_of(key, month)).await?;
        told(&Expense::athena(bytes))?;
        let query = AthenaQuery {
            text: text.text,
            parameters: text.parameters,
            workgroup: self.workgroup.clone(),
            output: self.output.clone(),
        };
        let answer = aws.query(&table, &query).await?;
        let mut gather = Gather::default();
        let of = Of { kind: SourceKind::Cur2, month, file: gather.next_file() };
        cur::add(&mut gather, of, &answer.names, &answer.rows)?;
        gather.file(FileRead {
            name: format!("Athena, query {} of {}, {month}", answer.id, self.table),
            digest: of_rows(&query.text, &answer.names, &answer.rows),
            rows: answer.rows.len() as u64,
        });
        let nothing = answer.rows.is_empty();
        let notes = nothing.then(|| format!("{} has no line of {month}", self.table)).into_iter().collect();
        Ok(Answered { gathered: gather.finish(), expense: Expense::athena(Some(answer.scanned)), notes })
    }
}
