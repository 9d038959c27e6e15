//! `frazil gateway`: Dask clusters at a gateway.

mod at;
mod create;
mod explain;
mod list;
mod login;
mod options;
mod place;
mod scale;
mod stop;

use std::time::Duration;

use frazil_gateway::{ClusterName, Error as GatewayError};

use super::Run;
use crate::cli::gateway::{GatewayArgs, GatewayVerb};
use crate::error::{Error, Result};
use crate::outcome::Outcome;

/// How long a login may be used by a verb that does not wait.
const SHORT: Duration = Duration::from_mins(10);

/// Runs a verb of `frazil gateway`.
///
/// # Errors
/// Whatever stopped it.
pub(super) async fn gateway(run: &Run<'_>, args: &GatewayArgs) -> Result<Outcome> {
    match &args.verb {
        GatewayVerb::List(args) => list::list(run, args).await,
        GatewayVerb::Options(args) => options::options(run, args).await,
        GatewayVerb::Create(args) => create::create(run, args).await,
        GatewayVerb::Wait(args) => create::wait(run, args).await,
        GatewayVerb::Scale(args) => scale::scale(run, args).await,
        GatewayVerb::Adapt(args) => scale::adapt(run, args).await,
        GatewayVerb::Stop(args) => stop::stop(run, args).await,
        GatewayVerb::Explain(args) => explain::explain(run, args).await,
    }
}

/// An error of the gateway crate as it is told to people.
#[expect(clippy::needless_pass_by_value, reason = "`map_err` hands it over")]
fn told(error: GatewayError) -> Error {
    let advice = error.advice();
    let failed = match &error {
        GatewayError::Invalid { .. } => Error::usage(error.to_string()),
        GatewayError::Options { problems, .. } => {
            return Error::usage("the gateway has no such options")
                .because(Problems(problems.join("; ")))
                .hint("`frazil gateway options` tells names, kinds and bounds");
        }
        _ => Error::failed(error.to_string()),
    };
    match error {
        GatewayError::NoCluster { .. } => failed.hint("`frazil gateway list --all` has those that it knows"),
        GatewayError::Unsure { .. } => {
            failed.hint("look with `frazil gateway list`, and stop what you do not want")
        }
        _ => failed.hint(advice),
    }
}

/// What is wrong with options.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Problems(String);

fn name(text: &str) -> Result<ClusterName> {
    text.parse().map_err(told)
}
