//! `frazil down`: take a hub down, and say what was kept.

mod cloud;
mod cluster;
mod local;

use cloud::CloudDown;
use cluster::ClusterDown;
use local::DownReport;

use super::{Run, load};
use crate::cli::{DownArgs, Kept};
use crate::config::{HubDocument, HubName, Provider};
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::provision::cloud::{self as provisioned, CloudStatement};
use crate::provision::local::take_down;
use crate::provision::{Keep, kubernetes};

/// Takes a hub down.
///
/// # Errors
/// When the person does not agree, or something cannot be stopped or removed.
pub(super) async fn down(run: &Run<'_>, args: &DownArgs) -> Result<Outcome> {
    if let Some(name) = &args.name {
        let name: HubName =
            name.parse().map_err(|error| Error::usage("`--name` is no hub's name").because(error))?;
        return on_this_machine(run, args, name.as_str());
    }
    let by_name = "a hub on this machine whose file is gone or broken: `frazil down --name NAME`";
    let document = load::usable(run, &args.hub.file).map_err(|error| error.hint(by_name))?;
    match &document.hub.provider {
        Provider::Local(_) => on_this_machine(run, args, document.hub.name.as_str()),
        Provider::Kubernetes(_) => on_a_cluster(run, args, &document).await,
        Provider::Aws(_) | Provider::Gcp(_) => in_a_cloud(run, args, &document).await,
    }
}

fn on_this_machine(run: &Run<'_>, args: &DownArgs, name: &str) -> Result<Outcome> {
    if args.audit || !args.keep.is_empty() {
        return Err(Error::usage("`--audit` and `--keep` are for hubs on a cluster")
            .hint("on this machine `down` keeps people's files, and `down --data` removes them"));
    }
    if args.data {
        confirm(run, args, name)?;
    }
    let mut progress = run.printer.progress();
    let down = take_down(run.context, name, args.data, &mut progress)?;
    let clean = down.left.is_empty();
    run.printer.report(&DownReport { name: name.to_owned(), down, elapsed: progress.elapsed() })?;
    Ok(if clean { Outcome::Done } else { Outcome::CheckFailed })
}

async fn on_a_cluster(run: &Run<'_>, args: &DownArgs, document: &HubDocument) -> Result<Outcome> {
    let keep: Vec<_> = args.keep.iter().copied().map(Keep::from).collect();
    let name = document.hub.name.as_str();
    let mut progress = run.printer.progress();
    let statement = if args.audit {
        kubernetes::audit(run.context, document, &keep).await?
    } else {
        confirm(run, args, name)?;
        kubernetes::take_down(run.context, document, &keep, &mut progress).await?
    };
    let clean = statement.left.is_empty();
    let elapsed = progress.elapsed();
    run.printer.report(&ClusterDown { name: name.to_owned(), audit: args.audit, statement, elapsed })?;
    Ok(if clean { Outcome::Done } else { Outcome::CheckFailed })
}

/// What is in the cluster first, while its controllers can still remove what they made in the cloud.
async fn in_a_cloud(run: &Run<'_>, args: &DownArgs, document: &HubDocument) -> Result<Outcome> {
    let keep: Vec<_> = args.keep.iter().copied().map(Keep::from).collect();
    let name = document.hub.name.as_str();
    let mut progress = run.printer.progress();
    let statement = if args.audit {
        provisioned::audit(run.context, document, &keep).await?
    } else {
        confirm(run, args, name)?;
        let mut removed = Vec::new();
        if provisioned::has_cluster(run.context, document).await? {
            removed = kubernetes::take_down(run.context, document, &keep, &mut progress).await?.removed;
        }
        let mut statement = provisioned::remove(run.context, document, &keep, &mut progress).await?;
        removed.append(&mut statement.removed);
        CloudStatement { removed, ..statement }
    };
    let clean = statement.left.is_empty();
    let elapsed = progress.elapsed();
    run.printer.report(&CloudDown { name: name.to_owned(), audit: args.audit, statement, elapsed })?;
    Ok(if clean { Outcome::Done } else { Outcome::CheckFailed })
}

impl From<Kept> for Keep {
    fn from(kept: Kept) -> Self {
        match kept {
            Kept::Homes => Self::Homes,
            Kept::Scratch => Self::Scratch,
        }
    }
}

/// Removing people's files wants the hub's name typed.
fn confirm(run: &Run<'_>, args: &DownArgs, name: &str) -> Result<()> {
    let typed = match &args.confirm {
        Some(given) => given.clone(),
        None if run.context.interactive => {
            let what = if args.keep.contains(&Kept::Homes) {
                "everything but homes"
            } else {
                "the files of everyone"
            };
            let question = format!("This removes {what} on the hub `{name}`. Type its name to go on:");
            inquire::Text::new(&question).prompt().map_err(|_| Error::interrupted("nothing was removed"))?
        }
        None => {
            return Err(Error::failed(
                "this removes the files of everyone on the hub, and nobody can be asked here",
            )
            .hint(format!("say it in the call: `--confirm {name}`")));
        }
    };
    if typed == name {
        return Ok(());
    }
    Err(Error::failed(format!("`{typed}` is not the name of this hub, so nothing was removed"))
        .hint(format!("its name is `{name}`")))
}
