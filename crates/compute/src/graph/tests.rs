//! Graphs against plain recursion, what they keep, and how they end.

use std::cell::Cell;
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

type Sums<'a> = Graph<'a, u64, std::num::ParseIntError>;

fn run<T: Send + Sync, E: Send>(
    graph: Graph<'_, T, E>,
    targets: &[TaskId],
    threads: usize,
) -> std::result::Result<Vec<Arc<T>>, Failure<E>> {
    let run = Run::new(graph, targets, Cancellation::new())?;
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| run.work(|wait| wait()));
        }
    });
    run.results()
}

/// A value that counts how many of its kind there are.
struct Counted<'a> {
    live: &'a AtomicUsize,
}

impl<'a> Counted<'a> {
    fn new(live: &'a AtomicUsize, most: &AtomicUsize) -> Self {
        most.fetch_max(live.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        Self { live }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.live.fetch_sub(1, Ordering::SeqCst);
    }
}

proptest! {
    #[test]
    fn results_are_those_of_plain_recursion(
        shape in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..4), 1..60),
        wanted in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        threads in 1_usize..5,
    ) {
        let inputs: Vec<Vec<usize>> = shape
            .iter()
            .enumerate()
            .map(|(task, picks)| picks.iter().filter(|_| task > 0).map(|pick| pick.index(task)).collect())
            .collect();
        let wanted: Vec<usize> = wanted.iter().map(|pick| pick.index(inputs.len())).collect();
        let ran = Mutex::new(Vec::new());
        let mut graph = Sums::new();
        let mut ids: Vec<TaskId> = Vec::new();
        let mut expected: Vec<u64> = Vec::new();
        let mut needed: Vec<HashSet<usize>> = Vec::new();
        for (task, inputs) in inputs.iter().enumerate() {
            let sum = move |values: &mut dyn Iterator<Item = u64>| {
                values.fold(task as u64, |sum, value| sum.wrapping_mul(31).wrapping_add(value))
            };
            expected.push(sum(&mut inputs.iter().map(|&input| expected[input])));
            needed.push(inputs.iter().flat_map(|&input| needed[input].clone()).chain([task]).collect());
            let (takes, ran) = (inputs.iter().map(|&input| ids[input]).collect::<Vec<_>>(), &ran);
            ids.push(graph.add(task.to_string(), &takes, move |values| {
                ran.lock().unwrap().push(task);
                Ok(sum(&mut values.iter().map(|value| **value)))
            }).unwrap());
        }
        let targets: Vec<TaskId> = wanted.iter().map(|&task| ids[task]).collect();
        let results = run(graph, &targets, threads).unwrap();
        prop_assert_eq!(results.iter().map(|value| **value).collect::<Vec<_>>(),
            wanted.iter().map(|&task| expected[task]).collect::<Vec<_>>());
        let ran = ran.into_inner().unwrap();
        let all: HashSet<usize> = wanted.iter().flat_map(|&task| needed[task].clone()).collect();
        prop_assert_eq!(ran.len(), all.len());
        prop_assert_eq!(ran.into_iter().collect::<HashSet<_>>(), all);
    }
}

#[test]
fn results_are_dropped_when_the_last_task_that_takes_them_is_done() {
    let (live, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let mut graph: Graph<'_, Counted<'_>, std::fmt::Error> = Graph::new();
    let value = |_: &[Arc<Counted<'_>>]| Ok(Counted::new(&live, &most));
    let mut sum = graph.add("first", &[], value).unwrap();
    for _ in 0..500 {
        let part = graph.add("part", &[], value).unwrap();
        // The sum so far is named last, and is to be made first.
        sum = graph.add("sum", &[part, sum], value).unwrap();
    }
    let results = run(graph, &[sum], 1).unwrap();
    assert_eq!(live.load(Ordering::SeqCst), 1);
    drop(results);
    assert_eq!((live.load(Ordering::SeqCst), most.load(Ordering::SeqCst)), (0, 3));
}

#[test]
fn a_tree_of_sums_keeps_few_of_its_leaves_on_many_threads() {
    const LEAVES: usize = 1 << 10;
    let (live, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let mut graph: Graph<'_, Counted<'_>, std::fmt::Error> = Graph::new();
    let value = |_: &[Arc<Counted<'_>>]| Ok(Counted::new(&live, &most));
    // All leaves are added before anything takes them.
    let mut level: Vec<_> = (0..LEAVES).map(|_| graph.add("leaf", &[], value).unwrap()).collect();
    while level.len() > 1 {
        level = level.chunks(2).map(|pair| graph.add("sum", pair, value).unwrap()).collect();
    }
    run(graph, &level, 3).unwrap();
    let most = most.load(Ordering::SeqCst);
    assert!(most <= 3 * 12, "{most} values at a time");
}

#[test]
fn tasks_that_need_nothing_of_each_other_run_at_once() {
    // Each waits for the other two: on fewer threads this would not end.
    let barrier = Barrier::new(3);
    let mut graph = Sums::new();
    // Meanwhile the other threads have come, and wait for something to do.
    let slow = |_: &[Arc<u64>]| {
        thread::sleep(Duration::from_millis(100));
        Ok(1)
    };
    let first = graph.add("first", &[], slow).unwrap();
    let meet = |values: &[Arc<u64>]| {
        barrier.wait();
        Ok(*values[0] + 1)
    };
    let all: Vec<_> = (0..3).map(|_| graph.add("meet", &[first], meet).unwrap()).collect();
    let results = run(graph, &all, 3).unwrap();
    assert!(results.iter().all(|value| **value == 2));
}

#[test]
fn the_first_failure_names_its_task_and_ends_the_run() {
    let ran = AtomicUsize::new(0);
    let mut graph = Sums::new();
    let mut last = graph.add("read", &[], |_| "twelve".parse()).unwrap();
    for _ in 0..100 {
        last = graph.add("later", &[last], |_| Ok(ran.fetch_add(1, Ordering::SeqCst) as u64)).unwrap();
    }
    let failure = run(graph, &[last], 2).unwrap_err();
    assert_eq!(failure.to_string(), "the task `read` failed");
    let source = std::error::Error::source(&failure).unwrap();
    assert_eq!(source.to_string(), "invalid digit found in string");
    assert_eq!(ran.load(Ordering::SeqCst), 0);
}

#[test]
fn a_panic_is_a_failure_with_its_words() {
    for threads in [1, 3] {
        let mut graph = Sums::new();
        let first = graph.add("first", &[], |_| Ok(1)).unwrap();
        let panics = graph.add("second", &[first], |values| panic!("{} is odd", values[0])).unwrap();
        let third = graph.add("third", &[first, panics], |_| Ok(3)).unwrap();
        let failure = run(graph, &[third], threads).unwrap_err();
        assert_eq!(failure.to_string(), "the task `second` panicked: 1 is odd");
    }
}

#[test]
fn after_it_was_cancelled_no_task_begins() {
    let cancellation = Cancellation::new();
    let mut graph = Sums::new();
    let mut last = graph.add("first", &[], |_| Ok(0)).unwrap();
    for number in 1..10 {
        let cancellation = cancellation.clone();
        let count = move |values: &[Arc<u64>]| {
            if number == 4 {
                cancellation.cancel();
            }
            Ok(*values[0] + 1)
        };
        last = graph.add("count", &[last], count).unwrap();
    }
    let failure = graph.run(&[last], &cancellation).unwrap_err();
    assert!(matches!(failure, Failure::Cancelled { done: 5, total: 10 }), "{failure}");
}

#[test]
fn whoever_waits_hears_how_far_it_is_and_when_it_ends() {
    let (begin, looked) = (Barrier::new(2), Barrier::new(2));
    let mut graph = Sums::new();
    let first = graph.add("first", &[], |_| Ok(1)).unwrap();
    let slow = |values: &[Arc<u64>]| {
        begin.wait();
        looked.wait();
        Ok(*values[0])
    };
    let second = graph.add("second", &[first], slow).unwrap();
    let run = Run::new(graph, &[second], Cancellation::new()).unwrap();
    assert_eq!(run.progress(), Progress { done: 0, total: 2 });
    thread::scope(|scope| {
        scope.spawn(|| run.work(|wait| wait()));
        begin.wait();
        assert_eq!(run.progress(), Progress { done: 1, total: 2 });
        assert!(!run.wait(Duration::from_millis(1)));
        assert!(matches!(run.results(), Err(Failure::Cancelled { done: 1, total: 2 })));
        looked.wait();
        assert!(run.wait(Duration::from_mins(1)));
        assert_eq!(run.progress(), Progress { done: 2, total: 2 });
    });
    assert_eq!(*run.results().unwrap()[0], 1);
}

#[test]
fn tasks_of_another_graph_are_refused() {
    let (mut one, mut other) = (Sums::new(), Sums::new());
    let task = one.add("one", &[], |_| Ok(1)).unwrap();
    let error = other.add("other", &[task], |_| Ok(1)).unwrap_err();
    assert_eq!(error.to_string(), "the task `other` takes the result of a task of another graph");
    assert!(other.is_empty());
    assert!(matches!(other.run(&[task], &Cancellation::new()), Err(Failure::Graph(_))));
}

#[test]
fn long_chains_and_wide_fans_end_and_nothing_is_no_graph() {
    let mut graph = Sums::new();
    let mut last = graph.add("0", &[], |_| Ok(0)).unwrap();
    for _ in 0..50_000 {
        last = graph.add("link", &[last], |values| Ok(*values[0] + 1)).unwrap();
    }
    let fan: Vec<_> =
        (0..20_000).map(|_| graph.add("fan", &[last], |values| Ok(*values[0])).unwrap()).collect();
    let sum = graph.add("sum", &fan, |values| Ok(values.iter().map(|value| **value).sum())).unwrap();
    assert_eq!(*run(graph, &[sum], 3).unwrap()[0], 1_000_000_000);
    assert!(Sums::new().run(&[], &Cancellation::new()).unwrap().is_empty());
}

#[test]
fn what_passes_is_called_again_and_nothing_else() {
    let retries = Retries { most: 3, pause: Duration::from_millis(1) };
    let calls = Cell::new(0);
    let fails_until = |last: u32| {
        calls.set(calls.get() + 1);
        if calls.get() < last { Err(calls.get()) } else { Ok(calls.get()) }
    };
    for (last, told, called) in [(1, Ok(1), 1), (4, Ok(4), 4), (5, Err(4), 4)] {
        calls.set(0);
        let told_now = retries.call(&Cancellation::new(), || fails_until(last), |_| true, |wait| wait());
        assert_eq!((told_now, calls.get()), (told, called));
    }
    calls.set(0);
    let told = retries.call(&Cancellation::new(), || fails_until(9), |&error| error < 2, |wait| wait());
    assert_eq!((told, calls.get()), (Err(2), 2));
}

#[test]
fn pauses_end_when_the_run_is_cancelled() {
    let cancellation = Cancellation::new();
    let retries = Retries { most: 3, pause: Duration::from_mins(10) };
    let calls = AtomicUsize::new(0);
    let call = || Err::<(), _>(calls.fetch_add(1, Ordering::SeqCst) + 1);
    let begun = Instant::now();
    thread::scope(|scope| {
        let calling = scope.spawn(|| retries.call(&cancellation, call, |_| true, |wait| wait()));
        thread::sleep(Duration::from_millis(20));
        cancellation.cancel();
        assert_eq!(calling.join().unwrap(), Err(1));
    });
    assert_eq!(calls.into_inner(), 1);
    assert!(begun.elapsed() < Duration::from_mins(1));
}
