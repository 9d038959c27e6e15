mod ends;
mod pairs;
mod stages;
mod strips;
mod unpacked;

use std::sync::Mutex;

use proptest::prelude::*;

use super::*;
use crate::block::ElementType;
use crate::expression::{Array, Condition, Expression, Map, Packing, Span, Test};
use crate::kernels::{Fold, Folding, Missing};
use crate::plan::{Limits, Sizes};
use crate::sink::Buffer;
use crate::source::{Memory, Pending, Values};
use crate::state::{Axis, Edges, Groups, Measure, Numbers, Total};

/// Memory that remembers what was read of it, and how much of that was there at a time.
struct Recorded<'a> {
    memory: Memory<'a>,
    read: Mutex<Vec<Vec<Span>>>,
    live: AtomicU64,
    most: AtomicU64,
}

/// Values that are counted as long as they are there.
struct Live<'a> {
    values: Values<'a>,
    live: &'a AtomicU64,
}

impl<'a> Recorded<'a> {
    fn new(memory: Memory<'a>) -> Self {
        Self { memory, read: Mutex::new(Vec::new()), live: AtomicU64::new(0), most: AtomicU64::new(0) }
    }

    /// Whether no more was there at a time than a plan says.
    fn is_within(&self, plan: &Plan) -> bool {
        let memory = plan.memory();
        let of = |memory: &crate::plan::Memory| memory.threads as u64 * (memory.block + memory.held);
        let allowed = plan.before().map_or(0, |before| of(before.memory())).max(of(memory));
        self.memory.array().chunks().is_none() || self.most.load(Ordering::SeqCst) <= allowed
    }
}

impl AsRef<[u8]> for Live<'_> {
    fn as_ref(&self) -> &[u8] {
        self.values.bytes()
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        self.live.fetch_sub(self.values.bytes().len() as u64, Ordering::SeqCst);
    }
}

impl Source for Recorded<'_> {
    fn array(&self) -> &Array {
        self.memory.array()
    }

    fn begin<'b>(&'b self, part: &[Span]) -> Result<Pending<'b>> {
        self.read.lock().unwrap().push(part.to_vec());
        let pending = self.memory.begin(part)?;
        Ok(Box::new(move || {
            let values = pending()?;
            let count = values.bytes().len() as u64;
            let now = self.live.fetch_add(count, Ordering::SeqCst) + count;
            self.most.fetch_max(now, Ordering::SeqCst);
            Ok(Values::new(Live { values, live: &self.live }))
        }))
    }
}

const NAMES: [&str; 3] = ["time", "y", "x"];

/// Sums of windows in which nothing is missing.
const SUM: Folding = Folding { fold: Fold::Sum, missing: Missing::Kept };

/// A job over an array of three axes, whose values are whole numbers, some of them missing.
#[derive(Clone, Debug)]
struct Job {
    lengths: [u64; 3],
    chunks: Option<[u64; 3]>,
    part: [(u64, u64); 3],
    coarse: Option<(usize, u64)>,
    reduced: [bool; 3],
    total: Total,
    bytes: u64,
    threads: usize,
}

fn job() -> impl Strategy<Value = Job> {
    let lengths = [1..30_u64, 1..9_u64, 1..9_u64];
    let sizes = (prop::sample::select(vec![1_u64, 16, 64, 400, 1 << 20]), 1..4_usize);
    lengths.prop_flat_map(move |lengths| {
        let most = |length: u64| {
            (0..=length / 3).prop_flat_map(move |from| (Just(from), (length - from) / 2..=length - from))
        };
        let part = lengths.map(|length| prop_oneof![1 => Just((length / 2, 0)), 20 => most(length)]);
        let coarse = prop::option::of((0..3_usize, 1..6_u64));
        let total = prop::sample::select(vec![Total::Sum, Total::Mean, Total::Count]);
        let chunks = prop::option::of([1..6_u64, 1..5_u64, 1..9_u64]);
        let what = (part, coarse, any::<[bool; 3]>(), total);
        (Just(lengths), chunks, what, sizes.clone()).prop_map(
            |(lengths, chunks, (part, coarse, reduced, total), (bytes, threads))| Job {
                lengths,
                chunks,
                part,
                coarse,
                reduced,
                total,
                bytes,
                threads,
            },
        )
    })
}

impl Job {
    fn values(&self) -> Vec<f32> {
        let value = |index: u64| {
            if index % 7 == 3 { f32::NAN } else { f32::from(u16::try_from(index * 37 % 101).unwrap()) - 50.0 }
        };
        (0..self.lengths.iter().product()).map(value).collect()
    }

    fn array(&self) -> Array {
        let dimensions: Vec<_> = NAMES.into_iter().zip(self.lengths).collect();
        Array::new("n", &dimensions, ElementType::F32, self.chunks.map(|chunks| chunks.to_vec())).unwrap()
    }

    fn expression(&self) -> Expression {
        let mut expression = Expression::of(self.array());
        for (name, (start, count)) in NAMES.iter().zip(self.part) {
            expression = expression.slice(name, start, count).unwrap();
        }
        if let Some((axis, window)) = self.coarse {
            expression = expression.coarsen(NAMES[axis], window, SUM).unwrap();
        }
        let names: Vec<_> =
            NAMES.iter().zip(self.reduced).filter(|(_, is)| *is).map(|(name, _)| *name).collect();
        let names = if names.is_empty() { vec!["time"] } else { names };
        expression.reduce(&names, Measure::Total(self.total)).unwrap()
    }

    /// The result by its definition, element by element.
    fn naive(&self) -> Vec<f64> {
        let expression = self.expression();
        let values = self.values();
        let axes = &expression.reduction().unwrap().axes;
        let kept = |axis: usize| axes[axis] == Axis::Kept;
        let shape: Vec<u64> =
            (0..3).map(|axis| if kept(axis) { expression.length(axis) } else { 1 }).collect();
        let mut cells = vec![(0.0, 0_u32); place(shape.iter().product())];
        let windows: Vec<u64> = (0..3).map(|axis| expression.window(axis)).collect();
        let all = |axis: usize| 0..expression.length(axis);
        for (i, j, k) in all(0).flat_map(|i| all(1).flat_map(move |j| all(2).map(move |k| (i, j, k)))) {
            let at = [i, j, k];
            let mut sum = 0.0;
            for window in 0..windows.iter().product::<u64>() {
                let inner: Vec<u64> = (0..3)
                    .map(|axis| {
                        expression.part()[axis].start
                            + at[axis] * windows[axis]
                            + if windows[axis] > 1 { window } else { 0 }
                    })
                    .collect();
                sum += f64::from(
                    values[place((inner[0] * self.lengths[1] + inner[1]) * self.lengths[2] + inner[2])],
                );
            }
            let cell =
                (0..3).fold(0, |cell, axis| cell * shape[axis] + if kept(axis) { at[axis] } else { 0 });
            if !sum.is_nan() {
                cells[place(cell)].0 += sum;
                cells[place(cell)].1 += 1;
            }
        }
        let of = |(sum, count): (f64, u32)| match self.total {
            Total::Sum => sum,
            Total::Mean => sum / f64::from(count),
            Total::Count => f64::from(count),
        };
        cells.into_iter().map(of).collect()
    }
}

fn doubles(numbers: Numbers) -> Vec<f64> {
    match numbers {
        Numbers::F64(numbers) => numbers,
        Numbers::U64(counts) => {
            counts.into_iter().map(|count| f64::from(u32::try_from(count).unwrap())).collect()
        }
    }
}

fn place(index: u64) -> usize {
    usize::try_from(index).unwrap()
}

fn same(one: &[f64], other: &[f64]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(one, other)| one.to_bits() == other.to_bits() || one.is_nan() && other.is_nan())
}

/// No chunk is touched by two blocks, and no element is read that is not in the part.
fn each_chunk_once(read: &[Vec<Span>], job: &Job) -> bool {
    let Some(chunks) = job.chunks else { return true };
    let touched = |block: &Vec<Span>| {
        let along: Vec<_> = block
            .iter()
            .zip(chunks)
            .map(|(span, chunk)| span.start / chunk..=(span.end() - 1) / chunk)
            .collect();
        let [a, b, c] = [along[0].clone(), along[1].clone(), along[2].clone()];
        a.flat_map(move |a| {
            b.clone().flat_map({
                let c = c.clone();
                move |b| c.clone().map(move |c| [a, b, c])
            })
        })
        .collect::<Vec<_>>()
    };
    let mut all: Vec<[u64; 3]> = read.iter().flat_map(touched).collect();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    all.len() == count
}

proptest! {
    #[test]
    fn results_are_those_of_the_definition(job in job()) {
        let (values, array) = (job.values(), job.array());
        let dimensions: Vec<_> = NAMES.into_iter().zip(job.lengths).collect();
        let memory = Memory::new("n", &dimensions, &values).unwrap().described(array).unwrap();
        let source = Recorded::new(memory);
        let limits = Limits { threads: job.threads, memory: 1 << 30 };
        let plan = Plan::of_sizes(&job.expression(), limits, Sizes::small(job.bytes)).unwrap();
        let output = run(&plan, &source, &Watch::new()).unwrap();
        prop_assert!(source.is_within(&plan), "{plan}");
        let found = doubles(output.values);
        let due = job.naive();
        prop_assert!(same(&found, &due), "{found:?} is not {due:?}\n{plan}");
        let read = source.read.into_inner().unwrap();
        prop_assert!(each_chunk_once(&read, &job), "{read:?}");
        let most = read.iter().map(|block| 4 * block.iter().map(|span| span.count).product::<u64>()).max();
        prop_assert!(most.unwrap_or(0) <= plan.memory().block.max(plan.memory().reading) || job.chunks.is_none());
    }

    #[test]
    fn sums_do_not_depend_on_threads_nor_on_memory(lengths in [1..40_u64, 1..6_u64, 1..9_u64], chunk in 1..9_u64) {
        let dimensions: Vec<_> = NAMES.into_iter().zip(lengths).collect();
        let values: Vec<f32> = (0..lengths.iter().product()).map(|index: u64| f32::from(u16::try_from(index).unwrap()).sin().exp()).collect();
        let array = Array::new("n", &dimensions, ElementType::F32, Some(vec![chunk, 2, 9])).unwrap();
        let memory = Memory::new("n", &dimensions, &values).unwrap().described(array.clone()).unwrap();
        let mean = Expression::of(array).reduce(&["time", "x"], Measure::Total(Total::Mean)).unwrap();
        let of = |threads, bytes| {
            let plan = Plan::of_sizes(&mean, Limits { threads, memory: bytes }, Sizes::small(64)).unwrap();
            doubles(run(&plan, &memory, &Watch::new()).unwrap().values)
        };
        let one = of(1, 1 << 20);
        prop_assert!(same(&one, &of(3, 1 << 20)));
        prop_assert!(same(&one, &of(2, 4000)));
    }
}

#[test]
fn groups_packing_maps_and_conditions_go_through() {
    let stored: Vec<i16> = vec![1, 2, -9, 4, 5, 6];
    let array = Array::new("t", &[("time", 3), ("x", 2)], ElementType::I16, None).unwrap();
    let packing = Packing { scale: 0.5, offset: 1.0, missing: vec![-9.0], is_single: true };
    let array = array.packed(packing);
    let memory =
        Memory::new("t", &[("time", 3), ("x", 2)], &stored).unwrap().described(array.clone()).unwrap();
    let groups = Groups { count: 2, labels: vec![0, 1, 0] };
    let expression = Expression::of(array)
        .map(Map::Linear { factor: 2.0, term: -2.0 })
        .unwrap()
        .masked(Condition { test: Test::Less, with: 6.0 })
        .unwrap()
        .group("time", groups, Measure::Total(Total::Mean))
        .unwrap();
    let plan = Plan::new(&expression, Limits::default()).unwrap();
    let output = run(&plan, &memory, &Watch::new()).unwrap();
    assert_eq!(output.shape, [2, 2]);
    assert!(same(&doubles(output.values), &[3.0, 2.0, f64::NAN, 4.0]));
    assert_eq!(output.left_out.missing, 2);
}

proptest! {
    #[test]
    fn elements_go_into_the_callers_memory(job in job()) {
        let (values, array) = (job.values(), job.array());
        let dimensions: Vec<_> = NAMES.into_iter().zip(job.lengths).collect();
        let memory = Memory::new("n", &dimensions, &values).unwrap().described(array.clone()).unwrap();
        let mut expression = Expression::of(array).map(Map::Linear { factor: 2.0, term: 1.0 }).unwrap();
        for (name, (start, count)) in NAMES.iter().zip(job.part) {
            expression = expression.slice(name, start, count).unwrap();
        }
        if let Some((axis, window)) = job.coarse {
            expression = expression.coarsen(NAMES[axis], window, SUM).unwrap();
        }
        let shape: Vec<u64> = expression.dimensions().into_iter().map(|own| own.length).collect();
        let plan_of = |threads, bytes| {
            Plan::of_sizes(&expression, Limits { threads, memory: 1 << 30 }, Sizes::small(bytes)).unwrap()
        };
        let filled = |plan: &Plan| {
            let mut found = vec![-7.0_f32; place(shape.iter().product())];
            run_into(plan, &memory, &Buffer::new(&shape, &mut found).unwrap(), &Watch::new()).unwrap();
            found.into_iter().map(f64::from).collect::<Vec<_>>()
        };
        let found = filled(&plan_of(job.threads, job.bytes));
        prop_assert!(same(&found, &filled(&plan_of(1, 1 << 20))), "{found:?}");
        // Along the axis that is summed, each element was mapped: 2 * sum + window.
        let window = job.coarse.map_or(1, |(_, window)| window);
        let all = Job { reduced: [true; 3], total: Total::Sum, ..job };
        let sum: f64 = found.iter().filter(|number| !number.is_nan()).map(|number| number - f64::from(u32::try_from(window).unwrap())).sum();
        prop_assert!((sum - 2.0 * all.naive()[0]).abs() < 1e-9, "{sum} is not twice {:?}", all.naive());
    }
}

/// Rain by six hours, how often it was how strong at each latitude: the mean over time of counts along longitude.
#[test]
fn the_histogram_of_sums_is_that_of_the_definition() {
    let lengths = [75_u64, 5, 20];
    let dimensions: Vec<_> = NAMES.into_iter().zip(lengths).collect();
    let rain = |index: u64| f32::from(u16::try_from(index * 7919 % 10_007).unwrap()) / 3000.0;
    let values: Vec<f32> = (0..lengths.iter().product()).map(rain).collect();
    let edges: Vec<f64> = (0..8).map(|power| 0.5 * 1.7_f64.powi(power)).collect();
    let (bins, steps) = (edges.len() - 1, lengths[0] / 6);
    let mut due = vec![0.0; 5 * bins];
    for (step, y, x) in (0..steps).flat_map(|t| (0..5).flat_map(move |y| (0..20).map(move |x| (t, y, x)))) {
        let hours = (step * 6..step * 6 + 6).map(|time| values[place((time * 5 + y) * 20 + x)]);
        let sum = f64::from(hours.reduce(|sum, hour| sum + hour).unwrap());
        if let Some(bin) = edges.windows(2).position(|edges| edges[0] <= sum && sum < edges[1]) {
            due[place(y) * bins + bin] += 1.0;
        }
    }
    for count in &mut due {
        *count /= 12.0;
    }
    assert!(due.iter().filter(|count| **count > 0.0).count() > bins);
    for (chunks, bytes) in [(None, 1 << 20), (Some(vec![7, 5, 20]), 2000), (Some(vec![4, 2, 20]), 500)] {
        let array = Array::new("tp", &dimensions, ElementType::F32, chunks).unwrap();
        let memory = Memory::new("tp", &dimensions, &values).unwrap().described(array.clone()).unwrap();
        let expression = Expression::of(array)
            .coarsen_sum("time", 6)
            .unwrap()
            .reduce(&["x"], Measure::Histogram(Edges::new(edges.clone()).unwrap()))
            .unwrap()
            .reduce(&["time"], Measure::Total(Total::Mean))
            .unwrap();
        let plan =
            Plan::of_sizes(&expression, Limits { threads: 2, memory: 1 << 30 }, Sizes::small(bytes)).unwrap();
        let output = run(&plan, &memory, &Watch::new()).unwrap();
        assert_eq!(output.shape, [5, bins as u64]);
        assert!(same(&doubles(output.values), &due), "{plan}");
    }
}

#[test]
fn a_sink_is_of_the_shape_and_type_of_the_result() {
    let values = [1.0_f64; 4];
    let memory = Memory::new("t", &[("x", 4)], &values).unwrap();
    let expression = Expression::of(memory.array().clone());
    let plan = Plan::new(&expression, Limits::default()).unwrap();
    let into = |shape: &[u64], found: &mut [f64]| {
        run_into(&plan, &memory, &Buffer::new(shape, found).unwrap(), &Watch::new())
    };
    assert!(into(&[2, 2], &mut [0.0; 4]).is_err());
    let mut single = [0.0_f32; 4];
    assert!(run_into(&plan, &memory, &Buffer::new(&[4], &mut single).unwrap(), &Watch::new()).is_err());
    let mut found = [0.0; 4];
    into(&[4], &mut found).unwrap();
    assert!(same(&found, &values));
    assert!(run(&plan, &memory, &Watch::new()).is_err());
}

#[test]
fn a_run_is_ended_from_outside_and_refuses_other_arrays() {
    let values = [1.0_f64; 4];
    let memory = Memory::new("t", &[("x", 4)], &values).unwrap();
    let expression = Expression::of(memory.array().clone()).reduce(&[], Measure::Total(Total::Sum)).unwrap();
    let plan = Plan::new(&expression, Limits::default()).unwrap();
    let watch = Watch::new();
    watch.cancel();
    assert!(matches!(run(&plan, &memory, &watch), Err(Error::Cancelled)));
    let other = Memory::new("u", &[("x", 4)], &values).unwrap();
    assert!(matches!(run(&plan, &other, &Watch::new()), Err(Error::Invalid { .. })));
    let watch = Watch::new();
    assert_eq!(doubles(run(&plan, &memory, &watch).unwrap().values), [4.0]);
    assert_eq!(watch.bytes(), 32);
}

/// Memory of which one element is nowhere.
struct Broken<'a>(Memory<'a>);

impl Source for Broken<'_> {
    fn array(&self) -> &Array {
        self.0.array()
    }

    fn begin<'b>(&'b self, part: &[Span]) -> Result<Pending<'b>> {
        assert!(part[0].start > 0, "the first element");
        self.0.begin(part)
    }
}

#[test]
fn nobody_waits_for_a_thread_that_panicked() {
    let values = [1.0_f64; 400];
    let array = Array::new("t", &[("x", 400)], ElementType::F64, Some(vec![1])).unwrap();
    let memory = Memory::new("t", &[("x", 400)], &values).unwrap().described(array.clone()).unwrap();
    let expression = Expression::of(array).reduce(&[], Measure::Total(Total::Sum)).unwrap();
    let limits = Limits { threads: 3, memory: 1 << 30 };
    let plan = Plan::of_sizes(&expression, limits, Sizes::small(8)).unwrap();
    assert!(plan.runs() > 6 * 2 && plan.memory().threads == 3, "{plan}");
    let broken = Broken(memory);
    let ran = catch_unwind(AssertUnwindSafe(|| run(&plan, &broken, &Watch::new())));
    assert!(ran.is_err());
}

/// ERA5's hourly rain of forty years: 1.5 TB, of which the plan is a few numbers.
#[test]
fn the_plan_of_a_large_array_is_small_and_fits_or_is_refused() {
    let dimensions = [("time", 350_640), ("latitude", 721), ("longitude", 1440)];
    let array = Array::new("tp", &dimensions, ElementType::F32, Some(vec![31, 721, 1440])).unwrap();
    let expression = Expression::of(array)
        .coarsen_sum("time", 6)
        .unwrap()
        .reduce(&["longitude"], Measure::Total(Total::Count))
        .unwrap()
        .reduce(&["time"], Measure::Total(Total::Mean))
        .unwrap();
    let plan = Plan::new(&expression, Limits { threads: 2, memory: 1 << 30 }).unwrap();
    assert!(plan.memory().peak() <= 1 << 30);
    assert!(format!("{plan:?}").len() < 10_000);
    let text = plan.to_string();
    assert!(text.contains("11311 of 31 x 721 x 1440, each read once"), "{text}");
    let refused = Plan::new(&expression, Limits { threads: 2, memory: 1 << 27 });
    let Err(Error::Memory { needed, .. }) = refused else { panic!("{refused:?}") };
    assert!(Plan::new(&expression, Limits { threads: 2, memory: needed }).is_ok());
}
