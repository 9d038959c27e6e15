//! The answer: its head, and its body in pieces or whole.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, TRANSFER_ENCODING};
use reqwest::{Method, Response, StatusCode, Version};
use serde::de::DeserializeOwned;
use url::Url;

use super::failure;
use super::request::Request;
use super::watch::{Exchange, Watch};
use crate::address::Address;
use crate::error::{Error, Result};

/// Most bytes that are read only so that the connection can be used again.
const DRAIN: u64 = 64 << 10;

/// The head of an answer, with its body still to come.
pub struct Answer {
    response: Response,
    url: Url,
    record: Record,
    read: Duration,
    /// How long the redirect holds that led here.
    pub(super) holds: Option<Duration>,
}

/// An answer with its whole body.
#[derive(Clone, Debug)]
pub struct Whole {
    /// Where it came from in the end.
    pub url: Url,
    /// The status: 2xx.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub bytes: Bytes,
}

/// Tells those who watch of the exchange when it ends, however it does.
pub(super) struct Record {
    exchange: Exchange,
    begun: Instant,
    watches: Arc<[Arc<dyn Watch>]>,
}

impl Record {
    pub(super) fn new(request: &Request, method: Method, url: &Url, watches: Arc<[Arc<dyn Watch>]>) -> Self {
        let exchange = Exchange {
            method,
            address: Address::from(url),
            status: None,
            requested: request.requested,
            announced: None,
            received: 0,
            whole: false,
            took: Duration::ZERO,
        };
        Self { exchange, begun: Instant::now(), watches }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.exchange.took = self.begun.elapsed();
        for watch in self.watches.iter() {
            watch.ended(&self.exchange);
        }
    }
}

impl Answer {
    pub(super) fn new(response: Response, url: Url, mut record: Record, read: Duration) -> Self {
        record.exchange.status = Some(response.status().as_u16());
        record.exchange.announced = response.content_length();
        Self { response, url, record, read, holds: None }
    }

    /// Where it came from in the end, after all redirects.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// A header as text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// Bytes of body that are announced.
    pub fn length(&self) -> Option<u64> {
        self.record.exchange.announced
    }

    /// Whether anything but the end of the connection tells where the body ends (RFC 9112, 6.3).
    pub fn is_framed(&self) -> bool {
        let of_one = matches!(self.response.version(), Version::HTTP_10 | Version::HTTP_11);
        let chunked = self.header(&TRANSFER_ENCODING).is_some_and(|coding| coding.contains("chunked"));
        self.length().is_some() || chunked || !of_one
    }

    /// Whether the body calls itself a page for people.
    pub fn is_page(&self) -> bool {
        self.header(&CONTENT_TYPE).is_some_and(|media| {
            let media = media.trim_start().to_ascii_lowercase();
            ["text/html", "application/xhtml+xml"].iter().any(|page| media.starts_with(page))
        })
    }

    /// How long the redirect that led here may be used again, if it says so (`Cache-Control: max-age`).
    pub fn redirect_holds(&self) -> Option<Duration> {
        self.holds
    }

    /// How long this answer may be used again, if it says so.
    pub(super) fn max_age(&self) -> Option<Duration> {
        let mut directives = self.header(&CACHE_CONTROL)?.split(',').map(str::trim);
        let age = directives.find_map(|directive| directive.strip_prefix("max-age="))?;
        age.trim_matches('"').parse().ok().map(Duration::from_secs)
    }

    /// The next piece of the body, or none at its end.
    ///
    /// # Errors
    /// [`Error::Connection`] when the body breaks off, or no piece comes in time.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        let why = match tokio::time::timeout(self.read, self.response.chunk()).await {
            Ok(Ok(Some(bytes))) => {
                self.record.exchange.received += bytes.len() as u64;
                return Ok(Some(bytes));
            }
            Ok(Ok(None)) => {
                self.record.exchange.whole = true;
                return Ok(None);
            }
            Ok(Err(error)) => failure::told(&error),
            Err(_) => format!("nothing came for {} s", self.read.as_secs()),
        };
        Err(Error::Connection { address: Address::from(&self.url), tries: 1, why })
    }

    /// The whole body, of at most `limit` bytes.
    ///
    /// # Errors
    /// As [`Answer::chunk`], and [`Error::Answer`] when it is longer.
    pub async fn whole(mut self, limit: usize) -> Result<Whole> {
        let mut all = BytesMut::new();
        while let Some(bytes) = self.chunk().await? {
            if all.len() + bytes.len() > limit {
                let what = format!("more than {limit} bytes");
                return Err(Error::Answer { address: Address::from(&self.url), what });
            }
            all.extend_from_slice(&bytes);
        }
        let (url, status, headers) = (self.url.clone(), self.status(), self.headers().clone());
        Ok(Whole { url, status, headers, bytes: all.freeze() })
    }

    /// Reads a short body to its end, so that the connection can be used again.
    pub(super) async fn drain(&mut self) {
        if self.length().is_some_and(|length| length <= DRAIN) {
            while let Ok(Some(_)) = self.chunk().await {}
        }
    }
}

/// Shows no header: some are secrets.
impl std::fmt::Debug for Answer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Answer")
            .field("url", &Address::from(&self.url))
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

impl Whole {
    /// A header as text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as JSON of a shape.
    ///
    /// # Errors
    /// [`Error::Answer`] when it is none.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.bytes).map_err(|error| Error::Answer {
            address: Address::from(&self.url),
            what: format!("something that is not the JSON that is due: {error}"),
        })
    }
}
