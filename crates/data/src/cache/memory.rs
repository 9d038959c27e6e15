//! Bytes of one object that are kept in memory.

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;

use super::intervals::Intervals;

/// Pieces of an object by their first bytes. They do not overlap.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pieces: BTreeMap<u64, Piece>,
    /// First bytes in the order of their last use.
    uses: BTreeMap<u64, u64>,
    total: u64,
    /// Bytes that were given up before anybody read them.
    lost: u64,
}

#[derive(Debug)]
struct Piece {
    bytes: Bytes,
    used: u64,
    /// What readers asked for.
    read: Intervals,
}

impl Piece {
    fn unread(&self) -> u64 {
        self.bytes.len() as u64 - self.read.total()
    }
}

impl Memory {
    /// Keeps a piece, of which readers have asked for what is wanted. `now` is later than any before.
    pub(crate) fn insert(&mut self, from: u64, bytes: Bytes, now: u64, wanted: &Intervals) {
        self.total += bytes.len() as u64;
        self.uses.insert(now, from);
        let read = wanted.within(&(from..from + bytes.len() as u64));
        let piece = Piece { bytes, used: now, read };
        if let Some(before) = self.pieces.insert(from, piece) {
            self.total -= before.bytes.len() as u64;
            self.uses.remove(&before.used);
        }
    }

    /// The pieces that hold bytes of a range, with their first bytes. A clock tells the times of use.
    pub(crate) fn read(&mut self, range: &Range<u64>, mut clock: impl FnMut() -> u64) -> Vec<(u64, Bytes)> {
        let first = self.pieces.range(..=range.start).next_back().map_or(range.start, |(from, _)| *from);
        let mut found = Vec::new();
        for (from, piece) in self.pieces.range_mut(first..range.end.max(first)) {
            let until = from + piece.bytes.len() as u64;
            if until <= range.start {
                continue;
            }
            let now = clock();
            self.uses.remove(&piece.used);
            self.uses.insert(now, *from);
            piece.used = now;
            piece.read.insert(&(range.start.max(*from)..range.end.min(until)));
            found.push((*from, piece.bytes.clone()));
        }
        found
    }

    /// When the piece was used that was used longest ago.
    pub(crate) fn oldest(&self) -> Option<u64> {
        self.uses.first_key_value().map(|(used, _)| *used)
    }

    /// Gives that piece up, and says which it was.
    pub(crate) fn give_up(&mut self) -> Option<Range<u64>> {
        let (_, from) = self.uses.pop_first()?;
        let piece = self.pieces.remove(&from)?;
        self.total -= piece.bytes.len() as u64;
        self.lost += piece.unread();
        Some(from..from + piece.bytes.len() as u64)
    }

    /// Bytes that are kept.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Bytes that came and that nobody has read.
    pub(crate) fn unread(&self) -> u64 {
        self.lost + self.pieces.values().map(Piece::unread).sum::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(pieces: &[(u64, &'static [u8])]) -> Memory {
        let mut memory = Memory::default();
        for (now, (from, bytes)) in (0..).zip(pieces) {
            memory.insert(*from, Bytes::from_static(bytes), now, &Intervals::default());
        }
        memory
    }

    #[test]
    fn pieces_are_found_by_any_of_their_bytes() {
        let mut memory = memory(&[(0, b"abc"), (5, b"fgh"), (8, b"ij")]);
        let mut found =
            |range| memory.read(&range, || 9).into_iter().map(|(from, _)| from).collect::<Vec<_>>();
        assert_eq!(found(2..6), [0, 5]);
        assert_eq!(found(3..5), [0; 0]);
        assert_eq!(found(9..20), [8]);
        assert_eq!(found(0..20), [0, 5, 8]);
    }

    #[test]
    fn what_readers_waited_for_is_read_though_it_is_given_up() {
        let mut wanted = Intervals::default();
        wanted.insert(&(1..6));
        let mut memory = Memory::default();
        memory.insert(0, Bytes::from_static(b"abc"), 0, &wanted);
        memory.insert(5, Bytes::from_static(b"fgh"), 1, &wanted);
        assert_eq!(memory.unread(), 3);
        assert_eq!((memory.give_up(), memory.give_up()), (Some(0..3), Some(5..8)));
        assert_eq!(memory.unread(), 3);
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let mut memory = memory(&[(0, b"abc"), (5, b"fgh")]);
        let mut now = 10;
        memory.read(&(1..2), || {
            now += 1;
            now
        });
        assert_eq!((memory.total(), memory.unread(), memory.oldest()), (6, 5, Some(1)));
        assert_eq!(memory.give_up(), Some(5..8));
        assert_eq!((memory.total(), memory.unread()), (3, 5));
        assert_eq!(memory.give_up(), Some(0..3));
        assert_eq!((memory.give_up(), memory.total(), memory.oldest()), (None, 0, None));
    }
}
