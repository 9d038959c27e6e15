//! The client against recordings of a real gateway, against a server that does what real ones do seldom, and
//! against a real gateway that is started here.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests start a gateway, and stop at the first surprise"
)]

#[path = "../../../data/tests/search/canned.rs"]
mod canned;
mod choices;
mod recordings;
mod served;
mod server;
mod shapes;
#[path = "../../../../tests/support/skips.rs"]
mod skips;
#[expect(dead_code, reason = "other tests start other tools")]
#[path = "../../../../tests/support/tools.rs"]
mod tools;
mod wire;

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use frazil_gateway::{Gateway, Login, Secret, SecretString, Settings};

/// A password or token that the test names.
fn secret(text: &str) -> Secret {
    let text = text.to_owned();
    Secret::by("the test", move || Ok(SecretString::from(text.as_str())))
}

fn basic(user: &str, password: &str) -> Login {
    Login::basic(user, secret(password)).unwrap()
}

/// What a login by user and password is on the wire.
fn basic_header(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Quick to try again.
fn settings() -> Settings {
    Settings {
        pause: Duration::from_millis(20),
        longest_pause: Duration::from_millis(100),
        look: Duration::from_millis(50),
        ..Settings::default()
    }
}

fn gateway(base: &str, login: Login) -> Gateway {
    Gateway::new(base.parse().unwrap(), login, settings()).unwrap()
}

/// A folder of what is shared beside the checkout, if it is there.
fn shared(name: &str) -> Option<PathBuf> {
    let told = std::env::var_os("FRAZIL_SHARED").map(PathBuf::from);
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = told.unwrap_or_else(beside).join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    skips::skipped(format_args!("no folder {name} (FRAZIL_SHARED names where it is)"));
    None
}
