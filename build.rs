//! Packs the catalog's tables, one deflated block a region, so that looking up
//! one region decodes only that region, and the clouds' address ranges; packs the charts' base values,
//! `helm-values/CHART.yaml`, as one JSON mapping; checks the templates.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use handlebars::Template;

#[path = "src/render/templates/lint.rs"]
mod lint;

/// Deflate's best; the blocks are small and packed once.
const LEVEL: u8 = 9;

#[expect(clippy::disallowed_methods, reason = "this is how cargo and build scripts talk")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src/catalog/data");
    println!("cargo::rerun-if-changed=helm-values");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=templates");
    println!("cargo::rerun-if-changed=terraform");
    println!("cargo::rerun-if-changed=src/render/templates/lint.rs");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    check_templates(&root.join("templates"))?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("base_values.json"), base_values(&root.join("helm-values"))?)?;
    fs::write(out.join("terraform_modules.rs"), terraform_modules(&root.join("terraform"))?)?;
    let data = root.join("src/catalog/data");
    let mut pack = Pack::default();
    for provider in ["aws", "gcp"] {
        pack.add(provider, "", "machines", &machines(&data.join(provider))?)?;
    }
    for line in rows(&data.join("regions.csv"))? {
        let [provider, region, kind] = line.split(',').collect::<Vec<_>>()[..] else {
            return Err(format!("regions.csv: {line}").into());
        };
        pack.add(provider, region, kind, &block(&data.join(provider), region)?)?;
    }
    fs::write(out.join("catalog.bin"), &pack.bytes)?;
    fs::write(out.join("catalog_index.rs"), format!("&[\n{}]", pack.index))?;
    let ranges = rows(&data.join("addresses/ranges.csv"))?.join("\n");
    fs::write(out.join("addresses.bin"), miniz_oxide::deflate::compress_to_vec(ranges.as_bytes(), LEVEL))?;
    let size = format!("{} * 1_000 + {}", ranges.len() / 1_000, ranges.len() % 1_000);
    fs::write(out.join("addresses_size.rs"), size)?;
    Ok(())
}

/// The files of each Terraform module, by its path below `terraform/`, as a constant of Rust.
fn terraform_modules(folder: &Path) -> Result<String, Box<dyn Error>> {
    let mut text = String::from("&[\n");
    for module in ["aws", "gcp", "state/aws", "state/gcp"] {
        let mut files = Vec::new();
        for entry in fs::read_dir(folder.join(module))? {
            files.push(entry?.path());
        }
        files.sort();
        writeln!(text, "({module:?}, &[")?;
        for path in files.iter().filter(|path| path.extension().is_some_and(|end| end == "tf")) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let path = path.display().to_string();
            writeln!(text, "({name:?}, include_str!({path:?})),")?;
        }
        text += "]),\n";
    }
    Ok(text + "]\n")
}

/// The base values of each chart that has some, by the chart's name.
fn base_values(folder: &Path) -> Result<String, Box<dyn Error>> {
    let mut charts = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|end| end != "yaml") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let values: serde_json::Value =
            serde_yaml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        charts.insert(name, values);
    }
    Ok(serde_json::to_string(&charts)?)
}

/// The blocks one after the other, and where each begins and ends.
#[derive(Default)]
struct Pack {
    bytes: Vec<u8>,
    index: String,
}

impl Pack {
    fn add(&mut self, provider: &str, region: &str, kind: &str, text: &str) -> Result<(), Box<dyn Error>> {
        let start = self.bytes.len();
        self.bytes.extend(miniz_oxide::deflate::compress_to_vec(text.as_bytes(), LEVEL));
        let (end, size) = (self.bytes.len(), text.len());
        writeln!(self.index, "    ({provider:?}, {region:?}, {kind:?}, {start}, {end}, {size}),")?;
        Ok(())
    }
}

/// A table's rows without its header; a missing table has none.
fn rows(path: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(text.lines().skip(1).map(str::to_owned).collect())
}

/// What is true of machines in every region: facts, then measurements.
fn machines(data: &Path) -> Result<String, Box<dyn Error>> {
    Ok(sections(&[rows(&data.join("machines.csv"))?, rows(&data.join("measured.csv"))?]))
}

/// What is true of one region: machine prices, other prices, transfer, ratios.
fn block(data: &Path, region: &str) -> Result<String, Box<dyn Error>> {
    Ok(sections(&[
        rows(&data.join(format!("prices/{region}.csv")))?,
        rows_of(&data.join("items.csv"), region)?,
        rows_of(&data.join("transfer.csv"), region)?,
        rows_of(&data.join("ratios.csv"), region)?,
    ]))
}

/// The rows whose first column is `region`, without that column.
fn rows_of(path: &Path, region: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let own = |row: String| {
        row.split_once(',').filter(|(first, _)| *first == region).map(|(_, rest)| rest.to_owned())
    };
    Ok(rows(path)?.into_iter().filter_map(own).collect())
}

/// Each section's lines, ended by an empty line.
fn sections(all: &[Vec<String>]) -> String {
    all.iter()
        .flat_map(|lines| lines.iter().map(String::as_str).chain([""]))
        .fold(String::new(), |text, line| text + line + "\n")
}

/// Lints every template against the filled context of its name.
fn check_templates(folder: &Path) -> Result<(), Box<dyn Error>> {
    for template in templates(folder)? {
        let name = template.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let context = folder.join(format!("contexts/{name}.json"));
        let context =
            fs::read_to_string(&context).map_err(|error| format!("{}: {error}", context.display()))?;
        let parsed = Template::compile(&fs::read_to_string(&template)?)?;
        let problems = lint::lint(&parsed, &serde_json::from_str(&context)?);
        if !problems.is_empty() {
            return Err(format!("{}: {}", template.display(), problems.join("; ")).into());
        }
    }
    Ok(())
}

/// Handlebars templates below a folder.
fn templates(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(templates(&path)?);
        } else if path.extension().is_some_and(|end| end == "hbs") {
            found.push(path);
        }
    }
    Ok(found)
}
