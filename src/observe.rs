//! What runs: processes with their CPU and memory, and what the machine limits.

pub mod history;
mod limits;
mod machine;
mod processes;
pub mod quantity;
mod recorder;

pub use limits::{Limits, LimitsKind, prepare_limits, processes_in_limits, remove_limits};
pub use machine::{Machine, free_space, machine};
pub use processes::{
    DIGEST, HUB_ID, PART, Part, Process, in_sessions, is_alive, kill_all, marked, sessions_of, signal_all,
};
pub use recorder::Recorder;
