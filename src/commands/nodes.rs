//! `frazil nodes`: what is requested and used of the nodes, who is on board, what an hour costs.

mod cluster;
mod line;
pub(super) mod local;
mod metrics;
mod price;
mod report;
mod table;
mod watch;

use std::path::Path;

use self::cluster::Hub;
use super::{Run, load};
use crate::cli::NodesArgs;
use crate::config::{HubDocument, Provider};
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::view::Printer;

/// Shows the nodes of hubs' clusters, or this machine.
///
/// # Errors
/// When the only hub cannot be looked at; of several, those that cannot are told and the others shown.
pub(super) async fn nodes(run: &Run<'_>, args: &NodesArgs) -> Result<Outcome> {
    if args.local {
        return local::local(run, args).await;
    }
    let (hubs, failed) = open(run, args).await?;
    if args.watch {
        return watch::watch(run, args, hubs, failed).await;
    }
    let (report, failed) = cluster::look(run, hubs, failed).await?;
    run.printer.report(&report)?;
    Ok(if failed.is_empty() { Outcome::Done } else { Outcome::Failed })
}

/// The hubs whose clusters answer, each cluster once, and the names of those that do not, who are told.
async fn open(run: &Run<'_>, args: &NodesArgs) -> Result<(Vec<Hub>, Vec<String>)> {
    let files = args.files();
    let alone = files.len() == 1;
    let ways = files.iter().map(|file| reach(run, file));
    let mut hubs: Vec<Hub> = Vec::new();
    let mut failed = Vec::new();
    for (file, way) in files.iter().zip(futures::future::join_all(ways).await) {
        match way {
            Ok(hub) => match hubs.iter_mut().find(|other| other.is_same_cluster(&hub)) {
                Some(other) => other.also(&hub),
                None => hubs.push(hub),
            },
            Err((_, error)) if alone => return Err(error),
            Err((name, error)) => {
                Printer::error(&error.about(&file.display().to_string()));
                failed.push(name.unwrap_or_else(|| file.display().to_string()));
            }
        }
    }
    Ok((hubs, failed))
}

async fn reach(run: &Run<'_>, file: &Path) -> std::result::Result<Hub, (Option<String>, Error)> {
    let document = load::usable(run, file).map_err(|error| (None, error))?;
    let name = document.hub.name.as_str().to_owned();
    refuse_local(&document).map_err(|error| (Some(name.clone()), error))?;
    Hub::reach(run.context, &document).await.map_err(|error| (Some(name), error))
}

fn refuse_local(document: &HubDocument) -> Result<()> {
    match &document.hub.provider {
        Provider::Local(_) => Err(Error::failed(format!(
            "the hub `{}` runs on one machine and has no nodes",
            document.hub.name.as_str()
        ))
        .hint("look at the machine: `frazil nodes --local`; at what runs: `frazil status`")),
        Provider::Kubernetes(_) | Provider::Aws(_) | Provider::Gcp(_) => Ok(()),
    }
}
