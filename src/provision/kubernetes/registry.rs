//! Whether a registry has an image, asked as whoever has no account there: the Docker registry
//! protocol (OCI Distribution Specification) with its dance for an anonymous token.

use std::time::Duration;

use reqwest::header::{ACCEPT, WWW_AUTHENTICATE};
use reqwest::{Client, Response, StatusCode, Url};
use serde::Deserialize;

/// How long a registry may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The kinds of manifests that an image may have.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json";
/// Where images without a registry in their name come from.
const DOCKER_HUB: &str = "registry-1.docker.io";

/// Whether an image is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is.
    There,
    /// The registry says that it is not.
    Absent,
    /// Not checked, and why.
    Unknown(String),
}

/// An image by its registry, repository and tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The registry's host, with its port.
    pub registry: String,
    /// The repository.
    pub repository: String,
    /// The tag.
    pub tag: String,
}

impl Image {
    /// An image by its name, as container runtimes read it.
    pub fn new(name: &str, tag: &str) -> Self {
        let host = name.split_once('/').filter(|(host, _)| host.contains(['.', ':']) || *host == "localhost");
        let (registry, repository) = match host {
            Some(("docker.io" | "index.docker.io", rest)) => (DOCKER_HUB, official(rest)),
            Some((host, rest)) => (host, rest.to_owned()),
            None => (DOCKER_HUB, official(name)),
        };
        Self { registry: registry.to_owned(), repository, tag: tag.to_owned() }
    }

    /// Container runtimes speak HTTP to a registry on their own machine only.
    fn manifest(&self) -> String {
        let host = self.registry.split(':').next().unwrap_or_default();
        let scheme = if matches!(host, "localhost" | "127.0.0.1") { "http" } else { "https" };
        format!("{scheme}://{}/v2/{}/manifests/{}", self.registry, self.repository, self.tag)
    }

    /// Asks the registry.
    pub async fn find(&self) -> Found {
        let client = Client::builder().timeout(PATIENCE).build();
        let asked = match client {
            Ok(client) => self.ask(&client).await,
            Err(error) => Err(error),
        };
        asked.unwrap_or_else(|error| Found::Unknown(format!("{}: {}", self.registry, innermost(&error))))
    }

    async fn ask(&self, client: &Client) -> reqwest::Result<Found> {
        let answer = client.head(self.manifest()).header(ACCEPT, MANIFESTS).send().await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(self.found(answer.status()));
        }
        let Some(token) = self.token(client, &answer).await? else {
            return Ok(self.found(StatusCode::UNAUTHORIZED));
        };
        let request = client.head(self.manifest()).header(ACCEPT, MANIFESTS).bearer_auth(token);
        Ok(self.found(request.send().await?.status()))
    }

    fn found(&self, status: StatusCode) -> Found {
        match status {
            StatusCode::OK => Found::There,
            StatusCode::NOT_FOUND => Found::Absent,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Found::Unknown(format!("{} asks for credentials, or has no such image", self.registry))
            }
            StatusCode::TOO_MANY_REQUESTS => {
                Found::Unknown(format!("{} has answered this address too often", self.registry))
            }
            other => Found::Unknown(format!("{} answered {other}", self.registry)),
        }
    }

    /// The token that a registry gives everyone; none when it gives none.
    async fn token(&self, client: &Client, refusal: &Response) -> reqwest::Result<Option<String>> {
        #[derive(Deserialize)]
        struct Answer {
            token: Option<String>,
            access_token: Option<String>,
        }
        let challenge = refusal.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
        let Some(address) = challenge.and_then(token_address) else { return Ok(None) };
        let answer = client.get(address).send().await?;
        if !answer.status().is_success() {
            return Ok(None);
        }
        let answer: Answer = answer.json().await?;
        Ok(answer.token.or(answer.access_token))
    }
}

/// Images of Docker Hub without an owner are Docker's own.
fn official(repository: &str) -> String {
    if repository.contains('/') { repository.to_owned() } else { format!("library/{repository}") }
}

/// Where a challenge (`Bearer realm="…",service="…",scope="…"`) says that tokens are.
fn token_address(challenge: &str) -> Option<Url> {
    let parameters = challenge.strip_prefix("Bearer ").or_else(|| challenge.strip_prefix("bearer "))?;
    let value = |key: &str| {
        let start = format!("{key}=\"");
        let (_, rest) = parameters.split_once(&start)?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    let given = ["service", "scope"].into_iter().filter_map(|key| Some((key, value(key)?)));
    Url::parse_with_params(&value("realm")?, given).ok()
}

/// The last cause: that a name does not resolve, not that an address cannot be reached.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// A registry that answers these requests, one connection each, and returns what it was asked.
    fn registry(answers: impl Fn(u16) -> Vec<String>) -> (u16, thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let answers = answers(port);
        let serve = move || {
            let mut asked = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut bytes = [0; 4096];
                let length = stream.read(&mut bytes).unwrap();
                asked.push(String::from_utf8_lossy(&bytes[..length]).into_owned());
                stream.write_all(answer.as_bytes()).unwrap();
            }
            asked
        };
        (port, thread::spawn(serve))
    }

    fn answer(status: &str, headers: &str, body: &str) -> String {
        let length = body.len();
        format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}")
    }

    fn find(port: u16) -> Found {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(Image::new(&format!("127.0.0.1:{port}/lab/hub"), "1").find())
    }

    #[test]
    fn an_anonymous_token_is_fetched_and_used() {
        let (port, asked) = registry(|port| {
            let challenge = format!(
                "www-authenticate: Bearer realm=\"http://127.0.0.1:{port}/token\",service=\"r\",scope=\"repository:lab/hub:pull\"\r\n"
            );
            vec![
                answer("401 Unauthorized", &challenge, ""),
                answer("200 OK", "", "{\"token\": \"t0k\"}"),
                answer("200 OK", "", ""),
            ]
        });
        assert_eq!(find(port), Found::There);
        let asked = asked.join().unwrap();
        assert!(asked[0].starts_with("HEAD /v2/lab/hub/manifests/1 "), "{}", asked[0]);
        assert!(
            asked[1].starts_with("GET /token?service=r&scope=repository%3Alab%2Fhub%3Apull "),
            "{}",
            asked[1]
        );
        assert!(asked[2].contains("authorization: Bearer t0k"), "{}", asked[2]);
    }

    #[test]
    fn what_a_registry_does_not_say_is_not_known() {
        let (port, _) = registry(|_| vec![answer("404 Not Found", "", "")]);
        assert_eq!(find(port), Found::Absent);
        let (port, _) = registry(|_| vec![answer("401 Unauthorized", "www-authenticate: Basic\r\n", "")]);
        assert!(matches!(find(port), Found::Unknown(why) if why.contains("credentials")));
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        assert!(matches!(find(closed), Found::Unknown(_)));
    }

    #[test]
    fn names_are_read_as_container_runtimes_read_them() {
        let read = |name: &str| {
            let image = Image::new(name, "1");
            (image.registry, image.repository)
        };
        let hub = |repository: &str| (DOCKER_HUB.to_owned(), repository.to_owned());
        assert_eq!(read("traefik"), hub("library/traefik"));
        assert_eq!(read("pangeo/base"), hub("pangeo/base"));
        assert_eq!(read("docker.io/traefik"), hub("library/traefik"));
        assert_eq!(read("quay.io/pangeo/base"), ("quay.io".to_owned(), "pangeo/base".to_owned()));
        assert_eq!(read("localhost/base").0, "localhost");
    }
}
