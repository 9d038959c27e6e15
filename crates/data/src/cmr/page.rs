//! One page of a search: the request, and what the answer holds.

use std::io::Read;

use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::query::{Concept, Query};
use super::{Cmr, Notice};
use crate::address::Address;
use crate::error::{Error, Result};
use crate::http::{Grant, Request, Whole};
use crate::secret::bearer;

/// Most bytes of a page. Pages of 2,000 granules have 10 to 60 MB.
const LONGEST_PAGE: usize = 512 << 20;
/// The status with which CMR's gateway ends what takes longer than 180 s.
const GATEWAY_TIMEOUT: u16 = 504;

/// Where the next page begins; sent back as it came.
const SEARCH_AFTER: HeaderName = HeaderName::from_static("cmr-search-after");
const HITS: HeaderName = HeaderName::from_static("cmr-hits");
/// Says that CMR cut the query, by the documentation and by what it lets browsers read.
const TIMED_OUT: [HeaderName; 2] =
    [HeaderName::from_static("cmr-time-out"), HeaderName::from_static("cmr-timed-out")];

/// What one request gave.
pub(super) enum Outcome {
    /// A whole page.
    Page(Page),
    /// CMR did not finish it in its time.
    CutOff,
}

/// A page.
pub(super) struct Page {
    /// How many there are in all, as CMR counted now.
    pub(super) hits: Option<u64>,
    /// Where the next page begins; there is none where CMR does not say.
    pub(super) after: Option<HeaderValue>,
    /// The elements, not read yet.
    pub(super) items: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Body {
    hits: Option<u64>,
    items: Vec<Box<RawValue>>,
}

/// Asks for one page.
pub(super) async fn ask<C: Concept>(
    cmr: &Cmr,
    query: &Query<C>,
    size: usize,
    after: Option<&HeaderValue>,
) -> Result<Outcome> {
    let mut request = request(cmr, query, size)?;
    if let Some(after) = after {
        request = request.header(SEARCH_AFTER, after.clone());
    }
    let whole = fetch(cmr, &request).await?;
    if whole.status.as_u16() == GATEWAY_TIMEOUT || TIMED_OUT.iter().any(|name| says_true(&whole, name)) {
        return Ok(Outcome::CutOff);
    }
    read(&whole).map(Outcome::Page)
}

fn says_true(answer: &Whole, name: &HeaderName) -> bool {
    answer.header(name).is_some_and(|text| text.trim().eq_ignore_ascii_case("true"))
}

fn request<C: Concept>(cmr: &Cmr, query: &Query<C>, size: usize) -> Result<Request> {
    let path = format!("search/{}.umm_json", C::PATH);
    let mut url = cmr.base.join(&path).map_err(|_| Error::Invalid {
        what: format!("{} is no address of a catalogue", Address::from(&cmr.base)),
        advice: "write it as https://HOST".to_owned(),
    })?;
    let form = query.form(size);
    let request = if form.is_long() {
        Request::post(url, "application/x-www-form-urlencoded", form.0).repeatable()
    } else {
        url.set_query(Some(&form.0));
        Request::get(url)
    };
    Ok(request.header(ACCEPT_ENCODING, HeaderValue::from_static("gzip")).answering(GATEWAY_TIMEOUT))
}

/// The answer, with the login if there is one. A login that has ended, or that CMR refuses, would close also
/// what is open to everyone: then it is asked without.
async fn fetch(cmr: &Cmr, request: &Request) -> Result<Whole> {
    let Some(session) = &cmr.session else { return cmr.client.fetch(request, LONGEST_PAGE).await };
    match session.token().await {
        Ok(token) => {
            let grant = Grant::new(request.url(), bearer(token.value())?);
            match cmr.client.fetch(&request.clone().grant(grant), LONGEST_PAGE).await {
                Err(Error::Refused { status: 401, .. }) => cmr.notice(&Notice::LoginRefused),
                other => return other,
            }
        }
        Err(error) => cmr.notice(&Notice::NoToken { why: error.to_string() }),
    }
    cmr.client.fetch(request, LONGEST_PAGE).await
}

fn read(whole: &Whole) -> Result<Page> {
    let unread = |what: String| Error::Answer { address: Address::from(&whole.url), what };
    let body = unpacked(whole)?;
    let body: Body = serde_json::from_slice(&body)
        .map_err(|error| unread(format!("something that is no page of a search: {error}")))?;
    let counted = whole.header(&HITS).and_then(|hits| hits.trim().parse().ok());
    Ok(Page {
        hits: counted.or(body.hits),
        after: whole.headers.get(SEARCH_AFTER).cloned(),
        items: body.items,
    })
}

/// The body, unpacked where it came packed.
fn unpacked(whole: &Whole) -> Result<std::borrow::Cow<'_, [u8]>> {
    let answer = |what: String| Error::Answer { address: Address::from(&whole.url), what };
    match whole.header(&CONTENT_ENCODING).map(str::trim) {
        None | Some("" | "identity") => Ok(whole.bytes.as_ref().into()),
        Some("gzip" | "x-gzip") => {
            let mut body = Vec::new();
            let most = LONGEST_PAGE as u64;
            let mut packed = flate2::read::MultiGzDecoder::new(whole.bytes.as_ref()).take(most + 1);
            packed
                .read_to_end(&mut body)
                .map_err(|error| answer(format!("a body that is no gzip: {error}")))?;
            if body.len() > LONGEST_PAGE {
                return Err(answer(format!("more than {LONGEST_PAGE} bytes")));
            }
            Ok(body.into())
        }
        Some(other) => Err(answer(format!("a body in the coding `{other}`, which was not asked for"))),
    }
}

/// How many there are.
pub(super) async fn count<C: Concept>(cmr: &Cmr, query: &Query<C>) -> Result<u64> {
    let request = request(cmr, query, 0)?;
    let whole = fetch(cmr, &request).await?;
    let page = read(&whole)?;
    page.hits.ok_or_else(|| Error::Answer {
        address: Address::from(&whole.url),
        what: "no number of hits".to_owned(),
    })
}
