//! Exchanges that were recorded of real services (`../shared/http`, outside the checkout).

use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine;
use serde_json::Value;

use crate::canned::{Asked, Given};
use crate::skips::skipped;

/// A file beside the checkout; says so and gives none where it is not there.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let told = std::env::var_os("FRAZIL_SHARED").map(PathBuf::from);
    let path = told.unwrap_or_else(|| root.join("../shared")).join(name);
    if path.exists() {
        return Some(path);
    }
    skipped(format!("no ../shared/{name} beside the checkout"));
    None
}

/// A recorded exchange.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) method: String,
    pub(crate) url: url::Url,
    pub(crate) asked: String,
    pub(crate) given: Given,
}

/// The exchanges of a recording.
pub(crate) fn exchanges(name: &str) -> Option<Vec<Exchange>> {
    let text = std::fs::read_to_string(shared(&format!("http/{name}"))?).unwrap();
    // Packed bodies are binary in YAML; their texts are read here.
    let packed = text.contains("!!binary");
    let document: Value = serde_yaml::from_str(&text.replace("!!binary |", "|")).unwrap();
    let read = |exchange: &Value| {
        let body = exchange["response"]["body"]["string"].as_str().unwrap_or_default();
        Exchange {
            method: exchange["request"]["method"].as_str().unwrap().to_owned(),
            url: exchange["request"]["uri"].as_str().unwrap().parse().unwrap(),
            asked: exchange["request"]["body"].as_str().unwrap_or_default().to_owned(),
            given: Given {
                status: u16::try_from(exchange["response"]["status"]["code"].as_u64().unwrap()).unwrap(),
                headers: headers(&exchange["response"]["headers"]),
                body: if packed { unpacked(body) } else { body.as_bytes().to_vec() },
                announced: None,
                unframed: false,
            },
        }
    };
    Some(document["interactions"].as_array().unwrap().iter().map(read).collect())
}

/// The headers that say something of the content.
fn headers(all: &Value) -> Vec<(String, String)> {
    let told = ["cmr-hits", "cmr-search-after", "cmr-took", "content-type"];
    let all = all.as_object().unwrap().iter();
    all.filter(|(name, _)| told.contains(&name.to_ascii_lowercase().as_str()))
        .map(|(name, values)| (name.clone(), values[0].as_str().unwrap().to_owned()))
        .collect()
}

fn unpacked(body: &str) -> Vec<u8> {
    let text: String = body.split_whitespace().collect();
    let packed = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut plain).unwrap();
    plain
}

/// The body of an exchange with its service's address replaced by another.
pub(crate) fn moved(exchange: &Exchange, from: &str, to: &str) -> Given {
    let body = String::from_utf8(exchange.given.body.clone()).unwrap().replace(from, to);
    Given { body: body.into_bytes(), ..exchange.given.clone() }
}

/// Whether a request asks the same as a recorded one: the method, the path, and what is asked for.
pub(crate) fn same(exchange: &Exchange, asked: &Asked) -> bool {
    let whole: url::Url = format!("http://a{}", asked.target).parse().unwrap();
    let body = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
    exchange.method == asked.method
        && exchange.url.path().trim_end_matches('/') == whole.path().trim_end_matches('/')
        && body(&exchange.asked) == body(&asked.body)
}
