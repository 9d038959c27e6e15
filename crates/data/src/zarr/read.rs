//! The chunks of a part of an array: where they lie, fetched together, decoded side by side.

use std::collections::HashMap;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};

use super::array::{Array, Decoder};
use super::narrow::narrow;
use super::shards::Shards;
use crate::address::Address;
use crate::dataset::{Extent, Selection, Stored, Values};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::mosaic::{Canvas, Decoded, Touched, paint, touched};
use crate::objects::{INLINE, Objects, Place, fetch};

/// How many objects are looked for at a time.
const AT_ONCE: usize = 32;

/// A chunk that is wanted: where it lies, and which rows of it were asked for, if not all.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) key: String,
    pub(super) place: Option<Place>,
    /// The shape of what was asked for, where that is a part of a plain chunk.
    pub(super) shape: Option<Vec<u64>>,
}

/// Where the chunks lie that a part touches.
pub(super) async fn ranges(
    objects: &Arc<dyn Objects>,
    key: &str,
    array: &Array,
    selection: &Selection,
    limits: &Limits,
) -> Result<Vec<Stored>> {
    let extents = selection.of(&array.shape)?;
    let jobs = located(objects, key, array, &extents, limits, Reading::Planned).await?;
    let stored = jobs.into_iter().map(|(job, touched)| async move {
        let Some(place) = job.place else { return Ok::<_, Error>(None) };
        let Some(length) = place.length_alone().await? else { return Ok(None) };
        let from = match &place {
            Place::Object(_, Some(range)) | Place::File(_, Some(range)) => range.start,
            _ => 0,
        };
        let address = place.address().unwrap_or_else(|| Address::named(INLINE.to_owned()));
        Ok(Some(Stored { address, from, length, origin: touched.origin, skipped: 0 }))
    });
    let stored: Vec<_> = stream::iter(stored).buffered(AT_ONCE).try_collect().await?;
    Ok(stored.into_iter().flatten().collect())
}

/// Why it is asked where chunks lie.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// They are read then.
    Begun,
    /// They may never be: nothing of them is to come.
    Planned,
}

/// The chunks that a part touches, each with the place where it lies.
pub(super) async fn located(
    objects: &Arc<dyn Objects>,
    key: &str,
    array: &Array,
    extents: &[Extent],
    limits: &Limits,
    reading: Reading,
) -> Result<Vec<(Job, Touched)>> {
    let Some(shards) = &array.shards else {
        let touched = touched(extents, &array.chunks, limits)?;
        let jobs = touched.into_iter().map(|touched| async move {
            let key = below(key, &array.keys.key(&touched.index));
            let place = objects.find(&key).await?;
            Ok::<_, Error>((Job { key, place, shape: None }, touched))
        });
        return stream::iter(jobs).buffered(AT_ONCE).try_collect().await;
    };
    let touched = touched(extents, &shards.chunks, limits)?;
    let shard_of = |touched: &Touched| -> Vec<u64> {
        touched.origin.iter().zip(&array.chunks).map(|(origin, shard)| origin / shard).collect()
    };
    let mut wanted: Vec<Vec<u64>> = touched.iter().map(shard_of).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let indexes = wanted.into_iter().map(|shard| async move {
        let key = below(key, &array.keys.key(&shard));
        let index = index(objects, &key, shards, reading).await?;
        Ok::<_, Error>((shard, (key, index)))
    });
    let indexes: HashMap<_, _> = stream::iter(indexes).buffer_unordered(AT_ONCE).try_collect().await?;
    let jobs = touched.into_iter().map(|touched| {
        let Some((key, Some((shard, places)))) = indexes.get(&shard_of(&touched)) else {
            return Ok((Job { key: String::new(), place: None, shape: None }, touched));
        };
        let within = touched.origin.iter().zip(&array.chunks).zip(&shards.chunks);
        let number = shards.number(within.map(|((origin, shard), chunk)| origin % shard / chunk));
        let place = match number.and_then(|number| places.get(number).copied()).flatten() {
            Some((from, length)) => {
                let end = from.checked_add(length).ok_or_else(|| beyond(key, from))?;
                Some(shard.part(from..end)?)
            }
            None => None,
        };
        Ok((Job { key: key.clone(), place, shape: None }, touched))
    });
    jobs.collect()
}

/// That a chunk cannot be decoded.
pub(super) fn damaged(store: &Address, job: &Job, touched: Option<&Touched>, what: &str) -> Error {
    let at = touched.map(|touched| format!(" from element {:?} on", touched.origin)).unwrap_or_default();
    let address = job.place.as_ref().and_then(Place::address);
    let address = address
        .unwrap_or_else(|| Address::named(format!("{}/{}", store.as_str().trim_end_matches('/'), job.key)));
    Error::Damaged { address, what: format!("the chunk {}{at} cannot be decoded: {what}", job.key) }
}

pub(super) fn beyond(key: &str, from: u64) -> Error {
    Error::Damaged {
        address: Address::named(key.to_owned()),
        what: format!("its index points to byte {from}, beyond its end"),
    }
}

/// Where the chunks of a shard lie.
type Index = Vec<Option<(u64, u64)>>;

/// A shard and where its chunks lie in it; none where there is no shard.
async fn index(
    objects: &Arc<dyn Objects>,
    key: &str,
    shards: &Shards,
    reading: Reading,
) -> Result<Option<(Place, Index)>> {
    let Some(place) = objects.find(key).await? else { return Ok(None) };
    let length = match reading {
        Reading::Begun => place.length().await?,
        Reading::Planned => place.length_alone().await?,
    };
    let Some(length) = length else { return Ok(None) };
    let damaged = |what| Error::Damaged {
        address: place.address().unwrap_or_else(|| Address::named(key.to_owned())),
        what,
    };
    let from = if shards.is_first { Some(0) } else { length.checked_sub(shards.size) };
    let from = from
        .ok_or_else(|| damaged(format!("it has {length} bytes, fewer than its index of {}", shards.size)))?;
    let part = place.part(from..from + shards.size)?;
    let bytes = match reading {
        Reading::Begun => part.bytes(shards.size).await?,
        Reading::Planned => part.bytes_alone(shards.size).await?,
    };
    let Some(bytes) = bytes else { return Ok(None) };
    let places = shards.places(&bytes).map_err(damaged)?;
    let outside =
        places.iter().flatten().find(|(from, size)| from.checked_add(*size).is_none_or(|end| end > length));
    if let Some((from, size)) = outside {
        return Err(damaged(format!(
            "it has {length} bytes, and its index tells of {size} bytes from {from} on"
        )));
    }
    Ok(Some((place, places)))
}

fn below(key: &str, chunk: &str) -> String {
    if key.is_empty() { chunk.to_owned() } else { format!("{key}/{chunk}") }
}

/// The values of a part of an array.
pub(super) async fn read(
    objects: &Arc<dyn Objects>,
    key: &str,
    array: Arc<Array>,
    selection: &Selection,
    limits: Limits,
) -> Result<Values> {
    let extents = selection.of(&array.shape)?;
    let decoder = array.decoder.as_ref().map_err(|what| Error::Invalid {
        what: format!("`{key}` of {} cannot be read: {what}", objects.address()),
        advice: "read it with the program that wrote it, and write it again".to_owned(),
    })?;
    let shape: Vec<u64> = extents.iter().map(|extent| extent.count).collect();
    let (data_type, fill) = (&decoder.element.data_type, &decoder.fill);
    let mut canvas = Canvas::new(data_type, shape, fill, &limits)?;
    let mut jobs = located(objects, key, &array, &extents, &limits, Reading::Begun).await?;
    let chunks = array.decoded();
    if decoder.is_plain {
        jobs = narrow(jobs, decoder, chunks, &limits)?;
    }
    let most = decoder.most_stored();
    let mut batches = batches(jobs, chunks, decoder, &limits).into_iter();
    let mut next = match batches.next() {
        Some(batch) => Some(fetched(batch, most).await?),
        None => None,
    };
    // A batch is decoded while the one behind it is on its way.
    while let Some(batch) = next {
        let painted = painted(canvas, batch, Arc::clone(&array), objects.address(), most);
        let coming = async {
            match batches.next() {
                Some(batch) => fetched(batch, most).await.map(Some),
                None => Ok(None),
            }
        };
        (canvas, next) = futures::try_join!(painted, coming)?;
    }
    Ok(canvas.finish())
}

pub(super) type Batch = Vec<(Job, Touched)>;

/// Chunks in parts of which each is fetched in one go.
fn batches(jobs: Batch, chunks: &[u64], decoder: &Decoder, limits: &Limits) -> Vec<Batch> {
    let is_remote = |job: &Job| matches!(&job.place, Some(Place::Object(..)));
    let size = |(job, _): &(Job, Touched)| match &job.place {
        Some(Place::Object(_, Some(range))) => range.end - range.start,
        Some(Place::Object(_, None)) => {
            let size = decoder.element.size().unwrap_or(16) as u64;
            crate::limits::product(job.shape.as_deref().unwrap_or(chunks), size).unwrap_or(u64::MAX)
        }
        _ => 0,
    };
    if !jobs.iter().any(|(job, _)| is_remote(job)) {
        return vec![jobs];
    }
    let mut batches: Vec<Batch> = Vec::new();
    let mut held = u64::MAX;
    for job in jobs {
        held = held.saturating_add(size(&job));
        if held > limits.ahead {
            batches.push(Vec::new());
            held = size(&job);
        }
        if let Some(batch) = batches.last_mut() {
            batch.push(job);
        }
    }
    batches
}

async fn fetched(batch: Batch, most: u64) -> Result<Batch> {
    let (mut jobs, touched): (Vec<Job>, Vec<Touched>) = batch.into_iter().unzip();
    let places = jobs.iter_mut().map(|job| job.place.take()).collect();
    let places = fetch(places, most).await?;
    for (job, place) in jobs.iter_mut().zip(places) {
        job.place = place;
    }
    Ok(jobs.into_iter().zip(touched).collect())
}

/// Decodes a batch on threads that may be busy.
async fn painted(
    mut canvas: Canvas,
    batch: Batch,
    array: Arc<Array>,
    store: Address,
    most: u64,
) -> Result<Canvas> {
    let address = store.clone();
    let waiting = Arc::new(());
    let waits = Arc::downgrade(&waiting);
    let work = tokio::task::spawn_blocking(move || {
        let Ok(decoder) = &array.decoder else { return Ok(canvas) };
        let damaged = |job: &Job, touched: Option<&Touched>, what: &str| damaged(&store, job, touched, what);
        let decode = |job: &Job, touched: &Touched| -> Result<Option<Decoded>> {
            // Nothing is decoded any more once nobody waits for it.
            let Some(place) = job.place.as_ref().filter(|_| waits.strong_count() > 0) else {
                return Ok(None);
            };
            let Some(bytes) = place.bytes_here(most)? else { return Ok(None) };
            decoder
                .decode(&bytes, job.shape.as_deref())
                .map(Some)
                .map_err(|what| damaged(job, Some(touched), &what))
        };
        paint(&mut canvas, &batch, decode, |job| damaged(job, None, "it has too few elements"))?;
        Ok(canvas)
    });
    work.await.unwrap_or_else(|error| {
        Err(Error::Damaged { address, what: format!("decoding its chunks was broken off: {error}") })
    })
}
