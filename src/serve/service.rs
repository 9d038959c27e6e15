//! What JupyterHub tells a service by variables (JupyterHub 5, "Services", "Launching a Hub-Managed Service").

use std::fmt;

use reqwest::Url;

use crate::context::Context;
use crate::error::{Error, Result};

/// The service's name at the hub: its path is `/services/report/`.
pub const NAME: &str = "report";

/// A token. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token, as it was given.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Its text, for the one header or form that it goes into.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// A service of a hub.
#[derive(Clone, Debug)]
pub struct Service {
    /// The hub's API, such as `http://127.0.0.1:8081/hub/api`, without a slash at the end.
    pub api: Url,
    /// The service's own token, which is its secret as an OAuth client too.
    pub token: Token,
    /// The path that the proxy sends here, such as `/services/report/`.
    pub prefix: String,
    /// The path of the hub for browsers, such as `/hub/`.
    pub hub: String,
    /// The ID as an OAuth client, such as `service-report`.
    pub client: String,
    /// Where the hub sends people back to: a path, or an address.
    pub callback: String,
    /// Scopes of which a token needs one to be let in.
    pub access: Vec<String>,
}

impl Service {
    /// Reads the variables `JUPYTERHUB_…`.
    ///
    /// # Errors
    /// When one is missing or makes no sense.
    pub fn from_context(context: &Context) -> Result<Self> {
        let given = |name: &str| context.variable(name).filter(|text| !text.is_empty());
        let needed = |name: &str| {
            given(name).ok_or_else(|| {
                Error::failed(format!("{name} is not set"))
                    .hint("`frazil up` starts this program as a service of the hub, with all that it needs")
                    .hint("by hand: docs/serve.md lists the variables")
            })
        };
        let api = needed("JUPYTERHUB_API_URL")?;
        let api = Url::parse(api.trim_end_matches('/'))
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.username().is_empty())
            .ok_or_else(|| {
                Error::failed("JUPYTERHUB_API_URL is no address")
                    .hint("write it as http://127.0.0.1:8081/hub/api")
            })?;
        let own = format!("/services/{NAME}/");
        let prefix = path("JUPYTERHUB_SERVICE_PREFIX", given("JUPYTERHUB_SERVICE_PREFIX").unwrap_or(&own))?;
        let base = path("JUPYTERHUB_BASE_URL", given("JUPYTERHUB_BASE_URL").unwrap_or("/"))?;
        let client = given("JUPYTERHUB_CLIENT_ID").map_or_else(|| format!("service-{NAME}"), str::to_owned);
        let name = client.strip_prefix("service-").unwrap_or(NAME).to_owned();
        Ok(Self {
            token: Token::new(needed("JUPYTERHUB_API_TOKEN")?),
            hub: format!("{base}hub/"),
            callback: given("JUPYTERHUB_OAUTH_CALLBACK_URL")
                .map_or_else(|| format!("{prefix}oauth_callback"), str::to_owned),
            access: access(given("JUPYTERHUB_OAUTH_ACCESS_SCOPES"), &name)?,
            api,
            prefix,
            client,
        })
    }
}

/// A path that begins and ends with a slash and holds nothing that could leave it.
fn path(name: &str, text: &str) -> Result<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '~' | '%' | '@');
    let whole =
        text.starts_with('/') && text.chars().all(plain) && !text.contains("//") && !text.contains("..");
    if !whole {
        return Err(Error::failed(format!("{name} is no path")).hint("write it as /services/report/"));
    }
    Ok(if text.ends_with('/') { text.to_owned() } else { format!("{text}/") })
}

/// The scopes that let in: a JSON list of texts.
fn access(given: Option<&str>, name: &str) -> Result<Vec<String>> {
    let Some(text) = given else { return Ok(vec![format!("access:services!service={name}")]) };
    serde_json::from_str::<Vec<String>>(text).ok().filter(|scopes| !scopes.is_empty()).ok_or_else(|| {
        Error::failed("JUPYTERHUB_OAUTH_ACCESS_SCOPES is no list of scopes")
            .hint(format!("write it as [\"access:services!service={name}\"]"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_what_they_are() {
        assert_eq!(path("X", "/services/report").unwrap(), "/services/report/");
        assert_eq!(path("X", "/").unwrap(), "/");
        for wrong in ["", "services/", "//evil.example.org/", "/a/../b", "/a b", "/a\"b", "/\\evil"] {
            assert!(path("X", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_token_is_not_told() {
        assert!(!format!("{:?}", Token::new("abc")).contains("abc"));
    }

    #[test]
    fn without_a_list_the_services_own_scope_lets_in() {
        assert_eq!(access(None, "report").unwrap(), ["access:services!service=report"]);
        assert_eq!(access(Some(r#"["a"]"#), "report").unwrap(), ["a"]);
        assert!(access(Some("[]"), "report").is_err() && access(Some("a"), "report").is_err());
    }
}
