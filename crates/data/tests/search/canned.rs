//! A server of canned answers: HTTP/1.1 on loopback, one request after the other on each connection.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// Headers by their names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// An answer to give.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The length that is announced, where it is another than the body's; then the connection ends.
    pub(crate) announced: Option<usize>,
    /// Whether nothing but the connection's end tells where the body ends.
    pub(crate) unframed: bool,
}

impl Given {
    pub(crate) fn json(body: impl Into<serde_json::Value>) -> Self {
        let body = body.into().to_string().into_bytes();
        Self { body, ..Self::status(200) }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: b"{}".to_vec(), announced: None, unframed: false }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        let value = match value.into() {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        self.headers.push((name.to_owned(), value));
        self
    }
}

type Answering = dyn Fn(&Asked) -> Given + Send + Sync;

/// The server, with what it was asked.
pub(crate) struct Canned {
    pub(crate) base: url::Url,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Canned {
    /// Starts a server on the runtime of the test, with which it ends.
    pub(crate) async fn start(answer: impl Fn(&Asked) -> Given + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, answer): (_, Arc<Answering>) = (Arc::clone(&asked), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&log), Arc::clone(&answer)));
            }
        });
        Self { base, asked }
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(stream: TcpStream, log: Arc<Mutex<Vec<Asked>>>, answer: Arc<Answering>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok().filter(|length| *length > 0)?;
        let mut words = line.split_whitespace();
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        let asked = Asked { method, target, headers, body: String::from_utf8(body).unwrap() };
        log.lock().unwrap().push(asked.clone());
        let given = answer(&asked);
        let length = given.announced.unwrap_or(given.body.len());
        let mut head = format!("HTTP/1.1 {} Canned\r\n", given.status);
        if !given.unframed {
            head += &format!("content-length: {length}\r\n");
        }
        for (name, value) in &given.headers {
            head += &format!("{name}: {value}\r\n");
        }
        stream.write_all((head + "\r\n").as_bytes()).await.ok()?;
        stream.write_all(&given.body).await.ok()?;
        if given.announced.is_some() || given.unframed {
            return stream.shutdown().await.ok();
        }
    }
}
