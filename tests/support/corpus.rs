//! Corpora of hub files that cover every possible pair of options.

use std::collections::BTreeSet;

use frazil::config::{Checked, check_bytes};

use super::hubs::{Choice, FACTORS, TODAY, hub, possible, settle};

/// Hub files of the corpus.
pub(crate) const CORPUS: usize = 200;

/// Two levels of two factors.
type Pair = ((usize, usize), (usize, usize));

fn pairs(choice: &Choice) -> impl Iterator<Item = Pair> {
    let all: Vec<_> = choice.iter().copied().enumerate().collect();
    let below = all.clone();
    all.into_iter().enumerate().flat_map(move |(index, a)| {
        let later = below[index + 1..].to_vec();
        later.into_iter().map(move |b| (a, b))
    })
}

/// A small generator of numbers: the corpus is the same everywhere.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    /// A number below another (xorshift64).
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }

    /// Levels that can stand in one file.
    pub(crate) fn choice(&mut self) -> Choice {
        loop {
            let mut choice = FACTORS.map(|(_, levels)| self.below(levels));
            settle(&mut choice);
            if possible(&choice) {
                return choice;
            }
        }
    }
}

/// Choices that cover together every pair that any choice has of those that are wanted; the first ones greedily.
pub(crate) fn corpus(wanted: impl Fn(&Choice) -> bool) -> Vec<Choice> {
    let mut numbers = Numbers(0x5eed);
    let mut one = || std::iter::repeat_with(|| numbers.choice()).find(|choice| wanted(choice)).unwrap();
    let pool: Vec<_> = (0..20_000).map(|_| one()).collect();
    let rest: Vec<_> = (0..CORPUS).map(|_| one()).collect();
    let mut open: BTreeSet<_> = pool.iter().flat_map(pairs).collect();
    let mut corpus = Vec::new();
    while !open.is_empty() {
        let candidates = (0..300).map(|_| pool[numbers.below(pool.len())]);
        let with_open = |choice: &Choice| pairs(choice).filter(|pair| open.contains(pair)).count();
        let rare = open.first().copied().unwrap();
        let certain = pool.iter().copied().filter(|choice| pairs(choice).any(|pair| pair == rare)).take(30);
        let best = candidates.chain(certain).max_by_key(with_open).unwrap();
        for pair in pairs(&best) {
            open.remove(&pair);
        }
        corpus.push(best);
    }
    println!("{} choices cover all pairs", corpus.len());
    corpus.extend(rest.into_iter().skip(corpus.len()));
    corpus
}

/// A choice's hub file, read and checked.
pub(crate) fn checked(choice: &Choice) -> Checked {
    let text = serde_yaml::to_string(&hub(choice)).unwrap();
    check_bytes(text.into_bytes(), std::path::Path::new("hub.yaml"), TODAY)
}
