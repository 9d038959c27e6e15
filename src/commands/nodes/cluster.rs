//! The cluster of a hub, looked at.

use std::net::IpAddr;

use super::super::Run;
use super::line::Line;
use super::price::Listings;
use super::report::{Nodes, Waiting};
use crate::catalog;
use crate::config::{HubDocument, Provider};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::observe::nodes::{self, Asking, Tally, Usage, Versions};
use crate::provision::kubernetes::access::Access;
use crate::provision::kubernetes::reached::Reached;
use crate::view::Printer;

/// Objects of a page: few round trips, and no answer that an API server would rather not make.
const PAGE: u32 = 2_500;

/// A cluster that answered, and whose it is.
pub(super) struct Hub {
    /// The hubs in it, by name.
    names: Vec<String>,
    /// The cloud of its nodes, as the hub file says.
    provider: Option<catalog::Provider>,
    /// The way to it.
    access: Access,
}

impl Hub {
    /// Connects to the cluster of a hub.
    ///
    /// # Errors
    /// When it does not answer or is another one.
    pub(super) async fn reach(context: &Context, document: &HubDocument) -> Result<Self> {
        let provider = match &document.hub.provider {
            Provider::Aws(_) => Some(catalog::Provider::Aws),
            Provider::Gcp(_) => Some(catalog::Provider::Gcp),
            Provider::Kubernetes(_) | Provider::Local(_) => None,
        };
        let access = Reached::look(context, document, "nodes").await?.access;
        Ok(Self { names: vec![document.hub.name.as_str().to_owned()], provider, access })
    }

    /// Its name: of all hubs in it.
    pub(super) fn name(&self) -> String {
        self.names.join("+")
    }

    /// Whether both are the same cluster.
    pub(super) fn is_same_cluster(&self, other: &Self) -> bool {
        let (one, two) = (&self.access, &other.access);
        if one.cluster.is_empty() { one.server == two.server } else { one.cluster == two.cluster }
    }

    /// Another hub of the same cluster.
    pub(super) fn also(&mut self, other: &Self) {
        for name in other.names.iter().filter(|name| !self.names.contains(name)).cloned().collect::<Vec<_>>()
        {
            self.names.push(name);
        }
    }

    /// How lists are asked for: compressed, unless they never leave this machine.
    pub(super) fn asking(&self) -> Asking {
        Asking { page: PAGE, packed: !is_loopback(&self.access.server) }
    }

    /// The client.
    pub(super) fn client(&self) -> &kube::Client {
        &self.access.client
    }

    /// Nodes and pods now.
    ///
    /// # Errors
    /// When the API server does not answer or forbids to look.
    pub(super) async fn tally(&self) -> Result<(Tally, Versions)> {
        let looked = nodes::look(self.client(), self.asking()).await;
        looked.map_err(|(what, error)| self.access.failed(what, error))
    }

    /// What the nodes of a tally use.
    pub(super) async fn usage(&self, names: &[String]) -> Usage {
        nodes::usage(self.client(), names).await
    }

    /// Adds its nodes to a report.
    pub(super) fn tell(&self, tally: &Tally, usage: &Usage, listings: &mut Listings, report: &mut Nodes) {
        let (mut loads, waiting) = tally.loads();
        let hub = self.name();
        for node in tally.nodes() {
            report.lines.push(Line {
                hub: hub.clone(),
                node: node.clone(),
                load: loads.remove(node.name.as_str()).unwrap_or_default(),
                sample: usage.samples.get(&node.name).cloned(),
                listing: listings.of(node, self.provider),
            });
        }
        if waiting.pods > 0 {
            report.waiting.push(Waiting { hub: hub.clone(), load: waiting });
        }
        if let Some(gap) = &usage.gap {
            report.gaps.push((hub.clone(), gap.clone()));
        }
        report.hubs.push((hub, true));
    }
}

fn is_loopback(server: &str) -> bool {
    let host =
        server.parse::<http::Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Looks at all clusters at once. Those that fail are told; all failing is an error.
pub(super) async fn look(
    run: &Run<'_>,
    hubs: Vec<Hub>,
    mut failed: Vec<String>,
) -> Result<(Nodes, Vec<String>)> {
    let alone = hubs.len() == 1 && failed.is_empty();
    let mut report = Nodes::new(run.context.now());
    let mut listings = Listings::default();
    let looks = hubs.iter().map(|hub| async move {
        // The metrics API is asked beside the lists; kubelets only once it is known which there are.
        let (tally, early) = futures::future::join(hub.tally(), nodes::metrics(hub.client())).await;
        let (tally, _) = tally?;
        let usage = match early {
            Ok(samples) => Usage { samples, gap: None },
            Err(why) => nodes::kubelets(hub.client(), &names(&tally), &why).await,
        };
        Ok::<_, Error>((tally, usage))
    });
    for (hub, looked) in hubs.iter().zip(futures::future::join_all(looks).await) {
        match looked {
            Ok((tally, usage)) => hub.tell(&tally, &usage, &mut listings, &mut report),
            Err(error) if alone => return Err(error),
            Err(error) => {
                Printer::error(&error.about(&hub.name()));
                failed.push(hub.name());
            }
        }
    }
    if report.hubs.is_empty() {
        return Err(Error::failed("no hub could be looked at"));
    }
    report.finish(&failed, run.context.now());
    Ok((report, failed))
}

/// The names of a tally's nodes.
pub(super) fn names(tally: &Tally) -> Vec<String> {
    tally.nodes().map(|node| node.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_what_never_leaves_this_machine_is_not_compressed() {
        let local = ["https://127.0.0.1:6443/", "https://localhost:6443/", "https://[::1]:6443/"];
        assert!(local.into_iter().all(is_loopback));
        assert!(!is_loopback("https://10.0.0.1:6443/") && !is_loopback("https://a.eks.amazonaws.com/"));
    }
}
