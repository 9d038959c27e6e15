//! What can go wrong, by what it means for the caller.

use std::path::PathBuf;

use crate::address::Address;

/// What the functions of this crate give.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, by meaning. The message says what happened and where; [`Error::advice`] what to
/// do about it. No message and no `Debug` output holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was given cannot be asked for.
    #[error("{what}")]
    Invalid {
        /// What is wrong with it.
        what: String,
        /// How it is right.
        advice: String,
    },
    /// There is no login for a service that wants one.
    #[error("no login for {host}: looked at {}", looked.join(", "))]
    NoLogin {
        /// The service.
        host: String,
        /// Where a login was looked for.
        looked: Vec<String>,
    },
    /// A service does not know this user, password or token.
    #[error("{address} does not take the login from {source_of_login}: {said}")]
    WrongLogin {
        /// Where it was offered.
        address: Address,
        /// Where the login came from: a file, a variable, the caller.
        source_of_login: String,
        /// What the service said.
        said: String,
    },
    /// A token has ended, or was revoked.
    #[error("the token for {address} is no longer valid")]
    TokenEnded {
        /// Where it was refused.
        address: Address,
    },
    /// The user has still to approve an application, or to accept a licence.
    #[error("{address} is closed until {what} on the page {page}")]
    NotAccepted {
        /// What was asked for.
        address: Address,
        /// What the user has to do.
        what: String,
        /// Where that is done.
        page: String,
    },
    /// The service knows who asks, and says no; or the request is none for it.
    #[error("{address} refused ({status}): {said}")]
    Refused {
        /// What was asked for.
        address: Address,
        /// The HTTP status.
        status: u16,
        /// What the service said.
        said: String,
    },
    /// As [`Error::Refused`], by a service of which it is known what to do about it.
    #[error("{address} refused ({status}): {said}")]
    Denied {
        /// What was asked for.
        address: Address,
        /// The HTTP status.
        status: u16,
        /// What the service said.
        said: String,
        /// What to do.
        advice: String,
    },
    /// There is nothing at the address.
    #[error("there is nothing at {address} ({status})")]
    NotFound {
        /// The address.
        address: Address,
        /// The HTTP status: 404 or 410.
        status: u16,
    },
    /// The object is in no format that can be opened.
    #[error("{address} is in no format that is known; it begins with {beginning}")]
    UnknownFormat {
        /// The object.
        address: Address,
        /// Its first bytes, for people.
        beginning: String,
    },
    /// The object is no longer the one that was begun with.
    #[error("{address} has changed while it was read")]
    Changed {
        /// The object.
        address: Address,
    },
    /// The service had no good answer, as often as it was asked.
    #[error("{address} answered {status} {tries} times: {said}")]
    Unavailable {
        /// What was asked for.
        address: Address,
        /// The last HTTP status: 408, 425, 429 or 5xx.
        status: u16,
        /// How often it was asked.
        tries: u32,
        /// What the service said last.
        said: String,
    },
    /// No answer came, or only part of one, as often as it was asked for.
    #[error("no whole answer from {address} in {tries} tries: {why}")]
    Connection {
        /// What was asked for.
        address: Address,
        /// How often.
        tries: u32,
        /// What happened the last time.
        why: String,
    },
    /// An answer came that is not what the protocol promises.
    #[error("{address} gave {what}")]
    Answer {
        /// What was asked for.
        address: Address,
        /// What came, and what was due.
        what: String,
    },
    /// The bytes that came are not those that were announced.
    #[error("{address} is damaged: {what}")]
    Damaged {
        /// The object.
        address: Address,
        /// Which check failed, with both values.
        what: String,
    },
    /// A file of this machine could not be read or written.
    #[error("cannot {doing} {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl Error {
    /// What was asked for, if it was an address.
    pub fn address(&self) -> Option<&Address> {
        match self {
            Self::WrongLogin { address, .. }
            | Self::TokenEnded { address }
            | Self::NotAccepted { address, .. }
            | Self::Refused { address, .. }
            | Self::Denied { address, .. }
            | Self::NotFound { address, .. }
            | Self::UnknownFormat { address, .. }
            | Self::Changed { address }
            | Self::Unavailable { address, .. }
            | Self::Connection { address, .. }
            | Self::Answer { address, .. }
            | Self::Damaged { address, .. } => Some(address),
            Self::Invalid { .. } | Self::NoLogin { .. } | Self::File { .. } => None,
        }
    }

    /// The HTTP status, where one decided.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. }
            | Self::Denied { status, .. }
            | Self::NotFound { status, .. }
            | Self::Unavailable { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the same call may succeed later with nothing changed.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Connection { .. } | Self::Changed { .. })
    }

    /// What to do about it.
    pub fn advice(&self) -> String {
        match self {
            Self::Invalid { advice, .. } | Self::Denied { advice, .. } => advice.clone(),
            Self::NoLogin { host, .. } => format!(
                "set EARTHDATA_TOKEN, or EARTHDATA_USERNAME and EARTHDATA_PASSWORD, or put `machine {host}` into \
                 ~/.netrc; an account is free at https://{host}/users/new"
            ),
            Self::WrongLogin { source_of_login, .. } => {
                format!("correct the login in {source_of_login}; try it on the service's own page")
            }
            Self::TokenEnded { .. } => {
                "make a new token, or log in with user and password, which renews tokens by itself".to_owned()
            }
            Self::NotAccepted { page, what, .. } => format!("open {page} in a browser: {what}; then call again"),
            Self::Refused { status: 403, .. } => {
                "ask the data's owner whether your account may read it; S3 of NASA is open within its region only"
                    .to_owned()
            }
            Self::Refused { .. } => "correct the request as the service says".to_owned(),
            Self::NotFound { .. } => "check the address; the search again tells where the data is now".to_owned(),
            Self::UnknownFormat { .. } => {
                "HDF5, NetCDF, GeoTIFF, Zarr, references of Kerchunk and DMR++ are opened".to_owned()
            }
            Self::Changed { .. } => "read it again from its beginning".to_owned(),
            Self::Unavailable { status: 429, .. } => "wait, and ask with fewer requests at once".to_owned(),
            Self::Unavailable { .. } => {
                "try later; https://status.earthdata.nasa.gov tells of outages of Earthdata".to_owned()
            }
            Self::Connection { .. } => {
                "check the network, and HTTPS_PROXY if there is a proxy; then call again".to_owned()
            }
            Self::Answer { .. } => {
                "check that the address is the data's own, and that no proxy answers in its place".to_owned()
            }
            Self::Damaged { .. } => "download it again; if it stays so, tell the data's owner".to_owned(),
            Self::File { path, .. } => {
                format!("check that {} can be used by you, and that its disk is not full", path.display())
            }
        }
    }

    /// An error of a file, for `map_err`.
    pub(crate) fn file(path: &std::path::Path, doing: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, doing, source }
    }
}
