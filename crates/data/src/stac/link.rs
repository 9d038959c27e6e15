//! Links of STAC documents, and the request that a link to the next page stands for.

use serde_json::{Map, Value};
use url::Url;

use crate::json::{at, list, text};

/// The address of the first link of a relation, made whole by the document's own address.
pub(super) fn href(document: &Value, relation: &str, base: &Url) -> Option<Url> {
    let mut links = list(document, &["links"]).filter(|link| text(link, &["rel"]) == Some(relation));
    join(base, text(links.next()?, &["href"])?)
}

/// The addresses of all links of a relation.
pub(super) fn hrefs(document: &Value, relation: &str, base: &Url) -> Vec<Url> {
    let links = list(document, &["links"]).filter(|link| text(link, &["rel"]) == Some(relation));
    links.filter_map(|link| join(base, text(link, &["href"])?)).collect()
}

/// A reference made whole. Services behind balancers name themselves by `http`: what was reached by TLS is
/// asked by TLS again.
pub(crate) fn join(base: &Url, reference: &str) -> Option<Url> {
    let mut url = base.join(reference).ok()?;
    if base.scheme() == "https" && url.scheme() == "http" && url.host() == base.host() {
        url.set_scheme("https").ok()?;
        if url.port() == Some(80) {
            url.set_port(None).ok()?;
        }
    }
    let right = match url.scheme() {
        "https" => true,
        "http" => base.scheme() != "https" || url.host() != base.host(),
        // A document from elsewhere names no files of this machine.
        "file" => base.scheme() == "file",
        _ => false,
    };
    right.then_some(url)
}

/// A request for a page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct PageRequest {
    pub(super) url: Url,
    /// The body of a `POST`; a `GET` has none.
    pub(super) body: Option<Map<String, Value>>,
    /// Headers that the link asks for.
    pub(super) headers: Vec<(String, String)>,
}

/// The request for the page after one, if there is one: the link's own, laid over the first request where
/// it says `merge`.
pub(super) fn next(page: &Value, base: &Url, current: &PageRequest) -> Option<PageRequest> {
    let mut links = list(page, &["links"]).filter(|link| text(link, &["rel"]) == Some("next"));
    let link = links.next()?;
    let url = join(base, text(link, &["href"])?)?;
    let method = text(link, &["method"]).unwrap_or_else(|| {
        // A link without a method is a GET by the specification; but one with a body has to be a POST.
        if at(link, &["body"]).is_object() { "POST" } else { "GET" }
    });
    let merge = at(link, &["merge"]).as_bool().unwrap_or(false);
    let told: Vec<(String, String)> = at(link, &["headers"])
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| {
            // A list of values is one header with commas.
            let value = match value {
                Value::Array(_) | Value::String(_) | Value::Number(_) => super::query::text_of(value),
                _ => return None,
            };
            Some((name.to_ascii_lowercase(), value))
        })
        .collect();
    let headers = if merge { merged_headers(&current.headers, &told) } else { told };
    let body = method.eq_ignore_ascii_case("POST").then(|| {
        let own = at(link, &["body"]).as_object().cloned().unwrap_or_default();
        if !merge {
            return own;
        }
        let mut body = current.body.clone().unwrap_or_default();
        body.extend(own);
        body
    });
    Some(PageRequest { url, body, headers })
}

fn merged_headers(first: &[(String, String)], over: &[(String, String)]) -> Vec<(String, String)> {
    let replaced = |name: &String| over.iter().any(|(other, _)| other == name);
    first.iter().filter(|(name, _)| !replaced(name)).chain(over).cloned().collect()
}
