//! Kernels on arrays of the size of the seeds' jobs, in memory, on one thread and on two: the fastest of five runs.
//!
//!     cargo bench -p frazil-compute --bench kernels [histogram]

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, and stops at the first surprise"
)]

use std::time::Instant;

use frazil_compute::kernels::{Bins, Fold, Tally, count, fold};

/// How often each kernel runs.
const RUNS: usize = 5;

fn main() {
    histogram();
}

/// Prints the fastest run of a job, on one thread and on two.
fn measure(name: &str, bytes: usize, job: impl Fn(usize)) {
    for threads in [1, 2] {
        let fastest = (0..RUNS).map(|_| {
            let begun = Instant::now();
            job(threads);
            begun.elapsed().as_secs_f64()
        });
        let seconds = fastest.fold(f64::INFINITY, f64::min);
        println!("{name}, {threads} threads: {seconds:.3} s, {:.1} GB/s", bytes as f64 / seconds / 1e9);
    }
}

/// Numbers without order, the same ones on every run.
fn noise(state: &mut u64) -> f32 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 40) as f32 / (1 << 24) as f32
}

/// 720 hours of rain over 721 x 1440 cells, like ERA5's: sums of 6 hours, in 50 logarithmic bins for each latitude.
fn histogram() {
    const LATITUDES: usize = 721;
    const LONGITUDES: usize = 1440;
    const HOURS: usize = 720;
    let (mut state, step) = (7, LATITUDES * LONGITUDES);
    let base: Vec<f32> = (0..24 * step).map(|_| noise(&mut state).powi(6) * 7.0).collect();
    let mut rain = Vec::with_capacity(HOURS * step);
    for day in 0..HOURS / 24 {
        rain.extend(base.iter().map(|number| number * (0.5 + ((day * 24 * 37) % 100) as f32 / 100.0)));
    }
    let edges: Vec<f64> = (0..=50).map(|place| 10_f64.powf(-5.0 + 7.0 * f64::from(place) / 50.0)).collect();
    let bins = Bins::<f32>::new(&edges).unwrap();
    let part = |rain: &[f32]| {
        let (mut tally, mut sums) = (Tally::new(bins.slots()), vec![0.0_f32; LONGITUDES]);
        let mut counts = vec![0_u64; LATITUDES * bins.slots()];
        for hours in rain.chunks_exact(6 * step) {
            for (latitude, counts) in counts.chunks_exact_mut(bins.slots()).enumerate() {
                let rows = (0..6).map(|hour| &hours[hour * step + latitude * LONGITUDES..][..LONGITUDES]);
                fold(Fold::Sum, rows, &mut sums);
                count(&bins, &sums, &mut tally, counts);
            }
        }
        counts
    };
    let whole = part(&rain);
    measure("histogram of 6-hour sums", rain.len() * 4, |threads| {
        let counts = std::thread::scope(|scope| {
            let part = &part;
            let running: Vec<_> =
                rain.chunks(HOURS / threads * step).map(|rain| scope.spawn(move || part(rain))).collect();
            let mut counts = vec![0; whole.len()];
            for done in running {
                counts.iter_mut().zip(done.join().unwrap()).for_each(|(count, more)| *count += more);
            }
            counts
        });
        assert!(counts == whole, "other counts");
    });
}
