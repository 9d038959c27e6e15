//! The secrets of a hub on this machine: made once, kept in a file that only
//! its owner may read, given to programs by that file's name.

use std::fmt;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::folders::Folders;
use super::identity::random_hex;
use crate::config::{Auth, HubDocument, SecretRef};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::provision::references::resolve;
use crate::render::{hex, write_changed};

/// JupyterHub refuses shorter passwords of admins (`SharedPasswordAuthenticator`).
const ADMIN_PASSWORD_LENGTH: usize = 32;
/// JupyterHub refuses shorter passwords of everyone else.
const USER_PASSWORD_LENGTH: usize = 8;

/// The secrets, by the names under which hub and gateway read them.
#[derive(Clone, Serialize, Deserialize, PartialEq, Eq)]
pub(super) struct Secrets {
    /// Between hub and proxy.
    pub proxy_token: String,
    /// Signs the hub's cookies.
    pub cookie_secret: String,
    /// Between hub and gateway.
    pub gateway_token: String,
    /// Between hub and frazil.
    pub frazil_token: String,
    /// Between hub and the page of costs; empty in a file that is older than the page.
    #[serde(default)]
    pub report_token: String,
    /// Encrypts keys of Dask clusters in the gateway's database: 32 bytes in base64.
    pub gateway_db_key: String,
    /// The admins' password.
    pub admin_password: String,
    /// Everyone else's password; `None` when only admins log in.
    pub user_password: Option<String>,
    /// The admins' password that was generated here, used when the hub file refers to none.
    #[serde(default)]
    pub generated_admin_password: Option<String>,
    /// The same for everyone else.
    #[serde(default)]
    pub generated_user_password: Option<String>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

/// A hub's secrets, and which of the passwords were generated here.
#[derive(Clone, Debug)]
pub(super) struct Resolved {
    /// The secrets.
    pub secrets: Secrets,
    /// Whether the admins' password was generated.
    pub generated_admin: bool,
    /// Whether everyone else's password was generated.
    pub generated_user: bool,
    /// Whether all of them were made just now, so that nothing older can be read with them.
    pub fresh: bool,
}

/// Reads the secrets, makes those that are missing, takes passwords that the hub file refers to.
///
/// # Errors
/// When a reference leads nowhere, a password is too short, or the file cannot be written.
pub(super) fn ensure(context: &Context, folders: &Folders, document: &HubDocument) -> Result<Resolved> {
    let known = read(&folders.secrets())?;
    let fresh = known.is_none();
    let mut secrets = known.map_or_else(generate, Ok)?;
    if secrets.report_token.is_empty() {
        secrets.report_token = random_hex(32)?;
    }
    let password = match &document.hub.auth {
        Some(Auth::Password(password)) => password.clone(),
        _ => crate::config::Password::default(),
    };
    let resolve = |at: &Option<SecretRef>, key: &str, length: usize| {
        let found = at
            .as_ref()
            .map(|at| resolve(context, document, at, &format!("auth.password.{key}")))
            .transpose()?;
        found.map(|found| long_enough(found, length, key)).transpose()
    };
    let admin = resolve(&password.admin_password, "admin_password", ADMIN_PASSWORD_LENGTH)?;
    let user = resolve(&password.user_password, "user_password", USER_PASSWORD_LENGTH)?;
    let generated_admin = admin.is_none();
    let generated_user = user.is_none() && !password.allow.is_empty();
    secrets.admin_password = admin.map_or_else(|| once(&mut secrets.generated_admin_password, 8), Ok)?;
    secrets.user_password = match user {
        None if generated_user => Some(once(&mut secrets.generated_user_password, 4)?),
        other => other,
    };
    if secrets.user_password.as_ref() == Some(&secrets.admin_password) {
        return Err(Error::failed("the admins' password and everyone else's are the same")
            .hint("give the admins one of their own, or leave `admin_password` out to have one generated"));
    }
    write(&folders.secrets(), &secrets)?;
    Ok(Resolved { secrets, generated_admin, generated_user, fresh })
}

/// A generated password: the same each time.
fn once(kept: &mut Option<String>, groups: usize) -> Result<String> {
    match kept {
        Some(password) => Ok(password.clone()),
        None => Ok(kept.insert(passphrase(groups)?).clone()),
    }
}

fn read(path: &Path) -> Result<Option<Secrets>> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|_| {
            Error::failed(format!("{} is damaged", path.display()))
                .hint("remove the file and call it again: new passwords are made, everyone logs in again, and Dask clusters end")
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::failed(format!("{} cannot be read", path.display())).because(error)),
    }
}

fn write(path: &Path, secrets: &Secrets) -> Result<()> {
    let text = serde_json::to_string_pretty(secrets)
        .map_err(|error| Error::failed("the secrets cannot be written").because(error))?;
    write_changed(path, text.as_bytes(), true)?;
    Ok(())
}

fn generate() -> Result<Secrets> {
    Ok(Secrets {
        proxy_token: random_hex(32)?,
        cookie_secret: random_hex(32)?,
        gateway_token: random_hex(32)?,
        frazil_token: random_hex(32)?,
        report_token: random_hex(32)?,
        gateway_db_key: random_base64_key()?,
        admin_password: String::new(),
        user_password: None,
        generated_admin_password: None,
        generated_user_password: None,
    })
}

/// Letters and digits that cannot be mistaken for each other: 32 of them, 5 bits each.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A password of groups of four letters: 20 random bits a group.
fn passphrase(groups: usize) -> Result<String> {
    let mut bytes = vec![0; groups * 4];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::failed(format!("the system gives no random bytes: {error}")))?;
    let letters: Vec<_> = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
    Ok(letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-"))
}

/// 32 random bytes in base64 (RFC 4648, section 5), as the gateway's database wants them.
fn random_base64_key() -> Result<String> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::failed(format!("the system gives no random bytes: {error}")))?;
    let mut text = String::with_capacity(44);
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..=chunk.len() {
            text.push(char::from(ALPHABET[(group >> (18 - 6 * index) & 63) as usize]));
        }
    }
    Ok(text + "=")
}

fn long_enough(password: String, length: usize, key: &str) -> Result<String> {
    if password.chars().count() >= length {
        return Ok(password);
    }
    Err(Error::failed(format!("`auth.password.{key}` leads to a password of fewer than {length} characters"))
        .hint(format!("JupyterHub asks for {length}; leave the key out to have one generated")))
}

/// A digest of a secret, salted with the hub's ID, that may stand where others can read it.
pub(super) fn fingerprint(id: &str, secrets: &[&str]) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new_with_prefix(id);
    for secret in secrets {
        hash.update(secret.len().to_be_bytes());
        hash.update(secret);
    }
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passphrases_are_long_and_differ() {
        let one = passphrase(8).unwrap();
        assert!(one.len() >= ADMIN_PASSWORD_LENGTH, "{one}");
        assert_ne!(one, passphrase(8).unwrap());
    }

    #[test]
    fn database_keys_have_the_length_of_32_bytes() {
        let key = random_base64_key().unwrap();
        assert_eq!(key.len(), 44);
        assert!(key.ends_with('=') && !key.ends_with("=="));
    }

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        let secrets = generate().unwrap();
        assert!(!format!("{secrets:?}").contains(&secrets.proxy_token));
    }
}
