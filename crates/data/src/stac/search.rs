//! A search of a STAC API from its first page to its last.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use futures::Stream;
use serde_json::Value;
use url::Url;

use super::api::Api;
use super::item::to_item;
use super::link::{PageRequest, next};
use super::query::StacQuery;
use crate::address::Address;
use crate::error::{Error, Result};
use crate::found::Item;
use crate::json::{at, list};

/// Empty pages in a row after which a search fails though there is a link to a next one.
const MOST_EMPTY: u32 = 10;

/// A search under way. It holds one page at a time.
pub struct StacSearch {
    api: Api,
    next: Option<PageRequest>,
    /// The same search by `GET`, for a service that turns out to take no `POST`.
    by_get: Option<PageRequest>,
    limit: Option<usize>,
    given: usize,
    empty: u32,
    matched: Option<u64>,
    base: Url,
    page: std::vec::IntoIter<Value>,
    /// Digests of the requests so far.
    asked: HashSet<u64>,
}

impl StacSearch {
    pub(super) fn new(api: Api, query: &StacQuery) -> Result<Self> {
        let by_get = api.search_link("GET").map(|url| get(url, query));
        let post = api.search_link("POST");
        let post = post.map(|url| PageRequest { url, body: Some(query.to_body()), headers: Vec::new() });
        let (first, by_get) = match (post, by_get) {
            (Some(post), by_get) => {
                let by_get = by_get.or_else(|| Some(get(post.url.clone(), query)));
                (post, by_get)
            }
            (None, Some(get)) => (get, None),
            (None, None) => {
                return Err(Error::Invalid {
                    what: format!("{} has no search", api.title()),
                    advice: "walk through it as a static catalogue".to_owned(),
                });
            }
        };
        let base = first.url.clone();
        Ok(Self {
            api,
            next: Some(first),
            by_get,
            limit: None,
            given: 0,
            empty: 0,
            matched: None,
            base,
            page: Vec::new().into_iter(),
            asked: HashSet::new(),
        })
    }

    /// Gives at most so many.
    #[must_use]
    pub fn limit(mut self, most: usize) -> Self {
        self.limit = Some(most);
        self
    }

    /// How many there are in all, once the first page has come and if the service counts.
    pub fn matched(&self) -> Option<u64> {
        self.matched
    }

    /// The next item, or none at the end.
    ///
    /// # Errors
    /// When the service does not answer, or not as it should.
    pub async fn next(&mut self) -> Result<Option<Item>> {
        let Some(raw) = self.next_raw().await? else { return Ok(None) };
        Ok(Some(to_item(raw, &self.base)))
    }

    /// The next item as it came, or none at the end.
    ///
    /// # Errors
    /// As [`StacSearch::next`].
    pub async fn next_raw(&mut self) -> Result<Option<Value>> {
        loop {
            if self.limit.is_some_and(|limit| self.given >= limit) {
                return Ok(None);
            }
            if let Some(raw) = self.page.next() {
                self.given += 1;
                return Ok(Some(raw));
            }
            if !self.turn().await? {
                return Ok(None);
            }
        }
    }

    /// Brings the next page; whether there was one to ask for.
    async fn turn(&mut self) -> Result<bool> {
        let Some(asked) = self.next.take() else { return Ok(false) };
        let answer = self.api.page(&asked).await;
        let (asked, (url, mut page)) = match (answer, self.by_get.take()) {
            // No POST here (405), or none known (501): the first page is asked for by GET, once.
            (Err(Error::Refused { status: 405 | 501, .. }), Some(by_get)) if asked.body.is_some() => {
                let page = self.api.page(&by_get).await?;
                (by_get, page)
            }
            (Err(error), by_get) => {
                // What failed in passing may be asked for again.
                (self.next, self.by_get) = (Some(asked), by_get);
                return Err(error);
            }
            (Ok(page), _) => (asked, page),
        };
        let Some(Value::Array(features)) = page.get_mut("features").map(Value::take) else {
            let what = "an answer without a list of `features`".to_owned();
            return Err(Error::Answer { address: Address::from(&url), what });
        };
        self.matched = matched(&page).or(self.matched);
        self.empty = if features.is_empty() { self.empty + 1 } else { 0 };
        self.asked.insert(digest(&asked));
        let following = next(&page, &url, &asked);
        if following.as_ref().is_some_and(|following| self.asked.contains(&digest(following))) {
            let what = "a page that leads to itself or to one before".to_owned();
            return Err(Error::Answer { address: Address::from(&url), what });
        }
        if following.is_some() && self.empty >= MOST_EMPTY {
            let what = format!("{MOST_EMPTY} empty pages in a row, each with a next one");
            return Err(Error::Answer { address: Address::from(&url), what });
        }
        self.next = following;
        self.base = url;
        self.page = features.into_iter();
        Ok(true)
    }

    /// The search as a stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<Item>> + Send {
        futures::stream::try_unfold(self, |mut search| async move {
            let next = search.next().await?;
            Ok(next.map(|item| (item, search)))
        })
    }
}

/// What tells a request from others, in a few bytes.
fn digest(request: &PageRequest) -> u64 {
    let mut hasher = DefaultHasher::new();
    request.hash(&mut hasher);
    hasher.finish()
}

fn get(mut url: Url, query: &StacQuery) -> PageRequest {
    let pairs = query.to_pairs();
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    PageRequest { url, body: None, headers: Vec::new() }
}

/// How many items there are: `numberMatched` of OGC, or the older context extension.
fn matched(page: &Value) -> Option<u64> {
    at(page, &["numberMatched"]).as_u64().or_else(|| at(page, &["context", "matched"]).as_u64())
}

/// Items of a feature collection, such as a saved search.
pub(crate) fn items_of(collection: &Value, base: &Url) -> Vec<Item> {
    list(collection, &["features"]).map(|feature| to_item(feature.clone(), base)).collect()
}
