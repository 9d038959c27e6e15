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

pub use auth::{Auth, Github, OtherHub, Password};
pub use explain::{Explanation, KeySummary, explain, keys};
pub use flow::flow;
pub use load::{Checked, HubDocument, check_bytes, check_file};
pub use model::{
    Backup, Balancer, Certificates, Dns, FurtherGateway, Gateway, GatewayAuth, HubFile, Image, Nat,
    Overrides, Size, Upgrades, Workers,
};
pub use names::{
    Account, Administrator, BigQueryTable, BucketAddress, Cidr, DnsZone, Domain, GroupName, HubName,
    ImageName, KubernetesVersion, MachineName, PersonName, Project, Region, SizeName, Zone,
};
pub use plans::{AtLimit, Billing, BillsFrom, Budget, Event};
pub use pools::{Pool, Pools};
pub use problem::{Problem, Severity, line_column};
pub use provider::{Aws, Charts, Gcp, Kubernetes, Local, Provider, State};
pub(crate) use rules::chart_too_new;
pub use rules::{Rule, rule, rules as all_rules, themes as rule_themes};
pub use schema::hub_schema;
pub use secret::SecretRef;
