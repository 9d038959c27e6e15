//! What a search finds, in one shape whatever the catalogue: CMR granules, STAC items, rows of catalogues.

mod downloads;
mod features;
mod files;
mod multihash;
mod parquet;
mod rows;
mod single;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use files::Files;
pub use parquet::ItemWriter;
pub use rows::{COLUMNS, WIDE_COLUMNS};

use crate::geo::{Bbox, Geometry};
use crate::times::Interval;

/// Where an item was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// NASA's Common Metadata Repository.
    Cmr,
    /// A STAC API or catalogue.
    Stac,
    /// An intake-esm catalogue.
    Esm,
    /// An Intake catalogue.
    Intake,
    /// No catalogue: its address was given.
    Address,
}

impl Source {
    /// Its name in what is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cmr => "cmr",
            Self::Stac => "stac",
            Self::Esm => "intake-esm",
            Self::Intake => "intake",
            Self::Address => "address",
        }
    }
}

/// The dataset that an item is of; what the catalogue does not tell is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataset {
    /// Its id in the catalogue: a concept id, or a collection of STAC.
    pub id: Option<String>,
    /// Its short name.
    pub short_name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Where its description is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
}

impl Dataset {
    /// The dataset in a few words: short name and version, else id, else title.
    pub fn label(&self) -> Option<String> {
        match (&self.short_name, &self.version) {
            (Some(name), Some(version)) => Some(format!("{name} {version}")),
            (Some(name), None) => Some(name.clone()),
            (None, _) => self.id.clone().or_else(|| self.title.clone()),
        }
    }

    /// The same for who counts: `ATL03.006`; empty where nobody says.
    pub fn counted_as(&self) -> String {
        match (&self.short_name, &self.version) {
            (Some(name), Some(version)) => format!("{name}.{version}"),
            _ => self.label().unwrap_or_default(),
        }
    }
}

/// A number of bytes as a catalogue tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Size {
    /// To the byte.
    Exact(u64),
    /// Rounded, or in a unit that the catalogue does not say.
    About(u64),
}

impl Size {
    /// The number of bytes.
    pub const fn bytes(self) -> u64 {
        match self {
            Self::Exact(bytes) | Self::About(bytes) => bytes,
        }
    }

    /// Whether it is to the byte.
    pub const fn is_exact(self) -> bool {
        matches!(self, Self::Exact(_))
    }

    /// The sum of two, exact if both are.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        let sum = self.bytes().saturating_add(other.bytes());
        if self.is_exact() && other.is_exact() { Self::Exact(sum) } else { Self::About(sum) }
    }
}

/// A digest of a file, as a catalogue tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksum {
    /// The algorithm in upper case: `MD5`, `SHA-1`, `SHA-256`, `SHA-512`, or what the catalogue says.
    pub algorithm: String,
    /// The digest in lower-case hexadecimal, or as the catalogue writes it.
    pub value: String,
}

/// What an asset is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// The data.
    Data,
    /// A description of the data, also one by which it is read, such as DMR++.
    Metadata,
    /// An image to look at.
    Browse,
    /// A service that gives the data in other forms.
    Service,
    /// Where keys for S3 are given.
    Credentials,
    /// Pages to read.
    Documentation,
    /// Anything else.
    Other,
}

impl Role {
    /// Its name, which is STAC's role where STAC has one.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Metadata => "metadata",
            Self::Browse => "thumbnail",
            Self::Service => "service",
            Self::Credentials => "credentials",
            Self::Documentation => "documentation",
            Self::Other => "other",
        }
    }
}

/// A file or an address that belongs to an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asset {
    /// Its name among the item's assets.
    pub key: String,
    /// Where it is: `https:`, `s3:`, `gs:`, `file:` or another address.
    pub href: String,
    /// Where the same is in S3, if `href` is not already there.
    pub s3: Option<String>,
    /// What it is for.
    pub role: Role,
    /// Its media type.
    pub media_type: Option<String>,
    /// Words for people.
    pub title: Option<String>,
    /// How large it is.
    pub size: Option<Size>,
    /// Its digest.
    pub checksum: Option<Checksum>,
    /// The region of its bucket, if the catalogue tells.
    pub region: Option<String>,
}

impl Asset {
    /// An asset of which nothing more is known.
    pub fn new(key: impl Into<String>, href: impl Into<String>, role: Role) -> Self {
        Self {
            key: key.into(),
            href: href.into(),
            s3: None,
            role,
            media_type: None,
            title: None,
            size: None,
            checksum: None,
            region: None,
        }
    }

    /// The last part of the path: the file's name.
    pub fn file_name(&self) -> &str {
        file_name(&self.href)
    }

    /// The bucket, if it is in S3 or GCS by its address.
    pub fn bucket(&self) -> Option<&str> {
        let address = self.s3.as_deref().unwrap_or(&self.href);
        let rest = ["s3://", "gs://", "gcs://"].iter().find_map(|scheme| address.strip_prefix(scheme))?;
        rest.split('/').next().filter(|bucket| !bucket.is_empty())
    }

    /// The bucket, if it is in Google Cloud Storage by its address.
    pub fn google_bucket(&self) -> Option<&str> {
        self.bucket().filter(|_| self.s3.is_none() && Item::is_address(&self.href))
    }

    /// The bucket, if it is in S3: buckets of other stores are none that S3 could be asked about.
    pub fn s3_bucket(&self) -> Option<&str> {
        self.bucket().filter(|_| self.s3.as_deref().unwrap_or(&self.href).starts_with("s3://"))
    }
}

/// The last part of an address's path, without query and fragment, which keys of buckets do not have.
pub(crate) fn file_name(href: &str) -> &str {
    let is_key = ["s3://", "gs://", "gcs://"].iter().any(|scheme| href.starts_with(scheme));
    let path = href.split(['?', '#']).next().filter(|_| !is_key).unwrap_or(href);
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Where it was found.
    pub source: Source,
    /// Its id in the catalogue.
    pub id: String,
    /// Its name for people: a granule's name, an item's id, a row's key.
    pub name: String,
    /// What it is of.
    pub dataset: Dataset,
    /// Who provides it.
    pub provider: Option<String>,
    /// Which revision of its description this is.
    pub revision: Option<u64>,
    /// When it was observed.
    pub time: Interval,
    /// Where.
    pub geometry: Option<Geometry>,
    /// The box around it.
    pub bbox: Option<Bbox>,
    /// How large its data is in all.
    pub size: Option<Size>,
    /// Whether its data is in a cloud's object store; `None` where that is not known.
    pub cloud_hosted: Option<bool>,
    /// Its files and addresses.
    pub assets: Vec<Asset>,
    /// What else the catalogue tells, by STAC's names where STAC has them.
    pub properties: Map<String, Value>,
    /// The item as the catalogue wrote it.
    pub raw: Value,
}

impl Item {
    /// An item of which nothing is known but where it was found, its id, and its name, which is the id until it
    /// has another.
    pub(crate) fn new(source: Source, id: &str) -> Self {
        Self {
            source,
            id: id.to_owned(),
            name: id.to_owned(),
            dataset: Dataset::default(),
            provider: None,
            revision: None,
            time: Interval::default(),
            geometry: None,
            bbox: None,
            size: None,
            cloud_hosted: None,
            assets: Vec::new(),
            properties: Map::new(),
            raw: Value::Null,
        }
    }

    /// The data among its assets.
    pub fn data(&self) -> impl Iterator<Item = &Asset> {
        self.assets.iter().filter(|asset| asset.role == Role::Data)
    }

    /// The data whose file name matches a pattern with `*` and `?`, whatever the case; all of it where
    /// there is no pattern.
    pub fn data_matching<'a>(&'a self, pattern: Option<&'a str>) -> impl Iterator<Item = &'a Asset> {
        let matches =
            move |asset: &&Asset| pattern.is_none_or(|pattern| wildcard(pattern, asset.file_name()));
        self.data().filter(matches)
    }

    /// The bucket of Google Cloud Storage, of data that is behind no host and in no other store.
    pub fn google_bucket(&self) -> Option<&str> {
        let elsewhere = |asset: &Asset| asset.href.starts_with("http") || asset.s3_bucket().is_some();
        if self.data().any(elsewhere) {
            return None;
        }
        self.data().find_map(Asset::google_bucket)
    }

    /// The first image to look at.
    pub fn browse(&self) -> Option<&Asset> {
        self.assets.iter().find(|asset| asset.role == Role::Browse)
    }
}

/// Whether a text matches a pattern in which `*` stands for anything and `?` for one character.
pub(crate) fn wildcard(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let (mut at, mut of) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(of) {
            Some('*') => {
                star = Some((of, at));
                of += 1;
            }
            Some(&wanted) if wanted == '?' || wanted == text[at] => {
                at += 1;
                of += 1;
            }
            _ => match star {
                Some((back, from)) => {
                    star = Some((back, from + 1));
                    at = from + 1;
                    of = back + 1;
                }
                None => return false,
            },
        }
    }
    pattern[of..].iter().all(|rest| *rest == '*')
}
