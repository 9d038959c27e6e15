//! Numbers that are unpacked strip by strip, against the same numbers that were unpacked before.

use super::*;

/// What is asked of an array: its expression.
type Asked = fn(Expression) -> Result<Expression>;

fn groups(expression: &Expression) -> Groups {
    let labels = (0..expression.length(0)).map(|time| u32::try_from(time % 3).unwrap()).collect();
    Groups { count: 2, labels }
}

/// Whole numbers by halves: their sums are the same in any order.
fn stored(count: u64) -> Vec<i16> {
    (0..count).map(|at| i16::try_from(at * 37 % 101).unwrap() - 1).collect()
}

#[test]
fn strips_become_what_all_of_it_becomes() {
    let asked: [Asked; 6] = [
        |all| all.reduce(&[], Measure::Total(Total::Sum)),
        |all| all.reduce(&["time"], Measure::Total(Total::Mean)),
        |all| all.slice("y", 3, 150)?.reduce(&["x"], Measure::Total(Total::Count)),
        |all| all.coarsen("time", 2, SUM)?.reduce(&["x"], Measure::Total(Total::Sum)),
        |all| all.coarsen("y", 4, SUM)?.reduce(&["time"], Measure::Total(Total::Sum)),
        |all| {
            let groups = groups(&all);
            all.group("time", groups, Measure::Total(Total::Mean))
        },
    ];
    for lengths in [[6, 210, 160], [2, 700, 160]] {
        let stored = stored(lengths.iter().product());
        let value = |stored: &i16| if *stored < 0 { f32::NAN } else { f32::from(*stored) * 0.5 };
        let values: Vec<f32> = stored.iter().map(value).collect();
        let dimensions: Vec<_> = NAMES.into_iter().zip(lengths).collect();
        let unpacked = Memory::new("t", &dimensions, &values).unwrap();
        for chunks in [None, Some(vec![4, lengths[1], 160])] {
            let packing = Packing { scale: 0.5, offset: 0.0, missing: vec![-1.0], is_single: true };
            let array = Array::new("t", &dimensions, ElementType::I16, chunks).unwrap().packed(packing);
            let packed = Memory::new("t", &dimensions, &stored).unwrap().described(array).unwrap();
            for (number, asked) in asked.iter().enumerate() {
                let run = |source: &Memory<'_>| {
                    let expression = asked(Expression::of(source.array().clone())).unwrap();
                    let plan = Plan::new(&expression, Limits { threads: 2, memory: 1 << 30 }).unwrap();
                    let output = run(&plan, source, &Watch::new()).unwrap();
                    (plan.memory().scratch, output.left_out, doubles(output.values))
                };
                let ((scratch, left_out, found), (_, due_left_out, due)) = (run(&packed), run(&unpacked));
                assert!(same(&found, &due) && left_out == due_left_out, "{number} of {lengths:?}");
                // All of it but where windows along another axis keep it together.
                let most = (lengths[1] * 160).max(1 << 16);
                assert!(number == 4 || scratch <= 4 * 4 * most, "{number}: {scratch}");
            }
        }
    }
}
