//! From a hub to the files that describe it. Pure: the same input gives the
//! same bytes.

mod base_values;
pub mod chart;
pub mod chart_keys;
pub mod cluster;
mod dask_gateway;
mod folder;
pub mod gateways;
mod guard;
mod hub_files;
pub mod hub_image;
mod jupyterhub;
pub mod local;
mod manifests;
pub mod names;
pub mod neighbours;
pub mod nodes;
pub mod ops;
pub mod outputs;
pub mod placeholders;
pub mod placement;
pub mod pools;
mod programs;
pub mod quote;
pub mod seats;
pub mod secrets;
pub mod support;
pub mod templates;
mod terraform_root;
pub mod terraform_types;
mod tfvars;
mod tree;

pub use base_values::base_values;
pub use folder::{Difference, FolderError, Rendered};
pub use hub_files::{RenderError, hub_files, releases, values_path};
pub use jupyterhub::guarantee;
pub use manifests::{manifests, ops_manifests};
pub use terraform_root::{Backend, state_files, terraform_files, terraform_variables};
pub use tfvars::{homes_size, variables};
pub use tree::{File, Tree, WriteError, hex, write_changed};
