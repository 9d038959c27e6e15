//! `frazil data search`.

use std::path::Path;

use frazil_data::cmr::{Concept, Search};
use frazil_data::found::ItemWriter;
use frazil_data::http::Client;

use super::datasets::{Count, Datasets, Services};
use super::finds::Found;
use super::source::{Finds, is_cmr, open};
use super::{Run, ask, client, cmr, told};
use crate::cli::data::SearchArgs;
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::view::Progress;

/// How many finds go by between two lines about them.
const STRIDE: usize = 500;

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
        Some(out) => write(&mut finds, out, most, &mut progress).await.map(Done::Written),
        None => gather(&mut finds, most, &mut progress).await.map(Done::Gathered),
    };
    match &done {
        Ok(_) => progress.finish(),
        Err(_) => progress.abandon(),
    }
    match (done?, &args.out) {
        (Done::Gathered(found), _) => {
            run.printer.report(&found)?;
        }
        (Done::Written(count), Some(out)) => {
            run.printer.note(&format!("{count} found, in {}", out.display()));
        }
        (Done::Written(_), None) => {}
    }
    Ok(Outcome::Done)
}

enum Done {
    Gathered(Found),
    Written(u64),
}

async fn gather(finds: &mut Finds, most: Option<usize>, progress: &mut Progress) -> Result<Found> {
    let (mut items, mut ended) = (Vec::new(), false);
    while most.is_none_or(|most| items.len() < most) {
        let Some(item) = finds.next().await? else {
            ended = true;
            break;
        };
        items.push(item);
        tell(progress, items.len(), finds);
    }
    // What was read as a whole has its number less what was taken.
    let matched = match finds {
        Finds::Read(rest) => u64::try_from(rest.len() + items.len()).ok(),
        others => others.matched(),
    };
    Ok(Found { items, matched, ended })
}

async fn write(finds: &mut Finds, out: &Path, most: Option<usize>, progress: &mut Progress) -> Result<u64> {
    let mut writer = ItemWriter::create(out).map_err(told)?;
    let mut count = 0;
    while most.is_none_or(|most| count < most) {
        let Some(item) = finds.next().await? else { break };
        writer.write(&item).map_err(told)?;
        count += 1;
        tell(progress, count, finds);
    }
    writer.finish().map_err(told)
}

fn tell(progress: &mut Progress, count: usize, finds: &Finds) {
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
    let matched = match &finds {
        Finds::Read(rest) => u64::try_from(rest.len()).unwrap_or_default() + count,
        others => others.matched().unwrap_or(count),
    };
    run.printer.report(&Count(matched))?;
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
        let (services, matched) = all(cmr.services(ask::services(args)?).map_err(told)?, args).await?;
        run.printer.report(&Services { services, matched })?;
    } else {
        let (collections, matched) =
            all(cmr.collections(ask::collections(args)?).map_err(told)?, args).await?;
        run.printer.report(&Datasets { collections, matched })?;
    }
    Ok(Outcome::Done)
}

async fn all<C: Concept>(search: Search<C>, args: &SearchArgs) -> Result<(Vec<C::Found>, Option<u64>)> {
    let mut search = match args.wanted.most() {
        Some(most) => search.limit(most),
        None => search,
    };
    let mut found = Vec::new();
    while let Some(one) = search.next().await.map_err(told)? {
        found.push(one);
    }
    Ok((found, search.hits()))
}
