//! Measures of an array and another beside it, against states that see all at once.

use super::*;
use crate::block::Block;
use crate::source::{Computed, Joined};
use crate::state::{State, Weighing, Weights};

const LENGTHS: [u64; 3] = [23, 4, 6];

fn rain() -> Vec<f32> {
    let value = |index: u16| if index % 11 == 5 { f32::NAN } else { f32::from(index * 37 % 101) / 10.0 };
    (0..552).map(value).collect()
}

fn snow() -> Vec<i16> {
    (0..552_i16).map(|index| if index % 13 == 2 { -1 } else { index % 29 }).collect()
}

fn array(name: &str, element: ElementType, chunks: Option<Vec<u64>>) -> Array {
    let dimensions: Vec<_> = NAMES.into_iter().zip(LENGTHS).collect();
    let array = Array::new(name, &dimensions, element, chunks).unwrap();
    let packing = Packing { scale: 0.5, offset: -1.0, missing: vec![-1.0], is_single: false };
    if element == ElementType::I16 { array.packed(packing) } else { array }
}

fn edges() -> Edges {
    Edges::new(vec![0.0, 2.0, 5.0, 9.0]).unwrap()
}

proptest! {
    #[test]
    fn pairs_are_those_of_whole_arrays(
        chunks in prop::option::of([1..9_u64, 1..5_u64, 1..7_u64]),
        beside in prop::option::of([1..9_u64, 1..5_u64, 1..7_u64]),
        bytes in prop::sample::select(vec![1_u64, 100, 1 << 20]),
        (from, count) in (0..5_u64, 1..18_u64),
        kept: [bool; 3], is_joint: bool, threads in 1..4_usize,
    ) {
        let dimensions: Vec<_> = NAMES.into_iter().zip(LENGTHS).collect();
        let (rain, snow) = (rain(), snow());
        let of = array("rain", ElementType::F32, chunks.map(|chunks| chunks.to_vec()));
        let other = array("snow", ElementType::I16, beside.map(|chunks| chunks.to_vec()));
        let rain_source = Memory::new("rain", &dimensions, &rain).unwrap().described(of.clone()).unwrap();
        let snow_source = Memory::new("snow", &dimensions, &snow).unwrap().described(other.clone()).unwrap();
        let measure = if is_joint { Measure::Joint(edges(), edges()) } else { Measure::WeightedHistogram(edges(), Weighing::Beside) };
        let names: Vec<_> = NAMES.iter().zip(kept).filter(|(_, is_kept)| !is_kept).map(|(name, _)| *name).collect();
        prop_assume!(!names.is_empty());
        let expression = Expression::of(of).beside(Expression::of(other)).unwrap()
            .slice("time", from, count).unwrap().reduce(&names, measure.clone()).unwrap();
        let plan = Plan::of_sizes(&expression, Limits { threads, memory: 1 << 30 }, Sizes::small(bytes)).unwrap();
        prop_assert!(plan.to_string().contains("beside  snow of int16"), "{plan}");
        let found = run_beside(&plan, &rain_source, &snow_source, &Watch::new()).unwrap();

        let part = place(from * 24)..place((from + count) * 24);
        let weights: Vec<f64> = snow[part.clone()].iter()
            .map(|snow| if *snow == -1 { f64::NAN } else { f64::from(*snow) * 0.5 - 1.0 }).collect();
        let axes = expression.reduction().unwrap().axes.clone();
        let cells = crate::state::Cells::new(vec![0; 3], vec![count, 4, 6], axes).unwrap();
        let mut state = State::new(&measure, cells).unwrap();
        state.update_pairs(&Block::new(&rain[part], &[place(count), 4, 6], &[0; 3]).unwrap(), &weights).unwrap();
        // Weights are halves: their sums are the same in any order.
        prop_assert_eq!(found, state.finish());
    }
}

#[test]
fn a_plan_of_pairs_takes_both_arrays() {
    let dimensions: Vec<_> = NAMES.into_iter().zip(LENGTHS).collect();
    let rain = rain();
    let source = Memory::new("rain", &dimensions, &rain).unwrap();
    let other = Memory::new("snow", &dimensions, &rain).unwrap();
    let both = Expression::of(source.array().clone()).beside(Expression::of(other.array().clone())).unwrap();
    assert!(Plan::new(&both, Limits::default()).unwrap_err().to_string().contains("nothing takes `snow`"));
    let both = both.reduce(&[], Measure::Joint(edges(), edges())).unwrap();
    let plan = Plan::new(&both, Limits::default()).unwrap();
    assert!(
        run(&plan, &source, &Watch::new()).unwrap_err().to_string().contains("takes `snow` beside `rain`")
    );
    assert!(run_beside(&plan, &source, &source, &Watch::new()).is_err());
    assert!(run_beside(&plan, &source, &other, &Watch::new()).is_ok());
    let alone = Expression::of(source.array().clone()).reduce(&[], Measure::Total(Total::Sum)).unwrap();
    let plan = Plan::new(&alone, Limits::default()).unwrap();
    assert!(run_beside(&plan, &source, &other, &Watch::new()).is_err());
}

/// Weights along an axis that is cut into blocks and runs.
#[test]
fn weights_along_an_axis_go_with_their_elements() {
    let dimensions: Vec<_> = NAMES.into_iter().zip(LENGTHS).collect();
    let rain = rain();
    let of = array("rain", ElementType::F32, Some(vec![5, 3, 6]));
    let source = Memory::new("rain", &dimensions, &rain).unwrap().described(of.clone()).unwrap();
    let weights: Vec<f64> = (0..23).map(f64::from).collect();
    let measure = Measure::WeightedHistogram(edges(), Weighing::Along(Weights::new(0, weights).unwrap()));
    let expression = Expression::of(of).reduce(&["time", "x"], measure).unwrap();
    let plan =
        Plan::of_sizes(&expression, Limits { threads: 2, memory: 1 << 30 }, Sizes::small(200)).unwrap();
    let found = run(&plan, &source, &Watch::new()).unwrap();
    let mut due = vec![0.0; 12];
    for (number, value) in rain.iter().enumerate() {
        let bin = [2.0, 5.0, 9.0].iter().position(|edge| value < edge).or((*value <= 9.0).then_some(2));
        if let Some(bin) = bin {
            due[number / 6 % 4 * 3 + bin] += f64::from(u8::try_from(number / 24).unwrap());
        }
    }
    assert_eq!(found.values, Numbers::F64(due));
}

/// Two granules, one packed and one not, one of them from its second day on: as one array.
#[test]
fn expressions_are_joined_and_reduced_as_one() {
    let dimensions: Vec<_> = NAMES.into_iter().zip(LENGTHS).collect();
    let (snow, doubles_of) = (snow(), |values: &[i16]| -> Vec<f64> {
        values.iter().map(|snow| if *snow == -1 { f64::NAN } else { f64::from(*snow) * 0.5 - 1.0 }).collect()
    });
    let whole = doubles_of(&snow);
    let packed = array("snow", ElementType::I16, Some(vec![4, 4, 6]));
    let packed = Memory::new("snow", &dimensions, &snow).unwrap().described(packed).unwrap();
    let unpacked = Memory::new("snow", &dimensions, &whole).unwrap();
    let later = Expression::of(unpacked.array().clone()).slice("time", 1, 22).unwrap();
    let sources: Vec<Box<dyn Source + '_>> = vec![
        Box::new(Computed::new(&packed, Expression::of(packed.array().clone())).unwrap()),
        Box::new(Computed::new(&unpacked, later).unwrap()),
    ];
    let joined = Joined::new(sources, "time").unwrap();
    let all = [&whole[..], &whole[24..]].concat();
    let lengths = [("time", 45), ("y", 4), ("x", 6)];
    let one = Memory::new("snow", &lengths, &all).unwrap();
    let mean = |source: &dyn Source, bytes| {
        let expression = Expression::of(source.array().clone());
        let expression =
            expression.coarsen_sum("time", 5).unwrap().reduce(&["x"], Measure::Total(Total::Mean)).unwrap();
        let plan =
            Plan::of_sizes(&expression, Limits { threads: 2, memory: 1 << 20 }, Sizes::small(bytes)).unwrap();
        doubles(run(&plan, source, &Watch::new()).unwrap().values)
    };
    assert!(same(&mean(&joined, 300), &mean(&one, 1 << 20)));
}
