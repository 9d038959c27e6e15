//! Any bytes as a GeoTIFF: no panic, no memory beyond the bounds, and values of the shape that was told.
#![no_main]

use std::sync::Arc;

use frazil_data::cog::Cog;
use frazil_data::dataset::{Dataset, Selection};
use frazil_fuzz::{Memory, TINY, block};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    block(async {
        let Ok(cog) = Cog::open(Arc::new(Memory::new(bytes)), TINY).await else { return };
        let Ok(root) = cog.group("/", true).await else { return };
        for (prefix, group) in std::iter::once((String::new(), &root)).chain(root.groups.iter().map(|group| (format!("/{}", group.name), group))) {
            for variable in &group.variables {
                if let Ok(values) = cog.read(&format!("{prefix}/{}", variable.name), &Selection::All).await {
                    assert_eq!(values.shape, variable.shape);
                }
            }
        }
    });
});
