//! What a file or store of arrays holds, as lines of JSON: its tree, and digests of its values. Tests
//! compare them with those of other readers.
//!
//! `digest FILE [PATH]`: the format is that of its name or first bytes. With a path, only that variable;
//! with `--part START:COUNT:STEP,…` behind it, a part of it, values and all. `digest FILE --references TO`
//! writes references to it, as Parquet where `TO` ends in `.parq`.

#![expect(clippy::print_stderr, reason = "an example says what went wrong")]

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use frazil_data::Surroundings;
use frazil_data::counting::Books;
use frazil_data::dataset::{Attribute, Dataset, Extent, Group, Selection, Values};
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
    let Some(path) = arguments.first() else {
        return Err("usage: digest FILE [PATH [--part START:COUNT:STEP,…]]".into());
    };
    let opened = open(path).await?;
    let dataset = opened.dataset();
    if let [_, what, to] = arguments.as_slice()
        && what == "--references"
    {
        let to = Path::new(to);
        let is_parquet = to.extension().is_some_and(|ending| ending == "parq");
        let form = if is_parquet { Form::Parquet(1000) } else { Form::Json };
        write(dataset.as_ref(), to, form, &Limits::default()).await?;
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    if let Some(variable) = arguments.get(1) {
        let selection = arguments.get(3).map_or(Ok(Selection::All), |part| parse(part))?;
        let line = whole(&dataset.read(variable, &selection).await?);
        writeln!(out, "{line}")?;
        return Ok(());
    }
    writeln!(out, "{}", json!({"format": dataset.format()}))?;
    let root = dataset.group("/", true).await?;
    let mut waiting = vec![(String::new(), root)];
    while let Some((path, group)) = waiting.pop() {
        writeln!(out, "{}", json!({"group": path, "attributes": attributes(&group.attributes)}))?;
        for line in variables(dataset.as_ref(), &path, &group).await {
            writeln!(out, "{line}")?;
        }
        waiting.extend(group.groups.into_iter().map(|below| (format!("{path}/{}", below.name), below)));
    }
    Ok(())
}

/// Opens a file as the crate does.
async fn open(path: &str) -> frazil_data::Result<Opened> {
    let surroundings = Surroundings::of_process();
    let client = Client::new(Settings::of(&surroundings)?, &surroundings)?;
    let whereabouts = Whereabouts::new(client.clone());
    let logins = Logins { client, session: None, amazon: None, google: None };
    let opener = Opener::new(logins, &whereabouts, Access::Auto, Books::new());
    opener.open(path, &Opening::default()).await
}

async fn variables(dataset: &dyn Dataset, path: &str, group: &Group) -> Vec<Value> {
    let mut lines = Vec::new();
    for variable in &group.variables {
        let full = format!("{path}/{}", variable.name);
        let read = dataset.read(&full, &Selection::All).await;
        let (digest, error) = match &read {
            Ok(values) => (Some(digest(values)), None),
            Err(error) => (None, Some(error.to_string())),
        };
        lines.push(json!({
            "variable": full,
            "type": variable.data_type.to_string(),
            "shape": variable.shape,
            "dimensions": variable.dimensions,
            "chunks": variable.chunks,
            "filters": variable.filters,
            "attributes": attributes(&variable.attributes),
            "md5": digest,
            "error": error,
        }));
    }
    lines
}

/// The MD5 of the elements' bytes, little-endian on usual machines; of texts, each behind its length
/// in bytes and a colon.
fn digest(values: &Values) -> String {
    let mut md5 = Md5::new();
    md5.update(&values.bytes);
    for text in &values.texts {
        md5.update(format!("{}:{text}", text.len()));
    }
    md5.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn attributes(attributes: &[Attribute]) -> Value {
    attributes.iter().map(|attribute| (attribute.name.clone(), plain(&attribute.value))).collect()
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
