//! A hub on a Kubernetes cluster that a kubeconfig reaches: charts by Helm, everything else
//! applied server-side. What is wanted is compared with what is there by a dry run of the API
//! server, so no record of what was done has to be believed; the journal tells what happened.

pub mod access;
mod bring_up;
mod chart_namespaces;
mod definitions;
pub mod evidence;
pub mod facts;
pub mod gateways;
pub mod kubeconfig;
pub mod leftovers;
mod lock;
pub mod objects;
pub mod plan;
pub mod reached;
pub mod ready;
pub mod registry;
pub mod releases;
pub mod rights;
pub mod secrets;
mod site;
pub mod status;
mod stored;
mod take_down;

pub use bring_up::{READY_WITHIN, Up, bring_up};
pub use take_down::{Statement, audit, take_down};
