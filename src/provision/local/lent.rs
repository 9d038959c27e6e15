//! A token of a hub on this machine, made for one call of this program and taken back after it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use frazil_gateway::SecretString;
use reqwest::cookie::{CookieStore, Jar};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::folders::Folders;
use super::identity::Identity;
use super::token::create_login_address;
use crate::error::{Error, Result};

/// How long the hub may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// What a token has to open: the gateway, as the hub's configuration names it.
const SCOPE: &str = "access:services!service=dask-gateway";

/// A person's token for the hub's gateway and nothing else. It ends by itself if this program is killed.
pub struct Lent {
    http: Client,
    tokens: Url,
    id: String,
    xsrf: String,
    token: SecretString,
}

/// What the hub says of a new token (`POST /users/{name}/tokens` of its REST API).
#[derive(Deserialize)]
struct Made {
    id: String,
    token: String,
}

impl Lent {
    /// Logs in as `frazil open` does and asks the hub for a token of so long.
    ///
    /// # Errors
    /// When the hub does not answer, or lets the person not in.
    pub async fn make(folders: &Folders, identity: &Identity, person: &str, lasts: Duration) -> Result<Self> {
        let jar = Arc::new(Jar::default());
        let http = Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .cookie_provider(Arc::clone(&jar))
            .build()
            .map_err(|error| Error::failed("no HTTP client can be made").because(error))?;
        let login = create_login_address(folders, identity, person, SystemTime::now())?;
        let answer = sent(http.get(login)).await?;
        if !answer.status().is_redirection() {
            return Err(refused(person, answer.status()));
        }
        let page = address(identity, &["hub", "token"])?;
        sent(http.get(page.clone())).await?;
        let xsrf = xsrf(&jar, &page).ok_or_else(|| refused(person, StatusCode::FORBIDDEN))?;
        let tokens = address(identity, &["hub", "api", "users", person, "tokens"])?;
        let wanted = json!({ "note": "frazil gateway", "expires_in": lasts.as_secs(), "scopes": [SCOPE] });
        let answer = sent(http.post(tokens.clone()).header("X-XSRFToken", &xsrf).json(&wanted)).await?;
        if !answer.status().is_success() {
            return Err(refused(person, answer.status()));
        }
        let made: Made = answer.json().await.map_err(away)?;
        Ok(Self { http, tokens, id: made.id, xsrf, token: SecretString::from(made.token) })
    }

    /// The token.
    pub fn token(&self) -> SecretString {
        self.token.clone()
    }

    /// Has the hub forget the token. It would end by itself: that it could not be said is no error.
    pub async fn give_back(self) {
        let mut address = self.tokens;
        if let Ok(mut path) = address.path_segments_mut() {
            path.push(&self.id);
        }
        let request = self.http.request(Method::DELETE, address).header("X-XSRFToken", &self.xsrf);
        sent(request).await.ok();
    }
}

fn address(identity: &Identity, segments: &[&str]) -> Result<Url> {
    let bug = || Error::bug("the hub's address is none");
    let mut url = Url::parse(&format!("http://127.0.0.1:{}/", identity.port)).map_err(|_| bug())?;
    url.path_segments_mut().map_err(|()| bug())?.pop_if_empty().extend(segments);
    Ok(url)
}

async fn sent(request: RequestBuilder) -> Result<Response> {
    request.send().await.map_err(away)
}

fn away(error: reqwest::Error) -> Error {
    Error::failed("the hub does not answer").because(error.without_url()).hint("`frazil status` tells why")
}

fn refused(person: &str, status: StatusCode) -> Error {
    Error::failed(format!("the hub gives {person} no token for its gateway ({})", status.as_u16()))
        .hint("name someone who may log in: `--user NAME`")
        .hint("or make a token on the hub's page (Token) and name where it is: `--secret-file FILE`")
}

/// What the hub wants to hear back with each change (Tornado's `_xsrf` cookie).
fn xsrf(jar: &Jar, page: &Url) -> Option<String> {
    let cookies = jar.cookies(page)?;
    let text = cookies.to_str().ok()?;
    text.split("; ").find_map(|cookie| cookie.strip_prefix("_xsrf=")).map(str::to_owned)
}
