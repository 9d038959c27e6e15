//! One object somewhere, read from any byte on: behind an archive's host, in S3, in Google Cloud
//! Storage, or a file of this machine.
//!
//! An archive answers with a redirect to an address that is signed for a while; that address is used
//! again until it ends, and the archive is asked once. The object is pinned: what is read later
//! is of the same version, or an error.

mod amazon;
mod answered;
mod gcs;
mod https;
mod listing;
mod local;
mod pin;
mod s3;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

pub use amazon::amazon_account;
pub use answered::Part;
pub use gcs::{GoogleBucket, GoogleObject, GooglePlace, GoogleReader, GoogleStorage, google_account};
pub use https::HttpsObject;
pub use local::LocalFile;
pub use pin::Pin;
pub use s3::{Bucket, Reader, S3Object};

use crate::address::Address;
use crate::download::unsigned;
use crate::error::Result;
use crate::http::{Answer, Url, Watch};
use crate::region::Region;

/// An object that can be read from any byte on.
#[derive(Clone, Debug)]
pub enum Remote {
    /// Behind a host that speaks HTTPS.
    Https(HttpsObject),
    /// In S3 itself.
    S3(S3Object),
    /// In Google Cloud Storage.
    Google(GoogleObject),
}

/// Bytes of an object: from one on, to its end or up to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub from: u64,
    /// The first byte that is not wanted; none for the object's end.
    pub until: Option<u64>,
}

impl Span {
    /// From a byte to the object's end.
    pub fn onward(from: u64) -> Self {
        Self { from, until: None }
    }

    /// As a `Range` header. An empty span has none.
    pub(crate) fn header(self) -> Option<String> {
        match self.until {
            None => Some(format!("bytes={}-", self.from)),
            Some(until) if until > self.from => Some(format!("bytes={}-{}", self.from, until - 1)),
            Some(_) => None,
        }
    }
}

impl From<Range<u64>> for Span {
    fn from(range: Range<u64>) -> Self {
        Self { from: range.start, until: Some(range.end) }
    }
}

impl Remote {
    /// What it is called, without secrets.
    pub fn address(&self) -> Address {
        match self {
            Self::Https(object) => Address::from(object.url()),
            Self::S3(object) => object.address(),
            Self::Google(object) => object.address(),
        }
    }

    /// What tells it from all other objects: its address without what only signs it, but with whatever else an
    /// address does not show. It may hold secrets, and is for digests.
    pub(crate) fn identity(&self) -> String {
        let in_bucket = |scheme: &str, name: &str, key: &str, endpoint: Option<&Url>| {
            let at = endpoint.map(|endpoint| format!(" at {endpoint}")).unwrap_or_default();
            format!("{scheme}://{name}/{key}{at}")
        };
        match self {
            Self::Https(object) => {
                let mut url = unsigned(object.url());
                url.set_fragment(None);
                url.into()
            }
            Self::S3(object) => {
                let bucket = object.bucket();
                in_bucket("s3", &bucket.name, object.key(), bucket.endpoint.as_ref())
            }
            Self::Google(object) => {
                let bucket = object.bucket();
                in_bucket("gs", &bucket.name, object.key(), bucket.endpoint.as_ref())
            }
        }
    }

    /// Whether Google Cloud Storage itself is asked, which tells checksums.
    pub(crate) fn is_google(&self) -> bool {
        matches!(self, Self::Google(_))
    }

    /// The host or bucket that answers in the end, for those who count.
    pub fn place(&self) -> String {
        match self {
            Self::Https(object) => object.url().host_str().unwrap_or_default().to_owned(),
            Self::S3(object) => object.bucket().name.clone(),
            Self::Google(object) => object.bucket().name.clone(),
        }
    }

    /// The region of its bucket, where it is told.
    pub(crate) fn region(&self) -> Option<Region> {
        match self {
            Self::S3(object) if object.bucket().endpoint.is_none() => {
                Some(Region::aws(&object.bucket().region))
            }
            _ => None,
        }
    }

    /// Whether the reader pays, and says so.
    pub(crate) fn requester_pays(&self) -> bool {
        match self {
            Self::Https(_) => false,
            Self::S3(object) => object.bucket().requester_pays,
            Self::Google(object) => object.bucket().payer.is_some(),
        }
    }

    /// The same object, whose exchanges are told to one more.
    #[must_use]
    pub fn watched(self, by: Arc<dyn Watch>) -> Self {
        match self {
            Self::Https(object) => Self::Https(object.watched(by)),
            Self::S3(object) => Self::S3(object.watched(by)),
            Self::Google(object) => Self::Google(object.watched(by)),
        }
    }

    /// The object below this one, if this one is taken for a folder; none for a key that leads elsewhere.
    pub(crate) fn below(&self, key: &str) -> Option<Self> {
        let is_plain = !key.is_empty() && key.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !is_plain {
            return None;
        }
        match self {
            Self::Https(object) => object.below(key).map(Self::Https),
            Self::S3(object) => Some(Self::S3(object.below(key))),
            Self::Google(object) => Some(Self::Google(object.below(key))),
        }
    }

    /// Begins to read a span, if the object is still the pinned one. What comes is not checked
    /// against the span: see [`Part::of`].
    ///
    /// # Errors
    /// As [`crate::login::Session::open`]; [`crate::Error::Changed`] when the object is another.
    pub async fn open(&self, span: Span, pin: Option<&Pin>, tries: u32) -> Result<Answer> {
        match self {
            Self::Https(object) => object.open(span, pin, tries).await,
            Self::S3(object) => object.open(span, pin, tries).await,
            Self::Google(object) => object.open(span, pin, tries).await,
        }
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address().fmt(out)
    }
}

/// A key below another.
fn below(prefix: &str, key: &str) -> String {
    match prefix.trim_end_matches('/') {
        "" => key.to_owned(),
        prefix => format!("{prefix}/{key}"),
    }
}

/// Longest wait for the head of an answer, redirects and tries included: data is there or it is not.
const HEAD: Duration = Duration::from_secs(90);

/// The request for a span of an object.
fn request(url: Url, span: Span, pin: Option<&Pin>, tries: u32) -> crate::http::Request {
    use reqwest::header::{HeaderValue, RANGE};
    let mut request = crate::http::Request::get(url).tries(tries).within(HEAD);
    if let Some(range) = span.header().and_then(|range| HeaderValue::from_str(&range).ok()) {
        request = request.header(RANGE, range);
    }
    if let Some(until) = span.until {
        request = request.requesting(until.saturating_sub(span.from));
    }
    match pin.and_then(Pin::condition) {
        Some((name, value)) => request.header(name, value),
        None => request,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Client, Settings};
    use crate::surroundings::Surroundings;

    #[test]
    fn what_an_address_does_not_show_tells_objects_apart_and_what_signs_it_does_not() {
        let client = Client::new(Settings::default(), &Surroundings::made([("A", "b")])).unwrap();
        let identity =
            |url: &str| Remote::Https(HttpsObject::open_to_all(&client, url.parse().unwrap())).identity();
        assert_ne!(identity("https://a.org/x?key=one"), identity("https://a.org/x?key=other"));
        assert_eq!(identity("https://a.org/x?y=1"), "https://a.org/x?y=1");
        assert_eq!(
            identity("https://a.org/x?sig=one&se=2026"),
            identity("https://a.org/x?sig=other&se=2027")
        );
        let in_s3 = |key: &str, endpoint: Option<&str>| {
            let endpoint = endpoint.map(|url| url.parse().unwrap());
            let (name, region) = ("b".to_owned(), "us-west-2".to_owned());
            let bucket = Bucket { name, region, requester_pays: false, endpoint };
            Remote::S3(S3Object::new(&client, Reader::Anybody, bucket, key)).identity()
        };
        assert_ne!(in_s3("x?key=one", None), in_s3("x?key=other", None));
        assert_ne!(in_s3("x", None), in_s3("x", Some("http://127.0.0.1:9")));
        assert_eq!(in_s3("x", None), "s3://b/x");
    }

    #[test]
    fn spans_are_asked_for_as_ranges() {
        assert_eq!(Span::onward(0).header().as_deref(), Some("bytes=0-"));
        assert_eq!(Span::from(5..8).header().as_deref(), Some("bytes=5-7"));
        assert_eq!(Span::from(5..5).header(), None);
    }
}
