//! `frazil record`: the history of a hub's pods and the nodes, for the ledger.

use kube::{Client, Config};
use tokio::signal::unix::{SignalKind, signal};

use super::Run;
use crate::cli::RecordArgs;
use crate::error::{Error, Result};
use crate::observe::{Kubelets, Recorder};
use crate::outcome::Outcome;
use crate::provision::kubernetes::access::Access;

/// Records until it is stopped.
///
/// # Errors
/// When there is no cluster, or the history cannot be written.
pub(super) async fn record(run: &Run<'_>, args: &RecordArgs) -> Result<Outcome> {
    let (client, kubelets) = if let Some(context) = &args.context {
        (Access::open(run.context, context).await?.client, None)
    } else {
        let (client, config) = own_cluster()?;
        let kubelets = Kubelets::open(config, client.clone(), &args.namespace, &args.out)?;
        (client, Some(kubelets))
    };
    let recorder = Recorder::open(run.context, &args.out)?;
    let tell = |gap: &str| run.printer.note(&format!("bytes of pods are missing: {gap}"));
    let bytes = async {
        match kubelets {
            Some(kubelets) => kubelets.run(&tell).await,
            // Kubelets know accounts of this cluster only.
            None => std::future::pending().await,
        }
    };
    // The first process of a container is ended by no signal that it does not ask for.
    let cannot = |error| Error::failed("signals cannot be waited for").because(error);
    let mut end = signal(SignalKind::terminate()).map_err(cannot)?;
    tokio::select! {
        done = recorder.run(client, &args.namespace) => done?,
        done = bytes => done?,
        _ = end.recv() => {}
    }
    Ok(Outcome::Done)
}

/// The cluster that this pod runs in, by the token that Kubernetes gives it.
fn own_cluster() -> Result<(Client, Config)> {
    let outside = || Error::failed("this is no pod of a cluster").hint("name a context: `--context NAME`");
    let config = Config::incluster().map_err(|error| outside().because(error))?;
    let client = Client::try_from(config.clone()).map_err(|error| outside().because(error))?;
    Ok((client, config))
}
