//! Arrays of which all is known but their values, which somebody else reads.

use serde::{Deserialize, Serialize};

use super::{Pending, Source};
use crate::block::ElementType;
use crate::error::{Error, Result};
use crate::expression::{Array, Packing, Span};

/// An array whose values are not here: it has its place beside others whose values are.
#[derive(Clone, Debug)]
pub struct Absent {
    array: Array,
}

/// An array as it travels.
#[derive(Serialize, Deserialize)]
struct Told {
    name: String,
    dimensions: Vec<(String, u64)>,
    element: ElementType,
    chunks: Option<Vec<u64>>,
    packing: Option<(f64, f64, Vec<f64>, bool)>,
    reading: u64,
    is_in_parts: bool,
    is_uneven: bool,
}

impl Absent {
    /// The array that was told as these bytes.
    ///
    /// # Errors
    /// [`Error::Invalid`] for bytes that tell none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let told: Told = postcard::from_bytes(bytes).map_err(|error| {
            Error::invalid(
                format!("these bytes tell no array: {error}"),
                "give what `tell` of the same version gave",
            )
        })?;
        let named: Vec<_> = told.dimensions.iter().map(|(name, length)| (name.as_str(), *length)).collect();
        let array = Array::new(told.name, &named, told.element, told.chunks)?.read_with(told.reading);
        let array = if told.is_in_parts { array.in_parts() } else { array };
        let array = if told.is_uneven { array.uneven() } else { array };
        let packing = |(scale, offset, missing, is_single)| Packing { scale, offset, missing, is_single };
        Ok(Self { array: told.packing.map(packing).into_iter().fold(array, Array::packed) })
    }

    /// An array as bytes.
    ///
    /// # Errors
    /// [`Error::Invalid`] where memory has no room for them.
    pub fn tell(array: &Array) -> Result<Vec<u8>> {
        let told = Told {
            name: array.name().to_owned(),
            dimensions: array.dimensions().iter().map(|one| (one.name.clone(), one.length)).collect(),
            element: array.element(),
            chunks: array.chunks().map(<[u64]>::to_vec),
            packing: array.packing().map(|own| (own.scale, own.offset, own.missing.clone(), own.is_single)),
            reading: array.reading(),
            is_in_parts: array.is_in_parts(),
            is_uneven: array.is_uneven(),
        };
        postcard::to_stdvec(&told).map_err(|error| {
            Error::invalid(format!("an array does not become bytes: {error}"), "make its name shorter")
        })
    }
}

impl Source for Absent {
    fn array(&self) -> &Array {
        &self.array
    }

    fn begin<'a>(&'a self, part: &[Span]) -> Result<Pending<'a>> {
        Err(Error::invalid(
            format!("{part:?} of `{}` is read by somebody else", self.array.name()),
            "read what is here",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_come_back_as_they_were() {
        let array = || Array::new("t", &[("time", 9), ("x", 4)], ElementType::I16, Some(vec![2, 4])).unwrap();
        let packing = Packing { scale: 0.1, offset: f64::NAN, missing: vec![-1.0], is_single: true };
        let all = [array(), array().packed(packing), array().uneven().read_with(7), array().in_parts()];
        for array in all {
            let again = Absent::from_bytes(&Absent::tell(&array).unwrap()).unwrap();
            // NaN is not equal to itself.
            assert_eq!(format!("{:?}", again.array()), format!("{array:?}"));
            assert!(again.begin(&[]).is_err());
        }
        assert!(Absent::from_bytes(&[1, 2]).is_err());
    }
}
