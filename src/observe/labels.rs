//! What labels of nodes and pods say, by the conventions of hubs and clouds.

/// Labels that name a node's pool, the hub's own first.
const POOLS: [&str; 5] = [
    "frazil/pool",
    "eks.amazonaws.com/nodegroup",
    "alpha.eksctl.io/nodegroup-name",
    "cloud.google.com/gke-nodepool",
    "karpenter.sh/nodepool",
];
/// Labels of spot machines with their values: EKS, GKE, GKE's older kind, Karpenter, eksctl.
const SPOT: [(&str, &str); 5] = [
    ("eks.amazonaws.com/capacityType", "SPOT"),
    ("cloud.google.com/gke-spot", "true"),
    ("cloud.google.com/gke-preemptible", "true"),
    ("karpenter.sh/capacity-type", "spot"),
    ("node-lifecycle", "spot"),
];
const MACHINE: [&str; 2] = ["node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type"];
const ZONE: [&str; 2] = ["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"];
const REGION: [&str; 2] = ["topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"];
/// What a node is for, as JupyterHub's chart and hubs with Dask say it.
pub(super) const PURPOSE: &str = "hub.jupyter.org/node-purpose";
pub(super) const DASK_PURPOSE: &str = "k8s.dask.org/node-purpose";

/// What a node's labels say; empty where they say nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeLabels {
    /// The machine type.
    pub machine: String,
    /// The zone.
    pub zone: String,
    /// The region.
    pub region: String,
    /// The pool.
    pub pool: String,
    /// What it is for, of a hub: `core` or `user`.
    pub purpose: String,
    /// What it is for, of Dask: `core`, `scheduler` or `worker`.
    pub dask_purpose: String,
    /// Whether it is a spot machine.
    pub spot: bool,
}

impl NodeLabels {
    /// Reads the labels of a node.
    pub fn read<'a>(label: impl Fn(&str) -> Option<&'a str>) -> Self {
        let first = |keys: &[&str]| {
            let found = keys.iter().find_map(|key| label(key).filter(|value| !value.is_empty()));
            found.unwrap_or_default().to_owned()
        };
        Self {
            machine: first(&MACHINE),
            zone: first(&ZONE),
            region: first(&REGION),
            pool: first(&POOLS),
            purpose: first(&[PURPOSE]),
            dask_purpose: first(&[DASK_PURPOSE]),
            spot: SPOT.iter().any(|(key, value)| label(key) == Some(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::NodeLabels;

    #[test]
    fn the_hubs_own_pool_comes_before_the_clouds() {
        let labels = [
            ("eks.amazonaws.com/nodegroup", "lab-user-a"),
            ("frazil/pool", "user"),
            ("node-lifecycle", "spot"),
        ];
        let read =
            NodeLabels::read(|key| labels.iter().find(|(name, _)| *name == key).map(|(_, value)| *value));
        assert_eq!((read.pool.as_str(), read.spot, read.zone.as_str()), ("user", true, ""));
    }
}
