//! Passwords, tokens and keys: kept in a type that shows nothing and is wiped when it is dropped.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;
pub use secrecy::{ExposeSecret, SecretString};

use crate::error::{Error, Result};

/// The value of an `Authorization` header with a bearer token, marked so that no log shows it.
pub(crate) fn bearer(token: &SecretString) -> Result<HeaderValue> {
    sensitive(&format!("Bearer {}", token.expose_secret().trim()), "the token")
}

/// The value of an `Authorization` header with a name and a password (RFC 7617).
pub(crate) fn basic(name: &str, password: &SecretString) -> Result<HeaderValue> {
    let pair = STANDARD.encode(format!("{name}:{}", password.expose_secret()));
    sensitive(&format!("Basic {pair}"), "the password")
}

fn sensitive(text: &str, what: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(text).map_err(|_| Error::Invalid {
        what: format!("{what} has characters that no header can carry"),
        advice: "copy it again, without line breaks".to_owned(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}
