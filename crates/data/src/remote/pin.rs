//! Which version of an object is read.

use reqwest::header::{
    ETAG, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_UNMODIFIED_SINCE, LAST_MODIFIED,
};
use serde::{Deserialize, Serialize};

/// By what an object's version is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// The `ETag`, with its quotation marks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    /// When it was last changed, as the server writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
}

impl Pin {
    /// Of an answer's headers.
    pub fn of(headers: &HeaderMap) -> Self {
        let text =
            |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(str::to_owned);
        Self { etag: text(ETAG), modified: text(LAST_MODIFIED) }
    }

    /// Whether nothing tells one version from another.
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.modified.is_none()
    }

    /// Whether two answers can be of one version: where both tell something, it is the same.
    pub fn agrees(&self, other: &Self) -> bool {
        let same = |one: &Option<String>, other: &Option<String>| match (one, other) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        match (&self.etag, &other.etag) {
            (Some(one), Some(other)) => one == other,
            _ => same(&self.modified, &other.modified),
        }
    }

    /// The header that lets an answer come only from this version. A weak `ETag` does not tell bytes
    /// apart (RFC 9110, 8.8.1), so the date stands in for it.
    pub(super) fn condition(&self) -> Option<(HeaderName, HeaderValue)> {
        let strong = self.etag.as_ref().filter(|etag| !etag.starts_with("W/"));
        let (name, text) = match (strong, &self.modified) {
            (Some(etag), _) => (IF_MATCH, etag),
            (None, Some(date)) => (IF_UNMODIFIED_SINCE, date),
            (None, None) => return None,
        };
        Some((name, HeaderValue::from_str(text).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(etag: Option<&str>, modified: Option<&str>) -> Pin {
        Pin { etag: etag.map(str::to_owned), modified: modified.map(str::to_owned) }
    }

    #[test]
    fn versions_are_told_apart_by_what_both_tell() {
        let (one, other) = (pin(Some("\"a\""), Some("Mon")), pin(Some("\"b\""), Some("Mon")));
        assert!(one.agrees(&one) && !one.agrees(&other));
        assert!(one.agrees(&pin(None, Some("Mon"))) && !one.agrees(&pin(None, Some("Tue"))));
        assert!(one.agrees(&pin(None, None)));
    }

    #[test]
    fn weak_marks_do_not_pin() {
        assert_eq!(pin(Some("\"a\""), Some("Mon")).condition().unwrap().0, IF_MATCH);
        assert_eq!(pin(Some("W/\"a\""), Some("Mon")).condition().unwrap().0, IF_UNMODIFIED_SINCE);
        assert_eq!(pin(Some("W/\"a\""), None).condition(), None);
    }
}
