//! A hub on this machine, for real: JupyterHub, Dask Gateway and the proxy.

mod failures;
mod hub;
mod kills;
mod lifecycle;
#[path = "../support/scratch.rs"]
mod scratch;
