//! Records that tell whose they are, so that each can be missed or found twice.

use std::path::Path;

use frazil_byte_ledger::{Entry, Fault, Record, Route, Who, read};

/// 2026-11-22, 08:00 in UTC.
pub(crate) const MORNING: u64 = 1_795_334_400_000;
pub(crate) const DAY: u64 = 86_400_000;

/// Numbers that look random and are the same in every run (Vigna's splitmix64).
#[derive(Clone)]
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// The record of a number, by a writer's name. One in eight is longer than a page of memory.
pub(crate) fn record(name: &str, number: u64) -> Record {
    let mut random = Numbers(number);
    let long = if random.below(8) == 0 { 20_000 } else { 40 };
    let length = usize::try_from(random.below(long)).unwrap();
    Record {
        time: MORNING + number,
        since: MORNING,
        dataset: name.to_owned(),
        bucket: "b".repeat(length),
        region: if number.is_multiple_of(3) { String::new() } else { "aws/us-west-2".to_owned() },
        route: [Route::InRegion, Route::Internet][usize::from(number.is_multiple_of(2))],
        requester_pays: number.is_multiple_of(5),
        requests: number,
        requested: random.below(u64::MAX),
        received: random.below(u64::MAX),
    }
}

pub(crate) fn short(number: u64) -> Record {
    Record { bucket: "nsidc".to_owned(), ..record("ATL03.006", number) }
}

pub(crate) fn ada() -> Who {
    Who {
        user: "ada".to_owned(),
        hub: "icesat2".to_owned(),
        host: "jupyter-ada".to_owned(),
        ..Who::default()
    }
}

pub(crate) fn all(folder: &Path) -> (Vec<Entry>, Vec<Fault>) {
    let (mut entries, mut faults) = (Vec::new(), Vec::new());
    for result in read(folder).unwrap() {
        match result {
            Ok(entry) => entries.push(entry),
            Err(fault) => faults.push(fault),
        }
    }
    (entries, faults)
}

/// The records of a ledger in which nothing is wrong.
pub(crate) fn records(folder: &Path) -> Vec<Record> {
    let (entries, faults) = all(folder);
    assert!(faults.is_empty(), "{faults:?}");
    entries.into_iter().map(|entry| entry.record).collect()
}
