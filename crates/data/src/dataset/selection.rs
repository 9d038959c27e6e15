//! A part of an array.

use crate::error::{Error, Result};

/// A part of an array: an extent for each dimension, or all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Everything.
    All,
    /// An extent along each dimension.
    Box(Vec<Extent>),
}

/// Elements along a dimension: from one on, every so many, so many of them. None keeps an array of
/// length 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The first.
    pub start: u64,
    /// How many.
    pub count: u64,
    /// From one to the next: 1 or more.
    pub step: u64,
}

impl Extent {
    /// All elements of a dimension.
    pub fn whole(length: u64) -> Self {
        Self { start: 0, count: length, step: 1 }
    }

    /// The same elements, with steps of 1 where there are none: a step may be any number then, also one
    /// that cannot be added to the first element.
    fn plain(self) -> Self {
        if self.count > 1 { self } else { Self { step: 1, ..self } }
    }

    /// The element behind the last one, 0 when there is none.
    pub fn end(self) -> u64 {
        match self.count {
            0 => 0,
            count => self.start.saturating_add((count - 1).saturating_mul(self.step)).saturating_add(1),
        }
    }
}

impl Selection {
    /// An extent for each dimension of an array of this shape.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the dimensions are others, or an extent goes beyond the array.
    pub fn of(&self, shape: &[u64]) -> Result<Vec<Extent>> {
        let extents = match self {
            Self::All => return Ok(shape.iter().copied().map(Extent::whole).collect()),
            Self::Box(extents) => extents,
        };
        let fits = extents.len() == shape.len()
            && extents.iter().zip(shape).all(|(extent, length)| extent.step > 0 && extent.end() <= *length);
        if fits {
            return Ok(extents.iter().copied().map(Extent::plain).collect());
        }
        Err(Error::Invalid {
            what: format!("the part {extents:?} is not inside an array of {shape:?}"),
            advice: "take extents inside the array, one for each dimension".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_lie_inside() {
        let part = |start, count, step| Selection::Box(vec![Extent { start, count, step }]);
        assert!(part(0, 10, 1).of(&[10]).is_ok());
        assert!(part(1, 5, 2).of(&[10]).is_ok());
        assert!(part(2, 5, 2).of(&[10]).is_err());
        assert!(part(10, 0, 1).of(&[10]).is_ok());
        assert!(part(0, 1, 0).of(&[10]).is_err());
        assert!(part(u64::MAX, u64::MAX, u64::MAX).of(&[10]).is_err());
        assert!(part(0, 1, 1).of(&[10, 10]).is_err());
        assert_eq!(part(9, 1, u64::MAX).of(&[10]).unwrap(), [Extent { start: 9, count: 1, step: 1 }]);
        assert_eq!(Selection::All.of(&[3, 0]).unwrap(), [Extent::whole(3), Extent::whole(0)]);
    }
}
