//! Jobs over arrays in memory, planned and run: the histogram of rain by six hours (3 GB), and the means of
//! months (2 GB), what each month differs by from them, and means of twelve, the last two into memory that was touched
//! before; by one thread and by two. The fastest of 3 runs counts.
//!
//!     cargo bench -p frazil-compute --bench run

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at the first surprise"
)]

use std::time::{Duration, Instant};

use frazil_compute::expression::Expression;
use frazil_compute::kernels::{Rolling, Window};
use frazil_compute::plan::{Limits, Plan};
use frazil_compute::run::{Watch, run, run_into};
use frazil_compute::sink::Buffer;
use frazil_compute::source::{Memory, Source};
use frazil_compute::state::{Edges, Groups, Measure, Total};

fn main() {
    let values = made(720 * 721 * 1440);
    let rain = Memory::new("tp", &[("time", 720), ("latitude", 721), ("longitude", 1440)], &values).unwrap();
    let edges = (0..51).map(|edge| 10_f64.powf(-5.0 + 7.0 * f64::from(edge) / 50.0)).collect();
    let histogram = Expression::of(rain.array().clone())
        .coarsen_sum("time", 6)
        .unwrap()
        .reduce(&["longitude"], Measure::Histogram(Edges::new(edges).unwrap()))
        .unwrap()
        .reduce(&["time"], Measure::Total(Total::Mean))
        .unwrap();
    timed("histogram", &histogram, &rain);
    let months = Memory::new("t", &[("time", 1920), ("lat", 360), ("lon", 720)], &values[..1920 * 360 * 720]);
    let months = months.unwrap();
    let labels = (0..1920).map(|month| month % 12).collect();
    let climatology = Expression::of(months.array().clone())
        .group("time", Groups { count: 12, labels }, Measure::Total(Total::Mean))
        .unwrap();
    timed("climatology", &climatology, &months);
    let labels = (0..1920).map(|month| month % 12).collect();
    let anomaly =
        Expression::of(months.array().clone()).anomaly("time", Groups { count: 12, labels }).unwrap();
    let mut out = vec![0.0_f32; 1920 * 360 * 720];
    filled("anomaly", &anomaly, &months, &mut out);
    let window = Window::new(12).unwrap().centred();
    let rolling = Expression::of(months.array().clone()).rolling("time", window, Rolling::Mean).unwrap();
    filled("rolling mean", &rolling, &months, &mut out);
}

/// Elements into memory that was touched before.
fn filled(name: &str, expression: &Expression, source: &dyn Source, out: &mut [f32]) {
    let shape: Vec<u64> = expression.dimensions().into_iter().map(|own| own.length).collect();
    for threads in [1, 2] {
        let plan = Plan::new(expression, Limits { threads, memory: 1 << 30 }).unwrap();
        let mut best = Duration::MAX;
        for _ in 0..3 {
            let sink = Buffer::new(&shape, out).unwrap();
            let begun = Instant::now();
            run_into(&plan, source, &sink, &Watch::new()).unwrap();
            best = best.min(begun.elapsed());
        }
        println!("{name}, {threads} threads: {:.3} s\n{plan}", best.as_secs_f64());
    }
}

/// Values of many magnitudes, not in order.
fn made(count: u32) -> Vec<f32> {
    let value = |index: u32| {
        let mixed = index.wrapping_mul(2_654_435_761) >> 8;
        f32::from_bits(0x3700_0000 + mixed * 8)
    };
    (0..count).map(value).collect()
}

fn timed(name: &str, expression: &Expression, source: &dyn Source) {
    for threads in [1, 2] {
        let plan = Plan::new(expression, Limits { threads, memory: 1 << 30 }).unwrap();
        let mut best = Duration::MAX;
        for _ in 0..3 {
            let begun = Instant::now();
            run(&plan, source, &Watch::new()).unwrap();
            best = best.min(begun.elapsed());
        }
        println!("{name}, {threads} threads: {:.3} s\n{plan}", best.as_secs_f64());
    }
}
