//! A client of Dask Gateway (server 2026.3.0) by its REST API: clusters of Dask are listed, created, waited for,
//! scaled and stopped without Python. Work is not sent from here: that is Dask's own protocol.
//!
//! ```no_run
//! # async fn example() -> frazil_gateway::Result<()> {
//! use std::time::Duration;
//! use frazil_gateway::{Address, Adapt, Gateway, Login, Secret, Settings};
//!
//! let login = Login::jupyterhub(Secret::file("/run/secrets/hub-token"));
//! let address: Address = "https://hub.example.org/services/dask-gateway".parse()?;
//! let gateway = Gateway::new(address, login, Settings::default())?;
//! let name = gateway.create(&serde_json::Map::new()).await?;
//! gateway.wait(&name, Duration::from_secs(600)).await?;
//! gateway.adapt(&name, Adapt::between(1, 20)?).await?;
//! gateway.stop(&name).await?;
//! # Ok(())
//! # }
//! ```
//!
//! What holds everywhere:
//!
//! * **A login goes to the gateway's own origin and nowhere else.** Redirects are followed within it; one that
//!   leads away is an error that names where to. The login is sent with the first request, without waiting to
//!   be asked, and the gateway's cookie is kept.
//! * **Only what changes nothing the second time is tried again.** A cluster is asked for once: where no answer
//!   came, [`Error::Unsure`] says that one may have been started.
//! * **No call has an effect after it was dropped**, but for a request that had already left.
//! * **Secrets are read by reference when they are sent**, shown by nothing and wiped. The key of a running
//!   cluster is read by [`Gateway::credentials`] only: it is in no [`Cluster`].
//!
//! The library reads no environment and prints nothing.

mod address;
mod cluster;
mod error;
mod exchange;
mod explain;
mod gateway;
#[cfg(feature = "kerberos")]
mod kerberos;
mod login;
mod name;
mod near;
mod options;
mod secret;
mod settings;

pub use address::Address;
pub use cluster::{Cluster, Credentials, Status};
pub use error::{Error, Result};
pub use explain::{Cause, ContainerEnd, Event, Evidence, Explanation, explain};
pub use gateway::{Adapt, Gateway, Health, Scaled};
pub use login::Login;
pub use name::ClusterName;
pub use options::{Field, Options, Spec};
pub use secret::{ExposeSecret, Secret, SecretString};
pub use settings::Settings;
