use super::*;
use crate::block::ElementType;
use crate::expression::Array;
use crate::state::{Edges, Groups, Measure, Total};

const LIMITS: Limits = Limits { threads: 1, memory: 1 << 30 };

fn rain(hours: u64, chunk: u64) -> Expression {
    let lengths = [("time", hours), ("latitude", 721), ("longitude", 1440)];
    let array = Array::new("tp", &lengths, ElementType::F32, Some(vec![chunk, 721, 1440])).unwrap();
    Expression::of(array)
}

fn counted(hours: u64, chunk: u64) -> Expression {
    let edges = Edges::new((0..51).map(f64::from).collect()).unwrap();
    let counts = rain(hours, chunk).coarsen_sum("time", 6).unwrap();
    let counts = counts.reduce(&["longitude"], Measure::Histogram(edges)).unwrap();
    counts.reduce(&["time"], Measure::Total(Total::Mean)).unwrap()
}

/// The histogram of forty years: few portions, which do not depend on how much memory there is.
#[test]
fn forty_years_are_few_portions() {
    let of = |memory| Plan::in_portions(&counted(350_640, 24), Limits { memory, ..LIMITS }).unwrap();
    let portions = of(1 << 30).portions(None).unwrap();
    assert!(portions.len() > 1000 && portions.len() < 1700, "{}", portions.len());
    assert!(portions.iter().all(|one| one.bytes <= 3 << 29 && one.states < 2_000_000), "{:?}", portions[0]);
    let bytes: u64 = portions.iter().map(|one| one.bytes).sum();
    assert_eq!(bytes, 350_640 * 721 * 1440 * 4);
    assert_eq!(of(4 << 30).portions(None).unwrap(), portions);
    // Each chunk is read by one of them.
    let plan = of(1 << 30);
    let mut at = 0;
    for portion in &portions {
        for read in plan.boxes(*portion) {
            assert_eq!((read[0].start, read[0].start % 24), (at, 0));
            at = read[0].end();
        }
    }
    assert_eq!(at, 350_640);
}

/// What is known of the whole grid is large: it is cut, and portions of it are not.
#[test]
fn large_states_are_cut_by_regions() {
    let labels = (0..40_000_u32).map(|day| day % 366).collect();
    let lengths = [("time", 40_000), ("latitude", 720), ("longitude", 1440)];
    let array = Array::new("t", &lengths, ElementType::F32, Some(vec![100, 90, 90])).unwrap();
    let days = Groups { count: 366, labels };
    let means = Expression::of(array).group("time", days, Measure::Total(Total::Mean)).unwrap();
    let plan = Plan::in_portions(&means, LIMITS).unwrap();
    let portions = plan.portions(None).unwrap();
    assert!(plan.memory().peak() <= 1 << 30, "{plan}");
    assert!(portions.iter().all(|one| one.bytes <= 2 << 30), "{plan}");
    let bytes: u64 = portions.iter().map(|one| one.bytes).sum();
    assert_eq!(bytes, 40_000 * 720 * 1440 * 4);
    // Of one region, or of whole ones.
    for portion in portions {
        let of = plan.batches_of_region();
        let (first, last) = (portion.first / of, (portion.first + portion.count - 1) / of);
        assert!(first == last || portion.first % of == 0 && (portion.first + portion.count) % of == 0);
    }
}

/// A portion keeps the states of all its batches: of large ones it has few, however much it is to read.
#[test]
fn large_states_close_a_portion() {
    let plan = |bins: u32| {
        let edges = Edges::new((0..=bins).map(f64::from).collect()).unwrap();
        let counts = rain(960, 24).reduce(&["longitude"], Measure::Histogram(edges)).unwrap();
        Plan::in_portions(&counts, LIMITS).unwrap().portions(Some(u64::MAX)).unwrap()
    };
    assert_eq!(plan(1).len(), 1);
    let large = plan(200);
    assert!(large.len() > 3, "{large:?}");
    let (last, others) = large.split_last().unwrap();
    assert!(others.iter().chain([last]).all(|one| one.states < 4 * MOST_STATES), "{large:?}");
}

#[test]
fn what_is_small_is_one_portion() {
    let plan = Plan::in_portions(&counted(48, 24), LIMITS).unwrap();
    let portions = plan.portions(None).unwrap();
    assert_eq!(portions.len(), 1);
    assert_eq!(portions[0].bytes, 48 * 721 * 1440 * 4);
    let nothing = rain(48, 24).slice("time", 0, 0).unwrap().reduce(&[], Measure::Total(Total::Sum)).unwrap();
    let nothing = Plan::in_portions(&nothing, LIMITS).unwrap().portions(None).unwrap();
    assert!(nothing.iter().all(|one| one.bytes == 0));
}

#[test]
fn other_plans_have_other_digests() {
    let digest = |expression: &Expression| Plan::in_portions(expression, LIMITS).unwrap().digest();
    let more = Limits { memory: 3 << 30, threads: 1 };
    assert_eq!(digest(&counted(480, 24)), Plan::in_portions(&counted(480, 24), more).unwrap().digest());
    assert_ne!(digest(&counted(480, 24)), digest(&counted(480, 12)));
    assert_ne!(digest(&counted(480, 24)), digest(&counted(456, 24)));
}
