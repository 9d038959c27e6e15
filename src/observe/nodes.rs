//! Nodes of a cluster: what pods request of them, what is used, who is on them.
//!
//! Lists come as protocol buffers, page by page, and are read object by object while the next page
//! is being made: of a pod 40 bytes stay. [`look`] is one look; [`follow`] keeps it up to date by
//! watches, so that a live view costs the API server only what changes.

mod list;
mod object;
mod source;
mod tally;
mod usage;
mod watch;
mod wire;

pub use list::Asking;
pub use object::{Aboard, Node};
pub use tally::{Load, Person, Tally};
pub use usage::{Origin, Sample, Usage};
pub use watch::{Versions, follow, look};

use std::collections::BTreeMap;

use kube::Client;

/// What the nodes use: by the metrics API, else by their kubelets.
pub async fn usage(client: &Client, names: &[String]) -> Usage {
    match metrics(client).await {
        Ok(samples) => Usage { samples, gap: None },
        Err(why) => kubelets(client, names, &why).await,
    }
}

/// What the nodes use by the metrics API.
///
/// # Errors
/// Why it cannot be used, in words that go after "the metrics API".
pub async fn metrics(client: &Client) -> Result<BTreeMap<String, Sample>, String> {
    usage::by_metrics_api(client).await
}

/// What the nodes use by their kubelets; `without` says why they are asked.
pub async fn kubelets(client: &Client, names: &[String], without: &str) -> Usage {
    usage::by_kubelets(client, names, without).await
}
