//! What Terraform makes in a cloud for a hub: network, cluster, pools, identities, disks, buckets.
//! What is in the cluster is another layer, made after it and removed before it.

mod again;
mod bring_up;
mod changes;
mod cost;
mod delegation;
mod facts;
mod follow;
mod guard;
mod heal;
mod lock;
mod need;
mod orphans;
mod outputs;
mod reach;
mod readiness;
mod root;
mod site;
mod take_down;

pub use bring_up::{Look, look, make};
pub use changes::{Action, CloudChange, CloudPlan};
pub use cost::{Cost, Line};
pub use facts::{ClusterFacts, Facts, PoolFacts};
pub use guard::refuse_loss;
pub use outputs::{Outputs, known_outputs};
pub use reach::{Way, credential, has_cluster, kubeconfig, reach};
pub use readiness::{HubName, Readiness, readiness};
pub use take_down::{CloudStatement, Thing, audit, remove};
