//! Earthdata Login: who asks, found where people keep it, and kept valid while work runs.
//!
//! A [`Session`] is a handle that many tasks share. It gets a token when one is first needed, and a new
//! one before that ends, once for all who wait. What it shows to whom is decided here alone: the
//! token to hosts of Earthdata, the password to Earthdata Login itself.
//!
//! [`Reference`] says where a login was found and holds none: a worker elsewhere logs in by it anew.

mod earthdata;
mod find;
mod netrc;
mod renew;
mod session;
mod token;

pub use earthdata::Earthdata;
pub use find::{Place, Prompt, Reference};
pub use netrc::{Entry, Netrc};
pub use session::{Session, Status};
pub use token::Token;
