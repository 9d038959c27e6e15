//! `frazil record`: the history of a hub's pods and the nodes, for the ledger.

use kube::{Client, Config};
use tokio::signal::unix::{SignalKind, signal};

use super::Run;
use crate::cli::RecordArgs;
use crate::error::{Error, Result};
use crate::observe::Recorder;
use crate::outcome::Outcome;
use crate::provision::kubernetes::access::Access;

/// Records until it is stopped.
///
/// # Errors
/// When there is no cluster, or the history cannot be written.
pub(super) async fn record(run: &Run<'_>, args: &RecordArgs) -> Result<Outcome> {
    let client = match &args.context {
        Some(context) => Access::open(run.context, context).await?.client,
        None => own_cluster()?,
    };
    let recorder = Recorder::open(run.context, &args.out)?;
    // The first process of a container is ended by no signal that it does not ask for.
    let cannot = |error| Error::failed("signals cannot be waited for").because(error);
    let mut end = signal(SignalKind::terminate()).map_err(cannot)?;
    tokio::select! {
        done = recorder.run(client, &args.namespace) => done?,
        _ = end.recv() => {}
    }
    Ok(Outcome::Done)
}

/// The cluster that this pod runs in, by the token that Kubernetes gives it.
fn own_cluster() -> Result<Client> {
    let outside = || Error::failed("this is no pod of a cluster").hint("name a context: `--context NAME`");
    let config = Config::incluster().map_err(|error| outside().because(error))?;
    Client::try_from(config).map_err(|error| outside().because(error))
}
