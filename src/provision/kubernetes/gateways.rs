//! Where further gateways answer that have no name: at the addresses of their balancers, in their own clusters.

use std::collections::BTreeMap;

use super::objects::Objects;
use super::reached::Reached;
use super::status::Address;
use crate::config::HubDocument;
use crate::context::Context;
use crate::error::Result;
use crate::render::cluster::Cluster;
use crate::render::neighbours::known_later;

/// The addresses of those that are up, by name.
///
/// # Errors
/// When a gateway's cluster does not answer or is another one.
pub(super) async fn addresses(
    context: &Context,
    document: &HubDocument,
    cluster: &Cluster<'_>,
) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for gateway in known_later(cluster) {
        let Some(other) = gateway.file.as_ref().and_then(|file| document.neighbour(file)) else { continue };
        let about = |error: crate::error::Error| error.about(&format!("the gateway `{}`", gateway.name));
        // Boxed: this is part of bringing up a hub, whose own cluster was reached the same way.
        if let Some(url) = Box::pin(address(context, &other, "up")).await.map_err(about)? {
            found.insert(gateway.name.to_string(), url);
        }
    }
    Ok(found)
}

/// The address of a hub's or gateway's balancer in its own cluster, if it has one yet.
///
/// # Errors
/// When the cluster does not answer or is another one.
pub async fn address(context: &Context, document: &HubDocument, verb: &str) -> Result<Option<String>> {
    let reached = Reached::open(context, document, verb).await?;
    let objects = Objects::open(&reached.access).await?;
    Ok(Address::look(&objects, &document.hub).await?.url)
}
