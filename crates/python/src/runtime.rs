//! The one tokio runtime below everything that waits, and how Python waits for it.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::runtime::{Builder, Runtime};

/// How often a wait looks whether the person pressed Ctrl-C.
const PERIOD: Duration = Duration::from_millis(100);

/// Something of this process: after a fork the child makes its own, for of the threads that worked for it
/// only the one that forked is there.
pub(crate) struct OfProcess<T> {
    held: Mutex<Option<(u32, Arc<T>)>>,
}

impl<T> OfProcess<T> {
    pub(crate) const fn new() -> Self {
        Self { held: Mutex::new(None) }
    }

    /// What this process has, made if it has none. The lock is held with Python's own, so that no fork finds
    /// it taken by a thread that is gone.
    pub(crate) fn get<E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let process = std::process::id();
        if let Some((of, thing)) = held.as_ref()
            && *of == process
        {
            return Ok(Arc::clone(thing));
        }
        let thing = Arc::new(make()?);
        // The parent's is left as it is: to end it would wait for threads that are not here.
        std::mem::forget(held.replace((process, Arc::clone(&thing))));
        Ok(thing)
    }

    /// Gives up what this process has, so that it is made anew.
    pub(crate) fn give_up(&self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.take_if(|(of, _)| *of == std::process::id());
    }
}

static RUNTIME: OfProcess<Runtime> = OfProcess::new();

fn runtime() -> PyResult<Arc<Runtime>> {
    RUNTIME.get(|| {
        let built = Builder::new_multi_thread().worker_threads(2).thread_name("frazil").enable_all().build();
        built.map_err(|error| PyRuntimeError::new_err(format!("no threads for the network: {error}")))
    })
}

/// Has the runtime work on something by itself.
pub(crate) fn spawn<F: Future<Output: Send + 'static> + Send + 'static>(
    future: F,
) -> PyResult<tokio::task::JoinHandle<F::Output>> {
    Ok(runtime()?.spawn(future))
}

/// Waits for something that has to be ended whatever the person presses, while other threads of Python go on.
pub(crate) fn block<F: Future<Output: Send> + Send>(py: Python<'_>, future: F) -> PyResult<F::Output> {
    let runtime = runtime()?;
    Ok(py.detach(|| runtime.block_on(future)))
}

/// Makes a future and waits for it while other threads of Python go on. Ctrl-C ends the wait and drops the
/// future; `between` is called some times a second.
pub(crate) fn wait<F: Future<Output: Send>>(
    py: Python<'_>,
    make: impl FnOnce() -> F + Send,
    mut between: impl FnMut(Python<'_>) -> PyResult<()> + Send,
) -> PyResult<F::Output> {
    let runtime = runtime()?;
    py.detach(|| {
        // Timers and connections are made and taken down within their runtime.
        let _within = runtime.enter();
        let mut future = Box::pin(make());
        loop {
            let step = async { tokio::time::timeout(PERIOD, future.as_mut()).await };
            if let Ok(output) = runtime.block_on(step) {
                return Ok(output);
            }
            Python::attach(|py| py.check_signals().and_then(|()| between(py)))?;
        }
    })
}
