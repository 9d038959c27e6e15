//! Addresses as they may be shown: without what would let a reader in.

use std::fmt;

use url::Url;

/// What stands for a secret.
const HIDDEN: &str = "...";
/// Parts of the names of query parameters whose values let their reader in.
const TELLING: [&str; 9] = [
    "signature",
    "credential",
    "token",
    "secret",
    "password",
    "accesskey",
    "policy",
    "key-pair",
    "authorization",
];
/// Names that are secret as a whole: short ones would be part of too many others.
const SECRET: [&str; 7] = ["sig", "code", "key", "apikey", "api_key", "state", "jwt"];

/// A URL for messages, logs and records: user, password and fragment are gone, and the values of
/// query parameters that sign or let in are hidden.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(String);

impl Address {
    /// A name that is no URL, and holds no secret.
    pub(crate) fn named(name: String) -> Self {
        Self(name)
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&Url> for Address {
    fn from(url: &Url) -> Self {
        let mut shown = url.clone();
        shown.set_fragment(None);
        // A URL that can have neither has nothing to hide there.
        if shown.set_username("").is_ok() {
            shown.set_password(None).ok();
        }
        if let Some(query) = url.query() {
            shown.set_query(Some(&hidden(query)));
        }
        Self(shown.into())
    }
}

/// A query with its secrets hidden and all else as it was written.
fn hidden(query: &str) -> String {
    let parts = query.split('&').map(|part| match part.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={HIDDEN}"),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("&")
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET.contains(&name.as_str()) || TELLING.iter().any(|part| name.contains(part))
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(url: &str) -> String {
        Address::from(&url.parse::<Url>().unwrap()).to_string()
    }

    #[test]
    fn signatures_and_passwords_are_hidden() {
        assert_eq!(
            shown(
                "https://b.s3.us-west-2.amazonaws.com/k?A-userid=x&X-Amz-Expires=3600&X-Amz-Signature=abc&X-Amz-Security-Token=d&x-amz-credential=e#f"
            ),
            "https://b.s3.us-west-2.amazonaws.com/k?A-userid=x&X-Amz-Expires=3600&X-Amz-Signature=...&X-Amz-Security-Token=...&x-amz-credential=..."
        );
        assert_eq!(shown("https://me:pw@a.nasa.gov/x"), "https://a.nasa.gov/x");
        assert_eq!(
            shown("https://a.nasa.gov/login?code=1&state=%2Fx"),
            "https://a.nasa.gov/login?code=...&state=..."
        );
        assert_eq!(
            shown("https://u.nasa.gov/api/users/revoke_token?token=ey"),
            "https://u.nasa.gov/api/users/revoke_token?token=..."
        );
    }

    #[test]
    fn searches_are_shown_as_they_are() {
        let url = "https://cmr.earthdata.nasa.gov/search/granules.umm_json?sort_key[]=-start_date&bounding_box=-10,1,2,3";
        assert_eq!(shown(url), url);
    }
}
