//! A request as plain data.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::{Origin, Url};

/// A request: what to ask, of whom, and which logins may be shown to whom on the way.
#[derive(Clone, Debug)]
pub struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) grants: Vec<Grant>,
    pub(super) repeatable: bool,
    pub(super) follow: bool,
    pub(super) stop_at: Option<String>,
    pub(super) tries: Option<u32>,
    pub(super) within: Option<Duration>,
    pub(super) requested: Option<u64>,
    pub(super) answering: Option<u16>,
}

/// A login for one origin (scheme, host and port). It is sent there and nowhere else, also after redirects.
#[derive(Clone, Debug)]
pub struct Grant {
    origin: Origin,
    authorization: HeaderValue,
}

impl Grant {
    /// A login for the origin of an address. The value is never shown.
    pub fn new(of: &Url, mut authorization: HeaderValue) -> Self {
        authorization.set_sensitive(true);
        Self { origin: of.origin(), authorization }
    }
}

impl Request {
    /// A request without body. `GET` and `HEAD` are made again after a failure.
    pub fn new(method: Method, url: Url) -> Self {
        let repeatable = method == Method::GET || method == Method::HEAD;
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            grants: Vec::new(),
            repeatable,
            follow: true,
            stop_at: None,
            tries: None,
            within: None,
            requested: None,
            answering: None,
        }
    }

    /// `GET`.
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// `HEAD`.
    pub fn head(url: Url) -> Self {
        Self::new(Method::HEAD, url)
    }

    /// `POST` with a body of a type. Made once, unless [`Request::repeatable`] says more.
    pub fn post(url: Url, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut request = Self::new(Method::POST, url);
        request.body = body.into();
        if !content_type.is_empty() {
            request.headers.insert(reqwest::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        request
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// With the header `Accept`.
    #[must_use]
    pub fn accept(self, media: &'static str) -> Self {
        self.header(reqwest::header::ACCEPT, HeaderValue::from_static(media))
    }

    /// With a login for one origin.
    #[must_use]
    pub fn grant(mut self, grant: Grant) -> Self {
        self.grants.push(grant);
        self
    }

    /// May be made again after a failure: it changes nothing, or nothing the second time.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Redirects are answers, not followed.
    #[must_use]
    pub fn unfollowed(mut self) -> Self {
        self.follow = false;
        self
    }

    /// A redirect to this host is the answer, not followed.
    #[must_use]
    pub fn stopping_at(mut self, host: impl Into<String>) -> Self {
        self.stop_at = Some(host.into());
        self
    }

    /// Made at most so often, whatever the settings say.
    #[must_use]
    pub fn tries(mut self, tries: u32) -> Self {
        self.tries = Some(tries);
        self
    }

    /// The head of the answer has to be there within this time, all tries and redirects together.
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        self.within = Some(time);
        self
    }

    /// How many bytes of the body are asked for, for those who count.
    #[must_use]
    pub fn requesting(mut self, bytes: u64) -> Self {
        self.requested = Some(bytes);
        self
    }

    /// A status that is an answer, neither tried again nor made an error of.
    #[must_use]
    pub fn answering(mut self, status: u16) -> Self {
        self.answering = Some(status);
        self
    }

    /// Whether it may be made again after a failure.
    pub(crate) fn is_repeatable(&self) -> bool {
        self.repeatable
    }

    /// Where it goes.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The login for an address, if there is one for its origin.
    pub(super) fn grant_for(&self, url: &Url) -> Option<&HeaderValue> {
        let origin = url.origin();
        self.grants.iter().find(|grant| grant.origin == origin).map(|grant| &grant.authorization)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_for_its_origin_only_and_shows_nothing() {
        let url = |text: &str| text.parse::<Url>().unwrap();
        let grant =
            Grant::new(&url("https://data.nasa.gov/a"), HeaderValue::from_static("Bearer tell-no-one"));
        let request = Request::get(url("https://data.nasa.gov/b")).grant(grant);
        assert!(request.grant_for(&url("https://data.nasa.gov/other")).is_some());
        for other in [
            "http://data.nasa.gov/a",
            "https://data.nasa.gov:8443/a",
            "https://evil-data.nasa.gov/a",
            "https://b.s3.us-west-2.amazonaws.com/a",
        ] {
            assert!(request.grant_for(&url(other)).is_none(), "{other}");
        }
        assert!(!format!("{request:?}").contains("tell-no-one"));
    }
}
