//! States as bytes, on their way to other processes.

use super::State;
use crate::error::{Error, Result};

impl State {
    /// The state as bytes, in the format of `postcard` 1 (<https://postcard.jamesmunns.com/wire-format>): floats as they
    /// are in memory, so that NaN, infinities and every bit of a number are the same on the other side.
    ///
    /// # Errors
    /// [`Error::Invalid`] where memory has no room for them.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        postcard::to_stdvec(self).map_err(|error| {
            Error::invalid(format!("a state does not become bytes: {error}"), "make the result smaller")
        })
    }

    /// The state that became these bytes.
    ///
    /// # Errors
    /// [`Error::Invalid`] for bytes that are no state, or none that holds together.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        match postcard::take_from_bytes::<Self>(bytes) {
            Ok((state, [])) if state.is_whole() => Ok(state),
            Ok((_, [])) => Err(no_state("its parts do not fit together")),
            Ok((_, rest)) => Err(no_state(&format!("there are {} bytes behind it", rest.len()))),
            Err(error) => Err(no_state(&error.to_string())),
        }
    }

    /// Whether it has a place for each of its cells, and no other.
    fn is_whole(&self) -> bool {
        match self {
            Self::Totals(totals) => totals.is_whole(),
            Self::Spreads(spreads) => spreads.is_whole(),
            Self::Extremes(extremes) => extremes.is_whole(),
            Self::Histogram(histogram) => histogram.is_whole(),
            Self::Joint(joint) => joint.is_whole(),
            Self::Weighed(weighed) => weighed.is_whole(),
            Self::Quantiles(quantiles) => quantiles.is_whole(),
            Self::Weighted(weighted) => weighted.is_whole(),
        }
    }
}

fn no_state(why: &str) -> Error {
    Error::invalid(
        format!("these bytes are no state: {why}"),
        "give the bytes that `to_bytes` of the same version made",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::block::Block;
    use crate::state::{
        Axis, Cells, Edges, Extreme, Groups, Measure, Numbers, Share, Spread, Total, Weighing, Weights,
    };

    fn measures() -> Vec<Measure> {
        let edges = || Edges::new(vec![f64::NEG_INFINITY, 0.0, 1.0, f64::INFINITY]).unwrap();
        let weights = || Weights::new(1, vec![0.5, 2.0, 1.0]).unwrap();
        vec![
            Measure::Total(Total::Mean),
            Measure::Spread(Spread::Variance(1)),
            Measure::Extreme(Extreme::Least),
            Measure::Histogram(edges()),
            Measure::Joint(edges(), edges()),
            Measure::WeightedHistogram(edges(), Weighing::Beside),
            Measure::WeightedHistogram(edges(), Weighing::Along(weights())),
            Measure::Quantile(Share::new(0.5).unwrap()),
            Measure::WeightedMean(weights()),
        ]
    }

    fn state(measure: &Measure, values: &[f32]) -> State {
        let groups = Groups { count: 2, labels: vec![0, 1, 7, 0] };
        let cells = Cells::new(vec![0; 2], vec![4, 3], vec![Axis::Grouped(groups), Axis::Reduced]).unwrap();
        let mut state = State::new(measure, cells).unwrap();
        let block = Block::new(values, &[4, 3], &[0, 0]).unwrap();
        if measure.takes_beside() {
            let beside: Vec<f64> = values.iter().map(|value| f64::from(*value) / 3.0).collect();
            state.update_pairs(&block, &beside).unwrap();
        } else {
            state.update(&block).unwrap();
        }
        state
    }

    fn bits(state: State) -> Vec<u64> {
        match state.finish().values {
            Numbers::F64(numbers) => numbers.into_iter().map(f64::to_bits).collect(),
            Numbers::U64(counts) => counts,
        }
    }

    proptest! {
        #[test]
        fn states_come_back_to_the_bit(values in prop::collection::vec(any::<f32>(), 12)) {
            for measure in measures() {
                let here = state(&measure, &values);
                let bytes = here.to_bytes().unwrap();
                let mut there = State::from_bytes(&bytes).unwrap();
                prop_assert_eq!(there.to_bytes().unwrap(), bytes);
                prop_assert_eq!(bits(there.clone()), bits(here.clone()));
                there.merge(&here).unwrap();
                let mut twice = here.clone();
                twice.merge(&here).unwrap();
                prop_assert_eq!(bits(there), bits(twice));
            }
        }

        /// Damaged bytes are refused, or are a state that can be used.
        #[test]
        fn damaged_bytes_do_no_harm(of in 0..9_usize, place: prop::sample::Index, byte: u8, cut in 0..3_usize) {
            let measure = &measures()[of];
            let mut bytes = state(measure, &[1.0; 12]).to_bytes().unwrap();
            let place = place.index(bytes.len());
            bytes[place] = byte;
            bytes.truncate(bytes.len() - cut);
            if let Ok(mut there) = State::from_bytes(&bytes) {
                let block = Block::new(&[1.0_f32; 12], &[4, 3], &[0, 0]).unwrap();
                drop(there.update(&block).or_else(|_| there.update_pairs(&block, &[1.0; 12])));
                there.finish();
            }
        }
    }

    /// Values and counts of nearly 2^64 would be more than can be counted as soon as others come to them.
    #[test]
    fn counts_that_cannot_be_are_refused() {
        let told = |state: &State| State::from_bytes(&state.to_bytes().unwrap());
        let cells = || Cells::new(vec![0], vec![3], vec![Axis::Reduced]).unwrap();
        let mut state = State::new(&Measure::Total(Total::Sum), cells()).unwrap();
        state.update(&Block::new(&[1.0, f64::NAN], &[2], &[0]).unwrap()).unwrap();
        assert!(told(&state).is_ok());
        // As often as a number doubles until it is too large.
        for measure in
            measures().into_iter().filter(|measure| !measure.takes_beside() && measure.weights().is_none())
        {
            let mut state = State::new(&measure, cells()).unwrap();
            state.update(&Block::new(&[1.0, f64::NAN], &[2], &[0]).unwrap()).unwrap();
            for _ in 0..54 {
                state.merge(&state.clone()).unwrap();
            }
            assert!(told(&state).is_err(), "{measure:?}");
        }
    }

    #[test]
    fn weights_that_are_no_numbers_are_refused() {
        let told = |weights: &[f64]| {
            let bytes = postcard::to_stdvec(&(1_usize, weights)).unwrap();
            postcard::from_bytes::<Weights>(&bytes).ok()
        };
        assert_eq!(told(&[0.5, 2.0]), Some(Weights::new(1, vec![0.5, 2.0]).unwrap()));
        assert_eq!((told(&[0.5, f64::NAN]), told(&[f64::INFINITY])), (None, None));
    }

    #[test]
    fn what_is_no_state_is_refused() {
        let state = state(&Measure::Total(Total::Sum), &[f32::NAN; 12]);
        let mut bytes = state.to_bytes().unwrap();
        assert!(State::from_bytes(&bytes[..bytes.len() - 1]).is_err());
        bytes.push(0);
        assert!(State::from_bytes(&bytes).unwrap_err().to_string().contains("1 bytes behind it"));
        assert!(State::from_bytes(&[]).is_err() && State::from_bytes(&[0xff; 40]).is_err());
    }
}
