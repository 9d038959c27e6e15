//! Chunks that a part of an array touches, and how their elements come together.

mod slabs;

use std::sync::Mutex;

use bytes::Bytes;
use rayon::prelude::*;

use crate::cores::cores;
use crate::dataset::{DataType, Extent, Texts, Values};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::overlap::{Overlap, filled, runs};
use crate::passes::locked;
use slabs::Slabs;

/// Bytes that are held for each chunk that a part touches, until all are decoded: which it is, where it lies and
/// what of it is wanted. By the sizes of these, for chunks of a Zarr of four dimensions.
const HELD: u64 = 512;

/// A chunk that a part of an array touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Touched {
    /// Which chunk along each dimension.
    pub(crate) index: Vec<u64>,
    /// The chunk's first element along each dimension.
    pub(crate) origin: Vec<u64>,
    /// What of it is wanted, along each dimension.
    pub(crate) overlaps: Vec<Overlap>,
}

/// The chunks that a part touches, in the order of the array.
pub(crate) fn touched(extents: &[Extent], chunks: &[u64], limits: &Limits) -> Result<Vec<Touched>> {
    let most = limits.chunks.min(limits.metadata / HELD);
    let mut number = 1u64;
    for (extent, chunk) in extents.iter().zip(chunks) {
        let along = if extent.count == 0 {
            0
        } else if extent.step >= *chunk {
            extent.count
        } else {
            (extent.end() - 1) / chunk - extent.start / chunk + 1
        };
        number =
            number.checked_mul(along).filter(|number| *number <= most).ok_or_else(|| Error::Invalid {
                what: format!("the part touches more than {most} chunks"),
                advice: "read it in smaller parts".to_owned(),
            })?;
    }
    if number == 0 {
        return Ok(Vec::new());
    }
    let dimensions: Vec<Vec<(u64, Overlap)>> =
        extents.iter().zip(chunks).map(|(extent, chunk)| along(*extent, *chunk)).collect();
    let mut found = vec![Touched { index: Vec::new(), origin: Vec::new(), overlaps: Vec::new() }];
    for (dimension, chunk) in dimensions.iter().zip(chunks) {
        found = found
            .iter()
            .flat_map(|before| dimension.iter().map(|(index, part)| before.and(*index, *chunk, *part)))
            .collect();
    }
    Ok(found)
}

impl Touched {
    fn and(&self, index: u64, chunk: u64, part: Overlap) -> Self {
        let mut with = self.clone();
        with.index.push(index);
        with.origin.push(index * chunk);
        with.overlaps.push(part);
        with
    }
}

/// The chunks along one dimension, and what is wanted of each.
fn along(extent: Extent, chunk: u64) -> Vec<(u64, Overlap)> {
    let mut found = Vec::new();
    let mut taken = 0;
    while taken < extent.count {
        let first = extent.start + taken * extent.step;
        let index = first / chunk;
        let from = first % chunk;
        let count = ((chunk - 1 - from) / extent.step + 1).min(extent.count - taken);
        found.push((index, Overlap { from, step: extent.step, count, to: taken }));
        taken += count;
    }
    found
}

/// Elements of a decoded chunk.
#[derive(Debug)]
pub(crate) enum Elements {
    /// Of a fixed size, one after the other.
    Numbers(Bytes),
    /// Texts.
    Texts(Texts),
}

/// A decoded chunk: its elements and how many there are along each dimension.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) elements: Elements,
    pub(crate) shape: Vec<u64>,
}

/// What is returned, while it is put together. It is filled with the fill value at first.
#[derive(Debug)]
pub(crate) struct Canvas {
    data_type: DataType,
    shape: Vec<u64>,
    elements: Painted,
}

#[derive(Debug)]
enum Painted {
    /// So many bytes, of elements of a size, all of which have this value: nothing is asked for yet.
    Blank(usize, usize, Vec<u8>),
    Numbers(Vec<u8>, usize),
    Whole(Bytes),
    Texts(Texts),
}

impl Canvas {
    /// Room for a part of an array, all of it one value: its bytes, or its text.
    pub(crate) fn new(data_type: &DataType, shape: Vec<u64>, fill: &Fill, limits: &Limits) -> Result<Self> {
        let elements = match (data_type.size(), fill) {
            (Some(size), Fill::Bytes(value)) => {
                Painted::Blank(limits.size_of_values(&shape, size)?, size, value.clone())
            }
            (Some(size), Fill::Text(_)) => {
                Painted::Numbers(vec![0; limits.size_of_values(&shape, size)?], size)
            }
            (None, fill) => {
                let text = fill.text();
                let size = size_of::<String>() + text.len();
                let count = limits.size_of_values(&shape, size)? / size;
                Painted::Texts(vec![text; count])
            }
        };
        Ok(Self { data_type: data_type.clone(), shape, elements })
    }

    /// The same without asking for room: for a part that is exactly one chunk.
    fn take(&mut self, decoded: &mut Decoded, overlaps: &[Overlap]) -> bool {
        let is_whole =
            |(part, length): (&Overlap, &u64)| part.count == *length && (part.step == 1 || part.count <= 1);
        let whole = decoded.shape == self.shape && overlaps.iter().zip(&decoded.shape).all(is_whole);
        let length = match &self.elements {
            Painted::Blank(length, ..) => *length,
            Painted::Numbers(own, _) => own.len(),
            Painted::Whole(_) | Painted::Texts(_) => return false,
        };
        match &mut decoded.elements {
            Elements::Numbers(bytes) if whole && bytes.len() == length => {
                self.elements = Painted::Whole(std::mem::take(bytes));
                true
            }
            _ => false,
        }
    }

    /// Asks for room, if that is still to be done.
    fn begin(&mut self) {
        if let Painted::Blank(length, size, value) = &self.elements {
            self.elements = Painted::Numbers(filled(*length, value), *size);
        }
    }

    /// Puts what is wanted of a chunk where it belongs. False where the chunk is too small.
    pub(crate) fn place(&mut self, mut decoded: Decoded, overlaps: &[Overlap]) -> bool {
        if self.take(&mut decoded, overlaps) {
            return true;
        }
        self.begin();
        let (chunk, shape) = (&decoded.shape, &self.shape);
        let placed = match (&mut self.elements, &mut decoded.elements) {
            (Painted::Numbers(own, size), Elements::Numbers(bytes)) => {
                copied((bytes, chunk), overlaps, (own, shape), *size)
            }
            (Painted::Texts(own), Elements::Texts(texts)) => runs(chunk, overlaps, shape, |from, to, run| {
                let source = texts.get_mut(from..from + run)?;
                own.get_mut(to..to + run)?.swap_with_slice(source);
                Some(())
            }),
            _ => None,
        };
        placed.is_some()
    }

    /// The values.
    pub(crate) fn finish(self) -> Values {
        let (bytes, texts) = match self.elements {
            Painted::Blank(length, _, value) => (filled(length, &value).into(), Texts::new()),
            Painted::Numbers(bytes, _) => (bytes.into(), Texts::new()),
            Painted::Whole(bytes) => (bytes, Texts::new()),
            Painted::Texts(texts) => (Bytes::new(), texts),
        };
        Values { data_type: self.data_type, shape: self.shape, bytes, texts }
    }
}

/// Copies what is wanted of a chunk, with its shape, to where it belongs in a part, with its own; none where the chunk is
/// too small.
fn copied(
    (chunk, shape): (&[u8], &[u64]),
    overlaps: &[Overlap],
    (part, whole): (&mut [u8], &[u64]),
    size: usize,
) -> Option<()> {
    runs(shape, overlaps, whole, |from, to, run| {
        let source = chunk.get(from * size..(from + run) * size)?;
        part.get_mut(to * size..(to + run) * size)?.copy_from_slice(source);
        Some(())
    })
}

/// The value of what was never written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fill {
    /// An element's bytes.
    Bytes(Vec<u8>),
    /// A text.
    Text(String),
}

impl Fill {
    fn text(&self) -> String {
        match self {
            Self::Bytes(bytes) => String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned(),
            Self::Text(text) => text.clone(),
        }
    }

    /// As values: one element.
    pub(crate) fn values(&self, data_type: &DataType) -> Values {
        match self {
            Self::Bytes(bytes) if *data_type != DataType::Text => {
                let bytes = Bytes::copy_from_slice(bytes);
                Values { data_type: data_type.clone(), shape: Vec::new(), bytes, texts: Texts::new() }
            }
            fill => Values::text(fill.text()),
        }
    }
}

/// Decodes chunks on all cores and puts them where they belong. A chunk that decodes to none keeps the
/// fill value. At a time as many chunks are decoded as there are cores; who decoded one puts it in its place.
pub(crate) fn paint<J: Send + Sync>(
    canvas: &mut Canvas,
    jobs: &[(J, Touched)],
    decode: impl Fn(&J, &Touched) -> Result<Option<Decoded>> + Sync,
    too_small: impl Fn(&J) -> Error + Sync,
) -> Result<()> {
    let put = |canvas: &mut Canvas, job: &(J, Touched), decoded: Option<Decoded>| {
        let is_placed = decoded.is_none_or(|decoded| canvas.place(decoded, &job.1.overlaps));
        if is_placed { Ok(()) } else { Err(too_small(&job.0)) }
    };
    let cores = cores()?;
    if let [job] = jobs {
        return put(canvas, job, cores.install(|| decode(&job.0, &job.1))?);
    }
    if let Some(slabs) = Slabs::of(canvas, jobs.iter().map(|(_, touched)| touched)) {
        let one = |job: &(J, Touched)| match decode(&job.0, &job.1)? {
            Some(decoded) if !slabs.place(&decoded, &job.1.overlaps) => Err(too_small(&job.0)),
            _ => Ok(()),
        };
        return cores.install(|| jobs.par_iter().try_for_each(one));
    }
    let canvas = Mutex::new(canvas);
    let one = |job: &(J, Touched)| {
        let decoded = decode(&job.0, &job.1)?;
        put(&mut locked(&canvas), job, decoded)
    };
    cores.install(|| jobs.par_iter().try_for_each(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An array of running numbers, in chunks.
    fn pick(shape: &[u64], chunks: &[u64], extents: &[Extent]) -> (Vec<u16>, usize) {
        let limits = Limits::default();
        let out: Vec<u64> = extents.iter().map(|extent| extent.count).collect();
        let mut canvas = Canvas::new(&DataType::U16, out, &Fill::Bytes(vec![0xff, 0xff]), &limits).unwrap();
        let jobs: Vec<_> =
            touched(extents, chunks, &limits).unwrap().into_iter().map(|touched| ((), touched)).collect();
        paint(
            &mut canvas,
            &jobs,
            |(), touched| {
                let mut bytes = Vec::new();
                let count: u64 = chunks.iter().product();
                for element in 0..count {
                    let mut rest = element;
                    let mut place = vec![0; chunks.len()];
                    for dimension in (0..chunks.len()).rev() {
                        place[dimension] = touched.origin[dimension] + rest % chunks[dimension];
                        rest /= chunks[dimension];
                    }
                    let number = place.iter().zip(shape).fold(0, |number, (at, length)| number * length + at);
                    bytes.extend(u16::try_from(number).unwrap().to_ne_bytes());
                }
                Ok(Some(Decoded { elements: Elements::Numbers(bytes.into()), shape: chunks.to_vec() }))
            },
            |()| unreachable!(),
        )
        .unwrap();
        let values = canvas.finish();
        (bytemuck::pod_collect_to_vec(&values.bytes), jobs.len())
    }

    fn expected(shape: &[u64], extents: &[Extent]) -> Vec<u16> {
        let mut numbers = vec![0u64];
        for (extent, length) in extents.iter().zip(shape) {
            numbers = numbers
                .iter()
                .flat_map(|number| {
                    (0..extent.count).map(move |step| number * length + extent.start + step * extent.step)
                })
                .collect();
        }
        numbers.into_iter().map(|number| u16::try_from(number).unwrap()).collect()
    }

    #[test]
    fn every_element_comes_from_its_chunk() {
        let extent = |start, count, step| Extent { start, count, step };
        let shape = [7, 11, 5];
        for chunks in [[7, 11, 5], [2, 3, 5], [3, 11, 2], [1, 1, 1], [4, 20, 20]] {
            for extents in [
                [extent(0, 7, 1), extent(0, 11, 1), extent(0, 5, 1)],
                [extent(1, 4, 1), extent(2, 7, 1), extent(0, 5, 1)],
                [extent(1, 3, 2), extent(0, 3, 5), extent(1, 2, 3)],
                [extent(6, 1, 1), extent(10, 1, 9), extent(4, 1, 1)],
                [extent(0, 7, 1), extent(3, 0, 1), extent(0, 5, 1)],
            ] {
                assert_eq!(
                    pick(&shape, &chunks, &extents).0,
                    expected(&shape, &extents),
                    "{chunks:?} {extents:?}"
                );
            }
        }
    }

    #[test]
    fn a_part_as_large_as_a_chunk_may_lie_across_two() {
        let extents = [Extent { start: 2, count: 3, step: 1 }];
        assert_eq!(pick(&[9], &[3], &extents), (vec![2, 3, 4], 2));
    }

    #[test]
    fn chunks_between_steps_are_not_touched() {
        let extents = [Extent { start: 0, count: 3, step: 40 }];
        assert_eq!(pick(&[100], &[10], &extents), (vec![0, 40, 80], 3));
    }

    /// A chunk that is all that was asked for stays where it was decoded to: the room for it is never asked for.
    #[test]
    fn room_is_asked_for_when_it_is_needed() {
        let limits = Limits { values: u64::MAX, ..Limits::default() };
        let fill = Fill::Bytes(f64::NAN.to_ne_bytes().to_vec());
        assert!(Canvas::new(&DataType::F64, vec![1 << 50], &fill, &limits).is_ok());
        let mut canvas = Canvas::new(&DataType::F64, vec![2], &fill, &limits).unwrap();
        let overlaps = touched(&[Extent::whole(2)], &[2], &limits).unwrap().remove(0).overlaps;
        let bytes = Bytes::from(vec![7; 16]);
        let elements = Elements::Numbers(bytes.clone());
        assert!(canvas.place(Decoded { elements, shape: vec![2] }, &overlaps));
        assert_eq!(canvas.finish().bytes.as_ptr(), bytes.as_ptr());
    }

    #[test]
    fn what_is_not_there_has_the_fill_value() {
        let limits = Limits::default();
        let mut canvas = Canvas::new(&DataType::I16, vec![3], &Fill::Bytes(vec![1, 2]), &limits).unwrap();
        let jobs = [((), touched(&[Extent::whole(3)], &[3], &limits).unwrap().remove(0))];
        paint(&mut canvas, &jobs, |(), _| Ok(None), |()| unreachable!()).unwrap();
        assert_eq!(canvas.finish().bytes.as_ref(), [1, 2, 1, 2, 1, 2]);
    }

    #[test]
    fn texts_of_the_fill_value_are_counted() {
        let limits = Limits { values: 10_000, ..Limits::default() };
        let texts =
            |fill: &str| Canvas::new(&DataType::Text, vec![100], &Fill::Text(fill.to_owned()), &limits);
        assert_eq!(texts("ice").unwrap().finish().texts, vec!["ice"; 100]);
        assert!(texts(&"ice".repeat(100)).unwrap_err().to_string().contains("more than 10000 bytes"));
    }

    #[test]
    fn too_many_chunks_are_refused() {
        let limits = Limits { chunks: 100, ..Limits::default() };
        assert!(touched(&[Extent::whole(101)], &[1], &limits).is_err());
        assert!(touched(&[Extent::whole(11), Extent::whole(10)], &[1, 1], &limits).is_err());
        assert_eq!(touched(&[Extent::whole(10), Extent::whole(10)], &[1, 1], &limits).unwrap().len(), 100);
        assert!(touched(&[Extent::whole(u64::MAX)], &[1], &limits).is_err());
        let little = Limits { metadata: 100 * HELD, ..Limits::default() };
        assert!(touched(&[Extent::whole(100)], &[1], &little).is_ok());
        assert!(touched(&[Extent::whole(101)], &[1], &little).is_err(), "the list of them takes memory too");
    }
}
