//! Opening a hub on a cluster, which has an address and a login of its own.

use serde_json::{Value, json};

use super::super::Run;
use crate::cli::OpenArgs;
use crate::config::HubDocument;
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::provision::kubernetes::objects::Objects;
use crate::provision::kubernetes::reached::Reached;
use crate::provision::kubernetes::status::Address;
use crate::tool::open_address;
use crate::view::{Layout, Report};

/// Opens the domain, or the load balancer's address; says how to get there where there is neither.
/// With a domain the cluster is not asked.
///
/// # Errors
/// When the hub has no address yet, or the cluster does not answer.
pub(super) async fn open(run: &Run<'_>, args: &OpenArgs, document: &HubDocument) -> Result<Outcome> {
    let hub = &document.hub;
    if args.user.is_some() {
        return Err(Error::usage("`--user` is for a hub on this machine")
            .hint("on a cluster, log in as whom you are"));
    }
    if !hub.hub {
        return Err(Error::failed(format!("`{}` has no hub to open: `hub: false`", hub.name))
            .hint("a gateway is reached from a notebook: `Gateway(ADDRESS)`"));
    }
    let address = match &hub.domain {
        Some(domain) => format!("https://{domain}"),
        None => balancer(run, document).await?,
    };
    let in_browser = !args.print && run.context.progress && open_address(run.context, &address)?;
    run.printer.report(&Opened { address, in_browser })?;
    Ok(Outcome::Done)
}

async fn balancer(run: &Run<'_>, document: &HubDocument) -> Result<String> {
    let hub = &document.hub;
    let reached = Reached::open(run.context, document, "open").await?;
    let address = Address::look(&Objects::open(&reached.access).await?, hub).await?;
    if address.kind.is_empty() {
        return Err(Error::failed(format!("the hub `{}` is not on this cluster", hub.name))
            .hint(format!("frazil up {}", document.path.display())));
    }
    let none = || {
        Error::failed(format!("the hub `{}` has no address: no domain, and no load balancer's", hub.name))
            .hint(format!(
                "let a port of this machine lead to it: `{}`, then open http://127.0.0.1:8000",
                address.port_forward(hub.name.as_str())
            ))
    };
    address.url.clone().ok_or_else(none)
}

struct Opened {
    address: String,
    in_browser: bool,
}

impl Report for Opened {
    fn schema(&self) -> &'static str {
        "frazil.open/v1"
    }

    fn data(&self) -> Value {
        json!({ "address": self.address, "user": null, "opened": self.in_browser })
    }

    fn text(&self, _layout: Layout) -> String {
        if self.in_browser {
            return format!("opened in your browser; if it did not: {}\n", self.address);
        }
        format!("{}\n", self.address)
    }
}
