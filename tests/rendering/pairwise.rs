//! A corpus of 200 hub files that covers every possible pair of options.

use std::collections::BTreeSet;

use frazil::config::{Checked, check_bytes};
use frazil::render::cluster::Cluster;
use frazil::render::hub_files;

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

/// Choices that cover together every pair that any choice has; the first ones greedily.
pub(crate) fn corpus() -> Vec<Choice> {
    let mut numbers = Numbers(0x5eed);
    let pool: Vec<_> = (0..20_000).map(|_| numbers.choice()).collect();
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
    corpus.extend((corpus.len()..CORPUS).map(|_| numbers.choice()));
    corpus
}

/// A choice's hub file, read and checked.
pub(crate) fn checked(choice: &Choice) -> Checked {
    let text = serde_yaml::to_string(&hub(choice)).unwrap();
    check_bytes(text.into_bytes(), std::path::Path::new("hub.yaml"), TODAY)
}

#[test]
fn every_pair_of_options_is_read_without_complaint_and_rendered() {
    let corpus = corpus();
    assert_eq!(corpus.len(), CORPUS);
    for choice in &corpus {
        let checked = checked(choice);
        let found: Vec<_> = checked.problems.iter().map(|problem| (problem.rule, &problem.message)).collect();
        assert!(found.is_empty(), "{found:?}\n{}", checked.text);
        let hub = checked.document.unwrap().hub;
        let cluster = Cluster::new(&hub).unwrap();
        let once = hub_files(&cluster).unwrap();
        assert_eq!(once.digest(), hub_files(&cluster).unwrap().digest());
    }
}
