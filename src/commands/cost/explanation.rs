//! `frazil cost --explain`: how one line came about.

use serde_json::{Value, json};

use super::money::{decimals, exact, rounded};
use crate::commands::ledger::refuse;
use crate::error::{Error, Result};
use crate::ledger::allocate::{Allocation, Explained, day_text};
use crate::ledger::{Bill, FileRead, Ledger};
use crate::view::{Align, Layout, Report, Table};

/// Most rows of the table; data has all.
const MOST: usize = 20;

/// The parts of a line, and the files that their rows were read from.
pub(super) struct Explanation {
    line: String,
    parts: Vec<Explained>,
    files: Vec<Vec<FileRead>>,
}

impl Explanation {
    /// What is known of a line.
    ///
    /// # Errors
    /// When there is no such line.
    pub(super) fn new(ledger: &Ledger, bills: &[Bill], line: &str, found: &Allocation) -> Result<Self> {
        if found.explained.is_empty() {
            let of_part = |part: &crate::ledger::allocate::Part| {
                part.values.first().cloned().filter(|name| !name.is_empty())
            };
            let names: Vec<_> = found
                .currencies
                .iter()
                .flat_map(|currency| currency.parts.iter().filter_map(of_part))
                .collect();
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            let error = Error::failed(format!("no line `{line}`"));
            return Err(match crate::nearest::nearest(line, &names) {
                Some(near) => error.hint(format!("`--explain {near}`, which is the nearest")),
                None => error.hint("the same call without `--explain` shows the lines"),
            });
        }
        let files = bills
            .iter()
            .map(|bill| ledger.files(bill))
            .collect::<std::result::Result<_, _>>()
            .map_err(refuse)?;
        Ok(Self { line: line.to_owned(), parts: found.explained.clone(), files })
    }

    fn file(&self, part: &Explained) -> Option<&FileRead> {
        self.files.get(part.bill)?.get(usize::try_from(part.lines.1).ok()?)
    }

    fn sums(&self) -> Vec<(&str, i128)> {
        let mut sums: Vec<(&str, i128)> = Vec::new();
        for part in &self.parts {
            match sums.iter_mut().find(|(currency, _)| *currency == part.currency) {
                Some((_, sum)) => *sum += part.amount,
                None => sums.push((&part.currency, part.amount)),
            }
        }
        sums
    }
}

impl Report for Explanation {
    fn schema(&self) -> &'static str {
        "frazil.cost.explain/v1"
    }

    fn data(&self) -> Value {
        let part = |part: &Explained| {
            let file = self.file(part);
            json!({
                "day": day_text(part.day),
                "what": part.what,
                "resource": part.resource,
                "currency": part.currency,
                "row_amount": exact(part.whole),
                "amount": exact(part.amount),
                "why": part.why,
                "lines": part.lines.0,
                "file": file.map(|file| &file.name),
                "sha256": file.map(|file| &file.digest),
                "first_row": part.lines.2,
            })
        };
        let sum = |(currency, sum): (&str, i128)| json!({ "currency": currency, "amount": exact(sum) });
        json!({
            "line": self.line,
            "sums": self.sums().into_iter().map(sum).collect::<Vec<_>>(),
            "parts": self.parts.iter().map(part).collect::<Vec<_>>(),
        })
    }

    fn text(&self, layout: Layout) -> String {
        let sums: Vec<_> =
            self.sums().iter().map(|(currency, sum)| format!("{} {currency}", exact(*sum))).collect();
        let shown = if layout.wide { self.parts.len() } else { self.parts.len().min(MOST) };
        let largest = if shown < self.parts.len() { format!("; the {shown} largest") } else { String::new() };
        let mut table = Table::new([
            ("day", Align::Left),
            ("what", Align::Left),
            ("resource", Align::Left),
            ("row", Align::Right),
            ("part", Align::Right),
            ("first line", Align::Left),
            ("why", Align::Left),
        ]);
        for part in self.parts.iter().take(shown) {
            let digits = decimals(part.whole).max(4);
            let file = self.file(part).map(|file| {
                let name = file.name.rsplit('/').next().unwrap_or(&file.name);
                format!("{name}:{} ({})", part.lines.2, file.digest.get(..12).unwrap_or(&file.digest))
            });
            table.row([
                day_text(part.day),
                part.what.clone(),
                part.resource.clone(),
                rounded(part.whole, digits),
                rounded(part.amount, digits),
                file.unwrap_or_default(),
                part.why.clone(),
            ]);
        }
        let (rows, of_rows) = (self.parts.len(), if self.parts.len() == 1 { "part" } else { "parts" });
        format!(
            "{}: {}, in {rows} {of_rows}{largest}\n\n{}",
            self.line,
            sums.join(", "),
            table.render(layout.width)
        )
    }

    fn table(&self) -> Option<Table> {
        let columns = [
            "day",
            "what",
            "resource",
            "currency",
            "row_amount",
            "amount",
            "file",
            "sha256",
            "first_row",
            "why",
        ];
        let mut table = Table::with_columns(columns.map(|name| (name.to_owned(), Align::Left)).to_vec());
        for part in &self.parts {
            let file = self.file(part);
            let name = file.map(|file| file.name.clone()).unwrap_or_default();
            let digest = file.map(|file| file.digest.clone()).unwrap_or_default();
            let (whole, amount, row) = (exact(part.whole), exact(part.amount), part.lines.2.to_string());
            table.row([
                day_text(part.day),
                part.what.clone(),
                part.resource.clone(),
                part.currency.clone(),
                whole,
                amount,
                name,
                digest,
                row,
                part.why.clone(),
            ]);
        }
        Some(table)
    }
}
