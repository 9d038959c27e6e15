//! Tells what a file holds, an object a line, as JSON: `values FILE [every]`. Values of attributes are
//! told whole, those of arrays as an MD5 digest of their bytes in the order of this machine, or of
//! their texts with a zero behind each. With `every`, a part of each array is told too: from a third
//! of each dimension on, every second element.

#![expect(clippy::print_stdout, reason = "an example speaks for itself")]
#![expect(clippy::unwrap_used, reason = "what it reads files with is made for tests")]

use std::sync::Arc;

use frazil_data::Result;
use frazil_data::dataset::{Attribute, DataType, Dataset, Extent, Group, Selection, Values, Variable};
use frazil_data::handle::Handle;
use frazil_data::hdf5::Hdf5;
use frazil_data::limits::Limits;
use frazil_data::netcdf::NetCdf;
use md5::{Digest, Md5};
use serde_json::{Map, Value, json};

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_default();
    let parts = arguments.next().is_some();
    let file = Arc::new(Handle::local(path.as_ref()).unwrap());
    let begins = file.read_at(0, 3).await?;
    let dataset: Box<dyn Dataset> = match &*begins {
        b"CDF" => Box::new(NetCdf::open(file, Limits::default()).await?),
        _ => Box::new(Hdf5::open(file, Limits::default()).await?),
    };
    println!("{}", json!({ "format": dataset.format() }));
    let mut groups = vec![(String::new(), dataset.group("/", true).await?)];
    while let Some((path, group)) = groups.pop() {
        tell_group(&path, &group);
        for variable in &group.variables {
            tell_variable(dataset.as_ref(), &path, variable, parts).await?;
        }
        groups.extend(group.groups.into_iter().map(|below| (format!("{path}/{}", below.name), below)));
    }
    Ok(())
}

fn tell_group(path: &str, group: &Group) {
    let dimensions = group
        .dimensions
        .iter()
        .map(|dimension| json!([dimension.name, dimension.length, dimension.is_unlimited]));
    println!(
        "{}",
        json!({
            "group": path,
            "attributes": attributes(&group.attributes),
            "dimensions": dimensions.collect::<Value>(),
        })
    );
}

async fn tell_variable(dataset: &dyn Dataset, group: &str, variable: &Variable, parts: bool) -> Result<()> {
    let path = format!("{group}/{}", variable.name);
    let mut told = json!({
        "variable": path,
        "type": variable.data_type.to_string(),
        "shape": variable.shape,
        "dimensions": variable.dimensions,
        "chunks": variable.chunks,
        "filters": variable.filters,
        "fill": variable.fill.as_ref().map(value),
        "attributes": attributes(&variable.attributes),
    });
    told["md5"] = digest(&dataset.read(&path, &Selection::All).await?).into();
    if parts {
        let part = variable.shape.iter().map(|length| {
            let start = length / 3;
            Extent { start, count: (length - start).div_ceil(2), step: 2 }
        });
        told["part"] = digest(&dataset.read(&path, &Selection::Box(part.collect())).await?).into();
    }
    println!("{told}");
    Ok(())
}

fn attributes(attributes: &[Attribute]) -> Map<String, Value> {
    attributes.iter().map(|attribute| (attribute.name.clone(), value(&attribute.value))).collect()
}

fn value(values: &Values) -> Value {
    match values.data_type {
        DataType::Text => json!({ "type": "string", "shape": values.shape, "texts": values.texts }),
        _ => json!({
            "type": values.data_type.to_string(),
            "shape": values.shape,
            "bytes": hex(&values.bytes),
            "texts": values.texts,
        }),
    }
}

fn digest(values: &Values) -> String {
    let mut digest = Md5::new();
    if values.texts.is_empty() {
        digest.update(&values.bytes);
    }
    for text in &values.texts {
        digest.update(text);
        digest.update([0]);
    }
    hex(&digest.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
