//! Names of tables that a person typed: checked letter by letter before they come near a query.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// The longest name that any of them takes.
const LONGEST: usize = 1_024;

/// A table of CUR 2.0 in Athena: `DATABASE.TABLE`, or `CATALOG.DATABASE.TABLE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurTable {
    parts: [String; 3],
}

/// A table of Google's export in `BigQuery`: `PROJECT.DATASET.TABLE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportTable {
    parts: [String; 3],
}

impl CurTable {
    /// The data catalog.
    pub fn catalog(&self) -> &str {
        &self.parts[0]
    }

    /// The database.
    pub fn database(&self) -> &str {
        &self.parts[1]
    }

    /// The table.
    pub fn table(&self) -> &str {
        &self.parts[2]
    }

    /// As Athena's queries name it.
    pub(super) fn quoted(&self) -> String {
        let [catalog, database, table] = &self.parts;
        format!("\"{catalog}\".\"{database}\".\"{table}\"")
    }
}

impl ExportTable {
    /// The project.
    pub fn project(&self) -> &str {
        &self.parts[0]
    }

    /// The dataset.
    pub fn dataset(&self) -> &str {
        &self.parts[1]
    }

    /// The table.
    pub fn table(&self) -> &str {
        &self.parts[2]
    }

    /// As `BigQuery`'s queries name it.
    pub(super) fn quoted(&self) -> String {
        format!("`{}`", self.parts.join("."))
    }
}

impl FromStr for CurTable {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || {
            Error::usage(format!("`{text}` names no table of Athena"))
                .hint("write it as DATABASE.TABLE: letters, digits, `_` and `-`")
        };
        let mut parts: Vec<_> = text.split('.').map(str::to_owned).collect();
        if parts.len() == 2 {
            parts.insert(0, "AwsDataCatalog".to_owned());
        }
        let parts: [String; 3] = parts.try_into().map_err(|_| wrong())?;
        if parts.iter().all(|part| is_plain(part)) { Ok(Self { parts }) } else { Err(wrong()) }
    }
}

impl FromStr for ExportTable {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || {
            Error::usage(format!("`{text}` names no table of BigQuery"))
                .hint("write it as PROJECT.DATASET.TABLE: letters, digits, `_` and `-`")
        };
        let parts: Vec<_> = text.split('.').map(str::to_owned).collect();
        let parts: [String; 3] = parts.try_into().map_err(|_| wrong())?;
        if parts.iter().all(|part| is_plain(part)) { Ok(Self { parts }) } else { Err(wrong()) }
    }
}

impl fmt::Display for CurTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.parts.join("."))
    }
}

impl fmt::Display for ExportTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.parts.join("."))
    }
}

/// What needs no escape in any kind of quotes, and is a name in both clouds.
fn is_plain(part: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    !part.is_empty() && part.len() <= LONGEST && part.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{CurTable, ExportTable};

    #[test]
    fn tables_are_named_as_their_clouds_name_them() {
        let table: CurTable = "bills.cur2".parse().unwrap();
        assert_eq!(table.quoted(), r#""AwsDataCatalog"."bills"."cur2""#);
        let table: ExportTable = "my-project.billing.gcp_billing_export_v1_0177BB_554433".parse().unwrap();
        assert_eq!(table.quoted(), "`my-project.billing.gcp_billing_export_v1_0177BB_554433`");
        for wrong in ["", "cur2", "a..b", "a.b.c.d", "a.b\"", "a.b c", "a.b;--", "a.ü", "`a`.b"] {
            assert!(wrong.parse::<CurTable>().is_err(), "{wrong}");
            assert!(format!("p.{wrong}").parse::<ExportTable>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_was_typed_ends_a_name(text in ".{0,40}") {
            if let Ok(table) = text.parse::<CurTable>() {
                prop_assert!(table.quoted().bytes().filter(|byte| *byte == b'"').count() == 6);
                prop_assert!(!table.quoted().contains([' ', ';', '\'', '\\', '\n']));
            }
            if let Ok(table) = text.parse::<ExportTable>() {
                prop_assert!(table.quoted().bytes().filter(|byte| *byte == b'`').count() == 2);
                prop_assert!(!table.quoted().contains([' ', ';', '\'', '\\', '\n', '"']));
            }
        }
    }
}
