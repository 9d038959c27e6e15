//! One-time login tokens for `frazil open`: the file's name is the token's
//! digest, so that the folder gives none away.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use sha2::{Digest, Sha256};

use super::folders::Folders;
use super::identity::{Identity, random_hex};
use crate::error::Result;
use crate::render::{hex, write_changed};

/// How long a login address works.
pub(super) const VALID: Duration = Duration::from_mins(2);

/// Makes an address that logs a person in, once, within two minutes.
///
/// # Errors
/// When the token cannot be kept.
pub fn create_login_address(
    folders: &Folders,
    identity: &Identity,
    person: &str,
    now: SystemTime,
) -> Result<String> {
    let token = random_hex(32)?;
    let expires = now.duration_since(UNIX_EPOCH).unwrap_or_default() + VALID;
    let name = hex(&Sha256::digest(token.as_bytes()));
    let content = json!({ "user": person, "expires": expires.as_secs() }).to_string();
    write_changed(&folders.tokens().join(name), content.as_bytes(), true)?;
    Ok(format!("http://127.0.0.1:{}/hub/token-login?token={token}", identity.port))
}
