//! The client: tries, redirects, whole bodies.

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use url::Url;

use super::answer::{Answer, Whole};
use super::request::Request;
use super::settings::Settings;
use super::watch::{Totals, Watch};
use super::{failure, retry};
use crate::address::Address;
use crate::error::{Error, Result};
use crate::surroundings::Surroundings;

/// Most bytes of a bad answer that are read for its reason.
const REASON: usize = 64 << 10;

/// Makes requests. A clone shares connections, cookies and counts.
#[derive(Clone)]
pub struct Client {
    /// Made with the first request: the machine's certificates take longer to read than a small file.
    http: Arc<OnceLock<reqwest::Client>>,
    settings: Arc<Settings>,
    known_as: HeaderValue,
    surroundings: Surroundings,
    totals: Arc<Totals>,
    watches: Arc<[Arc<dyn Watch>]>,
}

/// Where a request goes next on its way through redirects.
struct Hop {
    method: Method,
    url: Url,
    with_body: bool,
}

impl Client {
    /// A client with its own connections and cookies.
    ///
    /// # Errors
    /// When proxies, certificates or names of the settings are not usable. Those of the machine are read with
    /// the first request.
    pub fn new(settings: Settings, surroundings: &Surroundings) -> Result<Self> {
        let totals = Arc::new(Totals::default());
        let known_as = HeaderValue::from_str(&settings.client_id).map_err(|_| Error::Invalid {
            what: "the client's ID has characters that no header can carry".to_owned(),
            advice: "write it with letters, digits and dashes".to_owned(),
        })?;
        let counting: Arc<dyn Watch> = Arc::<Totals>::clone(&totals);
        settings.check()?;
        Ok(Self {
            http: Arc::default(),
            settings: Arc::new(settings),
            known_as,
            surroundings: surroundings.clone(),
            totals,
            watches: Arc::new([counting]),
        })
    }

    fn http(&self) -> Result<&reqwest::Client> {
        if let Some(http) = self.http.get() {
            return Ok(http);
        }
        let http = self.settings.build()?;
        Ok(self.http.get_or_init(|| http))
    }

    /// The same client, whose exchanges are told to one more.
    #[must_use]
    pub fn watched(&self, by: Arc<dyn Watch>) -> Self {
        let mut client = self.clone();
        client.watches = self.watches.iter().cloned().chain([by]).collect();
        client
    }

    /// What this client and all its clones have asked for and got.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// How it makes its requests.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where it runs.
    pub fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    /// Follows redirects and gives the final answer with its body unread. Any status that no further
    /// try would change is an answer; [`Answer::checked`] makes an error of a bad one.
    ///
    /// # Errors
    /// [`Error::Unavailable`] and [`Error::Connection`] after the last try, [`Error::Answer`] for
    /// redirects without end or to an address without TLS.
    pub async fn open(&self, request: &Request) -> Result<Answer> {
        let address = Address::from(&request.url);
        // Boxed, for it is part of many larger ones.
        in_time(request.within, &address, Box::pin(self.followed(request))).await
    }

    /// The whole body of a good answer, of at most `limit` bytes; it is asked for again where it was cut.
    ///
    /// # Errors
    /// As [`Client::open`], and for every status but 2xx and that of [`Request::answering`].
    pub async fn fetch(&self, request: &Request, limit: usize) -> Result<Whole> {
        let address = Address::from(&request.url);
        in_time(request.within, &address, Box::pin(self.fetched(request, limit))).await
    }

    async fn fetched(&self, request: &Request, limit: usize) -> Result<Whole> {
        let mut attempt = 1;
        loop {
            let read = async {
                let answer = self.followed(request).await?;
                let wanted = request.answering == Some(answer.status().as_u16());
                let answer = if wanted { answer } else { answer.checked().await? };
                answer.whole(limit).await
            }
            .await;
            match read {
                Err(Error::Connection { address, why, tries: 1 }) if request.repeatable => {
                    if attempt >= self.tries(request) {
                        return Err(Error::Connection { address, why, tries: attempt });
                    }
                    self.wait(attempt, None).await;
                    attempt += 1;
                }
                other => return other,
            }
        }
    }

    fn tries(&self, request: &Request) -> u32 {
        request.tries.unwrap_or(self.settings.tries).max(1)
    }

    async fn wait(&self, attempt: u32, asked: Option<Duration>) {
        tokio::time::sleep(retry::pause(&self.settings, attempt, fastrand::f64(), asked)).await;
    }

    async fn followed(&self, request: &Request) -> Result<Answer> {
        let mut hop = Hop { method: request.method.clone(), url: request.url.clone(), with_body: true };
        let mut holds = None;
        for _ in 0..=self.settings.redirects {
            let mut answer = self.tried(request, &hop).await?;
            answer.holds = holds;
            let Some(location) = answer.header(&LOCATION).filter(|_| request.follow && is_redirect(&answer))
            else {
                return Ok(answer);
            };
            let following = next(&hop, answer.status(), location)?;
            if request.stop_at.is_some() && request.stop_at.as_deref() == following.url.host_str() {
                return Ok(answer);
            }
            holds = answer.max_age();
            hop = following;
            answer.drain().await;
        }
        let what = format!("more than {} redirects", self.settings.redirects);
        Err(Error::Answer { address: Address::from(&request.url), what })
    }

    async fn tried(&self, request: &Request, hop: &Hop) -> Result<Answer> {
        let tries = self.tries(request);
        let http = self.http()?;
        let mut attempt = 1;
        loop {
            let last = attempt >= tries || !request.repeatable;
            let asked = match self.once(http, request, hop).await {
                Ok(answer)
                    if !retry::is_passing(answer.status())
                        || request.answering == Some(answer.status().as_u16()) =>
                {
                    return Ok(answer);
                }
                Ok(answer) if last => return Err(reason(answer, attempt).await),
                Ok(answer) => {
                    let now = self.surroundings.now();
                    answer.header(&RETRY_AFTER).and_then(|text| retry::retry_after(text, now))
                }
                Err((why, connected)) if attempt >= tries || (connected && !request.repeatable) => {
                    return Err(Error::Connection { address: Address::from(&hop.url), tries: attempt, why });
                }
                Err(_) => None,
            };
            self.wait(attempt, asked).await;
            attempt += 1;
        }
    }

    /// One exchange. A failure says why, and whether a connection was there, so that the server may have
    /// acted on the request.
    async fn once(
        &self,
        http: &reqwest::Client,
        request: &Request,
        hop: &Hop,
    ) -> std::result::Result<Answer, (String, bool)> {
        let mut built = reqwest::Request::new(hop.method.clone(), hop.url.clone());
        *built.headers_mut() = request.headers.clone();
        built.headers_mut().insert(HeaderName::from_static("client-id"), self.known_as.clone());
        if let Some(authorization) = request.grant_for(&hop.url) {
            built.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        if hop.with_body && !request.body.is_empty() {
            *built.body_mut() = Some(request.body.clone().into());
        }
        let record =
            super::answer::Record::new(request, hop.method.clone(), &hop.url, Arc::clone(&self.watches));
        let sent = tokio::time::timeout(self.settings.answer, http.execute(built)).await;
        match sent {
            Ok(Ok(response)) => Ok(Answer::new(response, hop.url.clone(), record, self.settings.read)),
            Ok(Err(error)) => Err((failure::told(&error), !error.is_connect())),
            Err(_) => Err((format!("no answer in {} s", self.settings.answer.as_secs()), true)),
        }
    }
}

async fn in_time<T>(
    within: Option<Duration>,
    address: &Address,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let Some(within) = within else { return work.await };
    tokio::time::timeout(within, work).await.unwrap_or_else(|_| {
        let why = format!("no answer in {} ms", within.as_millis());
        Err(Error::Connection { address: address.clone(), tries: 1, why })
    })
}

async fn reason(answer: Answer, tries: u32) -> Error {
    let (address, status) = (Address::from(answer.url()), answer.status());
    let body = answer.whole(REASON).await.map(|whole| whole.bytes).unwrap_or_default();
    failure::of(address, status, &body, tries)
}

impl Answer {
    /// The answer if its status is 2xx, else the error that it means.
    ///
    /// # Errors
    /// By status and what the body says.
    pub async fn checked(self) -> Result<Self> {
        if self.status().is_success() { Ok(self) } else { Err(reason(self, 1).await) }
    }
}

fn is_redirect(answer: &Answer) -> bool {
    matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The next hop (RFC 9110, 15.4): 303 asks with `GET`, and so do 301 and 302 after a `POST`.
fn next(hop: &Hop, status: reqwest::StatusCode, location: &str) -> Result<Hop> {
    let address = Address::from(&hop.url);
    let url = hop.url.join(location).map_err(|_| Error::Answer {
        address: address.clone(),
        what: "a redirect to something that is no address".to_owned(),
    })?;
    if !(url.scheme() == "https" || url.scheme() == hop.url.scheme() && url.scheme() == "http") {
        let what = format!("a redirect away from TLS, to {}", Address::from(&url));
        return Err(Error::Answer { address, what });
    }
    if let Some(page) = denied(&hop.url, &url) {
        let what = "you have approved the application and accepted its licence (EULA)".to_owned();
        return Err(Error::NotAccepted { address: Address::from(&url), what, page });
    }
    let status = status.as_u16();
    let get = status == 303 && hop.method != Method::HEAD
        || hop.method == Method::POST && matches!(status, 301 | 302);
    let method = if get { Method::GET } else { hop.method.clone() };
    Ok(Hop { method, url, with_body: hop.with_body && !get })
}

/// The page on which the user approves an application, where its login service sends back that
/// they have not: `error=access_denied` (RFC 6749, 4.1.2.1).
fn denied(at: &Url, to: &Url) -> Option<String> {
    to.query_pairs().find(|(name, value)| name == "error" && value == "access_denied")?;
    let (_, client) = at.query_pairs().find(|(name, _)| name == "client_id")?;
    let told = to.query_pairs().find(|(name, _)| name == "resolution_url");
    if let Some(page) =
        told.and_then(|(_, page)| Url::parse(&page).ok()).filter(|page| page.origin() == at.origin())
    {
        return Some(page.into());
    }
    let mut page = at.join("/approve_app").ok()?;
    page.query_pairs_mut().clear().append_pair("client_id", &client);
    Some(page.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(method: Method, status: u16, location: &str) -> Result<(Method, String, bool)> {
        let hop = Hop { method, url: "https://a.nasa.gov/x/y".parse().unwrap(), with_body: true };
        let next = next(&hop, reqwest::StatusCode::from_u16(status).unwrap(), location)?;
        Ok((next.method, next.url.to_string(), next.with_body))
    }

    #[test]
    fn methods_change_as_they_should() {
        let at = "https://a.nasa.gov/x/z".to_owned();
        assert_eq!(hop(Method::GET, 302, "z").unwrap(), (Method::GET, at.clone(), true));
        assert_eq!(hop(Method::POST, 303, "z").unwrap(), (Method::GET, at.clone(), false));
        assert_eq!(hop(Method::POST, 301, "z").unwrap(), (Method::GET, at.clone(), false));
        assert_eq!(hop(Method::POST, 307, "z").unwrap(), (Method::POST, at.clone(), true));
        assert_eq!(hop(Method::HEAD, 303, "z").unwrap(), (Method::HEAD, at, true));
    }

    #[test]
    fn an_application_that_is_not_approved_is_told_with_its_page() {
        let at = "https://urs.earthdata.nasa.gov/oauth/authorize?client_id=abc&state=x".parse().unwrap();
        let back: Url = "https://data.nasa.gov/login?error=access_denied&state=x".parse().unwrap();
        let page = denied(&at, &back).unwrap();
        assert_eq!(page, "https://urs.earthdata.nasa.gov/approve_app?client_id=abc");
        assert_eq!(denied(&at, &"https://data.nasa.gov/login?code=1".parse().unwrap()), None);
    }

    #[test]
    fn nothing_leaves_tls() {
        assert!(hop(Method::GET, 302, "http://a.nasa.gov/x").is_err());
        assert!(hop(Method::GET, 302, "file:///etc/passwd").is_err());
        assert!(hop(Method::GET, 302, "https://b.nasa.gov/x").is_ok());
    }
}
