//! Dask clusters at a gateway, as Python's `frazil.Gateway` asks for them.

use std::time::Duration;

use frazil_data::Surroundings;
use frazil_gateway::{
    Adapt, Address, ClusterName, Error, Login, Scaled, Secret, SecretString, Settings, Status,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::Value;

use crate::error::invalid;
use crate::json;
use crate::runtime::{OfProcess, block, spawn, wait};

/// How long the end of a call that was interrupted is waited for: a cluster may be on its way.
const AFTER_INTERRUPT: Duration = Duration::from_secs(30);

/// One user at one gateway. A password or token stays where it was found, and is read for each request.
#[pyclass(frozen, module = "frazil._native")]
pub(crate) struct GatewayClient {
    address: Address,
    login: Login,
    live: OfProcess<frazil_gateway::Gateway>,
}

/// The exception for an error of the gateway crate, with what to do about it as a note.
fn raised(py: Python<'_>, error: &Error) -> PyErr {
    let class = match error {
        Error::Invalid { .. } | Error::Options { .. } => "InvalidError",
        Error::NoSecret { .. }
        | Error::WrongLogin { .. }
        | Error::WrongToken { .. }
        | Error::NoScope { .. } => "LoginError",
        Error::NotYours { .. } | Error::Refused { .. } => "RefusedError",
        Error::NoCluster { .. } => "NotFoundError",
        Error::Elsewhere { .. } | Error::NoGateway { .. } => "AnswerError",
        Error::Unavailable { .. } => "UnavailableError",
        Error::Connection { .. } | Error::Unsure { .. } => "NetworkError",
        _ => "ClusterError",
    };
    let make = || -> PyResult<PyErr> {
        let about = PyDict::new(py);
        about.set_item("passing", error.is_passing())?;
        let class = py.import("frazil.errors")?.getattr(class)?;
        let raised = class.call((error.to_string(),), Some(&about))?;
        raised.call_method1("add_note", (error.advice(),))?;
        Ok(PyErr::from_value(raised))
    };
    make().unwrap_or_else(|other| other)
}

fn told<T>(py: Python<'_>, result: frazil_gateway::Result<T>) -> PyResult<T> {
    result.map_err(|error| raised(py, &error))
}

/// Proxies and trust as the environment has them; a gateway on this machine is asked without one.
fn settings(address: &Address) -> frazil_gateway::Result<Settings> {
    let surroundings = Surroundings::of_process();
    let authorities = match surroundings.variable("FRAZIL_CA_BUNDLE") {
        None => Vec::new(),
        Some(path) => std::fs::read(&path).map_err(|error| Error::Invalid {
            what: format!("the certificates in {path} cannot be read: {error}"),
            advice: "correct or unset FRAZIL_CA_BUNDLE".to_owned(),
        })?,
    };
    let own = if address.to_string().starts_with("https:") {
        surroundings.first_variable(&["https_proxy", "HTTPS_PROXY"])
    } else {
        surroundings.variable("http_proxy")
    };
    let proxy = own.or_else(|| surroundings.first_variable(&["all_proxy", "ALL_PROXY"]));
    Ok(Settings {
        proxy: proxy.filter(|_| !address.is_loopback()),
        without_proxy: surroundings.first_variable(&["no_proxy", "NO_PROXY"]),
        authorities,
        ..Settings::default()
    })
}

/// What a variable holds when it is asked for: what a notebook sets later counts.
fn of_variable(name: String) -> Secret {
    let place = format!("the variable {name}");
    Secret::by(place, move || {
        let found = Surroundings::of_process().variable(&name);
        found.map(SecretString::from).ok_or_else(|| "it is not set".to_owned())
    })
}

impl GatewayClient {
    fn live(&self, py: Python<'_>) -> PyResult<frazil_gateway::Gateway> {
        let live = self.live.get(|| {
            frazil_gateway::Gateway::new(self.address.clone(), self.login.clone(), settings(&self.address)?)
        });
        told(py, live).map(|live| (*live).clone())
    }

    /// Asks for something, without Python's lock.
    fn ask<T: Send>(
        &self,
        py: Python<'_>,
        what: impl AsyncFnOnce(&frazil_gateway::Gateway) -> frazil_gateway::Result<T> + Send,
    ) -> PyResult<T> {
        let gateway = self.live(py)?;
        let done = wait(py, || what(&gateway), |_| Ok(()))?;
        told(py, done)
    }
}

fn named(py: Python<'_>, name: &str) -> PyResult<ClusterName> {
    told(py, name.parse())
}

fn seconds(py: Python<'_>, timeout: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(timeout)
        .map_err(|_| invalid(py, format!("{timeout} is no number of seconds to wait"), "give one from 0 on"))
}

fn object<'py>(py: Python<'py>, value: &impl serde::Serialize) -> PyResult<Bound<'py, PyAny>> {
    let value = serde_json::to_value(value)
        .map_err(|error| invalid(py, format!("the answer is no JSON: {error}"), "tell frazil's makers"))?;
    json::object(py, &value)
}

fn cut_short(py: Python<'_>, error: &tokio::task::JoinError) -> PyErr {
    invalid(py, format!("the call ended before its time: {error}"), "tell frazil's makers")
}

fn limit(scaled: Scaled) -> Option<String> {
    match scaled {
        Scaled::AsAsked => None,
        Scaled::Limited(said) => Some(said),
    }
}

#[pymethods]
impl GatewayClient {
    /// By user and password if a user is given, else by a token of the hub; either in a file or in a variable.
    #[new]
    fn new(
        py: Python<'_>,
        address: &str,
        user: Option<String>,
        secret_file: Option<std::path::PathBuf>,
        secret_env: Option<String>,
    ) -> PyResult<Self> {
        let secret = match (secret_file, secret_env) {
            (Some(path), _) => Secret::file(path),
            (None, Some(name)) => of_variable(name),
            (None, None) => of_variable("JUPYTERHUB_API_TOKEN".to_owned()),
        };
        let login = match user {
            Some(user) => told(py, Login::basic(user, secret))?,
            None => Login::jupyterhub(secret),
        };
        Ok(Self { address: told(py, address.parse())?, login, live: OfProcess::new() })
    }

    /// Where the gateway is.
    #[getter]
    fn address(&self) -> String {
        self.address.to_string()
    }

    /// The page of a dashboard, by its route.
    fn dashboard(&self, route: &str) -> String {
        self.address.dashboard(route)
    }

    fn clusters<'py>(&self, py: Python<'py>, statuses: Vec<String>) -> PyResult<Bound<'py, PyAny>> {
        let statuses = statuses.iter().map(|status| status.parse()).collect::<Result<Vec<Status>, _>>();
        let statuses = told(py, statuses)?;
        let clusters = self.ask(py, async move |gateway| gateway.list(&statuses).await)?;
        object(py, &clusters)
    }

    fn options<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let options = self.ask(py, async |gateway| gateway.options().await)?;
        object(py, &options)
    }

    /// The name of a new cluster. Ctrl-C stops the cluster that is on its way.
    fn create(&self, py: Python<'_>, options: &str) -> PyResult<String> {
        let Value::Object(options) = json::value(options)? else {
            return Err(invalid(py, "the options are no mapping", "give them as keywords"));
        };
        let (gateway, again) = (self.live(py)?, self.live(py)?);
        let asking = gateway.clone();
        let mut created = spawn(async move { asking.create(&options).await })?;
        let waited = wait(py, || async { (&mut created).await }, |_| Ok(()));
        let ended = match waited {
            Ok(ended) => ended,
            Err(interrupted) => {
                let undone = async move {
                    if let Ok(Ok(name)) = created.await {
                        gateway.stop(&name).await.ok();
                    }
                };
                block(py, async move { tokio::time::timeout(AFTER_INTERRUPT, undone).await.ok() })?;
                return Err(interrupted);
            }
        };
        let created = ended.map_err(|error| cut_short(py, &error))?;
        let name = told(py, created)?;
        // What was pressed since the last look would be raised before anybody has the name.
        if let Err(interrupted) = py.check_signals() {
            block(py, async move { tokio::time::timeout(AFTER_INTERRUPT, again.stop(&name)).await.ok() })?;
            return Err(interrupted);
        }
        Ok(name.to_string())
    }

    fn cluster<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let name = named(py, name)?;
        let cluster = self.ask(py, async move |gateway| gateway.cluster(&name).await)?;
        object(py, &cluster)
    }

    /// Waits until a cluster runs, so many seconds at most.
    fn wait<'py>(&self, py: Python<'py>, name: &str, timeout: f64) -> PyResult<Bound<'py, PyAny>> {
        let (name, timeout) = (named(py, name)?, seconds(py, timeout)?);
        let cluster = self.ask(py, async move |gateway| gateway.wait(&name, timeout).await)?;
        object(py, &cluster)
    }

    /// Waits until a cluster has ended, so many seconds at most.
    fn wait_until_ended<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        timeout: f64,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (name, timeout) = (named(py, name)?, seconds(py, timeout)?);
        let cluster = self.ask(py, async move |gateway| gateway.wait_until_ended(&name, timeout).await)?;
        object(py, &cluster)
    }

    /// Certificate and key of a running cluster (PEM): whoever has them opens it.
    fn credentials(&self, py: Python<'_>, name: &str) -> PyResult<(String, String)> {
        let name = named(py, name)?;
        let pair = self.ask(py, async move |gateway| gateway.credentials(&name).await)?;
        Ok((pair.certificate().to_owned(), pair.key().to_owned()))
    }

    /// What the gateway says if a limit made it fewer workers.
    fn scale(&self, py: Python<'_>, name: &str, count: u32) -> PyResult<Option<String>> {
        let name = named(py, name)?;
        self.ask(py, async move |gateway| gateway.scale(&name, count).await).map(limit)
    }

    /// The same for bounds; without bounds the number no longer follows the load.
    fn adapt(&self, py: Python<'_>, name: &str, bounds: Option<(u32, u32)>) -> PyResult<Option<String>> {
        let name = named(py, name)?;
        let adapt = match bounds {
            Some((least, most)) => told(py, Adapt::between(least, most))?,
            None => Adapt::off(),
        };
        self.ask(py, async move |gateway| gateway.adapt(&name, adapt).await).map(limit)
    }

    /// Stops a cluster. Ctrl-C meanwhile is raised when it was asked to stop.
    fn stop(&self, py: Python<'_>, name: &str) -> PyResult<()> {
        let (name, gateway) = (named(py, name)?, self.live(py)?);
        let mut stopping = spawn(async move { gateway.stop(&name).await })?;
        match wait(py, || async { (&mut stopping).await }, |_| Ok(())) {
            Ok(ended) => told(py, ended.map_err(|error| cut_short(py, &error))?),
            Err(interrupted) => {
                block(py, async move { tokio::time::timeout(AFTER_INTERRUPT, stopping).await.ok() })?;
                Err(interrupted)
            }
        }
    }
}
