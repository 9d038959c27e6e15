//! What is tried again, and when: pure.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::StatusCode;

use super::settings::Settings;

/// Whether another try may have a better answer.
pub(super) fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504 | 520..=529)
}

/// The pause after a failed try (the first is 1). `chance` is between 0 and 1; `asked` is what the
/// server wants, which is cut short only by the longest that a server is given.
pub(super) fn pause(settings: &Settings, attempt: u32, chance: f64, asked: Option<Duration>) -> Duration {
    let doubled = settings.pause.saturating_mul(1 << attempt.saturating_sub(1).min(20));
    let own = doubled.min(settings.longest_pause).mul_f64(1.0 - chance.clamp(0.0, 1.0) / 2.0);
    asked.map_or(own, |asked| own.max(asked.min(settings.longest_asked)))
}

/// `Retry-After` (RFC 9110, 10.2.3): seconds, or a date.
pub(super) fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_server_is_asked_again_when_it_wants() {
        let now: Timestamp = "1994-11-06T08:49:37Z".parse().unwrap();
        assert_eq!(retry_after("120", now), Some(Duration::from_mins(2)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:50:07 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
        let settings = Settings::default();
        assert_eq!(pause(&settings, 1, 0.0, Some(Duration::from_secs(7))), Duration::from_secs(7));
        assert_eq!(pause(&settings, 1, 0.0, Some(Duration::from_mins(2))), Duration::from_mins(2));
        assert_eq!(pause(&settings, 1, 0.0, Some(Duration::from_secs(7000))), settings.longest_asked);
    }

    proptest! {
        #[test]
        fn pauses_grow_and_have_an_end(attempt in 0u32..5000, chance in 0.0f64..1.0) {
            let settings = Settings::default();
            let this = pause(&settings, attempt, chance, None);
            prop_assert!(this <= settings.longest_pause && this >= settings.pause / 2);
            prop_assert!(pause(&settings, attempt + 1, 0.0, None) >= this);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}") {
            retry_after(&text, Timestamp::UNIX_EPOCH);
        }
    }
}
