//! Intake catalogues: sources by name, and catalogues within catalogues.

use std::collections::{BTreeMap, HashSet, VecDeque};

use serde_json::{Map, Value};
use url::Url;

use super::fill::fill;
use super::{in_store, media_type};
use crate::address::Address;
use crate::documents;
use crate::error::{Error, Result};
use crate::found::{Asset, Dataset, Item, Role, Source};
use crate::http::Client;
use crate::json::{at, list, owned, text};

/// Most bytes of a catalogue.
const LONGEST: usize = 64 << 20;
/// Most catalogues that one leads to.
const MOST_CATALOGS: usize = 10_000;

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Data.
    Data,
    /// Another Intake catalogue.
    Intake,
    /// An intake-esm catalogue.
    Esm,
    /// A STAC catalogue.
    Stac,
}

/// What a source lets its reader choose.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// Its type, such as `str`.
    pub kind: Option<String>,
    /// What it is when nothing is chosen.
    pub default: Option<String>,
    /// What may be chosen; empty when anything may.
    pub allowed: Vec<String>,
}

/// A source of a catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct IntakeSource {
    /// Its name below the root, such as `ocean.GODAS`.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// What reads it, such as `zarr`.
    pub driver: String,
    /// Words for people.
    pub description: Option<String>,
    /// What it lets its reader choose.
    pub parameters: Vec<Parameter>,
    /// Expressions that were not filled; then its addresses are not whole.
    pub open: Vec<String>,
    /// The arguments of its driver, filled.
    pub args: Value,
    /// What else is told of it.
    pub metadata: Value,
    /// The catalogue that it stands in.
    base: Url,
    raw: Value,
}

/// One document of Intake.
#[derive(Clone, Debug, PartialEq)]
pub struct IntakeCatalog {
    /// Words for people.
    pub description: Option<String>,
    /// Its sources in their order.
    pub sources: Vec<IntakeSource>,
}

impl IntakeCatalog {
    /// Reads a catalogue's text. `base` is where it came from, `chosen` what is chosen for parameters.
    ///
    /// # Errors
    /// When it is no catalogue.
    pub fn read(text_of: &str, base: &Url, chosen: &BTreeMap<String, String>) -> Result<Self> {
        let unread = |what: String| Error::Answer { address: Address::from(base), what };
        let document: Value = serde_yaml::from_str(text_of)
            .map_err(|error| unread(format!("something that is no YAML: {error}")))?;
        let Some(sources) = at(&document, &["sources"]).as_object() else {
            let version = at(&document, &["version"]).as_u64();
            let what = if version == Some(2) {
                "a catalogue of Intake 2, which is not read yet".to_owned()
            } else {
                "no catalogue of Intake: it has no `sources`".to_owned()
            };
            return Err(unread(what));
        };
        let sources = sources.iter().map(|(name, source)| source_of(name, source, base, chosen));
        Ok(Self {
            description: owned(&document, &["description"])
                .or_else(|| owned(&document, &["metadata", "description"])),
            sources: sources.collect(),
        })
    }

    /// Reads the catalogue at an address.
    ///
    /// # Errors
    /// When it is not there, or no catalogue.
    pub async fn open(client: &Client, url: &Url, chosen: &BTreeMap<String, String>) -> Result<Self> {
        let (url, bytes) = documents::read(client, url, LONGEST).await?;
        Self::read(&String::from_utf8_lossy(&bytes), &url, chosen)
    }

    /// All sources of the catalogue at an address and of those within it. A catalogue within that cannot be
    /// read is given as a failure with its name; the others are read all the same.
    ///
    /// # Errors
    /// When the first catalogue cannot be read.
    pub async fn walk(
        client: &Client,
        url: &Url,
        chosen: &BTreeMap<String, String>,
    ) -> Result<(Vec<IntakeSource>, Vec<(String, Error)>)> {
        let mut seen = HashSet::from([url.clone()]);
        let mut queue = VecDeque::from([(String::new(), url.clone())]);
        let (mut sources, mut failures) = (Vec::new(), Vec::new());
        while let Some((prefix, url)) = queue.pop_front() {
            let catalog = match Self::open(client, &url, chosen).await {
                Ok(catalog) => catalog,
                Err(error) if prefix.is_empty() => return Err(error),
                Err(error) => {
                    failures.push((prefix, error));
                    continue;
                }
            };
            for mut source in catalog.sources {
                if !prefix.is_empty() {
                    source.path = format!("{prefix}.{}", source.path);
                }
                let within = source.catalog().filter(|_| source.kind == Kind::Intake);
                match within {
                    Some(within) if seen.len() < MOST_CATALOGS => {
                        if seen.insert(within.clone()) {
                            queue.push_back((source.path, within));
                        }
                    }
                    _ => sources.push(source),
                }
            }
        }
        Ok((sources, failures))
    }
}

fn source_of(name: &str, source: &Value, base: &Url, chosen: &BTreeMap<String, String>) -> IntakeSource {
    let parameters: Vec<Parameter> =
        at(source, &["parameters"]).as_object().into_iter().flatten().map(parameter).collect();
    let mut names: BTreeMap<String, String> = parameters
        .iter()
        .filter_map(|parameter| Some((parameter.name.clone(), parameter.default.clone()?)))
        .collect();
    names.extend(chosen.iter().map(|(name, value)| (name.clone(), value.clone())));
    names.insert("CATALOG_DIR".to_owned(), folder(base));
    let mut open = Vec::new();
    let driver = driver(source);
    IntakeSource {
        path: name.to_owned(),
        kind: kind(&driver),
        description: owned(source, &["description"]),
        parameters,
        args: fill(at(source, &["args"]), &names, &mut open),
        metadata: at(source, &["metadata"]).clone(),
        open,
        driver,
        base: base.clone(),
        raw: source.clone(),
    }
}

fn parameter((name, value): (&String, &Value)) -> Parameter {
    Parameter {
        name: name.clone(),
        description: owned(value, &["description"]),
        kind: owned(value, &["type"]),
        default: value.get("default").and_then(plain),
        allowed: list(value, &["allowed"]).filter_map(plain).collect(),
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// The driver: a name, or one of several with a class of its own.
fn driver(source: &Value) -> String {
    let told = at(source, &["driver"]);
    let class = |value: &Value| owned(value, &["class"]);
    let of = |value: &Value| value.as_str().map(str::to_owned).or_else(|| class(value));
    let first = told.as_array().and_then(|all| all.first()).and_then(of);
    let named = told.as_object().and_then(|all| all.values().next()).and_then(of);
    of(told).or(first).or(named).unwrap_or_default()
}

fn kind(driver: &str) -> Kind {
    let lower = driver.to_ascii_lowercase();
    if lower.contains("esm") {
        Kind::Esm
    } else if lower.contains("stac") {
        Kind::Stac
    } else if lower.contains("catalog") || lower.ends_with("_cat") || lower.ends_with("_cats") {
        Kind::Intake
    } else {
        Kind::Data
    }
}

/// Where a catalogue is, without the slash at its end.
fn folder(base: &Url) -> String {
    let folder = base.join(".").map_or_else(|_| base.to_string(), String::from);
    folder.trim_end_matches('/').to_owned()
}

impl IntakeSource {
    /// The addresses of its arguments.
    pub fn hrefs(&self) -> Vec<String> {
        let keys = ["urlpath", "path", "obj", "esmcol_obj", "esmcol_path", "stac_obj", "url", "uri"];
        let told = keys.iter().map(|key| at(&self.args, &[key])).find(|value| !value.is_null());
        let texts = |value: &Value| match value {
            Value::Array(values) => values.iter().filter_map(plain).collect(),
            value => plain(value).into_iter().collect::<Vec<_>>(),
        };
        let hrefs = told.map(texts).unwrap_or_default();
        hrefs.into_iter().map(|href| self.whole(href)).collect()
    }

    /// A reference made whole by the catalogue's address.
    fn whole(&self, href: String) -> String {
        if href.contains("://") || href.contains("{{") {
            return href;
        }
        self.base.join(&href).map_or(href, String::from)
    }

    /// The address of the catalogue that it is, if it is one.
    pub fn catalog(&self) -> Option<Url> {
        if self.kind == Kind::Data || !self.open.is_empty() {
            return None;
        }
        crate::stac::join(&self.base, self.hrefs().first()?)
    }

    /// The source in the shape of all that can be found.
    pub fn item(&self) -> Item {
        let hrefs = self.hrefs();
        let single = hrefs.len() == 1;
        let asset = |(index, href): (usize, &String)| {
            let key = if single { "data".to_owned() } else { format!("data-{}", index + 1) };
            let mut asset = Asset::new(key, href.clone(), Role::Data);
            asset.media_type = media_type(&self.driver).map(str::to_owned);
            asset
        };
        let mut properties = Map::new();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value.filter(|value| !value.is_null()) {
                properties.insert(key.to_owned(), value);
            }
        };
        put("driver", Some(self.driver.clone().into()));
        put("description", self.description.clone().map(Value::from));
        put("args", Some(self.args.clone()));
        put("metadata", Some(self.metadata.clone()));
        put("open", (!self.open.is_empty()).then(|| self.open.clone().into()));
        let id = text(&self.metadata, &["id"]).unwrap_or(&self.path);
        Item {
            name: self.path.clone(),
            dataset: Dataset { title: self.description.clone(), ..Dataset::default() },
            cloud_hosted: (!hrefs.is_empty()).then(|| hrefs.iter().any(|href| in_store(href))),
            assets: hrefs.iter().enumerate().map(asset).collect(),
            properties,
            raw: self.raw.clone(),
            ..Item::new(Source::Intake, id)
        }
    }
}
