//! Coarsening, anomalies and windows that move, one after the other, against their definitions.

use super::*;
use crate::kernels::{Rolling, Window};
use crate::state::Total;

/// Values in the order of three axes.
#[derive(Clone, Debug)]
struct Cube {
    shape: [usize; 3],
    values: Vec<f64>,
}

impl Cube {
    fn of(shape: [usize; 3], value: impl Fn([usize; 3]) -> f64) -> Self {
        let [a, b, c] = shape;
        let all = (0..a).flat_map(|i| (0..b).flat_map(move |j| (0..c).map(move |k| [i, j, k])));
        Self { shape, values: all.map(value).collect() }
    }

    fn at(&self, [i, j, k]: [usize; 3]) -> f64 {
        self.values[(i * self.shape[1] + j) * self.shape[2] + k]
    }

    /// Each element by all that lie along an axis.
    fn along(&self, axis: usize, length: usize, value: impl Fn(&[f64], usize) -> f64) -> Self {
        let mut shape = self.shape;
        shape[axis] = length;
        Self::of(shape, |mut at| {
            let index = std::mem::take(&mut at[axis]);
            let row: Vec<f64> = (0..self.shape[axis])
                .map(|step| {
                    at[axis] = step;
                    self.at(at)
                })
                .collect();
            value(&row, index)
        })
    }
}

#[derive(Clone, Debug)]
struct Staged {
    lengths: [u64; 3],
    chunks: Option<[u64; 3]>,
    part: [(u64, u64); 3],
    coarse: Option<(usize, u64, Folding)>,
    anomaly: Option<(usize, Vec<u32>)>,
    moving: Option<(usize, Window, Rolling)>,
    reduced: Option<([bool; 3], Total)>,
    bytes: u64,
}

fn staged() -> impl Strategy<Value = Staged> {
    let lengths = [1..30_u64, 1..7_u64, 1..7_u64];
    lengths.prop_flat_map(|lengths| {
        let part = lengths.map(|length| {
            (0..=length / 3).prop_flat_map(move |from| (Just(from), (length - from) / 2..=length - from))
        });
        let fold = prop::sample::select(vec![Fold::Sum, Fold::Mean, Fold::Least, Fold::Largest]);
        let missing = prop::sample::select(vec![Missing::LeftOut, Missing::Kept]);
        let folding = (fold, missing).prop_map(|(fold, missing)| Folding { fold, missing });
        let what = prop::sample::select(vec![
            Rolling::Sum,
            Rolling::Mean,
            Rolling::Least,
            Rolling::Largest,
            Rolling::Deviation(1),
        ]);
        let window = (1..7_usize, 1..7_usize, any::<bool>()).prop_map(|(length, least, is_centred)| {
            let window = Window::new(length).unwrap().with_least(least);
            if is_centred { window.centred() } else { window }
        });
        let total = prop::sample::select(vec![Total::Sum, Total::Mean, Total::Count]);
        let labels = prop::collection::vec(0..4_u32, 30);
        let stages = (
            prop::option::of((0..3_usize, 1..5_u64, folding)),
            prop::option::weighted(0.7, (0..3_usize, labels)),
            prop::option::weighted(0.7, (0..3_usize, window, what)),
            prop::option::of((any::<[bool; 3]>(), total)),
        );
        let chunks = prop::option::weighted(0.7, [1..8_u64, 1..5_u64, 1..7_u64]);
        let bytes = prop::sample::select(vec![1_u64, 64, 400, 1 << 20]);
        (Just(lengths), chunks, part, stages, bytes).prop_map(
            |(lengths, chunks, part, (coarse, anomaly, moving, reduced), bytes)| Staged {
                lengths,
                chunks,
                part,
                coarse,
                anomaly,
                moving,
                reduced,
                bytes,
            },
        )
    })
}

impl Staged {
    fn values(&self) -> Vec<f32> {
        let value = |index: u64| {
            if index % 7 == 3 { f32::NAN } else { f32::from(u16::try_from(index * 37 % 101).unwrap()) / 4.0 }
        };
        (0..self.lengths.iter().product()).map(value).collect()
    }

    fn expression(&self, array: Array) -> Expression {
        let mut expression = Expression::of(array);
        for (name, (start, count)) in NAMES.iter().zip(self.part) {
            expression = expression.slice(name, start, count).unwrap();
        }
        if let Some((axis, window, folding)) = self.coarse {
            expression = expression.coarsen(NAMES[axis], window, folding).unwrap();
        }
        if let Some((axis, labels)) = &self.anomaly {
            let labels = labels[..place(expression.length(*axis))].to_vec();
            expression = expression.anomaly(NAMES[*axis], Groups { count: 3, labels }).unwrap();
        }
        if let Some((axis, window, what)) = self.moving {
            expression = expression.rolling(NAMES[axis], window, what).unwrap();
        }
        if let Some((axes, total)) = self.reduced {
            let names =
                NAMES.iter().zip(axes).filter(|(_, is)| *is).map(|(name, _)| *name).collect::<Vec<_>>();
            expression = expression.reduce(&names, Measure::Total(total)).unwrap();
        }
        expression
    }

    /// All stages but the reduction, each by its definition.
    fn elements(&self) -> Cube {
        let values = self.values();
        let shape = self.part.map(|(_, count)| place(count));
        let mut cube = Cube::of(shape, |at| {
            let [i, j, k] = [0, 1, 2].map(|axis| self.part[axis].0 + at[axis] as u64);
            f64::from(values[place((i * self.lengths[1] + j) * self.lengths[2] + k)])
        });
        if let Some((axis, window, folding)) = self.coarse {
            let window = place(window);
            cube = cube.along(axis, cube.shape[axis] / window, |row, index| {
                folded(folding, &row[index * window..(index + 1) * window])
            });
        }
        if let Some((axis, labels)) = &self.anomaly {
            cube = cube.along(*axis, cube.shape[*axis], |row, index| {
                let own = row
                    .iter()
                    .zip(labels)
                    .filter(|(value, label)| **label == labels[index] && !value.is_nan());
                let own: Vec<f64> = own.map(|(value, _)| *value).collect();
                let mean = own.iter().sum::<f64>() / f64::from(u32::try_from(own.len()).unwrap());
                if labels[index] == 3 { f64::NAN } else { single(row[index] - mean) }
            });
        }
        if let Some((axis, window, what)) = self.moving {
            let length = cube.shape[axis];
            cube = cube.along(axis, length, |row, index| {
                let needs = window.needs(&(index..index + 1), length);
                single(rolled(what, <(usize, usize, usize)>::from(window).1, &row[needs]))
            });
        }
        cube
    }

    /// The result by its definition.
    fn naive(&self) -> Vec<f64> {
        let cube = self.elements();
        let Some((axes, total)) = self.reduced else { return cube.values };
        let axes = if axes == [false; 3] { [true; 3] } else { axes };
        let kept = [0, 1, 2].map(|axis| if axes[axis] { 1 } else { cube.shape[axis] });
        let mut cells = vec![(0.0, 0_u32); kept.iter().product()];
        for (number, value) in cube.values.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
            let at = [
                number / (cube.shape[1] * cube.shape[2]),
                number / cube.shape[2] % cube.shape[1],
                number % cube.shape[2],
            ];
            let cell = &mut cells[(at[0] % kept[0] * kept[1] + at[1] % kept[1]) * kept[2] + at[2] % kept[2]];
            *cell = (cell.0 + value, cell.1 + 1);
        }
        let of = |(sum, count): (f64, u32)| match total {
            Total::Sum => sum,
            Total::Mean => sum / f64::from(count),
            Total::Count => f64::from(count),
        };
        cells.into_iter().map(of).collect()
    }

    fn run(&self, expression: &Expression, source: &dyn Source, limits: Limits) -> Result<(Vec<f64>, Plan)> {
        let plan = Plan::of_sizes(expression, limits, Sizes::small(self.bytes))?;
        if self.reduced.is_some() {
            return Ok((doubles(run(&plan, source, &Watch::new())?.values), plan));
        }
        let shape: Vec<u64> = expression.dimensions().into_iter().map(|own| own.length).collect();
        let mut found = vec![-7.0_f32; place(shape.iter().product())];
        run_into(&plan, source, &Buffer::new(&shape, &mut found).unwrap(), &Watch::new())?;
        Ok((found.into_iter().map(f64::from).collect(), plan))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the precision of the elements")]
fn single(value: f64) -> f64 {
    f64::from(value as f32)
}

/// A window by the definition, in single precision.
fn folded(folding: Folding, window: &[f64]) -> f64 {
    let is_there = |value: &&f64| folding.missing == Missing::Kept || !value.is_nan();
    let there: Vec<f64> = window.iter().filter(is_there).copied().collect();
    let count = f64::from(u32::try_from(there.len()).unwrap());
    let sum = there.iter().fold(0.0, |sum, value| single(sum + value));
    let join = |with: fn(f64, f64) -> f64| {
        let is_missing = there.is_empty() || there.iter().any(|value| value.is_nan());
        if is_missing { f64::NAN } else { there.iter().copied().reduce(with).unwrap() }
    };
    match folding.fold {
        Fold::Sum => sum,
        Fold::Mean => single(sum / count),
        Fold::Least => join(f64::min),
        Fold::Largest => join(f64::max),
    }
}

fn rolled(what: Rolling, least: usize, window: &[f64]) -> f64 {
    let there: Vec<f64> = window.iter().copied().filter(|value| !value.is_nan()).collect();
    if there.len() < least {
        return f64::NAN;
    }
    let (sum, count) = (there.iter().sum::<f64>(), f64::from(u32::try_from(there.len()).unwrap()));
    match what {
        Rolling::Sum => sum,
        Rolling::Mean => sum / count,
        Rolling::Least => there.into_iter().reduce(f64::min).unwrap(),
        Rolling::Largest => there.into_iter().reduce(f64::max).unwrap(),
        Rolling::Deviation(_) if there.len() < 2 => f64::NAN,
        Rolling::Deviation(_) => {
            (there.iter().map(|value| (value - sum / count).powi(2)).sum::<f64>() / (count - 1.0)).sqrt()
        }
    }
}

fn is_near(one: f64, other: f64) -> bool {
    one.is_nan() && other.is_nan() || (one - other).abs() <= 2e-4 * other.abs().max(1.0)
}

proptest! {
    #[test]
    fn stages_are_those_of_the_definition(staged in staged(), threads in 1..4_usize) {
        let values = staged.values();
        let dimensions: Vec<_> = NAMES.into_iter().zip(staged.lengths).collect();
        let array = Array::new("n", &dimensions, ElementType::F32, staged.chunks.map(|chunks| chunks.to_vec())).unwrap();
        let memory = Memory::new("n", &dimensions, &values).unwrap().described(array.clone()).unwrap();
        let source = Recorded::new(memory);
        let expression = staged.expression(array);
        let (found, plan) = staged.run(&expression, &source, Limits { threads, memory: 1 << 30 }).unwrap();
        prop_assert!(source.is_within(&plan), "{plan}");
        let due = staged.naive();
        prop_assert_eq!(found.len(), due.len());
        let other = found.iter().zip(&due).position(|(found, due)| !is_near(*found, *due));
        prop_assert!(other.is_none(), "{found:?} is not {due:?} at {other:?}\n{plan}");
        if plan.to_string().contains("each read once\n") {
            let job = Job {
                lengths: staged.lengths,
                chunks: staged.chunks,
                part: staged.part,
                coarse: None,
                reduced: [true; 3],
                total: Total::Sum,
                bytes: 0,
                threads: 1,
            };
            prop_assert!(each_chunk_once(&source.read.into_inner().unwrap(), &job), "{plan}");
        }

        // The same to the bit on one thread, and in as little memory as will do.
        let (alone, _) = staged.run(&expression, &source.memory, Limits { threads: 1, memory: 1 << 30 }).unwrap();
        prop_assert!(same(&found, &alone), "{found:?} is not {alone:?}\n{plan}");
        let Err(Error::Memory { needed, .. }) = staged.run(&expression, &source.memory, Limits { threads: 2, memory: 1 }) else {
            return Ok(());
        };
        let source = Recorded::new(source.memory);
        let (tight, plan) = staged.run(&expression, &source, Limits { threads: 2, memory: needed }).unwrap();
        prop_assert!(plan.memory().peak() <= needed && source.is_within(&plan), "{plan}");
        prop_assert!(same(&found, &tight), "{found:?} is not {tight:?}\n{plan}");
    }
}

/// What days differ by from the mean of every tenth: of what is held, or in two passes. Means are merged of four
/// stretches of 160 days, whose borders lie within blocks of 60.
#[test]
fn anomalies_are_read_once_where_they_fit_and_else_twice() {
    let dimensions = [("time", 600), ("y", 3), ("x", 5)];
    let values: Vec<f64> = (0..9000_u32).map(|index| f64::from(index * 31 % 9973) / 7.0).collect();
    let array = Array::new("t", &dimensions, ElementType::F64, Some(vec![20, 1, 5])).unwrap();
    let memory = Memory::new("t", &dimensions, &values).unwrap().described(array.clone()).unwrap();
    let labels = (0..600).map(|day| day % 10).collect();
    let expression = Expression::of(array).anomaly("time", Groups { count: 10, labels }).unwrap();
    let planned = |expression: &Expression, bytes| {
        Plan::of_sizes(expression, Limits { threads: 2, memory: bytes }, Sizes::small(7200)).unwrap()
    };
    let filled = |bytes| {
        let (source, plan) = (Recorded::new(memory.clone()), planned(&expression, bytes));
        let mut found = vec![0.0_f64; values.len()];
        run_into(&plan, &source, &Buffer::new(&[600, 3, 5], &mut found).unwrap(), &Watch::new()).unwrap();
        assert!(source.is_within(&plan), "{plan}");
        (plan.to_string(), source.read.into_inner().unwrap().len(), found)
    };
    let (held, twice) = (filled(1 << 20), filled(60_000));
    assert!(held.0.contains("each read once\n"), "{}", held.0);
    assert!(held.0.contains("10 groups along time, of runs that are held"), "{}", held.0);
    assert!(twice.0.contains("each read twice") && twice.0.contains("by a pass before"), "{}", twice.0);
    assert!(twice.1 > held.1);
    assert!(same(&held.2, &twice.2));
    let of_group: f64 = held.2.chunks_exact(15).step_by(10).flatten().sum();
    assert!(of_group.abs() < 1e-6, "{of_group}");
    // Sums over anomalies are the same as well.
    let mean = |bytes| {
        let mean = expression.clone().reduce(&["time", "y"], Measure::Total(Total::Mean)).unwrap();
        let plan = planned(&mean, bytes);
        (plan.is_held(), doubles(run(&plan, &memory, &Watch::new()).unwrap().values))
    };
    let (once, again) = (mean(1 << 20), mean(60_000));
    assert!(once.0 && !again.0);
    assert!(same(&once.1, &again.1));
}
