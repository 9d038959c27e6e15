//! Any bytes as an HDF5 or NetCDF file: no panic, and no memory beyond the limits.
#![no_main]

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use frazil_data::dataset::{Dataset, Group, Selection};
use frazil_data::hdf5::Hdf5;
use frazil_data::limits::Limits;
use frazil_data::netcdf::NetCdf;
use frazil_data::ranges::Ranges;
use frazil_data::{Address, Result};
use libfuzzer_sys::fuzz_target;

fn limits() -> Limits {
    Limits { values: 8 << 20, chunk: 1 << 20, ..Limits::default() }
}

#[derive(Debug)]
struct Memory(Bytes);

#[async_trait::async_trait]
impl Ranges for Memory {
    fn address(&self) -> Address {
        Address::from(&url::Url::parse("memory://fuzz/").expect("an address"))
    }

    async fn length(&self) -> Result<u64> {
        Ok(self.0.len() as u64)
    }

    async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        Ok(ranges.iter().map(|range| self.0.slice(range.start as usize..range.end as usize)).collect())
    }
}

async fn open(bytes: &[u8]) -> Result<Box<dyn Dataset>> {
    let memory = Arc::new(Memory(Bytes::copy_from_slice(bytes)));
    Ok(match bytes {
        [b'C', b'D', b'F', ..] => Box::new(NetCdf::open(memory, limits()).await?),
        _ => Box::new(Hdf5::open(memory, limits()).await?),
    })
}

async fn read(dataset: &dyn Dataset, path: &str, group: &Group) {
    for variable in group.variables.iter().take(20) {
        let path = format!("{path}/{}", variable.name);
        dataset.ranges(&path, &Selection::All).await.ok();
        dataset.read(&path, &Selection::All).await.ok();
    }
    for below in group.groups.iter().take(20) {
        Box::pin(read(dataset, &format!("{path}/{}", below.name), below)).await;
    }
}

fuzz_target!(|bytes: &[u8]| {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let Ok(dataset) = open(bytes).await else { return };
        if let Ok(group) = dataset.group("/", true).await {
            read(dataset.as_ref(), "", &group).await;
        }
    });
});
