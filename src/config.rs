//! The hub file: its types, how it is read, and what is checked.

mod auth;
mod explain;
mod flow;
mod formats;
mod load;
mod lower;
mod model;
mod names;
mod plans;
mod pools;
mod problem;
mod provider;
mod rules;
mod schema;
mod secrecy;
mod secret;
mod source;

pub use auth::{Auth, Password};
pub use explain::{Explanation, KeySummary, explain, keys};
pub use flow::flow;
pub use load::{Checked, HubDocument, check_bytes, check_file};
pub use model::{FurtherGateway, Gateway, HubFile, Image, Size, Workers};
pub use names::{
    Account, Domain, GroupName, HubName, MachineName, PersonName, Project, Region, SizeName, Zone,
};
pub use plans::{Budget, Event};
pub use pools::{Pool, Pools};
pub use problem::{Problem, Severity, line_column};
pub use provider::{Local, Provider};
pub use schema::hub_schema;
pub use secret::SecretRef;
