//! A client of a cluster's API server that renews its token by itself, with no program to help.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use http::header::{AUTHORIZATION, HeaderValue};
use kube::client::{Body, ClientBuilder};
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig, NamedAuthInfo, NamedCluster, NamedContext};
use kube::{Client, Config};
use tower::BoxError;
use tower::buffer::BufferLayer;
use tower::filter::{AsyncFilterLayer, AsyncPredicate};

use super::{Cluster, TokenSource};
use crate::error::{Error, Result};

/// How long one request may take before the API counts as away.
const PATIENCE: Duration = Duration::from_secs(30);
/// Requests that may wait for a token or a connection.
const WAITING: usize = 256;

/// Puts a valid token on each request.
#[derive(Clone)]
struct Bearer(Arc<dyn TokenSource>);

impl AsyncPredicate<http::Request<Body>> for Bearer {
    type Future = BoxFuture<'static, std::result::Result<http::Request<Body>, BoxError>>;
    type Request = http::Request<Body>;

    fn check(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let source = Arc::clone(&self.0);
        Box::pin(async move {
            let token = source.token().await?;
            let mut value = HeaderValue::try_from(format!("Bearer {}", token.secret()))?;
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
            Ok(request)
        })
    }
}

/// A client of a cluster, whose requests carry tokens of this source.
///
/// # Errors
/// When the cluster has no address yet, or the address or the certificate's authority cannot be read.
pub async fn client(cluster: &Cluster, source: Arc<dyn TokenSource>) -> Result<Client> {
    if cluster.endpoint.is_empty() {
        return Err(Error::failed(format!("the cluster {} has no address yet", cluster.name))
            .hint("wait until it is made; the same call again goes on from there"));
    }
    let unreadable = || format!("no client for {}", cluster.endpoint);
    let config = config(cluster).await.map_err(|error| Error::failed(unreadable()).because(error))?;
    let builder =
        ClientBuilder::try_from(config).map_err(|error| Error::failed(unreadable()).because(error))?;
    Ok(builder
        .with_layer(&BufferLayer::new(WAITING))
        .with_layer(&AsyncFilterLayer::new(Bearer(source)))
        .build())
}

/// A kubeconfig of one cluster and one way to log in.
pub fn kubeconfig(cluster: &Cluster, auth_info: AuthInfo) -> Kubeconfig {
    let name = cluster.name.clone();
    Kubeconfig {
        kind: Some("Config".to_owned()),
        api_version: Some("v1".to_owned()),
        clusters: vec![NamedCluster {
            name: name.clone(),
            cluster: Some(kube::config::Cluster {
                server: Some(cluster.endpoint.clone()),
                certificate_authority_data: Some(cluster.authority.clone()),
                ..kube::config::Cluster::default()
            }),
            ..NamedCluster::default()
        }],
        auth_infos: vec![NamedAuthInfo {
            name: name.clone(),
            auth_info: Some(auth_info),
            ..NamedAuthInfo::default()
        }],
        contexts: vec![NamedContext {
            name: name.clone(),
            context: Some(kube::config::Context {
                cluster: name.clone(),
                user: Some(name.clone()),
                ..kube::config::Context::default()
            }),
            ..NamedContext::default()
        }],
        current_context: Some(name),
        ..Kubeconfig::default()
    }
}

/// kube reads authorities only from kubeconfigs, so one is made in memory.
async fn config(cluster: &Cluster) -> std::result::Result<Config, kube::config::KubeconfigError> {
    let kubeconfig = kubeconfig(cluster, AuthInfo::default());
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    config.connect_timeout = Some(PATIENCE);
    config.read_timeout = Some(PATIENCE);
    Ok(config)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::atomic::{AtomicU32, Ordering};

    use jiff::Timestamp;

    use super::*;
    use crate::cloud::Token;
    use crate::cloud::{Cloud as _, fake::Fake};

    /// Another token each time.
    struct Counting(AtomicU32);

    impl TokenSource for Counting {
        fn token(&self) -> BoxFuture<'_, Result<Token>> {
            let count = self.0.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move {
                if count > 1 {
                    return Err(Error::failed("log in again"));
                }
                Ok(Token::new(format!("token-{count}"), Timestamp::UNIX_EPOCH))
            })
        }
    }

    /// Answers each connection with a version of Kubernetes, and tells the headers that came.
    fn server() -> (u16, std::sync::mpsc::Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (send, receive) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let mut bytes = [0; 4096];
                let count = connection.read(&mut bytes).unwrap();
                let body = r#"{"major":"1","minor":"35","gitVersion":"v1.35.0","gitCommit":"","gitTreeState":"","buildDate":"","goVersion":"","compiler":"","platform":""}"#;
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
                write!(connection, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
                send.send(String::from_utf8_lossy(&bytes[..count]).into_owned()).unwrap();
            }
        });
        (port, receive)
    }

    #[tokio::test]
    async fn every_request_has_the_token_of_its_time() {
        let (port, requests) = server();
        let mut cluster = Fake::with_cluster("lab").cluster("lab").await.unwrap().unwrap();
        cluster.endpoint = format!("http://127.0.0.1:{port}");
        let client = client(&cluster, Arc::new(Counting(AtomicU32::new(0)))).await.unwrap();
        for count in 0..2 {
            client.apiserver_version().await.unwrap();
            let request = requests.recv().unwrap();
            assert!(request.contains(&format!("authorization: Bearer token-{count}")), "{request}");
        }
        let error = client.apiserver_version().await.unwrap_err();
        assert!(format!("{error:?}").contains("log in again"), "{error:?}");
    }

    #[tokio::test]
    async fn a_cluster_that_is_being_made_has_no_client() {
        let mut cluster = Fake::with_cluster("lab").cluster("lab").await.unwrap().unwrap();
        cluster.endpoint = String::new();
        let source = Arc::new(Counting(AtomicU32::new(0)));
        assert!(client(&cluster, source).await.is_err());
    }
}
