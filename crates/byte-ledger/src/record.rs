//! What is recorded.

use serde::{Deserialize, Serialize};

/// The version of the format that this crate writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// Some requests of one handle: what was read since its record before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// End of the period, in milliseconds since 1970-01-01 in UTC.
    pub time: u64,
    /// Beginning of the period, in milliseconds since 1970-01-01 in UTC.
    pub since: u64,
    /// The dataset, such as `ATL03.006`; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub dataset: String,
    /// The bucket, or the host where there is none; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub bucket: String,
    /// Where the bucket is, such as `aws/us-west-2`; empty where nobody knows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// How the bytes came.
    pub route: Route,
    /// Whether the reader pays for them and not the bucket's owner.
    pub requester_pays: bool,
    /// Requests, with those that failed.
    pub requests: u64,
    /// Bytes that were asked for.
    pub requested: u64,
    /// Bytes that came, again for each time that they did.
    pub received: u64,
}

/// How bytes came to the reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Route {
    /// From a bucket in the reader's region.
    InRegion,
    /// From another region of the reader's cloud.
    InterRegion,
    /// Over the internet.
    Internet,
    /// From a cache on the reader's machine.
    LocalCache,
    /// The reader does not know where it runs, or where the bucket is.
    #[default]
    Unknown,
}

impl Route {
    /// The name in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::InRegion => "in-region",
            Self::InterRegion => "inter-region",
            Self::Internet => "internet",
            Self::LocalCache => "local-cache",
            Self::Unknown => "unknown",
        }
    }
}

/// Whose process reads. Texts are empty where the environment does not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// The person, by the hub's name for them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// The hub.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hub: String,
    /// The Dask cluster.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cluster: String,
    /// The person's server, where they have several.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub server: String,
    /// The machine or pod; also part of the file's name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub host: String,
}

/// The first line of a file, repeated now and then.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Header<W> {
    /// The version of the format.
    pub(crate) byte_ledger: u32,
    /// Whose records follow.
    pub(crate) who: W,
}

/// What a header of any version says.
#[derive(Debug, Deserialize)]
pub(crate) struct Version {
    /// The version of the format.
    pub(crate) byte_ledger: u64,
}

/// How the JSON text of a header begins, and that of no record.
pub(crate) const HEADER: &[u8] = br#"{"byte_ledger":"#;
