//! The native part of the Python package `frazil`: what waits, reads and writes. The package's Python makes
//! keywords of it, asks people, and shows how far things are.
//!
//! Whatever waits for the network waits without Python's lock, on one tokio runtime of the process, and ends
//! at Ctrl-C. There is no `unsafe` here but in `pages`, and what `PyO3` itself has.

#![expect(clippy::needless_pass_by_value, reason = "PyO3 makes values of arguments")]

mod arrays;
mod attended;
mod catalog;
mod computation;
mod costs;
mod cube;
mod download;
mod error;
mod file;
mod footprint;
mod gateway;
mod html;
mod item;
mod json;
mod opening;
mod pages;
mod place;
mod query;
mod results;
mod running;
mod runtime;
mod search;
mod session;
mod source;
mod stats;
mod tasks;
mod walking;

use pyo3::prelude::*;

#[global_allocator]
static MEMORY: pages::Pages = pages::Pages;

/// The native part of `frazil`.
#[pymodule]
mod _native {
    #[pymodule_export]
    use super::catalog::{Catalog, open_catalog, parameters, search_cmr};
    #[pymodule_export]
    use super::computation::{Computation, Portions, area_weights, periods};
    #[pymodule_export]
    use super::costs::{set_prices, usd};
    #[pymodule_export]
    use super::cube::Cube;
    #[pymodule_export]
    use super::download::bring;
    #[pymodule_export]
    use super::file::Reader;
    #[pymodule_export]
    use super::gateway::GatewayClient;
    #[pymodule_export]
    use super::html::readable;
    #[pymodule_export]
    use super::item::{Collection, Item, Service};
    #[pymodule_export]
    use super::place::place;
    #[pymodule_export]
    use super::results::{Finds, Results};
    #[pymodule_export]
    use super::running::{await_tasks, run_tasks};
    #[pymodule_export]
    use super::session::Session;
    #[pymodule_export]
    use super::source::{Source, Variable};
    #[pymodule_export]
    use super::stats::{counted, flush};
    #[pymodule_export]
    use super::tasks::{Delayed, Task};

    /// The package's version.
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");
}
