//! Whole arrays of a local Zarr store, beside zarrs itself, which reads the same files by its own
//! synchronous path: 256 MiB of single precision in chunks of 1 MiB, plain, behind zstd and behind blosc.
//! The fastest of 7 runs in turn counts.
//!
//!     cargo bench -p frazil-data --bench zarr

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, and stops at the first surprise"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use frazil_data::dataset::{Dataset, Selection};
use frazil_data::limits::Limits;
use frazil_data::zarr::Zarr;
use serde_json::{Value, json};
use zarrs::array::codec::api::{ArrayToBytesCodecTraits, CodecOptions};
use zarrs::array::{Array, ArrayBytes, ArrayMetadata};
use zarrs_storage::byte_range::ByteRangeIterator;
use zarrs_storage::{Bytes, MaybeBytesIterator, ReadableStorageTraits, StorageError, StoreKey};

const RUNS: usize = 7;
const SHAPE: [u64; 3] = [64, 1024, 1024];
const CHUNK: [u64; 3] = [1, 512, 512];

/// Files of a folder, as zarrs wants a store.
#[derive(Debug)]
struct Files(PathBuf);

impl ReadableStorageTraits for Files {
    fn get(&self, key: &StoreKey) -> Result<Option<Bytes>, StorageError> {
        Ok(Some(std::fs::read(self.0.join(key.as_str()))?.into()))
    }

    fn get_partial_many<'a>(
        &'a self,
        _: &StoreKey,
        _: ByteRangeIterator<'a>,
    ) -> Result<MaybeBytesIterator<'a>, StorageError> {
        Err(StorageError::Unsupported("only whole chunks are read".to_owned()))
    }

    fn size_key(&self, key: &StoreKey) -> Result<Option<u64>, StorageError> {
        Ok(Some(std::fs::metadata(self.0.join(key.as_str()))?.len()))
    }

    fn supports_get_partial(&self) -> bool {
        false
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let cases = [
        ("plain", Value::Null),
        ("zstd", json!({"name": "zstd", "configuration": {"level": 1, "checksum": false}})),
        (
            "blosc",
            json!({"name": "blosc", "configuration": {"cname": "lz4", "clevel": 5, "shuffle": "shuffle", "typesize": 4, "blocksize": 0}}),
        ),
    ];
    for (name, codec) in cases {
        let folder = tempfile::tempdir().unwrap();
        let array = made(folder.path(), &codec);
        let zarr = runtime.block_on(Zarr::open_folder(folder.path(), Limits::default())).unwrap();
        let variable = runtime.block_on(zarr.group("/", true)).unwrap().variables.remove(0).name;
        let (mut ours, mut theirs) = (Duration::MAX, Duration::MAX);
        for _ in 0..RUNS {
            let begun = Instant::now();
            let read = runtime.block_on(zarr.read(&variable, &Selection::All)).unwrap();
            ours = ours.min(begun.elapsed());
            let begun = Instant::now();
            let peers: ArrayBytes<'static> = array.retrieve_array_subset(&array.subset_all()).unwrap();
            theirs = theirs.min(begun.elapsed());
            assert!(*read.bytes == *peers.into_fixed().unwrap(), "{name}: other values");
        }
        let slower = ours.as_secs_f64() / theirs.as_secs_f64() * 100.0 - 100.0;
        println!("{name}: {:.3} s, zarrs {:.3} s: {slower:+.1} %", ours.as_secs_f64(), theirs.as_secs_f64());
    }
}

/// Writes a store of one array, and opens it by zarrs.
fn made(folder: &Path, codec: &Value) -> Array<Files> {
    let codecs: Vec<Value> = [json!({"name": "bytes", "configuration": {"endian": "little"}}), codec.clone()]
        .into_iter()
        .filter(|codec| !codec.is_null())
        .collect();
    let metadata = json!({
        "zarr_format": 3, "node_type": "array", "shape": SHAPE, "data_type": "float32", "fill_value": 0.0,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": CHUNK}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}}, "codecs": codecs,
    });
    std::fs::write(folder.join("zarr.json"), metadata.to_string()).unwrap();
    let metadata: ArrayMetadata = serde_json::from_value(metadata).unwrap();
    let array = Array::new_with_metadata(Arc::new(Files(folder.to_owned())), "/", metadata).unwrap();
    let counts: Vec<u64> = SHAPE.iter().zip(CHUNK).map(|(length, chunk)| length / chunk).collect();
    for number in 0..counts.iter().product() {
        let place = [number / (counts[1] * counts[2]), number / counts[2] % counts[1], number % counts[2]];
        let path = folder.join(array.chunk_key(&place).as_str());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let numbers: Vec<u8> = (0..512 * 512u64)
            .flat_map(|index| (((index * 31 + number * 7) % 4001) as f32 / 8.0).to_le_bytes())
            .collect();
        let shape = array.chunk_shape(&place).unwrap();
        let (bytes, options) = (ArrayBytes::new_flen(numbers), CodecOptions::default());
        let encoded = array.codecs().encode(bytes, &shape, array.data_type(), array.fill_value(), &options);
        std::fs::write(path, encoded.unwrap()).unwrap();
    }
    array
}
