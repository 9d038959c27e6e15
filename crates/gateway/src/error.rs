//! What can go wrong, by what it means for the caller.

use std::time::Duration;

use crate::address::Address;
use crate::cluster::Status;
use crate::name::ClusterName;

/// What the functions of this crate give.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, by meaning. The message says what happened and where; [`Error::advice`] what to do about it.
/// No message and no `Debug` output holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was given cannot be asked for. Nothing was sent.
    #[error("{what}")]
    Invalid {
        /// What is wrong with it.
        what: String,
        /// How it is right.
        advice: String,
    },
    /// Options that the gateway does not offer, or not so. Nothing was started.
    #[error("the gateway at {address} has no such options: {}", problems.join("; "))]
    Options {
        /// The gateway.
        address: Address,
        /// All that is wrong, each with its option.
        problems: Vec<String>,
    },
    /// There is no password or token where it should be.
    #[error("no login in {place}: {why}")]
    NoSecret {
        /// Where it was looked for.
        place: String,
        /// Why there is none.
        why: String,
    },
    /// There is no ticket of Kerberos for the gateway.
    #[error("no Kerberos ticket for {service}: {why}")]
    NoTicket {
        /// The gateway as Kerberos calls it.
        service: String,
        /// What the library said.
        why: String,
    },
    /// What answers did not prove that it is the gateway.
    #[error("what answers at {address} has not proved that it is the gateway: {why}")]
    Unproven {
        /// The gateway.
        address: Address,
        /// What was wrong with its proof.
        why: String,
    },
    /// The gateway does not take user and password, or another login than those of its kind.
    #[error("the gateway at {address} does not take the login from {place} ({said})")]
    WrongLogin {
        /// The gateway.
        address: Address,
        /// Where the login came from.
        place: String,
        /// What the gateway said, with the kind of login that it wants.
        said: String,
    },
    /// The hub behind the gateway does not know the token.
    #[error("the token from {place} is not accepted by the hub of the gateway at {address} ({said})")]
    WrongToken {
        /// The gateway.
        address: Address,
        /// Where the token came from.
        place: String,
        /// What the gateway said.
        said: String,
    },
    /// The hub knows the token, but it does not open the gateway.
    #[error("the token from {place} lacks the scope {scope} for the gateway at {address}")]
    NoScope {
        /// The gateway.
        address: Address,
        /// Where the token came from.
        place: String,
        /// What it has to have.
        scope: String,
    },
    /// The cluster is another user's.
    #[error("{said}")]
    NotYours {
        /// What the gateway said: who asked for which cluster.
        said: String,
    },
    /// The gateway knows no such cluster.
    #[error("the gateway at {address} has no cluster {name}")]
    NoCluster {
        /// The gateway.
        address: Address,
        /// The name that was asked for.
        name: String,
    },
    /// The cluster does not run, or not yet.
    #[error("{said}")]
    NotRunning {
        /// What the gateway said.
        said: String,
    },
    /// The gateway says no: a limit, or a request that is none for it.
    #[error("the gateway at {address} refuses ({status}): {said}")]
    Refused {
        /// The gateway.
        address: Address,
        /// The HTTP status.
        status: u16,
        /// What it said.
        said: String,
    },
    /// The gateway sends elsewhere. The login was not sent there.
    #[error("the gateway at {address} sends on to {to}, where the login is not shown")]
    Elsewhere {
        /// The gateway.
        address: Address,
        /// Scheme, host and port of where it sends to.
        to: String,
    },
    /// What answers does not speak as a Dask Gateway does.
    #[error("{address} answers, but not as a Dask Gateway: {what}")]
    NoGateway {
        /// What was asked.
        address: Address,
        /// What came, and what was due.
        what: String,
    },
    /// The gateway had no good answer, as often as it was asked.
    #[error("the gateway at {address} answered {status} {tries} times: {said}")]
    Unavailable {
        /// The gateway.
        address: Address,
        /// The last HTTP status.
        status: u16,
        /// How often it was asked.
        tries: u32,
        /// What it said last.
        said: String,
    },
    /// No answer came, or only part of one, as often as it was asked for.
    #[error("no whole answer from the gateway at {address} in {tries} tries: {why}")]
    Connection {
        /// The gateway.
        address: Address,
        /// How often.
        tries: u32,
        /// What happened the last time.
        why: String,
    },
    /// A cluster was asked for and no answer came: it may have been started.
    #[error("the gateway at {address} may have started a cluster, but did not say so: {why}")]
    Unsure {
        /// The gateway.
        address: Address,
        /// What happened.
        why: String,
    },
    /// A cluster that was waited for ended instead.
    #[error("the cluster {name} is {status}")]
    Ended {
        /// Its name.
        name: ClusterName,
        /// How it ended.
        status: Status,
    },
    /// A cluster that was waited for takes longer. It was left as it is.
    #[error("the cluster {name} is {} after {} s", still(*status), after.as_secs())]
    Late {
        /// Its name.
        name: ClusterName,
        /// Where it was at the last look; none, if no look was answered.
        status: Option<Status>,
        /// How long was waited.
        after: Duration,
    },
}

fn still(status: Option<Status>) -> String {
    status.map_or_else(|| "not told of".to_owned(), |status| format!("still {status}"))
}

impl Error {
    /// Whether the same call may succeed later with nothing changed.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Connection { .. } | Self::Late { .. })
    }

    /// What to do about it.
    pub fn advice(&self) -> String {
        match self {
            Self::Invalid { advice, .. } => advice.clone(),
            Self::Options { .. } => "look at the gateway's options: names, types and bounds".to_owned(),
            Self::NoSecret { place, .. } => format!("put the password or token into {place}"),
            Self::NoTicket { .. } => {
                "`kinit` gets one and `klist` shows what there is; write the gateway's address with the name that Kerberos has for it"
                    .to_owned()
            }
            Self::Unproven { .. } => {
                "check the address; if it is right, something before the gateway answers in its place; a cluster that \
                 was asked for may have been started"
                    .to_owned()
            }
            Self::WrongLogin { place, .. } => {
                format!("correct the login, which is from {place}")
            }
            Self::WrongToken { .. } => {
                "make a new token on the hub's page (Token), and check that the gateway belongs to this hub"
                    .to_owned()
            }
            Self::NoScope { scope, .. } => {
                format!("make a token with the scope {scope}, or ask the hub's admin for a role that has it")
            }
            Self::NotYours { .. } => {
                "use the login of the cluster's owner; admins have no more rights".to_owned()
            }
            Self::NoCluster { .. } => {
                "look at the list of clusters; ended ones are forgotten after a while".to_owned()
            }
            Self::NotRunning { .. } => "wait until the cluster runs".to_owned(),
            Self::Refused { .. } => "ask for less, or change the request as the gateway says".to_owned(),
            Self::Elsewhere { to, .. } => format!("if {to} is right, write it as the gateway's address"),
            Self::NoGateway { .. } => {
                "check the address and its prefix; behind a hub it ends with /services/dask-gateway"
                    .to_owned()
            }
            Self::Unavailable { .. } => "try later; look at the gateway's log".to_owned(),
            Self::Connection { .. } => "check the address and the network; then call again".to_owned(),
            Self::Unsure { .. } => "look at the list of clusters, and stop what you do not want".to_owned(),
            Self::Ended { name, status: Status::Failed } => {
                format!("the gateway does not say why; {}", crate::explain::how_to_look(name))
            }
            Self::Ended { .. } => "someone stopped it; create another".to_owned(),
            Self::Late { name, .. } => {
                format!("wait longer, or stop it; {}", crate::explain::how_to_look(name))
            }
        }
    }
}
