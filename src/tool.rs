//! The one place that starts programs.

mod browser;
mod call;
mod container;
mod git;
mod helm;
mod interrupt;
mod node;
mod python;
mod terraform;

pub use browser::open_address;
pub use call::{Call, Started, ToolError, last_lines};
pub use container::{ContainerKind, ContainerTool, NoContainerTool, RECIPE, Recipe, find_container_tool};
pub use git::commit_of;
pub use helm::{Helm, MIN_HELM, Target, Upgrade, find_helm};
pub use interrupt::interrupt;
pub use node::{MIN_NODE, Node, find_node};
pub use python::{MIN_PYTHON, Python, find_python};
pub use terraform::{MIN_TERRAFORM, Terraform, find_terraform};
