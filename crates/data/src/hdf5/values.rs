//! Values from stored bytes.

use bytes::Bytes;
use hdf5_reader::StringPadding;

use super::element::{Element, Text};
use crate::dataset::{DataType, Texts, Values};
use crate::passes::{Step, Stop};

/// Gives the text or row that a reference to a heap names: the reference's bytes, and how many bytes
/// an element of a row has.
pub(crate) type Follow<'a> = dyn FnMut(&[u8], usize) -> Step<Vec<u8>> + 'a;

/// Values of elements that are stored one after the other.
///
/// # Errors
/// For bytes that are no whole elements; what following references gives.
pub(crate) fn values(
    element: &Element,
    shape: &[u64],
    stored: Vec<u8>,
    follow: &mut Follow<'_>,
) -> Step<Values> {
    let shape: Vec<u64> = shape.iter().chain(&element.inner).copied().collect();
    let count = shape.iter().try_fold(1u64, |product, length| product.checked_mul(*length));
    let needed = count.and_then(|count| usize::try_from(count).ok()?.checked_mul(element.size));
    let needed = needed.filter(|needed| *needed <= stored.len());
    let Some(needed) = needed else {
        return Err(Stop::wrong(format!("{} bytes are fewer than an array of {shape:?} has", stored.len())));
    };
    let mut stored = stored;
    stored.truncate(needed);
    let texts = texts(element, &stored, follow)?;
    if element.data_type == DataType::Text {
        return Ok(Values { data_type: DataType::Text, shape, bytes: Bytes::new(), texts });
    }
    element.to_native(&mut stored);
    Ok(Values { data_type: element.data_type.clone(), shape, bytes: stored.into(), texts })
}

/// The texts of elements: of each element all that it has. All references are followed, so that what
/// is not there is fetched together.
fn texts(element: &Element, stored: &[u8], follow: &mut Follow<'_>) -> Step<Texts> {
    let mut texts = Texts::new();
    if element.texts.is_empty() || element.size == 0 {
        return Ok(texts);
    }
    let mut is_whole = true;
    for element_bytes in stored.chunks_exact(element.size) {
        for (from, text) in &element.texts {
            match text {
                Text::Here(length, padding) => {
                    texts.push(short(&element_bytes[*from..from + length], *padding));
                }
                Text::Elsewhere => match follow(&element_bytes[*from..], 1) {
                    Ok(bytes) => texts.push(ended(&bytes)),
                    Err(Stop::Missed) => is_whole = false,
                    Err(stop) => return Err(stop),
                },
            }
        }
    }
    if is_whole { Ok(texts) } else { Err(Stop::Missed) }
}

/// One row of any length, as an array of one dimension.
///
/// # Errors
/// What following the reference gives.
pub(crate) fn row(of: &Element, reference: &[u8], follow: &mut Follow<'_>) -> Step<Values> {
    let size = of.whole_size().ok_or_else(|| Stop::wrong("a row of elements that cannot be counted"))?;
    let stored = follow(reference, size)?;
    let length = (stored.len() / size.max(1)) as u64;
    values(of, &[length], stored, follow)
}

/// A text in a fixed number of bytes, without its padding.
fn short(bytes: &[u8], padding: StringPadding) -> String {
    match padding {
        StringPadding::NullTerminate => ended(bytes),
        StringPadding::NullPad => text(trimmed(bytes, 0)),
        StringPadding::SpacePad => text(trimmed(bytes, b' ')),
    }
}

/// A text up to its first zero.
pub(crate) fn ended(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    text(&bytes[..end])
}

/// UTF-8; Latin-1 where it is none, as older files have it.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

fn trimmed(bytes: &[u8], padding: u8) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte != padding).map_or(0, |last| last + 1);
    &bytes[..end]
}
