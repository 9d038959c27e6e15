//! Weights of cells by their area.

use crate::error::{Error, Result};

/// Weights of the cells of a grid whose rows are parallels: the cosines of their latitudes in degrees, which areas of cells of
/// equal angles are in proportion to.
///
/// # Errors
/// [`Error::Invalid`] for what is no latitude.
pub fn area_weights(latitudes: &[f64]) -> Result<Vec<f64>> {
    if let Some(place) = latitudes.iter().position(|latitude| !(-90.0..=90.0).contains(latitude)) {
        let what = format!("{} at {place} is no latitude", latitudes[place]);
        return Err(Error::invalid(what, "give degrees north from -90 to 90"));
    }
    Ok(latitudes.iter().map(|latitude| latitude.to_radians().cos()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_cosines() {
        let weights = area_weights(&[-90.0, 0.0, 60.0]).unwrap();
        let expected = [0.0, 1.0, 0.5];
        assert!(weights.iter().zip(expected).all(|(weight, expected)| (weight - expected).abs() < 1e-15));
        assert_eq!(area_weights(&[0.0, 90.5]).unwrap_err().to_string(), "90.5 at 1 is no latitude");
        assert!(area_weights(&[f64::NAN]).is_err());
    }
}
