//! Requests of our own: sent again when a cloud is busy, told apart when it refuses.

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, Request};
use tokio::time::sleep;

use crate::error::{Error, Result};

/// How long one try may take. Lists of a large account take seconds.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// How long a connection may take.
pub(super) const CONNECT: Duration = Duration::from_secs(10);
/// Tries of one request, the first included.
const TRIES: u32 = 6;
/// The pause before the second try; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(200);
/// The longest pause that a cloud may ask for.
const LONGEST: Duration = Duration::from_secs(20);

/// What a cloud answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Answer {
    /// Whether the cloud did what was asked.
    pub(super) fn is_fine(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header's text.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// A client; connections are kept for later requests.
pub(super) fn client() -> Result<Client> {
    let built = Client::builder()
        .timeout(PATIENCE)
        .connect_timeout(CONNECT)
        .user_agent(concat!("frazil/", env!("CARGO_PKG_VERSION")))
        // A signature is for one address only, and no API of these clouds redirects.
        .redirect(reqwest::redirect::Policy::none())
        .build();
    built.map_err(|error| Error::failed("no HTTP client").because(error))
}

/// Sends a request, again after a pause while the cloud is busy or does not answer. `make` makes
/// it anew for each try, since a signature has a time; `busy` says which answers are worth another.
pub(super) async fn send(
    client: &Client,
    asked: &str,
    make: &(dyn Fn() -> Result<Request> + Send + Sync),
    busy: &(dyn Fn(&Answer) -> bool + Send + Sync),
) -> Result<Answer> {
    let mut tries = 1;
    loop {
        let request = make()?;
        let host = request.url().host_str().unwrap_or_default().to_owned();
        let wait = match once(client, request).await {
            Ok(answer) if tries < TRIES && (is_busy(&answer) || busy(&answer)) => asked_pause(&answer, tries),
            Ok(answer) => return Ok(answer),
            // Every request here may be sent twice: what it asks for is the same afterwards.
            Err(error)
                if tries < TRIES && (error.is_timeout() || error.is_connect() || error.is_request()) =>
            {
                pause(tries)
            }
            Err(error) => return Err(no_answer(asked, &host, error)),
        };
        sleep(wait).await;
        tries += 1;
    }
}

async fn once(client: &Client, request: Request) -> reqwest::Result<Answer> {
    let response = client.execute(request).await?;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    Ok(Answer { status, headers, body: response.text().await? })
}

fn is_busy(answer: &Answer) -> bool {
    matches!(answer.status, 429 | 500 | 502 | 503 | 504)
}

fn asked_pause(answer: &Answer, tries: u32) -> Duration {
    let asked = answer.header("retry-after").parse().map(Duration::from_secs);
    asked.map_or_else(|_| pause(tries), |asked| asked.min(LONGEST))
}

/// Twice as long each time, of which up to a half is left to chance: others were told the same.
fn pause(tries: u32) -> Duration {
    let full = PAUSE * 2_u32.pow(tries - 1);
    let mut byte = [0];
    let chance = getrandom::fill(&mut byte).map_or(0, |()| u32::from(byte[0]));
    full / 2 + full / 512 * chance
}

fn no_answer(asked: &str, host: &str, error: reqwest::Error) -> Error {
    // The address may carry a signature.
    Error::failed(format!("{asked}: {host} does not answer"))
        .hint("check the network, proxy and VPN; the same call again goes on from there")
        .because(error.without_url())
}

/// A cloud's refusal.
#[derive(Debug)]
pub(super) struct Refusal {
    /// What was asked, as a right is written: `ec2:DescribeVolumes`.
    pub(super) asked: String,
    pub(super) status: u16,
    /// The cloud's word for it: `AccessDenied`, `notFound`.
    pub(super) code: String,
    pub(super) message: String,
}

/// Why a request came to nothing.
#[derive(Debug)]
pub(super) enum Fault {
    /// The cloud answered no.
    Refused(Refusal),
    /// It was not asked, or did not answer.
    Failed(Error),
}

/// What a request came to.
pub(super) type Asked<T> = std::result::Result<T, Fault>;

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Fault {
    /// The refusal's code; empty without one.
    pub(super) fn code(&self) -> &str {
        match self {
            Self::Refused(refusal) => &refusal.code,
            Self::Failed(_) => "",
        }
    }

    /// The refusal's HTTP status; 0 without one.
    pub(super) fn status(&self) -> u16 {
        match self {
            Self::Refused(refusal) => refusal.status,
            Self::Failed(_) => 0,
        }
    }

    /// The refusal's message; empty without one.
    pub(super) fn message(&self) -> &str {
        match self {
            Self::Refused(refusal) => &refusal.message,
            Self::Failed(_) => "",
        }
    }
}

/// `None` where the cloud says that there is no such thing.
pub(super) fn found<T>(asked: Asked<T>, is_missing: impl FnOnce(&Fault) -> bool) -> Asked<Option<T>> {
    match asked {
        Ok(found) => Ok(Some(found)),
        Err(fault) if is_missing(&fault) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Bills are often closed to who makes hubs: one that asks for nothing there is no reason to look.
pub(super) fn nothing_if_denied<T: Default>(asked: Asked<T>, is_wanted: bool) -> Asked<T> {
    let denied = |fault: &Fault| fault.status() == 403 || fault.code().starts_with("AccessDenied");
    match asked {
        Err(fault) if !is_wanted && denied(&fault) => Ok(T::default()),
        asked => asked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_not_look_is_believed_only_where_nothing_was_asked_for() {
        let denied = |status: u16, code: &str| -> Asked<Vec<u8>> {
            let (asked, message) = ("budgets:ViewBudget".to_owned(), String::new());
            Err(Fault::Refused(Refusal { asked, status, code: code.to_owned(), message }))
        };
        assert!(nothing_if_denied(denied(400, "AccessDeniedException"), false).unwrap().is_empty());
        assert!(nothing_if_denied(denied(403, "PERMISSION_DENIED"), false).unwrap().is_empty());
        assert!(nothing_if_denied(denied(400, "AccessDeniedException"), true).is_err());
        assert!(nothing_if_denied(denied(500, "InternalError"), false).is_err());
    }

    #[test]
    fn pauses_grow_and_stay_short() {
        for tries in 1..TRIES {
            let full = PAUSE * 2_u32.pow(tries - 1);
            let taken = pause(tries);
            assert!(full / 2 <= taken && taken <= full, "{taken:?} of {full:?}");
        }
    }

    #[test]
    fn a_cloud_says_how_long_to_wait() {
        let answer = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", text.parse().unwrap());
            Answer { status: 429, headers, body: String::new() }
        };
        assert_eq!(asked_pause(&answer("3"), 1), Duration::from_secs(3));
        assert_eq!(asked_pause(&answer("3600"), 1), LONGEST);
        assert!(asked_pause(&answer("soon"), 1) <= PAUSE);
    }
}
