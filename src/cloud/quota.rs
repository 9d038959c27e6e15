//! What an account allows, beside what a hub needs.

/// What a hub needs of an account when all its pools are full.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// The pools.
    pub pools: Vec<PoolNeed>,
    /// Public addresses that are kept: of NAT gateways and balancers.
    pub addresses: u32,
    /// NAT gateways in each zone.
    pub nats_a_zone: u32,
    /// Networks that are made.
    pub networks: u32,
    /// GiB of disks with flash memory, boot disks included.
    pub ssd_gib: u64,
    /// GiB of shared file systems.
    pub shared_gib: u64,
}

/// What one pool needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolNeed {
    /// The pool's name.
    pub name: String,
    /// Its machine types, the first choice first.
    pub machines: Vec<String>,
    /// The most nodes.
    pub nodes: u32,
    /// The most vCPUs of one node, over its machine types.
    pub vcpus: u32,
    /// Whether its machines are spare capacity.
    pub spot: bool,
    /// GPUs of one node.
    pub gpus: u32,
    /// The model of the GPUs as the catalog names it, such as `T4`; empty without one.
    pub gpu: String,
}

impl PoolNeed {
    /// vCPUs of all its nodes.
    pub fn all_vcpus(&self) -> u64 {
        u64::from(self.nodes) * u64::from(self.vcpus)
    }

    /// GPUs of all its nodes.
    pub fn all_gpus(&self) -> u64 {
        u64::from(self.nodes) * u64::from(self.gpus)
    }
}

/// A limit of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// What is limited, in the cloud's words.
    pub name: String,
    /// How the cloud names the quota: `L-1216C47A`, `N2_CPUS`.
    pub code: String,
    /// The region, or `global`.
    pub place: String,
    /// What is allowed.
    pub limit: u64,
    /// What is used now, where the cloud says.
    pub used: Option<u64>,
    /// What the hub needs.
    pub needed: u64,
}

impl Quota {
    /// Whether what is needed fits beside what is used.
    pub fn suffices(&self) -> bool {
        self.used.unwrap_or(0).saturating_add(self.needed) <= self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_counts() {
        let quota = |used, needed| Quota {
            name: "vCPUs".to_owned(),
            code: "L-1216C47A".to_owned(),
            place: "us-west-2".to_owned(),
            limit: 100,
            used,
            needed,
        };
        assert!(quota(None, 100).suffices());
        assert!(quota(Some(40), 60).suffices());
        assert!(!quota(Some(41), 60).suffices());
    }
}
