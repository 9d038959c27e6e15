//! Whole files of arrays, read on one core and on two, beside h5py on one.
//!
//!     FRAZIL_H5PY=PYTHON FRAZIL_FILES=FILE:FILE cargo bench -p frazil-data --bench arrays
//!
//! `FRAZIL_H5PY` names a Python that has h5py; without files, the larger ones of ../shared/science are read. Each
//! reader is a process of its own, kept to its cores by taskset, that reads every array of the file; they take turns,
//! and the medians of five are told.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops at the first surprise"
)]

#[expect(dead_code, reason = "tests count requests")]
#[path = "../tests/support/local_file.rs"]
mod local_file;
#[path = "../../../tests/support/skips.rs"]
mod skips;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use frazil_data::dataset::{Dataset, Group, Selection};
use frazil_data::hdf5::Hdf5;
use frazil_data::limits::Limits;
use local_file::LocalFile;

/// Names the file that this process is to read.
const READ: &str = "FRAZIL_BENCH_READ";

/// How often each reader reads a file.
const TURNS: usize = 5;

/// Files of ../shared/science.
const SCIENCE: [&str; 4] = [
    "icesat2/ATL06_20181013235645_02340114_209_01.h5",
    "icesat2/processed_ATL06_20190420093051_03380303_005_01.h5",
    "netcdf4-hdf5/coads_climatology.nc4",
    "netcdf4-hdf5/S5P_CH4.SUB.nc4",
];

const H5PY: &str = "
import sys, time, h5py
begun = time.perf_counter()
with h5py.File(sys.argv[1]) as file:
    file.visititems(lambda name, item: item[()] if isinstance(item, h5py.Dataset) else None)
print(time.perf_counter() - begun)
";

fn main() {
    if let Some(path) = std::env::var_os(READ) {
        return read(path.as_ref());
    }
    let Some(python) = std::env::var_os("FRAZIL_H5PY") else {
        return skips::skipped("FRAZIL_H5PY is not set");
    };
    println!("{:<62} {:>9} {:>9} {:>9} {:>7} {:>7}", "file", "h5py", "1 core", "2 cores", "1:h5py", "2:h5py");
    for file in files() {
        let (mut h5py, mut one, mut two) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..TURNS {
            h5py.push(seconds(
                Command::new("taskset").args(["-c", "0"]).arg(&python).args(["-c", H5PY]).arg(&file),
            ));
            one.push(seconds(&mut reader("0", &file)));
            two.push(seconds(&mut reader("0,1", &file)));
        }
        let [h5py, one, two] = [h5py, one, two].map(median);
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        println!("{name:<62} {h5py:>8.3}s {one:>8.3}s {two:>8.3}s {:>7.2} {:>7.2}", h5py / one, h5py / two);
    }
}

fn files() -> Vec<PathBuf> {
    if let Some(files) = std::env::var_os("FRAZIL_FILES") {
        return std::env::split_paths(&files).collect();
    }
    let science = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/science");
    SCIENCE.iter().map(|file| science.join(file)).filter(|file| file.exists()).collect()
}

/// This program as a reader on some cores.
fn reader(cores: &str, file: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", cores]).arg(std::env::current_exe().unwrap()).env(READ, file);
    command
}

/// What a program says that it took.
fn seconds(command: &mut Command) -> f64 {
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    said.trim().parse().unwrap_or_else(|_| panic!("{said} {}", String::from_utf8_lossy(&output.stderr)))
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

fn read(path: &Path) {
    let begun = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let file = Arc::new(LocalFile::open(path).unwrap());
        let file = Hdf5::open(file, Limits::default()).await.unwrap();
        let root = file.group("/", true).await.unwrap();
        read_group(&file, "", &root).await;
    });
    println!("{}", begun.elapsed().as_secs_f64());
}

async fn read_group(file: &Hdf5, path: &str, group: &Group) {
    for variable in &group.variables {
        file.read(&format!("{path}/{}", variable.name), &Selection::All).await.unwrap();
    }
    for below in &group.groups {
        Box::pin(read_group(file, &format!("{path}/{}", below.name), below)).await;
    }
}
