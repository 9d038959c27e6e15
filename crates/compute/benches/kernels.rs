//! Kernels on arrays of the size of the seeds' jobs, in memory, on one thread and on two: the fastest of five runs.
//!
//!     cargo bench -p frazil-compute --bench kernels

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, and stops at the first surprise"
)]

use std::time::Instant;

use frazil_compute::Block;
use frazil_compute::kernels::{
    Bins, Fold, Folding, Missing, Rolling, Steps, Tally, Window, count, fold, rolling, subtract,
};
use frazil_compute::state::{Axis, Cells, Groups, Measure, Numbers, State, Total};

/// How often each kernel runs.
const RUNS: usize = 5;

/// Months of a map, about 2 GB.
const MONTHS: usize = 1920;
/// Cells of a map: 360 x 720.
const MAP: usize = 360 * 720;

fn main() {
    histogram();
    seasonal();
}

/// Prints the fastest run of a job, on one thread and on two, and the least processor time of a run.
fn measure(name: &str, bytes: usize, mut job: impl FnMut(usize)) {
    for threads in [1, 2] {
        let (mut seconds, mut work) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..RUNS {
            let (begun, worked) = (Instant::now(), processor());
            job(threads);
            seconds = seconds.min(begun.elapsed().as_secs_f64());
            work = work.min(processor() - worked);
        }
        let speed = bytes as f64 / seconds / 1e9;
        println!("{name}, {threads} threads: {seconds:.3} s, {speed:.1} GB/s; processor {work:.2} s");
    }
}

/// Seconds of processor time that this process has had, all threads together, in hundredths: proc(5) of Linux.
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let behind_name = stat.rsplit_once(')').unwrap().1;
    let times = behind_name.split_whitespace().skip(11).take(2);
    times.map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
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
    let folding = Folding { fold: Fold::Sum, missing: Missing::LeftOut };
    let part = |rain: &[f32]| {
        let (mut tally, mut sums) = (Tally::new(bins.slots()), vec![0.0_f32; LONGITUDES]);
        let mut counts = vec![0_u64; LATITUDES * bins.slots()];
        for hours in rain.chunks_exact(6 * step) {
            for (latitude, counts) in counts.chunks_exact_mut(bins.slots()).enumerate() {
                let rows = (0..6).map(|hour| &hours[hour * step + latitude * LONGITUDES..][..LONGITUDES]);
                fold(folding, rows, &mut sums);
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

/// 1920 months of 360 x 720 cells: means of months, what each month differs by from them, and means of twelve that follow
/// each other, of which the last two are written into memory that was touched before.
fn seasonal() {
    let mut state = 7;
    let base: Vec<f32> = (0..48 * MAP).map(|_| noise(&mut state) - 0.5).collect();
    let map: Vec<f32> = (0..MONTHS / 48).flat_map(|_| &base).copied().collect();
    let bytes = size_of_val(map.as_slice());
    let means = measured(&map, bytes);
    let mut out = vec![0.0_f32; map.len()];
    measure("anomalies", bytes, |threads| {
        let rows = MONTHS / threads;
        std::thread::scope(|scope| {
            for (number, (out, map)) in out.chunks_mut(rows * MAP).zip(map.chunks(rows * MAP)).enumerate() {
                let means = &means;
                scope.spawn(move || {
                    for (row, (out, map)) in out.chunks_mut(MAP).zip(map.chunks(MAP)).enumerate() {
                        let month = (number * rows + row) % 12;
                        subtract(map, &means[month * MAP..(month + 1) * MAP], out);
                    }
                });
            }
        });
    });
    let window = Window::new(12).unwrap().centred();
    measure("rolling means of 12", bytes, |threads| {
        let rows = MONTHS / threads;
        std::thread::scope(|scope| {
            for (number, out) in out.chunks_mut(rows * MAP).enumerate() {
                let wanted = number * rows..(number + 1) * rows;
                let needs = window.needs(&wanted, MONTHS);
                let steps = Steps::new(&map[needs.start * MAP..needs.end * MAP], MAP, needs.start).unwrap();
                scope.spawn(move || rolling(Rolling::Mean, window, steps, wanted, out).unwrap());
            }
        });
    });
    let sum: f64 = out.iter().filter(|mean| !mean.is_nan()).map(|mean| f64::from(*mean)).sum();
    println!("sum of rolling means {sum:.3}");
}

/// The state of a part of the months.
fn climatology(map: &[f32], first: usize) -> State {
    let labels = (0..MONTHS).map(|month| u32::try_from(month % 12).unwrap()).collect();
    let axes = vec![Axis::Grouped(Groups { count: 12, labels }), Axis::Kept];
    let cells = Cells::new(vec![0; 2], vec![MONTHS as u64, MAP as u64], axes).unwrap();
    let mut state = State::new(&Measure::Total(Total::Mean), cells).unwrap();
    let (shape, origin) = ([map.len() / MAP, MAP], [first as u64, 0]);
    state.update(&Block::new(map, &shape, &origin).unwrap()).unwrap();
    state
}

/// Measures the means of months, and gives them.
fn measured(map: &[f32], bytes: usize) -> Vec<f64> {
    let whole = climatology(map, 0);
    measure("means of months", bytes, |threads| {
        let rows = MONTHS / threads;
        let states: Vec<State> = std::thread::scope(|scope| {
            let parts = map.chunks(rows * MAP).enumerate();
            let running: Vec<_> =
                parts.map(|(number, map)| scope.spawn(move || climatology(map, number * rows))).collect();
            running.into_iter().map(|running| running.join().unwrap()).collect()
        });
        let mut states = states.into_iter();
        let mut merged = states.next().unwrap();
        states.for_each(|later| merged.merge(&later).unwrap());
        merged.finish();
    });
    let Numbers::F64(means) = whole.finish().values else { panic!("means are doubles") };
    means
}
