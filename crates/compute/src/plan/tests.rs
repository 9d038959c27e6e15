use proptest::prelude::*;

use super::*;
use crate::block::ElementType;
use crate::expression::Array;
use crate::run::{Watch, run};
use crate::source::Memory as InMemory;
use crate::state::{Edges, Groups, Numbers, Share, Total};

const NAMES: [&str; 3] = ["time", "y", "x"];

fn quantile(share: f64) -> Measure {
    Measure::Quantile(Share::new(share).unwrap())
}

fn bits(numbers: Numbers) -> Vec<u64> {
    match numbers {
        Numbers::F64(numbers) => numbers.into_iter().map(f64::to_bits).collect(),
        Numbers::U64(counts) => counts,
    }
}

proptest! {
    /// Whatever is allowed, a plan keeps to it and gives the same, or tells what it needs, which is enough.
    #[test]
    fn what_is_allowed_is_kept_to(
        lengths in [1..30_u64, 1..12_u64, 1..12_u64],
        chunks in prop::option::of([1..31_u64, 1..13_u64, 1..13_u64]),
        allowed in 0..60_000_u64,
        threads in 1..4_usize,
        bytes in prop::sample::select(vec![16_u64, 200, 1 << 20]),
        what in 0..4_u8,
    ) {
        let dimensions: Vec<_> = NAMES.into_iter().zip(lengths).collect();
        let values: Vec<f32> = (0..lengths.iter().product())
            .map(|at: u64| if at % 11 == 3 { f32::NAN } else { f32::from(u16::try_from(at * 7919 % 10_007).unwrap()) })
            .collect();
        let array = Array::new("t", &dimensions, ElementType::F32, chunks.map(Vec::from)).unwrap();
        let memory = InMemory::new("t", &dimensions, &values).unwrap().described(array.clone()).unwrap();
        let expression = Expression::of(array);
        let expression = match what {
            0 => expression.reduce(&["time"], quantile(0.3)),
            1 => expression.reduce(&["time", "x"], quantile(0.5)),
            2 => {
                let labels = (0..lengths[0]).map(|at| u32::try_from(at % 4).unwrap()).collect();
                expression.group("time", Groups { count: 4, labels }, quantile(0.9))
            }
            _ => expression.reduce(&["x"], Measure::Total(Total::Mean)),
        }.unwrap();
        let sizes = Sizes::small(bytes);
        let free = Plan::of_sizes(&expression, Limits { threads, memory: 1 << 30 }, sizes).unwrap();
        let due = bits(run(&free, &memory, &Watch::new()).unwrap().values);
        let limits = Limits { threads, memory: allowed };
        let (plan, most) = match Plan::of_sizes(&expression, limits, sizes) {
            Ok(plan) => (plan, allowed),
            Err(Error::Memory { needed, limit, .. }) => {
                prop_assert!(needed > limit && limit == allowed);
                (Plan::of_sizes(&expression, Limits { memory: needed, ..limits }, sizes).unwrap(), needed)
            }
            Err(other) => panic!("{other}"),
        };
        prop_assert!(plan.memory().peak() <= most);
        prop_assert_eq!(bits(run(&plan, &memory, &Watch::new()).unwrap().values), due, "{}", plan);
    }
}

#[test]
fn labels_of_groups_are_in_what_states_take() {
    let labels: Vec<u32> = (0..1_000_000).map(|step| step % 12).collect();
    let array = Array::new("t", &[("time", 1_000_000)], ElementType::F32, Some(vec![1000])).unwrap();
    let group = Expression::of(array.clone())
        .group("time", Groups { count: 12, labels: labels.clone() }, Measure::Total(Total::Mean))
        .unwrap();
    let differ = Expression::of(array).anomaly("time", Groups { count: 12, labels }).unwrap();
    let limits = Limits { threads: 2, memory: 1 << 30 };
    assert_eq!(Plan::new(&group, limits).unwrap().memory().state, 12 * 16 + 4_000_000);
    assert!(Plan::new(&differ, limits).unwrap().memory().held >= 4_000_000 + 2 * 4_000_000);
}

/// The median of forty years at each place: all values of a place are kept until it is known, those of a few places at a
/// time.
#[test]
fn medians_are_taken_region_by_region() {
    let of = |chunks: [u64; 3]| {
        let dimensions = [("time", 14_600), ("y", 360), ("x", 720)];
        let array = Array::new("sst", &dimensions, ElementType::I16, Some(chunks.to_vec())).unwrap();
        Expression::of(array).reduce(&["time"], quantile(0.5)).unwrap()
    };
    let limits = Limits { threads: 2, memory: 1 << 30 };
    let plan = Plan::new(&of([14_600, 30, 30]), limits).unwrap();
    assert!(plan.memory().peak() <= 1 << 30, "{plan}");
    assert!(plan.memory().state >= 14_600 * 30 * 30 * 8, "{plan}");
    assert!(plan.runs() >= 36, "{plan}");
    assert_eq!(plan.memory().result, 360 * 720 * 8);
    // Chunks of all places at a time have to be read together.
    let refused = Plan::new(&of([1, 360, 720]), limits);
    let Err(Error::Memory { needed, .. }) = refused else { panic!("{refused:?}") };
    assert!(needed > 14_600 * 360 * 720 * 8, "{needed}");
}

/// Means along longitudes, of which each state is of all that is kept: hours are shared out among threads.
#[test]
fn all_threads_have_work_where_the_first_axes_are_kept() {
    let of = |lengths: [u64; 3], chunks: Option<Vec<u64>>| {
        let dimensions: Vec<_> = NAMES.into_iter().zip(lengths).collect();
        let array = Array::new("t", &dimensions, ElementType::F32, chunks).unwrap();
        let mean = Expression::of(array).reduce(&["x"], Measure::Total(Total::Mean)).unwrap();
        Plan::new(&mean, Limits { threads: 4, memory: 1 << 30 }).unwrap()
    };
    for chunks in [None, Some(vec![12, 721, 1440])] {
        let plan = of([720, 721, 1440], chunks);
        assert_eq!((plan.memory().threads, plan.runs() >= 8), (4, true), "{plan}");
    }
    // What is soon done is done by one.
    assert_eq!(of([20, 30, 40], None).memory().threads, 1);
}

/// A box of a chunk of 125 MB is read by decoding all of it.
#[test]
fn chunks_are_counted_whole_where_a_part_of_them_is_taken() {
    let of = |is_in_parts: bool| {
        let dimensions = [("time", 1240), ("y", 721), ("x", 1440)];
        let array = Array::new("t", &dimensions, ElementType::F32, Some(vec![31, 721, 1440])).unwrap();
        let array = if is_in_parts { array.in_parts() } else { array };
        let part = Expression::of(array).slice("y", 340, 20).unwrap().slice("x", 1400, 40).unwrap();
        let mean = part.reduce(&["y", "x"], Measure::Total(Total::Mean)).unwrap();
        Plan::new(&mean, Limits { threads: 2, memory: 1 << 30 }).unwrap()
    };
    let (chunk, plan) = (31 * 721 * 1440 * 4, of(false));
    assert_eq!(plan.memory().block, 31 * 20 * 40 * 4, "{plan}");
    assert_eq!(plan.memory().reading, 2 * chunk, "{plan}");
    assert!(plan.memory().threads == 2 && plan.runs() >= 4, "{plan}");
    let plan = of(true);
    assert_eq!(plan.memory().reading, plan.memory().block, "{plan}");
    assert!(plan.memory().peak() < chunk, "{plan}");
    // One whole chunk is decoded to where it stays.
    let array = Array::new("t", &[("x", 300)], ElementType::F64, Some(vec![100])).unwrap();
    let sum = |of: Expression| of.reduce(&[], Measure::Total(Total::Sum)).unwrap();
    let planned = |of: &Expression| Plan::of_sizes(of, Limits::default(), Sizes::small(8)).unwrap();
    let whole = planned(&sum(Expression::of(array.clone())));
    assert_eq!((whole.memory().block, whole.memory().reading), (800, 800));
    let part = planned(&sum(Expression::of(array.clone()).slice("x", 250, 10).unwrap()));
    assert_eq!((part.memory().block, part.memory().reading), (80, 1600));
    let uneven = planned(&sum(Expression::of(array.uneven())));
    assert_eq!((uneven.memory().block, uneven.memory().reading), (800, 3200));
    assert!(
        uneven
            .to_string()
            .contains("chunks  of at most 100, each read once, and again where it lies in two blocks"),
        "{uneven}"
    );
}

/// Blocks of an array cut the chunks of the one beside it.
#[test]
fn chunks_of_what_is_beside_may_be_read_for_several_blocks() {
    let of = |chunk: u64| Array::new("t", &[("x", 300)], ElementType::F64, Some(vec![chunk])).unwrap();
    let told = |own: u64, beside: u64| {
        let edges = Edges::new(vec![0.0, 1.0]).unwrap();
        let both = Expression::of(of(own)).beside(Expression::of(of(beside))).unwrap();
        let both = both.reduce(&[], Measure::Joint(edges.clone(), edges)).unwrap();
        let plan = Plan::of_sizes(&both, Limits::default(), Sizes::small(8)).unwrap();
        (
            plan.to_string().contains("by the same blocks, and each chunk for all in which it lies"),
            plan.memory().reading,
        )
    };
    assert_eq!(told(100, 50), (false, 800 + 1600));
    assert_eq!(told(50, 100), (true, 400 + 3200));
}

/// Whatever is asked for, planning is arithmetic: it ends for any number of threads, memory and groups.
#[test]
fn plans_are_made_for_any_limits() {
    let dimensions = [("time", 350_640), ("y", 721), ("x", 1440)];
    let array = Array::new("t", &dimensions, ElementType::F32, Some(vec![24, 103, 144])).unwrap();
    let labels = (0..350_640).map(|hour| hour / 730 % 12).collect();
    let groups = Groups { count: 12, labels };
    let mean =
        Expression::of(array.clone()).group("time", groups.clone(), Measure::Total(Total::Mean)).unwrap();
    let anomaly = Expression::of(array).anomaly("time", groups).unwrap();
    for expression in [&mean, &anomaly] {
        for memory in [0, 1 << 30, u64::MAX] {
            let plan = Plan::new(expression, Limits { threads: usize::MAX, memory });
            match plan {
                Ok(plan) => assert!(plan.memory().peak() <= memory && !plan.to_string().is_empty()),
                Err(error) => assert!(matches!(error, Error::Memory { .. }), "{error}"),
            }
        }
    }
}

/// Anomalies of 2 GB by months, whose means are 25 MB: strip by strip, unless a sink takes whole blocks.
#[test]
fn means_stay_near_while_anomalies_are_taken() {
    let dimensions = [("time", 1920), ("y", 360), ("x", 720)];
    let array = Array::new("t", &dimensions, ElementType::F32, None).unwrap();
    let labels = (0..1920).map(|month| month % 12).collect();
    let anomaly = Expression::of(array).anomaly("time", Groups { count: 12, labels }).unwrap();
    let limits = Limits { threads: 2, memory: 1 << 30 };
    let elements = |plan: &Plan| -> u64 {
        let blocks = (0..plan.runs()).flat_map(|run| plan.blocks(run));
        blocks.map(|block| block.iter().map(|span| span.count).product::<u64>()).sum()
    };
    let plan = Plan::new(&anomaly, limits).unwrap();
    let rows = plan.regions[1].longest();
    assert!(
        rows * 720 * 12 * 8 <= Sizes::default().near && rows * 720 * 4 >= Sizes::default().strip,
        "{plan}"
    );
    assert_eq!((elements(&plan), plan.memory().block), (1920 * 360 * 720, 0), "{plan}");
    assert_eq!(plan.grain(), [1, 360, 720]);
    let written = plan.with_writing(&|bytes| bytes, limits).unwrap();
    assert_eq!((elements(&written), written.regions_count()), (1920 * 360 * 720, 1), "{written}");
    assert_eq!(written.memory().writing, 360 * 720 * 4);
}
