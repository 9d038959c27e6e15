//! `frazil data search`.

use std::path::Path;

use frazil_data::cmr::{Concept, Search};
use frazil_data::found::{Item, ItemWriter};
use frazil_data::http::Client;

use super::datasets::{Count, Datasets, Services};
use super::finds::{Found, Totals};
use super::source::{Finds, is_cmr, open};
use super::{Run, ask, client, cmr, told};
use crate::cli::data::SearchArgs;
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::view::{Part, Progress};

/// How many finds go by between two lines about them.
const STRIDE: u64 = 500;
/// Finds that are shown at once.
const PART: usize = 500;

/// Finds what is asked for, and shows or writes it.
///
/// # Errors
/// When the search makes no sense, or the catalogue does not answer.
pub(super) async fn search(run: &Run<'_>, args: &SearchArgs) -> Result<Outcome> {
    let client = client(run)?;
    if args.count {
        return count(run, args, &client).await;
    }
    if args.datasets_only || args.services {
        return others(run, args, &client).await;
    }
    if args.keyword.is_some() {
        return Err(Error::usage("words are looked for in datasets, not in granules")
            .hint("add --datasets, and search for the granules of what it finds"));
    }
    let most = args.most();
    let mut finds = open(run, &client, &args.wanted, most).await?;
    let mut progress = run.printer.progress();
    progress.step(&format!("search {}", args.wanted.service.from));
    let done = match &args.out {
        Some(out) => write(&mut finds, out, most, &mut progress).await.map(Some),
        None => show(run, &mut finds, most, &mut progress).await.map(|()| None),
    };
    match &done {
        Ok(_) => progress.finish(),
        Err(_) => progress.abandon(),
    }
    if let (Some(count), Some(out)) = (done?, &args.out) {
        run.printer.note(&format!("{count} found, in {}", out.display()));
    }
    Ok(Outcome::Done)
}

/// Shows finds, a part after the other.
async fn show(run: &Run<'_>, finds: &mut Finds, most: Option<usize>, progress: &mut Progress) -> Result<()> {
    let (mut parts, mut totals) = (run.printer.parts(), Totals::default());
    loop {
        let (items, ended) = part(finds, most, &mut totals, progress).await?;
        let last = ended || items.len() < PART;
        let matched = finds.matched();
        // A table and a moving line have one terminal.
        if last || run.printer.width.is_some() {
            progress.finish();
        }
        let heard = parts.add(&Found { items, matched })?;
        if last || !heard {
            parts.end(&totals.line(matched, ended))?;
            return Ok(());
        }
    }
}

/// The next finds, and whether they are the last that there are.
async fn part(
    finds: &mut Finds,
    most: Option<usize>,
    totals: &mut Totals,
    progress: &mut Progress,
) -> Result<(Vec<Item>, bool)> {
    let mut items = Vec::new();
    while items.len() < PART && most.is_none_or(|most| totals.count() < most as u64) {
        let Some(item) = finds.next().await? else { return Ok((items, true)) };
        totals.add(&item);
        items.push(item);
        tell(progress, totals.count(), finds);
    }
    Ok((items, false))
}

async fn write(finds: &mut Finds, out: &Path, most: Option<usize>, progress: &mut Progress) -> Result<u64> {
    let mut writer = ItemWriter::create(out).map_err(told)?;
    let mut count = 0_u64;
    while most.is_none_or(|most| count < most as u64) {
        let Some(item) = finds.next().await? else { break };
        writer.write(&item).map_err(told)?;
        count += 1;
        tell(progress, count, finds);
    }
    writer.finish().map_err(told)
}

fn tell(progress: &mut Progress, count: u64, finds: &Finds) {
    if count.is_multiple_of(STRIDE) {
        let of = finds.matched().map(|matched| format!(" of {matched}")).unwrap_or_default();
        progress.detail(&format!("{count}{of}"));
    }
}

async fn count(run: &Run<'_>, args: &SearchArgs, client: &Client) -> Result<Outcome> {
    if !is_cmr(&args.wanted.service.from) {
        return count_finds(run, args, client).await;
    }
    let cmr = cmr(run, client, &args.wanted.service)?;
    let count = if args.datasets_only {
        cmr.count(&ask::collections(args)?).await
    } else if args.services {
        cmr.count(&ask::services(args)?).await
    } else {
        // A search of one finds the datasets of DOIs first, and tells how many there are.
        let search = cmr.granules(ask::granules(&args.wanted)?).await.map_err(told)?;
        search.count().await
    };
    run.printer.report(&Count(count.map_err(told)?))?;
    Ok(Outcome::Done)
}

/// Of others than CMR, one find tells how many there are, or all of them do.
async fn count_finds(run: &Run<'_>, args: &SearchArgs, client: &Client) -> Result<Outcome> {
    let mut finds = open(run, client, &args.wanted, None).await?;
    let mut count = 0;
    while finds.matched().is_none() || count == 0 {
        if finds.next().await?.is_none() {
            break;
        }
        count += 1;
    }
    run.printer.report(&Count(finds.matched().unwrap_or(count)))?;
    Ok(Outcome::Done)
}

async fn others(run: &Run<'_>, args: &SearchArgs, client: &Client) -> Result<Outcome> {
    if !is_cmr(&args.wanted.service.from) {
        return Err(Error::usage("datasets and services are searched in CMR"));
    }
    if args.out.is_some() {
        return Err(Error::usage("datasets and services have no GeoParquet").hint("use -o json or -o csv"));
    }
    let cmr = cmr(run, client, &args.wanted.service)?;
    if args.services {
        let search = cmr.services(ask::services(args)?).map_err(told)?;
        all(run, search, args, |services, matched| Services { services, matched }).await?;
    } else {
        let search = cmr.collections(ask::collections(args)?).map_err(told)?;
        all(run, search, args, |collections, matched| Datasets { collections, matched }).await?;
    }
    Ok(Outcome::Done)
}

/// Shows all that a search of CMR finds, a part after the other.
async fn all<C: Concept, P: Part>(
    run: &Run<'_>,
    search: Search<C>,
    args: &SearchArgs,
    report: impl Fn(Vec<C::Found>, Option<u64>) -> P,
) -> Result<()> {
    let mut search = match args.wanted.most() {
        Some(most) => search.limit(most),
        None => search,
    };
    let (mut parts, mut count) = (run.printer.parts(), 0_u64);
    loop {
        let mut found = Vec::new();
        while found.len() < PART
            && let Some(one) = search.next().await.map_err(told)?
        {
            found.push(one);
        }
        let last = found.len() < PART;
        count += found.len() as u64;
        let heard = parts.add(&report(found, search.hits()))?;
        if last || !heard {
            let line = match search.hits() {
                _ if count == 0 => "nothing found\n".to_owned(),
                Some(matched) if matched > count => {
                    format!("{count} of {matched} found; `--all` shows all, `--limit` more\n")
                }
                _ => String::new(),
            };
            parts.end(&line)?;
            return Ok(());
        }
    }
}
