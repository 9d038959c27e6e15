//! `frazil data`: finding data, telling where it is and what it holds, and what was read of it.

mod ask;
mod contents;
mod datasets;
mod download;
mod finds;
mod info;
mod login;
mod place;
mod search;
mod source;
mod stats;

use std::sync::Arc;

use frazil_data::cmr::{Cmr, Notice};
use frazil_data::http::{Client, Exchange, Settings, Watch};
use frazil_data::login::{Earthdata, Reference, Session};
use frazil_data::{Error as DataError, Surroundings};

use super::Run;
use crate::cli::data::{DataArgs, DataVerb, Service};
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::view::Printer;

/// Runs a verb of `frazil data`.
///
/// # Errors
/// Whatever stopped it.
pub(super) async fn data(run: &Run<'_>, args: &DataArgs) -> Result<Outcome> {
    match &args.verb {
        DataVerb::Search(args) => Box::pin(search::search(run, args)).await,
        DataVerb::Info(args) => Box::pin(info::info(run, args)).await,
        DataVerb::Stats(args) => stats::stats(run, args),
        DataVerb::Where(args) => Box::pin(place::place(run, args)).await,
        DataVerb::Download(args) => Box::pin(download::download(run, args)).await,
        DataVerb::Login(args) => Box::pin(login::login(run, args)).await,
    }
}

/// An error of the data crate as it is told to people.
fn told(error: DataError) -> Error {
    let advice = error.advice();
    let outcome = match &error {
        DataError::Invalid { .. } => Error::usage(error.to_string()),
        _ => Error::failed(error.to_string()),
    };
    let outcome = match error {
        DataError::File { source, .. } => outcome.because(source),
        _ => outcome,
    };
    outcome.hint(advice)
}

/// Tells of answers that make a search wait.
struct Waiting {
    printer: Printer,
}

impl Watch for Waiting {
    fn ended(&self, exchange: &Exchange) {
        if exchange.status == Some(429) {
            self.printer.note(&format!("{} is busy: waiting as long as it asks for", exchange.address));
        }
    }
}

/// A client with the surroundings of this run.
fn client(run: &Run<'_>) -> Result<Client> {
    let variables = run
        .context
        .environment
        .iter()
        .filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value.to_str()?.to_owned())));
    let surroundings = Surroundings::made(variables);
    let settings = Settings::of(&surroundings).map_err(told)?;
    let client = Client::new(settings, &surroundings).map_err(told)?;
    Ok(client.watched(Arc::new(Waiting { printer: *run.printer })))
}

/// CMR as the arguments name it, telling what happens.
fn cmr(run: &Run<'_>, client: &Client, service: &Service) -> Result<Cmr> {
    let earthdata = Earthdata::named(&service.earthdata).map_err(told)?;
    let printer = *run.printer;
    let cmr = Cmr::of(client.clone(), &earthdata)
        .map_err(told)?
        .told_to(Arc::new(move |notice: &Notice| printer.note(&notice.to_string())));
    if !service.login {
        return Ok(cmr);
    }
    let session = Session::find(client.clone(), &Reference::usual(earthdata)).map_err(told)?;
    Ok(cmr.logged_in(session))
}

/// A number of bytes as people read it.
fn bytes_text(bytes: u64) -> String {
    frazil_units::Bytes::new(bytes).rounded()
}

/// A size as people read it; with `~` where it is not to the byte.
fn size_text(size: frazil_data::found::Size) -> String {
    let about = if size.is_exact() { "" } else { "~" };
    format!("{about}{}", bytes_text(size.bytes()))
}
