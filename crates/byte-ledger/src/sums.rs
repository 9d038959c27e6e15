//! Sums of records.

use std::collections::BTreeMap;

use crate::day::Day;
use crate::reader::Entry;

/// By what records can be summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The day on which the period ended, in UTC.
    Day,
    /// The person.
    User,
    /// The hub.
    Hub,
    /// The Dask cluster.
    Cluster,
    /// The person's server.
    Server,
    /// The machine or pod.
    Host,
    /// The dataset.
    Dataset,
    /// The bucket or host that was read.
    Bucket,
    /// The bucket's region.
    Region,
    /// How the bytes came.
    Route,
    /// Whether the reader pays: `true` or `false`.
    RequesterPays,
}

impl Field {
    /// Puts the text of an entry into a key.
    fn put(self, Entry { who, record }: &Entry, key: &mut String) {
        key.push_str(match self {
            Self::Day => {
                return key.push_str(&Day::of(record.time).map_or_else(String::new, |day| day.to_string()));
            }
            Self::User => &who.user,
            Self::Hub => &who.hub,
            Self::Cluster => &who.cluster,
            Self::Server => &who.server,
            Self::Host => &who.host,
            Self::Dataset => &record.dataset,
            Self::Bucket => &record.bucket,
            Self::Region => &record.region,
            Self::Route => record.route.name(),
            Self::RequesterPays if record.requester_pays => "true",
            Self::RequesterPays => "false",
        });
    }
}

/// A sum of records. Wide enough that no ledger overflows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Records.
    pub records: u64,
    /// Requests.
    pub requests: u128,
    /// Bytes that were asked for.
    pub requested: u128,
    /// Bytes that came.
    pub received: u128,
}

/// Sums by some fields.
#[derive(Clone, Debug)]
pub struct Sums {
    by: Vec<Field>,
    key: Vec<String>,
    groups: BTreeMap<Vec<String>, Totals>,
}

impl Sums {
    /// Sums by these fields.
    pub fn by(fields: &[Field]) -> Self {
        Self { by: fields.to_vec(), key: vec![String::new(); fields.len()], groups: BTreeMap::new() }
    }

    /// Counts an entry.
    pub fn add(&mut self, entry: &Entry) {
        for (field, text) in self.by.iter().zip(&mut self.key) {
            text.clear();
            field.put(entry, text);
        }
        // Found far more often than new: only then the key is copied.
        if !self.groups.contains_key(&self.key) {
            self.groups.insert(self.key.clone(), Totals::default());
        }
        if let Some(totals) = self.groups.get_mut(&self.key) {
            totals.records += 1;
            totals.requests += u128::from(entry.record.requests);
            totals.requested += u128::from(entry.record.requested);
            totals.received += u128::from(entry.record.received);
        }
    }

    /// The sums, by the texts of the fields in their order.
    pub fn groups(&self) -> &BTreeMap<Vec<String>, Totals> {
        &self.groups
    }
}
