//! A hub on a cluster: what all of its files are made from.

use serde_json::{Value, json};

use super::nodes::{HUB_PURPOSE, NodePool, PoolError, Purpose, node_pools};
use crate::config::{HubFile, Image, Provider};

/// A hub on a cluster, with its node pools.
#[derive(Clone, Debug)]
pub struct Cluster<'a> {
    /// The hub.
    pub hub: &'a HubFile,
    /// The node pools; none on a cluster that exists already.
    pub pools: Vec<NodePool>,
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
        Ok(Self { hub, pools: node_pools(hub)? })
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

    /// The namespace of the hub's own pods.
    pub fn namespace(&self) -> &str {
        self.hub.name.as_str()
    }

    /// The name of a Helm release: what a chart makes for the whole cluster carries it, so hubs can share one.
    pub fn release(&self, chart: &str) -> String {
        format!("{}-{chart}", self.hub.name)
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

    /// The scratch bucket's name, where there is one.
    pub fn scratch(&self) -> Option<String> {
        let owner = match &self.hub.provider {
            Provider::Aws(aws) => aws.account.as_str(),
            Provider::Gcp(gcp) => gcp.project.as_str(),
            Provider::Kubernetes(_) | Provider::Local(_) => return None,
        };
        self.hub.storage.scratch.enabled.then(|| format!("{}-{owner}-scratch", self.hub.name))
    }

    /// Whether there is a gateway.
    pub fn has_gateway(&self) -> bool {
        self.hub.gateway.enabled
    }

    /// Whether the cluster has GPU nodes of ours.
    pub fn has_gpus(&self) -> bool {
        self.pool(Purpose::Gpu).is_some()
    }

    /// The Service of Dask Gateway's proxy, as the chart names it.
    pub fn traefik(&self) -> String {
        format!("traefik-{}", self.release("dask-gateway"))
    }

    /// The image of people's servers and Dask workers: name and tag. Without a name of
    /// the file, the hub image in the registry that is made beside the cluster.
    pub fn image(&self) -> (String, &str) {
        let Image { name, tag } = &self.hub.image;
        let own = || match &self.hub.provider {
            Provider::Aws(aws) => {
                format!("{}.dkr.ecr.{}.amazonaws.com/{}/hub", aws.account, aws.region, self.hub.name)
            }
            Provider::Gcp(gcp) => {
                format!("{}-docker.pkg.dev/{}/{}/hub", gcp.region, gcp.project, self.hub.name)
            }
            Provider::Kubernetes(_) | Provider::Local(_) => "frazil-hub".to_owned(),
        };
        (name.clone().unwrap_or_else(own), tag)
    }
}
