//! Downloads from Python.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use frazil_data::Error;
use frazil_data::download::{self, Downloader, Event, FileReport, Look, Meter, Options, Outcome, Progress};
use frazil_data::found::{Files, Role};
use frazil_data::login::Earthdata;
use frazil_data::region::Access;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use crate::error::{exception, invalid, raised, told};
use crate::item::Item;
use crate::opening::books;
use crate::runtime::wait;
use crate::session::{Session, way};

/// How many transfers there may be at once.
const MANY: RangeInclusive<usize> = 1..=1024;

/// Hears what happens, for Python to ask now and then.
#[derive(Default)]
struct Ear {
    meter: Meter,
    choices: Mutex<Vec<String>>,
    /// How many of them Python was told of.
    told: AtomicUsize,
}

impl Progress for Ear {
    fn heard(&self, event: &Event) {
        self.meter.heard(event);
        if let Event::Chosen { bucket, because } = event {
            let words = format!("{bucket}: {because}");
            self.choices.lock().unwrap_or_else(PoisonError::into_inner).push(words);
        }
    }
}

impl Ear {
    /// Tells a function of Python how far the download is.
    fn tell(&self, py: Python<'_>, hearer: Option<&Py<PyAny>>) -> PyResult<()> {
        let Some(hearer) = hearer else { return Ok(()) };
        let choices = self.choices();
        let before = self.told.swap(choices.len(), Ordering::Relaxed);
        hearer.call1(py, (look(py, &self.meter.look())?, &choices[before..])).map(drop)
    }

    /// Why which way was chosen, for each bucket.
    fn choices(&self) -> Vec<String> {
        self.choices.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn look<'py>(py: Python<'py>, look: &Look) -> PyResult<Bound<'py, PyDict>> {
    let told = PyDict::new(py);
    told.set_item("files", look.files)?;
    told.set_item("complete", look.complete)?;
    told.set_item("failed", look.failed)?;
    told.set_item("total", look.total)?;
    told.set_item("there", look.there)?;
    told.set_item("came", look.came)?;
    told.set_item("rate", look.rate)?;
    told.set_item("left", look.left.map(|left| left.as_secs_f64()))?;
    Ok(told)
}

/// The access that a person names.
pub(crate) fn access(py: Python<'_>, name: &str) -> PyResult<Access> {
    match name {
        "auto" => Ok(Access::Auto),
        "s3" => Ok(Access::S3),
        "https" => Ok(Access::Https),
        other => Err(invalid(py, format!("there is no access `{other}`"), "say `auto`, `s3` or `https`")),
    }
}

/// What is to be downloaded: items that were found, and addresses.
enum Wanted {
    Found(Box<frazil_data::found::Item>),
    File(Box<download::Item>),
}

fn wanted(py: Python<'_>, items: &Bound<'_, PyList>) -> PyResult<Vec<Wanted>> {
    let one = |item: Bound<'_, PyAny>| {
        if let Ok(item) = item.cast::<Item>() {
            return Ok(Wanted::Found(Box::new(item.get().item.clone())));
        }
        let Ok(address) = item.extract::<String>() else {
            let what = format!("{} is nothing that can be downloaded", item.repr()?);
            return Err(invalid(py, what, "give items that a search found, or addresses"));
        };
        told(py, file(&address)).map(|file| Wanted::File(Box::new(file)))
    };
    items.iter().map(one).collect()
}

/// A file by its address: over HTTPS, `s3://BUCKET/KEY` of a bucket that is open to all, or `gs://BUCKET/KEY`.
pub(crate) fn file(address: &str) -> frazil_data::Result<download::Item> {
    let item = frazil_data::found::Asset::new("data", address, Role::Data);
    item.download(None)
}

/// The files of all, and what has none that can be downloaded, with why.
fn files(
    wanted: Vec<Wanted>,
    pattern: Option<&str>,
) -> frazil_data::Result<(Vec<download::Item>, Vec<FileReport>)> {
    let (mut all, mut unfit) = (Files::new(), Vec::new());
    for one in wanted {
        match one {
            Wanted::File(file) => all.push(*file),
            Wanted::Found(item) => {
                let wrong = all.add(&item, pattern).into_iter();
                unfit.extend(wrong.map(|why| FileReport {
                    path: PathBuf::from(&item.name),
                    outcome: Outcome::Failed(why),
                }));
            }
        }
    }
    if all.is_empty() && !unfit.is_empty() {
        let wrong: Vec<String> = unfit
            .iter()
            .filter_map(|file| match &file.outcome {
                Outcome::Failed(why) => Some(why.to_string()),
                _ => None,
            })
            .collect();
        let advice = "look at its `assets`, and at the pattern in `files`".to_owned();
        return Err(Error::Invalid { what: wrong.join("; "), advice });
    }
    Ok((all.finish(), unfit))
}

/// How files are downloaded, as Python says it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct How {
    access: String,
    connections: i64,
    bandwidth: Option<i64>,
    again: bool,
    payer: Option<String>,
    files: Option<String>,
}

impl How {
    fn options(&self, py: Python<'_>) -> PyResult<Options> {
        let connections = usize::try_from(self.connections).ok().filter(|most| MANY.contains(most));
        let connections = connections.ok_or_else(|| {
            let what = format!("there are no {} connections", self.connections);
            invalid(py, what, &format!("say {} to {}", MANY.start(), MANY.end()))
        })?;
        let positive = |bandwidth: i64| u64::try_from(bandwidth).ok().filter(|most| *most > 0);
        let bandwidth = match self.bandwidth {
            Some(most) => Some(positive(most).ok_or_else(|| {
                invalid(py, format!("no bandwidth is {most} bytes a second"), "say None for no limit")
            })?),
            None => None,
        };
        let (access, payer) = (access(py, &self.access)?, self.payer.clone());
        let books = Some(books(py)?);
        Ok(Options { connections, bandwidth, access, again: self.again, payer, books })
    }
}

/// Downloads items and addresses into a folder, and says for each file what became of it: its path, `done`,
/// `there` or `failed`, its bytes, the bytes that came, against what it was checked, by which way it came, and
/// the error. With them, why which way was chosen for each bucket.
#[pyfunction]
#[pyo3(signature = (items, folder, session, how, hearer))]
pub(crate) fn bring<'py>(
    py: Python<'py>,
    items: &Bound<'py, PyList>,
    folder: PathBuf,
    session: Option<Py<Session>>,
    how: How,
    hearer: Option<Py<PyAny>>,
) -> PyResult<(Vec<Bound<'py, PyTuple>>, Vec<String>)> {
    let session = session.as_ref().map(Py::get);
    let (client, whereabouts) = way(py, session)?;
    let options = how.options(py)?;
    let wanted = wanted(py, items)?;
    let (files, unfit) = told(py, files(wanted, how.files.as_deref()))?;
    let downloader = match session {
        Some(session) => Downloader::new(&session.live(py)?.session, &whereabouts, options),
        None if files.iter().any(download::Item::wants_login) => {
            let looked = vec!["frazil.login()".to_owned(), "the environment".to_owned(), ".netrc".to_owned()];
            let host = Earthdata::default().host().to_owned();
            return Err(raised(py, Error::NoLogin { host, looked }));
        }
        None => Downloader::open_to_all(&client, &whereabouts, options),
    };
    let ear = Ear::default();
    let report = wait(py, || downloader.download(&files, &folder, &ear), |py| ear.tell(py, hearer.as_ref()))?;
    ear.tell(py, hearer.as_ref())?;
    let report = told(py, report)?;
    let files = report.files.into_iter().chain(unfit);
    let became: PyResult<Vec<_>> = files.map(|file| became(py, &folder, file)).collect();
    Ok((became?, ear.choices()))
}

/// What became of a file: its path, state, bytes, the bytes that came, against what it was checked, by which way
/// it came, the error.
fn became<'py>(py: Python<'py>, folder: &Path, file: FileReport) -> PyResult<Bound<'py, PyTuple>> {
    let path = folder.join(&file.path);
    let none = None::<&str>;
    match file.outcome {
        Outcome::There { bytes } => (path, "there", Some(bytes), 0, none, none, None::<u8>).into_pyobject(py),
        Outcome::Done(done) => {
            let (against, way) = (Some(done.verified.name()), Some(done.route.name()));
            (path, "done", Some(done.bytes), done.came, against, way, None::<u8>).into_pyobject(py)
        }
        Outcome::Failed(error) => {
            let error = exception(py, error)?;
            (path, "failed", None::<u64>, 0, none, none, Some(error)).into_pyobject(py)
        }
    }
}
