//! Where the money went: bills and histories of pods, taken in whole months into one file, and divided
//! among hubs and people so that the parts are the bill, to the last decimal.
//!
//! [`read`] turns each format of a bill into [`Line`]s and [`Use`]s, which [`Gather`] sums by day, resource,
//! usage type and tags; [`Ledger`] keeps those sums in SQLite. [`flows`]
//! reads the logs of networks, which tell who sent what where.

pub mod advice;
pub mod allocate;
pub mod ask;
pub mod budget;
pub mod decimal;
pub mod egress;
pub mod flows;
pub mod forecast;
mod gather;
mod line;
pub mod read;
mod store;
mod symbols;
pub mod told;
mod uses;

pub use gather::{FileRead, Gather, Gathered, Prices};
pub use line::{Charge, Day, Line, LineKey, Lineage, Month, Source, SourceKind, Sums, Use, UseKey, UseSums};
pub use store::{Bill, BillRows, ClientFile, Counted, Ledger, LedgerError, Taken};
pub use symbols::{Symbol, Symbols};
pub use uses::Uses;
