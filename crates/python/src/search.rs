//! Searches of all kinds as one: asked once, walked as often as Python likes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use frazil_data::Result;
use frazil_data::catalogs::{EsmCatalog, EsmStream};
use frazil_data::cmr::{self, Cmr, Collections, Granules, Query, Services};
use frazil_data::found::Item;
use frazil_data::http::{Client, Url};
use frazil_data::login::{self, Earthdata};
use frazil_data::stac::{self, Api, StacQuery, StacSearch, Wanted};

/// What is searched for.
#[derive(Clone)]
pub(crate) enum Asked {
    Granules(Query<Granules>),
    Collections(Query<Collections>),
    Services(Query<Services>),
    /// A search of the STAC API at an address.
    Stac(Url, Box<StacQuery>),
    /// A walk from the static STAC catalogue at an address.
    Static(Url, Wanted),
    /// Rows of a table by the values of their columns.
    Rows(Arc<EsmCatalog>, BTreeMap<String, Vec<String>>),
    /// What is known already.
    Listed(Arc<Vec<Item>>),
}

/// One thing that was found.
pub(crate) enum Found {
    Item(Box<Item>),
    Collection(Box<cmr::Collection>),
    Service(Box<cmr::Service>),
}

/// By what a search is made.
#[derive(Clone)]
pub(crate) struct Means {
    pub(crate) client: Client,
    pub(crate) earthdata: Earthdata,
    pub(crate) session: Option<login::Session>,
    /// What a person would want to know, until somebody tells them.
    pub(crate) notices: Notices,
}

/// Words for the person who searches.
#[derive(Clone, Default)]
pub(crate) struct Notices(Arc<Mutex<Vec<String>>>);

impl Notices {
    fn add(&self, text: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }

    /// Those since the last time.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Means {
    fn cmr(&self) -> Result<Cmr> {
        let notices = self.notices.clone();
        let cmr = Cmr::of(self.client.clone(), &self.earthdata)?;
        let cmr = cmr.told_to(Arc::new(move |notice| notices.add(notice.to_string())));
        Ok(match &self.session {
            Some(session) => cmr.logged_in(session.clone()),
            None => cmr,
        })
    }
}

/// A search under way.
pub(crate) enum Walk {
    Granules(Box<cmr::Items>),
    Collections(Box<cmr::Search<Collections>>),
    Services(Box<cmr::Search<Services>>),
    Stac(Box<StacSearch>),
    Static(Box<stac::Walk>),
    Rows(EsmStream, usize),
    Listed(Arc<Vec<Item>>, usize),
}

impl Asked {
    /// Begins a walk that gives at most `limit`, in pages of at most `page` where CMR is asked. Nothing is asked
    /// before the first step, but for what has to be known of the service.
    ///
    /// # Errors
    /// When the query is not valid.
    pub(crate) async fn begin(&self, means: &Means, limit: Option<usize>, page: usize) -> Result<Walk> {
        let most = limit.unwrap_or(usize::MAX);
        Ok(match self {
            Self::Granules(query) => {
                let search = means.cmr()?.granules(query.clone()).await?.limit(most).page_size(page);
                Walk::Granules(Box::new(search.items()))
            }
            Self::Collections(query) => Walk::Collections(Box::new(
                means.cmr()?.collections(query.clone())?.limit(most).page_size(page),
            )),
            Self::Services(query) => {
                Walk::Services(Box::new(means.cmr()?.services(query.clone())?.limit(most).page_size(page)))
            }
            Self::Stac(url, query) => {
                let api = Api::open(&means.client, url).await?;
                Walk::Stac(Box::new(api.search(query)?.limit(most)))
            }
            Self::Static(root, wanted) => {
                let notices = means.notices.clone();
                let omission = move |error: &frazil_data::Error| {
                    notices.add(format!("a document of the catalogue is left out: {error}"));
                };
                let walk = stac::Walk::new(means.client.clone(), root.clone(), wanted.clone());
                Walk::Static(Box::new(walk.limit(most).told_to(Arc::new(omission))))
            }
            Self::Rows(catalog, wanted) => Walk::Rows(catalog.stream(wanted)?, most),
            Self::Listed(items) => Walk::Listed(Arc::clone(items), items.len().min(most)),
        })
    }
}

impl Walk {
    /// The next one, or none at the end.
    ///
    /// # Errors
    /// When the service does not answer, or not as it should.
    pub(crate) async fn next(&mut self) -> Result<Option<Found>> {
        let item = |item: Item| Found::Item(Box::new(item));
        Ok(match self {
            Self::Granules(items) => items.next().await?.map(item),
            Self::Collections(search) => search.next().await?.map(|found| Found::Collection(Box::new(found))),
            Self::Services(search) => search.next().await?.map(|found| Found::Service(Box::new(found))),
            Self::Stac(search) => search.next().await?.map(item),
            Self::Static(walk) => walk.next().await?.map(item),
            Self::Rows(_, 0) => None,
            Self::Rows(rows, left) => {
                *left -= 1;
                rows.next().await?.map(item)
            }
            Self::Listed(items, left) => {
                let at = items.len().saturating_sub(*left);
                *left = left.saturating_sub(1);
                items.get(at).cloned().map(item)
            }
        })
    }

    /// How many there are in all, where the service tells, once the first step is made.
    pub(crate) fn hits(&self) -> Option<u64> {
        match self {
            Self::Granules(items) => items.hits(),
            Self::Collections(search) => search.hits(),
            Self::Services(search) => search.hits(),
            Self::Stac(search) => search.matched(),
            Self::Static(_) | Self::Rows(..) => None,
            Self::Listed(items, _) => Some(items.len() as u64),
        }
    }
}
