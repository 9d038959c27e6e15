//! Any bytes as a Zarr store: its files by their keys, one behind the other. No panic, no memory beyond
//! the bounds; an error names the store.
#![no_main]

use frazil_fuzz::{TINY, block, files};
use frazil_data::dataset::{Arrived, Dataset, Selection};
use frazil_data::zarr::Zarr;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    block(async {
        let Ok(zarr) = Zarr::open(files(bytes), TINY).await else { return };
        let Ok(group) = zarr.group("/", true).await else { return };
        for variable in &group.variables {
            drop(zarr.ranges(&variable.name, &Selection::All).await);
            if let Ok(values) = zarr.read(&variable.name, &Selection::All).await {
                assert_eq!(values.shape, variable.shape);
                if let Ok(Arrived::Chunk(mut chunk)) = zarr.arrive(&variable.name, &Selection::All).await
                    && let (whole, half) = (chunk.count(), chunk.count() / 2)
                    && let (Ok(first), Ok(second)) = (chunk.elements(0..half), chunk.elements(half..whole))
                {
                    assert_eq!([first.bytes, second.bytes].concat(), values.bytes);
                }
            }
        }
    });
});
