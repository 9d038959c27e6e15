//! What a file or store of arrays holds, as lines of JSON: its tree, and digests of its values. Tests
//! compare them with those of other readers.
//!
//! `values FILE [PATH]`: the format is that of its name or first bytes. With a path, only that variable;
//! with `--part START:COUNT:STEP,…` behind it, a part of it, values and all. `values FILE --every` tells
//! a part of each array too: from a third of each dimension on, every second element.
//! `values FILE --references TO` writes references to it, as Parquet where `TO` ends in `.parq`.

#![expect(clippy::print_stderr, reason = "an example says what went wrong")]

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use frazil_data::Surroundings;
use frazil_data::counting::Books;
use frazil_data::credentials::ArchiveKeys;
use frazil_data::dataset::{Attribute, Dataset, Extent, Group, Selection, Values, Variable};
use frazil_data::handle::Logins;
use frazil_data::http::{Client, Settings};
use frazil_data::limits::Limits;
use frazil_data::open::{Opened, Opener, Opening};
use frazil_data::references::{Form, write};
use frazil_data::region::{Access, Whereabouts};
use md5::{Digest, Md5};
use serde_json::{Value, json};

type Any<T> = Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    match told().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn told() -> Any<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [path, what @ ..] = arguments.as_slice() else {
        return Err(
            "usage: values FILE [PATH [--part START:COUNT:STEP,…] | --every | --references TO]".into()
        );
    };
    let opened = open(path).await?;
    let dataset = opened.dataset();
    match what {
        ["--references", to] => references(dataset.as_ref(), Path::new(to)).await,
        [] | ["--every"] => tree(dataset.as_ref(), !what.is_empty()).await,
        [variable, part @ ..] => {
            let selection = part.get(1).map_or(Ok(Selection::All), |part| parse(part))?;
            let line = whole(&dataset.read(variable, &selection).await?);
            Ok(writeln!(std::io::stdout().lock(), "{line}")?)
        }
    }
}

async fn references(dataset: &dyn Dataset, to: &Path) -> Any<()> {
    let is_parquet = to.extension().is_some_and(|ending| ending == "parq");
    let form = if is_parquet { Form::Parquet(1000) } else { Form::Json };
    Ok(write(dataset, to, form, &Limits::default()).await?)
}

/// Opens a file as the crate does.
async fn open(path: &str) -> frazil_data::Result<Opened> {
    let surroundings = Surroundings::of_process();
    let client = Client::new(Settings::of(&surroundings)?, &surroundings)?;
    let whereabouts = Whereabouts::new(client.clone());
    let logins = Logins { client, session: None, amazon: None, google: None, keys: ArchiveKeys::default() };
    let opener = Opener::new(logins, &whereabouts, Access::Auto, Books::new());
    opener.open(path, &Opening::default()).await
}

async fn tree(dataset: &dyn Dataset, every: bool) -> Any<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", json!({"format": dataset.format()}))?;
    let root = dataset.group("/", true).await?;
    let mut waiting = vec![(String::new(), root)];
    while let Some((path, group)) = waiting.pop() {
        writeln!(out, "{}", described(&path, &group))?;
        for variable in &group.variables {
            writeln!(out, "{}", read(dataset, &path, variable, every).await)?;
        }
        waiting.extend(group.groups.into_iter().map(|below| (format!("{path}/{}", below.name), below)));
    }
    Ok(())
}

fn described(path: &str, group: &Group) -> Value {
    let dimensions = group
        .dimensions
        .iter()
        .map(|dimension| json!([dimension.name, dimension.length, dimension.is_unlimited]));
    json!({
        "group": path,
        "attributes": attributes(&group.attributes),
        "dimensions": dimensions.collect::<Value>(),
    })
}

async fn read(dataset: &dyn Dataset, group: &str, variable: &Variable, every: bool) -> Value {
    let path = format!("{group}/{}", variable.name);
    let mut line = json!({
        "variable": path,
        "type": variable.data_type.to_string(),
        "shape": variable.shape,
        "dimensions": variable.dimensions,
        "chunks": variable.chunks,
        "filters": variable.filters,
        "fill": variable.fill.as_ref().map(value),
        "attributes": attributes(&variable.attributes),
        "md5": null,
        "error": null,
    });
    let mut tell = |name: &str, read: frazil_data::Result<Values>| match read {
        Ok(values) => line[name] = digest(&values).into(),
        Err(error) => line["error"] = error.to_string().into(),
    };
    tell("md5", dataset.read(&path, &Selection::All).await);
    if every {
        let part = variable.shape.iter().map(|length| {
            let start = length / 3;
            Extent { start, count: (length - start).div_ceil(2), step: 2 }
        });
        tell("part", dataset.read(&path, &Selection::Box(part.collect())).await);
    }
    line
}

/// The MD5 of the elements' bytes, in the order of this machine; of texts, each behind its length in
/// bytes and a colon.
fn digest(values: &Values) -> String {
    let mut md5 = Md5::new();
    if values.texts.is_empty() {
        md5.update(&values.bytes);
    }
    for text in &values.texts {
        md5.update(format!("{}:{text}", text.len()));
    }
    hex(&md5.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn attributes(attributes: &[Attribute]) -> Value {
    attributes.iter().map(|attribute| (attribute.name.clone(), value(&attribute.value))).collect()
}

/// Values with their type, to the byte and for people.
fn value(values: &Values) -> Value {
    json!({
        "type": values.data_type.to_string(),
        "shape": values.shape,
        "bytes": hex(&values.bytes),
        "texts": values.texts,
        "plain": plain(values),
    })
}

/// Values as JSON; bytes that are neither numbers nor texts as their digest.
fn plain(values: &Values) -> Value {
    let list: Vec<Value> = if let Some(numbers) = values.as_f64() {
        numbers
            .into_iter()
            .map(|number| if number.is_finite() { json!(number) } else { json!(number.to_string()) })
            .collect()
    } else if values.bytes.is_empty() {
        values.texts.iter().map(|text| json!(text)).collect()
    } else {
        return json!(digest(values));
    };
    match list.as_slice() {
        [one] if values.shape.is_empty() => one.clone(),
        _ => Value::Array(list),
    }
}

fn whole(values: &Values) -> Value {
    json!({
        "type": values.data_type.to_string(),
        "shape": values.shape,
        "md5": digest(values),
        "values": if values.count() <= 1000 { plain(values) } else { Value::Null },
    })
}

fn parse(part: &str) -> Any<Selection> {
    let extents = part.split(',').map(|extent| {
        let numbers = extent.split(':').map(str::parse).collect::<Result<Vec<u64>, _>>()?;
        match numbers.as_slice() {
            [start, count, step] => Ok(Extent { start: *start, count: *count, step: *step }),
            _ => Err(format!("{extent} is not START:COUNT:STEP").into()),
        }
    });
    Ok(Selection::Box(extents.collect::<Any<_>>()?))
}
