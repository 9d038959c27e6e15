//! What a hub file says, as Terraform's variables. Terraform takes every string of a
//! `*.tfvars.json` literally, so nothing a person typed becomes code.

use std::collections::BTreeMap;

use frazil_units::Bytes;
use serde_json::{Map, Value, json};

use super::chart::merge;
use super::cluster::{Cluster, Homes};
use super::jupyterhub::USER_ACCOUNT;
use super::names::USER_IDENTITY;
use super::nodes::NodePool;
use super::ops::billing_variables;
use crate::catalog::{Machine, arch_name};
use crate::config::{Aws, Gcp, Provider};

/// The least size of the homes' disk.
const LEAST_HOMES: Bytes = Bytes::gib(50);
/// People of a hub without an event, where the homes' disk has to be sized.
const PEOPLE: u64 = 40;
/// Of everyone's quota, what people use at most in practice: a part in so many.
const QUOTA_SHARE: u64 = 4;

/// The variables of a hub's cluster on a cloud; none elsewhere.
pub fn variables(cluster: &Cluster<'_>) -> Option<Value> {
    let mut variables = match &cluster.hub.provider {
        Provider::Aws(aws) => aws_only(cluster, aws),
        Provider::Gcp(gcp) => gcp_only(cluster, gcp),
        Provider::Kubernetes(_) | Provider::Local(_) => return None,
    };
    merge(&mut variables, common(cluster));
    let overrides: Map<_, _> = cluster.hub.overrides.terraform.clone().into_iter().collect();
    merge(&mut variables, Value::Object(overrides));
    Some(variables)
}

fn common(cluster: &Cluster<'_>) -> Value {
    let hub = cluster.hub;
    let pools: BTreeMap<_, _> = cluster.pools.iter().map(|pool| (pool.name, pool_data(pool))).collect();
    json!({
        "name": hub.name,
        "kubernetes": { "version": hub.kubernetes.version, "upgrades": hub.kubernetes.upgrades },
        "zones": hub.zones,
        "pools": pools,
        "homes": homes(cluster),
        "scratch": cluster.scratch().map(|bucket| {
            json!({ "bucket": bucket, "days": hub.storage.scratch.expire.as_secs().div_ceil(86_400) })
        }),
        "registry": hub.image.name.is_none().then(|| cluster.repository()),
        "identities": identities(cluster),
        "accounts": accounts(cluster),
        "domain": hub.domain,
        "dns": cluster.dns_zone().map(|zone| json!({ "zone": zone })),
        "administrators": hub.kubernetes.administrators,
        "billing": billing_variables(cluster),
        "budget": budget(cluster),
    })
}

fn aws_only(cluster: &Cluster<'_>, aws: &Aws) -> Value {
    let network = &cluster.hub.network;
    json!({
        "account": aws.account,
        "region": aws.region,
        "tags": { "frazil:hub": cluster.hub.name },
        "network": {
            "cidr": network.cidr,
            "services": network.services,
            "nat": network.nat,
            "flow_logs": network.flow_logs,
        },
        // As many as there are, told by `up` when it plans; of a new cluster the fewest.
        "nodes": {},
    })
}

fn gcp_only(cluster: &Cluster<'_>, gcp: &Gcp) -> Value {
    let network = &cluster.hub.network;
    json!({
        "project": gcp.project,
        "region": gcp.region,
        "labels": { "frazil-hub": cluster.hub.name },
        "network": {
            "cidr": network.cidr,
            "pods": network.pods,
            "services": network.services,
            "nat": network.nat,
            "flow_logs": network.flow_logs,
        },
        "event": cluster.hub.event.as_ref().map(|event| json!({ "from": event.from, "to": event.to })),
    })
}

fn pool_data(pool: &NodePool) -> Value {
    let names: Vec<_> = pool.machines.iter().map(|offer| &offer.machine.name).collect();
    let first = pool.machines.first().map(|offer| &offer.machine);
    let allocatable = first.and_then(|machine| machine.allocatable);
    json!({
        "machines": names,
        "arch": arch_name(pool.arch),
        "spot": pool.spot,
        "min": pool.min,
        "max": pool.max,
        "zones": pool.zones,
        "labels": pool.labels,
        "taints": pool.taints,
        "cpu": allocatable.map_or(0, |allocatable| allocatable.cpu.get()),
        "memory": allocatable.map_or(0, |allocatable| allocatable.memory.get()),
        "gpus": first.map_or(0, Machine::nvidia_gpus),
    })
}

fn homes(cluster: &Cluster<'_>) -> Value {
    let homes = &cluster.hub.storage.homes;
    let kind = match cluster.homes() {
        _ if !cluster.hub.hub => "none",
        Homes::Server => "disk",
        Homes::Shared => "shared",
        Homes::Disks => "none",
    };
    let size = homes_size(cluster).unwrap_or_default();
    json!({ "kind": kind, "size": size.get().div_ceil(Bytes::gib(1).get()), "backup": homes.backup })
}

/// The size of the homes' disk, where they are on one.
pub fn homes_size(cluster: &Cluster<'_>) -> Option<Bytes> {
    if !cluster.hub.hub || cluster.homes() != Homes::Server {
        return None;
    }
    let homes = &cluster.hub.storage.homes;
    let people = cluster.hub.event.as_ref().map_or(PEOPLE, |event| event.attendees.into());
    let quota = homes.quota.unwrap_or_default().get();
    let share = Bytes::new(quota.saturating_mul(people) / QUOTA_SHARE);
    Some(homes.size.unwrap_or(share.max(LEAST_HOMES)))
}

/// The service accounts that get rights in the cloud.
fn identities(cluster: &Cluster<'_>) -> Value {
    let mut identities = Map::new();
    let mut add = |what: &str, namespace: &str, account: &str| {
        let data = json!({ "name": cluster.cloud_account(what), "namespace": namespace, "account": account });
        identities.insert(what.to_owned(), data);
    };
    add(USER_IDENTITY, cluster.namespace(), USER_ACCOUNT);
    for release in super::support::releases(cluster) {
        if let Some((what, account)) = super::support::identity(&release) {
            add(what, &release.namespace, account);
        }
    }
    if let Some(what) = super::ops::identity(cluster) {
        add(what, cluster.namespace(), super::ops::RECORDER);
    }
    Value::Object(identities)
}

/// Names of what has rights in the cloud and runs outside Kubernetes.
fn accounts(cluster: &Cluster<'_>) -> Value {
    let names = cluster.parts().iter().map(|part| (*part, cluster.cloud_account(part)));
    json!(names.collect::<BTreeMap<_, _>>())
}

fn budget(cluster: &Cluster<'_>) -> Option<Value> {
    let budget = cluster.hub.budget.as_ref()?;
    let event = cluster.hub.event.as_ref();
    Some(json!({
        "total": budget.total.amount.rounded(2),
        "currency": budget.total.currency.code(),
        "alert_at": budget.alert_at,
        "at_100": budget.at_100,
        "contact": cluster.hub.contact(),
        "from": event.map(|event| &event.from),
        "to": event.map(|event| &event.to),
    }))
}
