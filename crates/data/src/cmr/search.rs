//! A search from its first page to its last: page after page by `CMR-Search-After`, until CMR gives none. A
//! page with fewer elements than asked for is not the last.

use std::collections::HashSet;

use futures::Stream;
use reqwest::header::HeaderValue;
use serde_json::Value;
use serde_json::value::RawValue;

use super::page::{self, Outcome, Page, ask};
use super::query::{Concept, Query};
use super::{Cmr, Notice, invalid};
use crate::address::Address;
use crate::error::{Error, Result};
use crate::json::text;

/// The largest page that CMR gives.
const LARGEST_PAGE: usize = 2_000;
/// The smallest page that is asked for; where CMR does not finish this in its time, the search is too wide.
const SMALLEST_PAGE: usize = 10;
/// Good pages after which larger ones are tried again.
const PATIENCE: u32 = 5;
/// How often the smallest page is asked for when CMR does not finish it.
const MOST_TRIES: u32 = 3;

/// A search under way. It holds one page at a time.
pub struct Search<C: Concept> {
    cmr: Cmr,
    query: Query<C>,
    limit: Option<usize>,
    given: usize,
    size: usize,
    good: u32,
    hits: Option<u64>,
    place: Place,
    page: std::vec::IntoIter<Box<RawValue>>,
    /// Concept ids of the page before and of this one: what is revised during a search may come twice.
    before: HashSet<String>,
    now: HashSet<String>,
}

/// How far the pages have come.
enum Place {
    Start,
    After(HeaderValue),
    End,
}

impl<C: Concept> Search<C> {
    pub(super) fn new(cmr: Cmr, query: Query<C>) -> Result<Self> {
        query.check().map_err(|problems| invalid(&problems))?;
        Ok(Self {
            cmr,
            query,
            limit: None,
            given: 0,
            size: LARGEST_PAGE,
            good: 0,
            hits: None,
            place: Place::Start,
            page: Vec::new().into_iter(),
            before: HashSet::new(),
            now: HashSet::new(),
        })
    }

    /// Gives at most so many.
    #[must_use]
    pub fn limit(mut self, most: usize) -> Self {
        self.limit = Some(most);
        self
    }

    /// Asks for at most so many at once, 1 to 2,000.
    #[must_use]
    pub fn page_size(mut self, most: usize) -> Self {
        self.size = most.clamp(1, LARGEST_PAGE);
        self
    }

    pub(super) fn cmr(&self) -> &Cmr {
        &self.cmr
    }

    /// How many there are in all, once the first page has come.
    pub fn hits(&self) -> Option<u64> {
        self.hits
    }

    /// How many there are in all, asked of CMR without any of them.
    ///
    /// # Errors
    /// When CMR does not answer.
    pub async fn count(&self) -> Result<u64> {
        page::count(&self.cmr, &self.query).await
    }

    /// The next one, or none at the end.
    ///
    /// # Errors
    /// When CMR does not answer, or not as it should. The search can go on after that where it was.
    pub async fn next(&mut self) -> Result<Option<C::Found>> {
        loop {
            if self.limit.is_some_and(|limit| self.given >= limit) {
                return Ok(None);
            }
            let Some(raw) = self.page.next() else {
                if !self.turn().await? {
                    return Ok(None);
                }
                continue;
            };
            let value: Value = serde_json::from_str(raw.get()).map_err(|error| Error::Answer {
                address: Address::from(&self.cmr.base),
                what: format!("a {} that cannot be read: {error}", C::ONE),
            })?;
            if self.is_new(&value) {
                self.given += 1;
                return Ok(Some(C::found(value, &self.cmr.base)));
            }
        }
    }

    fn is_new(&mut self, value: &Value) -> bool {
        let Some(id) = text(value, &["meta", "concept-id"]) else { return true };
        !self.before.contains(id) && self.now.insert(id.to_owned())
    }

    /// Brings the next page; whether there was one to ask for.
    async fn turn(&mut self) -> Result<bool> {
        let after = match &self.place {
            Place::Start => None,
            Place::After(after) => Some(after.clone()),
            Place::End => return Ok(false),
        };
        let page = self.ask(after.as_ref()).await?;
        if page.after.is_some() && page.after == after {
            return Err(Error::Answer {
                address: Address::from(&self.cmr.base),
                what: "a page that leads to itself".to_owned(),
            });
        }
        self.hits = page.hits.or(self.hits);
        self.place = page.after.map_or(Place::End, Place::After);
        self.before = std::mem::take(&mut self.now);
        self.page = page.items.into_iter();
        Ok(true)
    }

    /// Asks until a page is whole, for smaller ones where CMR does not finish them.
    async fn ask(&mut self, after: Option<&HeaderValue>) -> Result<Page> {
        let mut tries = 1;
        loop {
            let left = self.limit.map_or(LARGEST_PAGE, |limit| limit.saturating_sub(self.given).max(1));
            let size = self.size.min(left);
            match ask(&self.cmr, &self.query, size, after).await? {
                Outcome::Page(page) => {
                    self.good += 1;
                    if self.good >= PATIENCE && self.size < LARGEST_PAGE {
                        (self.size, self.good) = ((self.size * 2).min(LARGEST_PAGE), 0);
                    }
                    return Ok(page);
                }
                Outcome::CutOff if size > SMALLEST_PAGE => {
                    let to = (size / 2).max(SMALLEST_PAGE);
                    self.cmr.notice(&Notice::SmallerPages { from: size, to });
                    (self.size, self.good) = (to, 0);
                }
                Outcome::CutOff if tries >= MOST_TRIES => {
                    return Err(Error::Unavailable {
                        address: Address::from(&self.cmr.base),
                        status: 504,
                        tries,
                        said: format!(
                            "CMR does not finish even a page of {size} in its 180 s; search in a smaller place \
                             or time, or without patterns that begin with `*`"
                        ),
                    });
                }
                Outcome::CutOff => tries += 1,
            }
        }
    }

    /// The search as a stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<C::Found>> + Send {
        futures::stream::try_unfold(self, |mut search| async move {
            let next = search.next().await?;
            Ok(next.map(|found| (found, search)))
        })
    }
}
