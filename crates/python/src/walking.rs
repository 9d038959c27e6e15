//! Walks that several threads take steps of, one at a time, and that a forked child begins anew.

use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::error::told;
use crate::runtime::wait;
use crate::search::{Found, Means, Walk};

/// How often a thread that waits for its turn looks again.
const PERIOD: Duration = Duration::from_millis(10);

/// A walk with the means that it was begun with, whose notices are told.
pub(crate) struct Begun {
    pub(crate) walk: Walk,
    pub(crate) means: Means,
}

impl Begun {
    pub(crate) fn next(&mut self, py: Python<'_>) -> PyResult<Option<Found>> {
        let found = wait(py, || self.walk.next(), |_| Ok(()))?;
        self.warn(py)?;
        told(py, found)
    }

    pub(crate) fn warn(&self, py: Python<'_>) -> PyResult<()> {
        for notice in self.means.notices.take() {
            py.import("warnings")?.call_method1("warn", (notice,))?;
        }
        Ok(())
    }

    pub(crate) fn hits(&self) -> Option<u64> {
        self.walk.hits()
    }
}

/// A walk, once it is begun, and the process that began it: its connections are driven by threads that a
/// forked child has not.
#[derive(Default)]
struct Walking(Option<(u32, Begun)>);

impl Walking {
    /// Leaves a parent's walk as it is: what it is connected to is the parent's still.
    fn forget_the_parents(&mut self) {
        if self.0.as_ref().is_some_and(|(of, _)| *of != process::id()) {
            std::mem::forget(self.0.take());
        }
    }
}

impl Drop for Walking {
    fn drop(&mut self) {
        self.forget_the_parents();
    }
}

/// Whose turn it is.
enum Turned {
    Nobodys(Box<Walking>),
    Somebodys(u32, ThreadId),
}

/// A walk of which one thread at a time takes steps. Its lock is taken with Python's own, and while nothing of
/// Python runs, so that no fork finds it locked by a thread that is gone.
pub(crate) struct Turns(Mutex<Turned>);

impl Default for Turns {
    fn default() -> Self {
        Self(Mutex::new(Turned::Nobodys(Box::default())))
    }
}

impl Turns {
    fn held(&self) -> MutexGuard<'_, Turned> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The turn of this thread, waited for without Python's lock. Ctrl-C ends the wait.
    ///
    /// # Errors
    /// When this very thread has it: in a handler of signals or warnings, say.
    pub(crate) fn take(&self, py: Python<'_>) -> PyResult<Turn<'_>> {
        let (process, own) = (process::id(), thread::current().id());
        loop {
            {
                let mut held = self.held();
                match &*held {
                    Turned::Somebodys(of, by) if *of == process && *by == own => {
                        return Err(PyRuntimeError::new_err(
                            "these results are just being asked for, further up in this thread",
                        ));
                    }
                    Turned::Somebodys(of, _) if *of == process => {}
                    _ => {
                        let before = std::mem::replace(&mut *held, Turned::Somebodys(process, own));
                        let walking = match before {
                            Turned::Nobodys(walking) => *walking,
                            // A thread of the parent had it, which is not here.
                            Turned::Somebodys(..) => Walking::default(),
                        };
                        return Ok(Turn { turns: self, walking });
                    }
                }
            }
            py.detach(|| thread::sleep(PERIOD));
            py.check_signals()?;
        }
    }
}

/// A thread's turn; over when it is dropped.
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    walking: Walking,
}

impl Turn<'_> {
    /// The next one, or none at the end. A walk that is not begun here is made by `make`; one that failed too,
    /// for what comes after an error may lack what the error was about.
    pub(crate) fn next(
        &mut self,
        py: Python<'_>,
        make: impl FnOnce() -> PyResult<Begun>,
    ) -> PyResult<Option<Found>> {
        self.walking.forget_the_parents();
        let mut begun = match self.walking.0.take() {
            Some((_, begun)) => begun,
            None => make()?,
        };
        let found = begun.next(py)?;
        self.walking.0 = Some((process::id(), begun));
        Ok(found)
    }

    /// Whether the walk is begun, in this process.
    pub(crate) fn is_begun(&self) -> bool {
        self.walking.0.as_ref().is_some_and(|(of, _)| *of == process::id())
    }

    /// How many there are in all, as far as the service told.
    pub(crate) fn hits(&self) -> Option<u64> {
        self.walking.0.as_ref().and_then(|(_, begun)| begun.hits())
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.turns.held() = Turned::Nobodys(Box::new(std::mem::take(&mut self.walking)));
    }
}
