//! Which format a file is of, by what it holds, and where its columns stand.

use super::amazon;
use super::batch::{Column, Holds};
use super::error::Fault;
use super::focus;
use super::google;
use super::tags::is_tag_column;
use crate::ledger::SourceKind;

/// How the bytes of a file are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ledger) enum Packing {
    Plain,
    Gzip,
}

/// What a file's first bytes say that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ledger) enum Looks {
    Parquet,
    Json,
    Csv,
}

/// Compression, by the first bytes (RFC 1952, 2.3.1; others by the list of `file`).
pub(in crate::ledger) fn packing(head: &[u8]) -> Result<Packing, Fault> {
    match head {
        [] => Err(Fault::Empty),
        [0x1f, 0x8b, ..] => Ok(Packing::Gzip),
        [b'P', b'K', 3 | 5 | 7, ..] => Err(Fault::Packed("a ZIP archive")),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Err(Fault::Packed("Zstandard")),
        [b'B', b'Z', b'h', ..] => Err(Fault::Packed("bzip2")),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => Err(Fault::Packed("xz")),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Err(Fault::Packed("UTF-16")),
        _ => Ok(Packing::Plain),
    }
}

/// What unpacked bytes look like.
pub(in crate::ledger) fn looks(head: &[u8]) -> Result<Looks, Fault> {
    if head.starts_with(b"PAR1") {
        return Ok(Looks::Parquet);
    }
    let text = without_mark(head);
    match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => Err(Fault::Empty),
        Some(b'{' | b'[') => Ok(Looks::Json),
        Some(_) if text.iter().take(512).any(|byte| *byte == 0) => Err(Fault::Unknown),
        Some(_) => Ok(Looks::Csv),
    }
}

/// The text without the byte order mark that spreadsheets put before it.
pub(in crate::ledger) fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// The format whose columns these are.
pub(super) fn kind(names: &[String]) -> Option<SourceKind> {
    let has = |name: &str| names.iter().any(|each| each == name);
    let any = |start: &str| names.iter().any(|each| each.starts_with(start));
    if any("lineItem/") {
        Some(SourceKind::CurLegacy)
    } else if any("line_item_") {
        // Tables of the legacy report have a column for each product attribute and tag.
        let nested =
            ["resource_tags", "tags", "product", "cost_category", "discount", "bill_payer_account_name"];
        let new = nested.iter().any(|name| has(name) || any(&format!("{name}.")));
        Some(if new { SourceKind::Cur2 } else { SourceKind::CurLegacy })
    } else if has("ChargeCategory") || (has("BilledCost") && has("BillingCurrency")) {
        Some(SourceKind::Focus)
    } else if has("billing_account_id") && (any("sku") || any("service")) {
        let detailed = ["resource.", "resource_name", "resource_global_name", "price.", "price_effective"];
        let detailed = detailed.iter().any(|start| any(start));
        Some(if detailed { SourceKind::GcpDetailed } else { SourceKind::GcpStandard })
    } else {
        None
    }
}

/// The columns of a format.
pub(super) fn columns(kind: SourceKind) -> &'static [Column] {
    match kind {
        SourceKind::Cur2 | SourceKind::CurLegacy => &amazon::COLUMNS,
        SourceKind::GcpDetailed | SourceKind::GcpStandard => &google::COLUMNS,
        SourceKind::Focus | SourceKind::CostExplorer => &focus::COLUMNS,
    }
}

/// The format by the name that people know.
pub(super) const fn format_name(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Cur2 => "a CUR 2.0",
        SourceKind::CurLegacy => "a legacy CUR",
        SourceKind::Focus => "a FOCUS export",
        SourceKind::GcpStandard => "Google's standard export",
        SourceKind::GcpDetailed => "Google's detailed export",
        SourceKind::CostExplorer => "Cost Explorer",
    }
}

/// A table's columns: where each column of the format stands among those of the file.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) kind: SourceKind,
    pub(super) columns: &'static [Column],
    /// By column of the format: its place in `names`.
    pub(super) at: Vec<Option<usize>>,
    /// Columns that are each one tag of a legacy report, with the tag's key.
    pub(super) tag_columns: Vec<(usize, String)>,
    /// Names of the file's columns; records as `record.field`.
    pub(super) names: Vec<String>,
}

impl Layout {
    /// Finds the columns of a file by their names.
    ///
    /// # Errors
    /// When they are those of no bill, or needed ones are missing and `strict`.
    pub(super) fn of(names: Vec<String>, strict: bool) -> Result<Self, Fault> {
        let kind = kind(&names).ok_or(Fault::Unknown)?;
        let columns = columns(kind);
        let find = |column: &Column| {
            let exact = |name: &&&str| names.iter().position(|each| each == **name);
            let first = column.names.iter().find_map(|name| exact(&name));
            first.or_else(|| {
                let similar = |name: &&str| names.iter().position(|each| each.eq_ignore_ascii_case(name));
                column.names.iter().find_map(similar)
            })
        };
        let at: Vec<_> = columns.iter().map(find).collect();
        let missing: Vec<_> = columns
            .iter()
            .zip(&at)
            .filter(|(column, at)| column.needed && at.is_none())
            .map(|(column, _)| usual_name(column, kind))
            .collect();
        if strict && !missing.is_empty() {
            return Err(Fault::Columns { format: format_name(kind), missing });
        }
        let tags = columns.iter().position(|column| column.holds == Holds::Tags);
        let has_tags = tags.is_some_and(|tags| at[tags].is_some());
        let is_tag = |(_, name): &(usize, &String)| !has_tags && is_tag_column(name);
        let tag_columns =
            names.iter().enumerate().filter(is_tag).map(|(place, name)| (place, name.clone())).collect();
        Ok(Self { kind, columns, at, tag_columns, names })
    }

    /// The column that takes tags of a legacy report's columns.
    pub(super) fn tag_slot(&self) -> Option<usize> {
        let slot = self.columns.iter().position(|column| column.holds == Holds::Tags)?;
        (!self.tag_columns.is_empty()).then_some(slot)
    }

    /// How the file names a column of the format.
    pub(super) fn name(&self, slot: usize) -> &str {
        self.at[slot].map_or(self.columns[slot].names[0], |place| &self.names[place])
    }
}

/// Legacy reports have names of their own.
fn usual_name(column: &Column, kind: SourceKind) -> &'static str {
    let slashed = column.names.iter().find(|name| name.contains('/'));
    match slashed {
        Some(name) if kind == SourceKind::CurLegacy => name,
        _ => column.names[0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(names: &str) -> Option<SourceKind> {
        kind(&names.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn formats_are_known_by_their_columns() {
        assert_eq!(kind_of("lineItem/UnblendedCost x"), Some(SourceKind::CurLegacy));
        assert_eq!(kind_of("line_item_unblended_cost resource_tags"), Some(SourceKind::Cur2));
        assert_eq!(kind_of("line_item_usage_type resource_tags_user_name"), Some(SourceKind::CurLegacy));
        assert_eq!(kind_of("Tags ChargeCategory"), Some(SourceKind::Focus));
        assert_eq!(kind_of("billing_account_id sku.id"), Some(SourceKind::GcpStandard));
        assert_eq!(kind_of("billing_account_id sku_id resource_name"), Some(SourceKind::GcpDetailed));
        assert_eq!(kind_of("date amount"), None);
    }

    #[test]
    fn files_are_known_by_their_first_bytes() {
        assert_eq!(packing(&[0x1f, 0x8b, 8]), Ok(Packing::Gzip));
        assert_eq!(packing(b"PK\x03\x04"), Err(Fault::Packed("a ZIP archive")));
        assert_eq!(packing(b""), Err(Fault::Empty));
        assert_eq!(looks(b"PAR1\x00"), Ok(Looks::Parquet));
        assert_eq!(looks(b"\xef\xbb\xbf [{"), Ok(Looks::Json));
        assert_eq!(looks(b"a,b"), Ok(Looks::Csv));
        assert_eq!(looks(b"\n \n"), Err(Fault::Empty));
        assert_eq!(looks(b"a\0b"), Err(Fault::Unknown));
    }

    #[test]
    fn missing_columns_are_named_as_the_format_writes_them() {
        let names = ["lineItem/UsageType", "lineItem/ProductCode", "bill/PayerAccountId"];
        let fault = Layout::of(names.map(str::to_owned).to_vec(), true).unwrap_err();
        assert_eq!(
            fault.to_string(),
            "a legacy CUR without the columns bill/BillingPeriodStartDate, lineItem/UsageStartDate, \
             lineItem/LineItemType, lineItem/UsageAccountId, lineItem/CurrencyCode, lineItem/UnblendedCost"
        );
    }
}
