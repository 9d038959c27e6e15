//! Work of which Python waits, and that ends at Ctrl-C.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use frazil_compute::Cancellation;
use frazil_compute::run::Watch;
use pyo3::prelude::*;

use crate::error::invalid;

/// How often is looked whether the person pressed Ctrl-C.
const PERIOD: Duration = Duration::from_millis(100);

/// Runs something on a thread of its own, without Python's lock. Ctrl-C ends it, and whatever is ended by the same.
pub(crate) fn attended<T: Send>(
    py: Python<'_>,
    cancellation: &Cancellation,
    work: impl FnOnce(&Watch) -> T + Send,
) -> PyResult<T> {
    let watch = Watch::with(cancellation.clone());
    py.detach(|| {
        thread::scope(|scope| {
            let (tell, hear) = channel();
            let watch = &watch;
            let working = thread::Builder::new().spawn_scoped(scope, move || {
                let done = work(watch);
                drop(tell);
                done
            })?;
            let mut pressed: PyResult<()> = Ok(());
            while hear.recv_timeout(PERIOD) == Err::<(), _>(RecvTimeoutError::Timeout) {
                if pressed.is_ok() {
                    pressed = Python::attach(|py| py.check_signals().inspect_err(|_| watch.cancel()));
                }
            }
            let done = working.join();
            pressed?;
            done.map_err(|_| {
                Python::attach(|py| invalid(py, "the run ended before its time", "tell frazil's makers"))
            })
        })
    })
}
