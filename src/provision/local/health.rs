//! Whether the parts of a hub answer.

use std::time::Duration;

use reqwest::{Client, Method, StatusCode};

use super::identity::Identity;
use super::secrets::Secrets;
use crate::error::{Error, Result};

/// How long an answer on the loopback interface may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Which parts answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Health {
    /// The proxy, by its control port.
    pub proxy: bool,
    /// The hub, by its own port.
    pub hub: bool,
    /// The gateway, by its own address.
    pub gateway: bool,
    /// The hub, by the address people use.
    pub address: bool,
    /// The gateway, by the address people use.
    pub gateway_address: bool,
    /// The page of costs, by its own address.
    pub report: bool,
    /// The page of costs, by the address people use.
    pub report_address: bool,
}

/// A client for the loopback interface: no proxy of the environment is in its way, and no TLS, so that
/// a machine without certificates does for a hub.
pub fn client() -> Result<Client> {
    Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| Error::failed("no HTTP client can be made").because(error))
}

/// Asks all parts of a hub whether they are well.
pub async fn probe(client: &Client, identity: &Identity) -> Health {
    let ports = identity.ports;
    let ok = |port: u16, path: &'static str| async move {
        let answer = client.get(format!("http://127.0.0.1:{port}{path}")).send().await;
        answer.is_ok_and(|answer| answer.status() == StatusCode::OK)
    };
    let proxy = async {
        let answer = client.get(format!("http://127.0.0.1:{}/api/routes", ports.proxy_api)).send().await;
        answer.is_ok_and(|answer| answer.status() == StatusCode::FORBIDDEN)
    };
    let (proxy, hub, gateway, address, gateway_address, report, report_address) = tokio::join!(
        proxy,
        ok(ports.hub, "/hub/health"),
        ok(ports.gateway, "/services/dask-gateway/api/health"),
        ok(identity.port, "/hub/health"),
        ok(identity.port, "/services/dask-gateway/api/health"),
        ok(ports.report, "/services/report/health"),
        ok(identity.port, "/services/report/health"),
    );
    Health { proxy, hub, gateway, address, gateway_address, report, report_address }
}

/// Lets the hub tell a new proxy about all servers and services.
///
/// # Errors
/// When the hub does not answer or refuses.
pub(super) async fn resync_routes(client: &Client, identity: &Identity, secrets: &Secrets) -> Result<()> {
    let url = format!("http://127.0.0.1:{}/hub/api/proxy", identity.ports.hub);
    let request =
        client.request(Method::POST, url).header("Authorization", format!("token {}", secrets.frazil_token));
    let answer = request
        .send()
        .await
        .map_err(|error| Error::failed("the hub does not answer").because(error.without_url()))?;
    if answer.status().is_success() {
        return Ok(());
    }
    Err(Error::failed(format!("the hub refused to tell the proxy about its servers: {}", answer.status()))
        .hint("call `frazil up` again"))
}
