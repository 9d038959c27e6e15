//! Runs that end before their time: by an error, a panic or from outside, while other threads are at work.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use super::*;

/// What happens where a source is read at a place.
enum Trouble {
    Fails,
    Panics,
    IsEnded(Cancellation),
}

/// Numbers that are read one by one, and trouble at one of them.
struct Troubled {
    array: Array,
    at: u64,
    trouble: Trouble,
    read: AtomicU64,
}

const COUNT: u64 = 4000;

impl Troubled {
    fn new(at: u64, trouble: Trouble) -> Self {
        let array = Array::new("t", &[("x", COUNT)], ElementType::F64, Some(vec![1])).unwrap();
        Self { array, at, trouble, read: AtomicU64::new(0) }
    }

    /// By three threads, into a state or into memory.
    fn run(&self, watch: &Watch, is_reduced: bool) -> Result<()> {
        let expression = Expression::of(self.array.clone());
        let limits = Limits { threads: 3, memory: 1 << 20 };
        let planned = |expression: &Expression| Plan::of_sizes(expression, limits, Sizes::small(8)).unwrap();
        if is_reduced {
            let plan = planned(&expression.reduce(&[], Measure::Total(Total::Sum)).unwrap());
            assert!(plan.memory().threads == 3 && plan.runs() > 100, "{plan}");
            return run(&plan, self, watch).map(drop);
        }
        let mut found = vec![0.0_f64; place(COUNT)];
        let plan = planned(&expression);
        run_into(&plan, self, &Buffer::new(&[COUNT], &mut found).unwrap(), watch)
    }
}

impl Source for Troubled {
    fn array(&self) -> &Array {
        &self.array
    }

    fn begin<'b>(&'b self, part: &[Span]) -> Result<Pending<'b>> {
        let (start, count) = (part[0].start, part[0].count);
        self.read.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(move || {
            if (start..start + count).contains(&self.at) {
                match &self.trouble {
                    Trouble::Fails => return Err(Error::invalid("there is trouble", "leave it")),
                    Trouble::Panics => panic!("there is trouble"),
                    Trouble::IsEnded(cancellation) => cancellation.cancel(),
                }
            }
            Ok(Values::new(vec![0_u8; place(count) * 8]))
        }))
    }
}

#[test]
fn what_ends_a_run_is_told_and_the_others_stop() {
    for is_reduced in [true, false] {
        let source = Troubled::new(17, Trouble::Fails);
        let told = source.run(&Watch::new(), is_reduced).unwrap_err();
        assert_eq!(told.to_string(), "there is trouble");
        // Others wait to merge; into a sink they may have done all before.
        assert!(!is_reduced || source.read.into_inner() < COUNT / 2);
        let cancellation = Cancellation::new();
        let source = Troubled::new(17, Trouble::IsEnded(cancellation.clone()));
        let told = source.run(&Watch::with(cancellation), is_reduced).unwrap_err();
        assert!(matches!(told, Error::Cancelled), "{told:?}");
        assert!(!is_reduced || source.read.into_inner() < COUNT / 2);
    }
}

/// The state of the first run never comes: whoever waits for it is told.
#[test]
fn a_panic_ends_the_run_on_all_threads() {
    for is_reduced in [true, false] {
        let (tell, hear) = channel::<()>();
        let running = std::thread::spawn(move || {
            let _tell = tell;
            Troubled::new(0, Trouble::Panics).run(&Watch::new(), is_reduced)
        });
        let ended = hear.recv_timeout(Duration::from_mins(1));
        assert_eq!(ended, Err(RecvTimeoutError::Disconnected), "threads wait for each other");
        assert!(running.join().is_err());
    }
}
