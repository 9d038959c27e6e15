//! Arrays of a Zarr store: planned, read chunk by chunk, reduced on several threads.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::Path;
use std::sync::Arc;

use frazil_compute::Error;
use frazil_compute::expression::{Array, Expression};
use frazil_compute::plan::{Limits, Plan};
use frazil_compute::run::{Watch, run};
use frazil_compute::source::{Joined, Source, Stored};
use frazil_compute::state::{Extreme, Measure, Numbers, Total};
use frazil_data::zarr::Zarr;
use serde_json::{Value, json};

const SHAPE: [u64; 3] = [50, 6, 10];
const CHUNKS: [u64; 3] = [7, 4, 10];

/// A packed value: a rain that comes and goes; -1 is missing.
fn stored(index: u64) -> i16 {
    if index % 11 == 4 { -1 } else { i16::try_from(index * 37 % 101).unwrap() }
}

/// A Zarr v3 store with one packed variable, uncompressed, as the specification lays it out
/// (<https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html>).
fn store(folder: &Path) {
    store_with(folder, &json!({"scale_factor": 0.5, "add_offset": 10.0, "_FillValue": -1}));
}

/// The same with other attributes.
fn store_with(folder: &Path, attributes: &Value) {
    let group = json!({"zarr_format": 3, "node_type": "group", "attributes": {}});
    std::fs::write(folder.join("zarr.json"), group.to_string()).unwrap();
    let array = json!({
        "zarr_format": 3,
        "node_type": "array",
        "shape": SHAPE,
        "data_type": "int16",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": CHUNKS}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": -1,
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
        "attributes": attributes,
        "dimension_names": ["time", "y", "x"],
    });
    let tp = folder.join("tp");
    std::fs::create_dir_all(&tp).unwrap();
    std::fs::write(tp.join("zarr.json"), array.to_string()).unwrap();
    let along = |axis: usize| 0..SHAPE[axis].div_ceil(CHUNKS[axis]);
    for [a, b, c] in along(0).flat_map(|a| along(1).flat_map(move |b| along(2).map(move |c| [a, b, c]))) {
        let folder = tp.join(format!("c/{a}/{b}"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(c.to_string()), chunk([a, b, c])).unwrap();
    }
}

fn chunk(number: [u64; 3]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for within in 0..CHUNKS.iter().product() {
        let at = [
            number[0] * CHUNKS[0] + within / (CHUNKS[1] * CHUNKS[2]),
            number[1] * CHUNKS[1] + within / CHUNKS[2] % CHUNKS[1],
            number[2] * CHUNKS[2] + within % CHUNKS[2],
        ];
        let is_inside = at.iter().zip(SHAPE).all(|(at, length)| *at < length);
        let value = if is_inside { stored((at[0] * SHAPE[1] + at[1]) * SHAPE[2] + at[2]) } else { 0 };
        bytes.extend(value.to_le_bytes());
    }
    bytes
}

/// The mean over time by its definition, of the rows from 1 on.
fn naive() -> Vec<f64> {
    let mut means = Vec::new();
    for y in 1..SHAPE[1] {
        for x in 0..SHAPE[2] {
            let values = (0..SHAPE[0]).map(|time| stored((time * SHAPE[1] + y) * SHAPE[2] + x));
            let values = values.filter(|value| *value >= 0).map(|value| f64::from(value) * 0.5 + 10.0);
            let values: Vec<f64> = values.collect();
            means.push(values.iter().sum::<f64>() / f64::from(u32::try_from(values.len()).unwrap()));
        }
    }
    means
}

async fn opened(folder: &Path) -> Stored {
    let zarr = Zarr::open_folder(folder, frazil_data::limits::Limits::default()).await.unwrap();
    Stored::open(Arc::new(zarr), "tp").await.unwrap()
}

/// The mean over time of the rows from 1 on, by two threads, and how it was planned.
fn mean(source: &dyn Source) -> (Plan, Result<Vec<f64>, Error>) {
    let expression = Expression::of(source.array().clone())
        .reduce(&["time"], Measure::Total(Total::Mean))
        .unwrap()
        .slice("y", 1, 5)
        .unwrap();
    let plan = Plan::new(&expression, Limits { threads: 2, memory: 1 << 20 }).unwrap();
    let found = run(&plan, source, &Watch::new()).map(|output| match output.values {
        Numbers::F64(means) => means,
        Numbers::U64(_) => panic!("means are doubles"),
    });
    (plan, found)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_mean_of_a_store_is_that_of_the_definition() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let source = opened(folder.path()).await;
    let (plan, found) = tokio::task::spawn_blocking(move || mean(&source)).await.unwrap();
    assert_eq!(found.unwrap(), naive());
    let text = plan.to_string();
    assert!(text.contains("tp[time 0:50, y 1:6, x 0:10] of int16"), "{text}");
    assert!(text.contains("chunks  16 of 7 x 4 x 10, each read once"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_stores_are_one_and_damage_is_told_with_its_place() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for folder in &folders {
        store(folder.path());
    }
    let sources = [opened(folders[0].path()).await, opened(folders[1].path()).await];
    let broken = folders[1].path().join("tp/c/3/1/0");
    let found = tokio::task::spawn_blocking(move || {
        let both = sources.map(|source| -> Box<dyn Source> { Box::new(source) });
        let joined = Joined::new(both.into(), "time").unwrap();
        assert_eq!(joined.array().shape(), [100, 6, 10]);
        let (_, whole) = mean(&joined);
        std::fs::write(&broken, [0_u8; 3]).unwrap();
        (whole, mean(&joined).1)
    });
    let (whole, damaged) = found.await.unwrap();
    assert_eq!(whole.unwrap(), naive());
    let Err(Error::Source { what, source, .. }) = damaged else { panic!("{damaged:?}") };
    assert!(what.contains("`tp` of "), "{what}");
    assert!(source.to_string().contains("c/3/1/0"), "{source}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_is_read_under_other_names_and_as_it_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let source = opened(folder.path()).await;
    let of = |dimensions: &[(&str, u64)], chunks: [u64; 3]| {
        Array::new("rain", dimensions, source.array().element(), Some(chunks.to_vec())).unwrap()
    };
    let named = of(&[("t", SHAPE[0]), ("lat", SHAPE[1]), ("lon", SHAPE[2])], CHUNKS);
    let others = of(&[("t", SHAPE[0]), ("lat", SHAPE[1]), ("lon", SHAPE[2])], SHAPE);
    let error = source.clone().described(others).unwrap_err();
    assert!(error.to_string().contains("are not what `tp` of "), "{error}");
    let source = source.described(named.clone()).unwrap();
    let least = Expression::of(named).reduce(&["t", "lat", "lon"], Measure::Extreme(Extreme::Least)).unwrap();
    let plan = Plan::new(&least, Limits::default()).unwrap();
    let output =
        tokio::task::spawn_blocking(move || run(&plan, &source, &Watch::new())).await.unwrap().unwrap();
    // What stands for a missing value is a number here.
    assert_eq!(output.values, Numbers::F64(vec![-1.0]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn integers_that_are_told_to_be_unsigned_are() {
    for (attributes, due) in [(json!({"_Unsigned": "true"}), 65_535.0), (json!({}), 100.0)] {
        let folder = tempfile::tempdir().unwrap();
        store_with(folder.path(), &attributes);
        let source = opened(folder.path()).await;
        let most =
            Expression::of(source.array().clone()).reduce(&[], Measure::Extreme(Extreme::Largest)).unwrap();
        let plan = Plan::new(&most, Limits::default()).unwrap();
        let output =
            tokio::task::spawn_blocking(move || run(&plan, &source, &Watch::new())).await.unwrap().unwrap();
        assert_eq!(output.values, Numbers::F64(vec![due]));
    }
}

#[tokio::test]
async fn what_cannot_be_opened_is_refused_with_what_can() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let zarr = Zarr::open_folder(folder.path(), frazil_data::limits::Limits::default()).await.unwrap();
    let error = Stored::open(Arc::new(zarr), "rain").await.unwrap_err();
    assert_eq!(error.advice(), "its variables are tp");
}
