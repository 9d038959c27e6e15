use proptest::prelude::*;

use super::*;
use crate::kernels::Moments;

/// An array of three axes with some numbers missing, and along which of them something is done.
#[derive(Clone, Debug)]
struct Given {
    shape: [usize; 3],
    axis: usize,
    threads: usize,
}

fn given() -> impl Strategy<Value = Given> {
    let lengths = [1..5_usize, 0..20_usize, 1..150_usize];
    (lengths, 0..6_usize, 1..4_usize).prop_map(|(lengths, turn, threads)| {
        let [few, some, many] = lengths;
        let shapes = [[few, some, many], [few, many, some], [some, few, many]];
        let shapes = [shapes, [[some, many, few], [many, few, some], [many, some, few]]].concat();
        Given { shape: shapes[turn], axis: turn % 3, threads }
    })
}

impl Given {
    fn values(&self) -> Vec<f32> {
        let value = |index: usize| match index % 13 {
            5 => f32::NAN,
            _ => f32::from(u16::try_from(index * 37 % 1009).unwrap()) / 7.0 - 50.0,
        };
        (0..self.shape.iter().product()).map(value).collect()
    }

    fn length(&self) -> usize {
        self.shape[self.axis]
    }

    fn inner(&self) -> usize {
        self.shape[self.axis + 1..].iter().product()
    }

    /// The numbers of a series along the axis, by the place of its first one.
    fn series(&self, values: &[f32], first: usize) -> Vec<f64> {
        (0..self.length()).map(|step| f64::from(values[first + step * self.inner()])).collect()
    }

    /// The places of first elements of series.
    fn firsts(&self) -> Vec<usize> {
        let each = self.length() * self.inner();
        let outer: usize = self.shape[..self.axis].iter().product();
        if each == 0 {
            return Vec::new();
        }
        (0..outer).flat_map(|outer| (0..self.inner()).map(move |column| outer * each + column)).collect()
    }
}

fn is_near(one: f64, other: f64) -> bool {
    one.is_nan() && other.is_nan() || (one - other).abs() <= 1e-9
}

proptest! {
    #[test]
    fn anomalies_are_those_of_the_definition(given in given(), count in 1..5_u32) {
        let (values, length, inner) = (given.values(), given.length(), given.inner());
        let labels: Vec<u32> = (0..length).map(|step| u32::try_from(step * 7 % 11).unwrap() % (count + 1)).collect();
        let outer: usize = given.shape[..given.axis].iter().product();
        let usual: Vec<f64> = (0..outer * count as usize * inner).map(|place| as_f64(place) / 3.0).collect();
        let mut out = vec![7.0_f64; values.len()];
        let groups = Groups { count, labels: labels.clone() };
        let along = Along::new(&values, &given.shape, given.axis).unwrap();
        anomalies(along, &groups, &usual, given.threads, &Watch::new(), &mut out).unwrap();
        for (number, first) in given.firsts().into_iter().enumerate() {
            let (outer, column) = (number / inner, number % inner);
            for (step, value) in given.series(&values, first).into_iter().enumerate() {
                let label = labels[step] as usize;
                let of_group = usual.get((outer * count as usize + label) * inner + column);
                let due = if label < count as usize { value - of_group.unwrap() } else { f64::NAN };
                let found = out[first + step * inner];
                prop_assert!(is_near(found, due), "{found} is not {due}");
            }
        }
    }

    #[test]
    fn windows_are_those_of_the_definition(given in given(), length in 1..7_usize, least in 1..7_usize, is_centred: bool) {
        let values = given.values();
        let window = Window::new(length).unwrap().with_least(least);
        let (window, behind) = if is_centred { (window.centred(), (length - 1) / 2) } else { (window, 0) };
        for what in [Rolling::Mean, Rolling::Least, Rolling::Deviation(1)] {
            let mut out = vec![7.0_f64; values.len()];
            let along = Along::new(&values, &given.shape, given.axis).unwrap();
            windows(what, window, along, given.threads, &Watch::new(), &mut out).unwrap();
            for first in given.firsts() {
                let series = given.series(&values, first);
                for step in 0..given.length() {
                    let end = (step + behind + 1).min(series.len());
                    let from = (step + behind + 1).saturating_sub(length).min(end);
                    let there: Vec<f64> = series[from..end].iter().copied().filter(|number| !number.is_nan()).collect();
                    let found = out[first + step * given.inner()];
                    let due = match what {
                        _ if there.len() < least.min(length) => f64::NAN,
                        Rolling::Mean => there.iter().sum::<f64>() / as_f64(there.len()),
                        Rolling::Least => there.iter().copied().fold(f64::INFINITY, f64::min),
                        _ => Moments::of(&there).variance(1).sqrt(),
                    };
                    prop_assert!(is_near(found, due), "{what:?}: {found} is not {due}");
                }
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "few")]
fn as_f64(number: usize) -> f64 {
    number as f64
}

#[test]
fn what_does_not_fit_is_refused_and_a_run_is_ended_from_outside() {
    let values = [1.0_f32; 12];
    assert!(Along::new(&values, &[3, 4], 2).is_err() && Along::new(&values, &[3, 5], 0).is_err());
    let along = Along::new(&values, &[3, 4], 0).unwrap();
    let (groups, mut out) = (Groups { count: 2, labels: vec![0, 1, 0] }, [0.0_f32; 12]);
    let mut of =
        |usual: &[f64], groups: &Groups, watch: &Watch| anomalies(along, groups, usual, 2, watch, &mut out);
    assert!(of(&[0.5; 8], &groups, &Watch::new()).is_ok());
    assert!(of(&[0.5; 7], &groups, &Watch::new()).is_err());
    assert!(of(&[0.5; 8], &Groups { count: 2, labels: vec![0] }, &Watch::new()).is_err());
    let cancelled = Watch::new();
    cancelled.cancel();
    assert!(matches!(of(&[0.5; 8], &groups, &cancelled), Err(Error::Cancelled)));
    let window = Window::new(2).unwrap();
    assert!(windows(Rolling::Sum, window, along, 1, &Watch::new(), &mut [0.0_f32; 11]).is_err());
}
