//! How a user is known to a gateway.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret;
use url::Url;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::secret::Secret;

/// A login, with its secret by reference.
#[derive(Clone, Debug)]
pub enum Login {
    /// User and password (`SimpleAuthenticator`; RFC 7617).
    Basic {
        /// The user's name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A token of the hub that the gateway belongs to (`JupyterHubAuthenticator`).
    JupyterHub {
        /// The token.
        token: Secret,
        /// What the hub calls the gateway, if it is known: it is part of the scope that the token has to have.
        service: Option<String>,
    },
    /// The tickets of Kerberos that this process has, as `klist` shows them (`KerberosAuthenticator`).
    #[cfg(feature = "kerberos")]
    Kerberos,
}

/// What the answer to a request has to prove.
#[derive(Default)]
pub(crate) struct Proof {
    #[cfg(feature = "kerberos")]
    negotiation: Option<crate::kerberos::Negotiation>,
}

impl Proof {
    /// Whether an answer comes from who was asked, by its `WWW-Authenticate`.
    #[cfg_attr(
        not(feature = "kerberos"),
        expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "nothing is to be proved")
    )]
    pub(crate) fn of(self, challenges: &[&str]) -> std::result::Result<(), String> {
        #[cfg(feature = "kerberos")]
        if let Some(negotiation) = self.negotiation {
            return negotiation.finish(challenges);
        }
        _ = challenges;
        Ok(())
    }
}

impl Login {
    /// By user and password.
    ///
    /// # Errors
    /// When the name has a `:`, or a character that Dask Gateway does not read: it takes ASCII only.
    pub fn basic(user: impl Into<String>, password: Secret) -> Result<Self> {
        let user = user.into();
        if user.is_empty() || !is_plain(&user) || user.contains(':') {
            return Err(Error::Invalid {
                what: format!("{user:?} is no name for a login by password"),
                advice: "write it with ASCII characters, without a colon".to_owned(),
            });
        }
        Ok(Self::Basic { user, password })
    }

    /// By a token of the hub.
    pub fn jupyterhub(token: Secret) -> Self {
        Self::JupyterHub { token, service: None }
    }

    /// Where the secret is from.
    pub(crate) fn place(&self) -> &str {
        match self {
            Self::Basic { password, .. } => password.place(),
            Self::JupyterHub { token, .. } => token.place(),
            #[cfg(feature = "kerberos")]
            Self::Kerberos => "the cache of Kerberos tickets",
        }
    }

    /// Whether the gateway's cookie stands for the login after the first call. With Kerberos each answer is to prove
    /// where it is from, which one by a cookie does not.
    pub(crate) fn keeps_cookies(&self) -> bool {
        !self.is_kerberos()
    }

    #[cfg(feature = "kerberos")]
    fn is_kerberos(&self) -> bool {
        matches!(self, Self::Kerberos)
    }

    #[cfg(not(feature = "kerberos"))]
    #[expect(clippy::unused_self, reason = "the other one needs it")]
    fn is_kerberos(&self) -> bool {
        false
    }

    /// The value of `Authorization` for a request, and what its answer has to prove.
    #[cfg_attr(not(feature = "kerberos"), expect(clippy::unused_async, reason = "tickets are waited for"))]
    pub(crate) async fn opening(&self, url: &Url) -> Result<(HeaderValue, Proof)> {
        _ = url;
        match self {
            Self::Basic { user, password } => Ok((basic_header(user, password)?, Proof::default())),
            Self::JupyterHub { token, .. } => Ok((token_header(token)?, Proof::default())),
            #[cfg(feature = "kerberos")]
            Self::Kerberos => {
                let (header, negotiation) = crate::kerberos::begin(url).await?;
                Ok((header, Proof { negotiation: Some(negotiation) }))
            }
        }
    }

    /// What 401 and 500 mean by this login, as `JupyterHubAuthenticator` and `SimpleAuthenticator` give them: an
    /// unknown token is 500 (the hub's 403 and other 4xx passed on) or, where the hub says 404, 401; a token
    /// without the scope is 401 as well, which is by far the likelier of the two.
    pub(crate) fn refusal(&self, status: u16, said: &str, wanted: Option<&str>) -> Option<Refusal> {
        let is_hub = matches!(self, Self::JupyterHub { .. });
        if self.is_kerberos() && status == 500 && said.contains("kerberos") {
            return Some(Refusal::Login);
        }
        let of_token = said.contains("verifying user's JupyterHub API token");
        let other = |wanted: &str| !wanted.eq_ignore_ascii_case("jupyterhub");
        match status {
            401 if wanted.is_some_and(other) || !is_hub => Some(Refusal::Login),
            401 => Some(Refusal::Scope(self.scope())),
            500 if is_hub && of_token => Some(Refusal::Token),
            _ => None,
        }
    }

    fn scope(&self) -> String {
        match self {
            Self::JupyterHub { service: Some(service), .. } => format!("access:services!service={service}"),
            _ => "access:services (or access:services!service=NAME with the gateway's name in the hub)"
                .to_owned(),
        }
    }
}

/// Why a login is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is wrong, or of another kind than the gateway's.
    Login,
    /// The hub does not know the token.
    Token,
    /// The token lacks a scope.
    Scope(String),
}

fn basic_header(user: &str, password: &Secret) -> Result<HeaderValue> {
    let value = password.read()?;
    if !is_plain(value.expose_secret()) {
        return Err(not_sendable("password", password));
    }
    let pair = Zeroizing::new(format!("{user}:{}", value.expose_secret()));
    let pair = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
    sensitive("Basic", &pair).ok_or_else(|| not_sendable("password", password))
}

fn token_header(token: &Secret) -> Result<HeaderValue> {
    let value = token.read()?;
    let text = value.expose_secret().trim();
    let word = is_plain(text) && !text.contains(' ');
    word.then(|| sensitive("jupyterhub", text)).flatten().ok_or_else(|| not_sendable("token", token))
}

fn not_sendable(what: &str, secret: &Secret) -> Error {
    Error::Invalid {
        what: format!("the {what} from {} has characters that cannot be sent", secret.place()),
        advice: "Dask Gateway reads ASCII on one line only".to_owned(),
    }
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// A header that no log shows.
pub(crate) fn sensitive(kind: &str, value: &str) -> Option<HeaderValue> {
    let text = Zeroizing::new(format!("{kind} {value}"));
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::SecretString;

    fn secret(text: &'static str) -> Secret {
        Secret::by("the test", move || Ok(SecretString::from(text)))
    }

    #[test]
    fn a_login_is_sent_as_the_gateway_reads_it_and_shown_by_nothing() {
        let basic = Login::basic("alice", secret("pass:word")).unwrap();
        let header = basic_header("alice", &secret("pass:word")).unwrap();
        assert_eq!(header.to_str().unwrap(), "Basic YWxpY2U6cGFzczp3b3Jk");
        let (hub, token) = (Login::jupyterhub(secret("tell-no-one")), secret(" tell-no-one\n"));
        let token = token_header(&token).unwrap();
        assert_eq!(token.to_str().unwrap(), "jupyterhub tell-no-one");
        let shown = format!("{basic:?} {hub:?} {header:?} {token:?}");
        assert!(!shown.contains("tell-no-one") && !shown.contains("YWx"), "{shown}");
    }

    #[test]
    fn what_the_gateway_could_not_read_is_not_sent() {
        assert!(Login::basic("a:b", secret("x")).is_err());
        assert!(Login::basic("å", secret("x")).is_err());
        for text in ["pässword", "tell-no-one\nX: y"] {
            let told = basic_header("a", &secret(text)).unwrap_err();
            assert!(!told.to_string().contains(text) && told.to_string().contains("the test"), "{told}");
        }
        assert!(token_header(&secret("two words")).is_err());
    }
}
