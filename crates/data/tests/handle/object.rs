//! An object behind a server of ranges.

use frazil_data::Surroundings;
use frazil_data::handle::{Handle, Options};
use frazil_data::http::{Client, Settings};
use frazil_data::remote::{HttpsObject, Remote};

use crate::canned::{Asked, Canned, Given};

/// Bytes that tell their places apart.
pub(crate) fn content(length: usize) -> Vec<u8> {
    (0..length as u64).map(|at| (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
}

/// What a server of ranges answers (RFC 9110, 14), of a version of an object.
pub(crate) fn ranged(asked: &Asked, content: &[u8], etag: &str) -> Given {
    let matches = asked.headers.get("if-match").is_none_or(|wanted| wanted == etag);
    let whole =
        Given { status: 200, headers: Vec::new(), body: content.to_vec(), announced: None, unframed: false }
            .header("etag", etag);
    if !matches {
        return Given { body: Vec::new(), ..Given::status(412) };
    }
    let Some(range) = asked.headers.get("range").and_then(|range| range.strip_prefix("bytes=")) else {
        return whole;
    };
    let (from, last) = range.split_once('-').unwrap();
    let from: usize = from.parse().unwrap();
    let until = last.parse::<usize>().map_or(content.len(), |last| (last + 1).min(content.len()));
    if from >= content.len() {
        return Given::status(416).header("content-range", format!("bytes */{}", content.len()));
    }
    Given { status: 206, body: content[from..until].to_vec(), ..whole }
        .header("content-range", format!("bytes {from}-{}/{}", until - 1, content.len()))
}

/// A server of one object.
pub(crate) async fn served(content: Vec<u8>) -> Canned {
    Canned::start(move |asked| ranged(asked, &content, "\"1\"")).await
}

pub(crate) fn client() -> Client {
    let settings = Settings { pause: std::time::Duration::from_millis(10), ..Settings::default() };
    Client::new(settings, &Surroundings::made([("HOME", "/nowhere")])).unwrap()
}

pub(crate) fn remote(server: &Canned) -> Remote {
    Remote::Https(HttpsObject::open_to_all(&client(), server.base.join("x.h5").unwrap()))
}

pub(crate) fn handle(server: &Canned, options: Options) -> Handle {
    Handle::new(remote(server), options, &Surroundings::made([("HOME", "/nowhere")]))
}

/// Bytes that a server sent, by what it was asked, of an object of a length.
pub(crate) fn sent(server: &Canned, length: u64) -> u64 {
    let bytes = |asked: &Asked| {
        let (from, last) = asked.headers["range"].strip_prefix("bytes=").unwrap().split_once('-').unwrap();
        (last.parse::<u64>().unwrap() + 1).min(length) - from.parse::<u64>().unwrap()
    };
    server.asked().iter().map(bytes).sum()
}
