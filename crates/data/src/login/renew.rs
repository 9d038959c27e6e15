//! Tokens from Earthdata Login: found or created, at most two for a user.

use jiff::Timestamp;
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret;
use serde::Deserialize;
use url::Url;

use super::earthdata::Earthdata;
use super::netrc::Entry;
use super::token::Token;
use crate::address::Address;
use crate::error::{Error, Result};
use crate::http::{Client, Grant, Request};
use crate::secret::basic;

/// Tokens a user may have.
const MOST: usize = 2;
/// Most bytes of an answer about tokens.
const LIMIT: usize = 1 << 20;

/// A token as the service writes it.
#[derive(Deserialize)]
struct Written {
    access_token: String,
}

/// The login service, with a user's password.
pub(super) struct Service<'a> {
    pub(super) client: &'a Client,
    pub(super) earthdata: &'a Earthdata,
    pub(super) entry: &'a Entry,
    pub(super) from: &'a str,
}

impl Service<'_> {
    /// A token that need not be renewed yet: the user's own if there is such a one, else a new one,
    /// for which the one that ends first is revoked if there are two.
    pub(super) async fn token(&self, now: Timestamp) -> Result<Token> {
        let found = self.one("/api/users/find_or_create_token").await?;
        if found.is_fresh(now) {
            return Ok(found);
        }
        let mut all = self.all().await?;
        all.sort_by_key(|token| std::cmp::Reverse(token.left(now)));
        if let Some(longest) = all.first().filter(|token| token.is_fresh(now)) {
            return Ok(longest.clone());
        }
        if all.len() >= MOST
            && let Some(first) = all.last()
        {
            self.revoke(first).await?;
        }
        match self.one("/api/users/token").await {
            Ok(token) => Ok(token),
            // Another process was quicker, and its new token is the second.
            Err(error @ Error::Refused { .. }) => {
                let found = self.all().await?.into_iter().max_by_key(|token| token.left(now));
                found.filter(|token| token.is_fresh(now)).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    async fn one(&self, path: &str) -> Result<Token> {
        // What they make is there, or refused, when they are asked twice.
        let request = Request::post(self.url(path)?, "", "").repeatable();
        let written: Written = self.ask(request).await?.json()?;
        Ok(Token::new(written.access_token.into()))
    }

    async fn all(&self) -> Result<Vec<Token>> {
        let written: Vec<Written> = self.ask(Request::get(self.url("/api/users/tokens")?)).await?.json()?;
        Ok(written.into_iter().map(|written| Token::new(written.access_token.into())).collect())
    }

    async fn revoke(&self, token: &Token) -> Result<()> {
        let mut url = self.url("/api/users/revoke_token")?;
        url.query_pairs_mut().append_pair("token", token.value().expose_secret());
        match self.ask(Request::post(url, "", "").repeatable()).await {
            // Another process was quicker.
            Ok(_) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn url(&self, path: &str) -> Result<Url> {
        self.earthdata.url(path)
    }

    async fn ask(&self, request: Request) -> Result<crate::http::Whole> {
        let grant = Grant::new(request.url(), self.authorization()?);
        let address = Address::from(request.url());
        let asked = self.client.fetch(&request.accept("application/json").grant(grant), LIMIT).await;
        asked.map_err(|error| match error {
            Error::Refused { status: 401, said, .. } => {
                Error::WrongLogin { address, source_of_login: self.from.to_owned(), said }
            }
            other => other,
        })
    }

    fn authorization(&self) -> Result<HeaderValue> {
        basic(&self.entry.login, &self.entry.password)
    }
}
