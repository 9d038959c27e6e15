//! Names of clusters.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Most characters of a name: those of a name in Kubernetes, a dot, and a namespace.
const MOST: usize = 253 + 1 + 63;

/// The name of a cluster, as the gateway gave it: letters, digits, `.`, `-` and `_`. On Kubernetes it is
/// `NAMESPACE.HEX`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClusterName(String);

impl ClusterName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Namespace and name of the object `daskclusters.gateway.dask.org`, if the gateway runs on Kubernetes.
    pub fn in_kubernetes(&self) -> Option<(&str, &str)> {
        self.0.split_once('.').filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty())
    }
}

impl FromStr for ClusterName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        let bytes = text.as_bytes();
        if bytes.len() <= MOST
            && ends(bytes.first())
            && ends(bytes.last())
            && bytes.iter().all(|byte| inner(*byte))
        {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::Invalid {
            what: format!("{:?} is no name of a cluster", text.chars().take(80).collect::<String>()),
            advice: "take it from the list of clusters".to_owned(),
        })
    }
}

impl TryFrom<String> for ClusterName {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<ClusterName> for String {
    fn from(name: ClusterName) -> Self {
        name.0
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_gateways_give() {
        let name: ClusterName = "162bd6d02aa74001a3a424d85ef3fa4f".parse().unwrap();
        assert_eq!(name.in_kubernetes(), None);
        let name: ClusterName = "dask-prod.162bd6".parse().unwrap();
        assert_eq!(name.in_kubernetes(), Some(("dask-prod", "162bd6")));
        for wrong in ["", ".", "..", "a/b", "a b", "-a", "a.", "a\n", "ä", &"a".repeat(400)] {
            assert!(wrong.parse::<ClusterName>().is_err(), "{wrong}");
        }
    }
}
