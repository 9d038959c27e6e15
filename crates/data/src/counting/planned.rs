//! What a read will fetch, before it is made.

use std::ops::AddAssign;

use serde::Serialize;

use crate::dataset::Stored;

/// What a read will fetch, if nothing of it is kept yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// Chunks that it touches.
    pub chunks: u64,
    /// Requests, where chunks that follow each other come together.
    pub requests: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Planned {
    /// Of the chunks that a read touches.
    pub fn of(chunks: &[Stored]) -> Self {
        let mut sorted: Vec<&Stored> = chunks.iter().collect();
        sorted.sort_by(|one, other| (&one.address, one.from).cmp(&(&other.address, other.from)));
        let follows = |pair: &[&Stored]| {
            pair[0].address == pair[1].address && pair[0].from.saturating_add(pair[0].length) == pair[1].from
        };
        let joined = sorted.windows(2).filter(|pair| follows(pair)).count();
        Self {
            chunks: sorted.len() as u64,
            requests: (sorted.len() - joined) as u64,
            bytes: sorted.iter().fold(0, |sum, chunk| sum.saturating_add(chunk.length)),
        }
    }
}

impl AddAssign for Planned {
    fn add_assign(&mut self, other: Self) {
        self.chunks = self.chunks.saturating_add(other.chunks);
        self.requests = self.requests.saturating_add(other.requests);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;

    #[test]
    fn chunks_that_follow_each_other_are_one_request() {
        let chunk = |name: &str, from, length| Stored {
            address: Address::named(name.to_owned()),
            from,
            length,
            origin: Vec::new(),
            skipped: 0,
        };
        let chunks = [chunk("a", 10, 5), chunk("a", 0, 10), chunk("b", 15, 5), chunk("a", 16, 4)];
        assert_eq!(Planned::of(&chunks), Planned { chunks: 4, requests: 3, bytes: 24 });
        assert_eq!(Planned::of(&[]), Planned::default());
    }
}
