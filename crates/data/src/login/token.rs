//! Tokens: what can be read of them without their key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// A token of Earthdata Login: a JSON Web Token (RFC 7519), whose claims are read and not verified:
/// that is for those who accept it.
#[derive(Clone)]
pub struct Token {
    value: SecretString,
    user: Option<String>,
    since: Option<Timestamp>,
    expires: Option<Timestamp>,
}

/// A token with less time left is renewed; of a short life, with less than a quarter of it.
const MARGIN: SignedDuration = SignedDuration::from_hours(24);

/// What Earthdata Login writes into its tokens, as far as it is needed.
#[derive(Deserialize)]
struct Claims {
    uid: Option<String>,
    iat: Option<i64>,
    exp: Option<i64>,
}

impl Token {
    /// Reads a token. One that is no JSON Web Token is one of unknown end.
    pub fn new(value: SecretString) -> Self {
        let claims = claims(value.expose_secret());
        let moment = |of: fn(&Claims) -> Option<i64>| Timestamp::from_second(of(claims.as_ref()?)?).ok();
        Self {
            since: moment(|claims| claims.iat),
            expires: moment(|claims| claims.exp),
            user: claims.and_then(|claims| claims.uid),
            value,
        }
    }

    /// The token itself.
    pub fn value(&self) -> &SecretString {
        &self.value
    }

    /// Whose it is, if it says so.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// When it ends, if it says so.
    pub fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// How long it is still valid; negative after its end, and without end if it does not say.
    pub fn left(&self, now: Timestamp) -> SignedDuration {
        self.expires.map_or(SignedDuration::MAX, |expires| expires.duration_since(now))
    }

    /// Whether there is no need to renew it yet.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        let life = self.since.zip(self.expires).map(|(since, expires)| expires.duration_since(since));
        self.left(now) > life.map_or(MARGIN, |life| MARGIN.min(life / 4))
    }

    /// Whether both are the same token.
    pub fn is_same(&self, other: &Self) -> bool {
        self.value.expose_secret() == other.value.expose_secret()
    }
}

fn claims(token: &str) -> Option<Claims> {
    let mut parts = token.trim().split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Shows when it ends, and nothing of the token.
impl std::fmt::Debug for Token {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Token")
            .field("user", &self.user)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token(payload: &str) -> Token {
        Token::new(format!("eyJ0.{}.c2ln", URL_SAFE_NO_PAD.encode(payload)).into())
    }

    #[test]
    fn user_and_end_are_read_and_the_token_is_not_shown() {
        let token = token(
            r#"{"type":"User","uid":"ada","exp":1795336102,"iat":1,"iss":"https://urs.earthdata.nasa.gov"}"#,
        );
        assert_eq!(token.user(), Some("ada"));
        assert_eq!(
            token.left(Timestamp::from_second(1_795_336_000).unwrap()),
            SignedDuration::from_secs(102)
        );
        assert!(!format!("{token:?}").contains("eyJ0"));
    }

    #[test]
    fn a_token_is_renewed_a_day_early_and_a_short_one_in_its_last_quarter() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let usual = token(r#"{"iat":0,"exp":5184000}"#);
        assert!(usual.is_fresh(at(5_184_000 - 86_401)) && !usual.is_fresh(at(5_184_000 - 86_400)));
        let short = token(r#"{"iat":0,"exp":100}"#);
        assert!(short.is_fresh(at(74)) && !short.is_fresh(at(75)));
        assert!(token("{}").is_fresh(at(0)));
    }

    #[test]
    fn a_token_that_says_nothing_is_valid_until_it_is_refused() {
        for text in ["", "abc", "a.b.c", "a.e30.c"] {
            let token = Token::new(text.to_owned().into());
            assert_eq!((token.user(), token.expires()), (None, None), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,80}", exp in any::<i64>()) {
            let now = Timestamp::UNIX_EPOCH;
            Token::new(text.into()).is_fresh(now);
            token(&format!(r#"{{"exp":{exp},"iat":{exp}}}"#)).is_fresh(now);
        }
    }
}
