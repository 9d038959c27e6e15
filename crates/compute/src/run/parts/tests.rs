use proptest::prelude::*;

use super::*;
use crate::block::ElementType;
use crate::expression::Array;
use crate::plan::{Limits, Sizes};
use crate::run::run;
use crate::source::{Memory, Patch};
use crate::state::{Edges, Groups, Measure, Numbers, Share, Spread, Total};

const NAMES: [&str; 3] = ["time", "y", "x"];

fn bits(output: Output) -> (Vec<u64>, Vec<u64>) {
    let numbers = match output.values {
        Numbers::F64(numbers) => numbers.into_iter().map(f64::to_bits).collect(),
        Numbers::U64(counts) => counts,
    };
    (output.shape, numbers)
}

/// Numbers whose sums depend on their order.
fn numbers(count: u64) -> Vec<f32> {
    let one = |at: u64| {
        let own = f32::from(u16::try_from(at % 50_021).unwrap());
        if at % 13 == 5 { f32::NAN } else { (own * 0.37).sin() * 1e3 + 0.1 }
    };
    (0..count).map(one).collect()
}

fn expressions(lengths: [u64; 3], chunks: Option<[u64; 3]>) -> (Array, Vec<Expression>) {
    let dimensions: Vec<_> = NAMES.into_iter().zip(lengths).collect();
    let array = Array::new("t", &dimensions, ElementType::F32, chunks.map(Vec::from)).unwrap();
    let all = || Expression::of(array.clone());
    let edges = || Measure::Histogram(Edges::new(vec![-500.0, 0.0, 20.0, 900.0]).unwrap());
    let labels = (0..lengths[0]).map(|at| u32::try_from(at % 3).unwrap()).collect();
    let quantile = Measure::Quantile(Share::new(0.4).unwrap());
    let made = vec![
        all().reduce(&[], Measure::Total(Total::Mean)),
        all().reduce(&["time"], Measure::Total(Total::Sum)),
        all().reduce(&["x", "time"], Measure::Spread(Spread::Variance(1))),
        all().group("time", Groups { count: 3, labels }, Measure::Total(Total::Mean)),
        all().reduce(&["x"], edges()),
        all()
            .reduce(&["x"], edges())
            .and_then(|counts| counts.reduce(&["time"], Measure::Total(Total::Mean))),
        all().reduce(&["time"], quantile),
    ];
    (array, made.into_iter().collect::<Result<_>>().unwrap())
}

/// The result of a plan that processes of their own run, which know nothing of each other.
fn apart(plan: &Plan, source: &dyn Source, least: u64, split: usize) -> Result<Output> {
    let again = |part: Part| Part::from_bytes(&part.to_bytes()?);
    let mut told = Vec::new();
    for portion in plan.portions(Some(least))? {
        for part in run_portion(plan, source, None, portion, &Watch::new())? {
            told.push(again(part)?);
        }
    }
    // As workers do: so many at a time, with what those before have become.
    let mut merged = Vec::new();
    for some in told.chunks(split) {
        merged = merge(merged.into_iter().chain(some.iter().cloned()).map(Ok), Order::AsHere)?;
    }
    finish(plan.expression(), &plan.digest(), merged.into_iter().map(Ok), Order::AsHere)
}

proptest! {
    /// Whatever processes run, and however much memory they have, the bits are those of one process.
    #[test]
    fn portions_have_the_bits_of_one_process(
        lengths in [1..30_u64, 1..9_u64, 1..9_u64],
        chunks in [1..6_u64, 1..5_u64, 1..9_u64],
        bytes in prop::sample::select(vec![1_u64, 64, 400, 1 << 20]),
        (least, most, memory) in (1..3000_u64, 1..5000_u64, 20_000..200_000_u64),
        split in 1..5_usize,
    ) {
        let (array, expressions) = expressions(lengths, Some(chunks));
        let dimensions: Vec<_> = NAMES.into_iter().zip(lengths).collect();
        let values = numbers(lengths.iter().product());
        let memory_of = Memory::new("t", &dimensions, &values).unwrap().described(array).unwrap();
        let sizes = Sizes::small(bytes);
        for expression in expressions {
            let here = Plan::of_sizes(&expression, Limits { threads: 3, memory: 1 << 30 }, sizes).unwrap();
            let due = bits(run(&here, &memory_of, &Watch::new()).unwrap());
            let limits = Limits { threads: 1, memory };
            let plan = match Plan::in_portions_of_sizes(&expression, limits, sizes.with_most(most)) {
                Err(Error::Memory { needed, .. }) => {
                    let limits = Limits { memory: needed, ..limits };
                    Plan::in_portions_of_sizes(&expression, limits, sizes.with_most(most)).unwrap()
                }
                plan => plan.unwrap(),
            };
            let found = bits(apart(&plan, &memory_of, least, split).unwrap());
            prop_assert_eq!(found, due, "{}", plan);
        }
    }

    /// Boxes of an array that are known apart: counts and values of the array are the same to the bit, sums nearly.
    #[test]
    fn boxes_become_the_whole(
        lengths in [1..20_u64, 1..9_u64, 1..9_u64],
        cut in [1..20_u64, 1..9_u64, 1..9_u64],
    ) {
        let (array, expressions) = expressions(lengths, None);
        let dimensions: Vec<_> = NAMES.into_iter().zip(lengths).collect();
        let values = numbers(lengths.iter().product());
        let memory = Memory::new("t", &dimensions, &values).unwrap();
        let limits = Limits { threads: 1, memory: 1 << 30 };
        for expression in expressions {
            let due = run(&Plan::new(&expression, limits).unwrap(), &memory, &Watch::new()).unwrap();
            let axes = &expression.reduction().unwrap().axes;
            let (mut parts, mut digest) = (Vec::new(), [0; 32]);
            let grid: Vec<u64> = lengths.iter().zip(cut).map(|(length, cut)| length.div_ceil(cut)).collect();
            let order = |is_kept: bool| {
                let is_own = |axis: &usize| (axes[*axis] == crate::state::Axis::Kept) == is_kept;
                (0..3).filter(is_own).collect::<Vec<_>>()
            };
            let (kept, reduced) = (order(true), order(false));
            let count = |axes: &[usize]| axes.iter().map(|axis| grid[*axis]).product::<u64>();
            for outer in 0..count(&kept) {
                for inner in 0..count(&reduced) {
                    let mut only = vec![Span { start: 0, count: 0 }; 3];
                    for (mut number, axes) in [(outer, &kept), (inner, &reduced)] {
                        for axis in axes.iter().rev().copied() {
                            let start = number % grid[axis] * cut[axis];
                            only[axis] = Span { start, count: cut[axis].min(lengths[axis] - start) };
                            number /= grid[axis];
                        }
                    }
                    let own = memory.begin(&only).unwrap()().unwrap();
                    let own: Vec<f32> = own.elements(|own: &[f32]| Ok(own.to_vec())).unwrap();
                    let along: Vec<_> = NAMES.into_iter().zip(only.iter().map(|span| span.count)).collect();
                    let own = Memory::new("t", &along, &own).unwrap();
                    let first = only.iter().map(|span| span.start).collect();
                    let patch = Patch::new(array.clone(), first, &own).unwrap();
                    let plan = Plan::of_box(&expression, &only, limits).unwrap();
                    let place = (inner, count(&reduced));
                    parts.push(Part::of_box(&plan, &patch, None, place, &Watch::new()).unwrap());
                    digest = plan.digest();
                }
            }
            let found = finish(&expression, &digest, parts.into_iter().map(Ok), Order::Any).unwrap();
            prop_assert_eq!(&found.shape, &due.shape);
            prop_assert_eq!(found.left_out, due.left_out);
            match (found.values, due.values) {
                (Numbers::F64(found), Numbers::F64(due)) => {
                    let is_near = |(one, other): (&f64, &f64)| (one - other).abs() <= 1e-6 * (1.0 + other.abs());
                    let is_same = |pair: (&f64, &f64)| pair.0.is_nan() && pair.1.is_nan() || is_near(pair);
                    prop_assert!(found.iter().zip(&due).all(is_same), "{:?} {:?}", found, due);
                }
                (found, due) => prop_assert_eq!(found, due),
            }
        }
    }
}

fn parts() -> (Plan, Plan, Vec<Part>) {
    let (array, expressions) = expressions([12, 4, 4], Some([2, 4, 4]));
    let dimensions: Vec<_> = NAMES.into_iter().zip([12, 4, 4]).collect();
    let values = numbers(12 * 16);
    let memory = Memory::new("t", &dimensions, &values).unwrap().described(array).unwrap();
    let of = |expression| {
        let limits = Limits { threads: 1, memory: 1 << 30 };
        Plan::in_portions_of_sizes(expression, limits, Sizes::small(64)).unwrap()
    };
    let (plan, other) = (of(&expressions[0]), of(&expressions[1]));
    let portions = plan.portions(Some(1)).unwrap();
    let run = |portion: &Portion| run_portion(&plan, &memory, None, *portion, &Watch::new()).unwrap();
    let parts = portions.iter().flat_map(run).collect();
    (plan, other, parts)
}

#[test]
fn what_is_not_all_of_one_plan_is_refused() {
    let (plan, other, parts) = parts();
    assert!(parts.len() > 2, "{plan}");
    let told = |parts: Vec<Part>, plan: &Plan| {
        let done = finish(plan.expression(), &plan.digest(), parts.into_iter().map(Ok), Order::AsHere);
        done.map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(told(parts.clone(), &plan), Ok(()));
    assert!(told(parts[1..].to_vec(), &plan).unwrap_err().contains("not all of it"));
    assert!(told(parts[..1].to_vec(), &plan).unwrap_err().contains("not all of it"));
    assert!(told([parts.clone(), parts.clone()].concat(), &plan).unwrap_err().contains("not all of it"));
    assert!(told(parts.clone(), &other).unwrap_err().contains("another plan"));
    let swapped = vec![parts[1].clone(), parts[0].clone()];
    assert!(told(swapped, &plan).unwrap_err().contains("not all of it"));
}

#[test]
fn bytes_of_another_version_are_refused() {
    let (.., parts) = parts();
    let bytes = parts[0].to_bytes().unwrap();
    let line = format!("{KIND} {VERSION}\n");
    let old = [b"frazil part 0.0.7\n".as_slice(), &bytes[line.len()..]].concat();
    let told = |bytes: &[u8]| Part::from_bytes(bytes).unwrap_err().to_string();
    assert_eq!(told(&old), format!("a state was made by frazil 0.0.7, and here is frazil {VERSION}"));
    assert!(
        told(b"").contains("no state of a part") && told(&bytes[line.len()..]).contains("no state of a part")
    );
    assert!(Part::from_bytes(&bytes[..bytes.len() - 1]).is_err());
}

#[test]
fn what_does_not_become_small_is_refused() {
    let (array, _) = expressions([12, 4, 4], Some([2, 4, 4]));
    let limits = Limits { threads: 1, memory: 1 << 30 };
    let told = |expression: &Expression| Plan::in_portions(expression, limits).unwrap_err().to_string();
    let labels = vec![0; 12];
    assert!(told(&Expression::of(array.clone())).contains("nothing of `t` is reduced"));
    let differ = Expression::of(array).anomaly("time", Groups { count: 1, labels }).unwrap();
    let least = differ.reduce(&[], Measure::Total(Total::Sum)).unwrap();
    assert!(told(&least).contains("anomalies of `t`"));
    let (_, in_memory) = expressions([12, 4, 4], None);
    assert!(told(&in_memory[0]).contains("is in memory"));
}
