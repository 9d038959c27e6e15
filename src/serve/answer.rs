//! Answers with the headers that each of them has.

use std::sync::LazyLock;

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, SET_COOKIE};

use crate::report::{Notice, notice, policy};

/// Text of metrics, by Prometheus' "Text-based format".
pub(super) const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";
pub(super) const HTML: &str = "text/html; charset=utf-8";
pub(super) const JSON: &str = "application/json";
const PLAIN: &str = "text/plain; charset=utf-8";

static POLICY: LazyLock<String> = LazyLock::new(policy);

/// Against being kept, guessed, framed, read by another page of the same site, or told onward.
const HEADERS: [(&str, &str); 7] = [
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-robots-tag", "noindex"),
];

/// An answer with a body.
pub(super) fn answer(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response {
    let mut answer = Response::new(body.into());
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        headers.insert("content-security-policy", policy);
    }
    answer
}

/// A page that says one thing.
pub(super) fn page(status: StatusCode, what: &Notice) -> Response {
    let text = notice(what).unwrap_or_else(|_| what.title.clone());
    answer(status, HTML, text)
}

/// A line of text, for programs.
pub(super) fn plain(status: StatusCode, text: &'static str) -> Response {
    answer(status, PLAIN, text)
}

/// Sends a browser elsewhere. An address that is no header, which [`super::Service`] never makes, leads nowhere.
pub(super) fn redirect(to: &str) -> Response {
    let Ok(to) = HeaderValue::from_str(to) else {
        return plain(StatusCode::INTERNAL_SERVER_ERROR, "no address\n");
    };
    let mut answer = answer(StatusCode::FOUND, PLAIN, Body::empty());
    answer.headers_mut().insert(LOCATION, to);
    answer
}

/// The same answer, which sets a cookie.
pub(super) fn with_cookie(mut answer: Response, line: &str) -> Response {
    if let Ok(line) = HeaderValue::from_str(line) {
        answer.headers_mut().append(SET_COOKIE, line);
    }
    answer
}
