//! What of plain chunks is fetched: elements lie in them as in memory, so that rows can be asked for.

use super::array::Decoder;
use super::read::{Batch, Job, beyond};
use crate::error::{Error, Result};
use crate::limits::{Limits, product};
use crate::mosaic::Touched;

/// Asks, of plain chunks, for those rows only that are wanted. What is then larger than what may be held, and
/// mostly not wanted or larger than a chunk that is decoded, is asked for in several pieces.
pub(super) fn narrow(jobs: Batch, decoder: &Decoder, chunks: &[u64], limits: &Limits) -> Result<Batch> {
    let Some(size) = decoder.element.size() else { return Ok(jobs) };
    let mut found = Vec::with_capacity(jobs.len());
    for (job, touched) in jobs {
        add(&mut found, job, touched, chunks, size as u64, limits)?;
    }
    Ok(found)
}

/// Adds the pieces of a job that has elements of this shape.
fn add(
    found: &mut Batch,
    mut job: Job,
    mut touched: Touched,
    shape: &[u64],
    size: u64,
    limits: &Limits,
) -> Result<()> {
    if found.len() as u64 >= limits.chunks {
        return Err(Error::Invalid {
            what: format!("the part lies in more than {} pieces", limits.chunks),
            advice: "read it in smaller parts".to_owned(),
        });
    }
    // The dimension whose rows lie one after the other: all before it have one element.
    let dimension = shape.iter().position(|length| *length > 1);
    let (Some(dimension), Some(place)) = (dimension, &job.place) else {
        found.push((job, touched));
        return Ok(());
    };
    let row = product(&shape[dimension + 1..], size).unwrap_or(u64::MAX);
    let part = touched.overlaps[dimension];
    let rows = part.from..part.from + (part.count - 1) * part.step + 1;
    let range = rows.start.checked_mul(row).zip(rows.end.checked_mul(row));
    let (from, to) = range.ok_or_else(|| beyond(&job.key, rows.start))?;
    let mut shape = shape.to_vec();
    if rows != (0..shape[dimension]) {
        shape[dimension] = rows.end - rows.start;
        job.place = Some(place.part(from..to)?);
        job.shape = Some(shape.clone());
        touched.overlaps[dimension].from = 0;
    }
    let wanted = touched.overlaps.iter().fold(size, |bytes, part| bytes.saturating_mul(part.count));
    let is_sparse = to - from > wanted.saturating_mul(2);
    if to - from <= limits.ahead || !is_sparse && to - from <= limits.chunk {
        found.push((job, touched));
        return Ok(());
    }
    let part = touched.overlaps[dimension];
    if part.count == 1 {
        return add(found, job, touched, &shape, size, limits);
    }
    let together = if is_sparse { 1 } else { (limits.ahead / row.max(1)).max(1).div_ceil(part.step) };
    let mut taken = 0;
    while taken < part.count {
        let mut piece = touched.clone();
        let own = &mut piece.overlaps[dimension];
        own.from = part.from + taken * part.step;
        own.count = together.min(part.count - taken);
        own.to = part.to + taken;
        taken += own.count;
        add(found, job.clone(), piece, &shape, size, limits)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::dataset::{Extent, Selection};
    use crate::mosaic::touched;
    use crate::objects::{Folder, Objects, Place};
    use crate::zarr::array::Array;
    use crate::zarr::read::read;

    const SHAPE: [u64; 3] = [6, 8, 10];

    fn array(shape: [u64; 3]) -> Value {
        json!({"zarr_format": 2, "shape": shape, "chunks": shape, "dtype": "<u2", "fill_value": 0, "order": "C",
            "filters": null, "compressor": null})
    }

    fn expected(extents: &[Extent]) -> Vec<u16> {
        let mut numbers = vec![0];
        for (extent, length) in extents.iter().zip(SHAPE) {
            let places = |number: u64| {
                (0..extent.count).map(move |step| number * length + extent.start + step * extent.step)
            };
            numbers = numbers.into_iter().flat_map(places).collect();
        }
        numbers.into_iter().map(|number| u16::try_from(number).unwrap()).collect()
    }

    fn extent(start: u64, count: u64, step: u64) -> Extent {
        Extent { start, count, step }
    }

    #[tokio::test]
    async fn of_a_large_plain_chunk_only_pieces_with_what_is_wanted_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = (0u16..480).flat_map(u16::to_le_bytes).collect();
        std::fs::write(folder.path().join("0.0.0"), &bytes).unwrap();
        let objects: Arc<dyn Objects> = Arc::new(Folder::new(folder.path()));
        for (ahead, chunk) in [(1 << 20, 1 << 20), (64, 1 << 20), (64, 128), (1, 1), (20, 20), (200, 300)] {
            let limits = Limits { chunk, ahead, ..Limits::default() };
            let array = Arc::new(Array::of_v2(&array(SHAPE), &json!({}), &limits).unwrap());
            for extents in [
                [extent(0, 6, 1), extent(0, 8, 1), extent(0, 10, 1)],
                [extent(0, 6, 1), extent(3, 1, 1), extent(4, 1, 1)],
                [extent(1, 2, 3), extent(0, 8, 1), extent(0, 10, 1)],
                [extent(0, 3, 2), extent(1, 3, 2), extent(2, 3, 3)],
                [extent(5, 1, 1), extent(7, 1, 1), extent(9, 1, 1)],
                [extent(2, 3, 1), extent(2, 5, 1), extent(0, 10, 1)],
            ] {
                let part = Selection::Box(extents.to_vec());
                let values = read(&objects, "", Arc::clone(&array), &part, limits).await.unwrap();
                let found: Vec<u16> = bytemuck::pod_collect_to_vec(&values.bytes);
                assert_eq!(found, expected(&extents), "{extents:?} {limits:?}");
            }
        }
    }

    /// The bytes of the pieces in which a part of a large chunk is read.
    fn pieces(extents: &[Extent], limits: Limits) -> Result<Vec<u64>> {
        let shape = [100, 10_000, 10_000];
        let array = Array::of_v2(&array(shape), &json!({}), &limits).unwrap();
        let jobs = touched(extents, &shape, &limits).unwrap().into_iter().map(|touched| {
            let place = Some(Place::File("chunk".into(), None));
            (Job { key: String::new(), place, shape: None }, touched)
        });
        let found = narrow(jobs.collect(), array.decoder.as_ref().unwrap(), &shape, &limits)?;
        let bytes = |(job, _): &(Job, Touched)| match &job.place {
            Some(Place::File(_, Some(range))) => range.end - range.start,
            other => panic!("{other:?}"),
        };
        Ok(found.iter().map(bytes).collect())
    }

    #[test]
    fn no_piece_of_a_large_chunk_is_mostly_unwanted_or_larger_than_a_chunk() {
        let limits = Limits::default();
        let all = |length| extent(0, length, 1);
        let one = [all(100), extent(0, 1, 1), extent(0, 1, 1)];
        assert_eq!(pieces(&one, limits).unwrap(), [20_000; 100]);
        let whole = pieces(&[all(100), all(10_000), all(10_000)], limits).unwrap();
        assert_eq!(whole.iter().sum::<u64>(), 20_000_000_000);
        assert!(whole.iter().all(|bytes| *bytes <= limits.chunk));
        let every = pieces(&[extent(0, 50, 2), all(10_000), all(10_000)], limits).unwrap();
        assert_eq!(every.iter().sum::<u64>(), 10_000_000_000);
        let column = pieces(&[all(100), all(10_000), extent(0, 1, 1)], Limits { chunks: 1000, ..limits });
        assert!(column.unwrap_err().to_string().contains("more than 1000 pieces"));
    }
}
