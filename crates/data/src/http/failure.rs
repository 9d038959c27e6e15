//! What a bad answer means.

use reqwest::StatusCode;
use serde_json::Value;
use url::Url;

use crate::address::Address;
use crate::error::Error;
use crate::login::Earthdata;

/// Most characters of what a service said that a message repeats.
const SAID: usize = 400;

/// An error of the HTTP library in one line, without the address, which may hold secrets.
pub(super) fn told(error: &reqwest::Error) -> String {
    let mut causes = vec![];
    let mut next: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    let kind = if error.is_timeout() {
        "it took too long"
    } else if error.is_connect() {
        "no connection"
    } else if error.is_body() || error.is_decode() {
        "the body broke off"
    } else {
        "the connection failed"
    };
    causes.last().map_or_else(|| kind.to_owned(), |cause| format!("{kind} ({cause})"))
}

/// The error for a status that is no success, with what the body says.
pub(super) fn of(address: Address, status: StatusCode, body: &[u8], tries: u32) -> Error {
    let said =
        said(body).unwrap_or_else(|| status.canonical_reason().unwrap_or("no reason given").to_owned());
    if let Some(page) = resolution(body) {
        let what = "you have approved the application and accepted its licence (EULA)".to_owned();
        return Error::NotAccepted { address, what, page };
    }
    let code = status.as_u16();
    match code {
        _ if super::retry::is_passing(status) => Error::Unavailable { address, status: code, tries, said },
        404 | 410 => Error::NotFound { address, status: code },
        412 => Error::Changed { address },
        300..=399 => Error::Answer { address, what: format!("a redirect ({code}) to nowhere") },
        _ => Error::Refused { address, status: code, said },
    }
}

/// Where the user can put right what Earthdata Login refuses. Only a page of Earthdata's own is shown to
/// anybody: any server can write such an answer.
fn resolution(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let page = Url::parse(value.get("resolution_url")?.as_str()?).ok()?;
    Earthdata::may_see_token(&page).then(|| page.into())
}

/// What a service says went wrong: the known shapes of JSON and of S3's XML, else short text.
fn said(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?.trim();
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        return of_json(&value).map(short);
    }
    if text.starts_with('<') {
        let code = element(text, "Code");
        let message = element(text, "Message").or_else(|| element(text, "title"));
        let both: Vec<_> = code.into_iter().chain(message).collect();
        return (!both.is_empty()).then(|| short(&both.join(": ")));
    }
    (!text.is_empty()).then(|| short(text))
}

fn of_json(value: &Value) -> Option<&str> {
    let first = |value: &'_ Value| value.as_array().and_then(|all| all.first()).is_some();
    if let Some(errors) = value.get("errors").filter(|errors| first(errors)) {
        let error = &errors[0];
        return error.as_str().or_else(|| error.get("errors").and_then(|inner| inner[0].as_str()));
    }
    let names = ["error_description", "detail", "description", "message", "error", "title"];
    names.iter().find_map(|name| value.get(name).and_then(Value::as_str))
}

/// The text of the first XML element of a name.
fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(inner, _)| inner.trim())
}

/// On one line, without tokens that a service quotes back, and cut.
fn short(text: &str) -> String {
    let shown = |word: &str| match word.find("eyJ") {
        Some(start) => format!("{}...", &word[..start]),
        None => word.to_owned(),
    };
    let line = text.split_whitespace().map(shown).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SAID) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, body: &str) -> Error {
        let url = "https://data.nasa.gov/x".parse::<url::Url>().unwrap();
        of(Address::from(&url), StatusCode::from_u16(status).unwrap(), body.as_bytes(), 3)
    }

    #[test]
    fn a_licence_that_is_not_accepted_is_told_with_its_page() {
        let body = r#"{"error":"invalid_token","status_code":401,"error_description":"EULA Acceptance Failure",
            "resolution_url":"https://urs.earthdata.nasa.gov/approve_app?client_id=x"}"#;
        for status in [401, 403] {
            let told = error(status, body);
            assert!(
                matches!(&told, Error::NotAccepted { page, .. } if page.ends_with("approve_app?client_id=x"))
            );
            assert!(told.advice().contains("https://urs.earthdata.nasa.gov/approve_app"));
        }
    }

    #[test]
    fn no_page_of_a_stranger_is_shown() {
        for page in
            ["https://urs.earthdata.nasa.gov.example.org/login", "http://urs.earthdata.nasa.gov/x", "x"]
        {
            let told = error(401, &format!(r#"{{"error_description":"no","resolution_url":"{page}"}}"#));
            assert!(matches!(told, Error::Refused { status: 401, .. }), "{told}");
        }
    }

    #[test]
    fn services_are_quoted() {
        let cases = [
            (
                400,
                r#"{"errors":["Parameter [foo] was not recognized."]}"#,
                "Parameter [foo] was not recognized.",
            ),
            (400, r#"{"errors":[{"path":["polygon"],"errors":["is not closed"]}]}"#, "is not closed"),
            (
                401,
                r#"{"error":"invalid_credentials","error_description":"Invalid user credentials"}"#,
                "Invalid user",
            ),
            (403, "<?xml?><Error><Code>AccessDenied</Code><Message>no</Message></Error>", "AccessDenied: no"),
            (401, r#"{"errors":["Token [Bearer eyJ0eXAi] has expired."]}"#, "Token [Bearer ... has expired."),
            (503, "", "answered 503 3 times: Service Unavailable"),
        ];
        for (status, body, told) in cases {
            assert!(
                error(status, body).to_string().contains(told),
                "{status} {body}: {}",
                error(status, body)
            );
        }
    }
}
