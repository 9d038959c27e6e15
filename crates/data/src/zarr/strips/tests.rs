//! Strips against whole chunks.

use proptest::prelude::*;
use serde_json::json;
use zarrs::array::codec::api::{BytesToBytesCodecTraits, CodecOptions};
use zarrs::array::codec::{BloscCodec, BloscCompressor, BloscShuffleMode};

use super::*;
use crate::objects::Folder;
use crate::zarr::read::read;

const SHAPE: [u64; 3] = [5, 300, 350];
const CHUNK: [u64; 3] = [3, 300, 350];
/// Elements of one place of the first axis.
const INNER: u64 = 105_000;
/// Bytes of a chunk.
const BYTES: u64 = 1_260_000;

fn array(endian: &str) -> Arc<Array> {
    let blosc = json!({"cname": "lz4", "clevel": 5, "shuffle": "shuffle", "typesize": 4, "blocksize": 0});
    let told = json!({
        "zarr_format": 3, "node_type": "array", "shape": SHAPE, "data_type": "int32", "fill_value": 7, "attributes": {},
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": CHUNK}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}},
        "codecs": [{"name": "bytes", "configuration": {"endian": endian}}, {"name": "blosc", "configuration": blosc}],
    });
    Arc::new(Array::of_v3(&told, &Limits::default()).unwrap())
}

/// How a chunk is compressed.
#[derive(Clone, Copy, Debug)]
struct Kind {
    shuffle: BloscShuffleMode,
    level: u8,
    /// Bytes of a number.
    number: usize,
    /// Bytes of a block; 0 for Blosc's choice.
    block: usize,
}

const PLAIN: Kind = Kind { shuffle: BloscShuffleMode::Shuffle, level: 5, number: 4, block: 0 };

fn compressed(first: i32, endian: &str, kind: Kind) -> Vec<u8> {
    let to_bytes = |value: i32| if endian == "big" { value.to_be_bytes() } else { value.to_le_bytes() };
    let bytes: Vec<u8> =
        (first..first + 315_000).flat_map(|value| to_bytes(value.wrapping_mul(value))).collect();
    let Kind { shuffle, level, number, block } = kind;
    let codec =
        BloscCodec::new(BloscCompressor::LZ4, level.try_into().unwrap(), Some(block), shuffle, Some(number));
    codec.unwrap().encode(bytes.into(), &CodecOptions::default()).unwrap().into_owned()
}

fn along(start: u64, count: u64) -> Selection {
    let extent = |start, count| Extent { start, count, step: 1 };
    Selection::Box(vec![extent(start, count), extent(0, 300), extent(0, 350)])
}

async fn opened(objects: &Arc<dyn Objects>, array: &Arc<Array>, part: &Selection) -> Option<Strips> {
    chunk(objects, "", array, part, &Limits::default()).await.unwrap()
}

/// A chunk that is here.
fn held(chunk: Vec<u8>) -> Strips {
    let job = Job { key: "c".to_owned(), place: Some(Place::Inline(chunk.into())), shape: None };
    let touched = Touched { index: Vec::new(), origin: Vec::new(), overlaps: Vec::new() };
    let store = Address::named("here".to_owned());
    let (array, given) = (array("little"), Bytes::new());
    Strips {
        array,
        store,
        job,
        touched,
        first: 0,
        count: 315_000,
        opened: None,
        given,
        tail: None,
        stored: Vec::new(),
    }
}

#[tokio::test]
async fn strips_are_what_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let objects: Arc<dyn Objects> = Arc::new(Folder::new(folder.path()));
    let shuffles = [BloscShuffleMode::NoShuffle, BloscShuffleMode::Shuffle, BloscShuffleMode::BitShuffle];
    let sizes = [(5, 4, 0), (0, 4, 0), (5, 4, 40_000), (5, 1, 100_000), (5, 8, 0), (5, 5, 0)];
    let kinds = shuffles
        .into_iter()
        .flat_map(|shuffle| sizes.map(|(level, number, block)| Kind { shuffle, level, number, block }));
    for (kind, endian) in kinds.flat_map(|kind| [(kind, "little"), (kind, "big")]) {
        std::fs::write(folder.path().join("c.0.0.0"), compressed(-9, endian, kind)).unwrap();
        let array = array(endian);
        // What was never written is behind the third.
        for (start, count) in [(0, 3), (1, 2), (2, 1), (3, 2)] {
            let part = along(start, count);
            let whole = read(&objects, "", Arc::clone(&array), &part, Limits::default()).await.unwrap();
            let mut strips = opened(&objects, &array, &part).await.unwrap();
            assert_eq!(strips.count(), count * INNER);
            // Also where a strip is held while the next one is taken.
            let mut held = Vec::new();
            for (from, to) in [(0, count * INNER), (0, 1), (104_999, 105_000), (5, 5), (60_000, 90_001)] {
                let found = strips.elements(from..to).unwrap();
                let [first, last] = [from, to].map(|at| usize::try_from(at * 4).unwrap());
                assert!(found.bytes == whole.bytes.slice(first..last), "{kind:?} {endian} {start} {from}");
                assert_eq!((found.count(), &found.data_type), (to - from, &whole.data_type));
                held.extend((from % 2 == 1).then_some((found.bytes, first..last)));
            }
            assert!(held.into_iter().all(|(bytes, range)| bytes == whole.bytes.slice(range)));
            assert!(strips.elements(0..count * INNER + 1).is_err());
        }
    }
}

/// As several threads write them.
#[test]
fn blocks_may_lie_in_any_order() {
    let chunk = compressed(5, "little", PLAIN);
    let told = usize::try_from(Blocks::told_by(&chunk, BYTES).unwrap()).unwrap();
    let starts = chunk[16..told].chunks(4);
    let starts: Vec<usize> =
        starts.map(|start| u32::from_le_bytes(start.try_into().unwrap()) as usize).collect();
    let ends: Vec<usize> = starts[1..].iter().copied().chain([chunk.len()]).collect();
    let mut turned = chunk[..told].to_vec();
    for number in (0..starts.len()).rev() {
        let start = u32::try_from(turned.len()).unwrap().to_le_bytes();
        turned[16 + number * 4..20 + number * 4].copy_from_slice(&start);
        turned.extend_from_slice(&chunk[starts[number]..ends[number]]);
    }
    assert!(starts.len() > 2 && chunk != turned, "{starts:?}");
    let all = |chunk: Vec<u8>| held(chunk).elements(100..315_000).unwrap();
    assert!(all(chunk) == all(turned));
}

#[tokio::test]
async fn what_lies_in_two_chunks_or_with_gaps_is_decoded_whole() {
    let folder = tempfile::tempdir().unwrap();
    let objects: Arc<dyn Objects> = Arc::new(Folder::new(folder.path()));
    let extent = |start, count, step| Extent { start, count, step };
    for part in [
        [extent(2, 2, 1), extent(0, 300, 1), extent(0, 350, 1)],
        [extent(0, 3, 1), extent(0, 299, 1), extent(0, 350, 1)],
        [extent(0, 3, 1), extent(0, 300, 1), extent(1, 349, 1)],
        [extent(0, 2, 2), extent(0, 300, 1), extent(0, 350, 1)],
        [extent(0, 0, 1), extent(0, 300, 1), extent(0, 350, 1)],
    ] {
        let part = Selection::Box(part.to_vec());
        assert!(opened(&objects, &array("little"), &part).await.is_none(), "{part:?}");
    }
}

#[test]
fn a_chunk_of_another_length_is_named() {
    let mut chunk = compressed(0, "little", PLAIN);
    for length in [0, 3, 8, 15, 16, 20, 900] {
        assert!(held(chunk[..length].to_vec()).elements(0..9).is_err(), "{length}");
    }
    chunk[4..8].copy_from_slice(&1_000_000_u32.to_le_bytes());
    let error = held(chunk).elements(0..9).unwrap_err().to_string();
    assert!(error.contains("here/c") && error.contains("1000000 bytes, where 1260000 are due"), "{error}");
}

proptest! {
    /// Whatever a chunk holds, a strip has as many bytes as it has elements, or there is an error.
    #[test]
    fn damaged_chunks_have_an_end(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
        places in (0..315_000_u64, 0..315_000_u64),
        level in prop::sample::select(vec![0, 5]),
        block in prop::sample::select(vec![0, 40_000]),
    ) {
        let mut chunk = compressed(3, "little", Kind { level, block, ..PLAIN });
        for (place, byte, is_first) in changes {
            // What is told of blocks is damaged as often as what is in them.
            let place = place.index(if is_first { 64 } else { chunk.len() });
            chunk[place] = byte;
        }
        if let Some(cut) = cut {
            chunk.truncate(cut.index(chunk.len()));
        }
        let places = places.0.min(places.1)..places.0.max(places.1);
        let count = places.end - places.start;
        if let Ok(values) = held(chunk).elements(places) {
            prop_assert_eq!(values.bytes.len() as u64, count * 4);
        }
    }
}
