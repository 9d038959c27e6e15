//! Static STAC catalogues: documents that link to each other, walked from a root.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, Stream, StreamExt};
use serde_json::Value;
use url::Url;

use super::LONGEST;
use super::item::to_item;
use super::link::hrefs;
use super::search::items_of;
use crate::address::Address;
use crate::documents;
use crate::error::{Error, Result};
use crate::found::Item;
use crate::geo::Bbox;
use crate::http::Client;
use crate::json::{at, list, text};
use crate::times::{Interval, first};

/// Documents that are asked for at once.
const AT_ONCE: usize = 8;
/// How many links the root is away at most.
const MOST_DEPTH: u32 = 32;

/// What of a catalogue is wanted. Collections whose extent lies elsewhere are not walked into.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Only of these collections.
    pub collections: Vec<String>,
    /// Only these items.
    pub ids: Vec<String>,
    /// Only what meets a box.
    pub bbox: Option<Bbox>,
    /// Only what meets a span of time.
    pub datetime: Option<Interval>,
}

/// A document on its way, with how many links the root is away.
type Reading = BoxFuture<'static, (u32, Result<(Url, Value)>)>;

/// Hears of documents that are left out, each with why.
pub type Omissions = Arc<dyn Fn(&Error) + Send + Sync>;

/// A walk through a catalogue. Each document is read once, also where links lead in a circle.
pub struct Walk {
    client: Client,
    wanted: Wanted,
    queue: VecDeque<(Url, u32)>,
    seen: HashSet<Url>,
    reading: FuturesUnordered<Reading>,
    found: VecDeque<Item>,
    limit: Option<usize>,
    given: usize,
    omissions: Option<Omissions>,
}

impl Walk {
    /// Begins at a catalogue, a collection, an item or a feature collection.
    pub fn new(client: Client, root: Url, wanted: Wanted) -> Self {
        Self {
            client,
            wanted,
            seen: HashSet::from([root.clone()]),
            queue: VecDeque::from([(root, 0)]),
            reading: FuturesUnordered::new(),
            found: VecDeque::new(),
            limit: None,
            given: 0,
            omissions: None,
        }
    }

    /// The same, telling of documents that are left out.
    #[must_use]
    pub fn told_to(mut self, omissions: Omissions) -> Self {
        self.omissions = Some(omissions);
        self
    }

    /// Gives at most so many items.
    #[must_use]
    pub fn limit(mut self, most: usize) -> Self {
        self.limit = Some(most);
        self
    }

    /// How many documents were met so far.
    pub fn documents(&self) -> usize {
        self.seen.len()
    }

    /// The next item, or none at the end. Items come as their documents do, in no order. A document that is
    /// not there, is refused, or is none of STAC is left out, and told of.
    ///
    /// # Errors
    /// When the first document cannot be read, or another may be at a later time.
    pub async fn next(&mut self) -> Result<Option<Item>> {
        loop {
            if self.limit.is_some_and(|limit| self.given >= limit) {
                return Ok(None);
            }
            if let Some(item) = self.found.pop_front() {
                self.given += 1;
                return Ok(Some(item));
            }
            while self.reading.len() < AT_ONCE {
                let Some((url, depth)) = self.queue.pop_front() else { break };
                let client = self.client.clone();
                self.reading.push(async move { (depth, read(&client, &url).await) }.boxed());
            }
            let Some((depth, read)) = self.reading.next().await else { return Ok(None) };
            match read {
                Ok((url, document)) => self.take(&url, document, depth),
                Err(error) if depth == 0 || error.is_passing() => return Err(error),
                Err(error) => {
                    if let Some(omissions) = &self.omissions {
                        omissions(&error);
                    }
                }
            }
        }
    }

    /// Takes what a document holds: itself if it is an item, and the documents that it links to.
    fn take(&mut self, url: &Url, document: Value, depth: u32) {
        let kind = text(&document, &["type"]).unwrap_or_default();
        if kind == "Feature" {
            let item = to_item(document, url);
            if self.wants(&item) {
                self.found.push_back(item);
            }
            return;
        }
        if kind == "FeatureCollection" {
            let items = items_of(&document, url);
            let wanted: Vec<Item> = items.into_iter().filter(|item| self.wants(item)).collect();
            self.found.extend(wanted);
            return;
        }
        if !self.may_hold(&document) || depth >= MOST_DEPTH {
            return;
        }
        // Items before catalogues, so that the queue stays short.
        for url in hrefs(&document, "child", url) {
            if self.seen.insert(url.clone()) {
                self.queue.push_back((url, depth + 1));
            }
        }
        for url in hrefs(&document, "item", url).into_iter().rev() {
            if self.seen.insert(url.clone()) {
                self.queue.push_front((url, depth + 1));
            }
        }
    }

    fn wants(&self, item: &Item) -> bool {
        let Wanted { collections, ids, bbox, datetime } = &self.wanted;
        let named = |wanted: &[String], name: Option<&str>| {
            wanted.is_empty() || name.is_some_and(|name| wanted.iter().any(|wanted| wanted == name))
        };
        let placed = bbox.is_none_or(|wanted| item.bbox.is_some_and(|bbox| meet(wanted, bbox)));
        named(collections, item.dataset.id.as_deref())
            && named(ids, Some(&item.id))
            && placed
            && datetime.is_none_or(|wanted| overlap(wanted, item.time))
    }

    /// Whether a catalogue may hold what is wanted, by what a collection tells of itself.
    fn may_hold(&self, document: &Value) -> bool {
        let extent = at(document, &["extent"]);
        if !extent.is_object() {
            return true;
        }
        let id = text(document, &["id"]).unwrap_or_default();
        if !self.wanted.collections.is_empty() && !self.wanted.collections.iter().any(|wanted| wanted == id) {
            // A collection may have others below it.
            return list(document, &["links"]).any(|link| text(link, &["rel"]) == Some("child"));
        }
        let mut boxes = list(extent, &["spatial", "bbox"]).filter_map(Bbox::from_geojson).peekable();
        let placed = self
            .wanted
            .bbox
            .is_none_or(|wanted| boxes.peek().is_none() || boxes.any(|bbox| meet(wanted, bbox)));
        let mut spans = list(extent, &["temporal", "interval"]).map(span).peekable();
        let timed = self
            .wanted
            .datetime
            .is_none_or(|wanted| spans.peek().is_none() || spans.any(|span| overlap(wanted, span)));
        placed && timed
    }

    /// The walk as a stream, which ends at the first error.
    pub fn into_stream(self) -> impl Stream<Item = Result<Item>> + Send {
        futures::stream::try_unfold(self, |mut walk| async move {
            let next = walk.next().await?;
            Ok(next.map(|item| (item, walk)))
        })
    }
}

async fn read(client: &Client, url: &Url) -> Result<(Url, Value)> {
    let (url, bytes) = documents::read(client, url, LONGEST).await?;
    let document: Value = serde_json::from_slice(&bytes).map_err(|error| Error::Answer {
        address: Address::from(&url),
        what: format!("something that is no JSON: {error}"),
    })?;
    Ok((url, document))
}

fn span(interval: &Value) -> Interval {
    let end = |index: usize| interval.get(index).and_then(Value::as_str).and_then(first);
    Interval { start: end(0), end: end(1) }
}

/// Whether two boxes meet, also across the antimeridian.
fn meet(one: Bbox, other: Bbox) -> bool {
    if one.south > other.north || other.south > one.north {
        return false;
    }
    let parts = |bbox: Bbox| {
        let across = vec![(bbox.west, 180.0), (-180.0, bbox.east)];
        if bbox.crosses_antimeridian() { across } else { vec![(bbox.west, bbox.east)] }
    };
    parts(one).iter().any(|one| parts(other).iter().any(|other| one.0 <= other.1 && other.0 <= one.1))
}

/// Whether two spans of time meet; a span without any moment meets nothing.
fn overlap(wanted: Interval, span: Interval) -> bool {
    if span == Interval::default() {
        return false;
    }
    let before = |end: Option<jiff::Timestamp>, start: Option<jiff::Timestamp>| matches!((end, start), (Some(end), Some(start)) if end < start);
    !before(span.end, wanted.start) && !before(wanted.end, span.start)
}
