//! What to change in a hub file so that the rest of an event or month costs what is left of the budget.

use frazil_units::Amount;

/// A pool as it went in the days that a forecast goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolCost {
    /// The pool: a key below `pools`.
    pub pool: String,
    /// What a day of it costs.
    pub per_day: Amount,
    /// How much of that nobody used.
    pub idle_per_day: Amount,
    /// What an hour of one of its nodes costs.
    pub node_hour: Amount,
    /// The most nodes it may have.
    pub max: u32,
}

/// A size as it went in those days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SizeCost {
    /// The size.
    pub size: String,
    /// What a day of all its servers costs.
    pub per_day: Amount,
    /// How many people had one.
    pub people: usize,
}

/// Something to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// The key of the hub file, with its new value where there is one.
    pub change: String,
    /// Why.
    pub because: String,
    /// What it saves a day at most; `None` where that depends on people.
    pub saves_per_day: Option<Amount>,
}

/// Hours of a day, all of which a node may run.
const DAY: i128 = 24;

/// What to change so that a day costs `room` instead of `rate`; nothing when it already does. The limits of
/// pools are such that the day cannot cost more than that, whoever logs in, as far as pools can give.
pub fn advise(rate: Amount, room: Amount, pools: &[PoolCost], sizes: &[SizeCost]) -> Vec<Advice> {
    if rate <= room {
        return Vec::new();
    }
    let excess = rate - room;
    let mut advice: Vec<_> = pools.iter().filter_map(|pool| idle(pool, excess)).collect();
    let mut largest: Vec<_> = pools.iter().filter(|pool| pool.per_day > Amount::ZERO).collect();
    largest.sort_by_key(|pool| std::cmp::Reverse(pool.per_day));
    advice.extend(largest.iter().find_map(|pool| limit(pool, excess)));
    advice.extend(sizes.iter().max_by_key(|size| size.per_day).and_then(|size| without(size, rate)));
    advice
}

/// Servers that nobody uses are stopped sooner, where that is worth a tenth of what is too much.
fn idle(pool: &PoolCost, excess: Amount) -> Option<Advice> {
    let worth = pool.idle_per_day.checked_mul(10)? >= excess;
    worth.then(|| Advice {
        change: format!("pools.{}.max, or fewer placeholders and warm nodes", pool.pool),
        because: format!("nobody used {} a day of its nodes", pool.idle_per_day.rounded(2)),
        saves_per_day: Some(pool.idle_per_day),
    })
}

/// As many nodes as may run all day for what is left to the pool.
fn limit(pool: &PoolCost, excess: Amount) -> Option<Advice> {
    let left = (pool.per_day - excess).max(Amount::ZERO);
    let node_day = pool.node_hour.checked_mul(DAY).filter(|day| *day > Amount::ZERO)?;
    let nodes = u32::try_from(left.pico() / node_day.pico()).ok()?.max(1);
    (nodes < pool.max).then(|| Advice {
        change: format!("pools.{}.max: {nodes}", pool.pool),
        because: format!(
            "it is {} now; {nodes} nodes cost at most {} a day, the pool costs {}",
            pool.max,
            node_day.checked_mul(i128::from(nodes)).unwrap_or(left).rounded(2),
            pool.per_day.rounded(2)
        ),
        saves_per_day: Some(pool.per_day - left),
    })
}

/// The size that costs most, where it is a fifth of all.
fn without(size: &SizeCost, rate: Amount) -> Option<Advice> {
    let much = size.per_day.checked_mul(5)? >= rate;
    much.then(|| Advice {
        change: format!("sizes: keep `{}` for a group, or make another one the default", size.size),
        because: format!("its servers cost {} a day, for {} people", size.per_day.rounded(2), size.people),
        saves_per_day: None,
    })
}

#[cfg(test)]
mod tests {
    use frazil_units::Amount;

    use super::{PoolCost, SizeCost, advise};

    fn usd(text: &str) -> Amount {
        Amount::from_decimal(text).unwrap()
    }

    fn user() -> PoolCost {
        PoolCost {
            pool: "user".into(),
            per_day: usd("120"),
            idle_per_day: usd("30"),
            node_hour: usd("0.5"),
            max: 40,
        }
    }

    #[test]
    fn a_pool_gets_the_nodes_that_the_rest_of_the_budget_pays_for() {
        let large = SizeCost { size: "large".into(), per_day: usd("60"), people: 4 };
        let small = SizeCost { size: "small".into(), per_day: usd("20"), people: 50 };
        let advice = advise(usd("150"), usd("100"), &[user()], &[small, large]);
        let changes: Vec<_> = advice.iter().map(|each| each.change.as_str()).collect();
        // 120 less 50 are 70 a day; a node of 0.5 an hour costs 12 a day: five of them.
        assert_eq!(changes[1], "pools.user.max: 5");
        assert!(
            changes[0].starts_with("pools.user.max, or fewer") && changes[2].contains("`large`"),
            "{changes:?}"
        );
        assert_eq!(advice[1].saves_per_day, Some(usd("50")));
    }

    #[test]
    fn within_the_budget_there_is_nothing_to_say() {
        assert_eq!(advise(usd("99"), usd("100"), &[user()], &[]), []);
        let idle = PoolCost { idle_per_day: Amount::ZERO, max: 3, ..user() };
        assert_eq!(advise(usd("150"), usd("100"), &[idle], &[]), [], "fewer than five are allowed already");
    }
}
