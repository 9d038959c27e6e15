//! `frazil data login`.

use std::sync::Arc;

use frazil_data::http::Client;
use frazil_data::login::{Earthdata, Entry, Netrc, Prompt, Reference, Session, Status};
use serde_json::{Value, json};

use super::info::lines;
use super::{Run, client, told};
use crate::cli::data::LoginArgs;
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::view::{Layout, Report};

/// Finds the login or asks for it, and tells whose it is.
///
/// # Errors
/// When there is none, or Earthdata refuses it.
pub(super) async fn login(run: &Run<'_>, args: &LoginArgs) -> Result<Outcome> {
    let client = client(run)?;
    let earthdata = Earthdata::named(&args.earthdata).map_err(told)?;
    let session = session(run, &client, earthdata).await?;
    let status = session.status().await.map_err(told)?;
    let kept = if args.keep { Some(keep(&client, &session).await?) } else { None };
    run.printer.report(&LoggedIn { host: session.earthdata().host().to_owned(), status, kept })?;
    Ok(Outcome::Done)
}

/// The login of the environment or of `.netrc`; at a terminal, the person is asked where there is none.
pub(super) async fn session(run: &Run<'_>, client: &Client, earthdata: Earthdata) -> Result<Session> {
    let reference = Reference::usual(earthdata);
    let session = if run.context.interactive {
        Session::find_or_ask(client.clone(), &reference, Arc::new(Terminal)).await
    } else {
        Session::find(client.clone(), &reference)
    };
    let session = session.map_err(told)?;
    for warning in session.warnings() {
        run.printer.note(warning);
    }
    Ok(session)
}

async fn keep(client: &Client, session: &Session) -> Result<String> {
    let path = Netrc::path(client.surroundings()).ok_or_else(|| {
        Error::failed("no place for a .netrc: HOME is not set")
            .hint("set HOME, or NETRC to a file of your choice")
    })?;
    let (session, file) = (session.clone(), path.clone());
    let kept = tokio::task::spawn_blocking(move || session.keep(&file)).await;
    kept.map_err(|error| Error::bug("the .netrc was not written").because(error))?.map_err(told)?;
    Ok(path.display().to_string())
}

/// The person at the terminal.
struct Terminal;

impl Prompt for Terminal {
    fn ask(&self, host: &str) -> Option<Entry> {
        let login = inquire::Text::new(&format!("User at {host}:")).prompt().ok()?;
        let password = inquire::Password::new("Password:").without_confirmation().prompt().ok()?;
        let given = !login.trim().is_empty() && !password.is_empty();
        given.then(|| Entry { login: login.trim().to_owned(), password: password.into() })
    }
}

struct LoggedIn {
    host: String,
    status: Status,
    kept: Option<String>,
}

impl Report for LoggedIn {
    fn schema(&self) -> &'static str {
        "frazil.data.login/v1"
    }

    fn data(&self) -> Value {
        json!({
            "host": self.host,
            "user": self.status.user,
            "from": self.status.from,
            "expires": self.status.expires.map(|expires| expires.to_string()),
            "renewable": self.status.renewable,
            "kept": self.kept,
        })
    }

    fn text(&self, layout: Layout) -> String {
        let mut facts = vec![
            ("logged in to", self.host.clone()),
            ("user", self.status.user.clone().unwrap_or_else(|| "-".to_owned())),
            ("login from", self.status.from.clone()),
        ];
        let renewed =
            if self.status.renewable { ", and is renewed then" } else { "; then a new one is needed" };
        facts.extend(self.status.expires.map(|expires| ("token ends", format!("{expires}{renewed}"))));
        facts.extend(self.kept.clone().map(|path| ("kept in", path)));
        lines(&facts, layout.width)
    }
}
