//! A part of an array, gathered from the pieces in which its file stores it: chunks, rows, records.

use std::ops::Range;
use std::sync::{Arc, Mutex, Weak};

use bytes::Bytes;
use rayon::prelude::*;

use crate::cores::{cores, in_place};
use crate::dataset::Extent;
use crate::error::{Error, Result};
use crate::overlap::{Overlap, filled, runs, strides};
use crate::passes::locked;
use crate::ranges::{LITTLE, Ranges, came};

/// Pieces are fetched together up to so many stored bytes; the next are fetched while these are
/// decoded.
const TOGETHER: u64 = 32 << 20;

/// Rows no longer than this are read whole, rather than each part by itself.
const NEAR: u64 = 64 << 10;

/// Rows are read together up to so many bytes.
const BLOCK: u64 = 4 << 20;

/// What is wrong with a piece that was decoded, and ends before what is wanted of it.
const TOO_FEW: &str = "it has too few elements";

/// A piece of an array, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Where it is stored.
    pub(crate) range: Range<u64>,
    /// Its first element along each dimension.
    pub(crate) origin: Vec<u64>,
    /// Its elements along each dimension; some may lie beyond the array.
    pub(crate) shape: Arc<[u64]>,
    /// Which of its filters were left out, a bit each.
    pub(crate) mask: u32,
}

/// Makes elements in the machine's byte order of a piece's stored bytes; says what is wrong with them.
pub(crate) type Decode = dyn Fn(&Piece, Bytes) -> std::result::Result<Bytes, String> + Send + Sync;

/// A part of an array that is to be gathered.
pub(crate) struct Part {
    /// The array, for messages.
    pub(crate) name: String,
    /// The part, along each dimension.
    pub(crate) extents: Vec<Extent>,
    /// Bytes of an element once it is decoded.
    pub(crate) size: usize,
    /// An element that no piece has; zeros where there is none.
    pub(crate) fill: Option<Vec<u8>>,
    /// How pieces are decoded.
    pub(crate) decode: Arc<Decode>,
}

/// How many bytes a part has; an error beyond `most`.
///
/// # Errors
/// [`Error::Invalid`] for a part with more than `most` bytes.
pub(crate) fn bytes_of(name: &str, extents: &[Extent], size: usize, most: u64) -> Result<usize> {
    let count = extents.iter().try_fold(size as u64, |product, extent| product.checked_mul(extent.count));
    count.filter(|bytes| *bytes <= most).and_then(|bytes| usize::try_from(bytes).ok()).ok_or_else(|| {
        Error::Invalid {
            what: format!("the part of {name} that is asked for has more than {most} bytes"),
            advice: "read it in parts, or raise the limit".to_owned(),
        }
    })
}

/// The elements of a part, in row-major order.
///
/// # Errors
/// [`Error::Damaged`] for a piece that cannot be decoded, with its first element and byte; what keeps
/// pieces from being fetched.
pub(crate) async fn gather(
    ranges: &Arc<dyn Ranges>,
    part: Part,
    pieces: Vec<Piece>,
    length: usize,
) -> Result<Bytes> {
    let is_all = matches!(pieces.as_slice(), [piece] if is_all(piece, &part, length));
    if is_little(ranges, &pieces, length) {
        let gathered = in_place(|| in_order(&part, &pieces, is_all, length, ranges.as_ref()));
        return gathered.unwrap_or_else(|| Err(stopped(ranges, &part)));
    }
    if is_all {
        return whole(ranges, part, pieces).await;
    }
    let mut pieces = pieces;
    pieces.sort_by_key(|piece| piece.range.start);
    let part = Arc::new(part);
    let waiting = Arc::new(());
    let mut out = filled(length, part.fill.as_deref().unwrap_or_default());
    let mut batches = batches(pieces, ranges.is_here()).into_iter();
    let mut here = match batches.next() {
        Some(batch) => fetch(ranges, batch).await?,
        None => Vec::new(),
    };
    while !here.is_empty() {
        let decoding = {
            let (part, ranges) = (Arc::clone(&part), Arc::clone(ranges));
            let (pieces, waits) = (std::mem::take(&mut here), Arc::downgrade(&waiting));
            tokio::task::spawn_blocking(move || decode(&part, pieces, out, &ranges, &waits))
        };
        let next = async {
            match batches.next() {
                Some(batch) => fetch(ranges, batch).await,
                None => Ok(Vec::new()),
            }
        };
        let (decoded, fetched) = futures::join!(decoding, next);
        out = decoded.map_err(|_| stopped(ranges, &part))??;
        here = fetched?;
    }
    Ok(out.into())
}

/// The elements of a part of an array that is one piece, whose stored bytes are there.
///
/// # Errors
/// As [`gather`].
pub(crate) fn cut(
    part: &Part,
    piece: &Piece,
    stored: Bytes,
    length: usize,
    address: &crate::Address,
) -> Result<Bytes> {
    let mut out = vec![0; length];
    place(part, piece, &decoded(part, piece, stored, address)?, &mut out, address)?;
    Ok(out.into())
}

/// As [`gather`], without other threads, each piece in the memory of the one before; of a piece that is all of the
/// part as it was decoded.
fn in_order(
    part: &Part,
    pieces: &[Piece],
    is_all: bool,
    length: usize,
    ranges: &dyn Ranges,
) -> Result<Bytes> {
    let address = ranges.address();
    let elements = |piece: &Piece| decoded(part, piece, came(None, &piece.range, ranges)?, &address);
    if is_all && let [piece] = pieces {
        return elements(piece);
    }
    let mut out = filled(length, part.fill.as_deref().unwrap_or_default());
    for piece in pieces {
        place(part, piece, &elements(piece)?, &mut out, &address)?;
    }
    Ok(out.into())
}

/// Whether a piece's range holds just the part, in its order.
fn is_all(piece: &Piece, part: &Part, length: usize) -> bool {
    let covers = part.extents.iter().zip(piece.origin.iter().zip(piece.shape.iter()));
    let is_contiguous = covers.clone().all(|(extent, (origin, shape))| {
        extent.step == 1 && extent.start == *origin && extent.count == *shape
    });
    is_contiguous && length > 0
}

/// Whether pieces are here, and have few bytes, stored and decoded.
fn is_little(ranges: &Arc<dyn Ranges>, pieces: &[Piece], length: usize) -> bool {
    let stored = |piece: &Piece| piece.range.end.saturating_sub(piece.range.start);
    ranges.is_here() && pieces.iter().map(stored).fold(length as u64, u64::saturating_add) <= LITTLE
}

async fn whole(ranges: &Arc<dyn Ranges>, part: Part, pieces: Vec<Piece>) -> Result<Bytes> {
    let address = ranges.address();
    let mut fetched = fetch(ranges, pieces).await?;
    let Some((piece, bytes)) = fetched.pop() else { return Err(stopped(ranges, &part)) };
    let (name, here) = (part.name.clone(), Arc::clone(ranges));
    let decoding = tokio::task::spawn_blocking(move || {
        decoded(&part, &piece, came(bytes, &piece.range, here.as_ref())?, &address)
    });
    decoding.await.map_err(|_| Error::Damaged {
        address: ranges.address(),
        what: format!("{name} cannot be decoded"),
    })?
}

fn stopped(ranges: &Arc<dyn Ranges>, part: &Part) -> Error {
    Error::Damaged { address: ranges.address(), what: format!("{} cannot be decoded", part.name) }
}

fn batches(pieces: Vec<Piece>, are_here: bool) -> Vec<Vec<Piece>> {
    if are_here {
        return vec![pieces];
    }
    let mut batches: Vec<Vec<Piece>> = Vec::new();
    let mut sum = u64::MAX;
    for piece in pieces {
        let bytes = piece.range.end - piece.range.start;
        if sum.saturating_add(bytes) > TOGETHER {
            batches.push(Vec::new());
            sum = 0;
        }
        sum += bytes;
        if let Some(last) = batches.last_mut() {
            last.push(piece);
        }
    }
    batches
}

/// The stored bytes of pieces; none yet of those that are here: they are read by who decodes them.
async fn fetch(ranges: &Arc<dyn Ranges>, pieces: Vec<Piece>) -> Result<Vec<(Piece, Option<Bytes>)>> {
    if ranges.is_here() {
        return Ok(pieces.into_iter().map(|piece| (piece, None)).collect());
    }
    let wanted: Vec<Range<u64>> = pieces.iter().map(|piece| piece.range.clone()).collect();
    let fetched = ranges.read(&wanted).await?;
    Ok(pieces.into_iter().zip(fetched.into_iter().map(Some)).collect())
}

fn decode(
    part: &Part,
    pieces: Vec<(Piece, Option<Bytes>)>,
    out: Vec<u8>,
    ranges: &Arc<dyn Ranges>,
    waits: &Weak<()>,
) -> Result<Vec<u8>> {
    let (out, address) = (Mutex::new(out), ranges.address());
    let one = |(piece, fetched): (Piece, Option<Bytes>)| {
        // Who waited for the values is gone: a read of this machine is one batch, and may be long.
        if waits.strong_count() == 0 {
            return Err(stopped(ranges, part));
        }
        let elements = decoded(part, &piece, came(fetched, &piece.range, ranges.as_ref())?, &address)?;
        place(part, &piece, &elements, &mut locked(&out), &address)
    };
    cores()?.install(|| pieces.into_par_iter().try_for_each(one))?;
    Ok(out.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}

/// The elements of a piece, all that it must have.
fn decoded(part: &Part, piece: &Piece, bytes: Bytes, address: &crate::Address) -> Result<Bytes> {
    (part.decode)(piece, bytes).map_err(|what| damaged(part, piece, address, &what))
}

/// Copies what a part has of a piece; an error where the piece has too few elements.
fn place(
    part: &Part,
    piece: &Piece,
    elements: &[u8],
    out: &mut [u8],
    address: &crate::Address,
) -> Result<()> {
    if copy(piece, elements, &part.extents, part.size, out) {
        Ok(())
    } else {
        Err(damaged(part, piece, address, TOO_FEW))
    }
}

fn damaged(part: &Part, piece: &Piece, address: &crate::Address, what: &str) -> Error {
    Error::Damaged {
        address: address.clone(),
        what: format!("the chunk of {} at {:?}, byte {}: {what}", part.name, piece.origin, piece.range.start),
    }
}

/// Copies what a part has of a piece; false where the piece has too few elements.
fn copy(piece: &Piece, elements: &[u8], extents: &[Extent], size: usize, out: &mut [u8]) -> bool {
    let along = extents.iter().zip(piece.origin.iter().zip(piece.shape.iter()));
    let overlaps: Vec<Overlap> =
        along.map(|(extent, (origin, length))| Overlap::of(*extent, *origin, *length)).collect();
    let counts: Vec<u64> = extents.iter().map(|extent| extent.count).collect();
    let copied = runs(&piece.shape, &overlaps, &counts, |from, to, run| {
        let bytes = |first: usize| Some(first.checked_mul(size)?..first.checked_add(run)?.checked_mul(size)?);
        out.get_mut(bytes(to)?)?.copy_from_slice(elements.get(bytes(from)?)?);
        Some(())
    });
    copied.is_some()
}

/// Turns the bytes of numbers of so many bytes around.
pub(crate) fn turn_numbers(bytes: &mut [u8], size: usize) {
    fn turn<const N: usize>(bytes: &mut [u8]) {
        for number in bytes.as_chunks_mut::<N>().0 {
            number.reverse();
        }
    }
    match size {
        0 | 1 => {}
        2 => turn::<2>(bytes),
        4 => turn::<4>(bytes),
        8 => turn::<8>(bytes),
        _ => bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse),
    }
}

/// The pieces of a part of an array that is stored in one row from byte `from` on, `size` bytes an
/// element: one where the part is in one row too, else rows, which are taken whole where that is
/// little.
///
/// # Errors
/// The byte behind the part's last element, where it lies beyond `end`, at which the file ends: what a
/// file says of an array's size is not believed before.
pub(crate) fn of_row(
    from: u64,
    shape: &[u64],
    size: u64,
    extents: &[Extent],
    end: u64,
) -> std::result::Result<Vec<Piece>, u64> {
    if size == 0 || extents.iter().any(|extent| extent.count == 0) {
        return Ok(Vec::new());
    }
    let strides = strides(shape);
    let last = extents
        .iter()
        .zip(&strides)
        .fold(0u64, |sum, (extent, stride)| sum.saturating_add((extent.end() - 1).saturating_mul(*stride)));
    let behind = from.saturating_add(last.saturating_add(1).saturating_mul(size));
    if behind > end {
        return Err(behind);
    }
    let bytes = |axis: usize| strides[axis].saturating_mul(size);
    let is_whole = |axis: usize| extents[axis] == Extent::whole(shape[axis]);
    let Some(mut axis) =
        (0..shape.len()).rev().find(|axis| !is_whole(*axis)).or((!shape.is_empty()).then_some(0))
    else {
        let range = from..from.saturating_add(size);
        return Ok(vec![Piece { range, origin: Vec::new(), shape: Arc::new([]), mask: 0 }]);
    };
    let is_one = extents[axis].step == 1 && extents[..axis].iter().all(|extent| extent.count == 1);
    while !is_one && axis > 0 && bytes(axis - 1) <= NEAR {
        axis -= 1;
    }
    let (extent, row) = (extents[axis], bytes(axis).max(1));
    let (rows, step) = match extent.step {
        _ if is_one => (extent.count, extent.count),
        step if step.saturating_mul(row) > NEAR && step > 1 => (1, step),
        _ => ((BLOCK / row).max(1), (BLOCK / row).max(1)),
    };
    let mut pieces = Vec::new();
    let mut index: Vec<u64> = extents[..axis].iter().map(|extent| extent.start).collect();
    loop {
        let outer: u64 =
            index.iter().zip(&strides).map(|(index, stride)| index.saturating_mul(*stride)).sum();
        let mut first = extent.start;
        while first < extent.end() {
            let count = rows.min(extent.end() - first);
            let start = from.saturating_add(
                outer.saturating_add(first.saturating_mul(strides[axis])).saturating_mul(size),
            );
            let origin =
                index.iter().copied().chain([first]).chain(shape[axis + 1..].iter().map(|_| 0)).collect();
            let lengths =
                index.iter().map(|_| 1).chain([count]).chain(shape[axis + 1..].iter().copied()).collect();
            pieces.push(Piece {
                range: start..start.saturating_add(count.saturating_mul(row)),
                origin,
                shape: lengths,
                mask: 0,
            });
            first = first.saturating_add(step);
        }
        if !step_on(&mut index, extents) {
            return Ok(pieces);
        }
    }
}

/// The next index of a part, the last dimension first; false behind the last.
fn step_on(index: &mut [u64], extents: &[Extent]) -> bool {
    for (index, extent) in index.iter_mut().zip(extents).rev() {
        *index = index.saturating_add(extent.step);
        if *index < extent.end() {
            return true;
        }
        *index = extent.start;
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::handle::Handle;
    use crate::ranges::memory::Memory;

    /// An array's shape, a part of it, and the shape of a chunk.
    fn cases() -> impl Strategy<Value = (Vec<u64>, Vec<Extent>, Vec<u64>)> {
        let axis = (1u64..9).prop_flat_map(|length| {
            let extent = (0..length, 1u64..4).prop_flat_map(move |(start, step)| {
                (0..=(length - start).div_ceil(step)).prop_map(move |count| Extent { start, count, step })
            });
            (Just(length), prop_oneof![extent, Just(Extent::whole(length))], 1u64..5)
        });
        prop::collection::vec(axis, 0..4).prop_map(|axes| {
            let shape = axes.iter().map(|(length, ..)| *length).collect();
            let extents = axes.iter().map(|(_, extent, _)| *extent).collect();
            (shape, extents, axes.iter().map(|(.., chunk)| *chunk).collect())
        })
    }

    /// The numbers of the elements of a part, taken one by one.
    fn one_by_one(shape: &[u64], extents: &[Extent]) -> Vec<u16> {
        let mut numbers = vec![0];
        for (length, extent) in shape.iter().zip(extents) {
            let along = |number: u64| {
                (0..extent.count).map(move |index| number * length + extent.start + index * extent.step)
            };
            numbers = numbers.into_iter().flat_map(along).collect();
        }
        numbers.into_iter().map(|number| u16::try_from(number % 0xFFFF).unwrap()).collect()
    }

    fn gathered_by(
        ranges: &Arc<dyn Ranges>,
        extents: Vec<Extent>,
        pieces: Vec<Piece>,
        decode: Arc<Decode>,
    ) -> Result<Bytes> {
        let length = bytes_of("x", &extents, 2, u64::MAX).unwrap();
        let part = Part { name: "x".to_owned(), extents, size: 2, fill: None, decode };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(gather(ranges, part, pieces, length))
    }

    /// The same of an object elsewhere and of a file of this machine.
    fn gathered(stored: Vec<u8>, extents: Vec<Extent>, pieces: Vec<Piece>) -> Vec<u16> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &stored).unwrap();
        let decode: Arc<Decode> = Arc::new(|_, stored| Ok(stored));
        let here: Arc<dyn Ranges> = Arc::new(Handle::local(file.path()).unwrap());
        let afar: Arc<dyn Ranges> = Arc::new(Memory(stored.into()));
        let here = gathered_by(&here, extents.clone(), pieces.clone(), Arc::clone(&decode)).unwrap();
        let bytes = gathered_by(&afar, extents, pieces, decode).unwrap();
        assert_eq!(here, bytes);
        bytes.chunks_exact(2).map(|bytes| u16::from_ne_bytes([bytes[0], bytes[1]])).collect()
    }

    /// The chunks of an array of numbers in their order, one after the other, and where they are.
    fn chunked(shape: &[u64], chunk: &[u64]) -> (Vec<u8>, Vec<Piece>) {
        let mut origins: Vec<Vec<u64>> = vec![Vec::new()];
        for (length, chunk) in shape.iter().zip(chunk) {
            let along = |origin: Vec<u64>| {
                (0..*length)
                    .step_by(usize::try_from(*chunk).unwrap())
                    .map(move |start| [origin.as_slice(), &[start]].concat())
            };
            origins = origins.into_iter().flat_map(along).collect();
        }
        let (mut stored, mut pieces) = (Vec::new(), Vec::new());
        for origin in origins {
            let from = stored.len() as u64;
            let inside: Vec<Extent> = origin
                .iter()
                .zip(chunk)
                .map(|(start, count)| Extent { start: *start, count: *count, step: 1 })
                .collect();
            // Elements beyond the array are of other chunks' numbers: none of them may be taken.
            stored.extend(one_by_one(shape, &inside).into_iter().flat_map(u16::to_ne_bytes));
            pieces.push(Piece { range: from..stored.len() as u64, origin, shape: chunk.into(), mask: 0 });
        }
        (stored, pieces)
    }

    proptest! {
        #[test]
        fn parts_of_chunks_are_those_of_the_array((shape, extents, chunk) in cases()) {
            let (stored, pieces) = chunked(&shape, &chunk);
            prop_assert_eq!(gathered(stored, extents.clone(), pieces), one_by_one(&shape, &extents));
        }

        #[test]
        fn parts_of_a_row_are_those_of_the_array((shape, extents, _) in cases()) {
            let whole: Vec<Extent> = shape.iter().copied().map(Extent::whole).collect();
            let stored: Vec<u8> = one_by_one(&shape, &whole).into_iter().flat_map(u16::to_ne_bytes).collect();
            let pieces = of_row(0, &shape, 2, &extents, stored.len() as u64).unwrap();
            prop_assert_eq!(gathered(stored, extents.clone(), pieces), one_by_one(&shape, &extents));
        }
    }

    #[test]
    fn much_of_a_file_is_gathered_by_several_threads() {
        let (shape, chunk) = ([3000, 1000], [1000, 1000]);
        let whole = shape.map(Extent::whole).to_vec();
        let (stored, pieces) = chunked(&shape, &chunk);
        assert!(stored.len() as u64 > LITTLE);
        assert_eq!(gathered(stored, whole.clone(), pieces), one_by_one(&shape, &whole));
    }

    #[test]
    fn what_cannot_be_decoded_is_told_wherever_it_lies_and_however_much_it_is() {
        for rows in [10, 3000] {
            let (shape, chunk) = ([rows, 1000], [rows / 2, 1000]);
            let whole = shape.map(Extent::whole).to_vec();
            let (stored, pieces) = chunked(&shape, &chunk);
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), &stored).unwrap();
            let here: Arc<dyn Ranges> = Arc::new(Handle::local(file.path()).unwrap());
            let afar: Arc<dyn Ranges> = Arc::new(Memory(stored.into()));
            for ranges in [here, afar] {
                let told = |decode: Arc<Decode>| {
                    let gathered = gathered_by(&ranges, whole.clone(), pieces.clone(), decode);
                    gathered.unwrap_err().to_string()
                };
                assert!(told(Arc::new(|_, _| Err("it is wrong".to_owned()))).contains("it is wrong"));
                assert!(told(Arc::new(|_, stored| Ok(stored.slice(2..)))).contains(TOO_FEW));
                assert!(told(Arc::new(|_, _| panic!("a codec's own mistake"))).contains("cannot be decoded"));
            }
        }
    }

    #[tokio::test]
    async fn nothing_is_decoded_once_nobody_waits_for_it() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        use std::time::Duration;
        let (shape, chunk) = ([4000, 1000], [10, 1000]);
        let (stored, pieces) = chunked(&shape, &chunk);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &stored).unwrap();
        let here: Arc<dyn Ranges> = Arc::new(Handle::local(file.path()).unwrap());
        let begun = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&begun);
        let decode: Arc<Decode> = Arc::new(move |_, stored| {
            count.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(20));
            Ok(stored)
        });
        let extents = shape.map(Extent::whole).to_vec();
        let part = Part { name: "x".to_owned(), extents, size: 2, fill: None, decode };
        let gathering = gather(&here, part, pieces, stored.len());
        assert!(tokio::time::timeout(Duration::from_millis(100), gathering).await.is_err());
        tokio::time::sleep(Duration::from_millis(100)).await;
        let then = begun.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(then > 0);
        assert_eq!(begun.load(Ordering::SeqCst), then);
    }

    #[test]
    fn rows_far_apart_are_not_read_whole() {
        let shape = [1000, 100_000];
        let column = [Extent::whole(1000), Extent { start: 7, count: 1, step: 1 }];
        let pieces = of_row(0, &shape, 4, &column, u64::MAX).unwrap();
        assert_eq!(pieces.len(), 1000);
        assert!(pieces.iter().all(|piece| piece.range.end - piece.range.start == 4));
        let all = of_row(0, &shape, 4, &shape.map(Extent::whole), u64::MAX).unwrap();
        assert_eq!(all.len(), 1);
    }

    #[test]
    fn a_row_beyond_the_end_is_refused_before_its_pieces_are_listed() {
        let shape = [1 << 40, 1 << 20];
        assert_eq!(of_row(8, &shape, 1, &shape.map(Extent::whole), 1 << 30), Err((1 << 60) + 8));
        assert!(of_row(8, &shape, 8, &shape.map(Extent::whole), 1 << 30).is_err());
        assert_eq!(of_row(8, &[3], 2, &[Extent::whole(3)], 13), Err(14));
        assert_eq!(of_row(8, &[3], 2, &[Extent::whole(3)], 14).unwrap().len(), 1);
        assert_eq!(of_row(8, &shape, 0, &shape.map(Extent::whole), 1 << 30).unwrap(), []);
    }

    #[test]
    fn a_part_beyond_the_limit_is_refused() {
        let part = [Extent::whole(u64::MAX), Extent::whole(u64::MAX)];
        assert!(bytes_of("x", &part, 8, 1 << 30).unwrap_err().to_string().contains("more than 1073741824"));
    }
}
