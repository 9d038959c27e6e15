//! How fast one writer appends and a reader reads.
//!
//!     cargo run --release -p frazil-byte-ledger --example speed [FOLDER]

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, and stops at the first surprise"
)]

use std::path::PathBuf;
use std::time::Instant;

use frazil_byte_ledger::{Field, Record, Route, Sums, Who, Writer, files, read};

/// Records that are written.
const RECORDS: u64 = 1_000_000;

fn main() {
    let below = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = below.join(format!("byte-ledger-speed-{}", std::process::id()));
    let who = Who { user: "ada".into(), hub: "icesat2".into(), host: "jupyter-ada".into(), ..Who::default() };
    let writer = Writer::open(&folder, &who).unwrap();
    let mut record = Record {
        time: 1_795_336_102_123,
        dataset: "ATL03.006".into(),
        bucket: "nsidc-cumulus-prod-protected".into(),
        region: "aws/us-west-2".into(),
        route: Route::InRegion,
        requests: 12,
        requested: 52_428_800,
        ..Record::default()
    };
    let start = Instant::now();
    for number in 0..RECORDS {
        (record.since, record.received) = (number, number * 1_000);
        writer.append(&record).unwrap();
    }
    let took = start.elapsed().as_secs_f64();
    let bytes = files(&folder).unwrap()[0].path.metadata().unwrap().len() as f64;
    println!("{:.0} appends/s, {:.0} bytes a record", RECORDS as f64 / took, bytes / RECORDS as f64);

    let start = Instant::now();
    let count = read(&folder).unwrap().map(|entry| entry.unwrap().record.requests).sum::<u64>() / 12;
    let took = start.elapsed().as_secs_f64();
    println!("{:.0} records/s read, {:.0} MB/s", count as f64 / took, bytes / took / 1e6);

    let mut sums = Sums::by(&[Field::Day, Field::User, Field::Dataset, Field::Route]);
    let start = Instant::now();
    for entry in read(&folder).unwrap() {
        sums.add(&entry.unwrap());
    }
    let took = start.elapsed().as_secs_f64();
    println!("{:.0} records/s read and summed by four fields", count as f64 / took);

    let start = Instant::now();
    (0..100).for_each(|_| writer.append(&record).and_then(|()| writer.sync()).unwrap());
    println!("{:.0} appends with a sync each, /s", 100.0 / start.elapsed().as_secs_f64());
    std::fs::remove_dir_all(&folder).unwrap();
}
