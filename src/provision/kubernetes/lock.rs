//! One call at a time changes a hub: a Lease in its namespace says whose. A call that was killed
//! holds it no longer than its renewals last, and not at all for the machine that knows it is dead.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::objects::{Named, Objects};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::observe::is_alive;

/// How long a holder may be silent.
const SILENT: Duration = Duration::from_secs(40);
/// How often a holder says that it is there.
const RENEWED: Duration = Duration::from_secs(10);
/// The Lease's name, and who owns its fields.
const NAME: &str = "frazil";

/// The right to change a hub, given back when dropped.
pub(super) struct Lock {
    renewal: JoinHandle<()>,
    objects: Objects,
    lease: Named,
}

impl Lock {
    /// Takes the lock of a hub whose namespace is there.
    ///
    /// # Errors
    /// When another call holds it, or the cluster does not answer.
    pub(super) async fn take(
        context: &Context,
        objects: &Objects,
        namespace: &str,
        run: &str,
    ) -> Result<Self> {
        let lease = Named {
            kind: "Lease".to_owned(),
            api: "coordination.k8s.io/v1".to_owned(),
            namespace: namespace.to_owned(),
            name: NAME.to_owned(),
        };
        let holder = format!("{}/{}/{run}", context.machine_name(), std::process::id());
        if let Some(live) = objects.get(&lease).await? {
            refuse_holder(context, &live)?;
        }
        objects.apply(&lease, &object(context, &lease, &holder), NAME).await?;
        let now = objects.get(&lease).await?.unwrap_or_default();
        if now["spec"]["holderIdentity"] != holder {
            refuse_holder(context, &now)?;
        }
        let renewal = tokio::spawn(renew(context.clone(), objects.clone(), lease.clone(), holder));
        Ok(Self { renewal, objects: objects.clone(), lease })
    }

    /// Gives the lock back.
    ///
    /// # Errors
    /// When the cluster refuses or does not answer; the lock ends by itself then.
    pub(super) async fn release(self) -> Result<()> {
        self.renewal.abort();
        self.objects.delete(&self.lease).await
    }
}

async fn renew(context: Context, objects: Objects, lease: Named, holder: String) {
    loop {
        tokio::time::sleep(RENEWED).await;
        // Whoever holds the lock finds out by its own requests when the API server is away.
        drop(objects.apply(&lease, &object(&context, &lease, &holder), NAME).await);
    }
}

fn object(context: &Context, lease: &Named, holder: &str) -> Value {
    // MicroTime: Kubernetes wants six digits.
    let now = context.now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string();
    json!({
        "apiVersion": lease.api,
        "kind": lease.kind,
        "metadata": { "name": lease.name, "namespace": lease.namespace },
        "spec": { "holderIdentity": holder, "renewTime": now, "leaseDurationSeconds": SILENT.as_secs() },
    })
}

/// Whether a Lease is held: renewed lately, and not by a process of this machine that is gone.
fn refuse_holder(context: &Context, live: &Value) -> Result<()> {
    let holder = live["spec"]["holderIdentity"].as_str().unwrap_or_default();
    let renewed = live["spec"]["renewTime"].as_str().and_then(|time| time.parse::<Timestamp>().ok());
    let silent = renewed.map(|renewed| context.now().duration_since(renewed));
    let lately =
        silent.is_some_and(|silent| silent < SignedDuration::from_secs(SILENT.as_secs().cast_signed()));
    let mut parts = holder.split('/');
    let here = parts.next() == Some(context.machine_name());
    let process = parts.next().and_then(|process| process.parse().ok());
    let dead = here && process.is_some_and(|process| !is_alive(process));
    if holder.is_empty() || !lately || dead {
        return Ok(());
    }
    Err(Error::failed(format!("another call changes this hub: {holder}"))
        .hint(format!("wait until it ends; one that was killed counts as gone after {} s", SILENT.as_secs())))
}
