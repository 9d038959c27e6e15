//! One call over HTTP: tries, redirects within the origin, and what a bad answer means.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use crate::address::Address;
use crate::error::{Error, Result};
use crate::login::{Login, Proof, Refusal};
use crate::settings::Settings;

/// Most bytes of an answer: some thousand clusters with their keys.
const MOST_BYTES: usize = 32 << 20;
/// Most redirects in a row.
const MOST_REDIRECTS: u32 = 5;
/// Most characters of what a gateway said that a message repeats.
const MOST_SAID: usize = 600;

/// A call as plain data.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) body: Option<Value>,
    /// Whether the login is sent.
    pub(crate) with_login: bool,
    /// Whether it changes nothing the second time.
    pub(crate) repeatable: bool,
    /// What the gateway may wait before it answers.
    pub(crate) waits: Duration,
    /// A status beside 2xx that is an answer.
    pub(crate) answering: Option<u16>,
    /// The cluster that it is about.
    pub(crate) name: Option<String>,
}

impl Call {
    pub(crate) fn new(method: Method, url: Url) -> Self {
        let repeatable = method != Method::POST;
        Self {
            method,
            url,
            body: None,
            with_login: true,
            repeatable,
            waits: Duration::ZERO,
            answering: None,
            name: None,
        }
    }
}

/// A whole answer. Its body may hold keys, and is wiped.
pub(crate) struct Answer {
    status: u16,
    headers: reqwest::header::HeaderMap,
    body: Zeroizing<Vec<u8>>,
}

/// Why one try gave no answer.
struct Lost {
    why: String,
    /// Whether the gateway cannot have seen the request.
    unsent: bool,
}

/// What calls need.
pub(crate) struct Exchange<'a> {
    pub(crate) http: &'a reqwest::Client,
    pub(crate) address: &'a Address,
    pub(crate) login: &'a Login,
    pub(crate) settings: &'a Settings,
}

impl Exchange<'_> {
    /// The answer to a call, if it is a good one.
    pub(crate) async fn make(&self, call: &Call) -> Result<Answer> {
        let mut attempt = 1;
        loop {
            let left = attempt < self.settings.tries.max(1);
            let asked = match self.followed(call).await? {
                Ok(answer) if answer.is_good(call) => return Ok(answer),
                Ok(answer) if left && call.repeatable && is_passing(answer.status) => answer.retry_after(),
                Ok(answer) => return Err(self.meaning(call, &answer, attempt)),
                Err(lost) if left && (call.repeatable || lost.unsent) => None,
                Err(lost) => return Err(self.lost(call, lost, attempt)),
            };
            tokio::time::sleep(pause(self.settings, attempt, fastrand::f64(), asked)).await;
            attempt += 1;
        }
    }

    fn lost(&self, call: &Call, lost: Lost, tries: u32) -> Error {
        let (address, why) = (self.address.clone(), lost.why);
        if call.repeatable || lost.unsent {
            Error::Connection { address, tries, why }
        } else {
            Error::Unsure { address, why }
        }
    }

    /// Follows redirects within the gateway's origin.
    async fn followed(&self, call: &Call) -> Result<std::result::Result<Answer, Lost>> {
        let mut url = call.url.clone();
        for _ in 0..=MOST_REDIRECTS {
            let answer = match self.once(call, &url).await? {
                Ok(answer) => answer,
                lost => return Ok(lost),
            };
            match self.next(call, &url, &answer)? {
                Some(next) => url = next,
                None => return Ok(Ok(answer)),
            }
        }
        Err(self.no_gateway(format!("more than {MOST_REDIRECTS} redirects")))
    }

    /// Where a redirect leads (RFC 9110, 15.4). One that would turn a `POST` into a `GET` is not followed.
    fn next(&self, call: &Call, at: &Url, answer: &Answer) -> Result<Option<Url>> {
        if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
            return Ok(None);
        }
        let location = answer.header(&LOCATION).unwrap_or_default();
        let to = at.join(location).map_err(|_| self.no_gateway("a redirect to no address".to_owned()))?;
        if to.origin() != at.origin() {
            let to = to.origin().ascii_serialization();
            return Err(Error::Elsewhere { address: self.address.clone(), to });
        }
        if call.method != Method::GET && !matches!(answer.status, 307 | 308) {
            let what = format!("it answers a {} with a redirect ({})", call.method, answer.status);
            return Err(self.no_gateway(what));
        }
        Ok(Some(to))
    }

    /// One request. The outer error is one of our own side.
    async fn once(&self, call: &Call, url: &Url) -> Result<std::result::Result<Answer, Lost>> {
        let mut request = reqwest::Request::new(call.method.clone(), url.clone());
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        let mut proof = Proof::default();
        if call.with_login {
            let (header, due) = self.login.opening(url).await?;
            request.headers_mut().insert(AUTHORIZATION, header);
            proof = due;
        }
        if let Some(body) = &call.body {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.to_string().into());
        }
        let within = self.settings.answer + call.waits;
        let late = || Lost { why: format!("no whole answer in {} s", within.as_secs_f32()), unsent: false };
        let got = tokio::time::timeout(within, self.received(request)).await;
        let got = got.unwrap_or_else(|_| Ok(Err(late())))?;
        if let Ok(answer) = &got
            && answer.is_good(call)
        {
            let proved = proof.of(&answer.all(&WWW_AUTHENTICATE));
            proved.map_err(|why| Error::Unproven { address: self.address.clone(), why })?;
        }
        Ok(got)
    }

    async fn received(&self, request: reqwest::Request) -> Result<std::result::Result<Answer, Lost>> {
        let lost = |error: &reqwest::Error| Ok(Err(Lost { why: told(error), unsent: error.is_connect() }));
        let mut response = match self.http.execute(request).await {
            Ok(response) => response,
            Err(error) => return lost(&error),
        };
        let announced =
            response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        // With room for all of it: a vector that grows leaves what it held behind.
        let mut body = Zeroizing::new(Vec::with_capacity(announced.clamp(4 << 10, MOST_BYTES)));
        loop {
            match response.chunk().await {
                Ok(Some(piece)) if body.len() + piece.len() > MOST_BYTES => {
                    return Err(self.no_gateway(format!("an answer of more than {MOST_BYTES} bytes")));
                }
                Ok(Some(piece)) => body.extend_from_slice(&piece),
                Ok(None) => break,
                Err(error) => return lost(&error),
            }
        }
        Ok(Ok(Answer { status: response.status().as_u16(), headers: response.headers().clone(), body }))
    }

    fn no_gateway(&self, what: String) -> Error {
        Error::NoGateway { address: self.address.clone(), what }
    }

    /// The error that a bad answer means.
    fn meaning(&self, call: &Call, answer: &Answer, tries: u32) -> Error {
        let (address, status) = (self.address.clone(), answer.status);
        let place = self.login.place().to_owned();
        let Some(said) = answer.said() else {
            return self.strange(call, answer, tries);
        };
        let wanted = answer.header(&WWW_AUTHENTICATE);
        match self.login.refusal(status, &said, wanted) {
            Some(Refusal::Token) => return Error::WrongToken { address, place, said },
            Some(Refusal::Scope(scope)) => return Error::NoScope { address, place, scope },
            Some(Refusal::Login) => {
                let wanted = wanted.map(|wanted| format!("; it wants {wanted}")).unwrap_or_default();
                return Error::WrongLogin { address, place, said: format!("{said}{wanted}") };
            }
            None => {}
        }
        match (status, &call.name) {
            (403, Some(_)) => Error::NotYours { said },
            (404, Some(name)) => Error::NoCluster { address, name: name.clone() },
            (409, Some(_)) => Error::NotRunning { said },
            _ if is_passing(status) || status >= 500 => Error::Unavailable { address, status, tries, said },
            _ => Error::Refused { address, status, said },
        }
    }

    /// A bad answer that is not in the gateway's words: of a proxy before it, or of something else. A gateway
    /// whose code failed answers 500 with plain text.
    fn strange(&self, call: &Call, answer: &Answer, tries: u32) -> Error {
        let (address, status) = (self.address.clone(), answer.status);
        let kind = answer.header(&CONTENT_TYPE).unwrap_or("no type").to_owned();
        if is_passing(status) || status >= 500 {
            let said =
                reqwest::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
            let said = said.unwrap_or("no reason given").to_owned();
            if call.repeatable {
                return Error::Unavailable { address, status, tries, said };
            }
            return Error::Unsure { address, why: format!("it answered {status}: {said}") };
        }
        self.no_gateway(format!("{status} with {kind} to {} {}", call.method, call.url.path()))
    }

    /// The body of a good answer.
    pub(crate) fn read<T: DeserializeOwned>(&self, call: &Call, answer: &Answer) -> Result<T> {
        serde_json::from_slice(&answer.body).map_err(|error| {
            // The text of the error would repeat what it stumbled on; its kind and place do not.
            let what = match error.classify() {
                serde_json::error::Category::Data => "JSON of another shape",
                _ => "no JSON",
            };
            let place = format!("line {}, column {}", error.line(), error.column());
            self.no_gateway(format!("{what} ({place}) to {} {}", call.method, call.url.path()))
        })
    }
}

impl Answer {
    fn is_good(&self, call: &Call) -> bool {
        (200..300).contains(&self.status) || call.answering == Some(self.status)
    }

    fn header(&self, name: &reqwest::header::HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn all(&self, name: &reqwest::header::HeaderName) -> Vec<&str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect()
    }

    fn retry_after(&self) -> Option<Duration> {
        self.header(&RETRY_AFTER)?.trim().parse().ok().map(Duration::from_secs)
    }

    /// What a gateway says went wrong: always `{"error": text}`.
    fn said(&self) -> Option<String> {
        let value: Value = serde_json::from_slice(&self.body).ok()?;
        let text = value.get("error")?.as_str()?.split_whitespace().collect::<Vec<_>>().join(" ");
        Some(match text.char_indices().nth(MOST_SAID) {
            Some((end, _)) => format!("{}...", &text[..end]),
            None => text,
        })
    }
}

/// Whether another try may have a better answer. Not 500: by it a gateway refuses tokens.
fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 502 | 503 | 504)
}

/// The pause after a failed try (the first is 1). `chance` is between 0 and 1.
fn pause(settings: &Settings, attempt: u32, chance: f64, asked: Option<Duration>) -> Duration {
    let doubled = settings.pause.saturating_mul(1 << attempt.saturating_sub(1).min(20));
    let own = doubled.min(settings.longest_pause).mul_f64(1.0 - chance.clamp(0.0, 1.0) / 2.0);
    asked.map_or(own, |asked| own.max(asked.min(settings.longest_pause)))
}

/// An error of the HTTP library in one line, without the address.
pub(crate) fn told(error: &reqwest::Error) -> String {
    let mut last = None;
    let mut next: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(cause) = next {
        last = Some(cause.to_string());
        next = cause.source();
    }
    let kind = if error.is_timeout() {
        "it took too long"
    } else if error.is_connect() {
        "no connection"
    } else if error.is_body() || error.is_decode() {
        "the body broke off"
    } else {
        "the connection failed"
    };
    last.map_or_else(|| kind.to_owned(), |cause| format!("{kind} ({cause})"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pauses_grow_and_have_an_end(attempt in 1u32..5000, chance in 0.0f64..1.0, asked in 0u64..1_000_000) {
            let settings = Settings::default();
            let own = pause(&settings, attempt, chance, None);
            prop_assert!(own <= settings.longest_pause && own >= settings.pause / 2);
            prop_assert!(pause(&settings, attempt + 1, 0.0, None) >= own);
            let asked = pause(&settings, attempt, chance, Some(Duration::from_secs(asked)));
            prop_assert!(asked >= own && asked <= settings.longest_pause);
        }
    }
}
