//! A login as Python holds it, and clients of this process.

use std::sync::Arc;

use frazil_data::credentials::ArchiveKeys;
use frazil_data::handle::Logins;
use frazil_data::http::{Client, Settings};
use frazil_data::login::{self, Earthdata, Entry, Netrc, Place, Reference};
use frazil_data::region::Whereabouts;
use frazil_data::remote::amazon_account;
use frazil_data::{ExposeSecret, SecretString, Surroundings};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::{invalid, raised, told};
use crate::runtime::{OfProcess, wait};

/// A client with what it knows of where it is.
pub(crate) struct Way {
    pub(crate) client: Client,
    pub(crate) whereabouts: Whereabouts,
}

static OPEN: OfProcess<Way> = OfProcess::new();

/// Surroundings, and a client by what they say.
fn client() -> frazil_data::Result<Client> {
    let surroundings = Surroundings::of_process();
    Client::new(Settings::of(&surroundings)?, &surroundings)
}

/// The way for those who are not logged in.
pub(crate) fn open(py: Python<'_>) -> PyResult<Arc<Way>> {
    let way = OPEN.get(|| {
        let client = client()?;
        Ok(Way { whereabouts: Whereabouts::new(client.clone()), client })
    });
    told(py, way)
}

/// The same, by a login where there is one.
pub(crate) fn way(py: Python<'_>, session: Option<&Session>) -> PyResult<(Client, Whereabouts)> {
    if let Some(live) = found(py, session)? {
        return Ok((live.session.client().clone(), live.whereabouts.clone()));
    }
    let way = open(py)?;
    Ok((way.client.clone(), way.whereabouts.clone()))
}

/// The logins by which data is read, and where this is. An account at Amazon is what the environment names; one
/// at Google is looked for where a bucket is not open to all.
pub(crate) fn logins(py: Python<'_>, session: Option<&Session>) -> PyResult<(Logins, Whereabouts)> {
    let (client, whereabouts) = way(py, session)?;
    let live = found(py, session)?;
    let (session, keys) = live.map(|live| (live.session.clone(), live.keys.clone())).unzip();
    let amazon = told(py, amazon_account(client.surroundings()))?;
    let keys = keys.unwrap_or_default();
    Ok((Logins { client, session, amazon, google: None, keys }, whereabouts))
}

/// The session as it is in this process. One that another process has sent may have nothing to be found here: then nobody is
/// logged in, and what is open to all is read all the same.
fn found(py: Python<'_>, session: Option<&Session>) -> PyResult<Option<Arc<Live>>> {
    let Some(session) = session else { return Ok(None) };
    match session.get() {
        Err(frazil_data::Error::NoLogin { .. }) if session.is_sent => Ok(None),
        live => told(py, live).map(Some),
    }
}

/// How a session is made anew in another process.
enum Recipe {
    Reference(Reference),
    Token(Earthdata, SecretString),
    Password(Earthdata, Entry),
}

/// A session and what goes with it, in this process.
pub(crate) struct Live {
    pub(crate) session: login::Session,
    pub(crate) whereabouts: Whereabouts,
    keys: ArchiveKeys,
}

/// A login to Earthdata: `frazil.login` gives it, everything else takes it. It renews its token by itself.
///
/// Pickled, it says where the login was found and holds none of it: a worker logs in by what it finds there.
#[pyclass(frozen, module = "frazil")]
pub(crate) struct Session {
    recipe: Recipe,
    /// Whether another process had it before.
    is_sent: bool,
    live: OfProcess<Live>,
}

impl Session {
    fn of(recipe: Recipe) -> Self {
        Self { recipe, is_sent: false, live: OfProcess::new() }
    }

    pub(crate) fn live(&self, py: Python<'_>) -> PyResult<Arc<Live>> {
        told(py, self.get())
    }

    fn get(&self) -> frazil_data::Result<Arc<Live>> {
        self.live.get(|| {
            let client = client()?;
            let whereabouts = Whereabouts::new(client.clone());
            let session = match &self.recipe {
                Recipe::Reference(reference) => login::Session::find(client, reference)?,
                Recipe::Token(earthdata, token) => {
                    login::Session::with_token(client, earthdata.clone(), token.clone())
                }
                Recipe::Password(earthdata, entry) => {
                    login::Session::with_password(client, earthdata.clone(), entry.clone())
                }
            };
            Ok(Live { session, whereabouts, keys: ArchiveKeys::default() })
        })
    }

    /// Lets the login be looked for anew, where it was found and not given: there may be another now.
    pub(crate) fn look_again(&self) -> bool {
        let is_found = matches!(self.recipe, Recipe::Reference(_));
        if is_found {
            self.live.give_up();
        }
        is_found
    }

    pub(crate) fn earthdata(&self) -> &Earthdata {
        match &self.recipe {
            Recipe::Reference(reference) => &reference.earthdata,
            Recipe::Token(earthdata, _) | Recipe::Password(earthdata, _) => earthdata,
        }
    }

    /// Where the login was found.
    pub(crate) fn from(&self) -> String {
        match &self.recipe {
            Recipe::Reference(reference) => {
                let places: Vec<String> = reference.places.iter().map(ToString::to_string).collect();
                places.join(", ")
            }
            Recipe::Token(..) => "a token that was typed".to_owned(),
            Recipe::Password(..) => "a password that was typed".to_owned(),
        }
    }
}

#[pymethods]
impl Session {
    /// Looks for a login in these places, in their order: `environment`, `netrc`.
    #[staticmethod]
    fn _find(py: Python<'_>, places: Vec<String>, system: &str) -> PyResult<Self> {
        let earthdata = told(py, Earthdata::named(system))?;
        let place = |name: &String| match name.as_str() {
            "environment" => Ok(Place::Environment),
            "netrc" => Ok(Place::Netrc(None)),
            other => Err(invalid(py, format!("`{other}` is no place for logins"), "environment, netrc")),
        };
        let places = places.iter().map(place).collect::<PyResult<_>>()?;
        let found = Self::of(Recipe::Reference(Reference { earthdata, places }));
        found.live(py)?;
        Ok(found)
    }

    /// By a name and a password.
    #[staticmethod]
    fn _with_password(py: Python<'_>, name: String, password: String, system: &str) -> PyResult<Self> {
        let earthdata = told(py, Earthdata::named(system))?;
        let entry = Entry { login: name, password: SecretString::from(password) };
        Ok(Self::of(Recipe::Password(earthdata, entry)))
    }

    /// By a token.
    #[staticmethod]
    fn _with_token(py: Python<'_>, token: String, system: &str) -> PyResult<Self> {
        let earthdata = told(py, Earthdata::named(system))?;
        Ok(Self::of(Recipe::Token(earthdata, SecretString::from(token))))
    }

    /// The same login, its password written into the user's `.netrc`, where workers and later sessions find it.
    fn _kept(&self, py: Python<'_>) -> PyResult<Self> {
        let live = self.live(py)?;
        let Some(path) = Netrc::path(live.session.client().surroundings()) else {
            return Err(invalid(py, "there is no home for a .netrc", "set HOME or NETRC"));
        };
        let reference = told(py, live.session.keep(&path))?;
        Ok(Self::of(Recipe::Reference(reference)))
    }

    /// What the user should know of the login: files that others can read, passwords that were left.
    fn _warnings(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        Ok(self.live(py)?.session.warnings().to_vec())
    }

    /// Where the login was found, without any secret.
    #[staticmethod]
    fn _from_reference(py: Python<'_>, text: &str) -> PyResult<Self> {
        let reference = serde_json::from_str(text)
            .map_err(|error| invalid(py, format!("no reference to a login: {error}"), "log in again"))?;
        Ok(Self { is_sent: true, ..Self::of(Recipe::Reference(reference)) })
    }

    /// The system of Earthdata: the host of its login service.
    #[getter]
    fn host(&self) -> &str {
        self.earthdata().host()
    }

    /// Asks Earthdata for a token if there is none, and tells whose login it is (`user`), where it was found
    /// (`found_in`), when the token ends (`expires`, ISO 8601) and whether it is renewed then (`renewable`).
    fn status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let live = self.live(py)?;
        let status = wait(py, || live.session.status(), |_| Ok(()))?;
        let status = told(py, status)?;
        let told = PyDict::new(py);
        told.set_item("user", status.user)?;
        told.set_item("found_in", status.from)?;
        told.set_item("expires", status.expires.map(|moment| moment.to_string()))?;
        told.set_item("renewable", status.renewable)?;
        Ok(told)
    }

    /// The variables of the environment by which another process is logged in as this one, such as a worker of
    /// Dask elsewhere: `EARTHDATA_TOKEN`. Whoever has them is logged in, until the token ends: a worker cannot
    /// renew it.
    fn environment<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let live = self.live(py)?;
        let (name, token) = told(py, wait(py, || live.session.as_variable(), |_| Ok(()))?)?;
        let variables = PyDict::new(py);
        variables.set_item(name, token.expose_secret())?;
        Ok(variables)
    }

    fn __repr__(&self) -> String {
        format!("<frazil.Session at {}, from {}>", self.host(), self.from())
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        let py = slf.py();
        let Recipe::Reference(reference) = &slf.get().recipe else {
            return Err(raised(
                py,
                frazil_data::Error::Invalid {
                    what:
                        "a login that was typed cannot be sent to other processes: they would get the secret"
                            .to_owned(),
                    advice: "log in with persist=True, or give other processes what `environment()` of the login has"
                        .to_owned(),
                },
            ));
        };
        let text = serde_json::to_string(reference)
            .map_err(|error| invalid(py, format!("the login has no reference: {error}"), "log in again"))?;
        Ok((py.get_type::<Self>().getattr("_from_reference")?, (text,)))
    }
}
