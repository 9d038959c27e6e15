//! Rows of a bill, a few thousand at a time, column by column, whatever file they came from.

use arrow_array::Array;
use arrow_array::Float64Array;

use super::error::{Fault, RowFault};
use super::tags::TagSets;
use crate::ledger::decimal::Decimal;
use crate::ledger::line::{Day, Lineage, SourceKind};
use crate::ledger::{Gather, Symbol};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Text,
    Number,
    Day,
    /// Tags or labels; several columns may be of it.
    Tags,
    /// Google's list of credits.
    Credits,
}

/// A column that a format has.
#[derive(Debug)]
pub(super) struct Column {
    /// Its names, the usual one first; `.` leads into a record.
    pub(super) names: &'static [&'static str],
    pub(super) holds: Holds,
    /// Whether a bill without it cannot be read.
    pub(super) needed: bool,
}

impl Column {
    pub(super) const fn needed(holds: Holds, names: &'static [&'static str]) -> Self {
        Self { names, holds, needed: true }
    }

    pub(super) const fn optional(holds: Holds, names: &'static [&'static str]) -> Self {
        Self { names, holds, needed: false }
    }
}

/// A credit of Google's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Credit {
    pub(super) amount: Decimal,
    pub(super) name: Symbol,
    pub(super) kind: Symbol,
}

/// The values of a column.
#[derive(Debug)]
pub(super) enum Cells {
    /// The bill has no such column.
    Absent,
    Texts(Vec<Symbol>),
    Numbers(Vec<Option<Decimal>>),
    Floats(Float64Array),
    Days(Vec<Option<Day>>),
    /// Sets of [`TagSets`].
    Tags(Vec<u32>),
    /// Credits, and where those of each row end.
    Credits(Vec<Credit>, Vec<usize>),
}

impl Cells {
    pub(super) fn new(holds: Holds, rows: usize) -> Self {
        match holds {
            Holds::Text => Self::Texts(Vec::with_capacity(rows)),
            Holds::Number => Self::Numbers(Vec::with_capacity(rows)),
            Holds::Day => Self::Days(Vec::with_capacity(rows)),
            Holds::Tags => Self::Tags(Vec::with_capacity(rows)),
            Holds::Credits => Self::Credits(Vec::new(), Vec::with_capacity(rows)),
        }
    }

    /// The same column without rows.
    pub(super) fn clear(&mut self) {
        match self {
            Self::Absent | Self::Floats(_) => {}
            Self::Texts(cells) => cells.clear(),
            Self::Numbers(cells) => cells.clear(),
            Self::Days(cells) => cells.clear(),
            Self::Tags(cells) => cells.clear(),
            Self::Credits(credits, ends) => {
                credits.clear();
                ends.clear();
            }
        }
    }

    pub(super) const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

/// Rows of one file.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) kind: SourceKind,
    pub(super) columns: &'static [Column],
    pub(super) cells: Vec<Cells>,
    pub(super) rows: usize,
    /// Where the first of them stands.
    pub(super) first: Lineage,
}

impl Batch {
    pub(super) const fn lineage(&self, row: usize) -> Lineage {
        Lineage { file: self.first.file, row: self.first.row + row as u64 }
    }

    pub(super) fn has(&self, column: usize) -> bool {
        !self.cells[column].is_absent()
    }

    /// A text; the empty one where there is none.
    pub(super) fn text(&self, column: usize, row: usize) -> Symbol {
        match &self.cells[column] {
            Cells::Texts(cells) => cells[row],
            _ => Symbol::EMPTY,
        }
    }

    /// A text that has to be there.
    pub(super) fn needed_text(&self, column: usize, row: usize) -> Result<Symbol, RowFault> {
        let symbol = self.text(column, row);
        if symbol == Symbol::EMPTY { Err(self.missing(column, row)) } else { Ok(symbol) }
    }

    /// A number, if there is one.
    pub(super) fn number(
        &self,
        column: usize,
        row: usize,
        floats: &mut Floats,
    ) -> Result<Option<Decimal>, RowFault> {
        match &self.cells[column] {
            Cells::Numbers(cells) => Ok(cells[row]),
            Cells::Floats(cells) if !cells.is_null(row) => {
                let value = cells.value(row);
                let fault = || Fault::value(self.name(column), &value.to_string(), "number");
                floats.decimal(value).map(Some).ok_or_else(|| RowFault::new(row, fault()))
            }
            _ => Ok(None),
        }
    }

    /// A number that has to be there.
    pub(super) fn needed_number(
        &self,
        column: usize,
        row: usize,
        floats: &mut Floats,
    ) -> Result<Decimal, RowFault> {
        self.number(column, row, floats)?.ok_or_else(|| self.missing(column, row))
    }

    /// A day, if there is one.
    pub(super) fn day(&self, column: usize, row: usize) -> Option<Day> {
        match &self.cells[column] {
            Cells::Days(cells) => cells[row],
            _ => None,
        }
    }

    /// A day that has to be there.
    pub(super) fn needed_day(&self, column: usize, row: usize) -> Result<Day, RowFault> {
        self.day(column, row).ok_or_else(|| self.missing(column, row))
    }

    /// A set of tags; 0 is the empty one.
    pub(super) fn tags(&self, column: usize, row: usize) -> u32 {
        match &self.cells[column] {
            Cells::Tags(cells) => cells[row],
            _ => 0,
        }
    }

    /// Credits of a row.
    pub(super) fn credits(&self, column: usize, row: usize) -> &[Credit] {
        match &self.cells[column] {
            Cells::Credits(credits, ends) => {
                let start = if row == 0 { 0 } else { ends[row - 1] };
                &credits[start..ends[row]]
            }
            _ => &[],
        }
    }

    pub(super) fn name(&self, column: usize) -> &'static str {
        self.columns[column].names[0]
    }

    pub(super) fn missing(&self, column: usize, row: usize) -> RowFault {
        RowFault::new(row, Fault::Missing { column: self.name(column).to_owned() })
    }
}

/// What a thread gathers into, and the tables it keeps for all its files.
#[derive(Debug, Default)]
pub(super) struct Desk {
    pub(super) gather: Gather,
    pub(super) tags: TagSets,
    pub(super) floats: Floats,
}

/// Decimals of floating-point numbers that came lately: prices come again and again, and a number with more
/// than 15 digits is slow to turn into a decimal.
#[derive(Debug)]
pub(super) struct Floats(Vec<(u64, Decimal)>);

impl Default for Floats {
    fn default() -> Self {
        Self(vec![(0, Decimal::default()); 1 << Self::BITS])
    }
}

impl Floats {
    const BITS: u32 = 12;

    pub(super) fn decimal(&mut self, value: f64) -> Option<Decimal> {
        let bits = value.to_bits();
        // Fibonacci hashing (Knuth, The Art of Computer Programming, 6.4).
        let place = bits.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - Self::BITS);
        let kept = &mut self.0[place as usize];
        if kept.0 != bits {
            *kept = (bits, Decimal::from_f64(value)?);
        }
        Some(kept.1)
    }
}

/// What is known of each symbol, found out once.
#[derive(Debug)]
pub(super) struct BySymbol<T>(Vec<Option<T>>);

impl<T> Default for BySymbol<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy> BySymbol<T> {
    pub(super) fn get(&mut self, symbol: Symbol, find: impl FnOnce() -> T) -> T {
        let at = symbol.index();
        if self.0.len() <= at {
            self.0.resize(at + 1, None);
        }
        *self.0[at].get_or_insert_with(find)
    }

    /// Changes what is known of a symbol that was asked for before.
    pub(super) fn change(&mut self, symbol: Symbol, change: impl FnOnce(&mut T)) {
        if let Some(Some(known)) = self.0.get_mut(symbol.index()) {
            change(known);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Decimal, Floats};

    #[test]
    fn kept_decimals_are_those_of_their_numbers() {
        let mut floats = Floats::default();
        for _ in 0..2 {
            for step in 0..20_000 {
                let value = f64::from(step) / 7.0 - 1000.0;
                assert_eq!(floats.decimal(value), Decimal::from_f64(value));
            }
        }
        assert_eq!(floats.decimal(0.0), Some(Decimal::default()));
        assert_eq!(floats.decimal(-0.0), Some(Decimal::default()));
        assert_eq!(floats.decimal(f64::NAN), None);
    }
}
