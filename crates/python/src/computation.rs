//! What is computed of arrays that lie in memory or where they are stored: planned, told, run.

mod failures;
mod given;
mod portions;
mod steps;
mod written;

use std::path::PathBuf;

use frazil_compute::block::{Element, ElementType};
use frazil_compute::expression::Expression;
use frazil_compute::kernels::{self, Period, Stamp, resample};
use frazil_compute::plan::{Limits, Plan};
use frazil_compute::run::{run, run_beside, run_into};
use frazil_compute::sink::{Buffer, Codec, NetCdf, Sink, Zarr};
use frazil_compute::source::Source as _;
use frazil_compute::state::{Numbers, Output};
use frazil_compute::{Cancellation, Error};
use numpy::{IntoPyArray, PyReadwriteArrayDyn};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::attended::attended;
use crate::error::invalid;
use crate::running::number;
use crate::source::Source;
use failures::computed;
use given::{Given, Known, stored};
pub(crate) use portions::Portions;
use steps::Step;
use written::{Form, Told};

/// What is computed of an array, planned: what it takes is known, and nothing is read yet.
#[pyclass(frozen, module = "frazil._native")]
pub(crate) struct Computation {
    plan: Plan,
    of: Known,
    /// The array that is beside it, if the measure takes one.
    beside: Option<Known>,
    /// What is written, if the result goes to a disk.
    form: Option<Form>,
}

/// Most bytes of memory and most threads of a call; as usual where it is not said.
type Most = (Option<i64>, Option<i64>);

#[pymethods]
impl Computation {
    /// Plans what is done to an array: the array, the steps, most bytes of memory and most threads; an array beside it with the
    /// steps of its elements; and as what the result is written, `zarr` or `netcdf`, if it goes to a disk.
    #[new]
    #[pyo3(signature = (array, steps, limits, beside = None, form = None))]
    fn new(
        py: Python<'_>,
        array: Given,
        steps: Vec<Step>,
        limits: Most,
        beside: Option<(Given, Vec<Step>)>,
        form: Option<&str>,
    ) -> PyResult<Self> {
        let (of, other, expression) = expressed(py, array, steps, beside)?;
        let copied = of.copied().saturating_add(other.as_ref().map_or(0, Known::copied));
        let (plan, form) = planned(py, &expression, limits, copied, form)?;
        Ok(Self { plan, of, beside: other, form })
    }

    /// What a variable is, unpacked or as it is stored: numpy's name of its elements, and how many are along each dimension;
    /// none where it has no numbers.
    #[staticmethod]
    fn described(
        source: Bound<'_, Source>,
        path: &str,
        is_unpacked: bool,
    ) -> PyResult<Option<(String, Vec<u64>)>> {
        let py = source.py();
        let found = match stored(py, source.get(), path)? {
            Err(Error::Invalid { .. }) => return Ok(None),
            found => computed(py, found)?,
        };
        let array = found.array();
        let element = if is_unpacked { Expression::of(array.clone()).element() } else { array.element() };
        Ok(Some((element.to_string(), array.shape())))
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

    /// What is read and what it takes, without what it is copied for.
    fn explain(&self) -> String {
        self.plan.to_string()
    }

    /// The same as a picture: SVG.
    fn picture(&self) -> String {
        let picture = self.plan.picture();
        let copied = self.copied();
        let drawn = if copied > 0 { picture.part("a copy of the array", copied) } else { picture };
        drawn.to_string()
    }

    /// Runs it over what is stored, or over the array's values, which lie in one piece, and those of the array beside it: the
    /// numbers, their shape, and how many values are in no result because they are missing, too small or too large.
    #[pyo3(signature = (values = None, beside = None))]
    fn run<'py>(
        &self,
        py: Python<'py>,
        values: Option<&Bound<'py, PyAny>>,
        beside: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let (plan, cancellation) = (&self.plan, Cancellation::new());
        let output = self.of.with(py, values, &cancellation, &|source| match &self.beside {
            None => attended(py, &cancellation, |watch| run(plan, source, watch)),
            Some(known) => known.with(py, beside, &cancellation, &|beside| {
                attended(py, &cancellation, |watch| run_beside(plan, source, beside, watch))
            }),
        })?;
        told(py, computed(py, output)?)
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

    /// Runs what reduces nothing, over what is stored or over the array's values, into a store or a file where nothing is yet:
    /// where that is, and what it says besides the values.
    #[pyo3(signature = (path, told, values = None))]
    fn write(
        &self,
        py: Python<'_>,
        path: PathBuf,
        told: Told,
        values: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let contents = told.contents(py, self.plan.expression())?;
        match &self.form {
            Some(Form::Zarr(chunk)) => {
                let zarr = computed(py, Zarr::create(path, &contents, chunk, Codec::default()))?;
                self.run_to(py, &zarr, values)?;
                computed(py, zarr.finish())
            }
            Some(Form::NetCdf) => {
                let netcdf = computed(py, NetCdf::create(path, &contents))?;
                self.run_to(py, &netcdf, values)?;
                computed(py, netcdf.finish())
            }
            None => Err(invalid(py, "it was planned for memory", "plan it as `zarr` or `netcdf`")),
        }
    }
}

impl Computation {
    fn copied(&self) -> u64 {
        self.of.copied().saturating_add(self.beside.as_ref().map_or(0, Known::copied))
    }

    fn fill<T: Element + numpy::Element>(
        &self,
        py: Python<'_>,
        out: &Bound<'_, PyAny>,
        values: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let mut result: PyReadwriteArrayDyn<'_, T> = out.extract()?;
        let shape: Vec<u64> = self.plan.expression().dimensions().iter().map(|one| one.length).collect();
        let buffer = computed(py, Buffer::new(&shape, result.as_slice_mut()?))?;
        self.run_to(py, &buffer, values)
    }

    fn run_to(&self, py: Python<'_>, sink: &dyn Sink, values: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let (plan, cancellation) = (&self.plan, Cancellation::new());
        let done = self.of.with(py, values, &cancellation, &|source| {
            attended(py, &cancellation, |watch| run_into(plan, source, sink, watch))
        })?;
        computed(py, done)
    }
}

/// The cosines of latitudes in degrees.
#[pyfunction]
pub(crate) fn area_weights(py: Python<'_>, latitudes: Vec<f64>) -> PyResult<Vec<f64>> {
    computed(py, kernels::area_weights(&latitudes))
}

/// The periods (`month`, `season` or `year`) that months are in, each told by its year and its number from 1 on: the place of each
/// one's, and the first months of the periods, counted from the first one of year 0 on. There are those between as well.
#[pyfunction]
pub(crate) fn periods(py: Python<'_>, by: &str, months: Vec<(i64, u8)>) -> PyResult<(Vec<u32>, Vec<i64>)> {
    let by = match by {
        "month" => Period::Month,
        "season" => Period::Season,
        "year" => Period::Year,
        other => {
            return Err(invalid(
                py,
                format!("there is no period `{other}`"),
                "say `month`, `season` or `year`",
            ));
        }
    };
    let stamp = |(year, month)| Some(Stamp { year, month, day: 1, day_of_year: 1, hour: 0 });
    let stamps: Vec<_> = months.into_iter().map(stamp).collect();
    let found = computed(py, resample(by, &stamps))?;
    Ok((found.labels, found.values))
}

/// A result: the numbers, their shape, and how many values are in no result because they are missing, too small or too
/// large.
fn told(py: Python<'_>, output: Output) -> PyResult<Bound<'_, PyTuple>> {
    let numbers = match output.values {
        Numbers::F64(numbers) => numbers.into_pyarray(py).into_any(),
        Numbers::U64(numbers) => numbers.into_pyarray(py).into_any(),
    };
    let out = output.left_out;
    (numbers, PyTuple::new(py, output.shape)?, (out.missing, out.below, out.above)).into_pyobject(py)
}

/// What is computed: the array and the one beside it, of which all is known but their values, and the expression.
fn expressed(
    py: Python<'_>,
    array: Given,
    steps: Vec<Step>,
    beside: Option<(Given, Vec<Step>)>,
) -> PyResult<(Known, Option<Known>, Expression)> {
    let of = array.known(py)?;
    let mut expression = of.expression(py)?;
    let mut other = None;
    if let Some((array, steps)) = beside {
        let known = array.known(py)?;
        let elements = applied(py, known.expression(py)?, steps)?;
        expression = computed(py, expression.beside(elements))?;
        other = Some(known);
    }
    Ok((of, other, applied(py, expression, steps)?))
}

/// An expression with steps behind it.
fn applied(py: Python<'_>, to: Expression, steps: Vec<Step>) -> PyResult<Expression> {
    steps.into_iter().try_fold(to, |expression, step| step.applied(py, expression))
}

/// Plans an expression, with what is left of the memory beside copies of arrays, and as what its result is written.
fn planned(
    py: Python<'_>,
    expression: &Expression,
    most: Most,
    copied: u64,
    form: Option<&str>,
) -> PyResult<(Plan, Option<Form>)> {
    let limits = limits(py, most)?;
    let left = Limits { memory: limits.memory.saturating_sub(copied), ..limits };
    let plan = Plan::new(expression, left).and_then(|plan| match form {
        Some(name) => Form::new(name, &plan).and_then(|form| Ok((form.planned(plan, left)?, Some(form)))),
        None => Ok((plan, None)),
    });
    let plan = plan.map_err(|error| match error {
        Error::Memory { what, needed, .. } => {
            Error::Memory { what, needed: needed.saturating_add(copied), limit: limits.memory }
        }
        other => other,
    });
    computed(py, plan)
}

/// What a call may take.
fn limits(py: Python<'_>, (memory, threads): Most) -> PyResult<Limits> {
    let memory = match memory.map(u64::try_from) {
        None => Limits::default().memory,
        Some(Ok(bytes)) => bytes,
        Some(Err(_)) => {
            return Err(invalid(py, "memory is no less than 0 bytes", "say how many bytes a call may take"));
        }
    };
    Ok(Limits { threads: number(py, threads)?, memory })
}
