//! Arrays that are shorter than an unlimited dimension of theirs: netCDF-4 lets each array grow by itself, and what of
//! it was never written has the fill value.

use super::array::Array;
use super::tree::fill;
use crate::dataset::{DataType, Extent, Values};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::mosaic::{Canvas, Decoded, Elements, Fill};
use crate::overlap::Overlap;

/// What of a part is stored, along each dimension.
pub(super) fn stored(extents: &[Extent], shape: &[u64]) -> Vec<Extent> {
    let one = |(extent, length): (&Extent, &u64)| {
        let last = length.checked_sub(1).and_then(|last| last.checked_sub(extent.start));
        match last.map_or(0, |last| extent.count.min(last / extent.step + 1)) {
            0 => Extent::whole(0),
            1 => Extent { start: extent.start, count: 1, step: 1 },
            count => Extent { count, ..*extent },
        }
    };
    extents.iter().zip(shape).map(one).collect()
}

/// What is stored of a part, which begins where the part does, with fill values behind it.
///
/// # Errors
/// [`Error::Invalid`] for more than the limit of values.
pub(super) fn padded(
    values: Values,
    shape: Vec<u64>,
    path: &str,
    array: &Array,
    limits: &Limits,
) -> Result<Values> {
    let (fill, per_element) = (fill(array), array.element.texts.len() as u64);
    let Values { data_type, shape: there, bytes, texts } = values;
    let too_few = || Error::Invalid {
        what: format!("{path} has fewer elements than its shape tells"),
        advice: "read it with h5py from this file".to_owned(),
    };
    let lay = |data_type: &DataType, inner: &[u64], fill: &Fill, elements: Elements| {
        let with = |shape: &[u64]| shape.iter().chain(inner).copied().collect::<Vec<u64>>();
        let mut canvas = Canvas::new(data_type, with(&shape), fill, limits)?;
        let shape = with(&there);
        let overlap = |count: &u64| Overlap { from: 0, step: 1, count: *count, to: 0 };
        let overlaps: Vec<Overlap> = shape.iter().map(overlap).collect();
        let is_laid = canvas.place(Decoded { elements, shape }, &overlaps);
        if is_laid { Ok(canvas.finish()) } else { Err(too_few()) }
    };
    let texts = if per_element == 0 {
        texts
    } else {
        let text = fill.as_ref().and_then(|fill| fill.texts.first().cloned()).unwrap_or_default();
        lay(&DataType::Text, &[per_element], &Fill::Text(text), Elements::Texts(texts))?.texts
    };
    let Some(size) = data_type.size() else { return Ok(Values { data_type, shape, bytes, texts }) };
    let element = fill.and_then(|fill| fill.bytes.get(..size).map(<[u8]>::to_vec));
    let fill = Fill::Bytes(element.unwrap_or_else(|| vec![0; size]));
    Ok(Values { texts, ..lay(&data_type, &[], &fill, Elements::Numbers(bytes))? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_of_a_part_is_its_beginning() {
        let extent = |start, count, step| Extent { start, count, step };
        let of = |one: Extent, length| stored(&[one], &[length])[0];
        assert_eq!(of(extent(0, 10, 1), 4), extent(0, 4, 1));
        assert_eq!(of(extent(1, 4, 3), 8), extent(1, 3, 3));
        assert_eq!(of(extent(1, 4, 3), 4), extent(1, 1, 1));
        assert_eq!(of(extent(4, 2, 1), 4), extent(0, 0, 1));
        assert_eq!(of(extent(0, 2, 1), 0), extent(0, 0, 1));
        assert_eq!(of(extent(2, 2, 1), 4), extent(2, 2, 1));
    }
}
