//! DMR++ of OPeNDAP: the description of a file in the terms of DAP4, with the places of its chunks. It is
//! turned into the metadata of Zarr v3 and references.
//!
//! Types, dimensions, groups and attributes are those of
//! [DAP4](https://opendap.github.io/dap4-specification/DAP4.html). What HDF5 did to chunks stands in
//! `compressionType`; older documents of the Hyrax server have `deflate` before `shuffle`, which no file
//! has: there the order is corrected.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use roxmltree::{Document, Node, ParsingOptions};
use serde_json::{Map, Value, json};

use super::{Base, Entry};
use crate::limits::Limits;
use crate::zarr::UNREADABLE;

/// What stands for the data's address until a server fills it in.
const PLACEHOLDER: &str = "OPeNDAP_DMRpp_DATA_ACCESS_URL";

/// The references of a document.
pub(super) fn entries(
    document: &[u8],
    base: &Base,
    limits: &Limits,
) -> Result<BTreeMap<String, Entry>, String> {
    let text = text_of(document, limits)?;
    let nodes_limit = u32::try_from(limits.entries.saturating_mul(4)).unwrap_or(u32::MAX);
    let options = ParsingOptions { nodes_limit, ..ParsingOptions::default() };
    let document =
        Document::parse_with_options(&text, options).map_err(|error| format!("it is no XML: {error}"))?;
    let root = document.root_element();
    if root.tag_name().name() != "Dataset" {
        return Err(format!("it begins with <{}>, where <Dataset> is due", root.tag_name().name()));
    }
    let told = attribute(root, "href").filter(|href| *href != PLACEHOLDER).map(str::to_owned);
    let data = told
        .or_else(|| base.without(&[".gz", ".dmrpp", ".dmr.xml"]))
        .ok_or("it does not say where its data is")?;
    let mut reader = Reader {
        data: data.as_str().into(),
        dimensions: HashMap::new(),
        metadata: Map::new(),
        entries: BTreeMap::new(),
    };
    let attributes = reader.group(root, "", 0)?;
    let root = json!({
        "zarr_format": 3, "node_type": "group", "attributes": attributes,
        "consolidated_metadata": {"kind": "inline", "must_understand": false, "metadata": reader.metadata},
    });
    reader.entries.insert("zarr.json".to_owned(), Entry::Inline(root.to_string().into()));
    Ok(reader.entries)
}

/// A document as text: unpacked, and from Latin-1 where it is no UTF-8.
fn text_of(document: &[u8], limits: &Limits) -> Result<String, String> {
    let mut bytes = Vec::new();
    if document.starts_with(&[0x1f, 0x8b]) {
        let unpacked =
            flate2::bufread::MultiGzDecoder::new(document).take(limits.metadata + 1).read_to_end(&mut bytes);
        unpacked.map_err(|error| format!("it cannot be unpacked: {error}"))?;
    } else {
        bytes.extend_from_slice(document);
    }
    if bytes.len() as u64 > limits.metadata {
        return Err(format!("it has more than {} bytes", limits.metadata));
    }
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect()))
}

struct Reader {
    data: Arc<str>,
    /// Lengths of dimensions by their full names.
    dimensions: HashMap<String, u64>,
    metadata: Map<String, Value>,
    entries: BTreeMap<String, Entry>,
}

/// An attribute by its name, whatever its namespace.
fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.attributes().find(|attribute| attribute.name() == name).map(|attribute| attribute.value())
}

fn elements<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| child.is_element() && child.tag_name().name() == name)
}

fn at(node: Node<'_, '_>) -> String {
    let place = node.document().text_pos_at(node.range().start);
    format!("line {}: ", place.row)
}

/// A type of DAP4 in the terms of Zarr v3, and its bytes.
fn type_of(name: &str) -> Option<(&'static str, u64)> {
    Some(match name {
        "Int8" => ("int8", 1),
        "UInt8" | "Byte" | "Char" => ("uint8", 1),
        "Int16" => ("int16", 2),
        "UInt16" => ("uint16", 2),
        "Int32" => ("int32", 4),
        "UInt32" => ("uint32", 4),
        "Int64" => ("int64", 8),
        "UInt64" => ("uint64", 8),
        "Float32" => ("float32", 4),
        "Float64" => ("float64", 8),
        _ => return None,
    })
}

impl Reader {
    /// Takes over what a group holds; gives its attributes.
    fn group(&mut self, group: Node<'_, '_>, path: &str, depth: u32) -> Result<Map<String, Value>, String> {
        if depth > 64 {
            return Err(format!("{}groups lie too deep in each other", at(group)));
        }
        for dimension in elements(group, "Dimension") {
            let named = attribute(dimension, "name")
                .zip(attribute(dimension, "size").and_then(|size| size.parse().ok()));
            let (name, size) =
                named.ok_or_else(|| format!("{}a dimension has no name and size", at(dimension)))?;
            self.dimensions.insert(format!("/{}", below(path, name)), size);
        }
        for child in group.children().filter(Node::is_element) {
            let kind = child.tag_name().name();
            if !(kind == "Group" || kind == "String" || type_of(kind).is_some()) {
                continue;
            }
            let name = attribute(child, "name").filter(|name| !name.is_empty() && !name.contains('/'));
            let path = below(path, name.ok_or_else(|| format!("{}<{kind}> has no good name", at(child)))?);
            if kind == "Group" {
                let attributes = self.group(child, &path, depth + 1)?;
                self.metadata
                    .insert(path, json!({"zarr_format": 3, "node_type": "group", "attributes": attributes}));
            } else {
                let array = self
                    .variable(child, kind, &path)
                    .map_err(|what| format!("{}`{path}`: {what}", at(child)))?;
                self.metadata.insert(path, array);
            }
        }
        let mut attributes = Map::new();
        gather(group, "", &mut attributes, 0);
        Ok(attributes)
    }

    fn variable(&mut self, variable: Node<'_, '_>, kind: &str, path: &str) -> Result<Value, String> {
        let mut shape = Vec::new();
        let mut names = Vec::new();
        for dimension in elements(variable, "Dim") {
            if let Some(name) = attribute(dimension, "name") {
                let size =
                    self.dimensions.get(name).ok_or_else(|| format!("there is no dimension `{name}`"))?;
                shape.push(*size);
                names.push(json!(name.rsplit('/').next()));
            } else {
                let size: Option<u64> = attribute(dimension, "size").and_then(|size| size.parse().ok());
                shape.push(size.ok_or("a dimension has no size")?);
                names.push(Value::Null);
            }
        }
        let places = elements(variable, "chunks").next();
        let inline = self.inline(variable, path, shape.len())?;
        let (data_type, size) = match type_of(kind) {
            Some((name, size)) => (json!(name), size),
            None => text_type(variable, &shape, inline.as_ref().map(|(length, _)| *length)),
        };
        let sizes = places
            .and_then(|places| elements(places, "chunkDimensionSizes").next())
            .and_then(|node| node.text());
        let chunks: Vec<u64> = match sizes {
            Some(sizes) => sizes
                .split_whitespace()
                .map(str::parse)
                .collect::<Result<_, _>>()
                .map_err(|_| format!("chunks of `{sizes}`"))?,
            None => shape.iter().map(|length| (*length).max(1)).collect(),
        };
        if chunks.len() != shape.len() || chunks.contains(&0) {
            return Err(format!("chunks of {chunks:?} cannot make an array of {shape:?}"));
        }
        let mut codecs = vec![json!({"name": "bytes", "configuration": {"endian": endian(places)}})];
        if let Some(places) = places {
            codecs.extend(filters(places, size)?);
            self.chunks(places, path, &chunks)?;
        } else if let Some((_, true)) = inline {
            codecs.push(json!({"name": "numcodecs.zlib", "configuration": {"level": 6}}));
        }
        let is_told = inline.is_some() || places.is_some() && data_type.is_object() == (kind == "String");
        let mut attributes = Map::new();
        gather(variable, "", &mut attributes, 0);
        let fill = places.and_then(|places| attribute(places, "fillValue"));
        Ok(json!({
            "zarr_format": 3, "node_type": "array", "shape": shape, "data_type": data_type,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunks}},
            "chunk_key_encoding": {"name": "v2", "configuration": {"separator": "."}},
            "fill_value": fill_value(kind, fill), "codecs": codecs, "attributes": attributes, "dimension_names": names,
            UNREADABLE: if is_told { Value::Null } else { json!("its description does not tell where its values are") },
        }))
    }

    /// Values that stand in the document: how many bytes, and whether they are deflated.
    fn inline(
        &mut self,
        variable: Node<'_, '_>,
        path: &str,
        dimensions: usize,
    ) -> Result<Option<(u64, bool)>, String> {
        let found = elements(variable, "compact").next().map(|node| (node, false));
        let found = found.or_else(|| elements(variable, "missingdata").next().map(|node| (node, true)));
        let Some((node, is_deflated)) = found else { return Ok(None) };
        let text: String = node.text().unwrap_or_default().split_whitespace().collect();
        let bytes = STANDARD.decode(text).map_err(|error| format!("its base64 is damaged: {error}"))?;
        let length = bytes.len() as u64;
        let key = below(path, &key(std::iter::repeat_n(0, dimensions)));
        self.entries.insert(key, Entry::Inline(bytes.into()));
        Ok(Some((length, is_deflated)))
    }

    fn chunks(&mut self, places: Node<'_, '_>, path: &str, chunks: &[u64]) -> Result<(), String> {
        for chunk in elements(places, "chunk") {
            let number = |name| attribute(chunk, name).and_then(|text| text.parse::<u64>().ok());
            let (from, length) = number("offset")
                .zip(number("nBytes"))
                .ok_or_else(|| format!("{}a chunk has no place", at(chunk)))?;
            if attribute(chunk, "LBI").is_some() || attribute(chunk, "fm").is_some_and(|mask| mask != "0") {
                return Err(format!(
                    "{}chunks in linked blocks, or with filters left out, are not read",
                    at(chunk)
                ));
            }
            let place = match attribute(chunk, "chunkPositionInArray") {
                Some(text) => {
                    let numbers =
                        text.trim_matches(['[', ']']).split(',').map(|number| number.trim().parse::<u64>());
                    let numbers: Vec<u64> = numbers
                        .collect::<Result<_, _>>()
                        .map_err(|_| format!("{}a chunk lies at `{text}`", at(chunk)))?;
                    if numbers.len() != chunks.len() {
                        return Err(format!("{}a chunk lies at `{text}`", at(chunk)));
                    }
                    numbers.iter().zip(chunks).map(|(first, length)| first / length).collect()
                }
                None => vec![0; chunks.len()],
            };
            let href = attribute(chunk, "href").filter(|href| *href != PLACEHOLDER);
            let data = href.map_or_else(|| Arc::clone(&self.data), Into::into);
            self.entries.insert(below(path, &key(place.into_iter())), Entry::Part(data, from, length));
        }
        Ok(())
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

fn key(place: impl Iterator<Item = u64>) -> String {
    let numbers: Vec<String> = place.map(|number| number.to_string()).collect();
    if numbers.is_empty() { "0".to_owned() } else { numbers.join(".") }
}

fn endian(places: Option<Node<'_, '_>>) -> &'static str {
    if places.and_then(|places| attribute(places, "byteOrder")) == Some("BE") { "big" } else { "little" }
}

/// Texts of a fixed length: as it is told, or as many bytes as there are for each. Texts of any length
/// lie elsewhere in a file, which no reference can say.
fn text_type(variable: Node<'_, '_>, shape: &[u64], inline: Option<u64>) -> (Value, u64) {
    let told = elements(variable, "FixedLengthStringArray").next();
    let told = told.and_then(|node| attribute(node, "string_length")).and_then(|length| length.parse().ok());
    let count = crate::limits::product(shape, 1).filter(|count| *count > 0);
    let length: Option<u64> = told.or_else(|| inline.zip(count).map(|(bytes, count)| bytes / count));
    match length.filter(|length| *length > 0) {
        Some(length) => {
            (json!({"name": "null_terminated_bytes", "configuration": {"length_bytes": length}}), length)
        }
        None => (json!("string"), 1),
    }
}

/// What was done to chunks, as codecs of Zarr v3.
fn filters(places: Node<'_, '_>, size: u64) -> Result<Vec<Value>, String> {
    let mut names: Vec<&str> =
        attribute(places, "compressionType").unwrap_or_default().split_whitespace().collect();
    let place = |names: &[&str], name| names.iter().position(|known| *known == name);
    if let (Some(deflate), Some(shuffle)) = (place(&names, "deflate"), place(&names, "shuffle"))
        && deflate < shuffle
    {
        names.swap(deflate, shuffle);
    }
    let level = attribute(places, "deflateLevel")
        .and_then(|level| level.split_whitespace().next()?.parse().ok())
        .unwrap_or(6u8);
    let codecs = names.into_iter().map(|name| match name {
        "deflate" => Ok(json!({"name": "numcodecs.zlib", "configuration": {"level": level}})),
        "shuffle" => Ok(json!({"name": "numcodecs.shuffle", "configuration": {"elementsize": size}})),
        "fletcher32" => Ok(json!({"name": "numcodecs.fletcher32"})),
        other => Err(format!("there is no decoder for the compression `{other}`")),
    });
    codecs.collect()
}

/// A fill value in the terms of Zarr v3.
fn fill_value(kind: &str, told: Option<&str>) -> Value {
    let text = told.unwrap_or("0").trim();
    if kind == "String" {
        return json!("");
    }
    if kind.starts_with("Float") {
        return number_of(text.parse().unwrap_or(0.0));
    }
    match (text.parse::<i64>(), text.parse::<u64>()) {
        (Ok(number), _) if number >= 0 || !kind.starts_with('U') => json!(number),
        (_, Ok(number)) => json!(number),
        _ => json!(0),
    }
}

fn number_of(number: f64) -> Value {
    match number {
        number if number.is_nan() => json!("NaN"),
        number if number.is_infinite() => json!(if number > 0.0 { "Infinity" } else { "-Infinity" }),
        number => json!(number),
    }
}

/// Attributes; those in containers have the containers' names before their own.
fn gather(node: Node<'_, '_>, prefix: &str, found: &mut Map<String, Value>, depth: u32) {
    for said in elements(node, "Attribute") {
        let (Some(name), Some(kind)) = (attribute(said, "name"), attribute(said, "type")) else { continue };
        let name = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
        if kind == "Container" {
            if depth < 16 {
                gather(said, &name, found, depth + 1);
            }
            continue;
        }
        let values: Vec<Value> = elements(said, "Value")
            .map(|value| {
                let text = value.text().unwrap_or_default();
                match kind {
                    "Float32" | "Float64" => text.trim().parse().map_or_else(|_| json!(text), number_of),
                    "String" | "URL" => json!(text),
                    _ => text
                        .trim()
                        .parse::<i64>()
                        .map(Value::from)
                        .or_else(|_| text.trim().parse::<u64>().map(Value::from))
                        .unwrap_or_else(|_| json!(text)),
                }
            })
            .collect();
        let value = match <[Value; 1]>::try_from(values) {
            Ok([one]) => one,
            Err(values) => Value::Array(values),
        };
        found.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(document: &str) -> Result<BTreeMap<String, Entry>, String> {
        entries(document.as_bytes(), &Base::File("/data/a.h5.dmrpp".into()), &Limits::default())
    }

    const DOCUMENT: &str = r#"<?xml version="1.0" encoding="ISO-8859-1"?>
<Dataset xmlns="http://xml.opendap.org/ns/DAP/4.0#" xmlns:dmrpp="http://xml.opendap.org/dap/dmrpp/1.0.0#" name="a.h5"
  dmrpp:href="OPeNDAP_DMRpp_DATA_ACCESS_URL">
  <Dimension name="t" size="5"/>
  <Group name="g">
    <Float32 name="h">
      <Dim name="/t"/><Dim size="2"/>
      <Attribute name="_FillValue" type="Float32"><Value>NaN</Value></Attribute>
      <Attribute name="flags" type="Int8"><Value>0</Value><Value>1</Value></Attribute>
      <dmrpp:chunks compressionType="deflate shuffle" deflateLevel="4" byteOrder="LE" fillValue="-1.5">
        <dmrpp:chunkDimensionSizes>3 2</dmrpp:chunkDimensionSizes>
        <dmrpp:chunk offset="100" nBytes="20" chunkPositionInArray="[0,0]"/>
        <dmrpp:chunk offset="120" nBytes="21" chunkPositionInArray="[3,0]"/>
      </dmrpp:chunks>
    </Float32>
    <String name="s"><Dim size="1"/><dmrpp:compact>aGk=</dmrpp:compact></String>
  </Group>
</Dataset>"#;

    #[test]
    fn chunks_become_references() {
        let entries = read(DOCUMENT).unwrap();
        assert_eq!(entries["g/h/1.0"], Entry::Part("a.h5".into(), 120, 21));
        assert_eq!(entries["g/s/0"], Entry::Inline("hi".into()));
        let Entry::Inline(root) = &entries["zarr.json"] else { unreachable!() };
        let root: Value = serde_json::from_slice(root).unwrap();
        let h = &root["consolidated_metadata"]["metadata"]["g/h"];
        assert_eq!(h["dimension_names"], json!(["t", null]));
        assert_eq!(h["fill_value"], json!(-1.5));
        assert_eq!(h["codecs"][1]["name"], "numcodecs.shuffle");
        assert_eq!(h["attributes"], json!({"_FillValue": "NaN", "flags": [0, 1]}));
    }

    #[test]
    fn what_is_no_dmrpp_is_told_with_its_line() {
        assert!(read("<a/>").is_err());
        assert!(read("<!DOCTYPE d [<!ENTITY a 'b'>]><Dataset>&a;</Dataset>").is_err());
        for (good, bad) in [
            ("offset=\"120\"", "offset=\"-1\""),
            ("[3,0]", "[3]"),
            ("3 2<", "0 2<"),
            ("name=\"/t\"", "name=\"/u\""),
            ("aGk=", "*"),
        ] {
            let error = read(&DOCUMENT.replace(good, bad)).unwrap_err();
            assert!(error.contains("line "), "{error}");
        }
    }
}
