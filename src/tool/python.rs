//! Python: found and asked for its version.

use std::path::PathBuf;

use super::Call;
use crate::context::Context;

/// The oldest Python that the hub's environment is locked for.
pub const MIN_PYTHON: (u32, u32) = (3, 11);

/// Names under which a fitting Python may be found, best first.
const NAMES: [&str; 5] = ["python3", "python3.14", "python3.13", "python3.12", "python3.11"];

/// A Python interpreter.
#[derive(Clone, Debug)]
pub struct Python {
    /// Its path.
    pub path: PathBuf,
    /// Its version, such as `3.12.4`.
    pub version: String,
    /// Whether it is new enough.
    pub new_enough: bool,
    /// Whether it can make virtual environments with pip (Debian packs that apart).
    pub has_venv: bool,
}

/// The first Python that will do, or else the first at all.
pub fn find_python(context: &Context) -> Option<Python> {
    let mut first = None;
    for path in NAMES.iter().filter_map(|name| context.find_program(name)) {
        match ask(path) {
            Some(python) if python.new_enough && python.has_venv => return Some(python),
            other => first = first.or(other),
        }
    }
    first
}

const QUESTION: &str = "import sys, importlib.util as u; \
    print('.'.join(map(str, sys.version_info[:3])), bool(u.find_spec('venv') and u.find_spec('ensurepip')))";

fn ask(path: PathBuf) -> Option<Python> {
    let answer = Call::new(&path).arguments(["-c", QUESTION]).without_python_variables().output().ok()?;
    let (version, has_venv) = answer.split_once(' ')?;
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let version_pair = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    Some(Python {
        path,
        version: version.to_owned(),
        new_enough: version_pair >= MIN_PYTHON,
        has_venv: has_venv == "True",
    })
}
