//! A STAC API: its landing page, what it can, its collections and its search.

use serde_json::Value;
use url::Url;

use super::LONGEST;
use super::link::{PageRequest, href, join, next};
use super::query::StacQuery;
use super::search::StacSearch;
use crate::address::Address;
use crate::error::{Error, Result};
use crate::http::{Client, Request};
use crate::json::{list, text};

/// Most pages of collections that are asked for.
const MOST_PAGES: usize = 1_000;

/// A STAC API by its landing page.
#[derive(Clone)]
pub struct Api {
    pub(super) client: Client,
    root: Url,
    landing: Value,
}

impl Api {
    /// Opens the API whose landing page is at an address.
    ///
    /// # Errors
    /// When there is none, or it is a static catalogue, which [`super::Walk`] reads.
    pub async fn open(client: &Client, root: &Url) -> Result<Self> {
        let mut root = root.clone();
        // So that relative links stay below it.
        if !root.path().ends_with('/') && !root.path().to_ascii_lowercase().ends_with("json") {
            root.set_path(&format!("{}/", root.path()));
        }
        let asked = trimmed(&root);
        let whole = client.fetch(&Request::get(asked).accept("application/json"), LONGEST).await?;
        let landing: Value = whole.json()?;
        let api = Self { client: client.clone(), root, landing };
        if api.search_link("GET").is_none() && api.search_link("POST").is_none() {
            return Err(Error::Answer {
                address: Address::from(&api.root),
                what: "a catalogue without a link to its search: it is a static one, or no STAC".to_owned(),
            });
        }
        Ok(api)
    }

    /// Its title or id.
    pub fn title(&self) -> &str {
        text(&self.landing, &["title"]).or_else(|| text(&self.landing, &["id"])).unwrap_or("STAC")
    }

    /// The address of the search by a method; a link that names none is for `GET`.
    pub(super) fn search_link(&self, method: &str) -> Option<Url> {
        let link = list(&self.landing, &["links"]).find(|link| {
            text(link, &["rel"]) == Some("search")
                && text(link, &["method"]).unwrap_or("GET").eq_ignore_ascii_case(method)
        })?;
        join(&self.root, text(link, &["href"])?)
    }

    /// Searches for items.
    ///
    /// # Errors
    /// When the query is not valid; nothing is asked yet.
    pub fn search(&self, query: &StacQuery) -> Result<StacSearch> {
        query.check()?;
        StacSearch::new(self.clone(), query)
    }

    /// Its collections, all pages of them, as they came.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn collections(&self) -> Result<Vec<Value>> {
        let start = href(&self.landing, "data", &self.root).or_else(|| self.root.join("collections").ok());
        let mut request = start.map(|url| PageRequest { url, body: None, headers: Vec::new() });
        let mut all = Vec::new();
        for _ in 0..MOST_PAGES {
            let Some(asked) = request.take() else { break };
            let (url, page) = self.page(&asked).await?;
            all.extend(list(&page, &["collections"]).cloned());
            request = next(&page, &url, &asked).filter(|next| *next != asked);
        }
        Ok(all)
    }

    /// A page with the address it came from.
    pub(super) async fn page(&self, asked: &PageRequest) -> Result<(Url, Value)> {
        let mut request = match &asked.body {
            None => Request::get(asked.url.clone()),
            // A search changes nothing: it may be asked again.
            Some(body) => {
                let body = Value::Object(body.clone()).to_string();
                Request::post(asked.url.clone(), "application/json", body).repeatable()
            }
        };
        request = request.accept("application/geo+json, application/json");
        for (name, value) in &asked.headers {
            let told = (name.parse::<reqwest::header::HeaderName>(), value.parse());
            // Logins are not for links to give; lengths and hosts are HTTP's.
            if let (Ok(name), Ok(value)) = told
                && !matches!(
                    name.as_str(),
                    "authorization" | "host" | "content-length" | "content-type" | "cookie"
                )
            {
                request = request.header(name, value);
            }
        }
        let whole = self.client.fetch(&request, LONGEST).await?;
        let page: Value = whole.json()?;
        Ok((whole.url, page))
    }
}

/// The address without the slash at its end, as services like their landing pages asked for.
fn trimmed(root: &Url) -> Url {
    let mut asked = root.clone();
    let path = asked.path().trim_end_matches('/').to_owned();
    asked.set_path(&path);
    asked
}
