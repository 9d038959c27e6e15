//! `frazil open`: log in to the hub in a browser.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::{Run, load};
use crate::cli::OpenArgs;
use crate::config::{PersonName, Provider};
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::provision::local::{Folders, client, create_login_address, probe, read_identity};
use crate::provision::other_provider;
use crate::render::local::admins;
use crate::render::write_changed;
use crate::tool::open_address;
use crate::view::{Layout, Report};

/// Opens the hub in a browser, or prints the address.
///
/// # Errors
/// When the hub does not run.
pub(super) async fn open(run: &Run<'_>, args: &OpenArgs) -> Result<Outcome> {
    let document = load::usable(run, &args.hub.file)?;
    let Provider::Local(_) = &document.hub.provider else {
        return Err(other_provider("open", document.hub.provider.key()));
    };
    let name = document.hub.name.as_str();
    let not_up = || {
        Error::failed(format!("the hub `{name}` does not run"))
            .hint(format!("frazil up {}", document.path.display()))
    };
    let folders = Folders::new(run.context, name)?;
    let identity = read_identity(&folders)?.ok_or_else(not_up)?;
    if !probe(&client()?, &identity).await.address {
        return Err(not_up());
    }
    let person = person(run, args, &document.hub)?;
    let address = create_login_address(&folders, &identity, &person, SystemTime::now())?;
    let opened =
        !args.print && run.context.progress && open_address(run.context, &page(&folders, &address)?)?;
    run.printer.report(&Opened { address, person, in_browser: opened })?;
    Ok(Outcome::Done)
}

/// A page that leads to the address: a browser's arguments can be read by every account of the machine.
fn page(folders: &Folders, address: &str) -> Result<String> {
    let path = folders.state.join("open.html");
    let text = format!(
        "<!doctype html>\n<meta http-equiv=\"refresh\" content=\"0; url={address}\">\n<title>frazil</title>\n"
    );
    write_changed(&path, text.as_bytes(), true)?;
    Ok(format!("file://{}", path.display()))
}

fn person(run: &Run<'_>, args: &OpenArgs, hub: &crate::config::HubFile) -> Result<String> {
    match &args.user {
        Some(user) => user
            .parse::<PersonName>()
            .map(|name| name.to_string())
            .map_err(|error| Error::usage("`--user` is no user name").because(error)),
        None => Ok(admins(hub, &run.context.person()).into_iter().next().unwrap_or_default()),
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
