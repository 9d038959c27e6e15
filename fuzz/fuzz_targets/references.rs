//! Any bytes as references: as Kerchunk's JSON, or as DMR++ where they begin as XML. No panic, no memory
//! beyond the bounds, and nothing of this machine is read by references from elsewhere.
#![no_main]

use std::sync::Arc;

use frazil_data::dataset::{Dataset, Selection};
use frazil_data::references::{Base, open_dmrpp, open_json};
use frazil_fuzz::{Nowhere, TINY, block};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    block(async {
        let base = Base::Remote(url::Url::parse("https://data.example.org/granule.dmrpp").unwrap());
        let opened = if bytes.starts_with(b"<") || bytes.starts_with(&[0x1f, 0x8b]) {
            open_dmrpp(bytes, base, Arc::new(Nowhere), TINY).await
        } else {
            open_json(bytes, base, Arc::new(Nowhere), TINY).await
        };
        let Ok(zarr) = opened else { return };
        let Ok(group) = zarr.group("/", true).await else { return };
        for variable in &group.variables {
            drop(zarr.read(&variable.name, &Selection::All).await);
        }
    });
});
