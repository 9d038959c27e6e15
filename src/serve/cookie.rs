//! Cookies, by RFC 6265: one for a login that was begun, one for a session.

use http::HeaderMap;
use http::header::COOKIE;

/// The browser of a login that was begun.
pub(super) const LOGIN: &str = "frazil-report-login";
/// The session.
pub(super) const SESSION: &str = "frazil-report-session";

/// The value of a cookie that a request brings; the first, where there are several.
pub(super) fn given<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(own, _)| *own == name).map(|(_, value)| value.trim_matches('"'))
}

/// The line that sets a cookie for so many seconds; 0 takes it away. No script reads it, and no other site's form
/// or frame brings it.
pub(super) fn line(name: &str, value: &str, path: &str, seconds: i64, https: bool) -> String {
    let secure = if https { "; Secure" } else { "" };
    format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

/// Whether the browser speaks HTTPS with the proxy in front.
pub(super) fn is_https(headers: &HeaderMap) -> bool {
    let scheme = headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok()).unwrap_or_default();
    scheme.split(',').next().is_some_and(|first| first.trim().eq_ignore_ascii_case("https"))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; frazil-report-session=abc; b=2"));
        headers.append(COOKIE, HeaderValue::from_static("frazil-report-login=\"xyz\""));
        assert_eq!(given(&headers, SESSION), Some("abc"));
        assert_eq!(given(&headers, LOGIN), Some("xyz"));
        assert_eq!(given(&headers, "report-session"), None);
    }

    #[test]
    fn cookies_are_for_the_service_alone() {
        let set = line(SESSION, "abc", "/services/report/", 60, true);
        assert_eq!(
            set,
            "frazil-report-session=abc; Path=/services/report/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
        );
        assert!(!line(SESSION, "", "/", 0, false).contains("Secure"));
    }
}
