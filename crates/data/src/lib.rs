//! Earth-science data where it lies: log in to Earthdata, find what there is, bring it.
//!
//! A library without a process of its own: it prints nothing, and reads the environment, the files of
//! the home and the clock through [`Surroundings`] only, which tests make. Everything
//! that waits is async and runs on the caller's tokio runtime.
//!
//! * [`http`]: every request of the crate: retries, redirects by hand, counting.
//! * [`login`]: who asks: found, kept valid, shown only where it belongs.
//! * [`cmr`], [`stac`], [`catalogs`]: finding data in NASA's catalogue, in STAC, in Intake catalogues.
//! * [`found`]: what they find, in one shape; with [`geo`] and [`times`].
//! * [`credentials`]: keys for S3, renewed inside running work.
//! * [`region`]: where this runs and where the data is, and so S3 or HTTPS.
//! * [`download`]: files brought to a folder, resumed, checked.
//! * [`remote`]: one object, read from any byte on.
//! * [`Error`]: what went wrong, by meaning, with the address (without secrets) and what to do.

mod address;
pub mod catalogs;
pub mod cmr;
pub mod credentials;
mod documents;
pub mod download;
mod error;
pub mod found;
pub mod geo;
pub mod http;
mod json;
pub mod login;
pub mod region;
pub mod remote;
mod secret;
pub mod stac;
mod surroundings;
pub mod times;

pub use address::Address;
pub use documents::locate;
pub use error::{Error, Result};
pub use secret::{ExposeSecret, SecretString};
pub use surroundings::{Clock, Surroundings};
