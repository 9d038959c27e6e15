//! The state of a login: what binds the hub's answer to the browser that asked (RFC 6749, 10.12; RFC 9700, 4.7).
//!
//! Nothing is kept: the state says when it ends and carries a code over that and over a cookie of the browser,
//! by a key that is made when the program starts.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign, verify};

use crate::error::{self, Error};
use crate::render::hex;

/// How long somebody may take on the hub's login page, in seconds.
pub(super) const PATIENCE: i64 = 600;
/// Random bytes of a cookie, a state and a session's ID.
const BYTES: usize = 32;

/// The key of this process.
#[derive(Debug)]
pub struct Logins {
    key: Key,
}

/// A login that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The cookie's value.
    pub cookie: String,
    /// The state, which the hub gives back.
    pub state: String,
}

/// A state that is not of this browser, not of this process, or too old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongState;

/// A random text of 64 hexadecimal digits.
///
/// # Errors
/// When the system gives no random bytes.
pub(super) fn random() -> error::Result<String> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::failed(format!("the system gives no random bytes: {error}")))?;
    Ok(hex(&bytes))
}

/// Whether a text is one that [`random`] makes.
fn is_random(text: &str) -> bool {
    text.len() == 2 * BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Logins {
    /// A new key.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new() -> error::Result<Self> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes)
            .map_err(|error| Error::failed(format!("the system gives no random bytes: {error}")))?;
        Ok(Self { key: Key::new(HMAC_SHA256, &bytes) })
    }

    /// Begins a login. A browser that has a cookie keeps it, so that two of its windows can log in at once.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn begin(&self, cookie: Option<&str>, now: i64) -> error::Result<Begun> {
        let cookie = match cookie.filter(|cookie| is_random(cookie)) {
            Some(cookie) => cookie.to_owned(),
            None => random()?,
        };
        let ends = format!("{}.{}", now + PATIENCE, random()?);
        let tag = sign(&self.key, signed(&ends, &cookie).as_bytes());
        Ok(Begun { state: format!("{ends}.{}", hex(tag.as_ref())), cookie })
    }

    /// Whether a state came from here, for this browser, and not too long ago.
    ///
    /// # Errors
    /// When it did not.
    pub fn check(&self, cookie: Option<&str>, state: &str, now: i64) -> Result<(), WrongState> {
        let cookie = cookie.filter(|cookie| is_random(cookie)).ok_or(WrongState)?;
        let (ends, tag) = state.rsplit_once('.').ok_or(WrongState)?;
        let tag = from_hex(tag).ok_or(WrongState)?;
        verify(&self.key, signed(ends, cookie).as_bytes(), &tag).map_err(|_| WrongState)?;
        let time: i64 = ends.split('.').next().and_then(|time| time.parse().ok()).ok_or(WrongState)?;
        if now < time { Ok(()) } else { Err(WrongState) }
    }
}

fn signed(ends: &str, cookie: &str) -> String {
    format!("{ends} {cookie}")
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_of_one_browser_one_process_and_a_while() {
        let logins = Logins::new().unwrap();
        let Begun { cookie, state } = logins.begin(None, 1_000).unwrap();
        assert_eq!(logins.check(Some(&cookie), &state, 1_599), Ok(()));
        assert_eq!(logins.check(Some(&cookie), &state, 1_600), Err(WrongState));
        assert_eq!(logins.check(None, &state, 1_000), Err(WrongState));
        assert_eq!(logins.check(Some(""), &state, 1_000), Err(WrongState));
        assert_eq!(logins.check(Some(&random().unwrap()), &state, 1_000), Err(WrongState));
        assert_eq!(Logins::new().unwrap().check(Some(&cookie), &state, 1_000), Err(WrongState));
    }

    #[test]
    fn a_state_cannot_be_changed() {
        let logins = Logins::new().unwrap();
        let Begun { cookie, state } = logins.begin(None, 1_000).unwrap();
        let later = format!("9{state}");
        let (start, _) = state.rsplit_once('.').unwrap();
        for forged in [&later, start, &format!("{start}."), &format!("{start}.00"), "", ".", "9999999999.a.é"]
        {
            assert_eq!(logins.check(Some(&cookie), forged, 1_000), Err(WrongState), "{forged}");
        }
    }

    #[test]
    fn two_windows_of_a_browser_log_in_at_once() {
        let logins = Logins::new().unwrap();
        let first = logins.begin(None, 0).unwrap();
        let second = logins.begin(Some(&first.cookie), 0).unwrap();
        assert_eq!(first.cookie, second.cookie);
        assert_ne!(first.state, second.state);
        assert_eq!(logins.check(Some(&first.cookie), &first.state, 1), Ok(()));
        assert_ne!(logins.begin(Some("short"), 0).unwrap().cookie, "short");
    }
}
