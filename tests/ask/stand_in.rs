//! A small HTTP server that answers as a function says.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use frazil::context::Context;
use serde_json::Value;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Request {
    /// The operation of AWS's JSON protocol; empty where it is none.
    pub(crate) fn operation(&self) -> &str {
        self.headers
            .get("x-amz-target")
            .and_then(|target| target.split_once('.'))
            .map_or("", |(_, name)| name)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// A status and a body.
pub(crate) type Answer = (u16, String);

/// The server; its thread ends with the process.
pub(crate) struct StandIn {
    pub(crate) address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl StandIn {
    pub(crate) fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (told, answer) = (Arc::clone(&requests), Arc::new(answer));
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let (told, answer) = (Arc::clone(&told), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let mut connection = connection.unwrap();
                    let Some(request) = read(&connection) else { return };
                    told.lock().unwrap().push(request.clone());
                    let (status, body) = answer(&request);
                    let head =
                        format!("HTTP/1.1 {status} x\r\ncontent-type: application/json\r\nconnection: close");
                    write!(connection, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
                });
            }
        });
        Self { address, requests }
    }

    /// The requests that came since the last time.
    pub(crate) fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}

fn read(connection: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(connection);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    Some(Request { method, path, headers, body: String::from_utf8(body).unwrap() })
}

/// Answers that come first, each once, by the name of an operation.
#[derive(Clone, Default)]
pub(crate) struct Faults(Arc<Mutex<Vec<(String, Answer)>>>);

impl Faults {
    pub(crate) fn next(&self, operation: &str, status: u16, body: &str) {
        self.0.lock().unwrap().push((operation.to_owned(), (status, body.to_owned())));
    }

    pub(crate) fn take(&self, operation: &str) -> Option<Answer> {
        let mut all = self.0.lock().unwrap();
        let place = all.iter().position(|(name, _)| name == operation)?;
        Some(all.remove(place).1)
    }
}

/// An environment of these variables, and no other.
pub(crate) fn context(variables: &[(&str, &str)]) -> Context {
    let mut context = Context::from_process();
    context.environment = variables.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    context
}

/// The example of "Signature Version 4 signing process".
pub(crate) const KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
];
