//! The order in which tasks are begun.

use super::Lists;

/// The tasks that `targets` need, each after those whose results it takes, so that few results are kept at a
/// time: what a task takes is made as late as can be, and of its inputs the one that needs most comes first.
/// For trees on one thread no order keeps fewer (R. Sethi and J. D. Ullman, "The generation of optimal code for
/// arithmetic expressions", J. ACM 17 (1970) 715).
///
/// Inputs have lower numbers than the tasks that take them.
pub(super) fn order(inputs: &Lists, targets: &[usize]) -> Vec<usize> {
    let visits = neediest_first(inputs);
    let mut order = Vec::new();
    let mut is_met = vec![false; inputs.ends.len()];
    // Tasks that are met, each with how many of its inputs were looked at.
    let mut open: Vec<(usize, usize)> = Vec::new();
    for &target in targets {
        let mut met = (!is_met[target]).then_some(target);
        loop {
            if let Some(task) = met.take() {
                is_met[task] = true;
                open.push((task, 0));
            }
            let Some((task, looked)) = open.last_mut() else { break };
            if let Some(&input) = visits.get(*task).get(*looked) {
                *looked += 1;
                met = (!is_met[input]).then_some(input);
            } else {
                order.push(*task);
                open.pop();
            }
        }
    }
    order
}

/// The inputs of each task, first the one with most results to keep at a time while it is made.
fn neediest_first(inputs: &Lists) -> Lists {
    let mut sorted = Lists { numbers: inputs.numbers.clone(), ends: inputs.ends.clone() };
    let mut needs: Vec<usize> = Vec::with_capacity(inputs.ends.len());
    let mut start = 0;
    for &end in &inputs.ends {
        let own = &mut sorted.numbers[start..end];
        own.sort_by_key(|&input| std::cmp::Reverse(needs[input]));
        let need = own.iter().enumerate().map(|(kept, &input)| kept + needs[input]).max();
        needs.push(need.unwrap_or(0).max(1));
        start = end;
    }
    sorted
}
