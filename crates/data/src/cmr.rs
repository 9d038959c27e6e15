//! NASA's Common Metadata Repository: searches for collections, granules and services
//! ([CMR Search API](https://cmr.earthdata.nasa.gov/search/site/docs/search/api.html)).
//!
//! ```no_run
//! # async fn example() -> frazil_data::Result<()> {
//! use frazil_data::cmr::{Cmr, Granules, Query};
//! use frazil_data::Surroundings;
//! use frazil_data::http::{Client, Settings};
//! use frazil_data::login::Earthdata;
//!
//! let surroundings = Surroundings::of_process();
//! let client = Client::new(Settings::of(&surroundings)?, &surroundings)?;
//! let query = Query::<Granules>::new()
//!     .short_name("ATL08")
//!     .version("006")
//!     .set("bounding_box", "-74.2,40.5,-73.7,41.0")
//!     .temporal("2023-05/2023-06");
//! let mut granules = Cmr::of(client, &Earthdata::production())?.granules(query).await?;
//! while let Some(granule) = granules.next().await? {
//!     assert!(!granule.concept_id().is_empty());
//! }
//! # Ok(())
//! # }
//! ```

mod builders;
mod collection;
mod granule;
mod items;
mod links;
mod page;
mod parameters;
mod query;
mod search;
mod size;
mod space;
mod value;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use url::Url;

pub use collection::{Collection, DirectAccess, Service};
pub use granule::Granule;
pub use items::Items;
pub use query::{Collections, Concept, Granules, InvalidQuery, Problem, Query, Services};
pub use search::Search;
pub use space::{Orbit, OrbitParameters};
pub use value::{Shape, Temporal};

use crate::error::{Error, Result};
use crate::http::Client;
use crate::login::{Earthdata, Session};

/// Most datasets that a search for granules is narrowed to.
const MOST_DATASETS: usize = 2_000;

/// What a person would want to know while a search goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// CMR did not finish a page in its time, and is asked for smaller ones.
    SmallerPages {
        /// How many it was asked for.
        from: usize,
        /// How many it is asked for now.
        to: usize,
    },
    /// CMR refused the login, and was asked without: what is not for everyone is not found.
    LoginRefused,
    /// There is no token for the login, and CMR was asked without.
    NoToken {
        /// Why there is none.
        why: String,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SmallerPages { from, to } => {
                write!(out, "CMR did not finish a page of {from} in its time: asking for {to} at once")
            }
            Self::NoToken { why } => write!(
                out,
                "{why}: searching without a login, so that only what is open to everyone is found"
            ),
            Self::LoginRefused => out.write_str(
                "CMR refuses the login: searching without it, so that only what is open to everyone is found",
            ),
        }
    }
}

/// Hears of notices.
pub type Listener = Arc<dyn Fn(&Notice) + Send + Sync>;

/// CMR, or a service that speaks as it does.
#[derive(Clone)]
pub struct Cmr {
    client: Client,
    base: Url,
    session: Option<Session>,
    listener: Option<Listener>,
}

impl Cmr {
    /// CMR at an address, without a path.
    pub fn at(client: Client, base: Url) -> Self {
        Self { client, base, session: None, listener: None }
    }

    /// The CMR of a system of Earthdata.
    ///
    /// # Errors
    /// When its host is none.
    pub fn of(client: Client, earthdata: &Earthdata) -> Result<Self> {
        let base = format!("https://{}/", earthdata.cmr()).parse().map_err(|_| Error::Invalid {
            what: format!("`{}` is no host", earthdata.cmr()),
            advice: "name `production` or `uat`".to_owned(),
        })?;
        Ok(Self::at(client, base))
    }

    /// The same with a login, which shows also what is not for everyone.
    #[must_use]
    pub fn logged_in(mut self, session: Session) -> Self {
        self.session = Some(session);
        self
    }

    /// The same, telling a listener what happens.
    #[must_use]
    pub fn told_to(mut self, listener: Listener) -> Self {
        self.listener = Some(listener);
        self
    }

    fn notice(&self, notice: &Notice) {
        if let Some(listener) = &self.listener {
            listener(notice);
        }
    }

    /// Searches for collections.
    ///
    /// # Errors
    /// When the query is not valid; nothing is asked yet.
    pub fn collections(&self, query: Query<Collections>) -> Result<Search<Collections>> {
        Search::new(self.clone(), query)
    }

    /// Searches for services.
    ///
    /// # Errors
    /// When the query is not valid; nothing is asked yet.
    pub fn services(&self, query: Query<Services>) -> Result<Search<Services>> {
        Search::new(self.clone(), query)
    }

    /// Searches for granules. DOIs, and whether the data is in the cloud, are looked up first.
    ///
    /// # Errors
    /// When the query is not valid, no dataset has the DOI, or none is where it has to be.
    pub async fn granules(&self, query: Query<Granules>) -> Result<Search<Granules>> {
        query.check().map_err(|problems| invalid(&problems))?;
        Search::new(self.clone(), self.resolved(query).await?)
    }

    /// How many there are. Of granules by a DOI, or by whether they are in the cloud, [`Search::count`] tells it.
    ///
    /// # Errors
    /// When the query is not valid, asks for what is looked up first, or CMR does not answer.
    pub async fn count<C: Concept>(&self, query: &Query<C>) -> Result<u64> {
        query.check().map_err(|problems| invalid(&problems))?;
        if !query.dois.is_empty() || query.hosted.is_some() {
            return Err(Error::Invalid {
                what: "granules by a DOI or by `cloud_hosted` cannot be counted before they are looked up"
                    .to_owned(),
                advice: "begin a search for granules, and let it count".to_owned(),
            });
        }
        page::count(self, query).await
    }

    /// One collection by its concept id.
    ///
    /// # Errors
    /// When CMR does not answer. `None` when it has none.
    pub async fn collection(&self, id: &str) -> Result<Option<Collection>> {
        self.collections(Query::new().concept_id(id))?.limit(1).next().await
    }

    /// The query with its DOIs and the place of its data said by concept ids, as CMR takes them.
    async fn resolved(&self, query: Query<Granules>) -> Result<Query<Granules>> {
        if query.dois.is_empty() && query.hosted.is_none() {
            return Ok(query);
        }
        let mut wanted = query.dois.iter().fold(Query::<Collections>::new(), |all, doi| all.doi(doi));
        for name in ["short_name", "version", "provider", "entry_title"] {
            for value in query.values_of(name) {
                wanted.push(name, value);
            }
            for option in parameters::OPTIONS {
                let option = format!("options[{name}][{option}]");
                for value in query.values_of(&option) {
                    wanted.push(&option, value);
                }
            }
        }
        let ids = ["collection_concept_id", "echo_collection_id", "concept_id"];
        let ids = ids.into_iter().flat_map(|name| query.values_of(name));
        for id in ids.filter(|id| id.starts_with('C')) {
            wanted.push("concept_id", id);
        }
        for id in self.datasets_of_granules(&query).await? {
            wanted.push("concept_id", &id);
        }
        if wanted.pairs().is_empty() {
            return Err(Error::Invalid {
                what: "`cloud_hosted` is known of datasets only, and none is named".to_owned(),
                advice: "name one by short_name, collection_concept_id, provider or doi".to_owned(),
            });
        }
        let mut known = self.collections(wanted)?.limit(MOST_DATASETS);
        let mut all = Vec::new();
        while let Some(collection) = known.next().await? {
            all.push(collection);
        }
        if let Some(hits) = known.hits().filter(|hits| *hits > MOST_DATASETS as u64) {
            return Err(Error::Invalid {
                what: format!("{hits} datasets would have to be looked at, and {MOST_DATASETS} are at most"),
                advice: "name the dataset, or leave `cloud_hosted` away".to_owned(),
            });
        }
        let right =
            |collection: &&Collection| query.hosted.is_none_or(|hosted| hosted == collection.cloud_hosted());
        let chosen: Vec<&str> = all.iter().filter(right).map(Collection::concept_id).collect();
        if chosen.is_empty() {
            return Err(no_dataset(&query, &all));
        }
        let mut narrowed =
            chosen.iter().fold(Query::new(), |narrowed, id| narrowed.collection_concept_id(id));
        for (name, value) in query.without(&["collection_concept_id"]).pairs() {
            narrowed.push(&name, &value);
        }
        Ok(narrowed)
    }

    /// The datasets of the granules that a query for data in a place names by their ids, where it does not name
    /// datasets beside them.
    async fn datasets_of_granules(&self, query: &Query<Granules>) -> Result<BTreeSet<String>> {
        let ids: Vec<&str> = query.values_of("concept_id").filter(|id| id.starts_with('G')).collect();
        let names_datasets = ["collection_concept_id", "echo_collection_id"]
            .into_iter()
            .any(|name| query.values_of(name).next().is_some());
        if ids.is_empty() || names_datasets || query.hosted.is_none() {
            return Ok(BTreeSet::new());
        }
        let named = ids.iter().fold(Query::new(), |named, id| named.concept_id(id));
        let mut search = Search::<Granules>::new(self.clone(), named)?.limit(ids.len());
        let mut datasets = BTreeSet::new();
        while let Some(granule) = search.next().await? {
            datasets.extend(granule.dataset().id);
        }
        if datasets.is_empty() {
            return Err(Error::Invalid {
                what: format!("CMR knows no granule with concept_id={}", ids.join(", concept_id=")),
                advice: "check the id; what is not for everyone needs a login".to_owned(),
            });
        }
        Ok(datasets)
    }
}

fn no_dataset(query: &Query<Granules>, known: &[Collection]) -> Error {
    let named: Vec<String> =
        query.pairs().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let dois = query.dois.iter().map(|doi| format!("doi={doi}"));
    let what = dois.chain(named).collect::<Vec<_>>().join(", ");
    if known.is_empty() {
        return Error::Invalid {
            what: format!("CMR knows no dataset with {what}"),
            advice: "search for the dataset by a keyword first".to_owned(),
        };
    }
    let place = if query.hosted == Some(true) { "in the cloud" } else { "on the providers' own machines" };
    let others: Vec<String> = known.iter().map(place_of).collect();
    Error::Invalid {
        what: format!("no dataset with {what} is {place}"),
        advice: format!("there are: {}; leave `cloud_hosted` away", others.join(", ")),
    }
}

fn place_of(collection: &Collection) -> String {
    let place = if collection.cloud_hosted() { "cloud" } else { "on-prem" };
    let part = |text: Option<&str>| text.unwrap_or("?").to_owned();
    format!(
        "{} {} at {} ({place})",
        part(collection.short_name()),
        part(collection.version()),
        part(collection.provider())
    )
}

/// What is wrong with a query as an error of this crate.
fn invalid(query: &InvalidQuery) -> Error {
    Error::Invalid {
        what: query.to_string(),
        advice: "CMR's parameters: https://cmr.earthdata.nasa.gov/search/site/docs/search/api.html"
            .to_owned(),
    }
}
