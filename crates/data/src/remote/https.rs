//! An object behind a host that speaks HTTPS, and the signed address it leads to.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::{Pin, Span, request};
use crate::address::Address;
use crate::error::Result;
use crate::http::{Answer, Client, Watch};
use crate::login::Session;
use crate::stac::Signer;

/// A signed address with less time left is not begun with.
const MARGIN: SignedDuration = SignedDuration::from_secs(5);

/// An object at an address. A clone shares the signed address.
#[derive(Clone)]
pub struct HttpsObject {
    by: By,
    url: Url,
    signed: Arc<Mutex<Option<Signed>>>,
    signer: Option<Signer>,
}

#[derive(Clone)]
enum By {
    /// Somebody who is logged in.
    Session(Session),
    /// Anybody.
    Client(Client),
}

/// Where an archive sent us, and until when that holds.
#[derive(Clone)]
struct Signed {
    url: Url,
    until: Timestamp,
}

impl HttpsObject {
    /// An object for those who are logged in.
    pub fn new(session: &Session, url: Url) -> Self {
        Self { by: By::Session(session.clone()), url, signed: Arc::default(), signer: None }
    }

    /// An object for anybody.
    pub fn open_to_all(client: &Client, url: Url) -> Self {
        Self { by: By::Client(client.clone()), url, signed: Arc::default(), signer: None }
    }

    /// The same, its address signed where its store wants that.
    #[must_use]
    pub fn signed_by(mut self, signer: &Signer) -> Self {
        self.signer = Some(signer.clone());
        self
    }

    /// Its address at the archive.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Whether it is asked for by somebody who is logged in.
    pub fn has_login(&self) -> bool {
        matches!(self.by, By::Session(_))
    }

    /// The same, whose exchanges are told to one more.
    pub(super) fn watched(self, by: Arc<dyn Watch>) -> Self {
        let by = match self.by {
            By::Session(session) => By::Session(session.watched(by)),
            By::Client(client) => By::Client(client.watched(by)),
        };
        Self { by, ..self }
    }

    /// The object below this address, which is signed as this one is, if it is.
    pub(super) fn below(&self, key: &str) -> Option<Self> {
        let mut url = self.url.clone();
        url.path_segments_mut().ok()?.pop_if_empty().extend(key.split('/'));
        Some(Self { url, signed: Arc::default(), ..self.clone() })
    }

    pub(super) async fn open(&self, span: Span, pin: Option<&Pin>, tries: u32) -> Result<Answer> {
        if let Some(answer) = self.stored(span, pin, tries).await? {
            return answer.checked().await;
        }
        if let Some(url) = self.signed() {
            let answer = self.client().open(&request(url, span, pin, tries)).await?;
            // S3 says 403 to an address that has ended, 400 to one whose keys have.
            if !matches!(answer.status().as_u16(), 400 | 401 | 403) {
                return answer.checked().await;
            }
            *self.signed.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        let asked = request(self.url.clone(), span, pin, tries);
        let answer = match &self.by {
            By::Session(session) => session.open(asked).await?,
            By::Client(client) => client.open(&asked).await?.checked().await?,
        };
        self.remember(&answer);
        Ok(answer)
    }

    /// The answer of a store that wants a signature, by a new one if it refuses the one that is held.
    async fn stored(&self, span: Span, pin: Option<&Pin>, tries: u32) -> Result<Option<Answer>> {
        let Some(signer) = &self.signer else { return Ok(None) };
        let Some(url) = signer.sign(&self.url).await? else { return Ok(None) };
        let answer = self.client().open(&request(url.clone(), span, pin, tries)).await?;
        if answer.status() != 403 {
            return Ok(Some(answer));
        }
        signer.refuse(&url).await;
        let Some(url) = signer.sign(&self.url).await? else { return Ok(Some(answer)) };
        self.client().open(&request(url, span, pin, tries)).await.map(Some)
    }

    fn client(&self) -> &Client {
        match &self.by {
            By::Session(session) => session.client(),
            By::Client(client) => client,
        }
    }

    fn signed(&self) -> Option<Url> {
        let held = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.client().surroundings().now();
        held.as_ref()
            .filter(|signed| signed.until.duration_since(now) > MARGIN)
            .map(|signed| signed.url.clone())
    }

    fn remember(&self, answer: &Answer) {
        if answer.url().origin() == self.url.origin() {
            return;
        }
        let now = self.client().surroundings().now();
        let until = until(answer.url(), answer.redirect_holds(), now);
        let signed = until.map(|until| Signed { url: answer.url().clone(), until });
        *self.signed.lock().unwrap_or_else(PoisonError::into_inner) = signed;
    }
}

/// Until when a redirect's target may be used: as long as the redirect says (`Cache-Control`), and not
/// longer than its signature; not at all where neither tells.
fn until(url: &Url, holds: Option<Duration>, now: Timestamp) -> Option<Timestamp> {
    let told = holds.and_then(|holds| now.checked_add(SignedDuration::try_from(holds).ok()?).ok());
    match (told, signature_ends(url)) {
        (Some(told), Some(ends)) => Some(told.min(ends)),
        (told, ends) => told.or(ends),
    }
}

/// When a signature of S3 ends: `X-Amz-Date` and `X-Amz-Expires` seconds.
fn signature_ends(url: &Url) -> Option<Timestamp> {
    let value = |wanted: &str| url.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value);
    let date = DateTime::strptime("%Y%m%dT%H%M%SZ", value("X-Amz-Date")?.as_bytes()).ok()?;
    let seconds: u32 = value("X-Amz-Expires")?.parse().ok()?;
    let begun = date.to_zoned(TimeZone::UTC).ok()?.timestamp();
    begun.checked_add(SignedDuration::from_secs(i64::from(seconds))).ok()
}

/// Shows the address, and no signature.
impl fmt::Debug for HttpsObject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("HttpsObject").field(&Address::from(&self.url)).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_signed_address_holds_as_long_as_both_say() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let signed = "https://b.s3.us-west-2.amazonaws.com/k?X-Amz-Date=20261122T115900Z&X-Amz-Expires=3600"
            .parse()
            .unwrap();
        let plain = "https://b.s3.us-west-2.amazonaws.com/k".parse().unwrap();
        let minutes = |count| Some(now + SignedDuration::from_mins(count));
        assert_eq!(until(&signed, None, now), minutes(59));
        assert_eq!(until(&signed, Some(Duration::from_mins(10)), now), minutes(10));
        assert_eq!(until(&signed, Some(Duration::from_hours(2)), now), minutes(59));
        assert_eq!(until(&plain, Some(Duration::from_mins(10)), now), minutes(10));
        assert_eq!(until(&plain, None, now), None);
    }

    proptest! {
        #[test]
        fn no_address_makes_it_panic(date in "[0-9TZ]{0,18}", seconds in "[0-9]{0,12}") {
            let text = format!("https://a/k?X-Amz-Date={date}&X-Amz-Expires={seconds}");
            until(&text.parse().unwrap(), Some(Duration::MAX), Timestamp::MAX);
        }
    }
}
