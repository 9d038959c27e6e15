use proptest::prelude::*;

use super::*;
use crate::block::ElementType;
use crate::expression::Array;
use crate::run::{Watch, run};
use crate::source::Memory as InMemory;
use crate::state::{Groups, Numbers, Share, Total};

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
