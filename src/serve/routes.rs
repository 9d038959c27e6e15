//! What there is below the service's path, and for whom.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use reqwest::Url;
use tokio::sync::Semaphore;

use super::answer::{HTML, JSON, METRICS, answer, page, plain, redirect, with_cookie};
use super::cookie::{LOGIN, SESSION, given, is_https, line};
use super::gate::{Gate, Known, Refusal, SESSION as SESSION_LASTS};
use super::hub::HubError;
use super::login::{Logins, PATIENCE};
use super::notice;
use super::person::Sees;
use super::service::{Service, Token};
use crate::context::Context;
use crate::error::{self, Error};
use crate::ledger::Month;
use crate::view::Printer;

/// Pages that are made at once; others wait.
const AT_ONCE: usize = 2;
/// How long somebody waits for one.
const WAIT: Duration = Duration::from_mins(1);
/// Most letters of a token or a code that are looked at.
const LONGEST: usize = 2_048;

/// What somebody may see.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum View {
    /// Everything.
    All,
    /// What is theirs.
    Own,
}

/// A page that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Asked {
    /// Who asks; nobody where everything is shown, which is the same for all.
    pub who: String,
    /// What they may see.
    pub view: View,
    /// The month; without one, what is shown first.
    pub month: Option<Month>,
}

impl Asked {
    /// What somebody asks for.
    fn new(who: &str, view: View, month: Option<Month>) -> Self {
        let who = if view == View::All { "" } else { who };
        Self { who: who.to_owned(), view, month }
    }
}

/// A page in both of its forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// For people.
    pub html: String,
    /// For programs: JSON of the schema `frazil.report/v1`.
    pub data: String,
}

/// What is served: made outside of the asynchronous threads, as it reads files.
pub trait Show: Send + Sync + 'static {
    /// A page.
    ///
    /// # Errors
    /// When the ledger cannot be read, or the page cannot be made.
    fn show(&self, asked: &Asked) -> error::Result<Arc<Shown>>;

    /// Metrics in Prometheus' text format, in which nobody is told of.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn metrics(&self) -> error::Result<String>;
}

struct App {
    gate: Gate,
    logins: Logins,
    maker: Maker,
    context: Context,
}

/// Who makes what is shown, a few at a time, whichever door it is asked for at.
#[derive(Clone)]
pub struct Maker {
    show: Arc<dyn Show>,
    places: Arc<Semaphore>,
}

impl fmt::Debug for Maker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Maker").field("places", &self.places).finish_non_exhaustive()
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("gate", &self.gate).finish_non_exhaustive()
    }
}

/// What was made, or why not.
enum Made<T> {
    Done(T),
    Failed,
    Busy,
}

impl Maker {
    /// A maker of what somebody shows.
    pub fn new(show: Arc<dyn Show>) -> Self {
        Self { show, places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Makes something on a thread of its own; what fails is told in the log.
    async fn make<T: Send + 'static>(
        &self,
        what: impl FnOnce(&dyn Show) -> error::Result<T> + Send + 'static,
    ) -> Made<T> {
        let (places, show) = (Arc::clone(&self.places), Arc::clone(&self.show));
        let work = async move {
            let place = places.acquire_owned().await.ok()?;
            let made = tokio::task::spawn_blocking(move || {
                let made = what(show.as_ref());
                drop(place);
                made
            });
            made.await.ok()
        };
        match tokio::time::timeout(WAIT, work).await {
            Err(_) => Made::Busy,
            Ok(Some(Ok(made))) => Made::Done(made),
            Ok(Some(Err(error))) => {
                Printer::error(&error);
                Made::Failed
            }
            Ok(None) => Made::Failed,
        }
    }
}

type Shared = State<Arc<App>>;

/// Everything below a service's path.
///
/// # Errors
/// When the system gives no random bytes.
pub fn routes(gate: Gate, maker: Maker, context: Context) -> error::Result<Router> {
    let prefix = gate.hub().service().prefix.clone();
    let app = App { gate, logins: Logins::new()?, maker, context };
    let below = |name: &str| format!("{prefix}{name}");
    let mut router = Router::new()
        .route(&prefix, get(front))
        .route(&below("data"), get(data))
        .route(&below("metrics"), get(metrics))
        .route(&below("oauth_callback"), get(callback))
        .route(&below("logout"), post(logout))
        .route(&below("health"), get(health));
    if prefix.len() > 1 {
        let front = prefix.clone();
        router = router.route(prefix.trim_end_matches('/'), get(move || async move { redirect(&front) }));
    }
    Ok(router.fallback(nowhere).with_state(Arc::new(app)))
}

/// Metrics and nothing else, without a login: nobody is told of in them.
pub fn metrics_only(maker: Maker) -> Router {
    Router::new()
        .route("/metrics", get(|State(maker): State<Maker>| async move { told(&maker).await }))
        .fallback(|| async { plain(StatusCode::NOT_FOUND, "there is /metrics\n") })
        .with_state(maker)
}

async fn front(State(app): Shared, uri: Uri, headers: HeaderMap) -> Response {
    let known = match enter(&app, &headers).await {
        Ok(known) => known,
        Err(refusal) => return refused(&app, &headers, refusal, true),
    };
    shown(&app, known, &uri, true).await
}

async fn data(State(app): Shared, uri: Uri, headers: HeaderMap) -> Response {
    match enter(&app, &headers).await {
        Ok(known) => shown(&app, known, &uri, false).await,
        Err(refusal) => refused(&app, &headers, refusal, false),
    }
}

async fn metrics(State(app): Shared, headers: HeaderMap) -> Response {
    match enter(&app, &headers).await {
        Ok(Known { sees: Sees::All, .. }) => told(&app.maker).await,
        Ok(_) => plain(StatusCode::FORBIDDEN, "metrics are for who sees everything\n"),
        Err(refusal) => refused(&app, &headers, refusal, false),
    }
}

async fn told(maker: &Maker) -> Response {
    match maker.make(Show::metrics).await {
        Made::Done(text) => answer(StatusCode::OK, METRICS, text),
        Made::Failed => {
            plain(StatusCode::INTERNAL_SERVER_ERROR, "metrics cannot be made; the log says why\n")
        }
        Made::Busy => plain(StatusCode::SERVICE_UNAVAILABLE, "busy\n"),
    }
}

async fn health() -> Response {
    plain(StatusCode::OK, "well\n")
}

async fn nowhere(State(app): Shared) -> Response {
    page(StatusCode::NOT_FOUND, &notice::nowhere(service(&app)))
}

fn service(app: &App) -> &Service {
    app.gate.hub().service()
}

/// What somebody sees, of the month that the address names.
async fn shown(app: &App, known: Known, uri: &Uri, html: bool) -> Response {
    let view = match known.sees {
        Sees::All => View::All,
        Sees::Own => View::Own,
        Sees::Nothing if html => return page(StatusCode::FORBIDDEN, &notice::forbidden(service(app))),
        Sees::Nothing => return plain(StatusCode::FORBIDDEN, "this token has no scope for this service\n"),
    };
    let month = match parameter(uri, "month").map(|text| Month::from_text(&text)) {
        None => None,
        Some(Some(month)) => Some(month),
        Some(None) => return page(StatusCode::NOT_FOUND, &notice::nowhere(service(app))),
    };
    let asked = Asked::new(&known.person.name, view, month);
    match app.maker.make(move |show| show.show(&asked)).await {
        Made::Done(shown) if html => answer(StatusCode::OK, HTML, shown.html.clone()),
        Made::Done(shown) => answer(StatusCode::OK, JSON, shown.data.clone()),
        Made::Failed => page(StatusCode::INTERNAL_SERVER_ERROR, &notice::failed(service(app))),
        Made::Busy => page(StatusCode::SERVICE_UNAVAILABLE, &notice::busy(service(app))),
    }
}

/// Why a request is not let in.
enum Closed {
    /// Nobody is logged in.
    Login,
    /// The hub does not know the token.
    Token,
    /// A page of the same site asks with somebody's cookie.
    Script,
    /// The browser does not say whether a person or a script asks.
    Unsaid,
    /// The hub does not answer.
    Away(HubError),
}

/// Whoever asks: by a token that a program brings, or by the session of a browser.
async fn enter(app: &App, headers: &HeaderMap) -> Result<Known, Closed> {
    if let Some(given) = headers.get(AUTHORIZATION) {
        let token = given.to_str().ok().and_then(token).ok_or(Closed::Token)?;
        return app.gate.of_token(&token).await.map_err(|refusal| match refusal {
            Refusal::Unknown => Closed::Token,
            Refusal::Away(error) => Closed::Away(error),
        });
    }
    // People's servers are on the same site: their scripts could read the page with a visitor's cookie. Browsers say
    // who asks to what is served by HTTPS or from the same machine, and to nothing else (Fetch Metadata Request
    // Headers, W3C).
    let mode = headers.get("sec-fetch-mode");
    if mode.is_some_and(|mode| mode != "navigate") {
        return Err(Closed::Script);
    }
    let session = given(headers, SESSION).filter(|id| id.len() <= LONGEST).ok_or(Closed::Login)?;
    let known = app.gate.of_session(session).await.map_err(|refusal| match refusal {
        Refusal::Unknown => Closed::Login,
        Refusal::Away(error) => Closed::Away(error),
    })?;
    mode.map(|_| known).ok_or(Closed::Unsaid)
}

/// `token abc` and `Bearer abc`, as JupyterHub takes them.
fn token(header: &str) -> Option<Token> {
    let (scheme, token) = header.split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("token") || scheme.eq_ignore_ascii_case("bearer");
    let token = token.trim();
    (known && !token.is_empty() && token.len() <= LONGEST).then(|| Token::new(token))
}

fn refused(app: &App, headers: &HeaderMap, closed: Closed, html: bool) -> Response {
    match closed {
        Closed::Login if html => begin(app, headers),
        Closed::Login | Closed::Token => {
            let mut answer =
                plain(StatusCode::UNAUTHORIZED, "a token of the hub is needed: `Authorization: token …`\n");
            answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            answer
        }
        Closed::Script => plain(StatusCode::FORBIDDEN, "scripts need a token of their own\n"),
        Closed::Unsaid if html => page(StatusCode::FORBIDDEN, &notice::unsaid(service(app))),
        Closed::Unsaid => plain(StatusCode::FORBIDDEN, "programs need a token of their own\n"),
        Closed::Away(error) => {
            tell(error);
            if html {
                page(StatusCode::SERVICE_UNAVAILABLE, &notice::away(service(app)))
            } else {
                plain(StatusCode::SERVICE_UNAVAILABLE, "the hub does not answer\n")
            }
        }
    }
}

fn tell(error: HubError) {
    Printer::error(&Error::failed("the hub was asked who somebody is").because(error));
}

fn seconds(app: &App) -> i64 {
    app.context.now().as_second()
}

/// Sends a browser to the hub's login (RFC 6749, 4.1.1).
fn begin(app: &App, headers: &HeaderMap) -> Response {
    let service = service(app);
    let begun = match app.logins.begin(given(headers, LOGIN), seconds(app)) {
        Ok(begun) => begun,
        Err(error) => {
            Printer::error(&error);
            return page(StatusCode::INTERNAL_SERVER_ERROR, &notice::failed(service));
        }
    };
    let pairs = [
        ("client_id", service.client.as_str()),
        ("redirect_uri", &service.callback),
        ("response_type", "code"),
        ("state", &begun.state),
    ];
    let Ok(mut query) = Url::parse("http://query/") else { return nowhere_to_go(service) };
    query.query_pairs_mut().extend_pairs(pairs);
    let to = format!("{}api/oauth2/authorize?{}", service.hub, query.query().unwrap_or_default());
    let cookie = line(LOGIN, &begun.cookie, &service.prefix, PATIENCE, is_https(headers));
    with_cookie(redirect(&to), &cookie)
}

fn nowhere_to_go(service: &Service) -> Response {
    page(StatusCode::INTERNAL_SERVER_ERROR, &notice::failed(service))
}

/// The way back from the hub's login: a code for a token, a token for a session.
async fn callback(State(app): Shared, uri: Uri, headers: HeaderMap) -> Response {
    let service = service(&app);
    let state = parameter(&uri, "state").unwrap_or_default();
    if app.logins.check(given(&headers, LOGIN), &state, seconds(&app)).is_err() {
        return page(StatusCode::BAD_REQUEST, &notice::no_login(service));
    }
    let code = parameter(&uri, "code").filter(|code| !code.is_empty() && code.len() <= LONGEST);
    let Some(code) = code else { return page(StatusCode::FORBIDDEN, &notice::forbidden(service)) };
    let token = match app.gate.hub().exchange(&code).await {
        Ok(token) => token,
        Err(HubError::Refused) => return page(StatusCode::BAD_REQUEST, &notice::no_login(service)),
        Err(error) => {
            tell(error);
            return page(StatusCode::SERVICE_UNAVAILABLE, &notice::away(service));
        }
    };
    // A token that is refused at once would send the browser round and round.
    match app.gate.of_token(&token).await {
        Ok(_) => {}
        Err(Refusal::Unknown) => return page(StatusCode::BAD_REQUEST, &notice::no_login(service)),
        Err(Refusal::Away(error)) => {
            tell(error);
            return page(StatusCode::SERVICE_UNAVAILABLE, &notice::away(service));
        }
    }
    match app.gate.begin(token) {
        Ok(id) => {
            if let Some(old) = given(&headers, SESSION) {
                app.gate.end(old);
            }
            let https = is_https(&headers);
            let lasts = i64::try_from(SESSION_LASTS.as_secs()).unwrap_or(0);
            // The login's own cookie stays until it ends: another window may be on its way back with it, and the hub
            // takes a code once.
            with_cookie(redirect(&service.prefix), &line(SESSION, &id, &service.prefix, lasts, https))
        }
        Err(error) => {
            Printer::error(&error);
            page(StatusCode::INTERNAL_SERVER_ERROR, &notice::failed(service))
        }
    }
}

/// Ends a session.
async fn logout(State(app): Shared, headers: HeaderMap) -> Response {
    let service = service(&app);
    if let Some(id) = given(&headers, SESSION) {
        app.gate.end(id);
    }
    let gone = line(SESSION, "", &service.prefix, 0, is_https(&headers));
    with_cookie(page(StatusCode::OK, &notice::left(service)), &gone)
}

/// A parameter of an address; the first, where there are several.
fn parameter(uri: &Uri, name: &str) -> Option<String> {
    let url = Url::parse(&format!("http://query/?{}", uri.query()?)).ok()?;
    url.query_pairs().find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_taken_as_the_hub_takes_them() {
        for header in ["token abc", "Bearer abc", "bearer  abc"] {
            assert_eq!(token(header), Some(Token::new("abc")), "{header}");
        }
        for wrong in ["abc", "Basic abc", "token ", "token", ""] {
            assert_eq!(token(wrong), None, "{wrong}");
        }
        assert_eq!(token(&format!("token {}", "a".repeat(LONGEST + 1))), None);
    }

    #[test]
    fn everything_is_the_same_page_for_all_and_what_is_theirs_is_not() {
        let asked = |who, view| Asked::new(who, view, None);
        assert_eq!(asked("ada", View::All), asked("bob", View::All));
        assert_ne!(asked("ada", View::Own), asked("bob", View::Own));
        assert_ne!(asked("", View::Own), asked("", View::All));
    }

    #[test]
    fn parameters_are_decoded_once() {
        let uri: Uri = "/?month=2026-10&a=%2541&a=b".parse().unwrap();
        assert_eq!(parameter(&uri, "month").as_deref(), Some("2026-10"));
        assert_eq!(parameter(&uri, "a").as_deref(), Some("%41"));
        assert_eq!(parameter(&uri, "b"), None);
    }
}
