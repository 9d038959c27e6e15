//! Texts that come again and again in a bill, each kept once and known by a number.

use rustc_hash::FxBuildHasher;
use string_interner::StringInterner;
use string_interner::backend::StringBackend;
use string_interner::symbol::{Symbol as _, SymbolU32};

/// A text of a [`Symbols`]; the empty text is [`Symbol::EMPTY`] in each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(u32);

impl Symbol {
    /// The empty text.
    pub const EMPTY: Self = Self(0);

    /// Its place in the order of coming.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Texts by number.
#[derive(Clone, Debug)]
pub struct Symbols(StringInterner<StringBackend<SymbolU32>, FxBuildHasher>);

impl Default for Symbols {
    fn default() -> Self {
        let mut new = Self(StringInterner::new());
        new.add("");
        new
    }
}

impl Symbols {
    /// The number of a text, which is new or known.
    pub fn add(&mut self, text: &str) -> Symbol {
        from(self.0.get_or_intern(text))
    }

    /// The number of a text that is known.
    pub fn get(&self, text: &str) -> Option<Symbol> {
        self.0.get(text).map(from)
    }

    /// The text of a number of this table; of any other number, the empty text.
    pub fn text(&self, symbol: Symbol) -> &str {
        let inner = SymbolU32::try_from_usize(symbol.index());
        inner.and_then(|inner| self.0.resolve(inner)).unwrap_or_default()
    }

    /// All texts, in the order of coming.
    pub fn iter(&self) -> impl Iterator<Item = (Symbol, &str)> {
        self.0.iter().map(|(symbol, text)| (from(symbol), text))
    }
}

fn from(symbol: SymbolU32) -> Symbol {
    Symbol(u32::try_from(symbol.to_usize()).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Symbol, Symbols};

    #[test]
    fn a_text_has_one_number_however_many_there_are() {
        let mut symbols = Symbols::default();
        assert_eq!(symbols.add(""), Symbol::EMPTY);
        let numbers: Vec<_> = (0..10_000).map(|each| symbols.add(&format!("pod-{each}"))).collect();
        for (each, number) in numbers.iter().enumerate() {
            let text = format!("pod-{each}");
            assert_eq!(symbols.text(*number), text);
            assert_eq!((symbols.add(&text), symbols.get(&text)), (*number, Some(*number)));
        }
        assert_eq!(symbols.iter().count(), 10_001);
        assert_eq!(symbols.get("nobody"), None);
        assert_eq!(symbols.text(Symbol(99_999)), "");
    }
}
