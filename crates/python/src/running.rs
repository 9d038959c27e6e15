//! Graphs of Python's calls on threads of their own.

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle, available_parallelism, sleep};
use std::time::Duration;

use frazil_compute::Cancellation;
use frazil_compute::graph::{Failure, Run};
use pyo3::prelude::*;

use crate::error::{general, invalid, noted};
use crate::runtime::OfProcess;
use crate::tasks::{Task, graph};

type Calls = Run<'static, Py<PyAny>, PyErr>;

/// Most threads for tasks.
const MOST: usize = 1024;

/// How often is looked whether the person pressed Ctrl-C, and told how far it is.
const PERIOD: Duration = Duration::from_millis(100);

/// Runs tasks with all that they need, each once, and gives their values. `hearer` is told how many are done, and of
/// how many. Ctrl-C ends the wait: no task begins any more, and those that are running go on in the background.
#[pyfunction]
#[pyo3(signature = (tasks, threads, hearer))]
pub(crate) fn run_tasks(
    py: Python<'_>,
    tasks: Vec<Py<Task>>,
    threads: Option<i64>,
    hearer: Option<Py<PyAny>>,
) -> PyResult<Vec<Py<PyAny>>> {
    let threads = number(py, threads)?;
    let cancellation = Cancellation::new();
    let (graph, wanted) = graph(py, &tasks, &cancellation)?;
    let run = Run::new(graph, &wanted, cancellation.clone()).map_err(|failure| raised(py, failure))?;
    let run = Arc::new(run);
    let watched = start(&run, threads).and_then(|()| watch(py, &run, hearer.as_ref()));
    let values = watched.and_then(|()| run.results().map_err(|failure| raised(py, failure)));
    if values.is_err() {
        // Nothing is tried again either.
        cancellation.cancel();
    }
    Ok(values?.iter().map(|value| value.clone_ref(py)).collect())
}

/// Waits for the threads of tasks that go on in the background. When Python ends, it ends threads where they ask for its
/// lock, and a thread that Rust has called from cannot be ended so: the process would be aborted.
#[pyfunction]
pub(crate) fn await_tasks(py: Python<'_>) -> PyResult<()> {
    let started = started();
    loop {
        lock(&started).retain(|thread| !thread.is_finished());
        if lock(&started).is_empty() {
            return Ok(());
        }
        py.detach(|| sleep(PERIOD));
        py.check_signals()?;
    }
}

/// Threads that may still be running.
type Started = Mutex<Vec<JoinHandle<()>>>;

/// Those of this process.
fn started() -> Arc<Started> {
    static STARTED: OfProcess<Started> = OfProcess::new();
    let Ok(started) = STARTED.get(|| Ok::<_, Infallible>(Started::default()));
    started
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many threads: as many as there are cores for this process, unless said.
pub(crate) fn number(py: Python<'_>, threads: Option<i64>) -> PyResult<usize> {
    let Some(said) = threads else { return Ok(available_parallelism().map_or(1, NonZeroUsize::get)) };
    let number = usize::try_from(said).ok().filter(|number| (1..=MOST).contains(number));
    number.ok_or_else(|| invalid(py, format!("there are no {said} threads"), &format!("say 1 to {MOST}")))
}

/// Starts the threads, which hold Python's lock while there are tasks. A function of a task lets go of it as it
/// does anywhere.
fn start(run: &Arc<Calls>, threads: usize) -> PyResult<()> {
    for number in 0..threads.min(run.progress().total) {
        let run = Arc::clone(run);
        let work = move || {
            Python::attach(|py| {
                // What it holds of Python is let go of with the lock.
                let run = run;
                run.work(|wait| py.detach(wait));
            });
        };
        let thread = Builder::new().name(format!("frazil-task-{number}")).spawn(work)?;
        let started = started();
        let mut started = lock(&started);
        started.retain(|thread| !thread.is_finished());
        started.push(thread);
    }
    Ok(())
}

/// Waits for the end, and meanwhile tells how far it is.
fn watch(py: Python<'_>, run: &Calls, hearer: Option<&Py<PyAny>>) -> PyResult<()> {
    let tell = || {
        let progress = run.progress();
        hearer.map_or(Ok(()), |hearer| hearer.call1(py, (progress.done, progress.total)).map(drop))
    };
    while !py.detach(|| run.wait(PERIOD)) {
        py.check_signals()?;
        tell()?;
    }
    tell()
}

/// Why there are no values: the exception of the task itself, with a note of which it was.
fn raised(py: Python<'_>, failure: Failure<PyErr>) -> PyErr {
    match failure {
        Failure::Task { task, source } => noted(py, source, &format!("in the task `{task}`")),
        Failure::Graph(error) => invalid(py, error.to_string(), &error.advice()),
        ended => general(py, &ended.to_string(), "call again; if it stays so, tell frazil's makers"),
    }
}
