//! `frazil serve`: the page of `frazil report`, live, behind the hub's login.

mod figures;
mod pages;
mod reading;

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use self::pages::{Hubs, Pages};
use self::reading::Reading;
use super::Run;
use super::report::hubs;
use crate::cli::ServeArgs;
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::serve::{Door, Gate, HubClient, Maker, Service, metrics_only, routes, serve as serve_doors};

/// Serves until it is stopped.
///
/// # Errors
/// When it is no service of a hub, an address is taken, or a file cannot be used.
pub(super) async fn serve(run: &Run<'_>, args: &ServeArgs) -> Result<Outcome> {
    let service = Service::from_context(run.context)?;
    let path = service.prefix.clone();
    let hubs = match &args.rendered {
        Some(file) => Hubs::Rendered(file.clone()),
        None => Hubs::Fixed(hubs(run, args.file.as_slice(), args.hub.as_deref())?),
    };
    // People are known by their names at this hub; who has the same name at another is somebody else.
    let hub =
        hubs.now()?.first().and_then(|hub| hub.name().map(str::to_owned)).ok_or_else(|| {
            Error::usage("of which hub is the page?").hint("name its file, or `--hub NAME`")
        })?;
    let reading = Arc::new(Reading::default());
    let pages = Arc::new(Pages::new(run, args, hubs, (&path, Arc::clone(&reading)))?);
    let maker = Maker::new(pages);
    let gate = Gate::new(HubClient::new(service)?, Duration::from_secs(args.believe.as_secs()));
    let door = Door::open(args.listen, routes(gate, maker.clone(), run.context.clone())?).await?;
    if let Some(address) = door.address() {
        run.printer.note(&format!("the page is at http://{address}{path}, behind the hub's login"));
    }
    let mut doors = vec![door];
    if let Some(address) = args.metrics {
        doors.push(Door::open(address, metrics_only(maker)).await?);
    }
    reading::start(run, args, hub, &reading)?;
    // The first process of a container is ended by no signal that it does not ask for.
    let cannot = |error| Error::failed("signals cannot be waited for").because(error);
    let mut end = signal(SignalKind::terminate()).map_err(cannot)?;
    serve_doors(doors, async move {
        let _asked = end.recv().await;
    })
    .await;
    Ok(Outcome::Done)
}
