//! Answers of the API server as they arrive: protocol buffers, an object at a time, so that no list
//! is ever held as a whole.

use std::io::{self, Write};
use std::time::Duration;

use flate2::write::GzDecoder;
use futures::StreamExt;
use futures::stream::BoxStream;
use http::Request;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use kube::core::Status;

use super::wire::{damaged, find, varint};

/// What the API server sends for objects of its own kinds, a third of JSON's size and made faster.
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";
/// The same for changes.
const STREAM: &str = "application/vnd.kubernetes.protobuf;stream=watch";
/// What begins each such answer ("Alternate representations of resources", Kubernetes API).
pub(super) const MAGIC: &[u8] = b"k8s\0";
/// No object is larger: etcd takes 1.5 MiB.
const LARGEST: u64 = 64 << 20;
/// Attempts at a request that the API server puts off.
const ATTEMPTS: u32 = 5;
/// Between two of them.
const PAUSE: Duration = Duration::from_secs(1);

/// The bytes of an answer, those that were not used yet.
pub(super) struct Source {
    body: BoxStream<'static, Result<Vec<u8>, kube::Error>>,
    inflate: Option<GzDecoder<Vec<u8>>>,
    buffer: Vec<u8>,
    at: usize,
    used: u64,
}

/// Asks for something and returns the answer's bytes.
pub(super) async fn ask(client: &Client, address: &str, packed: bool) -> kube::Result<Source> {
    get(client, address, PROTOBUF, packed).await
}

/// Asks for changes and returns them as they come.
pub(super) async fn ask_stream(client: &Client, address: &str, packed: bool) -> kube::Result<Source> {
    get(client, address, STREAM, packed).await
}

async fn get(client: &Client, address: &str, accept: &str, packed: bool) -> kube::Result<Source> {
    let mut attempt = 1;
    loop {
        let answer = client.send(request(address, accept, packed)?).await?;
        let status = answer.status();
        if status == http::StatusCode::TOO_MANY_REQUESTS && attempt < ATTEMPTS {
            attempt += 1;
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        let is_packed = answer.headers().get(CONTENT_ENCODING).is_some_and(|value| value == "gzip");
        let mut source = Source::new(answer.into_body(), is_packed);
        if status.is_success() {
            return Ok(source);
        }
        let text = source.rest(1 << 16).await.unwrap_or_default();
        return Err(refusal(status.as_u16(), &text));
    }
}

/// A request without a body.
pub(super) fn request(address: &str, accept: &str, packed: bool) -> kube::Result<Request<Body>> {
    let mut request = Request::get(address).header(ACCEPT, accept);
    if packed {
        request = request.header(ACCEPT_ENCODING, "gzip");
    }
    request.body(Body::empty()).map_err(kube::Error::HttpError)
}

/// What a refusal says: a Status as protocol buffer or JSON, or only its number.
pub(super) fn refusal(code: u16, answer: &[u8]) -> kube::Error {
    let told = answer.strip_prefix(MAGIC).and_then(status_message);
    let told = told.or_else(|| serde_json::from_slice::<Status>(answer).ok().map(|status| status.message));
    let plain = || String::from_utf8_lossy(answer).chars().take(200).collect::<String>();
    let message = told.unwrap_or_else(plain);
    kube::Error::Api(Box::new(Status::failure(&message, "").with_code(code)))
}

fn status_message(unknown: &[u8]) -> Option<String> {
    let status = find(unknown, 2).ok()??.bytes();
    Some(find(status, 3).ok()??.text().to_owned())
}

/// An answer that broke off or is damaged.
pub(super) fn broken(error: io::Error) -> kube::Error {
    kube::Error::ReadEvents(error)
}

impl Source {
    fn new(body: Body, packed: bool) -> Self {
        let body = body.into_data_stream().map(|chunk| chunk.map(|bytes| bytes.to_vec()));
        Self {
            body: body.boxed(),
            inflate: packed.then(|| GzDecoder::new(Vec::new())),
            buffer: Vec::new(),
            at: 0,
            used: 0,
        }
    }

    /// How many bytes were used.
    pub(super) const fn used(&self) -> u64 {
        self.used
    }

    /// Waits for more bytes; whether there were any.
    async fn more(&mut self) -> io::Result<bool> {
        self.buffer.drain(..self.at);
        self.at = 0;
        let Some(chunk) = self.body.next().await else { return Ok(false) };
        let chunk = chunk.map_err(io::Error::other)?;
        match &mut self.inflate {
            None => self.buffer.extend_from_slice(&chunk),
            Some(inflate) => {
                inflate.write_all(&chunk)?;
                inflate.flush()?;
                self.buffer.append(inflate.get_mut());
            }
        }
        Ok(true)
    }

    /// Whether nothing comes any more.
    pub(super) async fn ended(&mut self) -> io::Result<bool> {
        while self.at == self.buffer.len() {
            if !self.more().await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// So many bytes.
    pub(super) async fn take(&mut self, length: u64) -> io::Result<&[u8]> {
        if length > LARGEST {
            return Err(damaged());
        }
        let length = usize::try_from(length).map_err(|_| damaged())?;
        while self.buffer.len() - self.at < length {
            if !self.more().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let taken = &self.buffer[self.at..self.at + length];
        self.at += length;
        self.used += length as u64;
        Ok(taken)
    }

    /// A number.
    pub(super) async fn number(&mut self) -> io::Result<u64> {
        loop {
            if let Some((number, length)) = varint(&self.buffer[self.at..])? {
                self.at += length;
                self.used += length as u64;
                return Ok(number);
            }
            if !self.more().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Everything that is left, up to a length.
    pub(super) async fn rest(&mut self, most: usize) -> io::Result<Vec<u8>> {
        while self.buffer.len() - self.at < most && self.more().await? {}
        let end = self.buffer.len().min(self.at + most);
        Ok(self.buffer[self.at..end].to_vec())
    }
}
