//! Nodes kept warm for those who log in at once.
//!
//! A placeholder is as large as a whole node's seats: many small ones would give way one by one and
//! keep the node from coming.

use frazil_units::Bytes;
use serde_json::{Value, json};

use super::cluster::Cluster;
use super::jupyterhub::guarantee;
use super::nodes::Purpose;
use super::quote::quantity;
use super::seats::{room, seats};
use crate::catalog::Offer;

/// How long it takes until a new node runs servers, in seconds: machine, kubelet and image
/// (2i2c takes 10 minutes when it sizes placeholders).
const NODE_SECONDS: u64 = 600;

/// Nodes kept warm. They stay as long as the values are installed.
#[derive(Clone, Copy, Debug)]
pub struct Warm<'a> {
    /// How many.
    pub nodes: u64,
    /// Their machine.
    pub machine: &'a Offer,
}

/// The nodes that a hub keeps warm for its event's logins, as many as its pool and its overrides let there be.
pub fn warm<'a>(cluster: &'a Cluster<'_>) -> Option<Warm<'a>> {
    let burst = cluster.hub.event.as_ref()?.login_burst?;
    let pool = cluster.pool(Purpose::User)?;
    let machine = pool.machines.first()?;
    let each = seats(cluster.hub.default_size()?, machine)?.count;
    let arriving = u64::from(burst.count) * NODE_SECONDS;
    let people = arriving.div_ceil(burst.within.as_secs().max(1)).min(burst.count.into());
    let nodes = said(cluster).unwrap_or(people.div_ceil(u64::from(each.max(1)))).min(pool.max.into());
    (nodes > 0).then_some(Warm { nodes, machine })
}

/// How many the overrides say.
fn said(cluster: &Cluster<'_>) -> Option<u64> {
    let placeholder = cluster.hub.overrides.jupyterhub.get("scheduling")?.get("userPlaceholder")?;
    let off = placeholder.get("enabled") == Some(&Value::Bool(false));
    if off { Some(0) } else { placeholder.get("replicas")?.as_u64() }
}

/// The chart's values of the placeholders.
pub(super) fn values(cluster: &Cluster<'_>) -> Value {
    let Some(size) = cluster.hub.default_size() else { return json!({ "replicas": 0 }) };
    let room = |warm: Warm<'_>| Some((warm.nodes, room(warm.machine)?));
    if let Some((nodes, (cpu, memory))) = warm(cluster).and_then(room) {
        return json!({ "replicas": nodes, "resources": resources(cpu, memory) });
    }
    // The chart would take the size as KubeSpawner reads it, with units that Kubernetes reads differently.
    json!({ "replicas": 0, "resources": resources(guarantee(cluster, size), size.memory) })
}

/// Requests and limits of a pod as Kubernetes reads them.
fn resources(cpu: f64, memory: Bytes) -> Value {
    let amounts = json!({ "cpu": format!("{cpu}"), "memory": quantity(memory) });
    json!({ "requests": amounts, "limits": amounts })
}
