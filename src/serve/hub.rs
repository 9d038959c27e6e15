//! What the service asks its hub: a token for a code, and who a token is of.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde::Deserialize;

use super::person::Person;
use super::service::{Service, Token};
use crate::error::{self, Error};

/// How long the hub may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why the hub gave no answer that helps.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// It refuses the code or the token.
    #[error("the hub refuses it")]
    Refused,
    /// It does not answer, or not as a hub does.
    #[error("the hub does not answer")]
    Away(#[source] Option<reqwest::Error>),
    /// It does not know this service, by its name and its token.
    #[error(
        "the hub does not know this service: JUPYTERHUB_API_TOKEN or JUPYTERHUB_CLIENT_ID are not what it has"
    )]
    Unknown,
}

/// The way to the hub.
#[derive(Clone, Debug)]
pub struct HubClient {
    http: Client,
    service: Service,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
}

/// What a hub says of a code that it does not take (RFC 6749, 5.2).
#[derive(Deserialize)]
struct NotGranted {
    error: String,
}

impl HubClient {
    /// A client for a service's hub. A hub nearby speaks no TLS, and then a machine without certificates will do.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(service: Service) -> error::Result<Self> {
        let mut builder =
            Client::builder().no_proxy().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
        if service.api.scheme() == "http" {
            builder = builder.tls_certs_only([]);
        }
        let http =
            builder.build().map_err(|error| Error::failed("no HTTP client can be made").because(error))?;
        Ok(Self { http, service })
    }

    /// The service that it asks for.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// The token of whoever logged in (RFC 6749, 4.1.3).
    ///
    /// # Errors
    /// When the hub refuses the code or does not answer.
    pub async fn exchange(&self, code: &str) -> Result<Token, HubError> {
        let Service { api, token, client, callback, .. } = &self.service;
        let form = [
            ("client_id", client.as_str()),
            ("client_secret", token.expose()),
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", callback),
        ];
        let mut body = reqwest::Url::parse("http://form/").map_err(|_| HubError::Away(None))?;
        body.query_pairs_mut().extend_pairs(form);
        let request = self
            .http
            .post(format!("{api}/oauth2/token"))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body.query().unwrap_or_default().to_owned());
        let answer = request.send().await.map_err(away)?;
        let status = answer.status();
        if status.is_success() {
            let granted: Granted = answer.json().await.map_err(away)?;
            return Ok(Token::new(granted.access_token));
        }
        let fault = answer.error_for_status_ref().err().map(reqwest::Error::without_url);
        match answer.json::<NotGranted>().await {
            Ok(said) if said.error == "invalid_grant" => Err(HubError::Refused),
            Ok(said) if said.error == "invalid_client" => Err(HubError::Unknown),
            _ if status == StatusCode::UNAUTHORIZED => Err(HubError::Unknown),
            _ => Err(HubError::Away(fault)),
        }
    }

    /// Who a token is of, and what it may do now.
    ///
    /// # Errors
    /// When the hub does not know the token, or does not answer.
    pub async fn whose(&self, token: &Token) -> Result<Person, HubError> {
        let request = self.http.get(format!("{}/user", self.service.api));
        let request = request.header("Authorization", format!("token {}", token.expose()));
        let answer = request.send().await.map_err(away)?;
        match answer.status() {
            StatusCode::OK => answer.json().await.map_err(away),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(HubError::Refused),
            _ => Err(HubError::Away(answer.error_for_status().err().map(reqwest::Error::without_url))),
        }
    }
}

fn away(error: reqwest::Error) -> HubError {
    HubError::Away(Some(error.without_url()))
}
