//! What Terraform makes in a cloud for a hub: network, cluster, pools, identities, disks, buckets.
//! What is in the cluster is another layer, made after it and removed before it.

mod changes;
mod cost;
mod follow;
mod guard;
mod root;
mod site;

pub use changes::{Action, CloudChange, CloudPlan};
pub use cost::{Cost, Line};
