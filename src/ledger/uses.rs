//! What pods asked for and used, by pod and day: a month may have a million of them, so that they are kept in
//! little memory, in pieces that are given back one by one.

use std::hash::BuildHasher as _;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use super::line::{Use, UseKey, UseSums};

/// Entries of a piece.
const PIECE: usize = 1 << 13;

/// Uses by key, in the order of coming.
#[derive(Clone, Debug, Default)]
pub struct Uses {
    places: HashTable<u32>,
    pieces: Vec<Vec<Packed>>,
}

/// A use. Options and the alignment of 128 bits would take half as much again.
#[derive(Clone, Copy, Debug)]
struct Packed {
    key: UseKey,
    /// Which of the four numbers of use are known, by bits.
    known: u8,
    /// The numbers of [`UseSums`] in its order, lower halves first; 0 where one is not known.
    numbers: [[u64; 2]; 7],
}

impl Packed {
    fn new(Use { key, sums }: Use) -> Self {
        let used = [sums.cpu_used, sums.cpu_largest, sums.memory_used, sums.memory_largest];
        let known = (0..).zip(used).map(|(bit, number)| u8::from(number.is_some()) << bit).sum();
        let [cpu_used, cpu_largest, memory_used, memory_largest] = used.map(Option::unwrap_or_default);
        let numbers = [
            sums.cpu_requested,
            cpu_used,
            cpu_largest,
            sums.memory_requested,
            memory_used,
            memory_largest,
            sums.gpus,
        ];
        Self { key, known, numbers: numbers.map(halves) }
    }

    fn add(&mut self, other: &Self) {
        self.known |= other.known;
        for (own, more) in self.numbers.iter_mut().zip(&other.numbers) {
            *own = halves(whole(*own) + whole(*more));
        }
    }

    fn unpacked(&self) -> (UseKey, UseSums) {
        let known = |bit: u8, number: i128| (self.known >> bit & 1 == 1).then_some(number);
        let [cpu_requested, cpu_used, cpu_largest, memory_requested, memory_used, memory_largest, gpus] =
            self.numbers.map(whole);
        let sums = UseSums {
            cpu_requested,
            cpu_used: known(0, cpu_used),
            cpu_largest: known(1, cpu_largest),
            memory_requested,
            memory_used: known(2, memory_used),
            memory_largest: known(3, memory_largest),
            gpus,
        };
        (self.key, sums)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the halves of a number")]
const fn halves(number: i128) -> [u64; 2] {
    [number as u64, (number >> 64) as u64]
}

#[expect(clippy::cast_possible_wrap, reason = "the halves of a number")]
const fn whole([low, high]: [u64; 2]) -> i128 {
    ((high as i64 as i128) << 64) | low as i128
}

fn hash(key: &UseKey) -> u64 {
    FxBuildHasher.hash_one(key)
}

impl Uses {
    /// Adds a use to what is known of its key.
    pub fn add(&mut self, used: Use) {
        let packed = Packed::new(used);
        let Self { places, pieces } = self;
        let of = |place: &u32| &pieces[*place as usize / PIECE][*place as usize % PIECE].key;
        if let Some(place) = places.find(hash(&used.key), |place| *of(place) == used.key) {
            let place = *place as usize;
            return pieces[place / PIECE][place % PIECE].add(&packed);
        }
        let next = pieces.len().saturating_sub(1) * PIECE + pieces.last().map_or(0, Vec::len);
        places
            .insert_unique(hash(&used.key), u32::try_from(next).unwrap_or(u32::MAX), |place| hash(of(place)));
        if pieces.last().is_none_or(|piece| piece.len() == PIECE) {
            pieces.push(Vec::with_capacity(PIECE));
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(packed);
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// All of them, in the order of coming.
    pub fn iter(&self) -> impl Iterator<Item = (UseKey, UseSums)> {
        self.pieces.iter().flatten().map(Packed::unpacked)
    }

    /// Their keys, in the order of coming.
    pub fn keys(&self) -> impl Iterator<Item = &UseKey> {
        self.pieces.iter().flatten().map(|packed| &packed.key)
    }

    /// Those whose key is wanted, by day, node and pod.
    pub fn sorted(&self, wanted: impl Fn(&UseKey) -> bool) -> impl Iterator<Item = (UseKey, UseSums)> {
        let mut order: Vec<&Packed> =
            self.pieces.iter().flatten().filter(|packed| wanted(&packed.key)).collect();
        order.sort_unstable_by_key(|packed| {
            let key = &packed.key;
            (key.day, key.node, key.pod, key.namespace, key.labels)
        });
        order.into_iter().map(Packed::unpacked)
    }
}

impl IntoIterator for Uses {
    type Item = (UseKey, UseSums);
    type IntoIter = Box<dyn Iterator<Item = Self::Item>>;

    /// All of them, in the order of coming; memory is given back on the way.
    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.pieces.into_iter().flatten().map(|packed| packed.unpacked()))
    }
}

impl Extend<(UseKey, UseSums)> for Uses {
    fn extend<I: IntoIterator<Item = (UseKey, UseSums)>>(&mut self, all: I) {
        all.into_iter().for_each(|(key, sums)| self.add(Use { key, sums }));
    }
}

impl FromIterator<(UseKey, UseSums)> for Uses {
    fn from_iter<I: IntoIterator<Item = (UseKey, UseSums)>>(all: I) -> Self {
        let mut uses = Self::default();
        uses.extend(all);
        uses
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::ledger::{Month, Symbols};

    proptest! {
        #[test]
        fn they_are_what_a_plain_map_has(all in prop::collection::vec((0_u32..40, any::<[i64; 3]>(), any::<bool>()), 0..200)) {
            let mut symbols = Symbols::default();
            let mut plain: BTreeMap<u32, UseSums> = BTreeMap::new();
            let mut uses = Uses::default();
            for (pod, [one, other, third], known) in all {
                let key = UseKey {
                    source: 0,
                    month: Month::new(2026, 11).unwrap(),
                    day: -1,
                    node: symbols.add("i-1"),
                    pod: symbols.add(&pod.to_string()),
                    namespace: symbols.add(""),
                    labels: symbols.add("{}"),
                };
                let sums = UseSums {
                    cpu_requested: i128::from(one) << 40,
                    cpu_used: known.then_some(one.into()),
                    memory_largest: (!known).then_some(i128::from(other) << 40),
                    gpus: third.into(),
                    ..UseSums::default()
                };
                *plain.entry(pod).or_default() += sums;
                uses.add(Use { key, sums });
            }
            prop_assert_eq!(uses.len(), plain.len());
            let told: BTreeMap<u32, UseSums> =
                uses.iter().map(|(key, sums)| (symbols.text(key.pod).parse().unwrap(), sums)).collect();
            prop_assert_eq!(&told, &plain);
            let sorted: Vec<_> = uses.sorted(|_| true).map(|(key, _)| key.pod).collect();
            prop_assert!(sorted.is_sorted() && sorted.len() == plain.len());
            prop_assert_eq!(uses.into_iter().count(), plain.len());
        }
    }

    #[test]
    fn more_than_a_piece_are_kept_in_order() {
        let mut symbols = Symbols::default();
        let key = |symbols: &mut Symbols, pod: usize| UseKey {
            source: 0,
            month: Month::new(2026, 11).unwrap(),
            day: 1,
            node: Symbols::default().add(""),
            pod: symbols.add(&pod.to_string()),
            namespace: symbols.add(""),
            labels: symbols.add(""),
        };
        let sums = UseSums { cpu_requested: 1, ..UseSums::default() };
        let all: Vec<_> = (0..PIECE * 2 + 5).map(|pod| (key(&mut symbols, pod), sums)).collect();
        let uses: Uses = all.iter().copied().chain(all.iter().copied()).collect();
        assert_eq!(uses.len(), all.len());
        assert!(uses.iter().zip(&all).all(|(found, (key, _))| found.0 == *key && found.1.cpu_requested == 2));
    }
}
