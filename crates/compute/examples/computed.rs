//! What is computed of files, stores and images, as a line of JSON, or written to a store or a file. Tests compare
//! it with what other programs compute.
//!
//! `computed JOB`, with a JSON object of:
//!
//! * `files` and `variable`: paths, and a variable of each of them; with `along`, the dimension along which they
//!   follow each other. Or `items` and `band`: a file with STAC items, and a band of the cube that they are.
//! * `slices`: a first element and how many, by dimensions; `coarsen`: a dimension and a window.
//! * `measure`: `sum`, `mean`, `count`, `min`, `max`, `std`, or `["quantile", SHARE]`; `over`: dimensions.
//! * `zarr` or `netcdf`: where elements are written; for Zarr `chunks` and `codec` (`lz4`, `zstd`, `plain`).
//! * `memory`, `threads`: the limits.

#![expect(clippy::print_stderr, reason = "an example says what went wrong")]

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use frazil_compute::expression::Expression;
use frazil_compute::plan::{Limits, Plan};
use frazil_compute::run::{Watch, run, run_into};
use frazil_compute::sink::{Codec, Contents, NetCdf, Zarr};
use frazil_compute::source::{Band, Joined, Source, Stored};
use frazil_compute::state::{Extreme, Measure, Numbers, Share, Spread, Total};
use frazil_data::Surroundings;
use frazil_data::cog::Cog;
use frazil_data::counting::Books;
use frazil_data::credentials::ArchiveKeys;
use frazil_data::cube::{Cube, File, Images, Request};
use frazil_data::handle::{Handle, Logins};
use frazil_data::http::{Client, Settings};
use frazil_data::open::{Opened, Opener, Opening};
use frazil_data::region::{Access, Whereabouts};
use frazil_data::stac::to_item;
use serde::Deserialize;
use serde_json::{Value, json};

type Any<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Job {
    #[serde(default)]
    files: Vec<PathBuf>,
    #[serde(default)]
    variable: String,
    along: Option<String>,
    items: Option<PathBuf>,
    #[serde(default)]
    band: String,
    #[serde(default)]
    slices: BTreeMap<String, (u64, u64)>,
    coarsen: Option<(String, u64)>,
    measure: Option<Measured>,
    #[serde(default)]
    over: Vec<String>,
    zarr: Option<PathBuf>,
    chunks: Option<Vec<u64>>,
    #[serde(default)]
    codec: String,
    netcdf: Option<PathBuf>,
    memory: Option<u64>,
    threads: Option<usize>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Measured {
    Named(String),
    With(String, f64),
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    match told().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let advice = error.downcast_ref::<frazil_compute::Error>().map(frazil_compute::Error::advice);
            let mut cause: Option<&dyn Error> = Some(&*error);
            while let Some(now) = cause {
                eprintln!("{now}");
                cause = now.source();
            }
            eprintln!("{}", advice.unwrap_or_default());
            ExitCode::FAILURE
        }
    }
}

async fn told() -> Any<()> {
    let job: Job = serde_json::from_str(&std::env::args().nth(1).ok_or("usage: computed JOB")?)?;
    if let Some(items) = &job.items {
        let band = band(items, &job.band).await?;
        return tokio::task::spawn_blocking(move || done(&job, &band, None)).await?;
    }
    let mut opened = Vec::new();
    for file in &job.files {
        opened.push(Arc::clone(open(file).await?.dataset()));
    }
    if let Some(along) = &job.along {
        let joined = Joined::open(opened, &job.variable, along).await?;
        // What waits for the runtime is on none of its threads.
        return tokio::task::block_in_place(|| done(&job, &joined, None));
    }
    let stored = Stored::open(opened.pop().ok_or("there are no files")?, &job.variable).await?;
    let expression = expression(&job, &stored)?;
    let contents = match job.measure {
        None => Some(Contents::of_stored(&expression, &stored).await?),
        Some(_) => None,
    };
    tokio::task::spawn_blocking(move || done(&job, &stored, contents)).await?
}

/// Opens a file as the data crate does.
async fn open(path: &Path) -> Any<Opened> {
    let surroundings = Surroundings::of_process();
    let client = Client::new(Settings::of(&surroundings)?, &surroundings)?;
    let whereabouts = Whereabouts::new(client.clone());
    let logins = Logins { client, session: None, amazon: None, google: None, keys: ArchiveKeys::default() };
    let opener = Opener::new(logins, &whereabouts, Access::Auto, Books::new());
    Ok(opener.open(&path.display().to_string(), &Opening::default()).await?)
}

/// Opens images of this machine.
struct Local;

#[async_trait]
impl Images for Local {
    async fn open(&self, file: &File) -> frazil_data::Result<Arc<Cog>> {
        let address = match file {
            File::Address(address) => address.clone(),
            File::Item(_) => file.address().to_string(),
        };
        let handle = Handle::local(Path::new(address.strip_prefix("file://").unwrap_or(&address)))?;
        Ok(Arc::new(Cog::open(Arc::new(handle), frazil_data::limits::Limits::default()).await?))
    }
}

async fn band(items: &Path, band: &str) -> Any<Band> {
    let raw: Vec<Value> = serde_json::from_slice(&std::fs::read(items)?)?;
    let base = url::Url::from_file_path(items).map_err(|()| "give an absolute path")?;
    let items: Vec<_> = raw.into_iter().map(|raw| to_item(raw, &base)).collect();
    let request = Request { bands: Some(vec![band.to_owned()]), ..Request::default() };
    let cube = Cube::plan(&items, &request, &Local).await?;
    Ok(Band::new(Arc::new(cube), band, Arc::new(Local), tokio::runtime::Handle::current())?)
}

fn expression(job: &Job, source: &dyn Source) -> Any<Expression> {
    let mut expression = Expression::of(source.array().clone());
    for (dimension, (start, count)) in &job.slices {
        expression = expression.slice(dimension, *start, *count)?;
    }
    if let Some((dimension, window)) = &job.coarsen {
        expression = expression.coarsen_sum(dimension, *window)?;
    }
    let Some(measured) = &job.measure else { return Ok(expression) };
    let over: Vec<&str> = job.over.iter().map(String::as_str).collect();
    Ok(expression.reduce(&over, measure(measured)?)?)
}

fn measure(measured: &Measured) -> Any<Measure> {
    Ok(match measured {
        Measured::With(name, share) if name == "quantile" => Measure::Quantile(Share::new(*share)?),
        Measured::Named(name) => match name.as_str() {
            "sum" => Measure::Total(Total::Sum),
            "mean" => Measure::Total(Total::Mean),
            "count" => Measure::Total(Total::Count),
            "min" => Measure::Extreme(Extreme::Least),
            "max" => Measure::Extreme(Extreme::Largest),
            "std" => Measure::Spread(Spread::Deviation(0)),
            other => return Err(format!("there is no measure `{other}`").into()),
        },
        Measured::With(name, _) => return Err(format!("there is no measure `{name}`").into()),
    })
}

fn done(job: &Job, source: &dyn Source, contents: Option<Contents>) -> Any<()> {
    let expression = expression(job, source)?;
    let usual = Limits::default();
    let limits =
        Limits { threads: job.threads.unwrap_or(usual.threads), memory: job.memory.unwrap_or(usual.memory) };
    let plan = Plan::new(&expression, limits)?;
    if job.measure.is_some() {
        let output = run(&plan, source, &Watch::new())?;
        let values = match output.values {
            Numbers::F64(numbers) => numbers.into_iter().map(told_number).collect::<Vec<_>>(),
            Numbers::U64(counts) => counts.into_iter().map(|count| json!(count)).collect(),
        };
        let line = json!({
            "shape": output.shape, "values": values, "missing": output.left_out.missing,
            "plan": plan.to_string(), "peak": plan.memory().peak(),
        });
        return Ok(writeln!(std::io::stdout().lock(), "{line}")?);
    }
    let contents = contents.map_or_else(|| Contents::of(&expression), Ok)?;
    if let Some(path) = &job.zarr {
        let chunks = job.chunks.clone().unwrap_or_else(|| plan.grain());
        let codec = match job.codec.as_str() {
            "zstd" => Codec::Zstd,
            "plain" => Codec::Plain,
            _ => Codec::Lz4,
        };
        let zarr = Zarr::create(path, &contents, &chunks, codec)?;
        run_into(&plan.clone().into_sink(&zarr, limits)?, source, &zarr, &Watch::new())?;
        zarr.finish()?;
    }
    if let Some(path) = &job.netcdf {
        let netcdf = NetCdf::create(path, &contents)?;
        run_into(&plan.into_sink(&netcdf, limits)?, source, &netcdf, &Watch::new())?;
        netcdf.finish()?;
    }
    Ok(())
}

/// As JSON has it: text for what it has no number for.
fn told_number(number: f64) -> Value {
    if number.is_finite() { json!(number) } else { json!(number.to_string()) }
}
