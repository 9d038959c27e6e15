//! What runs: processes with their CPU and memory, what the machine has and limits, nodes of clusters.

pub mod computer;
pub mod history;
mod kubelets;
mod labels;
mod limits;
mod machine;
pub mod nodes;
mod processes;
pub mod quantity;
mod recorder;
pub mod requests;
pub mod traffic;

pub use kubelets::Kubelets;
pub use limits::{Limits, LimitsKind, prepare_limits, processes_in_limits, remove_limits};
pub use machine::{Machine, free_space, machine};
pub use processes::{
    DIGEST, HUB_ID, PART, Part, Process, in_sessions, is_alive, kill_all, marked, sessions_of, signal_all,
};
pub use recorder::Recorder;
