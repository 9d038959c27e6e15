//! The one place that reads the environment and the calendar: directories, terminal, paths, today.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use crate::error::{Error, Result};

/// What a run knows of its surroundings. Tests make their own.
#[derive(Clone, Debug)]
pub struct Context {
    /// The environment's variables.
    pub environment: BTreeMap<OsString, OsString>,
    /// Where the program's folders are, if the environment says.
    directories: Option<Directories>,
    /// Whether standard input is a terminal, so that questions can be asked.
    pub interactive: bool,
    /// Whether standard error is a terminal, so that progress may move.
    pub progress: bool,
    machine_name: String,
    /// Columns of the terminal that standard output goes to, if it is one.
    pub width: Option<usize>,
}

/// Folders by the XDG Base Directory Specification.
#[derive(Clone, Debug)]
pub struct Directories {
    /// What can be fetched or built again.
    pub cache: PathBuf,
    /// What people would miss: homes and databases.
    pub data: PathBuf,
    /// What runs now, logs and secrets.
    pub state: PathBuf,
}

impl Context {
    /// Reads the environment of this process.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn from_process() -> Self {
        let environment: BTreeMap<_, _> = std::env::vars_os().collect();
        Self {
            directories: Directories::from_environment(&environment),
            machine_name: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            interactive: std::io::stdin().is_terminal() && std::io::stderr().is_terminal(),
            progress: std::io::stderr().is_terminal(),
            width: terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0)),
            environment,
        }
    }

    /// Where the program's folders are.
    ///
    /// # Errors
    /// When neither `HOME` nor the XDG variables say where files may go.
    pub fn directories(&self) -> Result<&Directories> {
        self.directories.as_ref().ok_or_else(|| {
            Error::failed("no folder for files: neither HOME nor the XDG variables are set")
                .hint("set HOME to your home directory")
        })
    }

    /// A variable as text.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(OsString::from(name).as_os_str()).and_then(|value| value.to_str())
    }

    /// The path of a program, looked up in `PATH`.
    pub fn find_program(&self, name: &str) -> Option<PathBuf> {
        let path = self.environment.get(OsString::from("PATH").as_os_str())?;
        std::env::split_paths(path).map(|folder| folder.join(name)).find(|candidate| is_program(candidate))
    }

    /// The name of the person at the keyboard, in the lower case that hubs use.
    pub fn person(&self) -> String {
        let name = ["USER", "LOGNAME"].iter().find_map(|key| self.variable(key));
        let name = name.map(str::to_lowercase).filter(|name| !name.is_empty());
        name.unwrap_or_else(|| {
            if rustix::process::getuid().is_root() { "root".to_owned() } else { "admin".to_owned() }
        })
    }

    /// Today's date where the machine is, for rules about events and versions; or
    /// the day that `FRAZIL_TODAY` names, to see what those rules will say then.
    ///
    /// # Errors
    /// When `FRAZIL_TODAY` is no day.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn today(&self) -> Result<Date> {
        match self.variable("FRAZIL_TODAY").filter(|day| !day.is_empty()) {
            None => Ok(jiff::Zoned::now().date()),
            Some(day) => day.parse().map_err(|_| {
                Error::failed(format!("FRAZIL_TODAY is `{day}`, which is no day"))
                    .hint("write it as YEAR-MONTH-DAY, or unset it")
            }),
        }
    }

    /// Where Google's APIs answer instead of at Google, for tests: `FRAZIL_GOOGLE_ENDPOINT`, without a
    /// slash at the end. It has to be on this machine, for access tokens are sent there.
    ///
    /// # Errors
    /// When it is no `http` address of the loopback.
    pub fn google_endpoint(&self) -> Result<Option<String>> {
        let Some(address) = self.variable("FRAZIL_GOOGLE_ENDPOINT").filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let address = address.trim_end_matches('/');
        let port = ["http://127.0.0.1:", "http://[::1]:", "http://localhost:"]
            .iter()
            .find_map(|start| address.strip_prefix(start));
        if port.is_some_and(|port| port.parse::<u16>().is_ok()) {
            return Ok(Some(address.to_owned()));
        }
        Err(Error::failed(format!("FRAZIL_GOOGLE_ENDPOINT is `{address}`, which is not on this machine"))
            .hint("access tokens are sent there: write it as http://127.0.0.1:PORT, or unset it"))
    }

    /// Where this program is, for what it starts of itself.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn own_program(&self) -> Result<PathBuf> {
        std::env::current_exe()
            .map_err(|error| Error::failed("the system does not say where this program is").because(error))
    }

    /// The name of this machine, as others see it too.
    pub fn machine_name(&self) -> &str {
        &self.machine_name
    }

    /// This moment.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }

    /// Whether this process runs as root.
    pub fn is_root(&self) -> bool {
        rustix::process::geteuid().is_root()
    }
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

impl Directories {
    fn from_environment(environment: &BTreeMap<OsString, OsString>) -> Option<Self> {
        let get =
            |name: &str| environment.get(OsString::from(name).as_os_str()).filter(|value| !value.is_empty());
        let home = get("HOME").map(PathBuf::from);
        let folder = |variable: &str, below_home: &str| {
            let own = get(variable).map(PathBuf::from).filter(|path| path.is_absolute());
            let base = own.or_else(|| home.as_ref().map(|home| home.join(below_home)))?;
            Some(base.join("frazil"))
        };
        Some(Self {
            cache: folder("XDG_CACHE_HOME", ".cache")?,
            data: folder("XDG_DATA_HOME", ".local/share")?,
            state: folder("XDG_STATE_HOME", ".local/state")?,
        })
    }
}
