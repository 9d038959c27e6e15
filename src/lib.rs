//! JupyterHub and Dask Gateway for Earth science, from one typed file.
//!
//! The rooms and the way of a hub file through them are described in
//! `docs/architecture.md`.

pub mod catalog;
pub mod cli;
pub mod cloud;
pub mod commands;
pub mod config;
pub mod context;
pub mod error;
pub mod estimate;
pub mod ledger;
mod nearest;
pub mod observe;
pub mod outcome;
pub mod provision;
pub mod render;
pub mod report;
pub mod serve;
pub mod tool;
pub mod view;
