//! Trivial tasks in chains of three, as many as the graph of the histogram over 40 years of hourly rain had.
//!
//!     cargo bench -p frazil-compute --bench tasks
//!
//! Seconds to make the graph and to run it, on one thread and on two, the median of nine. Exit code 3: both together
//! took longer than a tenth of a second.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops at the first surprise"
)]

use std::convert::Infallible;
use std::thread;
use std::time::Instant;

use frazil_compute::Cancellation;
use frazil_compute::graph::{Graph, Run};

const TASKS: usize = 110_889;
const TURNS: usize = 9;
/// Seconds, at most.
const MOST: f64 = 0.1;

/// Seconds to make the graph and to run it.
fn measured(threads: usize) -> (f64, f64) {
    let begun = Instant::now();
    let mut graph: Graph<'_, u64, Infallible> = Graph::new();
    let mut ends = Vec::new();
    for _ in 0..TASKS / 3 {
        let one = graph.add("one", &[], |_| Ok(1)).unwrap();
        let two = graph.add("two", &[one], |values| Ok(*values[0] + 1)).unwrap();
        ends.push(graph.add("three", &[two], |values| Ok(*values[0] + 1)).unwrap());
    }
    let made = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let run = Run::new(graph, &ends, Cancellation::new()).unwrap();
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| run.work(|wait| wait()));
        }
        run.work(|wait| wait());
    });
    let results = run.results().unwrap();
    let ran = begun.elapsed().as_secs_f64();
    assert!(results.len() == TASKS / 3 && results.iter().all(|value| **value == 3));
    (made, ran)
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

fn main() {
    let mut is_slow = false;
    for threads in [1, 2] {
        let (made, ran): (Vec<_>, Vec<_>) = (0..TURNS).map(|_| measured(threads)).unzip();
        let (made, ran) = (median(made), median(ran));
        println!("{TASKS} tasks, {threads} threads: made in {made:.4} s, run in {ran:.4} s");
        is_slow |= made + ran > MOST;
    }
    if is_slow {
        println!("longer than {MOST} s");
        std::process::exit(3);
    }
}
