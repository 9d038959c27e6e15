//! What a hub needs of an account when all its pools are full.

use frazil_units::Bytes;

use crate::catalog::{Offer, Provider};
use crate::cloud::{Need, PoolNeed};
use crate::config::Nat;
use crate::render::cluster::{Cluster, Homes};
use crate::render::homes_size;
use crate::render::nodes::{AWS_ZONES, BOOT_DISK_GIB, NodePool};

/// The least size of a Filestore instance in its basic tier, in GiB (Filestore, "Service tiers").
const LEAST_FILESTORE: u64 = 1024;

/// What a hub's file asks for at most.
pub(super) fn need(cluster: &Cluster<'_>, provider: Provider) -> Need {
    let pools: Vec<_> = cluster.pools.iter().flat_map(|pool| pool_needs(pool, provider)).collect();
    let nodes: u32 = pools.iter().map(|pool| pool.nodes).fold(0, u32::saturating_add);
    let hub = cluster.hub;
    let zones = u32::try_from(hub.zones.len()).ok().filter(|zones| *zones > 0).unwrap_or(AWS_ZONES);
    let nats = match (hub.network.nat, provider) {
        (Nat::None, _) => 0,
        (Nat::Single, _) | (Nat::PerZone, Provider::Gcp) => 1,
        (Nat::PerZone, Provider::Aws) => zones,
    };
    // Google counts the public addresses of nodes too; AWS only those that are kept.
    let of_nodes = if provider == Provider::Gcp && hub.network.nat == Nat::None { nodes } else { 0 };
    let homes = homes_size(cluster).unwrap_or_default().get().div_ceil(Bytes::gib(1).get());
    let shared = hub.hub && cluster.homes() == Homes::Shared && provider == Provider::Gcp;
    Need {
        pools,
        addresses: nats.saturating_add(of_nodes),
        nats_a_zone: u32::from(nats > 0),
        networks: 1,
        ssd_gib: u64::from(nodes).saturating_mul(BOOT_DISK_GIB).saturating_add(homes),
        shared_gib: if shared { LEAST_FILESTORE } else { 0 },
    }
}

/// On Google Cloud each machine type is a pool of its own, and each may be full.
fn pool_needs(pool: &NodePool, provider: Provider) -> Vec<PoolNeed> {
    let each = |machines: &[Offer]| PoolNeed {
        name: pool.name.to_owned(),
        machines: machines.iter().map(|offer| offer.machine.name.clone()).collect(),
        nodes: pool.max,
        vcpus: machines.iter().map(|offer| offer.machine.cpu.get().div_ceil(1000)).max().unwrap_or(0),
        spot: pool.spot,
        gpus: machines.first().map_or(0, |offer| offer.machine.nvidia_gpus()),
        gpu: machines.first().and_then(|offer| offer.machine.gpu.as_ref()?.name.clone()).unwrap_or_default(),
    };
    match provider {
        Provider::Aws => vec![each(&pool.machines)],
        Provider::Gcp => pool.machines.chunks(1).map(each).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{HubFile, check_bytes};

    fn hub(provider: &str) -> HubFile {
        let text = format!(
            "name: lab\nprovider: {{ {provider} }}\nadmins: [ada]\nauth: native\n\
             sizes: [{{ name: small, memory: 1 GiB, default: true }}]\nnetwork: {{ nat: per-zone }}\n"
        );
        let today = jiff::civil::date(2026, 11, 2);
        check_bytes(text.into_bytes(), std::path::Path::new("hub.yaml"), today).document.unwrap().hub
    }

    #[test]
    fn nats_and_pools_are_counted_as_each_cloud_makes_them() {
        let aws = hub("aws: { account: \"123456789012\", region: us-west-2 }");
        let cluster = Cluster::new(&aws).unwrap();
        let needed = need(&cluster, Provider::Aws);
        assert_eq!((needed.addresses, needed.nats_a_zone, needed.pools.len()), (3, 1, cluster.pools.len()));
        let gcp = hub("gcp: { project: ice-2026, region: us-central1 }");
        let cluster = Cluster::new(&gcp).unwrap();
        let needed = need(&cluster, Provider::Gcp);
        let machines: usize = cluster.pools.iter().map(|pool| pool.machines.len()).sum();
        assert_eq!((needed.addresses, needed.pools.len()), (1, machines));
        assert!(needed.pools.iter().all(|pool| pool.machines.len() == 1 && pool.vcpus > 0));
    }
}
