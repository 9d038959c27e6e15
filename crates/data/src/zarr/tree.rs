//! The groups and arrays of a store, from consolidated metadata or from each one's own.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::{BoxFuture, try_join_all};
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use serde_json::Value;

use super::array::Array;
use super::data_type::attribute;
use crate::address::Address;
use crate::dataset::{Attribute, Dimension, Group};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::objects::Objects;

/// How many members of a group are asked for at a time.
const AT_ONCE: usize = 32;

/// What a store holds.
#[derive(Debug)]
pub(super) struct Tree {
    objects: Arc<dyn Objects>,
    limits: Limits,
    version: Version,
    /// All metadata by key, where it is consolidated.
    consolidated: Option<BTreeMap<String, Value>>,
    /// Whether the metadata is that of references in Parquet.
    pub(super) is_of_references: bool,
    known: Mutex<HashMap<String, Option<Node>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    V2,
    V3,
}

/// A group or an array.
#[derive(Clone, Debug)]
enum Node {
    Group(Arc<Vec<Attribute>>),
    Array(Arc<Array>),
}

impl Tree {
    pub(super) async fn open(objects: Arc<dyn Objects>, limits: Limits) -> Result<Self> {
        let read = |key: &'static str| {
            let objects = Arc::clone(&objects);
            async move { document(&objects, key, &limits).await }
        };
        let (v3, all, group, array) =
            futures::try_join!(read("zarr.json"), read(".zmetadata"), read(".zgroup"), read(".zarray"))?;
        let is_of_references = all.as_ref().is_some_and(|all| all.get("record_size").is_some());
        let (version, consolidated) = match (&v3, all) {
            (Some(root), _) => (Version::V3, inline(root, &limits)),
            (None, Some(all)) => (Version::V2, all.get("metadata").and_then(Value::as_object).map(of_keys)),
            (None, None) if group.is_some() || array.is_some() => (Version::V2, None),
            (None, None) => {
                return Err(Error::Invalid {
                    what: format!("there is no Zarr store at {}", objects.address()),
                    advice: "give the address of the group that holds zarr.json, .zgroup or .zmetadata"
                        .to_owned(),
                });
            }
        };
        let entries = consolidated.as_ref().map_or(0, BTreeMap::len) as u64;
        if entries > limits.entries {
            return Err(damaged(&objects, "metadata", format!("it has {entries} entries")));
        }
        Ok(Self { objects, limits, version, consolidated, is_of_references, known: Mutex::default() })
    }

    pub(super) fn format(&self) -> &'static str {
        match self.version {
            Version::V2 => "Zarr v2",
            Version::V3 => "Zarr v3",
        }
    }

    /// A piece of metadata; none where there is none.
    async fn metadata(&self, key: &str) -> Result<Option<Value>> {
        match &self.consolidated {
            Some(all) => Ok(all.get(key).cloned()),
            None => document(&self.objects, key, &self.limits).await,
        }
    }

    async fn node(&self, path: &str) -> Result<Option<Node>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
        if let Some(node) = known {
            return Ok(node);
        }
        let node = match self.version {
            Version::V2 => self.node_of_v2(path).await,
            Version::V3 => self.node_of_v3(path).await,
        }?;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), node.clone());
        Ok(node)
    }

    async fn node_of_v2(&self, path: &str) -> Result<Option<Node>> {
        let (array_key, group_key, said_key) =
            (key(path, ".zarray"), key(path, ".zgroup"), key(path, ".zattrs"));
        let (array, group, said) = futures::try_join!(
            self.metadata(&array_key),
            self.metadata(&group_key),
            self.metadata(&said_key)
        )?;
        let said = said.unwrap_or(Value::Null);
        match (array, group) {
            (Some(metadata), _) => {
                let array = Array::of_v2(&metadata, &said, &self.limits);
                let array = array.map_err(|what| damaged(&self.objects, &array_key, what))?;
                Ok(Some(Node::Array(Arc::new(array))))
            }
            (None, Some(_)) => Ok(Some(Node::Group(Arc::new(attributes(&said))))),
            (None, None) if path.is_empty() => Ok(Some(Node::Group(Arc::new(attributes(&said))))),
            (None, None) => Ok(None),
        }
    }

    async fn node_of_v3(&self, path: &str) -> Result<Option<Node>> {
        let key = key(path, "zarr.json");
        let Some(metadata) = self.metadata(&key).await? else { return Ok(None) };
        if metadata.get("node_type").and_then(Value::as_str) == Some("array") {
            let array =
                Array::of_v3(&metadata, &self.limits).map_err(|what| damaged(&self.objects, &key, what))?;
            return Ok(Some(Node::Array(Arc::new(array))));
        }
        Ok(Some(Node::Group(Arc::new(attributes(metadata.get("attributes").unwrap_or(&Value::Null))))))
    }

    /// Names that may be members of a group. None is empty: it would lead back to the group.
    async fn names(&self, path: &str) -> Result<Vec<String>> {
        let prefix = key(path, "");
        let Some(all) = &self.consolidated else {
            let listed = self.objects.list(&prefix).await?;
            let names = listed.ok_or_else(|| self.no_list(path))?;
            if names.len() as u64 > self.limits.entries {
                return Err(damaged(&self.objects, &prefix, format!("it has {} entries", names.len())));
            }
            return Ok(names
                .into_iter()
                .filter(|name| !name.is_empty() && !name.starts_with('.') && name != "zarr.json")
                .collect());
        };
        let below = all.range(prefix.clone()..).map_while(|(key, _)| key.strip_prefix(&prefix));
        let names: BTreeSet<&str> =
            below.filter_map(|key| key.split_once('/')).map(|(name, _)| name).collect();
        let names = names.into_iter().filter(|name| !name.is_empty());
        Ok(names.map(str::to_owned).collect())
    }

    fn no_list(&self, path: &str) -> Error {
        Error::Invalid {
            what: format!(
                "nothing tells what is in the group `/{path}` of {}: its metadata is not consolidated, and its host \
                 has no list",
                self.objects.address()
            ),
            advice: "open its arrays by their paths, or have the metadata consolidated".to_owned(),
        }
    }

    /// An array by its path, and its key in the store.
    pub(super) async fn array(&self, path: &str) -> Result<(String, Arc<Array>)> {
        let path = path.trim_matches('/');
        match self.node(path).await? {
            Some(Node::Array(array)) => return Ok((path.to_owned(), array)),
            // The store may be one array, which is called as the store is.
            None if path == self.own_name() => {
                if let Some(Node::Array(array)) = self.node("").await? {
                    return Ok((String::new(), array));
                }
            }
            _ => {}
        }
        Err(self.nothing("array", path).await)
    }

    pub(super) async fn group(&self, path: &str, deep: bool) -> Result<Group> {
        let path = path.trim_matches('/');
        match self.node(path).await? {
            Some(Node::Group(attributes)) => self.filled(path.to_owned(), attributes, deep).await,
            Some(Node::Array(array)) if path.is_empty() => {
                let name = self.own_name();
                let dimensions = names_of(&array, &[]);
                let declared = declared([(array.shape.as_slice(), dimensions.as_slice())].into_iter());
                let variables = vec![array.variable(&name, dimensions)];
                Ok(Group { dimensions: declared, variables, ..Group::default() })
            }
            _ => Err(self.nothing("group", path).await),
        }
    }

    fn filled(
        &self,
        path: String,
        attributes: Arc<Vec<Attribute>>,
        deep: bool,
    ) -> BoxFuture<'_, Result<Group>> {
        async move {
            let names = self.names(&path).await?;
            let nodes = names.into_iter().map(|name| {
                let below = key(&path, &name);
                async move { Ok::<_, Error>((name, self.node(&below).await?)) }
            });
            let nodes: Vec<(String, Option<Node>)> =
                stream::iter(nodes).buffered(AT_ONCE).try_collect().await?;
            let mut group =
                Group { name: last(&path).to_owned(), attributes: attributes.to_vec(), ..Group::default() };
            let arrays = nodes.iter().filter_map(|(name, node)| match node {
                Some(Node::Array(array)) => Some((name, array)),
                _ => None,
            });
            let arrays: Vec<_> = arrays.collect();
            let mut unnamed = Vec::new();
            for (name, array) in arrays {
                let dimensions = names_of(array, &unnamed);
                for (length, dimension) in array.shape.iter().zip(&dimensions) {
                    let number = dimension.strip_prefix("phony_dim_").and_then(|number| number.parse().ok());
                    if number == Some(unnamed.len()) {
                        unnamed.push(*length);
                    }
                }
                group.variables.push(array.variable(name, dimensions));
            }
            group.dimensions = declared(
                group
                    .variables
                    .iter()
                    .map(|variable| (variable.shape.as_slice(), variable.dimensions.as_slice())),
            );
            let groups = nodes.into_iter().filter_map(|(name, node)| match node {
                Some(Node::Group(attributes)) => Some((name, attributes)),
                _ => None,
            });
            if !deep {
                group.groups = groups.map(|(name, _)| Group { name, ..Group::default() }).collect();
                return Ok(group);
            }
            if path.matches('/').count() > 64 {
                return Err(damaged(&self.objects, &path, "groups lie too deep in each other".to_owned()));
            }
            let below = groups.map(|(name, attributes)| self.filled(key(&path, &name), attributes, true));
            group.groups = try_join_all(below).await?;
            Ok(group)
        }
        .boxed()
    }

    /// The store's last name, without what it ends in.
    fn own_name(&self) -> String {
        let address = self.objects.address();
        let name = last(address.as_str().trim_end_matches('/')).to_owned();
        name.strip_suffix(".zarr").map_or(name.clone(), str::to_owned)
    }

    /// That there is nothing of a kind at a path, with what there is.
    async fn nothing(&self, kind: &str, path: &str) -> Error {
        let above = path.rsplit_once('/').map_or("", |(above, _)| above);
        let names = self.names(above).await.unwrap_or_default();
        let mut near: Vec<(f64, String)> = names
            .into_iter()
            .map(|name| (strsim::jaro(&name, last(path)), name))
            .filter(|(near, _)| *near > 0.6)
            .collect();
        near.sort_by(|one, other| other.0.total_cmp(&one.0));
        let near: Vec<String> = near.into_iter().take(3).map(|(_, name)| key(above, &name)).collect();
        Error::Invalid {
            what: format!("there is no {kind} `{path}` in {}", self.objects.address()),
            advice: if near.is_empty() {
                "look at the groups above it".to_owned()
            } else {
                format!("near are {}", near.join(", "))
            },
        }
    }
}

/// A key below a path.
fn key(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

fn last(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, last)| last)
}

fn of_keys(all: &serde_json::Map<String, Value>) -> BTreeMap<String, Value> {
    all.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Consolidated metadata in a root of v3, by the keys that the metadata would have alone.
fn inline(root: &Value, limits: &Limits) -> Option<BTreeMap<String, Value>> {
    let all = root.pointer("/consolidated_metadata/metadata").and_then(Value::as_object)?;
    if all.len() as u64 >= limits.entries {
        return None;
    }
    let below = all.iter().map(|(path, value)| (key(path, "zarr.json"), value.clone()));
    Some(below.chain([("zarr.json".to_owned(), root.clone())]).collect())
}

async fn document(objects: &Arc<dyn Objects>, key: &str, limits: &Limits) -> Result<Option<Value>> {
    let Some(place) = objects.find(key).await? else { return Ok(None) };
    let Some(bytes) = place.bytes(limits.metadata).await? else { return Ok(None) };
    parsed(&bytes).map(Some).map_err(|what| damaged(objects, key, what))
}

/// JSON as Zarr writes it: numbers that are none stand in it without quotes, as Python writes them.
pub(crate) fn parsed(bytes: &[u8]) -> std::result::Result<Value, String> {
    let error = match serde_json::from_slice(bytes) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    serde_json::from_str(&quoted(text)).map_err(|_| error.to_string())
}

/// `NaN`, `Infinity` and `-Infinity` outside of texts, in quotes.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let (mut in_text, mut escaped) = (false, false);
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let word =
            ["NaN", "-Infinity", "Infinity"].into_iter().find(|word| !in_text && rest.starts_with(word));
        if let Some(word) = word {
            out.push('"');
            out.push_str(word);
            out.push('"');
            rest = &rest[word.len()..];
            continue;
        }
        in_text ^= character == '"' && !escaped;
        escaped = in_text && character == '\\' && !escaped;
        out.push(character);
        rest = &rest[character.len_utf8()..];
    }
    out
}

fn attributes(said: &Value) -> Vec<Attribute> {
    let said = said.as_object().into_iter().flatten();
    said.map(|(name, value)| Attribute { name: name.clone(), value: attribute(value) }).collect()
}

/// The names of an array's dimensions; those without a name are counted by their lengths, in the order
/// in which lengths are met. No two dimensions of an array have one name.
fn names_of(array: &Array, unnamed: &[u64]) -> Vec<String> {
    let mut unnamed = unnamed.to_vec();
    let mut used = Vec::new();
    let given = array.dimensions.as_ref().filter(|names| names.len() == array.shape.len());
    let names = array.shape.iter().enumerate().map(|(dimension, length)| {
        if let Some(name) = given.and_then(|names| names[dimension].clone()) {
            return name;
        }
        let known =
            unnamed.iter().enumerate().position(|(number, known)| known == length && !used.contains(&number));
        let number = known.unwrap_or_else(|| {
            unnamed.push(*length);
            unnamed.len() - 1
        });
        used.push(number);
        format!("phony_dim_{number}")
    });
    names.collect()
}

/// The dimensions that arrays have together.
fn declared<'a>(arrays: impl Iterator<Item = (&'a [u64], &'a [String])>) -> Vec<Dimension> {
    let mut found: Vec<Dimension> = Vec::new();
    let mut known = BTreeSet::new();
    for (shape, names) in arrays {
        for (length, name) in shape.iter().zip(names) {
            if known.insert(name.clone()) {
                found.push(Dimension { name: name.clone(), length: *length, is_unlimited: false });
            }
        }
    }
    found
}

fn damaged(objects: &Arc<dyn Objects>, key: &str, what: String) -> Error {
    let address = Address::named(format!("{}/{key}", objects.address().as_str().trim_end_matches('/')));
    Error::Damaged { address, what }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_none_are_read_as_python_writes_them() {
        let value =
            parsed(br#"{"a": NaN, "b": [-Infinity, Infinity], "c": "NaN \" NaN", "NaN": 1}"#).unwrap();
        assert_eq!(
            value,
            serde_json::json!({"a": "NaN", "b": ["-Infinity", "Infinity"], "c": "NaN \" NaN", "NaN": 1})
        );
        assert!(parsed(b"{\"a\": nan}").is_err());
    }
}
