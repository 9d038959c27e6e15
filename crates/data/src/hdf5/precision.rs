//! Whether numbers are as processors have them: of all the bits that they take, and of the formats of IEEE 754. The
//! reader keeps only how many bytes a number has, so the type is looked at as it is stored.
//!
//! Format: "Data Object Headers" and "The Datatype Message" of the [HDF5 File Format Specification].
//!
//! [HDF5 File Format Specification]: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html

use hdf5_reader::error::Error as ReaderError;
use hdf5_reader::io::Cursor;
use hdf5_reader::messages::shared::{self, SharedMessage};
use hdf5_reader::messages::{MSG_CONTINUATION, MSG_DATATYPE, continuation, datatype};

use super::view::View;
use crate::passes::Step;

/// A message that is elsewhere.
const SHARED: u8 = 2;

/// Classes of types.
const INTEGER: u32 = 0;
const FLOAT: u32 = 1;
const BITS: u32 = 4;
const COMPOUND: u32 = 6;
const ENUMERATION: u32 = 8;
const ROW: u32 = 9;
const ARRAY: u32 = 10;

/// The format of a number with a point: the first bit, the bits, where exponent and mantissa begin and how many bits
/// they have, and the exponent's bias.
type Float = (u16, u16, [u8; 4], u32);

/// The formats of IEEE 754, by their bytes.
const IEEE: [(u32, Float); 3] = [
    (2, (0, 16, [10, 5, 0, 10], 15)),
    (4, (0, 32, [23, 8, 0, 23], 127)),
    (8, (0, 64, [52, 11, 0, 52], 1023)),
];

/// A message of an object header: its type, flags and bytes.
type Message<'a> = (u16, u8, &'a [u8]);

/// Where messages of an object header are, and what each has before it.
struct Run {
    from: u64,
    length: u64,
    is_version_2: bool,
    has_order: bool,
}

/// Whether the numbers of the array at a place are as processors have them. So is taken what a heap of shared messages
/// describes, which is not looked at.
///
/// # Errors
/// What the reader says; [`crate::passes::Stop::Missed`] for a type that is not there yet.
pub(crate) fn is_usual(view: &View, place: u64) -> Step<bool> {
    let (offset_size, length_size) = view.sizes();
    match stored_type(view, place)? {
        Some((SHARED, message)) => {
            let size = message.len();
            let parsed =
                shared::parse(&mut Cursor::new(&message), MSG_DATATYPE, offset_size, length_size, size)?;
            let SharedMessage::SharedInOhdr { address, .. } = parsed else { return Ok(true) };
            match stored_type(view, address)? {
                Some((0, message)) => Ok(fills(&message)?),
                _ => Ok(true),
            }
        }
        Some((_, message)) => Ok(fills(&message)?),
        None => Ok(true),
    }
}

/// The message of an object header that tells the type, and whether it is elsewhere.
fn stored_type(view: &View, place: u64) -> Step<Option<(u8, Vec<u8>)>> {
    let (offset_size, length_size) = view.sizes();
    let mut runs = vec![first(view, place)?];
    while let Some(run) = runs.pop() {
        let length = usize::try_from(run.length).unwrap_or(usize::MAX);
        let bytes = view.storage().read_range(run.from, length)?;
        let mut cursor = Cursor::new(&bytes);
        while let Some((kind, flags, message)) = next(&mut cursor, &run)? {
            match kind {
                MSG_DATATYPE => return Ok(Some((flags & SHARED, message.to_vec()))),
                // With this flag the reader takes it for a reference, and has not seen that there are no circles.
                MSG_CONTINUATION if flags & SHARED == 0 => {
                    let size = message.len();
                    let next =
                        continuation::parse(&mut Cursor::new(message), offset_size, length_size, size)?;
                    // Blocks of version 2 have a signature before their messages, and a checksum behind them.
                    let (before, around) = if run.is_version_2 { (4, 8) } else { (0, 0) };
                    let (from, length) =
                        (next.offset.saturating_add(before), next.length.saturating_sub(around));
                    runs.push(Run { from, length, ..run });
                }
                _ => {}
            }
        }
    }
    Ok(None)
}

/// The first messages of an object header.
fn first(view: &View, place: u64) -> Step<Run> {
    let head = view.storage().read_range(place, 16)?;
    let mut cursor = Cursor::new(&head);
    if cursor.peek_bytes(4)? != b"OHDR" {
        cursor.skip(8)?;
        let length = u64::from(cursor.read_u32_le()?);
        return Ok(Run { from: place.saturating_add(16), length, is_version_2: false, has_order: false });
    }
    cursor.skip(5)?;
    let flags = cursor.read_u8()?;
    let times = if flags & 0x20 == 0 { 0 } else { 16 };
    let phases = if flags & 0x10 == 0 { 0 } else { 4 };
    let (before, width) = (6 + times + phases, 1usize << (flags & 3));
    let size = view.storage().read_range(place.saturating_add(before), width)?;
    let length = Cursor::new(&size).read_uvar(width)?;
    let from = place.saturating_add(before + width as u64);
    Ok(Run { from, length, is_version_2: true, has_order: flags & 4 != 0 })
}

/// The next message.
fn next<'a>(cursor: &mut Cursor<'a>, run: &Run) -> Result<Option<Message<'a>>, ReaderError> {
    let before = match (run.is_version_2, run.has_order) {
        (false, _) => 8,
        (true, false) => 4,
        (true, true) => 6,
    };
    if cursor.remaining() < before {
        return Ok(None);
    }
    let kind = if run.is_version_2 { u16::from(cursor.read_u8()?) } else { cursor.read_u16_le()? };
    let size = usize::from(cursor.read_u16_le()?);
    let flags = cursor.read_u8()?;
    cursor.skip(if run.is_version_2 { usize::from(run.has_order) * 2 } else { 3 })?;
    Ok(Some((kind, flags, cursor.read_bytes(size)?)))
}

/// Whether the numbers of a type, as it is stored, are as processors have them. The reader has followed the type, so it
/// has an end.
fn fills(stored: &[u8]) -> Result<bool, ReaderError> {
    let mut cursor = Cursor::new(stored);
    let (word, size) = (cursor.read_u32_le()?, cursor.read_u32_le()?);
    let version = (word >> 4) & 0xF;
    match word & 0xF {
        INTEGER | BITS => {
            let (from, bits) = (cursor.read_u16_le()?, cursor.read_u16_le()?);
            Ok(from == 0 && Some(u32::from(bits)) == size.checked_mul(8))
        }
        FLOAT => {
            let (from, bits) = (cursor.read_u16_le()?, cursor.read_u16_le()?);
            let parts = [cursor.read_u8()?, cursor.read_u8()?, cursor.read_u8()?, cursor.read_u8()?];
            let told = (from, bits, parts, cursor.read_u32_le()?);
            // The order of a VAX is told by a second bit.
            let is_vax = (word >> 14) & 1 == 1;
            Ok(IEEE.iter().find(|(bytes, _)| *bytes == size).is_none_or(|(_, due)| told == *due && !is_vax))
        }
        COMPOUND => {
            for _ in 0..(word >> 8) & 0xFFFF {
                if !field(&mut cursor, version, size)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        ENUMERATION | ROW => fills(cursor.slice_from(cursor.position())?),
        ARRAY => {
            let rank = usize::from(cursor.read_u8()?);
            // Before version 3 there are three bytes behind the rank, and a permutation behind the lengths.
            cursor.skip(if version < 3 { 3 + rank * 8 } else { rank * 4 })?;
            fills(cursor.slice_from(cursor.position())?)
        }
        _ => Ok(true),
    }
}

/// The same of the next field of a compound of so many bytes.
fn field(cursor: &mut Cursor<'_>, version: u32, size: u32) -> Result<bool, ReaderError> {
    let from = cursor.position();
    cursor.read_null_terminated_string()?;
    let name = usize::try_from(cursor.position() - from).unwrap_or(usize::MAX);
    if version < 3 {
        cursor.skip(name.next_multiple_of(8) - name)?;
    }
    // Its offset; in version 1 also a shape, which is not used.
    cursor.skip(match version {
        1 => 4 + 28,
        2 => 4,
        _ => (size.max(1).ilog2() / 8 + 1) as usize,
    })?;
    let is_usual = fills(cursor.slice_from(cursor.position())?)?;
    datatype::parse_datatype_description(cursor)?;
    Ok(is_usual)
}
