//! Arrays in memory that are reduced as they lie: in strips of the axis that the result keeps, so narrow that what is known
//! of a strip stays near a core while all that goes into it comes by.

use super::{Limits, Pieces, Plan, READ_PER_STATE, Runs, Shape, Sizes, memory};
use crate::error::{Error, Result};
use crate::expression::{Expression, Span};
use crate::state::{Axis, Measure};

impl Plan {
    /// The plan of a reduction of what lies in memory, where nothing happens to values before, what is known of all of it
    /// is too much to stay near a core, and what lies together is worth going to; none for anything else.
    pub(super) fn direct(expression: &Expression, limits: Limits, sizes: Sizes) -> Result<Option<Self>> {
        let Some(strips) = Strips::of(expression, sizes)? else { return Ok(None) };
        let Strips { axis, mut regions, runs } = strips;
        let mut block: Vec<u64> = regions.iter().map(Pieces::longest).collect();
        if let Some((along, runs)) = runs {
            block[along] = runs.longest();
        }
        let shape =
            Shape { expression, measure: expression.measure(), block: &block, solid: axis, writing: None };
        let passes = memory::Passes { is_held: false, before: None, is_batched: false, is_elsewhere: false };
        let memory = loop {
            match memory::of(&shape, &regions, runs, passes, limits) {
                Err(Error::Memory { .. }) if shape.narrower(&mut regions, axis) => {}
                told => break told?,
            }
        };
        let unit = vec![1; block.len()];
        let expression = expression.clone();
        Ok(Some(Self {
            expression,
            regions,
            runs,
            block,
            strip: None,
            unit,
            batch: u64::MAX,
            stretches: None,
            stretch_batch: u64::MAX,
            only: None,
            before: None,
            direct: Some(axis),
            memory,
        }))
    }
}

impl Shape<'_> {
    /// Cuts regions further along the axis of strips, or along the next one that the result keeps; whether that can be.
    fn narrower(&self, regions: &mut [Pieces], axis: usize) -> bool {
        (axis..regions.len())
            .take_while(|axis| self.axes().get(*axis) == Some(&Axis::Kept))
            .any(|axis| self.halve(regions, axis, (1, 0)))
    }
}

/// How an array in memory is cut.
struct Strips {
    /// Axes from this one on lie together.
    axis: usize,
    regions: Vec<Pieces>,
    runs: Runs,
}

impl Strips {
    fn of(expression: &Expression, sizes: Sizes) -> Result<Option<Self>> {
        let Some((reduction, measure)) = expression.reduction().zip(expression.measure()) else {
            return Ok(None);
        };
        let part = expression.part();
        let is_kept = |axis: usize| reduction.axes.get(axis) == Some(&Axis::Kept);
        let Some(first) = (0..part.len()).find(|axis| is_kept(*axis)) else { return Ok(None) };
        // Pieces are as far from each other where one axis before them is cut, and the others are whole or one place.
        let is_whole =
            part.iter().zip(expression.array().shape()).skip(1).all(|(span, all)| span.count == all);
        if first == 0 || !is_whole || !is_plain(expression, measure) {
            return Ok(None);
        }
        let shape = Shape { expression, measure: Some(measure), block: &[], solid: 0, writing: None };
        let mut regions: Vec<Pieces> = part.iter().copied().map(Pieces::whole).collect();
        let (mut axis, mut state) = (first, shape.state(part)?);
        if state <= sizes.near {
            return Ok(None);
        }
        let size = expression.array().element().size() as u64;
        let behind =
            |axis: usize| part[axis + 1..].iter().map(|span| span.count).fold(size, u64::saturating_mul);
        loop {
            let length = part[axis].count;
            let near = u128::from(length) * u128::from(sizes.near) / u128::from(state.max(1));
            let is_last = near > 0 || !is_kept(axis + 1);
            let worth = if is_last { sizes.strip.div_ceil(behind(axis).max(1)) } else { 1 };
            let many = u64::try_from(near).unwrap_or(length).max(worth).clamp(1, length.max(1));
            regions[axis] = Pieces::new(part[axis], many, part[axis].start);
            if is_last {
                break;
            }
            axis += 1;
            state = state.div_ceil(length.max(1));
        }
        if regions[axis].longest().saturating_mul(behind(axis)) < sizes.strip {
            return Ok(None);
        }
        let longest = longest(&regions, part);
        let others = longest[1..].iter().map(|span| span.count).fold(size, u64::saturating_mul);
        let bytes = sizes.run.max(shape.state(&longest)?.saturating_mul(READ_PER_STATE));
        let runs = Pieces::new(part[0], bytes.div_ceil(others.max(1)), part[0].start);
        Ok(Some(Self { axis, regions, runs: Some((0, runs)) }))
    }
}

/// Whether nothing happens to values before they are reduced, and the measure takes them by rows.
fn is_plain(expression: &Expression, measure: &Measure) -> bool {
    let array = expression.array();
    let is_stored = array.chunks().is_none() && array.packing().is_none() && expression.steps().is_empty();
    let is_first = expression.coarsening().is_none()
        && expression.anomalies().is_none()
        && expression.moving().is_none()
        && expression.companion().is_none();
    is_stored && is_first && !matches!(measure, Measure::WeightedMean(_))
}

/// The largest region.
fn longest(regions: &[Pieces], part: &[Span]) -> Vec<Span> {
    let along = regions.iter().zip(part);
    along.map(|(region, span)| Span { start: span.start, count: region.longest() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::ElementType;
    use crate::expression::{Array, Map};
    use crate::state::{Groups, Total};

    const MEAN: Measure = Measure::Total(Total::Mean);

    fn planned(expression: &Expression) -> Plan {
        Plan::new(expression, Limits { threads: 2, memory: 1 << 30 }).unwrap()
    }

    fn monthly(dimensions: &[(&str, u64)]) -> Expression {
        let array = Array::new("t", dimensions, ElementType::F32, None).unwrap();
        let labels = (0..dimensions[0].1).map(|month| u32::try_from(month % 12).unwrap()).collect();
        Expression::of(array).group("time", Groups { count: 12, labels }, MEAN).unwrap()
    }

    /// The climatology of 2 GB by months.
    #[test]
    fn what_is_known_of_a_strip_stays_near_a_core() {
        let plan = planned(&monthly(&[("time", 1920), ("y", 360), ("x", 720)]));
        assert_eq!(plan.direct, Some(1));
        assert!(plan.memory.state <= Sizes::default().near, "{plan}");
        assert!(plan.block[1] * plan.block[2] * 4 >= Sizes::default().strip, "{plan}");
        assert!(plan.runs() >= 50 && plan.memory.block == 0, "{plan}");
        let total: u64 = (0..plan.runs())
            .flat_map(|run| plan.blocks(run))
            .map(|block| block.iter().map(|span| span.count).product::<u64>())
            .sum();
        assert_eq!(total, 1920 * 360 * 720);
    }

    #[test]
    fn long_strips_are_cut_along_the_next_axis() {
        let plan = planned(&monthly(&[("time", 100), ("level", 4), ("y", 1000), ("x", 1000)]));
        assert_eq!(plan.direct, Some(2), "{plan}");
        assert_eq!(plan.block[1], 1);
        assert!(plan.memory.state <= Sizes::default().near, "{plan}");
    }

    #[test]
    fn anything_else_is_brought_together_first() {
        let lengths = [("time", 1920), ("y", 360), ("x", 720)];
        let all = || Expression::of(Array::new("t", &lengths, ElementType::F32, None).unwrap());
        for expression in [
            all().map(Map::Square).unwrap().reduce(&["time"], MEAN),
            all().coarsen_sum("time", 2).unwrap().reduce(&["time"], MEAN),
            all().slice("x", 1, 700).unwrap().reduce(&["time"], MEAN),
            all().reduce(&["x"], MEAN),
            all().reduce(&["time", "y"], MEAN),
            all().reduce(&[], MEAN),
        ] {
            assert_eq!(planned(&expression.unwrap()).direct, None);
        }
        // What is known of 9000 groups of one place is much, and the place is little.
        let array = Array::new("t", &[("time", 90_000), ("x", 1)], ElementType::F32, None).unwrap();
        let groups = Groups { count: 90_000, labels: (0..90_000).collect() };
        let expression = Expression::of(array).group("time", groups, MEAN).unwrap();
        assert_eq!(planned(&expression).direct, None);
    }
}
