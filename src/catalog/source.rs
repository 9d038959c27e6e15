//! Where a fact comes from, and of what day it is.

use std::fmt;

use super::CatalogError;

/// The table of sources, small enough to stay text.
const SOURCES: &str = include_str!("data/sources.csv");

/// A source of facts and the day they are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    /// The day, `YYYY-MM-DD`.
    pub date: &'static str,
    /// The public repository or list, such as `getmoto/moto`.
    pub name: &'static str,
}

impl Source {
    /// Whether the facts are those of `us-east-1`, taken over because every
    /// price that both regions list was equal.
    pub fn is_derived(&self) -> bool {
        self.name.contains("(derived")
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.name, self.date)
    }
}

/// Sources by the keys that rows carry.
pub(crate) struct Sources(Vec<(&'static str, Source)>);

impl Sources {
    pub(crate) fn load() -> Self {
        let row = |line: &'static str| {
            let (key, rest) = line.split_once(',')?;
            let (date, name) = rest.split_once(',')?;
            Some((key, Source { date, name }))
        };
        Self(SOURCES.lines().skip(1).filter_map(row).collect())
    }

    pub(crate) fn find(&self, key: &str) -> Result<Source, CatalogError> {
        let found = self.0.iter().find(|(own, _)| *own == key);
        found.map(|(_, source)| *source).ok_or_else(|| CatalogError::Damaged { row: key.to_owned() })
    }
}
