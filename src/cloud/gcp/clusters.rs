//! GKE: the cluster, its pools, the versions on offer.

use google_cloud_container_v1::model;
use google_cloud_container_v1::model::cluster::Status as ClusterStatus;
use google_cloud_container_v1::model::node_pool::Status as PoolStatus;
use google_cloud_container_v1::model::node_taint::Effect;

use super::session::{Gcp, code_of, is_missing};
use crate::cloud::http::{Asked, Fault, Refusal, found};
use crate::cloud::{Cluster, Health, Offered, Pool, SupportTier, Taint};
use crate::error::Error;

impl Gcp {
    fn location(&self) -> String {
        format!("projects/{}/locations/{}", self.project(), self.region_name())
    }

    /// The cluster as GKE tells it. Kubernetes Engine API v1, `projects.locations.clusters.get`.
    pub(super) async fn live_cluster(&self, name: &str) -> Asked<Option<model::Cluster>> {
        let path = format!("{}/clusters/{name}", self.location());
        let answer = self.manager().await?.get_cluster().set_name(path).send().await;
        found(answer.map_err(|error| refused("container.clusters.get", error)), is_missing)
    }

    pub(super) async fn get_cluster(&self, name: &str) -> Asked<Option<Cluster>> {
        Ok(self.live_cluster(name).await?.map(|cluster| told(&cluster)))
    }

    /// Kubernetes Engine API v1, `projects.locations.clusters.nodePools.list`.
    pub(super) async fn node_pools(&self, cluster: &str) -> Asked<Vec<Pool>> {
        let parent = format!("{}/clusters/{cluster}", self.location());
        let answer = self.manager().await?.list_node_pools().set_parent(parent).send().await;
        let answer = found(answer.map_err(|error| refused("container.nodePools.list", error)), is_missing)?;
        let mut pools: Vec<_> =
            answer.map(|answer| answer.node_pools.iter().map(pool).collect()).unwrap_or_default();
        pools.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(pools)
    }

    /// Kubernetes Engine API v1, `projects.locations.getServerConfig`. It tells no end of support.
    pub(super) async fn offered_versions(&self) -> Asked<Vec<Offered>> {
        let answer = self.manager().await?.get_server_config().set_name(self.location()).send().await;
        let config = answer.map_err(|error| refused("container.clusters.getServerConfig", error))?;
        let default = minor(&config.default_cluster_version);
        let mut minors: Vec<_> = config.valid_master_versions.iter().filter_map(|text| minor(text)).collect();
        minors.sort_unstable();
        minors.dedup();
        let offer = |(major, minor): (u32, u32)| Offered {
            version: format!("{major}.{minor}"),
            default: default == Some((major, minor)),
            standard_until: None,
            extended_until: None,
        };
        Ok(minors.into_iter().rev().map(offer).collect())
    }
}

/// A refusal of the library, which tries again by itself.
pub(super) fn refused(asked: &str, error: google_cloud_container_v1::Error) -> Fault {
    let status = error.http_status_code().unwrap_or_default();
    match error.status() {
        Some(told) => Fault::Refused(Refusal {
            asked: asked.to_owned(),
            status: if status == 0 { status_of(told.code.name()) } else { status },
            code: code_of(&serde_json::json!({
                "error": { "details": told.details, "status": told.code.name() },
            })),
            message: told.message.clone(),
        }),
        None if status >= 400 => Fault::Refused(Refusal {
            asked: asked.to_owned(),
            status,
            code: String::new(),
            message: String::new(),
        }),
        None => Fault::Failed(
            Error::failed(format!("{asked}: GKE does not answer"))
                .hint("check the credentials, the network, proxy and VPN; the same call again goes on from there")
                .because(error),
        ),
    }
}

/// The HTTP status of a code ("google.rpc.Code").
fn status_of(code: &str) -> u16 {
    match code {
        "NOT_FOUND" => 404,
        "PERMISSION_DENIED" => 403,
        "UNAUTHENTICATED" => 401,
        "RESOURCE_EXHAUSTED" => 429,
        _ => 400,
    }
}

fn told(cluster: &model::Cluster) -> Cluster {
    let endpoint = match cluster.endpoint.as_str() {
        "" => String::new(),
        whole if whole.starts_with("https://") => whole.to_owned(),
        host => format!("https://{host}"),
    };
    let words: Vec<_> = cluster.conditions.iter().map(|one| one.message.clone()).collect();
    let authority = cluster.master_auth.as_ref().map(|auth| auth.cluster_ca_certificate.clone());
    Cluster {
        name: cluster.name.clone(),
        id: if cluster.id.is_empty() { cluster.self_link.clone() } else { cluster.id.clone() },
        endpoint,
        authority: authority.unwrap_or_default(),
        version: cluster.current_master_version.clone(),
        health: match &cluster.status {
            ClusterStatus::Provisioning => Health::Creating,
            ClusterStatus::Running => Health::Ready,
            ClusterStatus::Reconciling => Health::Updating,
            ClusterStatus::Stopping => Health::Deleting,
            other => Health::Broken(in_words(other.name(), &words)),
        },
        created: cluster.create_time.parse().ok(),
        support: SupportTier::Unknown,
        zones: cluster.locations.clone(),
        issuer: cluster.workload_identity_config.as_ref().map(|config| config.workload_pool.clone()),
        tags: cluster.resource_labels.clone().into_iter().collect(),
    }
}

fn in_words(status: Option<&str>, words: &[String]) -> String {
    let words: Vec<_> = words.iter().filter(|word| !word.is_empty()).cloned().collect();
    if words.is_empty() { status.unwrap_or("unknown").to_lowercase() } else { words.join("; ") }
}

fn pool(pool: &model::NodePool) -> Pool {
    let count = |number: i32| u32::try_from(number).unwrap_or_default();
    let zones = u32::try_from(pool.locations.len().max(1)).unwrap_or(1);
    let start = count(pool.initial_node_count) * zones;
    let (min, max) = match pool.autoscaling.as_ref().filter(|scaling| scaling.enabled) {
        Some(scaling) if scaling.total_max_node_count > 0 => {
            (count(scaling.total_min_node_count), count(scaling.total_max_node_count))
        }
        // Counted in each zone.
        Some(scaling) => (count(scaling.min_node_count) * zones, count(scaling.max_node_count) * zones),
        None => (start, start),
    };
    let config = pool.config.clone().unwrap_or_default();
    let problems: Vec<_> =
        pool.conditions.iter().map(|one| one.message.clone()).filter(|message| !message.is_empty()).collect();
    Pool {
        name: pool.name.clone(),
        health: match &pool.status {
            PoolStatus::Provisioning => Health::Creating,
            PoolStatus::Running => Health::Ready,
            PoolStatus::Reconciling => Health::Updating,
            PoolStatus::Stopping => Health::Deleting,
            other => Health::Broken(in_words(other.name(), &problems)),
        },
        version: pool.version.clone(),
        machines: vec![config.machine_type],
        spot: config.spot || config.preemptible,
        min,
        max,
        // Only the groups of machines know how many there are.
        size: None,
        zones: pool.locations.clone(),
        labels: config.labels.into_iter().collect(),
        taints: config.taints.iter().map(taint).collect(),
        problems,
    }
}

fn taint(taint: &model::NodeTaint) -> Taint {
    let effect = match &taint.effect {
        Effect::NoExecute => "NoExecute",
        Effect::PreferNoSchedule => "PreferNoSchedule",
        _ => "NoSchedule",
    };
    Taint { key: taint.key.clone(), value: taint.value.clone(), effect: effect.to_owned() }
}

/// `1.35.2-gke.1100000` → `(1, 35)`.
fn minor(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minors_are_numbers() {
        assert_eq!(minor("1.35.2-gke.1100000"), Some((1, 35)));
        assert_eq!(minor("latest"), None);
    }

    #[test]
    fn nodes_are_counted_over_all_zones() {
        let zones = ["us-central1-a", "us-central1-b"];
        let scaling =
            model::NodePoolAutoscaling::new().set_enabled(true).set_min_node_count(1).set_max_node_count(5);
        let by_zone = model::NodePool::new().set_locations(zones).set_autoscaling(scaling);
        let told = pool(&by_zone);
        assert_eq!((told.min, told.max), (2, 10));
        let scaling = model::NodePoolAutoscaling::new().set_enabled(true).set_total_max_node_count(5);
        let in_all = model::NodePool::new().set_locations(zones).set_autoscaling(scaling);
        assert_eq!(pool(&in_all).max, 5);
        let fixed = model::NodePool::new().set_locations(zones).set_initial_node_count(3);
        assert_eq!(pool(&fixed).min, 6);
    }
}
