//! Keys as the archives write them, and how old they are.

use jiff::{SignedDuration, Timestamp};
use object_store::aws::AwsCredential;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

/// Keys for S3 with their life.
#[derive(Clone)]
pub struct Keys {
    /// The key's ID: no secret by itself.
    pub id: String,
    /// The secret key.
    pub secret: SecretString,
    /// The session's token.
    pub token: SecretString,
    /// When they were given.
    pub since: Timestamp,
    /// When they end.
    pub until: Timestamp,
}

/// How far keys are in their life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// In its first half.
    Young,
    /// Still good, and time for new ones.
    Old,
    /// Too near its end to begin with, or past it.
    Ending,
}

/// Keys with less time left are not given out: a request may take that long to arrive. Of short lives it
/// is a tenth.
const LAST: SignedDuration = SignedDuration::from_secs(60);

impl Keys {
    /// Reads what an `s3credentials` address gives: `accessKeyId`, `secretAccessKey`, `sessionToken`, and
    /// `expiration` such as `2021-01-27 00:50:09+00:00`.
    pub(super) fn parse(value: &Value, now: Timestamp) -> Option<Self> {
        // Signing puts ID and token into headers, which carry nothing else.
        let carried = |text: &&str| {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
        };
        let text = |name: &str| value.get(name)?.as_str().filter(carried).map(str::to_owned);
        let since = text("since").and_then(|since| since.parse().ok());
        Some(Self {
            id: text("accessKeyId")?,
            secret: text("secretAccessKey")?.into(),
            token: text("sessionToken")?.into(),
            since: since.unwrap_or(now),
            until: text("expiration")?.parse().ok()?,
        })
    }

    /// As they are shared between processes.
    pub(super) fn written(&self) -> Value {
        json!({
            "accessKeyId": self.id,
            "secretAccessKey": self.secret.expose_secret(),
            "sessionToken": self.token.expose_secret(),
            "expiration": self.until.to_string(),
            "since": self.since.to_string(),
        })
    }

    /// As requests are signed with them.
    pub(crate) fn credential(&self) -> AwsCredential {
        AwsCredential {
            key_id: self.id.clone(),
            secret_key: self.secret.expose_secret().to_owned(),
            token: Some(self.token.expose_secret().to_owned()),
        }
    }

    /// How far they are in their life.
    pub(super) fn age(&self, now: Timestamp) -> Age {
        let life = self.until.duration_since(self.since);
        let left = self.until.duration_since(now);
        if left <= LAST.min(life / 10) {
            Age::Ending
        } else if left <= life / 2 {
            Age::Old
        } else {
            Age::Young
        }
    }
}

/// Shows the life, and nothing of the keys but the ID's beginning.
impl std::fmt::Debug for Keys {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let id: String = self.id.chars().take(4).collect();
        out.debug_struct("Keys")
            .field("id", &format!("{id}..."))
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(expiration: &str) -> Option<Keys> {
        let value = json!({"accessKeyId": "ASIAX", "secretAccessKey": "s", "sessionToken": "t", "expiration": expiration});
        Keys::parse(&value, "2021-01-26T23:50:09Z".parse().unwrap())
    }

    #[test]
    fn ends_are_read_with_a_blank_and_with_a_t() {
        for text in ["2021-01-27 00:50:09+00:00", "2021-01-27T00:50:09Z", "2021-01-26 18:50:09-06:00"] {
            assert_eq!(keys(text).unwrap().until, "2021-01-27T00:50:09Z".parse().unwrap(), "{text}");
        }
        assert!(keys("soon").is_none());
        let broken = json!({"accessKeyId": "A\n", "secretAccessKey": "s", "sessionToken": "t", "expiration": "2030-01-01T00:00:00Z"});
        assert!(Keys::parse(&broken, Timestamp::UNIX_EPOCH).is_none());
    }

    #[test]
    fn keys_grow_old_at_half_their_life_and_end_a_minute_early() {
        let keys = keys("2021-01-27 00:50:09+00:00").unwrap();
        let age = |text: &str| keys.age(text.parse().unwrap());
        assert_eq!(age("2021-01-27T00:20:08Z"), Age::Young);
        assert_eq!(age("2021-01-27T00:20:09Z"), Age::Old);
        assert_eq!(age("2021-01-27T00:49:09Z"), Age::Ending);
        assert_eq!(age("2022-01-01T00:00:00Z"), Age::Ending);
    }

    #[test]
    fn what_is_shared_is_read_back_and_what_is_shown_is_no_key() {
        let keys = keys("2021-01-27 00:50:09+00:00").unwrap();
        let read = Keys::parse(&keys.written(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!((read.since, read.until, read.id.as_str()), (keys.since, keys.until, "ASIAX"));
        assert!(!format!("{keys:?}").contains("ASIAX"));
    }
}
