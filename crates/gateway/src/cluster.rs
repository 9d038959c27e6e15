//! What a gateway tells of a cluster.

use std::fmt;
use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::Error;
use crate::name::ClusterName;

/// Where a cluster is in its life, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// Asked for, and not yet there.
    Pending,
    /// Its scheduler answers.
    Running,
    /// On its way to the end.
    Stopping,
    /// Ended as someone asked.
    Stopped,
    /// Ended by itself, or never begun. The gateway does not say why: [`crate::explain`].
    Failed,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Running, Self::Stopping, Self::Stopped, Self::Failed];

    /// Whether it never changes again.
    pub fn is_final(self) -> bool {
        self >= Self::Stopped
    }

    /// As the gateway writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Stopping => "STOPPING",
            Self::Stopped => "STOPPED",
            Self::Failed => "FAILED",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = Error;

    /// In any case of letters.
    fn from_str(text: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(text));
        found.ok_or_else(|| {
            let all = Self::ALL.map(|status| status.as_str().to_ascii_lowercase());
            let near = crate::near::nearest(&text.to_ascii_lowercase(), all.iter().map(String::as_str));
            let near = near.map(|near| format!("perhaps {near}; ")).unwrap_or_default();
            Error::Invalid {
                what: format!("{text:?} is no status of a cluster"),
                advice: format!("{near}there is {}", all.join(", ")),
            }
        })
    }
}

/// A cluster, without its key: all of this may be shown and stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cluster {
    /// Its name.
    pub name: ClusterName,
    /// The path of its dashboard, below the gateway's address ([`crate::Address::dashboard`]). Whoever has it
    /// sees the dashboard: it asks for no login.
    pub dashboard_route: Option<String>,
    /// Where it is in its life.
    pub status: Status,
    /// When it was asked for, in milliseconds since 1970-01-01 UTC.
    pub start_time: Option<i64>,
    /// When it ended, in the same.
    pub stop_time: Option<i64>,
    /// The options that it was created with, as the gateway filled them in.
    #[serde(default)]
    pub options: Map<String, Value>,
}

/// What opens a running cluster: a certificate and its key (PEM). The same pair is the scheduler's, the workers'
/// and the client's. It is not shown, written or copied, and wiped when it is dropped; what the connection and
/// the reader of JSON held of it on the way is freed without being wiped.
pub struct Credentials {
    certificate: SecretString,
    key: SecretString,
}

impl Credentials {
    /// The certificate, which is its own authority.
    pub fn certificate(&self) -> &str {
        self.certificate.expose_secret()
    }

    /// The private key.
    pub fn key(&self) -> &str {
        self.key.expose_secret()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Credentials(not shown)")
    }
}

/// The part of a record that holds the pair.
#[derive(Deserialize)]
pub(crate) struct Pair {
    tls_cert: Option<Wiped>,
    tls_key: Option<Wiped>,
}

impl Pair {
    pub(crate) fn credentials(self) -> Option<Credentials> {
        Some(Credentials { certificate: self.tls_cert?.0, key: self.tls_key?.0 })
    }
}

struct Wiped(SecretString);

impl<'de> Deserialize<'de> for Wiped {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(|text| Self(SecretString::from(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_read_in_any_case_and_the_near_one_is_told() {
        assert_eq!("running".parse::<Status>().unwrap(), Status::Running);
        let told = "runing".parse::<Status>().unwrap_err();
        assert!(told.advice().starts_with("perhaps running; "), "{}", told.advice());
        assert!("gone".parse::<Status>().is_err());
        assert!(Status::Failed.is_final() && Status::Stopped.is_final() && !Status::Stopping.is_final());
    }

    #[test]
    fn the_key_is_in_nothing_that_is_shown_or_stored() {
        let text = r#"{"name":"a1","dashboard_route":null,"status":"RUNNING","start_time":1,"stop_time":null,
            "options":{},"tls_cert":"tell-no-one","tls_key":"tell-no-one"}"#;
        let cluster: Cluster = serde_json::from_str(text).unwrap();
        let pair = serde_json::from_str::<Pair>(text).unwrap().credentials().unwrap();
        assert_eq!((pair.certificate(), pair.key()), ("tell-no-one", "tell-no-one"));
        let shown = format!("{cluster:?} {pair:?} {}", serde_json::to_string(&cluster).unwrap());
        assert!(!shown.contains("tell-no-one") && shown.contains("a1"), "{shown}");
    }
}
