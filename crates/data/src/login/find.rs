//! Where a login is looked for.

use std::fmt;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::earthdata::Earthdata;
use super::netrc::{Entry, Netrc};
use super::token::Token;
use crate::error::{Error, Result};
use crate::surroundings::Surroundings;

/// A place where a login may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// `EARTHDATA_TOKEN`, and `EARTHDATA_USERNAME` with `EARTHDATA_PASSWORD`.
    Environment,
    /// A `.netrc`: this one, or the one that [`Netrc::path`] names.
    Netrc(Option<PathBuf>),
    /// The person at the keyboard.
    Prompt,
}

/// Where to log in, and where the login is: without any secret, so that it may be stored, logged, and
/// sent to workers, who log in by it where they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// Which Earthdata.
    pub earthdata: Earthdata,
    /// Where to look, in this order.
    pub places: Vec<Place>,
}

/// Asks the person at the keyboard. The call may block.
pub trait Prompt: Send + Sync {
    /// Name and password for a host, or none if the person would rather not.
    fn ask(&self, host: &str) -> Option<Entry>;
}

/// What was found, and where.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) token: Option<(Token, String)>,
    pub(super) password: Option<(Entry, String)>,
    pub(super) warnings: Vec<String>,
}

impl Reference {
    /// The usual places: the environment, then `.netrc`.
    pub fn usual(earthdata: Earthdata) -> Self {
        Self { earthdata, places: vec![Place::Environment, Place::Netrc(None)] }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => out.write_str("EARTHDATA_TOKEN, EARTHDATA_USERNAME and EARTHDATA_PASSWORD"),
            Self::Netrc(Some(path)) => write!(out, "{}", path.display()),
            Self::Netrc(None) => out.write_str(".netrc"),
            Self::Prompt => out.write_str("the keyboard"),
        }
    }
}

impl Found {
    /// Looks until there is a password, which renews tokens, or no further place. The first token
    /// and the first password count; a password of another user than the token's does not.
    pub(super) fn look(
        reference: &Reference,
        surroundings: &Surroundings,
        prompt: Option<&dyn Prompt>,
    ) -> Result<Self> {
        let mut found = Self::default();
        for place in &reference.places {
            match place {
                Place::Environment => found.environment(surroundings),
                Place::Netrc(named) => found.netrc(named.as_ref(), &reference.earthdata, surroundings)?,
                Place::Prompt if found.token.is_none() && found.password.is_none() => {
                    let typed = prompt.and_then(|prompt| prompt.ask(reference.earthdata.host()));
                    found.password = typed.map(|entry| (entry, Place::Prompt.to_string()));
                }
                Place::Prompt => {}
            }
        }
        if found.token.is_none() && found.password.is_none() {
            let looked = reference.places.iter().map(ToString::to_string).collect();
            return Err(Error::NoLogin { host: reference.earthdata.host().to_owned(), looked });
        }
        Ok(found)
    }

    fn environment(&mut self, surroundings: &Surroundings) {
        if let Some(token) = surroundings.variable("EARTHDATA_TOKEN") {
            let token = Token::new(SecretString::from(token.trim().to_owned()));
            self.token.get_or_insert((token, "EARTHDATA_TOKEN".to_owned()));
        }
        let login = surroundings.variable("EARTHDATA_USERNAME");
        if let Some((login, password)) = login.zip(surroundings.variable("EARTHDATA_PASSWORD")) {
            let entry = Entry { login, password: password.into() };
            self.add(entry, "EARTHDATA_USERNAME and EARTHDATA_PASSWORD".to_owned());
        }
    }

    fn netrc(
        &mut self,
        named: Option<&PathBuf>,
        earthdata: &Earthdata,
        surroundings: &Surroundings,
    ) -> Result<()> {
        let Some(path) = named.cloned().or_else(|| Netrc::path(surroundings)) else { return Ok(()) };
        let Some(entry) = Netrc::read(&path)?.entry(earthdata.host()) else { return Ok(()) };
        if is_open(&path) {
            let path = path.display();
            self.warnings.push(format!("others can read the passwords in {path}: run `chmod 600 {path}`"));
        }
        self.add(entry, path.display().to_string());
        Ok(())
    }

    fn add(&mut self, entry: Entry, from: String) {
        let of_token = self.token.as_ref().and_then(|(token, _)| token.user());
        if let Some(user) = of_token.filter(|user| *user != entry.login) {
            self.warnings.push(format!(
                "the token is of {user}, the password in {from} of {}: the password is not used",
                entry.login
            ));
        } else {
            self.password.get_or_insert((entry, from));
        }
    }
}

/// Whether others than its owner may read a file.
fn is_open(path: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn look(variables: &[(&str, &str)], places: Vec<Place>) -> Result<Found> {
        let reference = Reference { earthdata: Earthdata::default(), places };
        Found::look(&reference, &Surroundings::made(variables.iter().copied()), None)
    }

    fn netrc(text: &str) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join(".netrc"), text).unwrap();
        home
    }

    #[test]
    fn the_environment_comes_before_the_file() {
        let home = netrc("machine urs.earthdata.nasa.gov login file password pw2");
        let variables = [
            ("EARTHDATA_USERNAME", "ada"),
            ("EARTHDATA_PASSWORD", "pw"),
            ("HOME", home.path().to_str().unwrap()),
        ];
        let places = Reference::usual(Earthdata::default()).places;
        let (entry, from) = look(&variables, places.clone()).unwrap().password.unwrap();
        assert_eq!((entry.login.as_str(), entry.password.expose_secret()), ("ada", "pw"));
        assert!(from.starts_with("EARTHDATA_"));
        let found = look(&variables[2..], places).unwrap();
        assert_eq!(found.password.unwrap().0.login, "file");
        assert!(found.warnings[0].contains("chmod 600"), "{:?}", found.warnings);
    }

    #[test]
    fn a_token_comes_with_the_password_of_its_own_user_only() {
        // {"uid":"grace"}
        let token = "eyJ0.eyJ1aWQiOiJncmFjZSJ9.c2ln";
        let variables =
            [("EARTHDATA_TOKEN", token), ("EARTHDATA_USERNAME", "ada"), ("EARTHDATA_PASSWORD", "pw")];
        let found = look(&variables, vec![Place::Environment]).unwrap();
        assert!(found.token.is_some() && found.password.is_none());
        assert!(found.warnings[0].contains("of grace"));
    }

    #[test]
    fn without_any_the_places_are_named() {
        let error = look(&[], vec![Place::Environment, Place::Netrc(None), Place::Prompt]).unwrap_err();
        let told = error.to_string();
        for word in ["urs.earthdata.nasa.gov", "EARTHDATA_TOKEN", ".netrc", "the keyboard"] {
            assert!(told.contains(word), "{told}");
        }
    }

    #[test]
    fn a_reference_holds_no_secret_and_survives_its_journey() {
        let reference = Reference::usual(Earthdata::uat());
        let text = serde_json::to_string(&reference).unwrap();
        assert_eq!(serde_json::from_str::<Reference>(&text).unwrap(), reference);
    }
}
