//! What lies in memory and is reduced where it lies, against states that see all at once.

use super::*;
use crate::block::Block;
use crate::kernels::{Rolling, Window};
use crate::state::{Cells, Extreme, Share, Spread, State, Weighing, Weights};

const DIMENSIONS: [&str; 4] = ["time", "level", "y", "x"];

/// Memory whose parts have to be read.
struct Away<'a>(Memory<'a>);

impl Source for Away<'_> {
    fn array(&self) -> &Array {
        self.0.array()
    }

    fn begin<'b>(&'b self, part: &[Span]) -> Result<Pending<'b>> {
        self.0.begin(part)
    }
}

fn measure(number: u8, rows: u64) -> Measure {
    let edges = Edges::new(vec![0.0, 20.0, 50.0, 90.0]).unwrap();
    match number {
        0 => Measure::Total(Total::Sum),
        1 => Measure::Total(Total::Mean),
        2 => Measure::Total(Total::Count),
        3 => Measure::Spread(Spread::Variance(1)),
        4 => Measure::Extreme(Extreme::Least),
        5 => Measure::Extreme(Extreme::Largest),
        6 => Measure::Histogram(edges),
        7 => Measure::Quantile(Share::new(0.3).unwrap()),
        _ => {
            let weights = (1..=rows).map(|row| f64::from(u32::try_from(row).unwrap())).collect();
            Measure::WeightedHistogram(edges, Weighing::Along(Weights::new(2, weights).unwrap()))
        }
    }
}

/// Steps lie in one piece where windows move along the first axis that is not one element long; else they are brought
/// together.
#[test]
fn windows_of_what_lies_in_memory_are_those_of_what_is_read() {
    let lengths = [9_u64, 2, 5, 4];
    let dimensions: Vec<_> = DIMENSIONS.into_iter().zip(lengths).collect();
    let values: Vec<f64> = (0..lengths.iter().product())
        .map(|at: u64| f64::from(u16::try_from(at * 37 % 101).unwrap()))
        .collect();
    let memory = Memory::new("t", &dimensions, &values).unwrap();
    let window = Window::new(3).unwrap().with_least(1).centred();
    for (axis, name) in DIMENSIONS.into_iter().enumerate() {
        for cut in [None, Some("time"), Some("y"), Some("x")] {
            let all = Expression::of(memory.array().clone());
            let part = cut.map_or(all.clone(), |cut| all.slice(cut, 1, 2).unwrap());
            let part = if axis == 2 {
                part.slice("time", 0, 1).unwrap().slice("level", 1, 1).unwrap()
            } else {
                part
            };
            let rolling = part.rolling(name, window, Rolling::Mean).unwrap();
            let shape: Vec<u64> = rolling.dimensions().into_iter().map(|own| own.length).collect();
            for bytes in [8, 100, 1 << 20] {
                let plan =
                    Plan::of_sizes(&rolling, Limits { threads: 2, memory: 1 << 20 }, Sizes::small(bytes))
                        .unwrap();
                let filled = |source: &dyn Source| {
                    let mut found = vec![-1.0_f64; place(shape.iter().product())];
                    run_into(&plan, source, &Buffer::new(&shape, &mut found).unwrap(), &Watch::new())
                        .unwrap();
                    found
                };
                assert!(same(&filled(&memory), &filled(&Away(memory.clone()))), "{plan}");
            }
        }
    }
}

proptest! {
    #[test]
    fn strips_become_what_all_of_it_becomes(
        lengths in [1..40_u64, 1..4_u64, 1..9_u64, 1..7_u64],
        from in 0..3_u64, is_grouped: bool, is_level_kept: bool, is_last_kept: bool, number in 0..9_u8,
        bytes in prop::sample::select(vec![1_u64, 64, 400, 4000]), threads in 1..4_usize,
    ) {
        let from = from.min(lengths[0] - 1);
        let count = lengths[0] - from;
        let dimensions: Vec<_> = DIMENSIONS.into_iter().zip(lengths).collect();
        let values: Vec<f32> = (0..lengths.iter().product())
            .map(|at: u64| if at % 7 == 3 { f32::NAN } else { f32::from(u16::try_from(at * 37 % 101).unwrap()) })
            .collect();
        let memory = Memory::new("t", &dimensions, &values).unwrap();
        let measure = measure(number, lengths[2]);
        let part = Expression::of(memory.array().clone()).slice("time", from, count).unwrap();
        let (level, last) = ((!is_level_kept).then_some("level"), (!is_last_kept).then_some("x"));
        let expression = if is_grouped {
            let labels = (0..count).map(|step| u32::try_from(step * 5 % 4).unwrap()).collect();
            part.group("time", Groups { count: 3, labels }, measure.clone())
        } else {
            let names: Vec<_> = ["time"].into_iter().chain(level).chain(last).collect();
            part.reduce(&names, measure.clone())
        }.unwrap();
        let limits = Limits { threads, memory: 1 << 30 };
        let plan = Plan::of_sizes(&expression, limits, Sizes::small(bytes)).unwrap();
        prop_assert!(bytes > 1 || plan.is_direct(), "{plan}");
        let found = run(&plan, &memory, &Watch::new()).unwrap();
        let away = run(&plan, &Away(memory.clone()), &Watch::new()).unwrap();

        let shape = [count, lengths[1], lengths[2], lengths[3]];
        let axes = expression.reduction().unwrap().axes.clone();
        let mut state = State::new(&measure, Cells::new(vec![0; 4], shape.to_vec(), axes).unwrap()).unwrap();
        let each: u64 = lengths[1..].iter().product();
        let lengths = shape.map(place);
        state.update(&Block::new(&values[place(from * each)..], &lengths, &[0; 4]).unwrap()).unwrap();
        let due = state.finish();
        prop_assert_eq!((&found.shape, found.left_out), (&due.shape, due.left_out));
        prop_assert_eq!(away.left_out, found.left_out);
        let [found, away, due] = [found, away, due].map(|output| doubles(output.values));
        prop_assert!(same(&found, &away), "{found:?} is not {away:?}\n{plan}");
        let is_near = |one: f64, other: f64| one.is_nan() && other.is_nan() || (one - other).abs() <= 1e-9 * other.abs().max(1.0);
        prop_assert!(found.iter().zip(&due).all(|(one, other)| is_near(*one, *other)), "{found:?} is not {due:?}\n{plan}");
    }
}
