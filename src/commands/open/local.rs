//! Logging in to a hub on this machine.

use std::time::SystemTime;

use super::super::Run;
use super::Opened;
use crate::cli::OpenArgs;
use crate::config::{HubDocument, PersonName};
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::provision::local::{Folders, client, create_login_address, probe, read_identity};
use crate::render::local::admins;
use crate::render::write_changed;
use crate::tool::open_address;

/// Opens the hub, logged in.
///
/// # Errors
/// When the hub does not run.
pub(super) async fn open(run: &Run<'_>, args: &OpenArgs, document: &HubDocument) -> Result<Outcome> {
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
