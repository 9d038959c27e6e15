//! The Niño 3.4 index as a chain: area-weighted means of a box, what they differ by from the mean of their month, and means of
//! five months that follow each other (K. E. Trenberth, "The Definition of El Niño", 1997).

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use frazil_compute::Block;
use frazil_compute::block::Element;
use frazil_compute::expression::Expression;
use frazil_compute::kernels::{Part, Rolling, Stamp, Steps, Window, area_weights, group, rolling, subtract};
use frazil_compute::plan::{Limits, Plan};
use frazil_compute::run::{Watch, run, run_into};
use frazil_compute::sink::Buffer;
use frazil_compute::source::{Memory, Source};
use frazil_compute::state::{Axis, Cells, Groups, Measure, Numbers, State, Total, Weights};

const MONTHS: usize = 48;
const LATITUDES: [f64; 5] = [-5.0, -2.5, 0.0, 2.5, 5.0];
const LONGITUDES: usize = 6;

/// The result of a state over the whole of an array.
fn reduced<T: Element>(measure: &Measure, axes: Vec<Axis>, values: &[T], shape: &[usize]) -> Vec<f64> {
    let origin = vec![0; shape.len()];
    let lengths = shape.iter().map(|length| *length as u64).collect();
    let mut state = State::new(measure, Cells::new(origin.clone(), lengths, axes).unwrap()).unwrap();
    state.update(&Block::new(values, shape, &origin).unwrap()).unwrap();
    let Numbers::F64(numbers) = state.finish().values else { panic!("means are doubles") };
    numbers
}

/// Sea surface temperatures: a season, one warm year, and a cell that is missing throughout.
fn temperature(month: usize, latitude: usize, longitude: usize) -> f32 {
    let season = f32::from(u8::try_from(month % 12).unwrap()) / 10.0;
    let warm = if (24..36).contains(&month) { 1.5 } else { 0.0 };
    let place = f32::from(u8::try_from(latitude * latitude + longitude).unwrap()) / 8.0;
    if (latitude, longitude) == (1, 2) { f32::NAN } else { 26.0 + season + warm + place }
}

#[test]
fn the_index_is_high_in_a_warm_year() {
    let shape = [MONTHS, LATITUDES.len(), LONGITUDES];
    let places =
        |month| (0..shape[1]).flat_map(move |y| (0..LONGITUDES).map(move |x| temperature(month, y, x)));
    let sst: Vec<f32> = (0..MONTHS).flat_map(places).collect();
    let weights = Weights::new(1, area_weights(&LATITUDES).unwrap()).unwrap();
    let axes = vec![Axis::Kept, Axis::Reduced, Axis::Reduced];
    let series = reduced(&Measure::WeightedMean(weights), axes, &sst, &shape);

    let stamp = |month: usize| {
        let (year, month) =
            (1990 + i64::try_from(month / 12).unwrap(), u8::try_from(month % 12 + 1).unwrap());
        Some(Stamp { year, month, day: 1, day_of_year: 1, hour: 0 })
    };
    let stamps: Vec<_> = (0..MONTHS).map(stamp).collect();
    let months = group(Part::Month, &stamps);
    let groups = Groups { count: u32::try_from(months.values.len()).unwrap(), labels: months.labels.clone() };
    let usual = reduced(&Measure::Total(Total::Mean), vec![Axis::Grouped(groups)], &series, &[MONTHS]);
    let usual: Vec<f64> = months.labels.iter().map(|label| usual[*label as usize]).collect();
    let mut anomalies = vec![0.0_f64; MONTHS];
    subtract(&series, &usual, &mut anomalies);
    let mut index = vec![0.0_f64; MONTHS];
    let window = Window::new(5).unwrap().centred();
    rolling(Rolling::Mean, window, Steps::new(&anomalies, 1, 0).unwrap(), 0..MONTHS, &mut index).unwrap();

    // One warm year of four: a quarter of its warmth is in the mean of each month.
    for (month, index) in index.iter().enumerate() {
        let warm = |month: usize| if (24..36).contains(&month) { 1.5 * 0.75 } else { -1.5 * 0.25 };
        match month {
            0 | 1 | 46 | 47 => assert!(index.is_nan()),
            _ => {
                let expected = (month - 2..=month + 2).map(warm).sum::<f64>() / 5.0;
                assert!((index - expected).abs() < 1e-5, "{month}: {index} is not {expected}");
            }
        }
    }
    // The first mean by hand.
    let (mut sum, mut all) = (0.0, 0.0);
    for (y, latitude) in LATITUDES.iter().enumerate() {
        for value in (0..LONGITUDES).map(|x| f64::from(temperature(0, y, x))).filter(|value| !value.is_nan())
        {
            sum += value * latitude.to_radians().cos();
            all += latitude.to_radians().cos();
        }
    }
    assert!((series[0] - sum / all).abs() < 1e-12);
}

/// Runs a plan into memory.
fn filled(expression: &Expression, source: &Memory<'_>) -> Vec<f64> {
    let plan = Plan::new(expression, Limits::default()).unwrap();
    let shape: Vec<u64> = expression.dimensions().into_iter().map(|own| own.length).collect();
    let mut found = vec![0.0_f64; shape.iter().map(|length| usize::try_from(*length).unwrap()).product()];
    run_into(&plan, source, &Buffer::new(&shape, &mut found).unwrap(), &Watch::new()).unwrap();
    found
}

#[test]
fn the_chain_is_one_of_expressions() {
    let shape = [("time", MONTHS as u64), ("lat", LATITUDES.len() as u64), ("lon", LONGITUDES as u64)];
    let places = |month| {
        (0..LATITUDES.len()).flat_map(move |y| (0..LONGITUDES).map(move |x| temperature(month, y, x)))
    };
    let sst: Vec<f32> = (0..MONTHS).flat_map(places).collect();
    let sst = Memory::new("sst", &shape, &sst).unwrap();
    let weights = Weights::new(1, area_weights(&LATITUDES).unwrap()).unwrap();
    let mean =
        Expression::of(sst.array().clone()).reduce(&["lat", "lon"], Measure::WeightedMean(weights)).unwrap();
    let plan = Plan::new(&mean, Limits::default()).unwrap();
    let Numbers::F64(series) = run(&plan, &sst, &Watch::new()).unwrap().values else {
        panic!("means are doubles")
    };

    let series = Memory::new("sst", &shape[..1], &series).unwrap();
    let labels = (0..MONTHS).map(|month| u32::try_from(month % 12).unwrap()).collect();
    let index = Expression::of(series.array().clone())
        .anomaly("time", Groups { count: 12, labels })
        .unwrap()
        .rolling("time", Window::new(5).unwrap().centred(), Rolling::Mean)
        .unwrap();
    let index = filled(&index, &series);
    for (month, index) in index.iter().enumerate() {
        let warm = |month: usize| if (24..36).contains(&month) { 1.5 * 0.75 } else { -1.5 * 0.25 };
        match month {
            0 | 1 | 46 | 47 => assert!(index.is_nan()),
            _ => {
                let expected = (month - 2..=month + 2).map(warm).sum::<f64>() / 5.0;
                assert!((index - expected).abs() < 1e-5, "{month}: {index} is not {expected}");
            }
        }
    }
}
