//! Task graphs: functions that take the results of others.
//!
//! A task names the tasks whose results it takes, all of which were added before it: no graph has a cycle.
//! Only tasks that the wanted results need are run, each once, on as many threads as there are, in an order
//! that keeps few results at a time. A result is dropped when the last task that takes it is done.
//!
//! ```
//! use frazil_compute::Cancellation;
//! use frazil_compute::graph::Graph;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut graph: Graph<'_, u32, std::num::ParseIntError> = Graph::new();
//! let one = graph.add("one", &[], |_| "1".parse())?;
//! let two = graph.add("two", &[], |_| "2".parse())?;
//! let sum = graph.add("sum", &[one, two], |values| Ok(*values[0] + *values[1]))?;
//! let results = graph.run(&[sum], &Cancellation::new())?;
//! assert_eq!(*results[0], 3);
//! # Ok(())
//! # }
//! ```

mod failure;
mod order;
mod retry;
mod run;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

pub use failure::Failure;
pub use retry::Retries;
pub use run::{Progress, Run};

use crate::cancellation::Cancellation;
use crate::error::{Error, Result};

/// What a task does with the results that it takes, which are in the order in which it named them.
type Work<'a, T, E> = Box<dyn FnOnce(&[Arc<T>]) -> std::result::Result<T, E> + Send + 'a>;

/// Tasks and which results they take. `T` is what a task gives, `E` why one may fail.
pub struct Graph<'a, T, E> {
    id: u64,
    tasks: Vec<Task<'a, T, E>>,
    inputs: Lists,
}

/// A task of one graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TaskId {
    graph: u64,
    index: usize,
}

struct Task<'a, T, E> {
    name: Cow<'static, str>,
    work: Work<'a, T, E>,
}

/// Lists of numbers, one after the other in one piece of memory.
struct Lists {
    numbers: Vec<usize>,
    /// Where each list ends.
    ends: Vec<usize>,
}

impl Lists {
    fn new() -> Self {
        Self { numbers: Vec::new(), ends: Vec::new() }
    }

    fn push(&mut self, numbers: impl IntoIterator<Item = usize>) {
        self.numbers.extend(numbers);
        self.ends.push(self.numbers.len());
    }

    fn get(&self, index: usize) -> &[usize] {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.numbers[start..self.ends[index]]
    }
}

impl<T, E> Default for Graph<'_, T, E> {
    fn default() -> Self {
        static GRAPHS: AtomicU64 = AtomicU64::new(0);
        let id = GRAPHS.fetch_add(1, Ordering::Relaxed);
        Self { id, tasks: Vec::new(), inputs: Lists::new() }
    }
}

impl<'a, T, E> Graph<'a, T, E> {
    /// A graph without tasks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a task, which takes the results of `inputs`. Its name is told if it fails.
    ///
    /// # Errors
    /// [`Error::Invalid`] where an input is a task of another graph.
    pub fn add(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        inputs: &[TaskId],
        work: impl FnOnce(&[Arc<T>]) -> std::result::Result<T, E> + Send + 'a,
    ) -> Result<TaskId> {
        let name = name.into();
        if inputs.iter().any(|input| input.graph != self.id) {
            return Err(foreign(&format!("the task `{name}` takes the result of a task of another graph")));
        }
        let task = TaskId { graph: self.id, index: self.tasks.len() };
        self.inputs.push(inputs.iter().map(|input| input.index));
        self.tasks.push(Task { name, work: Box::new(work) });
        Ok(task)
    }

    /// How many tasks there are.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Runs what `targets` need, on a thread for each core that this process may use, and gives their results in
    /// their order. It ends when no task is running any more.
    ///
    /// # Errors
    /// [`Failure`]: of the first task that failed, or that the run was cancelled.
    pub fn run(
        self,
        targets: &[TaskId],
        cancellation: &Cancellation,
    ) -> std::result::Result<Vec<Arc<T>>, Failure<E>>
    where
        T: Send + Sync,
        E: Send,
    {
        let run = Run::new(self, targets, cancellation.clone())?;
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        thread::scope(|scope| {
            for _ in 1..cores.min(run.progress().total) {
                // With fewer threads it takes longer.
                if thread::Builder::new().spawn_scoped(scope, || run.work(|wait| wait())).is_err() {
                    break;
                }
            }
            run.work(|wait| wait());
        });
        run.results()
    }
}

/// A task that another graph has.
fn foreign(what: &str) -> Error {
    Error::invalid(what, "use the ids that this graph's `add` gave")
}
