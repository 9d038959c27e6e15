//! Recorded reads (`../shared/science/traces`, outside the checkout) through the policy, against every cache of
//! fsspec (`benches/handle/fsspec.csv`, made by `benches/handle/replay.py`).

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::model::{Link, Took, replay};
use crate::skips::skipped;
use crate::trace;

const ORIGINAL: &str = "ATL03_20181120182818_08110112_006_02__none";
const PAGED: &str = "ATL03_20181120182818_08110112_006_02-page-only-8mb__none";
const XARRAY: &str = "synthetic-atl03-v6_xarray-h5netcdf-open";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// An object's length, and its recorded reads: of the stand-in granule those of opening a group.
fn recorded(name: &str) -> Option<(u64, Vec<Range<u64>>)> {
    let told = std::env::var_os("FRAZIL_SHARED").map(PathBuf::from);
    let path = told
        .unwrap_or_else(|| root().join("../shared"))
        .join("science/traces")
        .join(format!("{name}.csv.gz"));
    let Ok(file) = std::fs::File::open(&path) else {
        skipped(format!("no ../shared/science/traces/{name}.csv.gz beside the checkout"));
        return None;
    };
    Some(trace::read(file))
}

/// What each cache of fsspec took: its name, and requests, bytes and seconds.
fn peers(name: &str, rate: f64) -> Vec<(String, Took)> {
    let mut rows = csv::Reader::from_path(root().join("benches/handle/fsspec.csv")).unwrap();
    let peers: Vec<_> = rows
        .records()
        .map(Result::unwrap)
        .filter(|row| &row[0] == name && row[3].parse() == Ok(rate))
        .map(|row| {
            let took = Took {
                requests: row[4].parse().unwrap(),
                bytes: row[5].parse().unwrap(),
                seconds: row[6].parse().unwrap(),
            };
            (format!("{} {}", &row[1], &row[2]), took)
        })
        .collect();
    for policy in
        ["none", "adaptive", "all", "mmap", "bytes", "readahead", "blockcache", "first", "background"]
    {
        assert!(peers.iter().any(|(name, _)| name.starts_with(policy)), "{name} {policy}");
    }
    peers
}

fn ours(name: &str, rate: f64) -> Option<Took> {
    let (length, reads) = recorded(name)?;
    let link = Link { latency: 0.08, bandwidth: rate * 1e6, in_flight: 8, memory: 64 << 20 };
    Some(replay(length, &reads, link))
}

#[test]
fn no_cache_of_fsspec_is_better_in_bytes_and_requests_and_none_is_faster() {
    for name in [ORIGINAL, PAGED, XARRAY] {
        for rate in [3.6, 40.0] {
            let Some(took) = ours(name, rate) else { return };
            let peers = peers(name, rate);
            let better: Vec<_> = peers
                .iter()
                .filter(|(_, peer)| peer.bytes <= took.bytes && peer.requests <= took.requests)
                .collect();
            assert!(better.is_empty(), "{name} at {rate} MB/s: {took:?}, {better:?}");
            let faster: Vec<_> = peers.iter().filter(|(_, peer)| peer.seconds <= took.seconds).collect();
            assert!(faster.is_empty(), "{name} at {rate} MB/s: {took:?}, {faster:?}");
        }
    }
}

#[test]
fn xarray_opens_a_group_within_its_bounds() {
    let Some(took) = ours(XARRAY, 3.6) else { return };
    assert!(took.bytes <= 16 << 20 && took.requests <= 60 && took.seconds <= 9.0, "{took:?}");
}

#[test]
fn a_replay_is_the_same_every_time() {
    let Some(took) = ours(ORIGINAL, 3.6) else { return };
    assert_eq!(ours(ORIGINAL, 3.6), Some(took));
}
