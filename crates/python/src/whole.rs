//! Results as large as the array that they are computed of, into numpy's memory.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use frazil_compute::Result;
use frazil_compute::block::{Element, ElementType};
use frazil_compute::kernels::{self, Accumulator, Rolling, Window};
use frazil_compute::plan::Picture;
use frazil_compute::run::Watch;
use frazil_compute::state::Groups;
use frazil_compute::whole::{self, Along};
use numpy::{PyReadonlyArrayDyn, PyReadwriteArrayDyn, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::attended::attended;
use crate::error::invalid;
use crate::reduction::{computed, element};

/// Something that is done along an axis of an array.
trait Work: Sync {
    fn work<T: Element, A: Accumulator>(
        &self,
        along: Along<'_, T>,
        threads: usize,
        watch: &Watch,
        out: &mut [A],
    ) -> Result<()>;
}

struct Anomalies<'a> {
    groups: Groups,
    usual: &'a [f64],
}

impl Work for Anomalies<'_> {
    fn work<T: Element, A: Accumulator>(
        &self,
        along: Along<'_, T>,
        threads: usize,
        watch: &Watch,
        out: &mut [A],
    ) -> Result<()> {
        whole::anomalies(along, &self.groups, self.usual, threads, watch, out)
    }
}

struct Windows {
    what: Rolling,
    window: Window,
}

impl Work for Windows {
    fn work<T: Element, A: Accumulator>(
        &self,
        along: Along<'_, T>,
        threads: usize,
        watch: &Watch,
        out: &mut [A],
    ) -> Result<()> {
        whole::windows(self.what, self.window, along, threads, watch, out)
    }
}

/// A window as Python says it: its steps, how many numbers have to be there, and whether its step is in its middle.
type Said = (usize, usize, bool);

/// What each value differs by from that of its group, into `out`: `groups` are how many there are and the group of each step, `usual`
/// is as the array, with groups along the axis. Arrays lie in one piece.
#[pyfunction]
pub(crate) fn anomalies(
    py: Python<'_>,
    values: &Bound<'_, PyAny>,
    axis: usize,
    groups: (u32, Vec<u32>),
    usual: PyReadonlyArrayDyn<'_, f64>,
    threads: Option<usize>,
    out: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let work = Anomalies { groups: Groups { count: groups.0, labels: groups.1 }, usual: usual.as_slice()? };
    over(py, values, axis, threads, &work, out)
}

/// The `sum`, `mean`, `min`, `max` or `std` of windows along an axis, into `out`; `std` with so many degrees of freedom taken from
/// the count.
#[pyfunction]
pub(crate) fn windows(
    py: Python<'_>,
    values: &Bound<'_, PyAny>,
    axis: usize,
    what: (&str, u64),
    window: Said,
    threads: Option<usize>,
    out: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let (what, window) = said(py, what, window)?;
    over(py, values, axis, threads, &Windows { what, window }, out)
}

/// Bytes that [`windows`] takes besides an array of a type and shape, and its result.
#[pyfunction]
pub(crate) fn windows_bytes(
    py: Python<'_>,
    dtype: &str,
    shape: Vec<usize>,
    axis: usize,
    what: &str,
    window: Said,
    threads: Option<usize>,
) -> PyResult<u64> {
    let (what, window) = said(py, (what, 0), window)?;
    let element = element(py, dtype)?;
    Ok(whole::bytes_of_windows(what, window, element, &shape, axis, number(threads)))
}

/// The cosines of latitudes in degrees.
#[pyfunction]
pub(crate) fn area_weights(py: Python<'_>, latitudes: Vec<f64>) -> PyResult<Vec<f64>> {
    computed(py, kernels::area_weights(&latitudes))
}

/// A picture as SVG: titles of what happens, each with lines about it, and parts of the memory with their bytes.
#[pyfunction]
pub(crate) fn drawn(stages: Vec<(String, Vec<String>)>, memory: Vec<(String, u64)>) -> String {
    let picture =
        stages.into_iter().fold(Picture::new(), |picture, (title, lines)| picture.stage(title, lines));
    memory.into_iter().fold(picture, |picture, (name, bytes)| picture.part(name, bytes)).to_string()
}

fn number(threads: Option<usize>) -> usize {
    threads.unwrap_or_else(|| available_parallelism().map_or(1, NonZeroUsize::get))
}

fn said(py: Python<'_>, (what, freedom): (&str, u64), window: Said) -> PyResult<(Rolling, Window)> {
    let (length, least, is_centred) = window;
    let rolling = match what {
        "sum" => Rolling::Sum,
        "mean" => Rolling::Mean,
        "min" => Rolling::Least,
        "max" => Rolling::Largest,
        "std" => Rolling::Deviation(freedom),
        other => {
            let advice = "say `sum`, `mean`, `min`, `max` or `std`";
            return Err(invalid(py, format!("windows have no `{other}`"), advice));
        }
    };
    let window = computed(py, Window::new(length))?.with_least(least);
    Ok((rolling, if is_centred { window.centred() } else { window }))
}

/// Does it by the type of the values: singles have single results, and all others double ones.
fn over(
    py: Python<'_>,
    values: &Bound<'_, PyAny>,
    axis: usize,
    threads: Option<usize>,
    work: &impl Work,
    out: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let name: String = values.cast::<PyUntypedArray>()?.dtype().getattr("str")?.extract()?;
    let of = element(py, name.get(1..).unwrap_or_default())?;
    let threads = number(threads);
    match of {
        ElementType::I8 => typed::<i8, f64>(values, axis, threads, work, out),
        ElementType::I16 => typed::<i16, f64>(values, axis, threads, work, out),
        ElementType::I32 => typed::<i32, f64>(values, axis, threads, work, out),
        ElementType::I64 => typed::<i64, f64>(values, axis, threads, work, out),
        ElementType::U8 => typed::<u8, f64>(values, axis, threads, work, out),
        ElementType::U16 => typed::<u16, f64>(values, axis, threads, work, out),
        ElementType::U32 => typed::<u32, f64>(values, axis, threads, work, out),
        ElementType::U64 => typed::<u64, f64>(values, axis, threads, work, out),
        ElementType::F32 => typed::<f32, f32>(values, axis, threads, work, out),
        ElementType::F64 => typed::<f64, f64>(values, axis, threads, work, out),
    }
}

fn typed<T: Element + numpy::Element, A: Accumulator + numpy::Element>(
    values: &Bound<'_, PyAny>,
    axis: usize,
    threads: usize,
    work: &impl Work,
    out: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let py = values.py();
    let shape = values.cast::<PyUntypedArray>()?.shape().to_vec();
    let borrowed: PyReadonlyArrayDyn<'_, T> = values.extract()?;
    let mut result: PyReadwriteArrayDyn<'_, A> = out.extract()?;
    let (slice, out) = (borrowed.as_slice()?, result.as_slice_mut()?);
    let along = computed(py, Along::new(slice, &shape, axis))?;
    let done = attended(py, |watch| work.work(along, threads, watch, out))?;
    computed(py, done)
}
