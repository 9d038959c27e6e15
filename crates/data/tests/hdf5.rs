//! What opening groups and reading parts of a granule costs in requests and bytes; and files that are damaged.
//!
//! `FRAZIL_GRANULE` names the stand-in granule v6, made by ../shared/peers/granule.py

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests are told where the granule is, and stop at the first surprise"
)]

#[path = "support/local_file.rs"]
mod local_file;
#[path = "../../../tests/support/skips.rs"]
mod skips;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use frazil_data::dataset::{Dataset, Extent, Group, Selection};
use frazil_data::hdf5::Hdf5;
use frazil_data::limits::Limits;
use frazil_data::netcdf::NetCdf;
use frazil_data::{Error, Result};
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

fn small() -> Limits {
    Limits { values: 8 << 20, chunk: 1 << 20, ..Limits::default() }
}

/// Opens a file and reads all that it has; the errors that that gave.
async fn read_all(path: &Path) -> Vec<Error> {
    let file = Arc::new(LocalFile::open(path).unwrap());
    let dataset: Result<Box<dyn Dataset>> = if path.extension().is_some_and(|extension| extension == "cdf") {
        NetCdf::open(file, small()).await.map(|file| Box::new(file) as Box<dyn Dataset>)
    } else {
        Hdf5::open(file, small()).await.map(|file| Box::new(file) as Box<dyn Dataset>)
    };
    let root = match &dataset {
        Ok(dataset) => dataset.group("/", true).await,
        Err(_) => return dataset.err().into_iter().collect(),
    };
    match (dataset, root) {
        (Ok(dataset), Ok(root)) => {
            let mut errors = Vec::new();
            read_group(dataset.as_ref(), "", &root, &mut errors).await;
            errors
        }
        (_, root) => root.err().into_iter().collect(),
    }
}

async fn read_group(dataset: &dyn Dataset, path: &str, group: &Group, errors: &mut Vec<Error>) {
    for variable in &group.variables {
        errors.extend(dataset.read(&format!("{path}/{}", variable.name), &Selection::All).await.err());
    }
    for below in &group.groups {
        Box::pin(read_group(dataset, &format!("{path}/{}", below.name), below, errors)).await;
    }
}

fn seeds() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/arrays");
    let mut seeds: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    seeds.sort();
    seeds
}

/// A file with some of its bytes changed, or its end gone.
fn damaged(whole: &[u8], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    if random.u8(..4) == 0 {
        bytes.truncate(random.usize(..whole.len()));
    }
    for _ in 0..random.usize(..6) {
        // Small numbers and all ones are what counts and addresses are made of.
        let values = [0, 1, 0x7F, 0xFF, random.u8(..)];
        if let Some(byte) = random.choice(&mut bytes) {
            *byte = values[random.usize(..values.len())];
        }
    }
    bytes
}

#[tokio::test]
async fn damaged_files_are_told_and_nothing_panics() {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        usual(panic);
    }));
    let folder = tempfile::tempdir().unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    let mut told = 0;
    for seed in seeds() {
        let whole = std::fs::read(&seed).unwrap();
        let path = folder.path().join(if whole.starts_with(b"CDF") { "file.cdf" } else { "file.h5" });
        std::fs::write(&path, &whole).unwrap();
        assert!(read_all(&path).await.is_empty(), "{}", seed.display());
        for turn in 0..100 {
            std::fs::File::create(&path).unwrap().write_all(&damaged(&whole, &mut random)).unwrap();
            for error in read_all(&path).await {
                told += 1;
                let message = error.to_string();
                let names_file = error.address().is_some_and(|address| address.as_str().contains("/file."));
                assert!(
                    names_file && message.contains("byte") || matches!(error, Error::Invalid { .. }),
                    "{message}"
                );
            }
            assert_eq!(PANICS.load(Ordering::Relaxed), 0, "{}, turn {turn}", seed.display());
        }
    }
    assert!(told > 200, "only {told} errors");
}
