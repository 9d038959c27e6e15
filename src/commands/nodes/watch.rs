//! `frazil nodes --watch`: one list, then only what changes, drawn at an interval.

use std::cell::RefCell;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};

use super::super::Run;
use super::cluster::{Hub, names};
use super::price::Listings;
use super::report::Nodes;
use crate::cli::NodesArgs;
use crate::error::{Error, Result};
use crate::observe::nodes::{self, Tally, Usage, Versions};
use crate::outcome::Outcome;
use crate::view::{Format, Key, Layout, Live, Printer};

/// How often use is asked for: metrics-server has nothing new sooner.
const SAMPLES: Duration = Duration::from_secs(15);

/// What is known of a hub now.
struct Seen {
    hub: Hub,
    tally: RefCell<Tally>,
    usage: RefCell<Usage>,
    /// Why the API server is away.
    lost: RefCell<Option<String>>,
}

/// Shows nodes until somebody ends it.
///
/// # Errors
/// When no hub can be looked at, or the terminal goes away.
pub(super) async fn watch(
    run: &Run<'_>,
    args: &NodesArgs,
    hubs: Vec<Hub>,
    mut failed: Vec<String>,
) -> Result<Outcome> {
    let alone = hubs.len() == 1 && failed.is_empty();
    let mut all: Vec<(Seen, Versions)> = Vec::new();
    for hub in hubs {
        match hub.tally().await {
            Ok((tally, versions)) => {
                let usage = RefCell::new(hub.usage(&names(&tally)).await);
                let seen = Seen { hub, tally: RefCell::new(tally), usage, lost: RefCell::new(None) };
                all.push((seen, versions));
            }
            Err(error) if alone => return Err(error),
            Err(error) => {
                Printer::error(&error.about(&hub.name()));
                failed.push(hub.name());
            }
        }
    }
    if all.is_empty() {
        return Err(Error::failed("no hub could be looked at"));
    }
    let (seen, versions): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    let follow = futures::future::join_all(seen.iter().zip(versions).map(|(seen, from)| keep(seen, from)));
    tokio::select! {
        _ = follow => Ok(Outcome::Done),
        shown = show(run, args, &seen, &failed) => shown,
    }
}

/// Keeps a hub up to date, for ever.
async fn keep(seen: &Seen, from: Versions) {
    let Seen { hub, tally, usage, lost } = seen;
    let changes = nodes::follow(hub.client(), hub.asking(), tally, from, lost);
    let samples = async {
        loop {
            tokio::time::sleep(SAMPLES).await;
            let names = names(&tally.borrow());
            let newer = hub.usage(&names).await;
            *usage.borrow_mut() = newer;
        }
    };
    futures::future::join(changes, samples).await;
}

/// Shows what is known: on a terminal in its place, elsewhere one block after the other.
async fn show(run: &Run<'_>, args: &NodesArgs, seen: &[Seen], failed: &[String]) -> Result<Outcome> {
    let mut listings = Listings::default();
    let report = || report(run, seen, failed, &mut listings);
    let every = Duration::from_secs(args.interval.as_secs());
    let on_screen =
        run.printer.width.is_some() && run.context.interactive && run.printer.format != Format::Json;
    if on_screen {
        let layout = Layout { wide: run.printer.format == Format::Wide, width: None };
        let title = format!("frazil nodes, every {}", args.interval);
        return live(every, &title, layout, report).await;
    }
    blocks(run, every, report).await
}

fn report(run: &Run<'_>, seen: &[Seen], failed: &[String], listings: &mut Listings) -> Nodes {
    let mut report = Nodes::new(run.context.now());
    for each in seen {
        each.hub.tell(&each.tally.borrow(), &each.usage.borrow(), listings, &mut report);
        if let Some(why) = each.lost.borrow().as_ref() {
            report.gaps.push((each.hub.name(), format!("the API server is away, this is how it was: {why}")));
        }
    }
    report.finish(failed, run.context.now());
    report
}

/// One block after the other, until the reader goes away or somebody ends it.
pub(super) async fn blocks<R: crate::view::Report>(
    run: &Run<'_>,
    every: Duration,
    mut report: impl FnMut() -> R,
) -> Result<Outcome> {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if !run.printer.report_of_many(&report())? {
            return Ok(Outcome::Done);
        }
    }
}

/// Draws in one place until somebody ends it.
pub(super) async fn live<R: crate::view::Report>(
    every: Duration,
    title: &str,
    layout: Layout,
    mut report: impl FnMut() -> R,
) -> Result<Outcome> {
    let cannot = |error| Error::failed("signals cannot be waited for").because(error);
    let mut end = signal(SignalKind::terminate()).map_err(cannot)?;
    let mut gone = signal(SignalKind::hangup()).map_err(cannot)?;
    let mut live = Live::begin()?;
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut text = String::new();
    let mut width = 0;
    loop {
        let key = tokio::select! {
            _ = ticks.tick() => None,
            key = live.key() => Some(key),
            _ = end.recv() => Some(Key::Quit),
            _ = gone.recv() => Some(Key::Quit),
        };
        match key {
            Some(Key::Quit) => return Ok(Outcome::Done),
            Some(key) => live.scroll(key),
            None => {}
        }
        if key.is_none() || width != Live::width() {
            width = Live::width();
            let layout = Layout { width: (!layout.wide).then_some(width), ..layout };
            text = format!("{title}; q ends it\n{}", report().text(layout));
        }
        live.draw(&text)?;
    }
}
