//! What opening groups and reading parts of a granule costs in requests and bytes.
//!
//! FRAZIL_GRANULE  the stand-in granule v6, made by ../shared/peers/granule.py

#[path = "support/local_file.rs"]
mod local_file;
#[path = "../../../tests/support/skips.rs"]
mod skips;

use std::path::PathBuf;
use std::sync::Arc;

use frazil_data::dataset::{Dataset, Extent, Selection};
use frazil_data::hdf5::{Hdf5, Limits};
use local_file::LocalFile;

/// Round trips of 80 ms, and 3.6 MB/s.
const ROUND_TRIP: f64 = 0.08;
const LINK: f64 = 3.6e6;

const BEAMS: [&str; 6] = ["gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"];

#[derive(Debug)]
struct Cost {
    requests: usize,
    bytes: u64,
    seconds: f64,
}

fn cost(file: &LocalFile) -> Cost {
    let (requests, trips) = file.requests();
    let bytes: u64 = requests.iter().map(|range| range.end - range.start).sum();
    #[expect(clippy::cast_precision_loss, reason = "seconds to a few digits")]
    let seconds = trips as f64 * ROUND_TRIP + bytes as f64 / LINK;
    Cost { requests: requests.len(), bytes, seconds }
}

fn granule() -> Option<Arc<LocalFile>> {
    let path = std::env::var_os("FRAZIL_GRANULE").map(PathBuf::from)?;
    Some(Arc::new(LocalFile::open(&path).unwrap()))
}

async fn open(file: &Arc<LocalFile>) -> Hdf5 {
    Hdf5::open(Arc::clone(file) as _, Limits::default()).await.unwrap()
}

#[tokio::test]
async fn headers_of_a_group_of_a_granule() {
    let Some(file) = granule() else { return skips::skipped("FRAZIL_GRANULE is not set") };
    let granule = open(&file).await;
    let group = granule.group("/gt1l/heights", false).await.unwrap();
    let h_ph = group.variable("h_ph").unwrap();
    assert_eq!(h_ph.dimensions, ["delta_time"]);
    assert_eq!(group.variable("signal_conf_ph").unwrap().dimensions, ["delta_time", "ds_surf_type"]);
    assert!(h_ph.attributes.len() > 5, "{:?}", h_ph.attributes);
    let open = cost(&file);
    println!("{open:?}");
    assert!(open.requests <= 12 && open.bytes <= 1 << 20 && open.seconds <= 1.2, "{open:?}");

    let first = Selection::Box(vec![Extent { start: 0, count: 50_000, step: 1 }]);
    let values = granule.read("/gt1l/heights/h_ph", &first).await.unwrap().as_f64().unwrap();
    let mean = values.iter().sum::<f64>() / 50_000.0;
    assert!((mean - 249.5521).abs() < 1e-4, "{mean}");
    let read = cost(&file);
    println!("{read:?}");
    assert!(open.bytes + read.bytes <= 2 << 20, "{read:?}");
}

#[tokio::test]
async fn whole_heights_of_all_beams_of_a_granule() {
    let Some(file) = granule() else { return skips::skipped("FRAZIL_GRANULE is not set") };
    let granule = open(&file).await;
    for beam in BEAMS {
        granule.read(&format!("/{beam}/heights/h_ph"), &Selection::All).await.unwrap();
    }
    let read = cost(&file);
    let mut chunks = 0;
    for beam in BEAMS {
        let stored = granule.ranges(&format!("/{beam}/heights/h_ph"), &Selection::All).await.unwrap();
        chunks += stored.iter().map(|chunk| chunk.length).sum::<u64>();
    }
    println!("{read:?} for chunks of {chunks} bytes");
    assert!(read.bytes * 10 <= chunks * 11, "{read:?} for chunks of {chunks} bytes");
}
