//! Recorded reads through the cache's policy over a modelled link of 80 ms, 8 requests at a time, 64 MiB of memory: a
//! line of CSV for each trace and bandwidth, as `benches/handle/replay.py` prints for fsspec's caches.
//!
//!     cargo bench -p frazil-data --bench handle -- ../shared/science/traces/*.csv.gz

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at the first surprise"
)]

#[path = "../tests/support/model.rs"]
mod model;
#[path = "../tests/support/trace.rs"]
mod trace;

use std::path::Path;

fn main() {
    println!("trace,policy,block,mb_per_s,requests,bytes,seconds");
    for path in std::env::args().skip(1).filter(|argument| !argument.starts_with("--")) {
        let path = Path::new(&path);
        let name = path.file_name().unwrap().to_string_lossy();
        let (length, reads) = trace::read(std::fs::File::open(path).unwrap());
        for rate in [3.6, 40.0] {
            let link = model::Link { latency: 0.08, bandwidth: rate * 1e6, in_flight: 8, memory: 64 << 20 };
            let took = model::replay(length, &reads, link);
            let name = name.trim_end_matches(".csv.gz");
            println!("{name},frazil,0,{rate},{},{},{:.2}", took.requests, took.bytes, took.seconds);
        }
    }
}
