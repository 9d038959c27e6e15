//! Application default credentials, and the access tokens that come of them.
//!
//! A service account's key is exchanged for an access token here: the client library signs tokens
//! of its own with it, which Google's APIs take, but a cluster's API server does not. A person's
//! refresh token goes the same way, which tells how long the access token is valid.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use google_cloud_auth::credentials::{
    AccessTokenCredentials, CacheableResource, CredentialsProvider, EntityTag, external_account,
    impersonated, mds, service_account,
};
use google_cloud_auth::errors::CredentialsError;
use google_cloud_auth::signer::Signer;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use jiff::SignedDuration;
use reqwest::{Client, Method, Request};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::cloud::Token;
use crate::cloud::http::send;
use crate::cloud::read::{number, text};
use crate::context::Context;
use crate::error::{Error, Result};

/// What tokens are for, and who they say they are for.
const SCOPES: [&str; 2] =
    ["https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/userinfo.email"];
/// Where keys are exchanged when the key's file does not say.
const TOKEN_ADDRESS: &str = "https://oauth2.googleapis.com/token";
/// How long an assertion is valid; the longest that Google takes.
const ASSERTION: i64 = 3_600;
/// What the library promises of a token from its cache: it renews four minutes before the end.
const LIBRARY: SignedDuration = SignedDuration::from_secs(120);

/// Who asks, and how tokens are had.
#[derive(Clone)]
pub(super) struct Login(Arc<Inner>);

struct Inner {
    context: Context,
    http: Client,
    way: Way,
    kept: Mutex<Option<Token>>,
}

enum Way {
    /// The key of a service account.
    Key { email: String, key_id: String, address: String, signer: Signer },
    /// A person who logged in.
    Person { address: String, pairs: Vec<(String, String)> },
    /// A workload of another cloud, a machine of Google's, another account: the library knows how.
    Library(AccessTokenCredentials),
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login")
    }
}

impl Login {
    /// Finds credentials where all of Google's tools do ("How Application Default Credentials works").
    ///
    /// # Errors
    /// When the file that is named cannot be read or is of an unknown kind.
    pub(super) fn find(context: &Context, http: Client) -> Result<Self> {
        let way = match read_file(context)? {
            None => Way::Library(
                mds::Builder::default()
                    .with_scopes(SCOPES)
                    .build_access_token_credentials()
                    .map_err(unusable)?,
            ),
            Some(json) => way(json)?,
        };
        Ok(Self(Arc::new(Inner { context: context.clone(), http, way, kept: Mutex::default() })))
    }

    /// The service account whose key this is.
    pub(super) fn email(&self) -> Option<&str> {
        match &self.0.way {
            Way::Key { email, .. } => Some(email),
            Way::Person { .. } | Way::Library(_) => None,
        }
    }

    /// An access token that is valid for a while.
    ///
    /// # Errors
    /// When there are no credentials, or they have expired.
    pub(super) async fn token(&self) -> Result<Token> {
        let now = self.0.context.now();
        let mut kept = self.0.kept.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| token.holds(now)) {
            return Ok(token.clone());
        }
        let token = match &self.0.way {
            Way::Library(library) => {
                let token = library.access_token().await.map_err(|error| refused().because(error))?;
                Token::new(token.token, now.checked_add(LIBRARY).unwrap_or(now))
            }
            Way::Key { email, key_id, address, signer } => {
                let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
                let assertion = self.assertion(email, key_id, address, signer).await?;
                let pairs =
                    [("grant_type".to_owned(), grant.to_owned()), ("assertion".to_owned(), assertion)];
                self.exchange(address, &pairs).await?
            }
            Way::Person { address, pairs } => self.exchange(address, pairs).await?,
        };
        *kept = Some(token.clone());
        Ok(token)
    }

    /// "Using OAuth 2.0 for server to server applications", Google Identity.
    async fn assertion(&self, email: &str, key_id: &str, address: &str, signer: &Signer) -> Result<String> {
        let issued = self.0.context.now().as_second();
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": key_id });
        let claims = json!({
            "iss": email, "scope": SCOPES.join(" "), "aud": address, "iat": issued, "exp": issued + ASSERTION,
        });
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", encode(&header), encode(&claims));
        let signature = signer.sign(text.as_bytes()).await;
        let signature = signature
            .map_err(|error| Error::failed(format!("the key of {email} cannot sign")).because(error))?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// RFC 6749, sections 4.5 and 6: a form, and a token with its seconds.
    async fn exchange(&self, address: &str, pairs: &[(String, String)]) -> Result<Token> {
        let body = crate::cloud::read::form(pairs);
        let make = || {
            let url = address.parse().map_err(|error| unusable_address(address).because(error))?;
            let mut request = Request::new(Method::POST, url);
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            request.headers_mut().insert(http::header::CONTENT_TYPE, form);
            *request.body_mut() = Some(body.clone().into());
            Ok(request)
        };
        let answer = send(&self.0.http, "an access token", &make, &|_| false).await?;
        let value: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let secret = text(&value, "/access_token");
        if !answer.is_fine() || secret.is_empty() {
            return Err(refused().because(said(&value, answer.status)));
        }
        let lasts =
            number(&value, "/expires_in").and_then(|seconds| i64::try_from(seconds).ok()).unwrap_or(300);
        let now = self.0.context.now();
        Ok(Token::new(secret, now.checked_add(SignedDuration::from_secs(lasts)).unwrap_or(now)))
    }
}

/// The library that asks for clusters takes tokens from here as well.
impl CredentialsProvider for Login {
    async fn headers(
        &self,
        _: http::Extensions,
    ) -> std::result::Result<CacheableResource<HeaderMap>, CredentialsError> {
        let token = self.token().await.map_err(|error| CredentialsError::from_source(false, error))?;
        let mut value = HeaderValue::try_from(format!("Bearer {}", token.secret()))
            .map_err(|error| CredentialsError::from_source(false, error))?;
        value.set_sensitive(true);
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        Ok(CacheableResource::New { entity_tag: EntityTag::new(), data: headers })
    }

    async fn universe_domain(&self) -> Option<String> {
        None
    }
}

/// The file of credentials, if there is one.
fn read_file(context: &Context) -> Result<Option<Value>> {
    let read = |name: &str| context.variable(name).filter(|text| !text.is_empty()).map(PathBuf::from);
    let named = read("GOOGLE_APPLICATION_CREDENTIALS");
    let usual = || {
        let folder = read("CLOUDSDK_CONFIG").or_else(|| Some(read("HOME")?.join(".config/gcloud")))?;
        Some(folder.join("application_default_credentials.json")).filter(|path| path.exists())
    };
    let Some(path) = named.clone().or_else(usual) else { return Ok(None) };
    let cannot = || {
        let failed = Error::failed(format!("the credentials in {} cannot be read", path.display()));
        if named.is_some() {
            failed.hint("GOOGLE_APPLICATION_CREDENTIALS names this file: correct or unset it")
        } else {
            failed.hint("log in again: `gcloud auth application-default login`")
        }
    };
    let bytes = std::fs::read(&path).map_err(|error| cannot().because(error))?;
    // The error of the parser would show a part of the file.
    serde_json::from_slice(&bytes).map(Some).map_err(|_| cannot())
}

fn way(json: Value) -> Result<Way> {
    let kind = text(&json, "/type");
    let library = match kind.as_str() {
        "service_account" => {
            let signer = service_account::Builder::new(json.clone()).build_signer().map_err(unusable)?;
            return Ok(Way::Key {
                email: text(&json, "/client_email"),
                key_id: text(&json, "/private_key_id"),
                address: address_in(&json),
                signer,
            });
        }
        // The scopes are those that the person agreed to.
        "authorized_user" => {
            let pair = |key: &str| (key.to_owned(), text(&json, &format!("/{key}")));
            let mut pairs = vec![("grant_type".to_owned(), "refresh_token".to_owned())];
            pairs.extend(["client_id", "client_secret", "refresh_token"].map(pair));
            return Ok(Way::Person { address: address_in(&json), pairs });
        }
        "impersonated_service_account" => {
            impersonated::Builder::new(json).with_scopes(SCOPES).build_access_token_credentials()
        }
        "external_account" => {
            external_account::Builder::new(json).with_scopes(SCOPES).build_access_token_credentials()
        }
        _ => {
            return Err(Error::failed(format!("Google credentials of the kind `{kind}` are not known"))
                .hint("log in with `gcloud auth application-default login`"));
        }
    };
    Ok(Way::Library(library.map_err(unusable)?))
}

fn address_in(json: &Value) -> String {
    let told = text(json, "/token_uri");
    if told.is_empty() { TOKEN_ADDRESS.to_owned() } else { told }
}

fn unusable(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::failed("the credentials for Google Cloud cannot be used")
        .hint("log in again: `gcloud auth application-default login`")
        .because(error)
}

fn unusable_address(address: &str) -> Error {
    Error::failed(format!("the credentials' token_uri {address} is no address"))
}

fn refused() -> Error {
    Error::failed("Google Cloud gives no access token")
        .hint("log in again: `gcloud auth application-default login`")
        .hint("or name a key: `export GOOGLE_APPLICATION_CREDENTIALS=FILE`")
}

fn said(value: &Value, status: u16) -> String {
    let parts = [text(value, "/error"), text(value, "/error_description")];
    let words: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if words.is_empty() { format!("HTTP status {status}") } else { words.join(": ") }
}
