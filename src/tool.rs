//! The one place that starts programs.

mod browser;
mod call;
mod helm;
mod node;
mod python;

pub use browser::open_address;
pub use call::{Call, Started, ToolError, last_lines};
pub use helm::{Helm, MIN_HELM, Target, Upgrade, find_helm};
pub use node::{MIN_NODE, Node, find_node};
pub use python::{MIN_PYTHON, Python, find_python};
