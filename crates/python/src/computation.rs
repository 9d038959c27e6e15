//! What is computed of arrays that lie in memory or where they are stored: planned, told, run.

use std::sync::Arc;

use frazil_compute::Error;
use frazil_compute::block::{Element, ElementType};
use frazil_compute::expression::{Array, Expression};
use frazil_compute::kernels::{self, Rolling, Window};
use frazil_compute::plan::{Limits, Plan};
use frazil_compute::run::{Watch, run, run_into};
use frazil_compute::sink::Buffer;
use frazil_compute::source::{Memory, Source as Values, Stored};
use frazil_compute::state::{
    Edges, Extreme, Groups, Measure, Numbers, Output, Share, Spread, Total, Weights,
};
use numpy::{IntoPyArray, PyReadonlyArrayDyn, PyReadwriteArrayDyn};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::attended::attended;
use crate::error::invalid;
use crate::runtime::wait;
use crate::source::Source;

/// What is computed of an array, planned: what it takes is known, and nothing is read yet.
#[pyclass(frozen, module = "frazil._native")]
pub(crate) struct Computation {
    plan: Plan,
    /// Where values are stored; else they are given to the run.
    stored: Option<Variable>,
    /// Bytes of a copy of the values that is made before the run, because they do not lie as they have to.
    copied: u64,
}

/// A variable of a file or store.
struct Variable {
    source: Py<Source>,
    path: String,
    values: Stored,
}

/// Most bytes of memory and most threads of a call; as usual where it is not said.
type Most = (Option<u64>, Option<usize>);

/// What is done, one after the other, as Python says it.
#[derive(FromPyObject)]
enum Step {
    /// A dimension, the first element and how many.
    Slice(String, u64, u64),
    /// A measure, and along which dimensions.
    Reduce(Measured, Vec<String>),
    /// Windows that move: the `sum`, `mean`, `min`, `max` or `std` of each, the last with so many degrees of freedom taken
    /// from the count; a dimension; and of a window its elements, how many numbers have to be there, and whether its own
    /// element is in its middle.
    Roll((String, u64), String, (usize, usize, bool)),
    /// What values differ by from the mean of their group: a dimension, how many groups it has, and the group of each
    /// element.
    Differ(String, u32, Vec<u32>),
    /// A measure, a dimension, how many groups it has, and the group of each element.
    Group(Measured, String, u32, Vec<u32>),
    /// So many elements along a dimension added up.
    Coarsen(String, u64),
}

impl Step {
    fn applied(self, py: Python<'_>, to: Expression) -> PyResult<Expression> {
        let done = match self {
            Self::Slice(dimension, start, count) => to.slice(&dimension, start, count),
            Self::Reduce(measure, dimensions) => {
                let dimensions: Vec<&str> = dimensions.iter().map(String::as_str).collect();
                let measure = measure.measure(py, &to)?;
                to.reduce(&dimensions, measure)
            }
            Self::Group(measure, dimension, count, labels) => {
                let measure = measure.measure(py, &to)?;
                to.group(&dimension, Groups { count, labels }, measure)
            }
            Self::Coarsen(dimension, window) => to.coarsen_sum(&dimension, window),
            Self::Differ(dimension, count, labels) => to.anomaly(&dimension, Groups { count, labels }),
            Self::Roll((what, freedom), dimension, (length, least, is_centred)) => {
                let what = rolling(py, &what, freedom)?;
                let window = computed(py, Window::new(length))?.with_least(least);
                to.rolling(&dimension, if is_centred { window.centred() } else { window }, what)
            }
        };
        computed(py, done)
    }
}

/// What is wanted of windows, by its name.
fn rolling(py: Python<'_>, name: &str, freedom: u64) -> PyResult<Rolling> {
    Ok(match name {
        "sum" => Rolling::Sum,
        "mean" => Rolling::Mean,
        "min" => Rolling::Least,
        "max" => Rolling::Largest,
        "std" => Rolling::Deviation(freedom),
        other => {
            let advice = "say `sum`, `mean`, `min`, `max` or `std`";
            return Err(invalid(py, format!("windows have no `{other}`"), advice));
        }
    })
}

/// What is reduced to a cell, as Python says it.
#[derive(FromPyObject)]
enum Measured {
    /// By its name alone.
    Named(String),
    /// How far values spread, with degrees of freedom taken from their count.
    Spread(String, u64),
    /// By its name, with numbers: a share, or edges.
    With(String, Vec<f64>),
    /// A mean: a dimension, and the weight of each element along it.
    Weighted(String, Vec<f64>, String),
}

impl Measured {
    fn measure(self, py: Python<'_>, of: &Expression) -> PyResult<Measure> {
        let (name, numbers) = match self {
            Self::Weighted(name, weights, dimension) if name == "mean" => {
                let axis = of.array().dimensions().iter().position(|one| one.name == dimension);
                let axis = axis.ok_or_else(|| {
                    let what = format!("`{}` has no dimension `{dimension}`", of.array().name());
                    invalid(py, what, "give weights along one of its dimensions")
                })?;
                return computed(py, Weights::new(axis, weights)).map(Measure::WeightedMean);
            }
            Self::Spread(name, freedom) if name == "var" => {
                return Ok(Measure::Spread(Spread::Variance(freedom)));
            }
            Self::Spread(name, freedom) if name == "std" => {
                return Ok(Measure::Spread(Spread::Deviation(freedom)));
            }
            Self::Named(name) | Self::Spread(name, _) => (name, Vec::new()),
            Self::With(name, numbers) | Self::Weighted(name, numbers, _) => (name, numbers),
        };
        Ok(match (name.as_str(), numbers.as_slice()) {
            ("sum", []) => Measure::Total(Total::Sum),
            ("mean", []) => Measure::Total(Total::Mean),
            ("count", []) => Measure::Total(Total::Count),
            ("min", []) => Measure::Extreme(Extreme::Least),
            ("max", []) => Measure::Extreme(Extreme::Largest),
            ("histogram", _) => Measure::Histogram(computed(py, Edges::new(numbers))?),
            ("quantile", [share]) => Measure::Quantile(computed(py, Share::new(*share))?),
            _ => {
                let what = format!("there is no measure `{name}` of {} numbers", numbers.len());
                return Err(invalid(
                    py,
                    what,
                    "say `sum`, `mean`, `count`, `min`, `max`, `histogram` or `quantile`",
                ));
            }
        })
    }
}

/// numpy's name of a type as one of elements.
fn element(py: Python<'_>, name: &str) -> PyResult<ElementType> {
    Ok(match name {
        "i1" => ElementType::I8,
        "i2" => ElementType::I16,
        "i4" => ElementType::I32,
        "i8" => ElementType::I64,
        "u1" => ElementType::U8,
        "u2" => ElementType::U16,
        "u4" => ElementType::U32,
        "u8" => ElementType::U64,
        "f4" => ElementType::F32,
        "f8" => ElementType::F64,
        other => {
            return Err(invalid(py, format!("`{other}` is no type of numbers here"), "convert the array"));
        }
    })
}

#[pymethods]
impl Computation {
    /// Plans what is done to an array in memory: its name, its dimensions with their lengths, numpy's name of its type, the
    /// steps, most bytes of memory and most threads, and the bytes of a copy of it that is made before the run.
    #[new]
    #[pyo3(signature = (name, dimensions, dtype, steps, limits, copied = 0))]
    fn new(
        py: Python<'_>,
        name: &str,
        dimensions: Vec<(String, u64)>,
        dtype: &str,
        steps: Vec<Step>,
        limits: Most,
        copied: u64,
    ) -> PyResult<Self> {
        let named: Vec<(&str, u64)> =
            dimensions.iter().map(|(name, length)| (name.as_str(), *length)).collect();
        let array = computed(py, Array::new(name, &named, element(py, dtype)?, None))?;
        let plan = planned(py, array, steps, limits, copied)?;
        Ok(Self { plan, stored: None, copied })
    }

    /// Plans what is done to a variable of a file or store, by its path: under which name, under which name each of its
    /// dimensions, which part of it as the first element and how many, whether its numbers are unpacked, the steps, most bytes
    /// of memory and most threads.
    #[staticmethod]
    fn stored(
        source: Bound<'_, Source>,
        path: String,
        name: &str,
        along: Vec<(String, u64, u64)>,
        is_unpacked: bool,
        steps: Vec<Step>,
        limits: Most,
    ) -> PyResult<Self> {
        let py = source.py();
        let opened = source.get().opened(py)?;
        let found = wait(py, || Stored::open(Arc::clone(opened.dataset()), &path), |_| Ok(()))?;
        let found = computed(py, found)?;
        let array = computed(py, named(found.array(), name, &along, is_unpacked))?;
        let parts = along.into_iter().map(|(name, start, count)| Step::Slice(name, start, count));
        let steps = parts.chain(steps).collect();
        let plan = planned(py, array.clone(), steps, limits, 0)?;
        let values = computed(py, found.described(array))?;
        Ok(Self { plan, stored: Some(Variable { source: source.unbind(), path, values }), copied: 0 })
    }

    /// What an element of a variable is, as numpy names it, unpacked or as it is stored; none where it is no number.
    #[staticmethod]
    fn element_of(source: Bound<'_, Source>, path: &str, is_unpacked: bool) -> PyResult<Option<String>> {
        let py = source.py();
        let opened = source.get().opened(py)?;
        match wait(py, || Stored::open(Arc::clone(opened.dataset()), path), |_| Ok(()))? {
            Err(Error::Invalid { .. }) => Ok(None),
            Ok(found) if is_unpacked => Ok(Some(Expression::of(found.array().clone()).element().to_string())),
            found => Ok(Some(computed(py, found)?.array().element().to_string())),
        }
    }

    /// The dimensions of the result that the array has too, with their lengths.
    #[getter]
    fn dims(&self) -> Vec<(String, u64)> {
        self.plan.expression().dimensions().into_iter().map(|one| (one.name, one.length)).collect()
    }

    /// What an element is before it is reduced, as numpy names it.
    #[getter]
    fn dtype(&self) -> String {
        self.plan.expression().element().to_string()
    }

    /// Bytes of memory that it takes at most, without a copy of the array.
    #[getter]
    fn peak(&self) -> u64 {
        self.plan.memory().peak()
    }

    /// What is read and what it takes, without what it is copied for.
    fn explain(&self) -> String {
        self.plan.to_string()
    }

    /// The same as a picture: SVG.
    fn picture(&self) -> String {
        let picture = self.plan.picture();
        let copied = (self.copied > 0).then(|| picture.clone().part("a copy of the array", self.copied));
        copied.unwrap_or(picture).to_string()
    }

    /// Runs it over what is stored, or over the array's values, which lie in one piece: the numbers, their shape, and how many
    /// values are in no result because they are missing, too small or too large.
    #[pyo3(signature = (values = None))]
    fn run<'py>(&self, py: Python<'py>, values: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyTuple>> {
        let output = self.over(py, values, &Reducing)?;
        let numbers = match output.values {
            Numbers::F64(numbers) => numbers.into_pyarray(py).into_any(),
            Numbers::U64(numbers) => numbers.into_pyarray(py).into_any(),
        };
        let out = output.left_out;
        (numbers, PyTuple::new(py, output.shape)?, (out.missing, out.below, out.above)).into_pyobject(py)
    }

    /// Runs what reduces nothing, over what is stored or over the array's values, into memory of the result's shape and type
    /// that lies in one piece.
    #[pyo3(signature = (out, values = None))]
    fn run_into(
        &self,
        py: Python<'_>,
        out: &Bound<'_, PyAny>,
        values: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        match self.plan.expression().element() {
            ElementType::F32 => self.fill::<f32>(py, out, values),
            ElementType::F64 => self.fill::<f64>(py, out, values),
            other => {
                let advice = "ask for anomalies or windows";
                Err(invalid(py, format!("nothing is done to elements of {other}"), advice))
            }
        }
    }
}

/// What is done with a plan and where its values come from.
trait Work: Sync {
    type Done: Send;

    fn over(&self, plan: &Plan, source: &dyn Values, watch: &Watch) -> Result<Self::Done, Error>;
}

/// Reduces to what is given back.
struct Reducing;

impl Work for Reducing {
    type Done = Output;

    fn over(&self, plan: &Plan, source: &dyn Values, watch: &Watch) -> Result<Output, Error> {
        run(plan, source, watch)
    }
}

impl Work for Buffer<'_> {
    type Done = ();

    fn over(&self, plan: &Plan, source: &dyn Values, watch: &Watch) -> Result<(), Error> {
        run_into(plan, source, self, watch)
    }
}

impl Computation {
    fn fill<T: Element + numpy::Element>(
        &self,
        py: Python<'_>,
        out: &Bound<'_, PyAny>,
        values: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let mut result: PyReadwriteArrayDyn<'_, T> = out.extract()?;
        let shape: Vec<u64> = self.plan.expression().dimensions().iter().map(|one| one.length).collect();
        let buffer = computed(py, Buffer::new(&shape, result.as_slice_mut()?))?;
        self.over(py, values, &buffer)
    }

    fn over<W: Work>(
        &self,
        py: Python<'_>,
        values: Option<&Bound<'_, PyAny>>,
        work: &W,
    ) -> PyResult<W::Done> {
        match (&self.stored, values) {
            (Some(variable), _) => self.over_stored(py, variable, work),
            (None, Some(values)) => self.over_any(values, work),
            (None, None) => Err(invalid(py, "there are no values to run over", "give the array's values")),
        }
    }

    fn over_stored<W: Work>(&self, py: Python<'_>, variable: &Variable, work: &W) -> PyResult<W::Done> {
        let part = self.plan.expression().part();
        let extents = part.iter().map(|span| (span.start, span.count, 1)).collect();
        variable.source.get().warn_of_costs(py, &variable.path, Some(extents))?;
        let done = attended(py, |watch| work.over(&self.plan, &variable.values, watch))?;
        computed(py, done)
    }

    fn over_any<W: Work>(&self, values: &Bound<'_, PyAny>, work: &W) -> PyResult<W::Done> {
        match self.plan.expression().array().element() {
            ElementType::I8 => self.over_all::<i8, W>(values, work),
            ElementType::I16 => self.over_all::<i16, W>(values, work),
            ElementType::I32 => self.over_all::<i32, W>(values, work),
            ElementType::I64 => self.over_all::<i64, W>(values, work),
            ElementType::U8 => self.over_all::<u8, W>(values, work),
            ElementType::U16 => self.over_all::<u16, W>(values, work),
            ElementType::U32 => self.over_all::<u32, W>(values, work),
            ElementType::U64 => self.over_all::<u64, W>(values, work),
            ElementType::F32 => self.over_all::<f32, W>(values, work),
            ElementType::F64 => self.over_all::<f64, W>(values, work),
        }
    }

    fn over_all<T: Element + numpy::Element, W: Work>(
        &self,
        values: &Bound<'_, PyAny>,
        work: &W,
    ) -> PyResult<W::Done> {
        let py = values.py();
        let array = self.plan.expression().array();
        let borrowed: PyReadonlyArrayDyn<'_, T> = values.extract()?;
        let slice = borrowed.as_slice()?;
        let shape = array.dimensions().iter().map(|one| (one.name.as_str(), one.length)).collect::<Vec<_>>();
        let memory = computed(py, Memory::new(array.name(), &shape, slice))?;
        let done = attended(py, |watch| work.over(&self.plan, &memory, watch))?;
        computed(py, done)
    }
}

/// The cosines of latitudes in degrees.
#[pyfunction]
pub(crate) fn area_weights(py: Python<'_>, latitudes: Vec<f64>) -> PyResult<Vec<f64>> {
    computed(py, kernels::area_weights(&latitudes))
}

/// Plans steps over an array, with what is left of the memory beside a copy of the array.
fn planned(py: Python<'_>, of: Array, steps: Vec<Step>, most: Most, copied: u64) -> PyResult<Plan> {
    let usual = Limits::default();
    let limits = Limits { threads: most.1.unwrap_or(usual.threads), memory: most.0.unwrap_or(usual.memory) };
    let mut expression = Expression::of(of);
    for step in steps {
        expression = step.applied(py, expression)?;
    }
    let left = Limits { memory: limits.memory.saturating_sub(copied), ..limits };
    let plan = Plan::new(&expression, left).map_err(|error| match error {
        Error::Memory { what, needed, .. } => {
            Error::Memory { what, needed: needed.saturating_add(copied), limit: limits.memory }
        }
        other => other,
    });
    computed(py, plan)
}

/// A stored array under other names, and as it is stored where it is not unpacked.
fn named(of: &Array, name: &str, along: &[(String, u64, u64)], is_unpacked: bool) -> Result<Array, Error> {
    let lengths = of.shape();
    let named: Vec<_> = along.iter().map(|(name, ..)| name.as_str()).zip(lengths).collect();
    let array = Array::new(name, &named, of.element(), of.chunks().map(<[u64]>::to_vec))?;
    Ok(match of.packing() {
        Some(packing) if is_unpacked => array.packed(packing.clone()),
        _ => array,
    })
}

/// A result of the compute crate as one of Python's.
fn computed<T>(py: Python<'_>, result: Result<T, Error>) -> PyResult<T> {
    result.map_err(|error| invalid(py, error.to_string(), &error.advice()))
}
