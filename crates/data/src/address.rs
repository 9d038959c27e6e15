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

/// How buckets of S3 and Google Cloud Storage are written, and the scheme that is meant.
const BUCKETS: [(&str, &str); 3] = [("s3://", "s3"), ("gs://", "gs"), ("gcs://", "gs")];

/// A URL for messages, logs and records: user, password and fragment are gone, and the values of
/// query parameters that sign or let in are hidden.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(String);

impl Address {
    /// A name that is no URL, and holds no secret.
    pub(crate) fn named(name: String) -> Self {
        Self(name)
    }

    /// An object in a bucket, its key as it is.
    pub(crate) fn of_object(scheme: &str, bucket: &str, key: &str) -> Self {
        let shown = match key.split_once('?') {
            Some((path, query)) => format!("{path}?{}", hidden(query)),
            None => key.to_owned(),
        };
        Self(format!("{scheme}://{bucket}/{shown}"))
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether something of it is hidden, so that it leads nowhere.
    pub(crate) fn is_hidden(&self) -> bool {
        let query = self.0.split_once('?').map_or("", |(_, query)| query);
        let mut parts = query.split('&').filter_map(|part| part.split_once('='));
        parts.any(|(name, value)| value == HIDDEN && is_secret(name))
    }

    /// How a text may be shown where it is an address that lets its reader in; none for all others.
    pub fn of_secret(text: &str) -> Option<Self> {
        let url = location(text).ok()?;
        let (shown, all) = (Self::from(&url), written(&url));
        (shown.0 != all).then_some(shown)
    }
}

/// The URL of a text. In S3 and Google Cloud Storage what is behind the bucket is a key as it is, as their own
/// programs take it: `%`, `?` and `#` are letters of its name.
///
/// # Errors
/// When it is no URL.
pub(crate) fn location(text: &str) -> Result<Url, url::ParseError> {
    let Some((scheme, rest)) =
        BUCKETS.iter().find_map(|(given, scheme)| Some((scheme, text.strip_prefix(given)?)))
    else {
        return text.parse();
    };
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    let mut url: Url = format!("{scheme}://{bucket}/").parse()?;
    if let Ok(mut parts) = url.path_segments_mut() {
        parts.clear().extend(key.split('/'));
    }
    Ok(url)
}

/// Bucket and key of a URL as [`location`] makes it; none for other URLs, and where there is no bucket.
pub(crate) fn bucket_and_key(url: &Url) -> Option<(&str, String)> {
    let bucket = url.host_str().filter(|_| matches!(url.scheme(), "s3" | "gs"))?;
    Some((bucket, crate::download::percent_decoded(url.path().trim_start_matches('/'))))
}

/// A URL as it was written.
fn written(url: &Url) -> String {
    match bucket_and_key(url) {
        Some((bucket, key)) if url.username().is_empty() => format!("{}://{bucket}/{key}", url.scheme()),
        _ => url.as_str().to_owned(),
    }
}

impl From<&Url> for Address {
    fn from(url: &Url) -> Self {
        if let Some((bucket, key)) = bucket_and_key(url) {
            return Self::of_object(url.scheme(), bucket, &key);
        }
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
    fn keys_are_as_they_are_in_the_bucket() {
        for key in ["a/c d.nc", "a=1/%20.nc", "100%", "a?b#c.nc", "süd/", "a//b", ""] {
            for (text, scheme) in [("s3", "s3"), ("gs", "gs"), ("gcs", "gs")] {
                let url = location(&format!("{text}://b/{key}")).unwrap();
                assert_eq!(bucket_and_key(&url), Some(("b", key.to_owned())), "{url}");
                assert_eq!(url.scheme(), scheme);
                assert_eq!(Address::from(&url).as_str(), format!("{scheme}://b/{key}"));
                assert_eq!(location(Address::from(&url).as_str()).unwrap(), url);
            }
        }
        assert_eq!(bucket_and_key(&location("s3://b").unwrap()), Some(("b", String::new())));
        assert_eq!(location("https://a.nasa.gov/c%20d?e").unwrap().path(), "/c%20d");
    }

    #[test]
    fn secrets_are_known_in_all_addresses() {
        for text in ["s3://b/c%20d e?f", "https://a.nasa.gov/x?y=1", "a/b?sig=1"] {
            assert_eq!(Address::of_secret(text), None, "{text}");
        }
        for text in ["https://a.nasa.gov/x?sig=hush", "s3://b/k?sig=hush", "s3://me:hush@b/k"] {
            assert!(!Address::of_secret(text).unwrap().as_str().contains("hush"), "{text}");
        }
    }

    #[test]
    fn searches_are_shown_as_they_are() {
        let url = "https://cmr.earthdata.nasa.gov/search/granules.umm_json?sort_key[]=-start_date&bounding_box=-10,1,2,3";
        assert_eq!(shown(url), url);
    }
}
