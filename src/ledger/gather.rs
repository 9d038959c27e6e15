//! Sums lines of bills by what they have in common, in memory that grows with the sums, not with the lines.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::line::{Charge, Line, LineKey, Lineage, Month, Source, Sums, Use, UseKey};
use super::symbols::{Symbol, Symbols};
use super::uses::Uses;
use crate::ledger::decimal::{Decimal, whole_rests};

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRead {
    /// Where it is, as it was named, without secrets.
    pub name: String,
    /// SHA-256 of its bytes as they lie there, in hexadecimal digits.
    pub digest: String,
    /// How many rows it has, header not counted.
    pub rows: u64,
}

/// Lines and uses, summed as they come.
#[derive(Debug, Default)]
pub struct Gather {
    /// Texts of the keys.
    pub symbols: Symbols,
    sources: Vec<Source>,
    lines: FxHashMap<LineKey, Sums>,
    uses: Uses,
    files: Vec<FileRead>,
    rests: BTreeMap<(u16, Month, Symbol), Rests>,
}

/// What rounding to 10⁻¹² cut off, in 10⁻³⁶.
#[derive(Clone, Copy, Debug, Default)]
struct Rests {
    billed: i128,
    effective: i128,
    list: i128,
    first: Option<Lineage>,
}

/// The money of one line, as the bill writes it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Prices {
    /// What the invoice says.
    pub billed: Decimal,
    /// What it cost when plans bought before are spread.
    pub effective: Decimal,
    /// What it would cost at the list price.
    pub list: Decimal,
}

/// What was gathered, to be put into the ledger.
#[derive(Debug)]
pub struct Gathered {
    /// Texts of the keys.
    pub symbols: Symbols,
    /// Whose bills.
    pub sources: Vec<Source>,
    /// Files that were read.
    pub files: Vec<FileRead>,
    /// Lines by what they have in common.
    pub lines: FxHashMap<LineKey, Sums>,
    /// Pods by day.
    pub uses: Uses,
}

impl Gather {
    /// The number of a source, which is new or known.
    pub fn source(&mut self, source: &Source) -> u16 {
        let known = self.sources.iter().position(|each| each == source);
        let index = known.unwrap_or_else(|| {
            self.sources.push(source.clone());
            self.sources.len() - 1
        });
        u16::try_from(index).unwrap_or(u16::MAX)
    }

    /// The number that the next file will have.
    pub fn next_file(&self) -> u32 {
        u32::try_from(self.files.len()).unwrap_or(u32::MAX)
    }

    /// Tells that a file was read to its end.
    pub fn file(&mut self, file: FileRead) {
        self.files.push(file);
    }

    /// Files that were read.
    pub fn files(&self) -> &[FileRead] {
        &self.files
    }

    /// Adds a line with its money as the bill writes it.
    pub fn line(&mut self, key: LineKey, quantity: i128, prices: Prices, first: Lineage) {
        let Prices { billed, effective, list } = prices;
        let sums = Sums {
            quantity,
            billed: billed.pico,
            effective: effective.pico,
            list: list.pico,
            lines: 1,
            first,
        };
        self.add(Line { key, sums });
        if billed.rest != 0 || effective.rest != 0 || list.rest != 0 {
            let rests = self.rests.entry((key.source, key.month, key.currency)).or_default();
            rests.billed += billed.rest;
            rests.effective += effective.rest;
            rests.list += list.rest;
            rests.first = earlier(rests.first, Some(first));
        }
    }

    /// Adds a line.
    pub fn add(&mut self, line: Line) {
        *self.lines.entry(line.key).or_default() += line.sums;
    }

    /// Adds what a pod asked for and used.
    pub fn add_use(&mut self, used: Use) {
        self.uses.add(used);
    }

    /// Puts another row in the place of each first row, for readers that count rows piece by piece.
    pub fn place(&mut self, place: impl Fn(Lineage) -> Lineage) {
        self.lines.values_mut().for_each(|sums| sums.first = place(sums.first));
        self.rests.values_mut().for_each(|rests| rests.first = rests.first.map(&place));
    }

    /// How many sums there are.
    pub fn len(&self) -> usize {
        self.lines.len() + self.uses.len()
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.uses.is_empty()
    }

    /// Adds everything that another one gathered from other rows of the same files.
    pub fn merge(&mut self, other: Self) {
        let mut symbols = vec![Symbol::EMPTY; other.symbols.iter().count()];
        for (symbol, text) in other.symbols.iter() {
            symbols[symbol.index()] = self.symbols.add(text);
        }
        let symbol = |from: Symbol| symbols[from.index()];
        let sources: Vec<_> = other.sources.iter().map(|source| self.source(source)).collect();
        for (key, sums) in other.lines {
            let key = LineKey {
                source: sources[usize::from(key.source)],
                account: symbol(key.account),
                service: symbol(key.service),
                usage_type: symbol(key.usage_type),
                operation: symbol(key.operation),
                region: symbol(key.region),
                resource: symbol(key.resource),
                unit: symbol(key.unit),
                tags: symbol(key.tags),
                currency: symbol(key.currency),
                ..key
            };
            self.add(Line { key, sums });
        }
        for (key, sums) in other.uses {
            let key = UseKey {
                source: sources[usize::from(key.source)],
                node: symbol(key.node),
                pod: symbol(key.pod),
                namespace: symbol(key.namespace),
                labels: symbol(key.labels),
                ..key
            };
            self.add_use(Use { key, sums });
        }
        for ((source, month, currency), rests) in other.rests {
            let key = (sources[usize::from(source)], month, symbol(currency));
            let mine = self.rests.entry(key).or_default();
            mine.billed += rests.billed;
            mine.effective += rests.effective;
            mine.list += rests.list;
            mine.first = earlier(mine.first, rests.first);
        }
        self.files.extend(other.files);
    }

    /// Ends it: what rounding left over becomes a line of its own.
    pub fn finish(mut self) -> Gathered {
        for ((source, month, currency), rests) in std::mem::take(&mut self.rests) {
            let sums = Sums {
                billed: whole_rests(rests.billed),
                effective: whole_rests(rests.effective),
                list: whole_rests(rests.list),
                first: rests.first.unwrap_or_default(),
                ..Sums::default()
            };
            if sums.billed == 0 && sums.effective == 0 && sums.list == 0 {
                continue;
            }
            let of = self.lines.keys().filter(|key| (key.source, key.month) == (source, month));
            let Some(day) = of.map(|key| key.day).min() else { continue };
            let key = LineKey {
                source,
                month,
                day,
                charge: Charge::Rounding,
                account: Symbol::EMPTY,
                service: Symbol::EMPTY,
                usage_type: Symbol::EMPTY,
                operation: Symbol::EMPTY,
                region: Symbol::EMPTY,
                resource: Symbol::EMPTY,
                unit: Symbol::EMPTY,
                tags: Symbol::EMPTY,
                currency,
            };
            self.add(Line { key, sums });
        }
        let Self { symbols, sources, lines, uses, files, .. } = self;
        Gathered { symbols, sources, files, lines, uses }
    }
}

fn earlier(one: Option<Lineage>, other: Option<Lineage>) -> Option<Lineage> {
    one.into_iter().chain(other).min_by_key(|lineage| (lineage.file, lineage.row))
}

#[cfg(test)]
mod tests {
    use super::{Gather, Prices};
    use crate::ledger::decimal::Decimal;
    use crate::ledger::{Charge, LineKey, Lineage, Month, Source, SourceKind, Symbol};

    fn key(gather: &mut Gather, resource: &str) -> LineKey {
        let source = Source { kind: SourceKind::Cur2, provider: "aws".into(), payer: "1".into() };
        LineKey {
            source: gather.source(&source),
            month: Month::new(2026, 11).unwrap(),
            day: 20_773,
            charge: Charge::Usage,
            account: Symbol::EMPTY,
            service: gather.symbols.add("AmazonEC2"),
            usage_type: Symbol::EMPTY,
            operation: Symbol::EMPTY,
            region: Symbol::EMPTY,
            resource: gather.symbols.add(resource),
            unit: Symbol::EMPTY,
            tags: Symbol::EMPTY,
            currency: gather.symbols.add("USD"),
        }
    }

    fn add(gather: &mut Gather, resource: &str, billed: &str, row: u64) {
        let key = key(gather, resource);
        let billed = Decimal::from_text(billed).unwrap();
        gather.line(
            key,
            1,
            Prices { billed, effective: billed, ..Prices::default() },
            Lineage { file: 0, row },
        );
    }

    #[test]
    fn lines_of_one_resource_and_day_are_one_sum_that_knows_its_first_line() {
        let mut gather = Gather::default();
        add(&mut gather, "i-1", "0.10", 7);
        add(&mut gather, "i-2", "0.05", 8);
        let mut other = Gather::default();
        add(&mut other, "i-3", "1", 2);
        add(&mut other, "i-1", "0.20", 3);
        gather.merge(other);
        let gathered = gather.finish();
        assert_eq!(gathered.lines.len(), 3);
        let first = gathered.symbols.get("i-1").unwrap();
        let (_, sums) = gathered.lines.iter().find(|(key, _)| key.resource == first).unwrap();
        assert_eq!((sums.billed, sums.lines, sums.first.row), (300_000_000_000, 2, 3));
    }

    #[test]
    fn what_rounding_left_over_is_a_line_and_the_sum_is_exact() {
        let mut gather = Gather::default();
        for row in 0..1000 {
            add(&mut gather, "i-1", "0.0000000000004", row);
        }
        let gathered = gather.finish();
        let total: i128 = gathered.lines.values().map(|sums| sums.billed).sum();
        assert_eq!(total, 400);
        assert!(gathered.lines.keys().any(|key| key.charge == Charge::Rounding));
    }
}
