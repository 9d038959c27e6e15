//! Calls of Python's functions that are made later, and graphs of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use frazil_compute::Cancellation;
use frazil_compute::graph::{Graph, Retries, TaskId};
use pyo3::exceptions::PyException;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use crate::error::invalid;

/// Values of Python's functions, and why one has none.
pub(crate) type Calls = Graph<'static, Py<PyAny>, PyErr>;

/// How deep lists, tuples and dicts within each other are looked at for tasks.
const DEEPEST: usize = 32;

/// The pause before something is called again for the first time.
const PAUSE: Duration = Duration::from_secs(1);

/// A function whose calls are made later.
#[pyclass(frozen, generic, module = "frazil._native")]
pub(crate) struct Delayed {
    function: Py<PyAny>,
    name: String,
    again: Option<Again>,
}

/// A call that is made when its value is wanted.
#[pyclass(frozen, generic, module = "frazil")]
pub(crate) struct Task {
    call: Py<Delayed>,
    name: Option<String>,
    arguments: Py<PyTuple>,
    keywords: Option<Py<PyDict>>,
}

/// That a call is made again if it fails, and gives a pair: its value, or why it has none.
struct Again {
    retries: Retries,
    /// Tells of an exception whether it may pass.
    passing: Py<PyAny>,
}

#[pymethods]
impl Delayed {
    /// A function, what its calls are called, and for calls that give pairs: how often each is made again at most, and
    /// a function that tells of an exception whether it may pass.
    #[new]
    fn new(function: Py<PyAny>, name: String, again: Option<(u32, Py<PyAny>)>) -> Self {
        let again = again.map(|(most, passing)| Again { retries: Retries { most, pause: PAUSE }, passing });
        Self { function, name, again }
    }

    #[getter]
    fn __wrapped__(&self, py: Python<'_>) -> Py<PyAny> {
        self.function.clone_ref(py)
    }

    #[getter]
    fn __name__(&self) -> &str {
        &self.name
    }

    #[pyo3(signature = (*arguments, **keywords))]
    fn __call__(slf: &Bound<'_, Self>, arguments: Py<PyTuple>, keywords: Option<Py<PyDict>>) -> Task {
        Task { call: slf.clone().unbind(), name: None, arguments, keywords }
    }

    /// A call that has a name of its own.
    fn named(slf: &Bound<'_, Self>, name: String, arguments: Py<PyTuple>) -> Task {
        Task { call: slf.clone().unbind(), name: Some(name), arguments, keywords: None }
    }

    fn __repr__(&self) -> String {
        format!("<frazil.delayed {}>", self.name)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.function)?;
        visit.call(self.again.as_ref().map(|again| &again.passing))
    }
}

#[pymethods]
impl Task {
    /// What it is called: the name of its function.
    #[getter]
    fn name(&self) -> &str {
        self.name.as_ref().unwrap_or(&self.call.get().name)
    }

    /// Its value, for which it runs what it needs.
    #[pyo3(signature = (**keywords))]
    fn compute<'py>(
        slf: &Bound<'py, Self>,
        keywords: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let values = py.import("frazil._tasks")?.getattr("compute")?.call((slf,), keywords)?;
        values.get_item(0)
    }

    fn __repr__(&self) -> String {
        format!("<frazil.Task {}>", self.name())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.call)?;
        visit.call(&self.arguments)?;
        visit.call(&self.keywords)
    }
}

/// An argument, with the places of the results that it has.
enum Argument {
    Value(Py<PyAny>),
    Result(usize),
    List(Vec<Self>),
    Tuple(Vec<Self>),
    Dict(Vec<(Py<PyAny>, Self)>),
}

impl Argument {
    fn value<'py>(&self, py: Python<'py>, results: &[Arc<Py<PyAny>>]) -> PyResult<Bound<'py, PyAny>> {
        let all =
            |parts: &[Self]| parts.iter().map(|part| part.value(py, results)).collect::<PyResult<Vec<_>>>();
        Ok(match self {
            Self::Value(value) => value.bind(py).clone(),
            Self::Result(place) => results[*place].bind(py).clone(),
            Self::List(parts) => PyList::new(py, all(parts)?)?.into_any(),
            Self::Tuple(parts) => PyTuple::new(py, all(parts)?)?.into_any(),
            Self::Dict(parts) => {
                let made = PyDict::new(py);
                for (key, part) in parts {
                    made.set_item(key, part.value(py, results)?)?;
                }
                made.into_any()
            }
        })
    }
}

/// A task whose arguments were looked at, and the tasks whose results it takes.
struct Parsed<'py> {
    task: Bound<'py, Task>,
    /// None where its arguments hold no task.
    arguments: Option<(Argument, Option<Argument>)>,
    inputs: Vec<Bound<'py, Task>>,
}

impl<'py> Parsed<'py> {
    fn of(task: Bound<'py, Task>) -> PyResult<Self> {
        let (py, mut inputs) = (task.py(), Vec::new());
        let given = task.get();
        // Items of `map` are given as they are.
        if given.call.get().again.is_some() {
            return Ok(Self { task, arguments: None, inputs });
        }
        let (arguments, keywords) =
            (given.arguments.bind(py), given.keywords.as_ref().map(|all| all.bind(py)));
        let in_keywords = keywords.map_or(Ok(false), |all| holds_task(all, 0))?;
        let arguments = if in_keywords || holds_task(arguments, 0)? {
            let keywords = keywords.map(|all| argument(all, &mut inputs, 0)).transpose()?;
            Some((argument(arguments, &mut inputs, 0)?, keywords))
        } else {
            None
        };
        Ok(Self { task, arguments, inputs })
    }

    /// Makes the call, with the results of its inputs.
    fn call(
        self,
        cancellation: Cancellation,
    ) -> impl FnOnce(&[Arc<Py<PyAny>>]) -> PyResult<Py<PyAny>> + Send + use<> {
        let (task, arguments) = (self.task.unbind(), self.arguments);
        move |results| {
            Python::attach(|py| {
                let (task, arguments) = (task, arguments);
                let once = || task.get().once(py, arguments.as_ref(), results);
                let Some(again) = &task.get().call.get().again else { return once() };
                pair(py, again.call(py, &cancellation, once))
            })
        }
    }
}

impl Task {
    fn once(
        &self,
        py: Python<'_>,
        arguments: Option<&(Argument, Option<Argument>)>,
        results: &[Arc<Py<PyAny>>],
    ) -> PyResult<Py<PyAny>> {
        let function = &self.call.get().function;
        let Some((arguments, keywords)) = arguments else {
            let keywords = self.keywords.as_ref().map(|all| all.bind(py));
            return function.call(py, self.arguments.bind(py), keywords);
        };
        let arguments = arguments.value(py, results)?.cast_into::<PyTuple>()?;
        let keywords = keywords.as_ref().map(|all| all.value(py, results)).transpose()?;
        let keywords = keywords.map(Bound::cast_into::<PyDict>).transpose()?;
        function.call(py, arguments, keywords.as_ref())
    }
}

impl Again {
    fn call(
        &self,
        py: Python<'_>,
        cancellation: &Cancellation,
        once: impl FnMut() -> PyResult<Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let passing = |error: &PyErr| {
            let told = self.passing.bind(py).call1((error.value(py),));
            told.and_then(|told| told.is_truthy()).unwrap_or(false)
        };
        self.retries.call(cancellation, once, passing, |wait| py.detach(wait))
    }
}

/// A value with no exception, or an exception with no value.
fn pair(py: Python<'_>, told: PyResult<Py<PyAny>>) -> PyResult<Py<PyAny>> {
    let pair = match told {
        Ok(value) => (value, py.None()),
        Err(error) if error.is_instance_of::<PyException>(py) => (py.None(), error.into_value(py).into_any()),
        Err(error) => return Err(error),
    };
    Ok(pair.into_pyobject(py)?.into_any().unbind())
}

/// Whether an argument is a task, or a list, tuple or dict that holds one.
fn holds_task(value: &Bound<'_, PyAny>, depth: usize) -> PyResult<bool> {
    if value.is_instance_of::<Task>() {
        return Ok(true);
    }
    let any = |parts: &mut dyn Iterator<Item = Bound<'_, PyAny>>| {
        check_depth(value, depth)?;
        for part in parts {
            if holds_task(&part, depth + 1)? {
                return Ok(true);
            }
        }
        Ok(false)
    };
    if let Ok(list) = value.cast_exact::<PyList>() {
        any(&mut list.iter())
    } else if let Ok(tuple) = value.cast_exact::<PyTuple>() {
        any(&mut tuple.iter())
    } else if let Ok(dict) = value.cast_exact::<PyDict>() {
        any(&mut dict.iter().map(|(_, part)| part))
    } else {
        Ok(false)
    }
}

/// Refuses what may have no end: a list can hold itself.
fn check_depth(value: &Bound<'_, PyAny>, depth: usize) -> PyResult<()> {
    if depth < DEEPEST {
        return Ok(());
    }
    let what = format!("an argument has lists, tuples or dicts more than {DEEPEST} deep in each other");
    Err(invalid(value.py(), what, "give tasks as arguments, or in one list"))
}

/// An argument whose tasks are places in `inputs`.
fn argument<'py>(
    value: &Bound<'py, PyAny>,
    inputs: &mut Vec<Bound<'py, Task>>,
    depth: usize,
) -> PyResult<Argument> {
    if let Ok(task) = value.cast::<Task>() {
        inputs.push(task.clone());
        return Ok(Argument::Result(inputs.len() - 1));
    }
    if !holds_task(value, depth)? {
        return Ok(Argument::Value(value.clone().unbind()));
    }
    check_depth(value, depth)?;
    let mut part = |part: Bound<'py, PyAny>| argument(&part, inputs, depth + 1);
    if let Ok(list) = value.cast_exact::<PyList>() {
        return list.iter().map(part).collect::<PyResult<_>>().map(Argument::List);
    }
    if let Ok(tuple) = value.cast_exact::<PyTuple>() {
        return tuple.iter().map(part).collect::<PyResult<_>>().map(Argument::Tuple);
    }
    let parts = value.cast::<PyDict>()?.iter().map(|(key, value)| Ok((key.unbind(), part(value)?)));
    parts.collect::<PyResult<_>>().map(Argument::Dict)
}

/// What is known of a task while a graph is made.
enum Known<'py> {
    /// Its inputs are being added.
    Open(Option<Parsed<'py>>),
    Added(TaskId),
}

/// Tasks with all that they need as a graph.
pub(crate) fn graph(
    py: Python<'_>,
    wanted: &[Py<Task>],
    cancellation: &Cancellation,
) -> PyResult<(Calls, Vec<TaskId>)> {
    let mut graph = Calls::new();
    let mut known = HashMap::new();
    let mut ids = Vec::with_capacity(wanted.len());
    for task in wanted {
        ids.push(added(task.bind(py), &mut graph, &mut known, cancellation)?);
    }
    Ok((graph, ids))
}

/// Adds a task and what it needs, without recursion: chains may be long.
fn added<'py>(
    wanted: &Bound<'py, Task>,
    graph: &mut Calls,
    known: &mut HashMap<usize, Known<'py>>,
    cancellation: &Cancellation,
) -> PyResult<TaskId> {
    let py = wanted.py();
    // The last one is looked at first; below a task that is open lie others that need it, above it what it needs.
    let mut path = vec![wanted.clone()];
    while let Some(task) = path.last() {
        let place = task.as_ptr().addr();
        let Some(seen) = known.get_mut(&place) else {
            let parsed = Parsed::of(task.clone())?;
            let inputs = parsed.inputs.clone();
            known.insert(place, Known::Open(Some(parsed)));
            for input in inputs {
                match known.get(&input.as_ptr().addr()) {
                    None => path.push(input),
                    Some(Known::Added(_)) => {}
                    Some(Known::Open(_)) => return Err(circular(py, input.get())),
                }
            }
            continue;
        };
        path.pop();
        let Known::Open(parsed) = seen else { continue };
        if let Some(parsed) = parsed.take() {
            let id = add(py, parsed, graph, known, cancellation)?;
            known.insert(place, Known::Added(id));
        }
    }
    id_of(wanted, known)
}

/// The id of a task that was added.
fn id_of<'py>(task: &Bound<'py, Task>, known: &HashMap<usize, Known<'py>>) -> PyResult<TaskId> {
    match known.get(&task.as_ptr().addr()) {
        Some(Known::Added(id)) => Ok(*id),
        _ => Err(circular(task.py(), task.get())),
    }
}

/// Adds a task whose inputs were added.
fn add<'py>(
    py: Python<'py>,
    parsed: Parsed<'py>,
    graph: &mut Calls,
    known: &HashMap<usize, Known<'py>>,
    cancellation: &Cancellation,
) -> PyResult<TaskId> {
    let inputs = parsed.inputs.iter().map(|input| id_of(input, known)).collect::<PyResult<Vec<_>>>()?;
    let name = parsed.task.get().name().to_owned();
    let added = graph.add(name, &inputs, parsed.call(cancellation.clone()));
    added.map_err(|error| invalid(py, error.to_string(), &error.advice()))
}

fn circular(py: Python<'_>, task: &Task) -> PyErr {
    let what = format!("the task {} needs its own value", task.name());
    invalid(py, what, "leave lists as they are that were given to a task")
}
