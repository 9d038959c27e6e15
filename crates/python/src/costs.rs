//! Warnings of Python before reads that cost.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use frazil_data::Surroundings;
use frazil_data::counting::{Costs, Label, Prices, dollars};
use pyo3::prelude::*;

use crate::error::{invalid, told};
use crate::runtime::OfProcess;

/// What reading costs in this process.
static COSTS: OfProcess<Mutex<Option<Arc<Costs>>>> = OfProcess::new();

fn kept(py: Python<'_>) -> PyResult<Arc<Mutex<Option<Arc<Costs>>>>> {
    let of_process = || Costs::of(&Surroundings::of_process()).map(|costs| Mutex::new(costs.map(Arc::new)));
    told(py, COSTS.get(of_process))
}

/// What reading costs, where a table of prices is known.
pub(crate) fn costs(py: Python<'_>) -> PyResult<Option<Arc<Costs>>> {
    Ok(kept(py)?.lock().unwrap_or_else(PoisonError::into_inner).clone())
}

/// Takes a table of prices for this process, and from how many US dollars on is warned; none for no warnings.
#[pyfunction]
pub(crate) fn set_prices(
    py: Python<'_>,
    text: Option<String>,
    path: Option<PathBuf>,
    warn_from: &str,
) -> PyResult<()> {
    let prices = match (text, path) {
        (Some(text), _) => Some(told(py, Prices::parse(&text))?),
        (None, Some(path)) => Some(told(py, Prices::read(&path))?),
        (None, None) => None,
    };
    let from = told(py, dollars(warn_from))?;
    let costs = prices.map(|prices| Arc::new(Costs::new(prices, from)));
    // The environment's table is not looked at where there is another.
    let kept = COSTS.get(|| Ok::<_, PyErr>(Mutex::new(None)))?;
    *kept.lock().unwrap_or_else(PoisonError::into_inner) = costs;
    Ok(())
}

/// What reading costs in US dollars by the table of prices: of what is counted together as JSON tells it, so many bytes in so
/// many requests. None where no table is known, or it does not say.
#[pyfunction]
pub(crate) fn usd(py: Python<'_>, label: &str, bytes: u64, requests: u64) -> PyResult<Option<String>> {
    let Some(costs) = costs(py)? else { return Ok(None) };
    let label: Label = serde_json::from_str(label).map_err(|error| {
        invalid(py, format!("that is not what is counted together: {error}"), "give a line of `io_stats`")
    })?;
    Ok(costs.prices().cost(&label, bytes, requests).map(|cost| cost.to_string()))
}

/// Warns as Python does. What Python makes an error of is not read.
pub(crate) fn warn(py: Python<'_>, said: Vec<String>) -> PyResult<()> {
    if said.is_empty() {
        return Ok(());
    }
    py.import("frazil._costs")?.call_method1("warn", (said,)).map(drop)
}
