//! A graph that is run by whoever gives a thread to it.

use std::any::Any;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::order::order;
use super::{Failure, Graph, Lists, Task, TaskId, Work, foreign};
use crate::Cancellation;

/// A graph on its way: threads come by [`Run::work`] and stay until nothing is left to begin.
///
/// A worker goes on with the task that its own result made ready, then with what others left, then with the
/// next task that takes no results: so results are taken soon.
pub struct Run<'a, T, E> {
    /// Tasks by their rank: their place in the order.
    nodes: Vec<Node<'a, T, E>>,
    /// The ranks of what a task takes.
    inputs: Lists,
    /// The ranks of what takes a task's result, the least first.
    dependents: Lists,
    targets: Vec<usize>,
    /// Tasks that take no results; and how many of these were begun.
    roots: Vec<usize>,
    begun: AtomicUsize,
    /// Tasks that are ready and that no worker goes on with.
    left_over: Mutex<BinaryHeap<Reverse<usize>>>,
    /// How many these are, for those who need no lock to see that there are none.
    count: AtomicUsize,
    /// Something was left over, or the run ended.
    changed: Condvar,
    ended: Condvar,
    undone: AtomicUsize,
    is_stopped: AtomicBool,
    failure: Mutex<Option<Failure<E>>>,
    cancellation: Cancellation,
}

struct Node<'a, T, E> {
    name: Cow<'static, str>,
    slot: Mutex<Slot<'a, T, E>>,
    /// Inputs whose results are not there yet.
    missing: AtomicUsize,
}

struct Slot<'a, T, E> {
    work: Option<Work<'a, T, E>>,
    result: Option<Arc<T>>,
    /// How often the result will still be taken.
    readers: usize,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Tasks that are done.
    pub done: usize,
    /// All tasks that are needed.
    pub total: usize,
}

/// A panic while a lock is held leaves nothing half changed here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a, T, E> Run<'a, T, E> {
    /// A run of what `targets` need. Other tasks of the graph are dropped.
    ///
    /// # Errors
    /// [`Failure::Graph`] where a target is a task of another graph.
    pub fn new(
        graph: Graph<'a, T, E>,
        targets: &[TaskId],
        cancellation: Cancellation,
    ) -> Result<Self, Failure<E>> {
        if targets.iter().any(|target| target.graph != graph.id) {
            return Err(foreign("a result is wanted of a task of another graph").into());
        }
        let wanted: Vec<usize> = targets.iter().map(|target| target.index).collect();
        let order = order(&graph.inputs, &wanted);
        let mut ranks = vec![usize::MAX; graph.tasks.len()];
        for (rank, &index) in order.iter().enumerate() {
            ranks[index] = rank;
        }
        let mut inputs = Lists::new();
        for &index in &order {
            inputs.push(graph.inputs.get(index).iter().map(|&input| ranks[input]));
        }
        let dependents = turned_round(&inputs);
        let targets: Vec<usize> = wanted.into_iter().map(|index| ranks[index]).collect();
        let nodes = ranked(graph.tasks, &ranks, order.len(), &inputs, &dependents, &targets);
        let roots = (0..nodes.len()).filter(|&rank| inputs.get(rank).is_empty()).collect();
        Ok(Self {
            undone: AtomicUsize::new(nodes.len()),
            nodes,
            inputs,
            dependents,
            targets,
            roots,
            begun: AtomicUsize::new(0),
            left_over: Mutex::default(),
            count: AtomicUsize::new(0),
            changed: Condvar::new(),
            ended: Condvar::new(),
            is_stopped: AtomicBool::new(false),
            failure: Mutex::new(None),
            cancellation,
        })
    }

    /// Runs tasks on this thread until none is left to begin. `idle` is called to wait for others: it calls
    /// what it is given, and may let go of a lock meanwhile that tasks need.
    pub fn work(&self, idle: impl Fn(&mut (dyn FnMut() + Send)))
    where
        T: Send + Sync,
        E: Send,
    {
        let mut values = Vec::new();
        let mut next = None;
        while !self.is_over() {
            let found = next.take().or_else(|| self.left_over()).or_else(|| self.root());
            let Some(rank) = found.or_else(|| self.wait_for_more(&idle)) else { break };
            next = self.execute(rank, &mut values);
        }
        self.tell_all();
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let total = self.nodes.len();
        Progress { done: total - self.undone.load(Ordering::Acquire), total }
    }

    /// Waits so long at most until all tasks are done or the run ended before; whether that is so. Tasks may
    /// still be running after a failure.
    pub fn wait(&self, most: Duration) -> bool {
        let guard = lock(&self.left_over);
        let waited = self.ended.wait_timeout_while(guard, most, |_| !self.is_over());
        drop(waited);
        self.is_over()
    }

    /// The results of the targets, in their order.
    ///
    /// # Errors
    /// [`Failure`]: of the first task that failed (told once), or that the run is not at its end.
    pub fn results(&self) -> Result<Vec<Arc<T>>, Failure<E>> {
        if let Some(failure) = lock(&self.failure).take() {
            return Err(failure);
        }
        let results = self.targets.iter().filter_map(|&target| lock(&self.nodes[target].slot).result.clone());
        let results: Vec<_> = results.collect();
        if results.len() < self.targets.len() {
            let Progress { done, total } = self.progress();
            return Err(Failure::Cancelled { done, total });
        }
        Ok(results)
    }

    /// Whether nothing is to be begun any more.
    fn is_over(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
            || self.undone.load(Ordering::Acquire) == 0
            || self.cancellation.is_cancelled()
    }

    /// Wakes whoever waits, to look whether the run is over.
    fn tell_all(&self) {
        drop(lock(&self.left_over));
        self.changed.notify_all();
        self.ended.notify_all();
    }

    fn left_over(&self) -> Option<usize> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        self.pop(&mut lock(&self.left_over))
    }

    fn pop(&self, left_over: &mut BinaryHeap<Reverse<usize>>) -> Option<usize> {
        let Reverse(rank) = left_over.pop()?;
        self.count.store(left_over.len(), Ordering::Release);
        Some(rank)
    }

    fn leave(&self, rank: usize) {
        let mut left_over = lock(&self.left_over);
        left_over.push(Reverse(rank));
        self.count.store(left_over.len(), Ordering::Release);
        drop(left_over);
        self.changed.notify_one();
    }

    fn root(&self) -> Option<usize> {
        // Once all were begun it is not counted on, however often workers ask.
        if self.begun.load(Ordering::Relaxed) >= self.roots.len() {
            return None;
        }
        self.roots.get(self.begun.fetch_add(1, Ordering::Relaxed)).copied()
    }

    fn wait_for_more(&self, idle: &impl Fn(&mut (dyn FnMut() + Send))) -> Option<usize>
    where
        T: Send + Sync,
        E: Send,
    {
        let mut found = None;
        idle(&mut || {
            let mut left_over = lock(&self.left_over);
            loop {
                found = self.pop(&mut left_over);
                if found.is_some() || self.is_over() {
                    return;
                }
                left_over = self.changed.wait(left_over).unwrap_or_else(PoisonError::into_inner);
            }
        });
        found
    }

    /// Runs a task; gives one that its result made ready.
    fn execute(&self, rank: usize, values: &mut Vec<Arc<T>>) -> Option<usize> {
        let work = lock(&self.nodes[rank].slot).work.take()?;
        // Every input is done, and has its result until the last of its readers is here.
        values.extend(self.inputs.get(rank).iter().filter_map(|&input| self.taken(input)));
        let outcome = catch_unwind(AssertUnwindSafe(|| work(values)));
        values.clear();
        let task = || self.nodes[rank].name.clone().into_owned();
        match outcome {
            Ok(Ok(value)) => return self.done(rank, value),
            Ok(Err(source)) => self.stop(Failure::Task { task: task(), source }),
            Err(panic) => self.stop(Failure::Panicked { task: task(), message: said(panic.as_ref()) }),
        }
        None
    }

    /// A result for one of its readers; the last one gets what the run itself held.
    fn taken(&self, rank: usize) -> Option<Arc<T>> {
        let mut slot = lock(&self.nodes[rank].slot);
        slot.readers -= 1;
        if slot.readers == 0 { slot.result.take() } else { slot.result.clone() }
    }

    fn done(&self, rank: usize, value: T) -> Option<usize> {
        lock(&self.nodes[rank].slot).result = Some(Arc::new(value));
        let mut next = None;
        for &dependent in self.dependents.get(rank) {
            if self.nodes[dependent].missing.fetch_sub(1, Ordering::AcqRel) != 1 {
                continue;
            }
            if next.is_none() {
                next = Some(dependent);
            } else {
                self.leave(dependent);
            }
        }
        self.undone.fetch_sub(1, Ordering::AcqRel);
        next
    }

    fn stop(&self, failure: Failure<E>) {
        lock(&self.failure).get_or_insert(failure);
        self.is_stopped.store(true, Ordering::Release);
    }
}

/// For each task those that take its result, from those whose results each takes.
fn turned_round(inputs: &Lists) -> Lists {
    let mut ends = vec![0; inputs.ends.len()];
    for &input in &inputs.numbers {
        ends[input] += 1;
    }
    let mut sum = 0;
    for end in &mut ends {
        // Where the list begins; it is filled from there to its end.
        sum += std::mem::replace(end, sum);
    }
    let mut numbers = vec![0; inputs.numbers.len()];
    for rank in 0..inputs.ends.len() {
        for &input in inputs.get(rank) {
            numbers[ends[input]] = rank;
            ends[input] += 1;
        }
    }
    Lists { numbers, ends }
}

/// The tasks that have a rank, by it.
fn ranked<'a, T, E>(
    tasks: Vec<Task<'a, T, E>>,
    ranks: &[usize],
    count: usize,
    inputs: &Lists,
    dependents: &Lists,
    targets: &[usize],
) -> Vec<Node<'a, T, E>> {
    let mut wanted = vec![0; count];
    for &target in targets {
        // A target's result is kept to the end.
        wanted[target] = 1;
    }
    let mut places: Vec<Option<Node<'a, T, E>>> = Vec::new();
    places.resize_with(count, || None);
    for (task, &rank) in tasks.into_iter().zip(ranks) {
        let Some(place) = places.get_mut(rank) else { continue };
        let readers = dependents.get(rank).len() + wanted[rank];
        *place = Some(Node {
            name: task.name,
            slot: Mutex::new(Slot { work: Some(task.work), result: None, readers }),
            missing: AtomicUsize::new(inputs.get(rank).len()),
        });
    }
    places.into_iter().flatten().collect()
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without words".to_owned())
}
