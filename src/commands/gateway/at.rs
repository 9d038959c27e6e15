//! A gateway as a verb uses it: reached by a login, which is given back after it.

use std::time::Duration;

use frazil_gateway::{Address, Gateway, Settings};

use super::place::Place;
use super::told;
use crate::cli::gateway::Which;
use crate::commands::Run;
use crate::config::HubDocument;
use crate::error::{Error, Result};
use crate::provision::local::Lent;

/// A gateway, and the hub or gateway file that it is of, where that is known.
pub(super) struct At {
    pub gateway: Gateway,
    pub hub: Option<HubDocument>,
}

/// Does something at the gateway that the arguments name. A login that was lent is given back when that has ended; at
/// Ctrl-C it ends by itself, after so long.
///
/// # Errors
/// When there is no such gateway or no login for it, or whatever stopped what is done.
pub(super) async fn at<T>(
    run: &Run<'_>,
    which: &Which,
    lasts: Duration,
    what: impl AsyncFnOnce(&At) -> Result<T>,
) -> Result<T> {
    let Place { address, login, hub, lent } = Place::find(run, which, lasts).await?;
    let made =
        settings(run, &address).and_then(|settings| Gateway::new(address, login, settings).map_err(told));
    let done = match made {
        Ok(gateway) => what(&At { gateway, hub }).await,
        Err(error) => Err(error),
    };
    if let Some(lent) = lent {
        Lent::give_back(lent).await;
    }
    done
}

/// Proxies and trust as the environment has them, by the names that `frazil data` reads too; a gateway on this
/// machine is asked without a proxy.
fn settings(run: &Run<'_>, address: &Address) -> Result<Settings> {
    let variable = |names: &[&str]| {
        let found = names.iter().find_map(|name| run.context.variable(name).filter(|text| !text.is_empty()));
        found.map(str::to_owned)
    };
    let proxy = if address.to_string().starts_with("https:") {
        variable(&["https_proxy", "HTTPS_PROXY"])
    } else {
        variable(&["http_proxy"])
    };
    Ok(Settings {
        proxy: proxy.or_else(|| variable(&["all_proxy", "ALL_PROXY"])).filter(|_| !address.is_loopback()),
        without_proxy: variable(&["no_proxy", "NO_PROXY"]),
        authorities: authorities(run)?,
        ..Settings::default()
    })
}

/// Further certificates, of the file that `FRAZIL_CA_BUNDLE` names.
fn authorities(run: &Run<'_>) -> Result<Vec<u8>> {
    let Some(path) = run.context.variable("FRAZIL_CA_BUNDLE").filter(|path| !path.is_empty()) else {
        return Ok(Vec::new());
    };
    std::fs::read(path).map_err(|error| {
        Error::failed(format!("the certificates in {path} cannot be read"))
            .because(error)
            .hint("correct or unset FRAZIL_CA_BUNDLE")
    })
}
