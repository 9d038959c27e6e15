//! The page of `frazil report`, live, as a service of JupyterHub: login by the hub's OAuth 2, who sees what, and
//! HTTP. What is shown comes from a [`Show`]; nothing here knows of money.

mod answer;
mod cookie;
mod gate;
mod hub;
mod login;
mod notice;
mod person;
mod routes;
mod server;
mod service;

pub use gate::{Gate, Known, Refusal};
pub use hub::{HubClient, HubError};
pub use login::{Begun, Logins, WrongState};
pub use person::{Person, READ_ALL, Sees};
pub use routes::{Asked, Maker, Show, Shown, View, metrics_only, routes};
pub use server::{Door, serve};
pub use service::{NAME, Service, Token};
