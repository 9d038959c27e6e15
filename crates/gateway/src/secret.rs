//! Passwords and tokens: by reference until they are sent, in a type that shows nothing and is wiped.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

pub use secrecy::{ExposeSecret, SecretString};

use crate::error::{Error, Result};

type Read = dyn Fn() -> std::result::Result<SecretString, String> + Send + Sync;

/// Where a password or token is found. It is read for each request, so that a token that was renewed counts, and
/// kept nowhere.
#[derive(Clone)]
pub struct Secret {
    place: String,
    read: Arc<Read>,
}

impl Secret {
    /// One that the caller reads. `place` is told in errors, such as `the variable GATEWAY_PASSWORD`; so is the
    /// text of a failure, which must not hold the secret.
    pub fn by(
        place: impl Into<String>,
        read: impl Fn() -> std::result::Result<SecretString, String> + Send + Sync + 'static,
    ) -> Self {
        Self { place: place.into(), read: Arc::new(read) }
    }

    /// The text of a file, without blanks at its ends. The file must be its owner's only.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self::by(format!("the file {}", path.display()), move || of_file(&path))
    }

    /// Where it is found.
    pub fn place(&self) -> &str {
        &self.place
    }

    pub(crate) fn read(&self) -> Result<SecretString> {
        let full = |secret: SecretString| match secret.expose_secret().trim() {
            "" => Err("it is empty".to_owned()),
            _ => Ok(secret),
        };
        (self.read)().and_then(full).map_err(|why| Error::NoSecret { place: self.place.clone(), why })
    }
}

fn of_file(path: &std::path::Path) -> std::result::Result<SecretString, String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).map_err(|error| error.to_string())?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(format!("others may read it (mode {:04o}): chmod 600 it", mode & 0o7777));
    }
    let text = zeroize::Zeroizing::new(std::fs::read_to_string(path).map_err(|error| error.to_string())?);
    Ok(SecretString::from(text.trim()))
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Secret(in {})", self.place)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_read_when_it_is_asked_for_and_only_if_it_is_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let secret = Secret::file(&path);
        assert!(matches!(secret.read(), Err(Error::NoSecret { .. })));
        std::fs::write(&path, "tell-no-one\n").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        let told = secret.read().unwrap_err();
        assert!(told.to_string().contains("0644") && !told.to_string().contains("tell-no-one"), "{told}");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        assert_eq!(secret.read().unwrap().expose_secret(), "tell-no-one");
        std::fs::write(&path, " \n").unwrap();
        assert!(secret.read().unwrap_err().to_string().contains("empty"));
        assert!(!format!("{secret:?}").contains("tell"));
    }
}
