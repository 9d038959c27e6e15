//! `frazil open`: log in to the hub in a browser.

mod cluster;
mod local;

use serde_json::{Value, json};

use super::{Run, load};
use crate::cli::OpenArgs;
use crate::config::Provider;
use crate::error::Result;
use crate::outcome::Outcome;
use crate::view::{Layout, Report};

/// Opens the hub in a browser, or prints the address.
///
/// # Errors
/// When the hub does not run.
pub(super) async fn open(run: &Run<'_>, args: &OpenArgs) -> Result<Outcome> {
    let document = load::usable(run, &args.hub.file)?;
    match &document.hub.provider {
        Provider::Local(_) => local::open(run, args, &document).await,
        _ => cluster::open(run, args, &document).await,
    }
}

struct Opened {
    address: String,
    person: String,
    in_browser: bool,
}

impl Report for Opened {
    fn schema(&self) -> &'static str {
        "frazil.open/v1"
    }

    fn data(&self) -> Value {
        json!({ "address": self.address, "user": self.person, "opened": self.in_browser })
    }

    fn text(&self, _layout: Layout) -> String {
        if self.in_browser {
            return format!("opened in your browser as {}; if it did not: {}\n", self.person, self.address);
        }
        format!("{}\n", self.address)
    }
}
