//! What is to be opened, as Python says it and as it travels to other processes.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::time::SystemTime;

use frazil_data::cache::Pool;
use frazil_data::counting::Books;
use frazil_data::download;
use frazil_data::found::{self, Files};
use frazil_data::handle::{Description, Handle, OnDisk, ReaderOf};
use frazil_data::open::{Opened, Opener, Opening};
use frazil_data::region::Access;
use frazil_data::{Error, Surroundings, credentials};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::download::access;
use crate::error::{invalid, told};
use crate::item::Item;
use crate::runtime::OfProcess;
use crate::session::{Session, logins};

/// The memory that all open objects of this process share.
static POOL: OfProcess<Pool> = OfProcess::new();

/// What this process has counted.
static BOOKS: OfProcess<Books> = OfProcess::new();

/// What this process has counted, also into the byte ledger where the environment names one.
pub(crate) fn books(py: Python<'_>) -> PyResult<Books> {
    told(py, BOOKS.get(|| Books::of(&Surroundings::of_process()))).map(|books| Books::clone(&books))
}

/// How something is opened, as Python says it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct How {
    access: String,
    connections: i64,
    memory: i64,
    on_disk: Option<PathBuf>,
    keys: Option<String>,
    region: Option<String>,
    requester_pays: bool,
    payer: Option<String>,
    files: Option<String>,
    dataset: String,
}

impl How {
    fn opening(&self, py: Python<'_>) -> PyResult<Opening> {
        let mut opening = Opening {
            dataset: self.dataset.clone(),
            reader: self.keys.as_deref().map(|keys| told(py, reader(keys))).transpose()?,
            region: self.region.clone(),
            requester_pays: self.requester_pays,
            payer: self.payer.clone(),
            ..Opening::default()
        };
        let many = usize::try_from(self.connections).ok().filter(|most| (1..=64).contains(most));
        opening.handle.in_flight = many.ok_or_else(|| {
            invalid(py, format!("there are no {} connections", self.connections), "say 1 to 64")
        })?;
        let bytes = u64::try_from(self.memory).ok().filter(|bytes| *bytes >= 1 << 20);
        opening.handle.memory = bytes.ok_or_else(|| {
            invalid(py, format!("{} bytes of memory are too few", self.memory), "say 1 MiB or more")
        })?;
        opening.handle.pool = Pool::clone(&*POOL.get(|| PyResult::Ok(Pool::default()))?);
        // An empty path is the usual folder.
        opening.handle.on_disk = self.on_disk.as_ref().map(|folder| OnDisk {
            folder: Some(folder.clone()).filter(|folder| !folder.as_os_str().is_empty()),
            ..OnDisk::default()
        });
        Ok(opening)
    }
}

/// Whose keys: `account`, `anybody`, an archive's name or provider, or the address that gives them.
fn reader(keys: &str) -> frazil_data::Result<ReaderOf> {
    match (keys, keys.parse()) {
        ("account", _) => Ok(ReaderOf::Account),
        ("anybody", _) => Ok(ReaderOf::Anybody),
        (_, Ok(url)) if keys.starts_with("https://") => Ok(ReaderOf::Archive(url)),
        _ => credentials::of_archive(keys).map(ReaderOf::Archive),
    }
}

/// Where something is.
#[derive(Clone)]
enum At {
    /// An address, or a path.
    Address(String),
    /// A file that a catalogue told of.
    Item(Box<download::Item>),
    /// An object that another process has opened.
    Described(Box<Description>),
}

/// What is opened, how, and by whom.
pub(crate) struct Recipe {
    at: At,
    how: Py<PyDict>,
    session: Option<Py<Session>>,
}

/// What opens it in this process.
pub(crate) struct Work {
    at: At,
    opener: Opener,
    opening: Opening,
}

impl Recipe {
    /// Of an item that was found, or of an address.
    pub(crate) fn of(
        py: Python<'_>,
        what: &Bound<'_, PyAny>,
        session: Option<Py<Session>>,
        how: &Bound<'_, PyDict>,
    ) -> PyResult<Self> {
        let Ok(item) = what.cast::<Item>() else {
            return Ok(Self { at: At::Address(what.extract()?), how: how.clone().unbind(), session });
        };
        let (item, how) = (&item.get().item, how.copy()?);
        let pattern = how.extract::<How>()?.files;
        let at = match item.opened_in_place(pattern.as_deref()) {
            Some(address) => At::Address(address),
            None => At::Item(Box::new(file(py, item, pattern.as_deref())?)),
        };
        how.set_item("dataset", item.dataset.counted_as())?;
        Ok(Self { at, how: how.unbind(), session })
    }

    /// Made anew from its parts, in whichever process.
    pub(crate) fn again(
        py: Python<'_>,
        text: &str,
        how: Py<PyDict>,
        session: Option<Py<Session>>,
    ) -> PyResult<Self> {
        let parsed: Result<(Option<String>, Option<download::Item>, Option<Description>), _> =
            serde_json::from_str(text);
        let at = match parsed {
            Ok((Some(address), ..)) => At::Address(address),
            Ok((_, Some(item), _)) => At::Item(Box::new(item)),
            Ok((.., Some(description))) => At::Described(Box::new(description)),
            _ => return Err(invalid(py, "nothing that can be opened", "open it by its address")),
        };
        Ok(Self { at, how, session })
    }

    /// The parts from which it is made anew: text without secrets, how, who. What is open, and one object, keeps
    /// its version.
    pub(crate) fn parts<'py>(
        &self,
        py: Python<'py>,
        handle: Option<&Handle>,
    ) -> PyResult<(String, Bound<'py, PyDict>, Option<Py<Session>>)> {
        let options = self.how(py)?.opening(py)?.handle;
        let described = handle.map(|handle| told(py, handle.describe(&options))).transpose()?;
        let at = described.map_or_else(|| self.at.clone(), |described| At::Described(Box::new(described)));
        let text = match &at {
            At::Address(address) => {
                check(py, address)?;
                serde_json::to_string(&(Some(address), None::<()>, None::<()>))
            }
            At::Item(item) => serde_json::to_string(&(None::<()>, Some(item), None::<()>)),
            At::Described(description) => serde_json::to_string(&(None::<()>, None::<()>, Some(description))),
        };
        let text = text.map_err(|error| {
            invalid(py, format!("it cannot be written down: {error}"), "open it by its address")
        })?;
        let session = self.session.as_ref().map(|session| session.clone_ref(py));
        Ok((text, self.how.bind(py).clone(), session))
    }

    fn how(&self, py: Python<'_>) -> PyResult<How> {
        self.how.bind(py).extract()
    }

    /// What opens it here.
    pub(crate) fn work(&self, py: Python<'_>) -> PyResult<Work> {
        let how = self.how(py)?;
        let (opening, access) = (how.opening(py)?, access(py, &how.access)?);
        let opener = opener(py, self.session.as_ref(), access)?;
        Ok(Work { at: self.at.clone(), opener, opening })
    }

    /// What opens it here once more after an error, by the login that is found now: where the one that it was opened
    /// by has ended. What is one object keeps its version.
    pub(crate) fn work_again(
        &self,
        py: Python<'_>,
        error: &Error,
        handle: Option<&Handle>,
    ) -> PyResult<Option<Work>> {
        if !is_other_login(error, self.session.as_ref()) {
            return Ok(None);
        }
        let work = self.work(py)?;
        let described = handle.and_then(|handle| handle.describe(&work.opening.handle).ok());
        let at = described.map_or(work.at, |described| At::Described(Box::new(described)));
        Ok(Some(Work { at, ..work }))
    }
}

/// Whether a login has ended that can be looked for anew: the next one that is asked for is that.
pub(crate) fn is_other_login(error: &Error, session: Option<&Py<Session>>) -> bool {
    matches!(error, Error::TokenEnded { .. }) && session.is_some_and(|session| session.get().look_again())
}

impl Work {
    /// A handle of the one object that it is.
    pub(crate) async fn handle(&self) -> frazil_data::Result<Handle> {
        match &self.at {
            At::Address(address) => self.opener.handle(address, &self.opening).await,
            At::Item(item) => self.opener.handle_of_item(item, &self.opening).await,
            At::Described(described) => {
                let mut described = Description::clone(described);
                described.options = self.opening.handle.clone();
                self.opener.handle_again(&described, &self.opening.dataset).await
            }
        }
    }

    /// The file or store of arrays that it is.
    pub(crate) async fn open(&self) -> frazil_data::Result<Opened> {
        match &self.at {
            At::Address(address) => self.opener.open(address, &self.opening).await,
            _ => self.opener.open_handle(self.handle().await?, &self.opening).await,
        }
    }
}

fn opener(py: Python<'_>, session: Option<&Py<Session>>, access: Access) -> PyResult<Opener> {
    let (logins, whereabouts) = logins(py, session.map(Py::get))?;
    Ok(Opener::new(logins, &whereabouts, access, books(py)?))
}

/// What opens many objects in one way.
pub(crate) fn alike(
    py: Python<'_>,
    how: &Bound<'_, PyDict>,
    session: Option<&Py<Session>>,
) -> PyResult<(Opener, Opening)> {
    let how: How = how.extract()?;
    let (opening, access) = (how.opening(py)?, access(py, &how.access)?);
    Ok((opener(py, session, access)?, opening))
}

/// A number that no other opening has, in whichever process: what is opened may have changed between two.
pub(crate) fn number() -> String {
    format!("{:016x}", RandomState::new().hash_one((std::process::id(), SystemTime::now())))
}

/// Refuses an address that itself lets its reader in.
pub(crate) fn check(py: Python<'_>, address: &str) -> PyResult<()> {
    let Some(shown) = frazil_data::Address::of_secret(address) else { return Ok(()) };
    let what = format!("{shown} holds a secret, and so cannot be passed on");
    Err(invalid(py, what, "open it by the address that the catalogue tells"))
}

/// The one file of an item's data whose name matches.
fn file(py: Python<'_>, item: &found::Item, pattern: Option<&str>) -> PyResult<download::Item> {
    let mut all = Files::new();
    let unfit = all.add(item, pattern);
    let mut files = all.finish();
    let names: Vec<String> = files.iter().map(|file| file.to.display().to_string()).collect();
    match (files.pop(), files.is_empty()) {
        (Some(file), true) => Ok(file),
        (Some(_), false) => {
            let what = format!("{} has {} files: {}", item.name, names.len(), names.join(", "));
            Err(invalid(py, what, "say which by `files`, a pattern such as \"*.B04.tif\""))
        }
        (None, _) => {
            let why: Vec<String> = unfit.iter().map(ToString::to_string).collect();
            let what = format!("{} has no data that fits {}", item.name, why.join("; "));
            Err(invalid(py, what.trim_end(), "look at its `assets`, and at the pattern in `files`"))
        }
    }
}
