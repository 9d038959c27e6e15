//! A hub on this machine: three long-lived programs, people's servers and
//! Dask clusters as processes, in folders by the XDG specification.
//!
//! What runs is found in the process table by the variables every process
//! carries, so nothing has to be remembered about it and a crash at any moment
//! leaves nothing that the next call would not see.

mod bring_up;
mod converge;
mod environment;
mod evidence;
mod folders;
mod health;
mod identity;
mod lent;
mod parts;
mod secrets;
mod take_down;
mod token;

pub use bring_up::{Login, Up, bring_up, remember_shown};
pub use environment::{NEEDED_SPACE, ensure_environment, environment_folder, node_hint, python_hint};
pub use evidence::evidence;
pub use folders::{Folders, size_on_disk};
pub use health::{Health, client, probe};
pub(in crate::provision) use identity::random_hex;
pub use identity::{Identity, is_free, read_identity};
pub use lent::Lent;
pub use take_down::{Down, take_down};
pub use token::create_login_address;
