//! Reductions of arrays that lie in memory: planned, told, run.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use frazil_compute::Error;
use frazil_compute::block::{Element, ElementType};
use frazil_compute::expression::{Array, Expression};
use frazil_compute::plan::{Limits, Plan};
use frazil_compute::run::{Watch, run};
use frazil_compute::source::Memory;
use frazil_compute::state::{Edges, Extreme, Groups, Measure, Numbers, Output, Share, Spread, Total};
use numpy::{IntoPyArray, PyReadonlyArrayDyn};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::error::invalid;

/// How often is looked whether the person pressed Ctrl-C.
const PERIOD: Duration = Duration::from_millis(100);

/// A reduction that is planned: what it takes is known, and nothing is read yet.
#[pyclass(frozen, module = "frazil._native")]
pub(crate) struct Reduction {
    plan: Plan,
}

/// What is done, one after the other, as Python says it.
#[derive(FromPyObject)]
enum Step {
    /// A dimension, the first element and how many.
    Slice(String, u64, u64),
    /// A measure, and along which dimensions.
    Reduce(Measured, Vec<String>),
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
                to.reduce(&dimensions, measure.measure(py)?)
            }
            Self::Group(measure, dimension, count, labels) => {
                to.group(&dimension, Groups { count, labels }, measure.measure(py)?)
            }
            Self::Coarsen(dimension, window) => to.coarsen_sum(&dimension, window),
        };
        computed(py, done)
    }
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
}

impl Measured {
    fn measure(self, py: Python<'_>) -> PyResult<Measure> {
        let (name, numbers) = match self {
            Self::Spread(name, freedom) if name == "var" => {
                return Ok(Measure::Spread(Spread::Variance(freedom)));
            }
            Self::Spread(name, freedom) if name == "std" => {
                return Ok(Measure::Spread(Spread::Deviation(freedom)));
            }
            Self::Named(name) | Self::Spread(name, _) => (name, Vec::new()),
            Self::With(name, numbers) => (name, numbers),
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
impl Reduction {
    /// Plans what is done to an array: its name, its dimensions with their lengths, numpy's name of its type, the
    /// steps, most bytes of memory, and most threads.
    #[new]
    #[pyo3(signature = (name, dimensions, dtype, steps, memory, threads))]
    fn new(
        py: Python<'_>,
        name: &str,
        dimensions: Vec<(String, u64)>,
        dtype: &str,
        steps: Vec<Step>,
        memory: Option<u64>,
        threads: Option<usize>,
    ) -> PyResult<Self> {
        let named: Vec<(&str, u64)> =
            dimensions.iter().map(|(name, length)| (name.as_str(), *length)).collect();
        let array = computed(py, Array::new(name, &named, element(py, dtype)?, None))?;
        let mut expression = Expression::of(array);
        for step in steps {
            expression = step.applied(py, expression)?;
        }
        let usual = Limits::default();
        let limits =
            Limits { threads: threads.unwrap_or(usual.threads), memory: memory.unwrap_or(usual.memory) };
        Ok(Self { plan: computed(py, Plan::new(&expression, limits))? })
    }

    /// The dimensions of the result that the array has too, with their lengths.
    #[getter]
    fn dims(&self) -> Vec<(String, u64)> {
        self.plan.expression().dimensions().into_iter().map(|one| (one.name, one.length)).collect()
    }

    /// What is read and what it takes.
    fn explain(&self) -> String {
        self.plan.to_string()
    }

    /// Runs it over the array's values, which lie in one piece: the numbers, their shape, and how many values are in
    /// no result because they are missing, too small or too large.
    fn run<'py>(&self, py: Python<'py>, values: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyTuple>> {
        let output = match self.plan.expression().array().element() {
            ElementType::I8 => self.over::<i8>(values),
            ElementType::I16 => self.over::<i16>(values),
            ElementType::I32 => self.over::<i32>(values),
            ElementType::I64 => self.over::<i64>(values),
            ElementType::U8 => self.over::<u8>(values),
            ElementType::U16 => self.over::<u16>(values),
            ElementType::U32 => self.over::<u32>(values),
            ElementType::U64 => self.over::<u64>(values),
            ElementType::F32 => self.over::<f32>(values),
            ElementType::F64 => self.over::<f64>(values),
        }?;
        let numbers = match output.values {
            Numbers::F64(numbers) => numbers.into_pyarray(py).into_any(),
            Numbers::U64(numbers) => numbers.into_pyarray(py).into_any(),
        };
        let out = output.left_out;
        (numbers, PyTuple::new(py, output.shape)?, (out.missing, out.below, out.above)).into_pyobject(py)
    }
}

impl Reduction {
    fn over<T: Element + numpy::Element>(&self, values: &Bound<'_, PyAny>) -> PyResult<Output> {
        let py = values.py();
        let array = self.plan.expression().array();
        let borrowed: PyReadonlyArrayDyn<'_, T> = values.extract()?;
        let slice = borrowed.as_slice()?;
        let shape = array.dimensions().iter().map(|one| (one.name.as_str(), one.length)).collect::<Vec<_>>();
        let memory = computed(py, Memory::new(array.name(), &shape, slice))?;
        let output = attended(py, |watch| run(&self.plan, &memory, watch))?;
        computed(py, output)
    }
}

/// Runs something on a thread of its own, without Python's lock. Ctrl-C ends it.
fn attended<T: Send>(py: Python<'_>, work: impl FnOnce(&Watch) -> T + Send) -> PyResult<T> {
    let watch = Watch::new();
    py.detach(|| {
        thread::scope(|scope| {
            let (tell, hear) = channel();
            let watch = &watch;
            let working = scope.spawn(move || {
                let done = work(watch);
                drop(tell);
                done
            });
            let mut pressed: PyResult<()> = Ok(());
            while hear.recv_timeout(PERIOD) == Err::<(), _>(RecvTimeoutError::Timeout) {
                if pressed.is_ok() {
                    pressed = Python::attach(|py| py.check_signals().inspect_err(|_| watch.cancel()));
                }
            }
            let done = working.join();
            pressed?;
            done.map_err(|_| {
                Python::attach(|py| invalid(py, "the run ended before its time", "tell frazil's makers"))
            })
        })
    })
}

/// A result of the compute crate as one of Python's.
pub(crate) fn computed<T>(py: Python<'_>, result: Result<T, Error>) -> PyResult<T> {
    result.map_err(|error| invalid(py, error.to_string(), &error.advice()))
}
