//! Reading the tables: plain fields between commas, sections between empty lines.

use std::str::FromStr;

use frazil_units::Amount;

use super::CatalogError;

/// Splits a block into its sections, each of which ends with an empty line.
pub(crate) fn sections<const N: usize>(text: &str) -> Result<[&str; N], CatalogError> {
    let mut found = [""; N];
    let mut rest = text;
    for section in &mut found {
        if let Some(after) = rest.strip_prefix('\n') {
            rest = after;
            continue;
        }
        let (own, after) = rest.split_once("\n\n").ok_or_else(|| damaged(rest))?;
        (*section, rest) = (own, after);
    }
    Ok(found)
}

/// One row, cut at its commas.
pub(crate) struct Row<'a, const N: usize> {
    line: &'a str,
    fields: [&'a str; N],
}

impl<'a, const N: usize> Row<'a, N> {
    pub(crate) fn new(line: &'a str) -> Result<Self, CatalogError> {
        let mut fields = [""; N];
        let mut cut = line.split(',');
        for field in &mut fields {
            *field = cut.next().ok_or_else(|| damaged(line))?;
        }
        Ok(Self { line, fields })
    }

    /// A field's text.
    pub(crate) fn text(&self, column: usize) -> &'a str {
        self.fields.get(column).copied().unwrap_or_default()
    }

    /// A field as a number.
    pub(crate) fn parse<T: FromStr>(&self, column: usize) -> Result<T, CatalogError> {
        self.text(column).parse().map_err(|_| damaged(self.line))
    }

    /// A field as a number; `None` when it is empty.
    pub(crate) fn optional<T: FromStr>(&self, column: usize) -> Result<Option<T>, CatalogError> {
        if self.text(column).is_empty() { Ok(None) } else { self.parse(column).map(Some) }
    }

    /// A field as an exact decimal; `None` when it is empty.
    pub(crate) fn decimal(&self, column: usize) -> Result<Option<Amount>, CatalogError> {
        let text = self.text(column);
        if text.is_empty() {
            return Ok(None);
        }
        Amount::from_decimal(text).map(Some).map_err(|_| damaged(self.line))
    }

    /// A field that must be an exact decimal.
    pub(crate) fn amount(&self, column: usize) -> Result<Amount, CatalogError> {
        self.decimal(column)?.ok_or_else(|| damaged(self.line))
    }

    /// A field in units of which `parts` make one, as whole parts rounded down; `None` when it is empty.
    pub(crate) fn scaled(&self, column: usize, parts: i128) -> Result<Option<u64>, CatalogError> {
        let whole = |amount: Amount| {
            let pico = amount.pico().checked_mul(parts)?;
            u64::try_from(pico / Amount::from_units(1).pico()).ok()
        };
        let decimal = self.decimal(column)?;
        decimal.map(|amount| whole(amount).ok_or_else(|| damaged(self.line))).transpose()
    }
}

fn damaged(row: &str) -> CatalogError {
    CatalogError::Damaged { row: row.chars().take(80).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_keep_their_places_when_some_are_empty() {
        assert_eq!(sections::<3>("a\nb\n\n\nc\n\n").unwrap(), ["a\nb", "", "c"]);
        assert_eq!(sections::<2>("\n\n").unwrap(), ["", ""]);
        assert!(sections::<2>("a\n").is_err());
    }

    #[test]
    fn a_short_row_and_a_word_for_a_number_are_named() {
        assert!(Row::<3>::new("a,b").is_err());
        let row = Row::<3>::new("a,x,0.5").unwrap();
        assert_eq!(row.parse::<u32>(1).unwrap_err(), CatalogError::Damaged { row: "a,x,0.5".to_owned() });
        assert_eq!(row.scaled(2, 1000).unwrap(), Some(500));
    }
}
