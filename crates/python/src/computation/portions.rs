//! What is computed of an array by several processes: planned alike in each of them, run in portions, and brought
//! together from what is known of these.

use std::fmt::Write as _;

use frazil_compute::expression::Span;
use frazil_compute::plan::{Limits, Plan, Portion};
use frazil_compute::run::{self, Order, Part};
use frazil_compute::{Cancellation, Error};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyBytesMethods, PyTuple};

use super::failures::computed;
use super::given::{Given, Known};
use super::steps::Step;
use super::{expressed, told};
use crate::attended::attended;
use crate::error::invalid;

/// A plan that is run in portions, each by one thread of some process; or what is known of one box of an array in memory.
#[pyclass(frozen, module = "frazil._native")]
pub(crate) struct Portions {
    plan: Plan,
    of: Known,
    /// The array that is beside it, if the measure takes one.
    beside: Option<Known>,
    /// The box, if there is one.
    only: Option<Vec<Span>>,
}

/// A portion: the first batch, how many, the bytes that are read and those of what is known then.
type Told = (u64, u64, u64, u64);

#[pymethods]
impl Portions {
    /// Plans what is done to an array: the array, the steps, and most bytes of memory of a portion; an array beside it with the
    /// steps of its elements; and of an array in memory the first element and how many along each dimension, of one box.
    #[new]
    #[pyo3(signature = (array, steps, memory, beside = None, only = None))]
    fn new(
        py: Python<'_>,
        array: Given,
        steps: Vec<Step>,
        memory: u64,
        beside: Option<(Given, Vec<Step>)>,
        only: Option<Vec<(u64, u64)>>,
    ) -> PyResult<Self> {
        let (of, beside, expression) = expressed(py, array, steps, beside)?;
        let limits = Limits { threads: 1, memory };
        let span = |(start, count)| Span { start, count };
        let only: Option<Vec<Span>> = only.map(|only| only.into_iter().map(span).collect());
        let plan = match &only {
            Some(only) => Plan::of_box(&expression, only, limits),
            None => Plan::in_portions(&expression, limits),
        };
        Ok(Self { plan: computed(py, plan)?, of, beside, only })
    }

    /// What it is cut into: each reads so many bytes at least, if there are as many; as many as usual where it is not said.
    #[pyo3(signature = (least = None))]
    fn portions(&self, py: Python<'_>, least: Option<u64>) -> PyResult<Vec<Told>> {
        let portions = computed(py, self.plan.portions(least))?;
        Ok(portions.into_iter().map(|one| (one.first, one.count, one.bytes, one.states)).collect())
    }

    /// Of each of some portions the bytes that are read from where they are stored: by the number of each variable, of those
    /// that follow each other, and behind them of those beside.
    fn read_of(&self, py: Python<'_>, portions: Vec<(u64, u64)>) -> PyResult<Vec<Vec<(usize, u64)>>> {
        let boxes = || portions.iter().map(|(first, count)| self.plan.boxes(portion(*first, *count)));
        let mut read = self.of.read_of(py, boxes())?;
        if let Some(beside) = &self.beside {
            let behind = self.of.count();
            for (own, others) in read.iter_mut().zip(beside.read_of(py, boxes())?) {
                own.extend(others.into_iter().map(|(number, bytes)| (behind + number, bytes)));
            }
        }
        Ok(read.into_iter().map(|one| one.into_iter().collect()).collect())
    }

    /// What each of variables that follow each other is, for those who read others of them; nothing of anything else.
    fn told<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        Ok(self.of.told(py)?.iter().map(|told| PyBytes::new(py, told)).collect())
    }

    /// What is computed and how it is cut: another text for another plan.
    #[getter]
    fn identity(&self) -> String {
        self.plan.digest().iter().fold(String::new(), |mut text, byte| {
            // Nothing goes wrong where a text grows.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// The dimensions of the result that the array has too, with their lengths.
    #[getter]
    fn dims(&self) -> Vec<(String, u64)> {
        self.plan.expression().dimensions().into_iter().map(|one| (one.name, one.length)).collect()
    }

    /// What is read and what each portion takes.
    fn explain(&self) -> String {
        self.plan.to_string()
    }

    /// Runs a portion over what is stored, on one thread: what is known then, as bytes.
    fn run<'py>(&self, py: Python<'py>, first: u64, count: u64) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let (plan, cancellation, portion) = (&self.plan, Cancellation::new(), portion(first, count));
        let parts = self.of.with(py, None, &cancellation, &|source| match &self.beside {
            None => attended(py, &cancellation, |watch| run::run_portion(plan, source, None, portion, watch)),
            Some(known) => known.with(py, None, &cancellation, &|beside| {
                attended(py, &cancellation, |watch| {
                    run::run_portion(plan, source, Some(beside), portion, watch)
                })
            }),
        })?;
        bytes(py, computed(py, parts)?)
    }

    /// What is known of the box, which is one of so many of its region: of its values, and of those beside them.
    #[pyo3(signature = (values, beside, number, of))]
    fn run_box<'py>(
        &self,
        py: Python<'py>,
        values: &Bound<'py, PyAny>,
        beside: Option<&Bound<'py, PyAny>>,
        number: u64,
        of: u64,
    ) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let (plan, cancellation) = (&self.plan, Cancellation::new());
        let Some(only) = &self.only else {
            return Err(invalid(py, "it was planned for all of an array", "run its portions"));
        };
        let part = self.of.with_box(py, values, only, &|source| match (&self.beside, beside) {
            (Some(known), Some(beside)) => known.with_box(py, beside, only, &|beside| {
                attended(py, &cancellation, |watch| {
                    Part::of_box(plan, source, Some(beside), (number, of), watch)
                })
            }),
            _ => attended(py, &cancellation, |watch| Part::of_box(plan, source, None, (number, of), watch)),
        })?;
        bytes(py, vec![computed(py, part)?])
    }

    /// The result from what is known of all portions or boxes, in their order.
    fn finish<'py>(&self, py: Python<'py>, parts: Vec<Bound<'py, PyBytes>>) -> PyResult<Bound<'py, PyTuple>> {
        let parts: Vec<&[u8]> = parts.iter().map(PyBytesMethods::as_bytes).collect();
        let (expression, digest) = (self.plan.expression(), self.plan.digest());
        let order = order(self.only.is_some());
        let again = || parts.iter().map(|part| Part::from_bytes(part));
        let output = py.detach(|| run::finish(expression, &digest, again(), order));
        told(py, computed(py, output)?)
    }

    /// What is known of portions that follow each other, merged as far as that may be done in this order; of boxes all of
    /// it.
    #[staticmethod]
    fn merge<'py>(
        py: Python<'py>,
        parts: Vec<Bound<'py, PyBytes>>,
        are_boxes: bool,
    ) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let parts: Vec<&[u8]> = parts.iter().map(PyBytesMethods::as_bytes).collect();
        let again = || parts.iter().map(|part| Part::from_bytes(part));
        let merged = py.detach(|| run::merge(again(), order(are_boxes)));
        bytes(py, computed(py, merged)?)
    }
}

fn order(are_boxes: bool) -> Order {
    if are_boxes { Order::Any } else { Order::AsHere }
}

fn portion(first: u64, count: u64) -> Portion {
    Portion { first, count, bytes: 0, states: 0 }
}

fn bytes(py: Python<'_>, parts: Vec<Part>) -> PyResult<Vec<Bound<'_, PyBytes>>> {
    let told = py.detach(|| parts.iter().map(Part::to_bytes).collect::<Result<Vec<_>, Error>>());
    Ok(computed(py, told)?.iter().map(|part| PyBytes::new(py, part)).collect())
}
