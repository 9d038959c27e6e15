//! `frazil data download`.

use std::path::PathBuf;
use std::time::Duration;

use frazil_data::counting::Books;
use frazil_data::download::{
    Downloader, Event, FileReport, Item, Meter, Options, Outcome as Fate, Progress, Report as Fates,
};
use frazil_data::found::{Files, Item as Found};
use frazil_data::http::Client;
use frazil_data::login::Earthdata;
use frazil_data::region::{Access, Whereabouts};
use serde_json::{Value, json};

use super::source::{Finds, is_cmr, open};
use super::{Run, ask, bytes_text, client, login, told};
use crate::cli::data::{DownloadArgs, Way};
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::view::{Align, Layout, Printer, Report, Table};

/// How often progress is told.
const TICK: Duration = Duration::from_millis(250);

/// Finds what is asked for and brings its files.
///
/// # Errors
/// When nothing is found, more than asked for, or there is no login. What goes wrong with a file is told.
pub(super) async fn download(run: &Run<'_>, args: &DownloadArgs) -> Result<Outcome> {
    let client = client(run)?;
    let (items, unfit) = files(run, &client, args).await?;
    let whereabouts = Whereabouts::new(client.clone());
    let options = Options {
        connections: args.connections.into(),
        bandwidth: args.bandwidth.map(frazil_units::Bytes::get),
        access: match args.access {
            Way::Auto => Access::Auto,
            Way::S3 => Access::S3,
            Way::Https => Access::Https,
        },
        again: args.again,
        payer: args.payer.clone(),
        books: Some(Books::of(client.surroundings()).map_err(told)?),
    };
    let downloader = if items.iter().any(Item::wants_login) {
        let earthdata = Earthdata::named(&args.wanted.service.earthdata).map_err(told)?;
        Downloader::new(&login::session(run, &client, earthdata).await?, &whereabouts, options)
    } else {
        Downloader::open_to_all(&client, &whereabouts, options)
    };
    std::fs::create_dir_all(&args.out).map_err(|error| {
        Error::failed(format!("the folder {} cannot be made", args.out.display())).because(error)
    })?;
    let mut fates = bring(run, &downloader, &items, args).await?;
    fates.files.extend(unfit);
    let complete = fates.is_complete();
    run.printer.report(&Brought { fates, folder: args.out.clone() })?;
    Ok(if complete { Outcome::Done } else { Outcome::Failed })
}

/// What is to be downloaded, and what of the finds cannot be.
type Wanted = (Vec<Item>, Vec<FileReport>);

/// The files of what is found.
async fn files(run: &Run<'_>, client: &Client, args: &DownloadArgs) -> Result<Wanted> {
    if is_cmr(&args.wanted.service.from) && args.wanted.datasets.iter().any(|name| is_address(name)) {
        return addressed(args);
    }
    let mut progress = run.printer.progress();
    progress.step(&format!("search {}", args.wanted.service.from));
    let found = gather(run, client, args).await;
    match &found {
        Ok(_) => progress.finish(),
        Err(_) => progress.abandon(),
    }
    found
}

/// Whether a name is the address of a file, and so no name in a catalogue: DOIs are addresses too.
fn is_address(name: &str) -> bool {
    let at = |scheme: &str| name.starts_with(scheme);
    ["https://", "s3://", "gs://", "gcs://"].into_iter().any(at) && ask::doi(name).is_none()
}

/// The files at addresses, which no catalogue is asked for.
fn addressed(args: &DownloadArgs) -> Result<Wanted> {
    let names = &args.wanted.datasets;
    if let Some(other) = names.iter().find(|name| !is_address(name)) {
        return Err(Error::usage(format!("`{other}` is no address, and the others are"))
            .hint("download addresses with one call, and datasets with another"));
    }
    let mut files = Files::new();
    let mut unfit = Vec::new();
    for address in names {
        let found = Found::at(address).map_err(told)?;
        let wrong = files.add(&found, args.file.as_deref()).into_iter();
        unfit.extend(
            wrong.map(|why| FileReport { path: PathBuf::from(&found.name), outcome: Fate::Failed(why) }),
        );
    }
    Ok((files.finish(), unfit))
}

async fn gather(run: &Run<'_>, client: &Client, args: &DownloadArgs) -> Result<Wanted> {
    let said = args.wanted.limit.is_some() || args.wanted.all;
    let most = args.wanted.most();
    // One more than is brought unasked tells that there are more, where the catalogue does not count.
    let looked = most.map(|most| if said { most } else { most.saturating_add(1) });
    let mut finds = open(run, client, &args.wanted, looked).await?;
    let (mut files, mut unfit, mut count) = (Files::new(), Vec::new(), 0_usize);
    while looked.is_none_or(|looked| count < looked) {
        let Some(found) = finds.next().await? else { break };
        count += 1;
        if !said && most.is_some_and(|most| count > most) {
            return Err(too_many(&finds, count));
        }
        let wrong = files.add(&found, args.file.as_deref()).into_iter();
        unfit.extend(
            wrong.map(|why| FileReport { path: PathBuf::from(&found.name), outcome: Fate::Failed(why) }),
        );
    }
    if files.is_empty() && unfit.is_empty() {
        return Err(Error::failed("nothing is found to download")
            .hint("`frazil data search` with the same arguments shows what there is"));
    }
    Ok((files.finish(), unfit))
}

/// More are found than anybody asked for, so many of them seen.
fn too_many(finds: &Finds, seen: usize) -> Error {
    let found = finds.matched().map_or_else(|| format!("{seen} or more"), |matched| matched.to_string());
    Error::usage(format!("{found} granules are found, and nothing says that all are wanted"))
        .hint("say how many with --limit, or all with --all; `frazil data search` shows what they are")
}

/// Hears what happens, and tells what has to be seen.
struct Hears {
    meter: Meter,
    printer: Printer,
}

impl Progress for Hears {
    fn heard(&self, event: &Event) {
        self.meter.heard(event);
        match event {
            Event::Chosen { bucket, because } => self.printer.note(&format!("{bucket}: {because}")),
            Event::Again { path, why, .. } => self.printer.note(&format!("{}: {why}; again", path.display())),
            Event::Waiting { path } => {
                let note = format!("{}: another process downloads it, which is waited for", path.display());
                self.printer.note(&note);
            }
            _ => {}
        }
    }
}

async fn bring(run: &Run<'_>, downloader: &Downloader, items: &[Item], args: &DownloadArgs) -> Result<Fates> {
    let hears = Hears { meter: Meter::default(), printer: *run.printer };
    let mut progress = run.printer.progress();
    progress.step(&format!("download {} files to {}", items.len(), args.out.display()));
    let mut work = Box::pin(downloader.download(items, &args.out, &hears));
    let mut tick = tokio::time::interval(TICK);
    let fates = loop {
        tokio::select! {
            done = &mut work => break done,
            _ = tick.tick() => progress.detail(&look(&hears.meter)),
        }
    };
    match &fates {
        Ok(_) => progress.finish(),
        Err(_) => progress.abandon(),
    }
    fates.map_err(told)
}

/// How far it is, in bytes, with the rate and what is left.
fn look(meter: &Meter) -> String {
    let look = meter.look();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bytes a second, not negative"
    )]
    let rate = bytes_text(look.rate.max(0.0) as u64);
    let left = look.left.map(|left| format!(", {} s left", left.as_secs())).unwrap_or_default();
    let failed = if look.failed > 0 { format!(", {} failed", look.failed) } else { String::new() };
    format!(
        "{} of {} files{failed}, {} of {}, {rate}/s{left}",
        look.complete,
        look.files,
        bytes_text(look.there),
        bytes_text(look.total)
    )
}

/// What became of the files.
struct Brought {
    fates: Fates,
    folder: PathBuf,
}

/// What became of a file: in a word, its bytes, the bytes that came, against what it was checked, and why not.
fn fate(file: &FileReport) -> (&'static str, Option<u64>, u64, &'static str, Option<String>) {
    match &file.outcome {
        Fate::There { bytes } => ("there", Some(*bytes), 0, "", None),
        Fate::Done(done) => ("done", Some(done.bytes), done.came, done.verified.name(), None),
        Fate::Failed(error) => ("failed", None, 0, "", Some(error.to_string())),
    }
}

impl Brought {
    fn rows(&self) -> Table {
        let columns = [("file", Align::Left), ("state", Align::Left), ("bytes", Align::Right)];
        let columns = columns.into_iter().chain([
            ("came", Align::Right),
            ("checked", Align::Left),
            ("why", Align::Left),
        ]);
        let mut table = Table::with_columns(columns);
        for file in &self.fates.files {
            let (state, bytes, came, checked, why) = fate(file);
            let bytes = bytes.map(|bytes| bytes.to_string()).unwrap_or_default();
            let path = file.path.display().to_string();
            table.row([
                path,
                state.to_owned(),
                bytes,
                came.to_string(),
                checked.to_owned(),
                why.unwrap_or_default(),
            ]);
        }
        table
    }
}

impl Report for Brought {
    fn schema(&self) -> &'static str {
        "frazil.data.download/v1"
    }

    fn data(&self) -> Value {
        let files: Vec<Value> = self
            .fates
            .files
            .iter()
            .map(|file| {
                let (state, bytes, came, checked, why) = fate(file);
                let (advice, route) = match &file.outcome {
                    Fate::Failed(error) => (Some(error.advice()), None),
                    Fate::Done(done) => (None, Some(done.route.name())),
                    Fate::There { .. } => (None, None),
                };
                json!({
                    "path": file.path.display().to_string(), "state": state, "size_bytes": bytes,
                    "came_bytes": came, "checked": checked, "why": why, "advice": advice, "route": route,
                })
            })
            .collect();
        json!({
            "folder": self.folder.display().to_string(),
            "complete": self.fates.is_complete(),
            "came_bytes": self.fates.came(),
            "items": files,
        })
    }

    fn text(&self, layout: Layout) -> String {
        if layout.wide {
            return self.rows().render(layout.width);
        }
        let states: Vec<_> = self.fates.files.iter().map(|file| fate(file).0).collect();
        let count = |wanted: &str| states.iter().filter(|state| **state == wanted).count();
        let mut text = format!(
            "{} files in {}: {} downloaded ({}), {} there before, {} missing\n",
            states.len(),
            self.folder.display(),
            count("done"),
            bytes_text(self.fates.came()),
            count("there"),
            count("failed")
        );
        for (path, error) in self.fates.failures() {
            text += &format!("{}: {error}\n  {}\n", path.display(), error.advice());
        }
        text
    }

    fn table(&self) -> Option<Table> {
        Some(self.rows())
    }
}
