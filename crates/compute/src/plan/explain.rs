//! A plan in words.

use std::fmt;

use super::{Pieces, Plan};
use crate::expression::Array;
use crate::kernels::{Folding, Missing};
use crate::state::Measure;

/// What is read, how it is cut, and what it takes, a line each.
impl fmt::Display for Plan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let array = self.expression.array();
        let part = self.expression.part();
        let names: Vec<_> = array
            .dimensions()
            .iter()
            .zip(part)
            .map(|(one, span)| format!("{} {}:{}", one.name, span.start, span.end()))
            .collect();
        let size = array.element().size() as u64;
        let bytes = part.iter().map(|span| span.count).fold(size, u64::saturating_mul);
        writeln!(
            out,
            "read    {}[{}] of {}: {}",
            array.name(),
            names.join(", "),
            array.element(),
            Bytes(bytes)
        )?;
        match array.chunks() {
            Some(chunks) if array.is_uneven() => {
                writeln!(out, "chunks  of at most {}, each read {}", Lengths(chunks), self.how_often())?;
            }
            Some(chunks) => {
                let touched =
                    part.iter().zip(chunks).map(|(span, chunk)| Pieces::new(*span, *chunk, 0).count());
                let touched = touched.fold(1, u64::saturating_mul);
                writeln!(out, "chunks  {touched} of {}, each read {}", Lengths(chunks), self.how_often())?;
            }
            None => writeln!(out, "chunks  none: the array is in memory")?,
        }
        let steps: Vec<_> = self.expression.steps().iter().map(ToString::to_string).collect();
        if !steps.is_empty() {
            writeln!(out, "each    {}", steps.join("; "))?;
        }
        for (name, told) in self.stages() {
            writeln!(out, "{name:<7} {told}")?;
        }
        let result: Vec<_> = self
            .expression
            .dimensions()
            .iter()
            .map(|dimension| format!("{} {}", dimension.name, dimension.length))
            .collect();
        writeln!(
            out,
            "result  {} of ({}): {}",
            self.measure().map_or("elements", Measure::name),
            result.join(", "),
            Bytes(self.size())
        )?;
        let region: Vec<u64> = self.regions.iter().map(Pieces::longest).collect();
        writeln!(out, "regions {} of at most {}", self.regions_count(), Lengths(&region))?;
        match self.runs {
            Some((axis, runs)) => writeln!(
                out,
                "runs    {} in each region: at most {} along {}",
                runs.count(),
                runs.longest(),
                array.dimensions()[axis].name
            )?,
            None => writeln!(out, "runs    1 in each region")?,
        }
        let block: Vec<u64> =
            self.block.iter().zip(&region).map(|(block, region)| *block.min(region)).collect();
        let bytes = |lengths: &[u64]| Bytes(lengths.iter().copied().fold(size, u64::saturating_mul));
        let at_once = self.strip.as_ref().map(|strip| format!(", decoded {} at a time", bytes(strip)));
        writeln!(out, "blocks  of {}: {}{}", Lengths(&block), bytes(&block), at_once.unwrap_or_default())?;
        let memory = &self.memory;
        write!(
            out,
            "memory  {} at most: {} threads with {} blocks of {} and {} to work in, {} states of {}, {} the result",
            Bytes(memory.peak()),
            memory.threads,
            memory.ahead.saturating_add(1),
            Bytes(memory.of_block()),
            Bytes(memory.of_work()),
            memory.states,
            Bytes(memory.state),
            if self.measure().is_some() && !memory.is_elsewhere { "and" } else { "besides" }
        )?;
        match memory.means {
            0 => Ok(()),
            means => write!(out, ", with the means of groups: {}", Bytes(means)),
        }
    }
}

impl Plan {
    /// How often a chunk is read.
    pub(super) fn how_often(&self) -> String {
        let is_cut = self.expression.moving().is_some_and(|moving| {
            self.regions[moving.axis].count() > 1
                || self.runs.is_some_and(|(axis, runs)| axis == moving.axis && runs.count() > 1)
        });
        let often = if self.before.is_some() { "twice" } else { "once" };
        let more = [
            (self.expression.array().is_uneven(), ", and again where it lies in two blocks"),
            (is_cut, ", and again where windows begin in the run before"),
        ];
        more.into_iter().filter(|(is_so, _)| *is_so).fold(often.to_owned(), |told, (_, more)| told + more)
    }

    /// Whether blocks are whole chunks of what is beside.
    fn is_beside_whole(&self, beside: &Array) -> bool {
        let own = self.expression.array().chunks().filter(|_| !beside.is_uneven());
        match (own, beside.chunks()) {
            (Some(own), Some(beside)) => {
                own.iter().zip(beside).all(|(own, beside)| own.is_multiple_of(*beside))
            }
            (_, chunks) => chunks.is_none(),
        }
    }

    /// What elements go through before they are reduced: a word for each, and what is told of it.
    pub(super) fn stages(&self) -> Vec<(&'static str, String)> {
        let names = self.expression.array().dimensions();
        let beside = self.expression.companion().map(|beside| {
            let array = beside.array();
            let often =
                if self.is_beside_whole(array) { "" } else { ", and each chunk for all in which it lies" };
            format!("{} of {}, by the same blocks{often}", array.name(), array.element())
        });
        let coarsening = self.expression.coarsening().map(|coarsening| {
            let (name, Folding { fold, missing }) = (&names[coarsening.axis].name, coarsening.folding);
            let how = match missing {
                Missing::LeftOut => "missing ones are left out",
                Missing::Kept => "missing where one is",
            };
            format!("{fold} of {} along {name}, {how}", coarsening.window)
        });
        let anomaly = self.expression.anomalies().map(|anomaly| {
            let (name, count) = (&names[anomaly.axis].name, anomaly.groups.count);
            let how = match &self.before {
                Some(before) => format!("by a pass before that takes {}", Bytes(before.memory.peak())),
                None => format!("of runs that are held: {} each", Bytes(self.memory.held)),
            };
            format!("{count} groups along {name}, {how}")
        });
        let windows = self.expression.moving().map(|moving| {
            let (name, window) = (&names[moving.axis].name, moving.window);
            let middle = if window.is_centred() { ", its element in the middle" } else { "" };
            let (what, length, least) = (moving.what, window.length(), window.least());
            format!("rolling {what} of {length} along {name}{middle}; at least {least} values")
        });
        let stages = [("beside", beside), ("coarsen", coarsening), ("means", anomaly), ("windows", windows)];
        stages.into_iter().filter_map(|(name, told)| Some((name, told?))).collect()
    }

    /// Bytes of the result.
    pub(super) fn size(&self) -> u64 {
        let size = self.expression.element().size() as u64;
        match self.measure() {
            Some(_) => self.memory.result,
            None => self.expression.dimensions().iter().map(|one| one.length).fold(size, u64::saturating_mul),
        }
    }
}

/// Lengths along axes.
pub(super) struct Lengths<'a>(pub(super) &'a [u64]);

impl fmt::Display for Lengths<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (axis, length) in self.0.iter().enumerate() {
            write!(out, "{}{length}", if axis == 0 { "" } else { " x " })?;
        }
        Ok(())
    }
}

/// Bytes in the largest decimal unit of which there is one.
pub(super) struct Bytes(pub(super) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("TB", 12), ("GB", 9), ("MB", 6), ("kB", 3)];
        for (unit, power) in units {
            let one = 10_u64.pow(power);
            if self.0 >= one {
                let tenths = self.0 / (one / 10);
                return write!(out, "{}.{} {unit}", tenths / 10, tenths % 10);
            }
        }
        write!(out, "{} B", self.0)
    }
}
