#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "small numbers"
)]

use proptest::prelude::*;

use super::*;

#[test]
fn states_travel_and_are_as_large_as_was_said() {
    let cells = Cells::new(vec![0, 0], vec![4, 3], vec![Axis::Reduced, Axis::Kept]).unwrap();
    let measure = Measure::Total(Total::Mean);
    assert_eq!(bytes_of(&measure, &cells).unwrap(), 3 * 16);
    let mut state = State::new(&measure, cells).unwrap();
    state.update(&Block::new(&[1.0_f32, 2.0, f32::NAN], &[1, 3], &[2, 0]).unwrap()).unwrap();
    assert_eq!(state.bytes().unwrap(), 3 * 16);
    assert_eq!(State::from_bytes(&state.to_bytes().unwrap()).unwrap(), state);
    let Numbers::F64(means) = state.finish().values else { panic!("means are doubles") };
    assert_eq!(means[..2], [1.0, 2.0]);
    assert!(means[2].is_nan());
}

/// What happens to an axis of 5 elements.
fn axis() -> impl Strategy<Value = Axis> {
    let groups = prop::collection::vec(0..4_u32, 5).prop_map(|labels| Groups { count: 3, labels });
    prop_oneof![Just(Axis::Kept), Just(Axis::Reduced), groups.prop_map(Axis::Grouped)]
}

fn measure() -> impl Strategy<Value = Measure> {
    prop_oneof![
        prop::sample::select(vec![Total::Sum, Total::Mean, Total::Count]).prop_map(Measure::Total),
        (0..2_u64).prop_map(|freedom| Measure::Spread(Spread::Variance(freedom))),
        (0..2_u64).prop_map(|freedom| Measure::Spread(Spread::Deviation(freedom))),
        prop::sample::select(vec![Extreme::Least, Extreme::Largest]).prop_map(Measure::Extreme),
        (-3.0..0.0, 0.0..3.0)
            .prop_map(|(low, high)| Measure::Histogram(Edges::new(vec![low, 0.0, high]).unwrap())),
        prop::sample::select(vec![0.0, 0.3, 0.5, 1.0])
            .prop_map(|share| Measure::Quantile(Share::new(share).unwrap())),
    ]
}

/// Numbers that are the same for a cell by definition: of its values that are not missing.
fn naive(measure: &Measure, values: &[f64]) -> Vec<f64> {
    let count = values.len() as f64;
    let (sum, none) = (values.iter().sum::<f64>(), values.is_empty());
    let variance = |freedom: u64| {
        let left = count - freedom as f64;
        let squares: f64 = values.iter().map(|value| (value - sum / count).powi(2)).sum();
        if left > 0.0 { squares / left } else { f64::NAN }
    };
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    vec![match measure {
        Measure::Total(Total::Sum) => sum,
        Measure::Total(Total::Mean) => sum / count,
        Measure::Total(Total::Count) => count,
        Measure::Spread(Spread::Variance(freedom)) => variance(*freedom),
        Measure::Spread(Spread::Deviation(freedom)) => variance(*freedom).sqrt(),
        Measure::Extreme(Extreme::Least) => sorted.first().copied().unwrap_or(f64::NAN),
        Measure::Extreme(Extreme::Largest) => sorted.last().copied().unwrap_or(f64::NAN),
        Measure::Quantile(_) if none => f64::NAN,
        Measure::Quantile(share) => {
            let place = share.value() * (count - 1.0);
            let low = sorted[place.floor() as usize];
            low + (sorted[place.ceil() as usize] - low) * place.fract()
        }
        Measure::WeightedMean(_) | Measure::Joint(..) | Measure::WeightedHistogram(..) => {
            panic!("weights and pairs have tests of their own")
        }
        Measure::Histogram(edges) => {
            let [low, middle, high] = edges.values() else { panic!("three edges") };
            let between =
                |is_in: &dyn Fn(f64) -> bool| values.iter().filter(|value| is_in(**value)).count() as f64;
            return vec![
                between(&|value| value >= *low && value < *middle),
                between(&|value| value >= *middle && value <= *high),
            ];
        }
    }]
}

proptest! {
    #[test]
    fn states_know_of_their_blocks_what_is_wanted(
        measure in measure(),
        axes in [axis(), axis(), axis()],
        cut in 0..=5_usize,
        values in prop::collection::vec(prop_oneof![5 => -4.0..4.0_f32, 1 => Just(f32::NAN)], 125),
    ) {
        let cells = Cells::new(vec![0; 3], vec![5; 3], axes.to_vec()).unwrap();
        let part = |from: usize, to: usize| {
            let mut state = State::new(&measure, cells.clone()).unwrap();
            let shape = [to - from, 5, 5];
            let origin = [from as u64, 0, 0];
            state.update(&Block::new(&values[from * 25..to * 25], &shape, &origin).unwrap()).unwrap();
            state
        };
        let (whole, mut merged) = (part(0, 5), part(0, cut));
        merged.merge(&part(cut, 5)).unwrap();
        prop_assert_eq!(whole.bytes().unwrap(), bytes_of(&measure, &cells).unwrap());

        let mut of_cells = vec![Vec::new(); cells.places().unwrap()];
        let mut missing = 125;
        cells.each_row(&Block::new(&values, &[5, 5, 5], &[0, 0, 0]).unwrap(), |row| {
            let (cell, step, row) = match row {
                Row::Into(cell, row) => (cell, 0, row),
                Row::Across(cell, row) => (cell, 1, row),
            };
            for (place, value) in row.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
                of_cells[cell + step * place].push(f64::from(*value));
                missing -= 1;
            }
        }).unwrap();
        let expected: Vec<f64> = of_cells.iter().flat_map(|values| naive(&measure, values)).collect();
        for state in [whole, merged] {
            let output = state.finish();
            let found = match &output.values {
                Numbers::F64(numbers) => numbers.clone(),
                Numbers::U64(counts) => counts.iter().map(|count| *count as f64).collect(),
            };
            prop_assert_eq!(found.len() as u64, output.shape.iter().product::<u64>());
            prop_assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                let is_near = (found - expected).abs() <= 1e-9 || found.is_nan() && expected.is_nan();
                prop_assert!(is_near, "{found} is not {expected}");
            }
            prop_assert_eq!(output.left_out.missing, missing);
        }
    }
}

proptest! {
    #[test]
    fn weights_count_along_their_axis(
        axis in 0..3_usize,
        kept in any::<[bool; 3]>(),
        cut in 0..=4_usize,
        values in prop::collection::vec(prop_oneof![5 => -4.0..4.0_f32, 1 => Just(f32::NAN)], 64),
        weights in prop::collection::vec(0.0..1.0_f64, 4),
    ) {
        let is_kept = |own: usize| kept[own] && own != axis;
        let axes = (0..3).map(|own| if is_kept(own) { Axis::Kept } else { Axis::Reduced }).collect();
        let cells = Cells::new(vec![0; 3], vec![4; 3], axes).unwrap();
        let measure = Measure::WeightedMean(Weights::new(axis, weights.clone()).unwrap());
        let part = |from: usize, to: usize| {
            let mut state = State::new(&measure, cells.clone()).unwrap();
            let (shape, origin) = ([to - from, 4, 4], [from as u64, 0, 0]);
            state.update(&Block::new(&values[from * 16..to * 16], &shape, &origin).unwrap()).unwrap();
            state
        };
        let mut state = part(0, cut);
        state.merge(&part(cut, 4)).unwrap();
        prop_assert_eq!(state.bytes().unwrap(), bytes_of(&measure, &cells).unwrap());
        let mut expected = vec![(0.0, 0.0); cells.places().unwrap()];
        for (number, value) in values.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
            let at = [number / 16, number / 4 % 4, number % 4];
            let cell = (0..3).filter(|own| is_kept(*own)).fold(0, |cell, own| cell * 4 + at[own]);
            expected[cell].0 += f64::from(*value) * weights[at[axis]];
            expected[cell].1 += weights[at[axis]];
        }
        let output = state.finish();
        prop_assert_eq!(output.left_out.missing, values.iter().filter(|value| value.is_nan()).count() as u64);
        let Numbers::F64(found) = output.values else { panic!("means are doubles") };
        for (found, (sum, weight)) in found.iter().zip(expected) {
            let expected: f64 = if weight > 0.0 { sum / weight } else { f64::NAN };
            let is_near = (found - expected).abs() <= 1e-12 * 64.0 / weight.min(1.0);
            prop_assert!(is_near || found.is_nan() && expected.is_nan(), "{found} is not {expected}");
        }
    }
}

#[test]
fn long_rows_are_counted_as_short_ones_are() {
    const WIDTH: usize = 5000;
    let groups = Groups { count: 2, labels: vec![0, 1, 0, 2] };
    let cells =
        Cells::new(vec![0; 2], vec![4, WIDTH as u64], vec![Axis::Grouped(groups), Axis::Kept]).unwrap();
    let mut values = vec![1.0_f32; 4 * WIDTH];
    values[2 * WIDTH + 4999] = f32::NAN;
    let block = Block::new(&values, &[4, WIDTH], &[0, 0]).unwrap();
    let output = |total| {
        let mut state = State::new(&Measure::Total(total), cells.clone()).unwrap();
        state.update(&block).unwrap();
        state.finish()
    };
    let mut due = [vec![2; WIDTH], vec![1; WIDTH]].concat();
    due[4999] = 1;
    assert_eq!(output(Total::Sum).values, Numbers::F64(due.iter().map(|count| *count as f64).collect()));
    assert_eq!(output(Total::Count).values, Numbers::U64(due));
    assert_eq!(output(Total::Count).left_out.missing, WIDTH as u64 + 1);
}

/// Of the second row, which is in no group, no value is in a result.
#[test]
fn what_is_in_no_group_is_missing() {
    let groups = |axis| {
        let mut axes = vec![Axis::Reduced; 2];
        axes[axis] = Axis::Grouped(Groups { count: 2, labels: vec![0, 7, 1, 0] });
        Cells::new(vec![0; 2], vec![4; 2], axes).unwrap()
    };
    let edges = || Edges::new(vec![0.0, 9.0]).unwrap();
    for axis in 0..2 {
        let weights = || Weights::new(1 - axis, vec![1.0; 4]).unwrap();
        for measure in [
            Measure::Total(Total::Sum),
            Measure::Spread(Spread::Variance(0)),
            Measure::Extreme(Extreme::Least),
            Measure::Histogram(edges()),
            Measure::WeightedHistogram(edges(), Weighing::Along(weights())),
            Measure::Quantile(Share::new(0.5).unwrap()),
            Measure::WeightedMean(weights()),
        ] {
            let mut state = State::new(&measure, groups(axis)).unwrap();
            let mut values = [1.0_f32; 16];
            (values[0], values[5]) = (f32::NAN, f32::NAN);
            state.update(&Block::new(&values, &[4, 4], &[0, 0]).unwrap()).unwrap();
            assert_eq!(state.finish().left_out, LeftOut { missing: 5, ..LeftOut::default() }, "{measure:?}");
        }
    }
}

#[test]
fn more_cells_than_memory_has_places_are_refused() {
    let of = |cells: u64, measure: &Measure| {
        State::new(measure, Cells::new(vec![0], vec![cells], vec![Axis::Kept]).unwrap())
    };
    let edges = Edges::new(vec![0.0, 1.0]).unwrap();
    for measure in [
        Measure::Total(Total::Sum),
        Measure::Spread(Spread::Variance(0)),
        Measure::Extreme(Extreme::Least),
        Measure::Histogram(edges.clone()),
        Measure::Joint(edges.clone(), edges),
        Measure::Quantile(Share::new(0.5).unwrap()),
    ] {
        for cells in [1 << 55, 1 << 58, 1 << 60, u64::MAX] {
            assert!(of(cells, &measure).is_err(), "{cells} of {measure:?}");
        }
    }
}

#[test]
fn large_tables_are_in_what_a_state_takes() {
    let edges = Edges::new((0..100_000).map(f64::from).collect()).unwrap();
    let cells = Cells::new(vec![0], vec![1], vec![Axis::Reduced]).unwrap();
    // Counts, edges, the first number of each bin, and four counters of a row.
    let due = 100_000 * (8 + 8 + 8 + 16);
    let told = bytes_of(&Measure::Histogram(edges), &cells).unwrap();
    assert!((due..due + (2 << 20)).contains(&told), "{told} is not {due}");
}

#[test]
fn what_is_in_no_bin_is_told() {
    let cells = Cells::new(vec![0], vec![6], vec![Axis::Reduced]).unwrap();
    let measure = Measure::Histogram(Edges::new(vec![0.0, 1.0, 2.0]).unwrap());
    let mut state = State::new(&measure, cells).unwrap();
    state.update(&Block::new(&[-1.0_f32, 0.0, 2.0, 3.0, 4.0, f32::NAN], &[6], &[0]).unwrap()).unwrap();
    let output = State::from_bytes(&state.to_bytes().unwrap()).unwrap().finish();
    assert_eq!((output.shape, output.values), (vec![2], Numbers::U64(vec![1, 1])));
    assert_eq!(output.left_out, LeftOut { missing: 1, below: 1, above: 2 });
}

#[test]
fn measures_that_cannot_be_are_refused() {
    assert!(Edges::new(vec![1.0, 0.0]).is_err() && Edges::new(vec![1.0]).is_err());
    assert!(Share::new(1.5).is_err() && Share::new(f64::NAN).is_err());
    assert!(Weights::new(0, vec![1.0, f64::NAN]).is_err());
    let kept = Cells::new(vec![0], vec![2], vec![Axis::Kept]).unwrap();
    let weights = Measure::WeightedMean(Weights::new(0, vec![1.0, 1.0]).unwrap());
    assert!(State::new(&weights, kept).is_err());
    let longer = Cells::new(vec![1], vec![2], vec![Axis::Reduced]).unwrap();
    assert!(State::new(&weights, longer).is_err());
    assert!(serde_json::from_str::<Measure>(r#"{"Histogram": [2.0, 1.0]}"#).is_err());
    let cells = Cells::new(vec![0], vec![1 << 40], vec![Axis::Reduced]).unwrap();
    assert!(State::new(&Measure::Quantile(Share::new(0.5).unwrap()), cells.clone()).is_err());
    let mut sums = State::new(&Measure::Total(Total::Sum), cells.clone()).unwrap();
    assert!(sums.merge(&State::new(&Measure::Extreme(Extreme::Least), cells).unwrap()).is_err());
}
