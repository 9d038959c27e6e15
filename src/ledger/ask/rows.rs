//! Rows that a query answered, as lines and uses of the ledger: the same that a reader of the file makes of
//! each row, since everything that is summed here is summed there.

#[cfg(feature = "aws")]
pub(super) mod cur;
#[cfg(feature = "gcp")]
pub(super) mod export;

use jiff::civil::Date;

use crate::error::{Error, Result};
use crate::ledger::decimal::Decimal;
use crate::ledger::{Day, Gather, Line, LineKey, Lineage, Month, Prices, SourceKind, Sums};

/// Rows as a cloud answers them; nothing where a value is NULL.
pub(super) type Rows = [Vec<Option<String>>];

/// Which answer rows are of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Of {
    /// The format of the bill.
    pub(super) kind: SourceKind,
    /// The month that was asked for.
    pub(super) month: Month,
    /// The number of the answer among what was read.
    pub(super) file: u32,
}

/// One row of an answer, its values by name.
struct Row<'a> {
    names: &'a [String],
    values: &'a [Option<String>],
    number: u64,
}

impl Row<'_> {
    /// A value, empty where it is NULL or was not asked for.
    fn text(&self, name: &str) -> &str {
        self.known(name).unwrap_or_default()
    }

    fn known(&self, name: &str) -> Option<&str> {
        let place = self.names.iter().position(|each| each == name)?;
        self.values.get(place)?.as_deref().filter(|text| !text.is_empty())
    }

    fn wrong(&self, name: &str) -> Error {
        Error::failed(format!("row {} of the answer: {name} is `{}`", self.number, self.text(name)))
    }

    /// A sum of numbers that were rounded to 10⁻¹²; `None` where no row had a value.
    fn sum(&self, name: &str) -> Result<Option<i128>> {
        let read = |text: &str| Decimal::from_text(text).map(|decimal| decimal.pico);
        self.known(name).map(|text| read(text).ok_or_else(|| self.wrong(name))).transpose()
    }

    /// A sum of money: of rounded numbers, and what rounding left of the exact sum. `None` where no row had
    /// a value.
    fn money(&self, name: &str) -> Result<Option<Decimal>> {
        let Some(pico) = self.sum(name)? else { return Ok(None) };
        let exact_name = format!("{name}_exact");
        let exact = self
            .known(&exact_name)
            .map(|text| Decimal::from_text(text).ok_or_else(|| self.wrong(&exact_name)));
        let exact = exact.transpose()?.unwrap_or(Decimal { pico, rest: 0 });
        Ok(Some(Decimal { pico, rest: (exact.pico - pico) * 10_i128.pow(24) + exact.rest }))
    }

    fn day(&self) -> Result<Day> {
        let date: Date = self.text("day").parse().map_err(|_| self.wrong("day"))?;
        Ok(day(date))
    }

    fn lines(&self) -> Result<u64> {
        self.text("lines").parse().map_err(|_| self.wrong("lines"))
    }

    /// Adds what the row sums up.
    fn add(
        &self,
        gather: &mut Gather,
        key: LineKey,
        quantity: i128,
        prices: Prices,
        file: u32,
    ) -> Result<()> {
        let (first, lines) = (Lineage { file, row: self.number }, self.lines()?);
        gather.line(key, quantity, prices, first);
        if lines > 1 {
            gather.add(Line { key, sums: Sums { lines: lines - 1, first, ..Sums::default() } });
        }
        Ok(())
    }
}

/// A day as the ledger counts it, from 1970-01-01.
pub(super) fn day(date: Date) -> Day {
    let hours = date.duration_since(Date::constant(1970, 1, 1)).as_hours();
    Day::try_from(hours / 24).unwrap_or_default()
}
