//! A hub on a cluster: what all of its files are made from.

use serde_json::{Value, json};

use super::neighbours::{NONE, Neighbours, is_internal};
use super::nodes::{HUB_PURPOSE, NodePool, PoolError, Purpose, node_pool};
use super::pools::{PoolMachines, pool_machines};
use crate::config::{DnsZone, HubFile, Image, Provider};

/// A hub on a cluster, with its node pools.
#[derive(Clone, Debug)]
pub struct Cluster<'a> {
    /// The hub.
    pub hub: &'a HubFile,
    /// The node pools; none on a cluster that exists already.
    pub pools: Vec<NodePool>,
    /// The hubs of its further gateways, as far as their files were read.
    pub neighbours: &'a Neighbours,
}

/// How homes are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Homes {
    /// A disk of one's own for each person, as large as the quota.
    Disks,
    /// One NFS server with a quota for each person, on one disk of the cloud.
    Server,
    /// The cloud's shared file system, which knows no quota of a person.
    Shared,
}

impl<'a> Cluster<'a> {
    /// A hub on a cluster.
    ///
    /// # Errors
    /// When no machine holds a pool.
    pub fn new(hub: &'a HubFile) -> Result<Self, PoolError> {
        Self::with_machines(hub, pool_machines(hub)?)
    }

    /// The same without its pools, for what does not depend on them.
    pub fn without_pools(hub: &'a HubFile) -> Self {
        Self { hub, pools: Vec::new(), neighbours: &NONE }
    }

    /// The same with machines that were chosen already.
    ///
    /// # Errors
    /// When no machine holds a pool.
    pub fn with_machines(hub: &'a HubFile, machines: Vec<PoolMachines>) -> Result<Self, PoolError> {
        let pools = machines.into_iter().map(|pool| node_pool(hub, pool)).collect::<Result<_, _>>()?;
        Ok(Self { hub, pools, neighbours: &NONE })
    }

    /// The same beside the hubs of its further gateways.
    #[must_use]
    pub fn beside(self, neighbours: &'a Neighbours) -> Self {
        Self { neighbours, ..self }
    }

    /// The pool of a purpose.
    pub fn pool(&self, purpose: Purpose) -> Option<&NodePool> {
        self.pools.iter().find(|pool| pool.purpose == purpose)
    }

    /// Whether the cluster is made for the hub, so that its nodes have our labels.
    pub fn is_ours(&self) -> bool {
        matches!(self.hub.provider, Provider::Aws(_) | Provider::Gcp(_))
    }

    /// Whether the cluster is EKS.
    pub fn is_eks(&self) -> bool {
        matches!(self.hub.provider, Provider::Aws(_))
    }

    /// Whether the cluster is GKE.
    pub fn is_gke(&self) -> bool {
        matches!(self.hub.provider, Provider::Gcp(_))
    }

    /// Where it runs, as `CLOUD/REGION`; `kubernetes` on a cluster that exists.
    pub fn region(&self) -> String {
        let key = self.hub.provider.key();
        self.hub.provider.region().map_or_else(|| key.to_owned(), |region| format!("{key}/{region}"))
    }

    /// How homes are kept.
    pub fn homes(&self) -> Homes {
        match (self.is_ours(), self.hub.storage.homes.quota) {
            (false, _) => Homes::Disks,
            (true, Some(_)) => Homes::Server,
            (true, None) => Homes::Shared,
        }
    }

    /// The selector of the hub's own pods; empty where nodes do not have our labels.
    pub fn core_selector(&self) -> Value {
        if self.is_ours() { json!({ HUB_PURPOSE: "core" }) } else { json!({}) }
    }

    /// Whether there is a gateway.
    pub fn has_gateway(&self) -> bool {
        self.hub.gateway.enabled
    }

    /// The zone in which Terraform makes the record of the domain; none where the balancer's address is
    /// the network's own, or there is nothing to call.
    pub fn dns_zone(&self) -> Option<&DnsZone> {
        let hub = self.hub;
        let public = hub.hub || hub.gateway.enabled && !is_internal(hub);
        let zone = hub.dns.as_ref().map(|dns| &dns.zone);
        zone.filter(|_| self.is_ours() && public && hub.domain.is_some())
    }

    /// Whether the cluster has GPU nodes of ours.
    pub fn has_gpus(&self) -> bool {
        self.pool(Purpose::Gpu).is_some()
    }

    /// The image of people's servers and Dask workers: name and tag. Without a name of
    /// the file, the hub image in the registry that is made beside the cluster.
    pub fn image(&self) -> (String, &str) {
        let Image { name, tag } = &self.hub.image;
        let own = || match &self.hub.provider {
            Provider::Aws(aws) => {
                format!("{}.dkr.ecr.{}.amazonaws.com/{}", aws.account, aws.region, self.repository())
            }
            Provider::Gcp(gcp) => {
                format!("{}-docker.pkg.dev/{}/{}", gcp.region, gcp.project, self.repository())
            }
            Provider::Kubernetes(_) | Provider::Local(_) => "frazil-hub".to_owned(),
        };
        (name.as_ref().map_or_else(own, ToString::to_string), tag)
    }
}
